"""Outputs that are all positive: what sigmoids do to the signs of gradients, and the zig-zag of two weights.

The notes say of sigmoids that "all layers then have gradients of one sign". Measured on digits: for one sample, all
neurons have; in larger batches ever fewer; a whole layer never has. The zig-zag that they draw is real all the same:
where one weight must rise and the other fall, positive inputs allow only steps that move both alike.

    python examples/zero_centred.py            pictures and a receipt go to runs/zero_centred
    python examples/zero_centred.py --help

Expected: 100 % of the sigmoid neurons and none of tanh for one sample, 33 to 43 % for 64 (base seeds 0 to 9); positive
inputs need 4 to 9 times the steps of centred ones, where the eigenvalues of E[x xᵀ] say 6.8.
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

BATCHES = (1, 2, 4, 8, 16, 32, 64)
UNITS = 50
GOAL = np.array([1.0, -1.0])  # one weight must rise, the other fall
BLUE, VERMILION = "#0072B2", "#D55E00"


def same_sign(activation: type[nn.Module], images: Tensor, labels: Tensor, batch: int) -> tuple[float, float]:
    """The share of second-layer neurons, and of whole layers, whose weight gradients have one sign, in 10 batches."""
    model = nn.Sequential(
        nn.Linear(64, UNITS), activation(), nn.Linear(UNITS, UNITS), activation(), nn.Linear(UNITS, 10)
    )
    for layer in model[::2]:
        nn.init.lecun_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    neurons, layers = [], []
    for _ in range(10):
        chosen = mg.random.default_generator().choice(len(images), batch, replace=False)
        model.zero_grad()
        F.cross_entropy(model(images[chosen]), labels[chosen]).backward()
        signs = np.sign(model[2].weight.grad.numpy())  # (neurons, inputs)
        neurons.append(np.mean(np.abs(signs.sum(axis=1)) == UNITS))
        layers.append(abs(signs.sum()) == signs.size)
    return float(np.mean(neurons)), float(np.mean(layers))


def walk(inputs: np.ndarray) -> np.ndarray:
    """The path of two weights from 0 towards the goal, one sample a step, at half of the rate 1 / E|x|²."""
    weights = nn.Parameter(np.zeros(2))
    optimizer = optim.SGD([weights], lr=0.5 / float(np.mean(np.sum(inputs**2, axis=1))))
    path = [np.zeros(2)]
    for x in inputs:  # (2,)
        optimizer.zero_grad()
        (0.5 * (weights @ Tensor(x) - float(GOAL @ x)) ** 2).backward()
        optimizer.step()
        path.append(weights.detach().numpy().copy())
    return np.array(path)  # (steps + 1, 2)


def arrival(path: np.ndarray) -> int:
    """The first step that ends within 5 % of the way to the goal; the number of steps if none does."""
    near = np.linalg.norm(path - GOAL, axis=1) < 0.05 * np.linalg.norm(GOAL)
    return int(np.argmax(near)) if near.any() else len(path)


def signs_section(run: Experiment) -> None:
    run.section("Gradients of one sign", f"""The gradient of weight i of neuron j is δ_j h_i. If all h_i
        are positive, one sample moves all weights of a neuron up, or all down. In a batch, different δ_j
        are added. Digits, the second of two hidden layers of {UNITS} neurons, at random weights.""")  # fmt: skip
    table = readers.load_digits()
    pixels = table.inputs.reshape(-1, 64)
    images, labels = Tensor((pixels - pixels.mean()) / pixels.std()), Tensor(table.targets)  # (1797, 64), (1797,)
    shares: dict[str, list[float]] = {"sigmoid": [], "tanh": []}
    layers = []
    for name, activation in (("sigmoid", nn.Sigmoid), ("tanh", nn.Tanh)):
        for batch in run.progress(BATCHES, name):
            found = []
            for seed in run.seeds(run.pick(quick=10, full=50)):
                mg.manual_seed(seed)
                found.append(same_sign(activation, images, labels, batch))
            neurons, whole = np.mean(found, axis=0)
            shares[name].append(float(neurons))
            layers.append(float(whole))
    rows = [
        {"samples in a batch": batch, **{name: shares[name][i] for name in shares}} for i, batch in enumerate(BATCHES)
    ]
    run.table("neurons whose weight gradients all have one sign", rows, sigmoid=".1%", tanh=".1%")
    with run.picture("signs.png", (6, 4), """For one sample every sigmoid neuron moves all its weights one
        way. In larger batches fewer do, and tanh neurons never do.""") as figure:  # fmt: skip
        axis = figure.subplots()
        for name, colour in (("sigmoid", BLUE), ("tanh", VERMILION)):
            axis.plot(BATCHES, shares[name], "o-", color=colour, label=name)
        axis.set(xlabel="samples in a batch", ylabel="neurons with gradients of one sign", xscale="log")
        axis.set_xticks(BATCHES, [str(batch) for batch in BATCHES])
        axis.minorticks_off()
        axis.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axis.grid(alpha=0.3)
        axis.legend()
    sigmoid = shares["sigmoid"]
    run.say(f"""{sigmoid[0]:.0%} of the sigmoid neurons have gradients of one sign for one sample,
        {sigmoid[-1]:.0%} for {BATCHES[-1]} samples; of whole layers, {max(layers):.0%}. So the statement
        is about one neuron and one sample, not about layers.""")  # fmt: skip
    run.expect("neurons of one sign, sigmoid, one sample", sigmoid[0], at_least=1, form=".1%",
        source="δ_j h_i, h > 0", headline=True)  # fmt: skip
    run.expect("neurons of one sign, tanh, one sample", shares["tanh"][0], at_most=0.001, form=".1%", source="2 / 2^50")
    run.expect("neurons of one sign, sigmoid, 2 samples", sigmoid[1], at_least=0.6, at_most=0.76,
        form=".1%", source="10 seeds")  # fmt: skip
    run.expect(f"neurons of one sign, sigmoid, {BATCHES[-1]} samples", sigmoid[-1], at_least=0.25,
        at_most=0.5, form=".1%", source="10 seeds")  # fmt: skip
    run.expect("whole layers of one sign", max(layers), at_most=0, form=".1%", source="signs of δ_j differ")


def path_section(run: Experiment) -> None:
    run.section("The zig-zag of two weights", f"""Two sigmoid units σ(z), z standard normal, feed one
        linear neuron that shall learn the weights {GOAL.astype(int).tolist()}, from 0, one sample a step.
        With the mean ½ taken away from its inputs it learns the same weights.""")  # fmt: skip
    paths: dict[str, list[np.ndarray]] = {"σ(z), positive": [], "σ(z) − ½, centred": []}
    for seed in run.progress(run.seeds(run.pick(quick=20, full=100)), "walks"):
        outputs = 1 / (1 + np.exp(-mg.manual_seed(seed).standard_normal((300, 2))))  # (steps, 2)
        for found, inputs in zip(paths.values(), (outputs, outputs - 0.5), strict=True):
            found.append(walk(inputs))
    z = np.linspace(-8, 8, 4001)
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    variance = float(density @ (1 / (1 + np.exp(-z)) - 0.5) ** 2)
    theory = (variance + 0.25) / variance  # rates are λ / trace: v / (2v + ½) along (1, -1), and v / 2v if centred
    rows, together, steps = [], [], []
    for name, found in paths.items():
        on_the_way = np.concatenate([np.diff(path[: arrival(path) + 1], axis=0) for path in found])  # (all steps, 2)
        together.append(float(np.mean(on_the_way.prod(axis=1) > 0)))
        steps.append(float(np.median([arrival(path) for path in found])))
        length = np.median([np.linalg.norm(np.diff(path, axis=0), axis=1).sum() for path in found])
        rows.append({"inputs": name, "steps that move both alike": together[-1], "steps to 5 %": steps[-1],
            "way / straight line": float(length / np.linalg.norm(GOAL))})  # fmt: skip
    run.table("ways to the goal, medians", rows, **{"steps that move both alike": ".1%",
        "steps to 5 %": ".0f", "way / straight line": ".2f"})  # fmt: skip
    with run.picture("zigzag.png", (10, 5), """Two weights on their way from 0 to the star. With positive
        inputs every step goes up-right or down-left, and the way down-right is a zig-zag.""") as figure:  # fmt: skip
        for axis, (name, found), number in zip(figure.subplots(1, 2), paths.items(), steps, strict=True):
            axis.plot(*found[0][: arrival(found[0]) + 1].T, ".-", color=BLUE, linewidth=1, markersize=4)
            axis.plot(*GOAL, "*", color=VERMILION, markersize=14)
            axis.set(title=f"{name}: {number:.0f} steps (median)", xlabel="weight 1", ylabel="weight 2", aspect="equal")
            axis.set(xlim=(-0.3, 1.3), ylim=(-1.3, 0.3))
            axis.grid(alpha=0.3)
    slower = steps[0] / steps[1]
    run.say(f"""Centring makes the same task {slower:.1f} times as fast. The smallest eigenvalue of E[x xᵀ], as a
        share of the sum, says {theory:.1f}: the common mean of the inputs takes most of the step for itself.""")
    run.expect("steps that move both weights alike, positive", together[0], at_least=1, form=".1%", source="x1 x2 > 0")
    run.expect("steps that move both weights alike, centred", together[1], at_least=0.4, at_most=0.6,
        form=".1%", source="one half")  # fmt: skip
    run.expect("steps, positive / centred", slower, at_least=4, at_most=9, source=f"theory {theory:.1f}, 10 seeds")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "zero_centred"), arguments) as run:
        signs_section(run)
        path_section(run)


if __name__ == "__main__":
    main()
