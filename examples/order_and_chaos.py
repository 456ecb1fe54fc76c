"""Order, chaos and isometry: what random layers do to two inputs, and to the lengths of signals.

Checks what mean-field theory (Poole et al. 2016; Schoenholz et al. 2017) says of networks before training:

- tanh is ordered below σ_w = 1 and chaotic above: near inputs become alike, or part by χ per layer. Both happen at a
  rate, and -1 / ln χ is the depth that a signal can pass.
- Orthogonal weights keep all lengths in a linear network. With ReLU they do not: there the spread of the singular
  values still grows with depth, half as fast as with Gaussian weights.
- Glorot's five layers of 1000 units: signals and gradients for the old standard weights and for his.

    python examples/order_and_chaos.py            pictures and a receipt go to runs/order_and_chaos
    python examples/order_and_chaos.py --help

Expected: correlations within 0.12 of theory, rates of order and chaos within 10 %, spreads within 25 % (10 base seeds).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

import minigrad as mg
from minigrad import Tensor, autograd, nn, theory
from minigrad.experiment import Experiment, options

WIDTH = 500
GLOROT = 1000
STARTS = (0.9, 1 - 1e-6)  # correlations of two inputs: alike, and nearly the same
PHASES = ((0.8, 0.0), (1.0, 0.0), (1.0, 0.3), (1.5, 0.0), (2.5, 0.0))  # σ_w, σ_b: from order to chaos
COLOURS = ("#0072B2", "#009E73", "#56B4E9", "#E69F00", "#D55E00")


def measured(phase: tuple[float, float], depth: int) -> np.ndarray:
    """The correlations, by layer, of the pre-activations of one input with two others: (depth, starts)."""
    draw = mg.random.default_generator().standard_normal
    a, b = np.linalg.qr(draw((WIDTH, 2)))[0].T  # orthogonal, so that the starts are what they say
    h = np.stack([a, *(c * a + math.sqrt(1 - c**2) * b for c in STARTS)]) * math.sqrt(WIDTH)  # (3 inputs, width)
    found = []
    for _ in range(depth):
        z = h @ draw((WIDTH, WIDTH)) * (phase[0] / math.sqrt(WIDTH)) + phase[1] * draw(WIDTH)
        found.append(z[1:] @ z[0] / np.linalg.norm(z[1:], axis=1) / np.linalg.norm(z[0]))
        h = np.tanh(z)
    return np.array(found)


def predicted(phase: tuple[float, float], start: float, depth: int) -> tuple[np.ndarray, float]:
    """The same by theory, c ← (σ_w² E[φ(√q z) φ(√q z')] + σ_b²) / q, z and z' of correlation c; and the last χ."""
    known = theory.propagate(mg.tanh, depth, WIDTH, weight_std=phase[0] / math.sqrt(WIDTH), bias_std=phase[1])
    grid = np.linspace(-7, 7, 281)
    density = np.exp(-(grid**2) / 2) / np.exp(-(grid**2) / 2).sum()
    found = [(phase[0] ** 2 * start + phase[1] ** 2) / known.q[0]]
    for below, q in zip(known.q[:-1], known.q[1:], strict=True):
        c = min(found[-1], 1.0)
        given = c * grid[:, None] + math.sqrt(1 - c * c) * grid  # (z, z' for that z)
        product = (density * np.tanh(math.sqrt(below) * grid)) @ (np.tanh(math.sqrt(below) * given) @ density)
        found.append((phase[0] ** 2 * float(product) + phase[1] ** 2) / q)
    return np.array(found), float(known.chi[-1])


def chaos_section(run: Experiment) -> None:
    depth, seeds = 20, run.seeds(run.pick(quick=10, full=50))
    run.section("Two inputs", f"""Two inputs of correlation 0.9 go up {depth} tanh layers of {WIDTH} units,
        with weights of std σ_w / √n and biases of std σ_b; mean of {len(seeds)} networks. χ multiplies the
        squared gradient per layer, and the distance 1 - c of inputs that are nearly alike.""")  # fmt: skip
    rows, apart, rates = [], 0.0, {}
    with run.picture("chaos.png", (12, 4.5), """Left: correlation of two inputs by layer; marks are
        measured, lines are theory. Middle: 1 - c for inputs that are nearly alike: it grows by χ per layer
        in chaos, and falls by χ in order. Right: χ by σ_w; where it crosses 1, order turns into
        chaos.""") as figure:  # fmt: skip
        left, middle, right = figure.subplots(1, 3)
        for phase, colour in run.progress([*zip(PHASES, COLOURS, strict=True)], "phases"):
            found = []
            for seed in seeds:
                mg.manual_seed(seed)
                found.append(measured(phase, depth))
            far, close = np.mean(found, axis=0)[:, 0], 1 - np.array(found)[:, :, 1]  # (depth,), (seeds, depth)
            near, chi = predicted(phase, STARTS[1], depth)
            line, _ = predicted(phase, STARTS[0], depth)
            apart = max(apart, float(np.abs(far - line).max()))
            name = f"σ_w = {phase[0]}" + (f", σ_b = {phase[1]}" if phase[1] else "")
            left.plot(range(1, depth + 1), line, color=colour)
            left.plot(range(1, depth + 1), far, "o", color=colour, markersize=4, label=name)
            middle.semilogy(range(1, depth + 1), np.exp(np.log(close).mean(axis=0)), "o", color=colour, markersize=4)
            middle.semilogy(range(1, depth + 1), 1 - near, color=colour)
            first, last = (2, 7) if chi > 1 else (5, 15)  # where 1 - c is small, and the variance has come to rest
            rate = float(np.exp(np.log(close[:, last] / close[:, first]).mean() / (last - first)))
            rates[name] = rate, chi
            rows.append({"phase": name, "c in layer 5": far[4], "theory": line[4],
                "c in layer 20": far[-1], "in theory": line[-1], "1 - c, per layer": rate, "χ": chi,
                "ξ = -1 / ln χ": -1 / math.log(chi)})  # fmt: skip
        scan = np.linspace(0.5, 3, 26)
        chis = [theory.propagate(mg.tanh, 100, WIDTH, weight_std=s / math.sqrt(WIDTH)).chi[-1] for s in scan]
        right.plot(scan, chis, color=COLOURS[0])
        right.axhline(1, color="black", linewidth=1, linestyle="--")
        for axis, x, y in (
            (left, "layer", "correlation c of two inputs"),
            (middle, "layer", "1 - c, from 1e-6"),
            (right, "σ_w, without biases", "χ in layer 100"),
        ):
            axis.set(xlabel=x, ylabel=y)
            axis.grid(alpha=0.3)
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    run.table("correlation of two inputs", rows, **{c: ".3f" for c in rows[0] if c not in ("phase",
        "ξ = -1 / ln χ")}, **{"ξ = -1 / ln χ": ".1f"})  # fmt: skip
    run.say("""In order inputs become one, and gradients vanish; in chaos the nearest inputs become
        strangers, and gradients explode. Only near χ = 1 does a signal pass many layers. Without biases
        the ordered phase fades before inputs can become alike: 1 - c stays, and it is the signal that
        falls.""")  # fmt: skip
    crossing = float(np.interp(1.0, chis, scan))
    run.expect("correlation, farthest from theory", apart, at_most=0.12, source="theory, 10 seeds", headline=True)
    run.expect("σ_w at which χ crosses 1", crossing, at_least=0.98, at_most=1.08, source="theory 1, at infinite depth")
    for name in ("σ_w = 1.0, σ_b = 0.3", "σ_w = 1.5", "σ_w = 2.5"):
        run.expect(f"1 - c per layer / χ, {name}", rates[name][0] / rates[name][1], at_least=0.9,
            at_most=1.1, source="theory")  # fmt: skip


def gaussian(gain: float) -> np.ndarray:
    return mg.random.default_generator().standard_normal((200, 200)) * (gain / math.sqrt(200))


def orthogonal(gain: float) -> np.ndarray:
    return nn.init.orthogonal_(mg.empty(200, 200, dtype=np.float64), gain).numpy()


def singular(weights: Callable[[], np.ndarray], relu: bool, depth: int) -> np.ndarray:
    """The squared singular values of the Jacobian of ``depth`` random layers, for one random input."""
    h, jacobian = mg.random.default_generator().standard_normal(200), np.eye(200)
    for _ in range(depth):
        weight = weights()  # (200, 200)
        z = weight @ h
        slope = (z > 0).astype(float) if relu else np.ones(200)
        h, jacobian = z * slope, slope[:, None] * (weight @ jacobian)
    return np.linalg.svd(jacobian, compute_uv=False) ** 2


def isometry_section(run: Experiment) -> None:
    run.section("Isometry", """A Jacobian whose singular values are all 1 keeps the length of every signal
        and gradient. Each has mean s² = 1 here; their spread is the question. For L Gaussian layers theory
        expects the variance L, and at most (L+1)^(L+1) / L^L.""")  # fmt: skip
    cases = {
        "Gaussian, linear": (partial(gaussian, 1.0), False),
        "orthogonal, linear": (partial(orthogonal, 1.0), False),
        "Gaussian, ReLU": (partial(gaussian, math.sqrt(2)), True),
        "orthogonal, ReLU": (partial(orthogonal, math.sqrt(2)), True),
    }
    expected = {"Gaussian, linear": 1.0, "orthogonal, linear": 0.0, "Gaussian, ReLU": 2.0, "orthogonal, ReLU": 1.0}
    depths, rows, spread = (1, 2, 5, 10), [], {}
    for name, (weights, relu) in run.progress([*cases.items()], "Jacobians"):
        for depth in depths:
            squared = np.array(
                [singular(weights, relu, depth) for _ in range(run.pick(quick=5, full=20))]
            )  # (runs, 200)
            variance = float(np.median(squared.var(axis=1) / squared.mean(axis=1) ** 2))
            spread[name, depth] = variance
            rows.append({"layers": name, "depth": depth, "variance of s²": variance,
                "theory": expected[name] * depth, "largest s²": float(np.median(squared.max(axis=1)))})  # fmt: skip
    run.table("squared singular values, relative to their mean", rows, **{"largest s²": ".2f", "variance of s²": ".2f"})
    run.say("""Orthogonal weights are the cure in linear networks only: a ReLU takes half of the directions
        away at each layer, and what is left spreads with depth, if half as fast as with Gaussian
        weights.""")  # fmt: skip
    for name, low, high in (
        ("Gaussian, linear", 0.8, 1.15),
        ("Gaussian, ReLU", 0.8, 1.25),
        ("orthogonal, ReLU", 0.8, 1.25),
    ):
        run.expect(f"variance of s² / theory, {name}, 5 layers", spread[name, 5] / (5 * expected[name]),
            at_least=low, at_most=high, source="theory: L, 2L, L")  # fmt: skip
    run.expect("variance of s², orthogonal, linear, 10 layers", spread["orthogonal, linear", 10],
        at_most=1e-12, source="exact")  # fmt: skip


def glorot_section(run: Experiment) -> None:
    run.section("Glorot and Bengio's network", """Five tanh layers of 1000 units, with the weights that
        were customary in 2010, U(±1 / √n), and with theirs, U(±√(6 / (n + n'))).""")  # fmt: skip
    rows, off, kept = [], {"activations": 0.0, "gradients": 0.0}, {}
    for name, bound in (("customary", 1 / math.sqrt(GLOROT)), ("Glorot", math.sqrt(3 / GLOROT))):
        t = theory.propagate(mg.tanh, 5, GLOROT, weight_std=bound / math.sqrt(3))
        h = Tensor(mg.random.default_generator().standard_normal((300, GLOROT)), requires_grad=True)  # (N, n)
        layers = []
        for _ in range(5):
            h = mg.tanh(h @ nn.init.uniform_(mg.empty(GLOROT, GLOROT, dtype=np.float64), -bound, bound))
            layers.append(h)
        error = Tensor(mg.random.default_generator().standard_normal(h.shape))
        gradients = [*autograd.grad(h, layers[:-1], error), error]
        stds, slopes = ([float(np.std(v.detach().numpy())) for v in values] for values in (layers, gradients))
        off["activations"] = max(off["activations"], float(np.abs(stds / t.std - 1).max()))
        off["gradients"] = max(off["gradients"], float(np.abs(slopes / t.gradient - 1).max()))
        kept[name] = slopes[0] ** (1 / 4)
        rows += [
            {
                "weights": name,
                "layer": i + 1,
                "std of h": stds[i],
                "theory": t.std[i],
                "std of dL/dh": slopes[i],
                "in theory": t.gradient[i],
                "√χ": math.sqrt(t.chi[i]),
            }
            for i in range(5)
        ]
    run.table("five layers of 1000", rows, **{c: ".3f" for c in rows[0] if c not in ("weights", "layer")})
    run.expect("std of h, farthest from theory", off["activations"], at_most=0.03, form=".1%",
        source="theory, 10 seeds")  # fmt: skip
    run.expect("std of dL/dh, farthest from theory", off["gradients"], at_most=0.1, form=".1%",
        source="theory, 10 seeds")  # fmt: skip
    run.expect("gradient per layer, customary", kept["customary"], at_least=0.53, at_most=0.6, source="theory 0.565")
    run.expect("gradient per layer, Glorot", kept["Glorot"], at_least=0.81, at_most=0.9, source="theory 0.859")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "order_and_chaos"), arguments) as run:
        chaos_section(run)
        isometry_section(run)
        glorot_section(run)


if __name__ == "__main__":
    main()
