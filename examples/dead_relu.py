"""Dead ReLUs: how a rate or a bias kills units for good, what the cures cure, and what they do not.

Checks on digits what the notes say: where a ReLU gets nothing but negative input, its gradient is 0 and its weights
never move again; leaky ReLU, PReLU, ELU and Maxout cure that. All true, with two corrections. A leak of 0.01 is no cure
in a reasonable time for plain SGD: two layers leave 0.01² of the gradient. And against a rate that is too large none of
them helps: where ReLU loses units, which ends the explosion, they lose everything. And PReLU is max(αx, x) only up to
α = 1: it learns slopes above that.

    python examples/dead_relu.py            pictures and a receipt go to runs/dead_relu
    python examples/dead_relu.py --help

Expected (base seeds 0 to 9): at most 10 % dead units after 100 steps at rate 0.1, at least 80 % at rate 3. From biases
of -2 ReLU stays at chance, and PReLU and Maxout reach 90 % of the training set; leaky ReLU does with Adam only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.data import readers
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

WIDTH, BATCH = 64, 64
BLUE, ORANGE, GREEN, VERMILION, PINK, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
KINDS: dict[str, tuple[Callable[[], nn.Module] | None, str]] = {
    "ReLU": (nn.ReLU, BLUE),
    "leaky 0.01": (nn.LeakyReLU, SKY),
    "leaky 0.2": (lambda: nn.LeakyReLU(0.2), PINK),
    "PReLU": (nn.PReLU, VERMILION),
    "ELU": (nn.ELU, ORANGE),
    "Maxout": (None, GREEN),  # which has its own weights, two for each unit
}


def build(kind: str, depth: int = 2) -> nn.Sequential:
    """Hidden layers of one kind, and a linear head to the ten digits."""
    activation = KINDS[kind][0]
    hidden: list[nn.Module] = []
    for _ in range(depth):
        hidden += [nn.Linear(WIDTH, WIDTH), activation()] if activation else [nn.Maxout(WIDTH, WIDTH, pieces=2)]
    return nn.Sequential(*hidden, nn.Linear(WIDTH, 10))


def train(model: nn.Module, optimizer: optim.Optimizer, images: Tensor, labels: Tensor, steps: int) -> None:
    """Fit to random batches; an explosion is part of the experiment."""
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            chosen = mg.random.default_generator().integers(0, len(images), BATCH)
            loss = F.cross_entropy(model(images[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@mg.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of right answers; of a network that exploded, what it guesses from NaN."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.mean((model(images).argmax(dim=1) == labels).numpy()))


@mg.no_grad()
def dead(model: nn.Sequential, images: Tensor) -> list[np.ndarray]:
    """For each layer of ReLUs, which units are 0 for all images."""
    found, h = [], images  # (N, 64)
    with np.errstate(over="ignore", invalid="ignore"):
        for layer in model:
            h = layer(h)
            if isinstance(layer, nn.ReLU):
                found.append(~(h.numpy() > 0).any(axis=0))  # (units,)
    return found


def birth_section(run: Experiment, images: Tensor, labels: Tensor) -> None:
    run.section("Birth, by a large rate")
    run.say("""Two hidden layers of 64 ReLUs learn for 100 steps of SGD. A unit is dead if it is 0 for all 1,797
        digits; right are those of the same digits, all of which are learned from.""")
    rates = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
    shares = {rate: [] for rate in rates}
    right = {rate: [] for rate in rates}
    for seed in run.progress(run.seeds(run.pick(quick=5, full=20)), "rates"):
        for rate in rates:
            mg.manual_seed(seed)
            model = build("ReLU")
            train(model, optim.SGD(model.parameters(), lr=rate), images, labels, 100)
            shares[rate].append([float(layer.mean()) for layer in dead(model, images)])
            right[rate].append(accuracy(model, images, labels))
    mean = {rate: np.mean(shares[rate], axis=0) for rate in rates}  # (2 layers,)
    rows = [
        {"rate": rate, "dead in layer 1": mean[rate][0], "in layer 2": mean[rate][1], "right": np.median(right[rate])}
        for rate in rates
    ]
    run.table(
        "units that are 0 for all digits, mean", rows, right=".1%", **{"dead in layer 1": ".1%", "in layer 2": ".1%"}
    )

    run.say("Dead for good? A shock of 10 steps at rate 2, then 300 steps at 0.1.")
    revived: list[list[float]] = [[], []]
    moved = 0.0
    for seed in run.seeds(5):
        mg.manual_seed(seed)
        model = build("ReLU")
        train(model, optim.SGD(model.parameters(), lr=2.0), images, labels, 10)
        before, weights = dead(model, images), model[0].weight.detach().numpy().copy()
        train(model, optim.SGD(model.parameters(), lr=0.1), images, labels, 300)
        moved = max(moved, float(np.abs(model[0].weight.detach().numpy() - weights)[before[0]].max(initial=0)))
        for layer, (then, now) in enumerate(zip(before, dead(model, images), strict=True)):
            revived[layer].append(float((then & ~now).sum() / max(then.sum(), 1)))
    run.say(f"""In layer 1 {np.mean(revived[0]):.0%} of the dead units came back: their gradient is exactly
        0, and their inputs, the digits, stay. In layer 2 {np.mean(revived[1]):.0%} did: their inputs
        changed when layer 1 learned.""")  # fmt: skip
    caption = """Share of ReLUs that are 0 for all digits after 100 steps. Up to the rate that still learns there are
        few; beyond it, most are dead."""
    with run.picture("birth.png", (6.5, 4), caption) as figure:
        axis = figure.subplots()
        for layer, colour in enumerate((BLUE, VERMILION)):
            axis.semilogx(
                rates, [mean[rate][layer] for rate in rates], "o-", color=colour, label=f"dead in layer {layer + 1}"
            )
        axis.semilogx(rates, [np.median(right[rate]) for rate in rates], "s--", color=GREEN, label="digits read right")
        axis.set(xlabel="learning rate", ylabel="share")
        axis.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axis.grid(alpha=0.3)
        axis.legend()
    run.expect("dead after rate 0.1", mean[0.1].mean(), at_most=0.1, form=".1%", source="10 seeds")
    run.expect("dead after rate 3", mean[3.0].mean(), at_least=0.8, form=".1%", source="10 seeds", headline=True)
    run.expect("dead units of layer 1 that come back", max(revived[0]), at_most=0, form=".1%", source="gradient 0")
    run.expect("largest move of their weights", moved, at_most=0, source="gradient 0")
    run.expect(
        "dead units of layer 2 that come back", np.mean(revived[1]), at_least=0.02, form=".1%", source="10 seeds"
    )


def cure_section(run: Experiment, images: Tensor, labels: Tensor) -> None:
    run.section("Cures")
    run.say("""All biases of both hidden layers start at -2, which leaves no ReLU alive in layer 2; then 500 steps.
        Beside it, a healthy start with a rate of 3 for 10 steps, then 300 steps at 0.1.""")
    columns = ("bias, SGD 0.1", "bias, Adam 0.003", "rate 3, then 0.1")
    results: dict[str, dict[str, list[float]]] = {kind: {column: [] for column in columns} for kind in KINDS}
    slopes: list[list[float]] = []
    for seed in run.progress(run.seeds(run.pick(quick=3, full=10)), "cures"):
        for kind in KINDS:
            for column in columns:
                mg.manual_seed(seed)
                model = build(kind)
                if column.startswith("bias"):
                    for layer in model[:-1]:
                        if isinstance(layer, (nn.Linear, nn.Maxout)):
                            nn.init.constant_(getattr(layer, "linear", layer).bias, -2.0)
                    adam = column.endswith("Adam 0.003")
                    kept = optim.Adam(model.parameters(), lr=3e-3) if adam else optim.SGD(model.parameters(), lr=0.1)
                    train(model, kept, images, labels, 500)
                else:
                    train(model, optim.SGD(model.parameters(), lr=3.0), images, labels, 10)
                    train(model, optim.SGD(model.parameters(), lr=0.1), images, labels, 300)
                results[kind][column].append(accuracy(model, images, labels))
        mg.manual_seed(seed)
        model = build("PReLU", depth=3)
        train(model, optim.SGD(model.parameters(), lr=0.1), images, labels, 1000)
        slopes.append([float(layer.weight.item()) for layer in model if isinstance(layer, nn.PReLU)])
    median = {kind: {c: float(np.median(results[kind][c])) for c in columns} for kind in KINDS}
    rows = [{"units": kind, **median[kind]} for kind in KINDS]
    run.table("digits read right, median", rows, **dict.fromkeys(columns, ".1%"))
    learned = np.mean(slopes, axis=0)
    run.table("PReLU: slopes learned from 0.25 in 1000 healthy steps", [{"layer": i + 1,
        "mean": learned[i], "least": min(s[i] for s in slopes),
        "most": max(s[i] for s in slopes)} for i in range(3)])  # fmt: skip
    caption = """Digits read right after a start that kills ReLUs, medians; the line is chance. After biases of -2
        (blue, orange) a slope below 0 brings the network back, with Adam even one of 0.01. After a rate that is far too
        large (green) it makes things worse."""
    with run.picture("cures.png", (9.5, 4), caption) as figure:
        axis = figure.subplots()
        for i, (column, colour) in enumerate(zip(columns, (BLUE, ORANGE, GREEN), strict=True)):
            axis.bar(
                np.arange(len(KINDS)) + 0.27 * (i - 1),
                [median[k][column] for k in KINDS],
                0.25,
                color=colour,
                label=column,
            )
        axis.axhline(0.1, color="black", linewidth=1)
        axis.set_xticks(range(len(KINDS)), [*KINDS])
        axis.set(ylabel="digits read right", ylim=(0, 1.02))
        axis.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        figure.legend(loc="outside upper center", ncols=3)
    run.say(f"""A dead network has no way back; a leak gives it one. How steep it must be depends on the
        optimizer: Adam divides the gradient by its own size, so that 0.01 is enough. None of it is a cure
        for a rate that is too large: there the units without a zero side explode, while dying has
        protected some of the ReLUs. PReLU's slopes grew from 0.25 to {learned.min():.1f} and more: beyond
        1 it is no longer the max(αx, x) of the notes.""")  # fmt: skip
    sgd, adam, shock = columns
    run.expect(
        "from biases of -2 with SGD, ReLU", median["ReLU"][sgd], at_most=0.15, form=".1%", source="chance 10.1 %"
    )
    run.expect(
        "from biases of -2 with SGD, leaky 0.01", median["leaky 0.01"][sgd], at_most=0.15, form=".1%", source="10 seeds"
    )
    for kind, bound in (("leaky 0.2", 0.2), ("PReLU", 0.9), ("Maxout", 0.9), ("ELU", 0.75)):
        run.expect(
            f"from biases of -2 with SGD, {kind}", median[kind][sgd], at_least=bound, form=".1%", source="10 seeds"
        )
    run.expect("from biases of -2 with Adam, ReLU", median["ReLU"][adam], at_most=0.15, form=".1%", source="10 seeds")
    run.expect(
        "from biases of -2 with Adam, leaky 0.01",
        median["leaky 0.01"][adam],
        at_least=0.9,
        form=".1%",
        source="10 seeds",
    )
    run.expect(
        "after rate 3, PReLU and Maxout",
        max(median[k][shock] for k in ("PReLU", "Maxout")),
        at_most=0.15,
        form=".1%",
        source="10 seeds",
    )
    run.expect("smallest of the learned slopes' means", learned.min(), at_least=1.0, at_most=3.0, source="10 seeds")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "dead_relu"), arguments) as run:
        table = readers.load_digits()
        pixels = table.inputs.reshape(-1, 64)
        images, labels = Tensor((pixels - pixels.mean()) / pixels.std()), Tensor(table.targets)  # (1797, 64), (1797,)
        birth_section(run, images, labels)
        cure_section(run, images, labels)


if __name__ == "__main__":
    main()
