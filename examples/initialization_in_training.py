"""What the first weights do to training: symmetry that nothing breaks, exact gains, and a race of initialisations.

Goes on where examples/initialization.py stops, and checks:

- "All weights zero: all hidden units learn the same." That is the sigmoid's case. With tanh and ReLU every hidden
  gradient is exactly 0, and only the bias of the output moves: the network learns nothing at all.
- The gain of tanh that keeps unit signals is 1.5925. The customary 5/3 leads to a fixed point of its own.
- Which start learns digits in ten layers of ReLUs, and which never does; LSUV measures what the others compute.

    python examples/initialization_in_training.py            results go to runs/initialization_in_training
    python examples/initialization_in_training.py --help

Expected: He's, orthogonal and LSUV weights learn within 300 steps; zeros, std 0.01 and the usual U(±1/√n) stand still
at ln 10 = 2.303, and std 1 explodes (base seeds 0 to 9).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim, theory
from minigrad.data import readers
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

DEPTH, WIDTH, BATCH = 10, 100, 64
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def digits() -> tuple[Tensor, Tensor]:
    """Images (1797, 64) of mean 0 and variance 1, and labels (1797,)."""
    table = readers.load_digits()
    pixels = table.inputs.reshape(-1, 64)
    return Tensor((pixels - pixels.mean()) / pixels.std()), Tensor(table.targets)


def train(model: nn.Module, images: Tensor, labels: Tensor, rate: float, steps: int) -> list[float]:
    """SGD with momentum; the loss over all images every 20 steps."""
    optimizer, losses = optim.SGD(model.parameters(), lr=rate, momentum=0.9), []
    for step in range(steps + 1):
        if step % 20 == 0:
            with mg.no_grad():
                losses.append(F.cross_entropy(model(images), labels).item())
        chosen = mg.random.default_generator().integers(0, len(images), BATCH)
        loss = F.cross_entropy(model(images[chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def symmetry_section(run: Experiment) -> None:
    run.section("All weights zero", "Two hidden layers of 20 units, all weights and biases 0, 100 steps on digits.")
    images, labels = digits()
    rows = []
    for name, activation in (("tanh", nn.Tanh), ("ReLU", nn.ReLU), ("sigmoid", nn.Sigmoid)):
        model = nn.Sequential(nn.Linear(64, 20), activation(), nn.Linear(20, 20), activation(), nn.Linear(20, 10))
        for parameter in model.parameters():
            nn.init.zeros_(parameter)
        train(model, images, labels, 0.1, 100)
        first, _, second, _, head = (layer for layer in model)
        moved = max(
            float(np.abs(p.detach().numpy()).max()) for p in (*first.parameters(), *second.parameters(), head.weight)
        )
        with mg.no_grad():
            units = model[:4](images).numpy()  # (N, 20)
            right = float(np.mean((model(images).argmax(dim=1) == labels).numpy()))
        rows.append({"activation": name, "largest move of a weight": moved,
            "units that differ": np.ptp(units, axis=1).max(),
            "bias of the head": np.abs(head.bias.detach().numpy()).max(), "right": right})  # fmt: skip
    run.table("after 100 steps from zero", rows, right=".1%", **{"largest move of a weight": ".3g",
        "units that differ": ".3g"})  # fmt: skip
    run.say("""With tanh and ReLU no weight has moved at all. With sigmoids the weights move, but all 20
        units of a layer move alike and stay one unit: nothing breaks the symmetry.""")
    for row in rows[:2]:
        run.expect(f"{row['activation']}: largest move of a weight", row["largest move of a weight"],
            at_most=0, source="exact")  # fmt: skip
        run.expect(f"{row['activation']}: move of the head's bias", row["bias of the head"],
            at_least=0.001, source="ŷ - y")  # fmt: skip
    run.expect("sigmoid: largest move of a weight", rows[2]["largest move of a weight"], at_least=0.001,
        source="10 seeds")  # fmt: skip
    run.expect("sigmoid: how far units of a layer differ", rows[2]["units that differ"], at_most=1e-5,
        source="rounding")  # fmt: skip


def gain_section(run: Experiment) -> None:
    run.section("Exact gains",
        "1 / √E[φ(z)²] keeps the second moment of a standard normal z; PyTorch recommends 5/3 for tanh.")  # fmt: skip
    names = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu")
    run.table("gains", [{"function": n, "exact": nn.init.exact_gain(n),
        "PyTorch": nn.init.calculate_gain(n)} for n in names])  # fmt: skip
    q, std = 1.0, 5 / 3
    for _ in range(200):  # the variance of the pre-activations, from layer to layer, until it rests
        q = theory.propagate(mg.tanh, 2, WIDTH, weight_std=std / math.sqrt(WIDTH), input_second_moment=q / std**2).q[1]
    fixed = theory.propagate(mg.tanh, 1, WIDTH, weight_std=std / math.sqrt(WIDTH), input_second_moment=q / std**2)
    found = []
    for seed in run.seeds(5):
        mg.manual_seed(seed)
        h = mg.randn(500, 500)
        for _ in range(30):
            h = mg.tanh(h @ nn.init.normal_(mg.empty(500, 500), std=std / math.sqrt(500)))
        found.append((float(np.std(h.numpy())), float(np.mean(np.abs(h.numpy()) > 0.97))))
    deep, saturated = np.mean(found, axis=0)
    run.say(f"""With 5/3 the variance comes to rest at q* = {q:.4f}, where tanh has std {fixed.std[0]:.4f}
        and {fixed.saturated[0]:.2%} saturated units (behind 30 real layers: {deep:.4f} and
        {saturated:.2%}), and where the squared gradient still grows by {fixed.chi[0]:.2f} per layer.""")  # fmt: skip
    run.expect("exact gain of tanh", nn.init.exact_gain("tanh"), at_least=1.5925, at_most=1.5926,
        form=".4f", source="quadrature")  # fmt: skip
    run.expect("fixed point of 5/3", q, at_least=1.178, at_most=1.179, form=".4f", source="quadrature 1.1785")
    run.expect("std behind 30 layers, gain 5/3", deep, at_least=0.645, at_most=0.657, source="theory 0.6513")
    run.expect("saturated behind 30 layers, gain 5/3", saturated, at_least=0.051, at_most=0.057,
        form=".2%", source="theory 5.39 %")  # fmt: skip


def network(start: str, images: Tensor) -> nn.Sequential:
    """Ten layers of ReLUs and a linear head, with biases of 0."""
    model = nn.Sequential()
    for i in range(DEPTH):
        model.extend([nn.Linear(WIDTH if i else 64, WIDTH), nn.ReLU()])
    model.append(nn.Linear(WIDTH, 10))
    h = images[:256]  # (N, 64)
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.bias)
            match start:
                case "all zero":
                    nn.init.zeros_(layer.weight)
                case "std 0.01":
                    nn.init.normal_(layer.weight, std=0.01)
                case "std 1":
                    nn.init.normal_(layer.weight)
                case "std 1/√n":
                    nn.init.lecun_normal_(layer.weight)
                case "He, std √(2/n)":
                    nn.init.kaiming_normal_(layer.weight)
                case "orthogonal, √2":
                    nn.init.orthogonal_(layer.weight, math.sqrt(2))
                case "LSUV":  # Mishkin & Matas 2016: orthogonal, then divided by the std that real images give
                    nn.init.orthogonal_(layer.weight)
                    with mg.no_grad():
                        layer.weight /= layer(h).std()
        with mg.no_grad():
            h = layer(h)
    return model


STARTS = ("all zero", "std 0.01", "std 1", "std 1/√n", "U(±1/√n)", "He, std √(2/n)", "orthogonal, √2", "LSUV")


def race_section(run: Experiment) -> None:
    steps = 300
    run.section("A race of initialisations", f"""Ten layers of {WIDTH} ReLUs on digits, batches of {BATCH},
        SGD of rate 0.01 with momentum 0.9, {steps} steps. U(±1/√n) is what Linear has of itself, here and
        in PyTorch.""")  # fmt: skip
    images, labels = digits()
    rows, final, first = [], {}, {}
    curves: dict[str, list[float]] = {}
    for start in run.progress(STARTS, "starts"):
        losses, sizes = [], []
        for seed in run.seeds(run.pick(quick=3, full=10)):
            mg.manual_seed(seed)
            model = network(start, images)
            with mg.no_grad():
                sizes.append(float(np.std(model[:-1](images).numpy())))
            with np.errstate(over="ignore", invalid="ignore"):
                losses.append(train(model, images, labels, 0.01, steps))
        curves[start] = losses[0]
        first[start], final[start] = (float(np.median([loss[i] for loss in losses])) for i in (0, -1))
        rows.append({"weights": start, "std in layer 10": np.median(sizes), "first loss": first[start],
            "last loss": final[start]})  # fmt: skip
    run.table("cross-entropy in nats, medians", rows, **{"std in layer 10": ".2g", "first loss": ".4g",
        "last loss": ".4g"})  # fmt: skip
    with run.picture("race.png", (8, 4.5), """Loss by step for the first seed. He's, orthogonal and LSUV
        weights learn at once, std 1/√n after a while. Those whose signal has faded stand at ln 10 = 2.303,
        which is guessing, one line upon the other; the loss of std 1 lies beyond the
        picture.""") as figure:  # fmt: skip
        axis = figure.subplots()
        for i, (start, losses) in enumerate(curves.items()):
            axis.plot(
                np.arange(len(losses)) * 20,
                losses,
                color=(*COLOURS, "#555555", "#000000")[i],
                linestyle="-" if i > 4 else "--",
                label=f"{start}: {final[start]:.3g}",
            )
        axis.set(xlabel="step", ylabel="cross-entropy, nats", ylim=(0, 3))
        axis.grid(alpha=0.3)
        figure.legend(loc="outside right center")
    run.say("""The usual U(±1/√n) has the variance 1/(3n), a sixth of He's: fine in two layers, lost in
        ten. LSUV needs no theory: it divides each layer by the std that it measures.""")
    for start in ("all zero", "std 0.01", "U(±1/√n)"):
        run.expect(f"last loss, {start}", final[start], at_least=2.25, at_most=2.35, source="ln 10 = 2.303")
    for start in ("He, std √(2/n)", "orthogonal, √2", "LSUV"):
        run.expect(f"last loss, {start}", final[start], at_most=0.6, source="10 seeds", headline=start == "LSUV")
    run.expect("first loss, std 1", first["std 1"], at_least=1e6, source="10 layers of ×7")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "initialization_in_training"), arguments) as run:
        symmetry_section(run)
        gain_section(run)
        race_section(run)


if __name__ == "__main__":
    main()
