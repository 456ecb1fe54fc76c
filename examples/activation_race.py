"""A race of activations: which lets a network learn soonest, and why recurrent networks keep tanh.

Checks two claims of the notes. "ReLU converges faster": than a sigmoid by far, counted in steps to a fixed loss on
digits, each activation at its own best rate. Faster than tanh it is not, at this depth. "Recurrent nets require sigmoid
or tanh": fed back to itself, a layer of ReLUs multiplies its signal by g / √2 at each step, for weights of std g / √n,
and overflows unless g is just right; tanh stays within 1 for every g.

    python examples/activation_race.py            pictures and a receipt go to runs/activation_race
    python examples/activation_race.py --help

Expected: a sigmoid needs 7 to 14 times the steps of ReLU (medians over 5 seeds; base seeds 0 to 9). A ReLU network with
g = 2 overflows float32 after some 256 steps, which is log(3.4e38) / log √2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.data import readers
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

WIDTH, BATCH, GOAL = 64, 64, 0.3  # the goal is a cross-entropy over the whole set, in nats; guessing has 2.3
RATES = (0.1, 0.3, 1.0)
KINDS: dict[str, tuple[type[nn.Module] | None, str]] = {
    "sigmoid": (nn.Sigmoid, "#0072B2"),
    "tanh": (nn.Tanh, "#009E73"),
    "ReLU": (nn.ReLU, "#D55E00"),
    "leaky ReLU": (nn.LeakyReLU, "#E69F00"),
    "ELU": (nn.ELU, "#CC79A7"),
    "Maxout": (None, "#56B4E9"),  # which has its own weights, two for each unit
}


def build(kind: str) -> nn.Sequential:
    """Three hidden layers and a linear head."""
    activation = KINDS[kind][0]
    hidden: list[nn.Module] = []
    for _ in range(3):
        hidden += [nn.Linear(WIDTH, WIDTH), activation()] if activation else [nn.Maxout(WIDTH, WIDTH, pieces=2)]
    return nn.Sequential(*hidden, nn.Linear(WIDTH, 10))


def race(model: nn.Module, images: Tensor, labels: Tensor, rate: float, most: int) -> list[float]:
    """The loss over the whole set, every ten steps of SGD, until it reaches the goal or explodes."""
    optimizer = optim.SGD(model.parameters(), lr=rate)
    losses = []
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(most + 1):
            if step % 10 == 0:
                with mg.no_grad():
                    losses.append(F.cross_entropy(model(images), labels).item())
                if not GOAL <= losses[-1] < 1e3:
                    break
            chosen = mg.random.default_generator().integers(0, len(images), BATCH)
            loss = F.cross_entropy(model(images[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses


def race_section(run: Experiment) -> None:
    most = run.pick(quick=1000, full=2000)
    run.section("The race", f"""Three hidden layers of {WIDTH} units, batches of {BATCH} digits, SGD
        without momentum, PyTorch's default weights. Counted are the steps until the cross-entropy over all
        1,797 digits is below {GOAL}, at most {most}. Each activation runs at its best of the rates
        {RATES}.""")  # fmt: skip
    table = readers.load_digits()
    pixels = table.inputs.reshape(-1, 64)
    images, labels = Tensor((pixels - pixels.mean()) / pixels.std()), Tensor(table.targets)  # (1797, 64), (1797,)
    needed: dict[str, dict[float, list[float]]] = {kind: {rate: [] for rate in RATES} for kind in KINDS}
    curves: dict[tuple[str, float], list[float]] = {}
    for seed in run.progress(run.seeds(run.pick(quick=5, full=10)), "races"):
        for kind in KINDS:
            for rate in RATES:
                mg.manual_seed(seed)
                losses = race(build(kind), images, labels, rate, most)
                curves.setdefault((kind, rate), losses)
                needed[kind][rate].append(10.0 * (len(losses) - 1) if losses[-1] < GOAL else math.inf)
    median = {kind: {rate: float(np.median(steps)) for rate, steps in found.items()} for kind, found in needed.items()}
    best = {kind: min(RATES, key=found.get) for kind, found in median.items()}
    steps = {kind: median[kind][best[kind]] for kind in KINDS}
    run.table(f"steps to {GOAL} nats, medians", [{"activation": kind,
        **{f"rate {rate}": median[kind][rate] for rate in RATES}, "best": steps[kind]} for kind in KINDS],
        **{f"rate {rate}": ".0f" for rate in RATES})  # fmt: skip
    with run.picture("race.png", (9.5, 4.5), f"""Loss by step for the first seed, each activation at its
        best rate, on logarithmic axes. The sigmoid stands on its plateau when all others have arrived at
        {GOAL}.""") as figure:  # fmt: skip
        axis = figure.subplots()
        for kind, (_, colour) in KINDS.items():
            losses = curves[kind, best[kind]]
            axis.loglog(
                [max(10 * i, 5) for i in range(len(losses))],
                losses,
                color=colour,
                label=f"{kind}, rate {best[kind]}: {steps[kind]:.0f} steps",
            )
        axis.axhline(GOAL, color="black", linewidth=1, linestyle="--")
        axis.set(xlabel="step", ylabel="cross-entropy, nats")
        axis.set_yticks([0.3, 0.5, 1, 2], ["0.3", "0.5", "1", "2"])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        figure.legend(loc="outside right center")
    slower = steps["sigmoid"] / steps["ReLU"]
    run.say(f"""A sigmoid needs {slower:.0f} times the steps of ReLU, and a rate at which ReLU already
        fails in part; at the rate 0.1 it does not arrive at all. What makes it slow is not ReLU's secret:
        tanh is as fast as ReLU here, with slopes up to 1 in place of 1/4, and outputs around 0.""")  # fmt: skip
    run.expect("steps, sigmoid / ReLU", slower, at_least=7, at_most=14, source="10 seeds", headline=True)
    run.expect("steps, tanh / ReLU", steps["tanh"] / steps["ReLU"], at_least=0.4, at_most=1.3, source="10 seeds")
    run.expect("steps at rate 0.1, sigmoid", min(median["sigmoid"][0.1], most), at_least=most, form=".0f",
        source="10 seeds")  # fmt: skip
    for kind in ("leaky ReLU", "ELU", "Maxout"):
        run.expect(f"steps, {kind} / ReLU", steps[kind] / steps["ReLU"], at_least=0.3, at_most=1.5, source="10 seeds")


@mg.no_grad()
def feed_back(nonlinearity: str, gain: float, width: int, steps: int) -> np.ndarray:
    """The root mean square of a recurrent state that gets no input, by step, from a standard normal start."""
    cell = nn.RNNCell(1, width, bias=False, nonlinearity=nonlinearity)
    nn.init.normal_(cell.weight_hh, std=gain / math.sqrt(width))
    state, nothing, sizes = mg.randn(1, width), mg.zeros(1, 1), []  # (1, width), (1, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            sizes.append(float(np.sqrt(np.mean(np.square(state.numpy(), dtype=np.float64)))))
            state = cell(nothing, state)
    return np.array(sizes)


def recurrent_section(run: Experiment) -> None:
    width, steps, gains = 500, 300, (1.0, math.sqrt(2), 2.0)
    run.section("Fed back to itself", f"""A recurrent layer of {width} units without input: h ← φ(W h) with
        the same weights, of std g / √n, {steps} times. A ReLU passes half of the second moment, so that
        theory says ×g / √2 per step.""")  # fmt: skip
    colours, rows, growth, ends = ("#0072B2", "#E69F00", "#D55E00"), [], {}, []
    caption = """Size of the state by step, in light colours for the other seeds, with theory dashed. ReLUs fade or
        explode exponentially, and keep their size only near g = √2. tanh with g = 2 stays."""
    with run.picture("recurrent.png", (10, 4), caption) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        for axis, kind in zip(axes, ("relu", "tanh"), strict=True):
            for gain, colour in zip(gains, colours, strict=True):
                sizes = []
                for seed in run.seeds(5):
                    mg.manual_seed(seed)
                    sizes.append(feed_back(kind, gain, width, steps))
                    axis.semilogy(
                        sizes[-1][sizes[-1] > 0], color=colour, alpha=0.4 if len(sizes) > 1 else 1, linewidth=1
                    )
                early = np.array(sizes)[:, (10, 110)]  # (seeds, 2)
                factor = float(np.exp(np.median(np.log(np.maximum(early[:, 1], 1e-300) / early[:, 0])) / 100))
                overflow = float(np.median([np.isfinite(size).sum() for size in sizes]))
                growth[kind, gain] = factor
                rows.append({"φ": kind, "g": gain, "factor per step": factor,
                    "theory": gain / math.sqrt(2) if kind == "relu" else None,
                    "steps to overflow": overflow if overflow < steps else None})  # fmt: skip
                if kind == "relu":
                    axis.semilogy(early[0, 0] * (gain / math.sqrt(2)) ** (np.arange(steps) - 10), "--", color=colour)
                else:
                    ends.append(max(size[1:].max() for size in sizes))
                axis.plot([], [], color=colour, label=f"g = {gain:.3g}")
            axis.set(title=kind, xlabel="step", ylim=(1e-45, 1e39))
            axis.grid(alpha=0.3)
            axis.legend(loc="upper left")
        axes[0].set_ylabel("root mean square of the state")
    run.table("recurrent states, medians of 5 seeds", rows, g=".3f", theory=".3f",
        **{"factor per step": ".3f", "steps to overflow": ".0f"})  # fmt: skip
    for gain in gains:
        run.expect(f"ReLU, factor per step at g = {gain:.3g}", growth["relu", gain],
            at_least=0.9 * gain / math.sqrt(2), at_most=1.1 * gain / math.sqrt(2), source="theory g / √2")  # fmt: skip
    overflow = next(row["steps to overflow"] for row in rows if row["g"] == 2.0)
    run.expect("ReLU, steps to overflow at g = 2", overflow or math.nan, at_least=220, at_most=300,
        form=".0f", source="log(3.4e38) / log √2 = 256")  # fmt: skip
    run.expect("tanh, largest state for any g", max(ends), at_most=1.0, source="|tanh| < 1")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "activation_race"), arguments) as run:
        race_section(run)
        recurrent_section(run)


if __name__ == "__main__":
    main()
