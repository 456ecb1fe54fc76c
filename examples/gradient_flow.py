"""How gradients vanish and explode on their way down a deep network, as theory knows before anything is run.

Checks what the notes say of long backpropagation chains and of weights that are too small or too large. The gradient of
the activations changes by √χ in every layer; that of the weights is another story, and the notes mix them up. What
helps: gradient_cures.py.

    python examples/gradient_flow.py            pictures and a receipt go to runs/gradient_flow
    python examples/gradient_flow.py --help

Expected: slopes of the logarithm within 0.03 of ½ log χ; ten tanh layers with weights of std 0.01 have a gradient of
the weights that is level within a tenth, with std 1 one that grows ×5·10⁴ to ×1.1·10⁵. Over the base seeds 0 to 9.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

import minigrad as mg
from minigrad import Tensor, autograd, nn, theory
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

BLUE, ORANGE, RED, PINK, SKY, GREY = "#0072B2 #E69F00 #D55E00 #CC79A7 #56B4E9 #555555".split()
CHAINS = (  # name, activation, width · weight variance, colour
    ("tanh, σ = 0.22", mg.tanh, 0.05, BLUE),
    ("tanh, σ = 1", mg.tanh, 1.0, SKY),
    ("tanh, σ = 22", mg.tanh, 500.0, RED),
    ("sigmoid, σ = 1", mg.sigmoid, 1.0, GREY),
    ("ReLU, σ = 1", mg.relu, 1.0, PINK),
    ("ReLU, σ = √2 (He)", mg.relu, 2.0, ORANGE),
)


# --- measuring --------------------------------------------------------------------------------------------------------
def linear(width: int, variance: float) -> nn.Linear:
    """A square layer with weights of the given variance, times 1 / width."""
    layer = nn.Linear(width, width, bias=False)
    nn.init.normal_(layer.weight, std=math.sqrt(variance / width))
    return layer


def flow(activation: Callable[[Tensor], Tensor], variance: float, depth: int, x: Tensor) -> np.ndarray:
    """Root mean square of dL/dh in every layer, relative to the last one's: a random error is put in there."""
    hidden = []
    for _ in range(depth):
        x = activation(linear(x.shape[1], variance)(x))  # (N, width)
        hidden.append(x)
    error = mg.randn(*x.shape)
    gradients = autograd.grad(x, hidden[:-1], error)
    sizes = [float(np.sqrt(np.mean(np.square(g.numpy(), dtype=np.float64)))) for g in (*gradients, error)]
    return np.array(sizes) / sizes[-1]


def slope(log: np.ndarray) -> float:
    """Of a straight line through the logarithms: what a layer adds on the way down."""
    return -float(np.polyfit(np.arange(len(log)), log, 1)[0])


def chains(run: Experiment) -> None:
    run.section("Chains")
    run.say("""Backpropagation multiplies one matrix per layer. Theory says that the gradient of the activations changes
        by √χ in each, χ = σ² E[φ'(z)²] with σ² = width · variance of the weights: so the logarithm of its size falls or
        rises by ½ log χ. Dots are measured, lines are theory.""")
    width, depth, samples = run.pick(quick=300, full=500), 20, 200
    rows, worst = [], 0.0
    caption = """Size of dL/dh by layer, for a random error at layer 20. Straight lines on a logarithmic axis:
        exponential vanishing (falling to the left) or explosion (rising to the left). Only weights for which χ is 1
        keep it level."""
    with run.picture("chains.png", (9, 5), caption) as figure:
        axis = figure.subplots()
        for name, activation, variance, colour in run.progress(CHAINS, "chains"):
            runs = []
            for seed in run.seeds(run.pick(quick=4, full=10)):
                mg.manual_seed(seed)
                runs.append(np.log(flow(activation, variance, depth, mg.randn(samples, width))))
            found = np.mean(runs, axis=0)
            expected = theory.propagate(activation, depth, width, weight_std=math.sqrt(variance / width))
            axis.semilogy(range(1, depth + 1), np.exp(found), "o", color=colour, label=name, markersize=5)
            axis.semilogy(range(1, depth + 1), expected.gradient, color=colour)
            steps = slope(found), slope(np.log(expected.gradient))
            worst = max(worst, abs(steps[0] - steps[1]))
            rows.append({"network": name, "χ of the last layer": expected.chi[-1], "measured slope": steps[0],
                         "½ log χ": steps[1], "layer 1 / layer 20": math.exp(found[0])})  # fmt: skip
        axis.set(xlabel="layer", ylabel="root mean square of dL/dh, last layer = 1", xticks=range(1, depth + 1, 2))
        axis.grid(alpha=0.3)
        axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    run.table("gradient of the activations, per layer down", rows,
              **{"χ of the last layer": ".4f", "measured slope": "+.3f", "½ log χ": "+.3f",
                 "layer 1 / layer 20": ".3g"})  # fmt: skip
    run.expect("slope of log |dL/dh|: largest deviation from ½ log χ", worst, at_most=0.03, form=".3f",
               source="mean-field theory", headline=True)  # fmt: skip


def two_gradients(run: Experiment) -> None:
    run.section("Two gradients")
    run.say("""The notes say: small weights, and the gradients of the lower layers vanish; large weights saturate tanh,
        and the gradient vanishes. Ten tanh layers of 500 units under a cross-entropy of ten classes show that it
        depends on which gradient.""")
    width, depth, samples = 500, 10, run.pick(quick=250, full=500)
    rows, curves = [], {}
    for name, std in (("std 0.01", 0.01), ("std 1", 1.0)):
        weight_gradients, medians, activation_gradients = [], [], []
        for seed in run.seeds(run.pick(quick=2, full=6)):
            mg.manual_seed(seed)
            layers = [linear(width, width * std**2).double() for _ in range(depth)]  # slopes of 1e-17 need it
            head = nn.init.normal_(mg.zeros(width, 10, dtype=mg.float64), std=std)
            h, before, after = mg.randn(samples, width, dtype=mg.float64), [], []
            for layer in layers:
                before.append(layer(h))
                after.append(h := mg.tanh(before[-1]))
            loss = F.cross_entropy(h @ head, mg.randint(0, 10, (samples,)))
            weights = [layer.weight for layer in layers]
            found = [g.numpy() for g in autograd.grad(loss, [*weights, *before, *after])]
            weight_gradients.append([g.std() for g in found[:depth]])
            medians.append(np.median(np.abs(found[depth : 2 * depth]), axis=(1, 2)))
            activation_gradients.append([g.std() for g in found[2 * depth :]])
        curves[name] = [np.mean(each, axis=0) for each in (activation_gradients, weight_gradients, medians)]
        below, weight, median = curves[name]
        rows.append({"weights": name, "dL/dh, layer 1": below[0], "layer 10": below[-1], "dL/dW, layer 1": weight[0],
                     "dL/dW, layer 10": weight[-1], "median |dL/dz|, layer 1": median[0]})  # fmt: skip
    run.table("two gradients", rows, **{column: ".2g" for column in rows[0] if column != "weights"})
    caption = """Left: with small weights dL/dh vanishes, but dL/dW is level: activations shrink on their way up as
        errors do on their way down. Right: with large weights 92 % of the units are saturated and the median error is
        next to nothing, yet the others carry an explosion."""
    with run.picture("two_gradients.png", (10, 4.2), caption) as figure:
        for axis, (name, values) in zip(figure.subplots(1, 2), curves.items(), strict=True):
            for label, colour, curve in zip(("std of dL/dh", "std of dL/dW", "median |dL/dz|"), (BLUE, ORANGE, GREY),
                                            values, strict=True):  # fmt: skip
                axis.semilogy(range(1, depth + 1), curve, ".-", color=colour, label=label)
            axis.set(title=f"tanh, weights of {name}", xlabel="layer", ylabel="size", xticks=range(1, depth + 1))
            axis.grid(alpha=0.3)
            axis.legend()
    small, large = curves["std 0.01"], curves["std 1"]
    run.expect("std 0.01: dL/dh of layer 1 / layer 10", small[0][0] / small[0][-1], at_least=1.3e-6, at_most=1.5e-6,
               form=".2e", source="mean-field theory: 1.39e-6")  # fmt: skip
    run.expect("std 0.01: dL/dW of layer 1 / layer 10", small[1][0] / small[1][-1], at_least=0.9, at_most=1.1,
               form=".3f", source="8 seeds of an independent program")  # fmt: skip
    run.expect("std 1: dL/dW of layer 1 / layer 10", large[1][0] / large[1][-1], at_least=5e4, at_most=1.1e5,
               form=".2e", source="mean-field theory: ×3.48 per layer")  # fmt: skip
    run.expect("std 1: median |dL/dz| / std of dL/dh, layer 1", large[2][0] / large[0][0], at_most=1e-12, form=".1e",
               source="92 % are saturated")  # fmt: skip
    run.say("""Corrected: with small weights dL/dh vanishes and dL/dW does not; with large weights the median error
        vanishes and the norm explodes. A tool that shows gradients must say which.""")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "gradient_flow"), arguments) as run:
        chains(run)
        two_gradients(run)


if __name__ == "__main__":
    main()
