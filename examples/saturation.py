"""Saturated units: what sigmoid and tanh do to gradients, and which loss still moves an output that is sure and wrong.

Checks, with theory beside every measurement:

- Sigmoid and tanh saturate, and then their local gradient vanishes. What becomes of the whole gradient is another
  question: behind weights of std 1 nearly all units of tanh are flat, and yet the gradient explodes.
- Cross-entropy learns from a saturated sigmoid, squared error does not.
- A softmax must subtract its largest input first.

    python examples/saturation.py            pictures and a receipt go to runs/saturation
    python examples/saturation.py --help

Expected: a layer of sigmoids leaves less than a quarter of the gradient. At z = -10 cross-entropy pulls 11,014 times as
hard as squared error, which needs 11,029 steps of 1 to come back to 50 %. Bands hold for the base seeds 0 to 9.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, autograd, nn, theory
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

WIDTH, DEPTH, SAMPLES = 500, 10, 500
CASES: dict[str, tuple[Callable[[Any], Tensor], float, str, str]] = {  # activation, std of weights, colour, marker
    "sigmoid, std 1/√n": (mg.sigmoid, 1 / math.sqrt(WIDTH), "#0072B2", "o"),
    "sigmoid, std 1": (mg.sigmoid, 1.0, "#56B4E9", "s"),
    "tanh, std 1/√n": (mg.tanh, 1 / math.sqrt(WIDTH), "#009E73", "^"),
    "tanh, std 1": (mg.tanh, 1.0, "#D55E00", "v"),
}
BLUE, VERMILION = "#0072B2", "#D55E00"


def slopes(activation: Callable[[Any], Tensor], h: np.ndarray) -> np.ndarray:
    """φ'(z) from h = φ(z)."""
    return h * (1 - h) if activation is mg.sigmoid else 1 - h * h


def measure(activation: Callable[[Any], Tensor], weight_std: float) -> dict[str, list[Any]]:
    """One random network, by layer: the share of saturated units, the slopes, and the std of dL/dh for std 1 above."""
    h = Tensor(mg.random.default_generator().standard_normal((SAMPLES, WIDTH)), requires_grad=True)  # (N, width)
    layers = []
    for _ in range(DEPTH):
        weight = nn.init.normal_(mg.empty(WIDTH, WIDTH, dtype=np.float64), std=weight_std)  # (width, width)
        h = activation(h @ weight)
        layers.append(h)
    error = Tensor(mg.random.default_generator().standard_normal(h.shape))
    gradients = [*autograd.grad(h, layers[:-1], error), error]
    local = [slopes(activation, h.detach().numpy()) for h in layers]
    steepest = 0.25 if activation is mg.sigmoid else 1.0
    return {
        "saturated": [float(np.mean(s < (1 - 0.97**2) * steepest)) for s in local],
        "median slope": [float(np.median(s)) for s in local],
        "gradient": [float(np.std(g.numpy())) for g in gradients],
        "slopes": [s.ravel() / steepest for s in local],
    }


def depth_section(run: Experiment) -> None:
    run.section("Saturation and depth", f"""{DEPTH} layers of {WIDTH} units before training. A unit is
        saturated where its slope is below 6 % of the steepest: |tanh| > 0.97. The slope decides what
        passes a unit, and the weights what passes between units; the gradient is the product of both.""")  # fmt: skip
    rows, curves, ratios, apart = [], {}, {}, []
    for name, (activation, weight_std, _, _) in run.progress([*CASES.items()], "networks"):
        m = measure(activation, weight_std)
        t = theory.propagate(activation, DEPTH, WIDTH, weight_std=weight_std, samples=SAMPLES)
        z = Tensor(0.67449 * np.sqrt(t.q))  # φ' falls with |z|, so that its median is φ' at the median of |z|
        median = slopes(activation, activation(z).numpy())
        curves[name] = m, t, median
        for layer in (0, DEPTH // 2 - 1, DEPTH - 1):
            rows.append({"case": name, "layer": layer + 1, "saturated": m["saturated"][layer],
                "theory": float(t.saturated[layer]), "median slope": m["median slope"][layer],
                "in theory": float(median[layer]), "dL/dh": m["gradient"][layer],
                "of theory": float(t.gradient[layer])})  # fmt: skip
        ratios[name] = m["gradient"][0] / t.gradient[0]
        apart.append(np.abs(np.array(m["saturated"]) - t.saturated).max())
    run.table("units and gradients by depth", rows, saturated=".2%", theory=".2%",
        **{"median slope": ".3g", "in theory": ".3g", "dL/dh": ".3g", "of theory": ".3g"})  # fmt: skip
    with run.picture("depth.png", (12, 4.2), """Marks are measured, lines are theory. Behind std 1 most
        units are saturated and their median slope is nearly 0. Even so the gradient of the activations
        (right; 1 at the top layer) explodes for tanh, and for sigmoid it vanishes without any
        saturation.""") as fig:  # fmt: skip
        axes = fig.subplots(1, 3)
        for name, (_, _, colour, marker) in CASES.items():
            m, t, median = curves[name]
            for axis, key, predicted in zip(
                axes, ("saturated", "median slope", "gradient"), (t.saturated, median, t.gradient), strict=True
            ):
                axis.plot(range(1, DEPTH + 1), predicted, color=colour)
                axis.plot(range(1, DEPTH + 1), m[key], marker, color=colour, label=name)
        for axis, title in zip(axes, ("share of saturated units", "median slope φ'(z)", "std of dL/dh"), strict=True):
            axis.set(title=title, xlabel="layer")
            axis.grid(alpha=0.3)
        for axis in axes[1:]:
            axis.set_yscale("log")
        fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    with run.picture("slopes.png", (12, 5.2), """Histograms of the local gradient, as a share of the
        steepest slope. Behind std 1/√n all units pass most of what reaches them; behind std 1 nearly all
        stand at the left end, where nothing passes, and a few at the right end.""") as fig:  # fmt: skip
        axes = fig.subplots(2, len(CASES), sharex=True, squeeze=False)
        for column, (name, (_, _, colour, _)) in zip(axes.T, CASES.items(), strict=True):
            for axis, layer in zip(column, (0, DEPTH - 1), strict=True):
                values = curves[name][0]["slopes"][layer]
                axis.hist(values, np.linspace(0, 1, 41), color=colour, weights=np.full(len(values), 1 / len(values)))
                axis.set(title=f"{name}, layer {layer + 1}", ylim=(0, None))
                axis.yaxis.set_major_formatter(lambda y, _: f"{y:.0%}")
            column[-1].set_xlabel("slope / steepest slope")
        for row in axes:
            row[0].set_ylabel("share of units")
    loss = curves["sigmoid, std 1/√n"][0]["gradient"][0] ** (1 / (DEPTH - 1))
    gain = curves["tanh, std 1"][0]["gradient"][0] ** (1 / (DEPTH - 1))
    run.say(f"""A sigmoid's slope is at most 1/4, and per layer ×{loss:.2f} of the gradient is left, though
        no unit is saturated. The lecture's "big weights saturate tanh, so the gradient vanishes" is true
        of the median unit only: the few that are not saturated carry ×{gain:.2f} per layer, and the
        gradient explodes.""")  # fmt: skip
    run.expect("saturated share, farthest from theory", max(apart), at_most=0.03, form=".2%", source="theory, 10 seeds")
    run.expect("saturated, tanh std 1, layer 10", curves["tanh, std 1"][0]["saturated"][-1],
        at_least=0.921, at_most=0.927, form=".2%", source="theory 92.41 %")  # fmt: skip
    run.expect("gradient per layer, sigmoid std 1/√n", loss, at_least=0.22, at_most=0.25, source="theory 0.235")
    run.expect("gradient per layer, tanh std 1", gain, at_least=3.3, at_most=3.65, source="theory 3.48", headline=True)
    for name, ratio in ratios.items():
        run.expect(f"dL/dh of layer 1 / theory, {name}", ratio, at_least=0.8, at_most=1.25, source="theory, 10 seeds")


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {  # of a sigmoid unit with input z, where 1 is right
    "cross-entropy": lambda z: F.binary_cross_entropy_with_logits(z, mg.ones_like(z)),
    "squared error": lambda z: F.mse_loss(mg.sigmoid(z), mg.ones_like(z)),
}


def pull(loss: Callable[[Tensor], Tensor], z: float) -> float:
    """dL/dz."""
    point = Tensor([z], dtype=np.float64, requires_grad=True)
    loss(point).backward()
    return float(point.grad.numpy()[0])


def climb(loss: Callable[[Tensor], Tensor], z: float) -> list[float]:
    """The probabilities on the way to one half, by gradient descent on z with steps of dL/dz."""
    path = [z]
    while path[-1] < -1e-9:
        path.append(path[-1] - pull(loss, path[-1]))
    return [1 / (1 + math.exp(-z)) for z in path]


def loss_section(run: Experiment) -> None:
    run.section("A saturated output unit", """The right answer is 1, and the unit says σ(z). Cross-entropy
        has the gradient σ - 1; squared error has 2 (σ - 1) σ (1 - σ), which vanishes with the slope of the
        sigmoid.""")  # fmt: skip
    rows = []
    for z in (-10.0, -5.0, 0.0):
        cross, squared = (pull(loss, z) for loss in LOSSES.values())
        rows.append({"z": z, "cross-entropy": cross, "squared error": squared, "ratio": cross / squared})
    run.table("dL/dz", rows, z=".0f", ratio=",.0f", **{"cross-entropy": ".5f", "squared error": ".3g"})
    ways = {name: climb(loss, -10.0) for name, loss in LOSSES.items()}
    steps = {name: len(way) - 1 for name, way in ways.items()}
    flow = {
        "cross-entropy": 10 + 1 - math.exp(-10),  # ∫ dz / |dL/dz| from -10 to 0: the time of a continuous descent
        "squared error": (33.5 - 3 * math.exp(-10) - math.exp(-20) / 2 + math.exp(10) - 1) / 2,
    }
    run.table("steps from z = -10 to one half", [{"loss": k, "steps": steps[k],
        "closed form": flow[k]} for k in steps], **{"closed form": ",.1f"})  # fmt: skip
    with run.picture("output.png", (11, 4), """Left: the gradient by which a wrong unit is pulled back:
        squared error lets go of the units that are most wrong. Right: the probability of the right answer,
        step by step, on a logarithmic axis.""") as fig:  # fmt: skip
        left, right = fig.subplots(1, 2)
        z = np.linspace(-12, 6, 73)
        for (name, loss), colour in zip(LOSSES.items(), (BLUE, VERMILION), strict=True):
            left.semilogy(z, [-pull(loss, point) for point in z], color=colour, label=name)
            right.semilogx(
                range(1, len(ways[name]) + 1), ways[name], color=colour, label=f"{name}: {steps[name]:,} steps"
            )
        left.set(xlabel="z, input of the sigmoid (1 is right)", ylabel="size of dL/dz")
        right.set(xlabel="step", ylabel="probability of the right answer")
        for axis in (left, right):
            axis.grid(alpha=0.3)
            axis.legend(loc=(0.44, 0.45) if axis is right else "best")
    for row, ratio in zip(rows, (11014, 75.2, 2.0), strict=True):
        run.expect(f"gradient ratio at z = {row['z']:.0f}", row["ratio"], at_least=ratio * 0.999,
            at_most=ratio * 1.001, form=",.1f", source="closed form (1 + e^-z)(1 + e^z) / 2")  # fmt: skip
    for name, number in steps.items():
        run.expect(f"steps to one half, {name}", number, at_least=0.98 * flow[name] - 1,
            at_most=1.02 * flow[name] + 1, form=",.0f", source="closed form")  # fmt: skip


def softmax_section(run: Experiment) -> None:
    run.section("Softmax of large numbers", """exp overflows in float32 beyond 88.7. Softmax does not
        change when the same number is taken from all inputs, so the largest one is taken away first.""")  # fmt: skip
    base, rows = np.array([0.0, 1.0, 2.0], np.float32), []
    with np.errstate(over="ignore", invalid="ignore"):
        for shift in (0, 80, 88, 1000, 10000):
            naive = np.exp(base + np.float32(shift))
            right = F.softmax(Tensor(base + np.float32(shift)), dim=0).numpy()
            rows.append({"inputs": f"{shift} + (0, 1, 2)", "naive": str((naive / naive.sum()).round(4)),
                "shifted": str(right.round(4)), "error": float(np.abs(right - F.softmax(Tensor(base),
                dim=0).numpy()).max())})  # fmt: skip
    run.table("softmax", rows)
    run.expect("naive softmax fails at 1000", float("nan" in rows[3]["naive"]), at_least=1, form=".0f")
    run.expect("error of the shifted one, up to 10,000", max(row["error"] for row in rows), at_most=0, source="exact")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "saturation"), arguments) as run:
        depth_section(run)
        loss_section(run)
        softmax_section(run)


if __name__ == "__main__":
    main()
