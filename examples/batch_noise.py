"""How noisy the gradient of a batch is, and how noise helps out of a local minimum.

Checks what the notes say of stochastic gradient descent: noise falls with the size of the batch, as 1 / B, and can help
to escape. That it does depends on the loss: an experiment, not a theorem.

    python examples/batch_noise.py            pictures and a receipt go to runs/batch_noise
    python examples/batch_noise.py --help

Expected: the variance falls with slope -1 within 0.03 and is as in closed form within a fifth for every size; at least
80 % of the runs escape with single samples, 3 to 25 % with batches of 4, none with the full batch. Over the base seeds
0 to 9.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import minigrad as mg
from minigrad import Tensor, func, optim
from minigrad.data.readers import load_diabetes, load_digits
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

BLUE, ORANGE, RED = "#0072B2", "#E69F00", "#D55E00"


def variance_of_one(x: np.ndarray, y: np.ndarray) -> float:
    """Of the gradient of a sample's loss, summed over all weights of a linear classifier that starts at 0."""
    errors = 0.1 - np.eye(10)[y]  # (N, 10): softmax - one-hot; a sample's gradient is x · error
    return float(np.mean((x**2).sum(axis=1) * (errors**2).sum(axis=1)) - np.sum((x.T @ errors / len(x)) ** 2))


def variance_of_batch(x: np.ndarray, y: np.ndarray, size: int, replace: bool, draws: int) -> float:
    """The same of a batch's mean loss, measured over many batches that are drawn with or without replacement."""
    weights, random = np.zeros((64, 10), np.float32), mg.random.default_generator()
    gradient = func.grad(lambda w, x, y: F.cross_entropy(x @ w, y))
    full, drawn = gradient(weights, x, y).numpy(), (random.choice(len(x), size, replace) for _ in range(draws))
    return float(np.mean([np.sum((gradient(weights, x[batch], y[batch]).numpy() - full) ** 2) for batch in drawn]))


def well(x: Tensor) -> Tensor:
    """A loss with a deep minimum on the left and a shallow one on the right."""
    return x**4 / 4 - x**2 / 2 + 0.15 * x


START = float(np.roots([1, 0, -1, 0.15]).real.max())  # the shallow minimum


def escaped(samples: np.ndarray, size: int, runs: int, steps: int = 500) -> float:
    """The share of runs that a walk with batches of this size takes from the shallow minimum to the deep one."""
    x = Tensor(np.full(runs, START), requires_grad=True)  # all runs side by side
    optimizer, random = optim.SGD([x], lr=0.1), mg.random.default_generator()
    for _ in range(steps):
        drawn = samples[random.integers(0, len(samples), (runs, size))] if size < len(samples) else samples[None]
        optimizer.zero_grad()
        (well(x) + 1.5 * drawn.mean(axis=1) * x).sum().backward()
        optimizer.step()
    return float(np.mean(x.detach().numpy() < 0))


def noise(run: Experiment) -> None:
    run.section("Noise")
    run.say("""The gradient of a batch is the mean of B gradients of samples, so its variance is 1 / B of theirs if the
        samples are drawn with replacement. Drawn from a shuffled set of N it is (N - B) / (N - 1) times as large, and 0
        for the full batch. Measured on a linear classifier of digits, at its start.""")
    digits, draws = load_digits(), run.pick(quick=200, full=600)
    x, y = digits.inputs.reshape(-1, 64) / 16, digits.targets  # (N, 64), (N,)
    single, sizes, found = variance_of_one(x, y), 2 ** np.arange(0, 11), {}
    theory, without = single / sizes, single / sizes * (len(x) - sizes) / (len(x) - 1)
    caption = """Variance of a batch's gradient against the size of the batch. Dots are measured, lines are theory:
        slope -1, and less for large batches out of one shuffled epoch."""
    with run.picture("noise.png", (6.5, 4.4), caption) as figure:
        axis = figure.subplots()
        for replace, line, colour, name in ((True, theory, BLUE, "with replacement"),
                                            (False, without, ORANGE, "out of a shuffled set")):  # fmt: skip
            found[replace] = np.array(
                [variance_of_batch(x, y, size, replace, draws) for size in run.progress(sizes, name)]
            )
            axis.loglog(sizes, found[replace], "o", color=colour, label=name)
            axis.loglog(sizes, line, color=colour)
        axis.set(xlabel="samples in a batch", ylabel="variance of the gradient, sum over weights")
        axis.grid(alpha=0.3)
        axis.legend()
    slope = np.polyfit(np.log(sizes), np.log(found[True]), 1)[0]
    run.expect("variance of the gradient: slope against batch size", slope, at_least=-1.03, at_most=-0.97, form=".3f",
               source="theory: -1", headline=True)  # fmt: skip
    off = np.max(np.abs([found[True] / theory - 1, found[False] / without - 1]))
    run.expect("variance of the gradient: largest deviation from theory", off, at_most=0.2, form=".1%", source="theory")


def escape(run: Experiment) -> None:
    run.section("Escape")
    run.say("""Noise can help to leave a local minimum. An experiment, no theorem: the mean of x⁴/4 - x²/2 + 0.15 x +
        1.5 ξ x over the 442 samples ξ, standardised numbers of the diabetes data, has a shallow minimum on the right,
        where all runs begin, and a deep one on the left. How many are on the left after 500 steps?""")
    samples = load_diabetes().targets[:, 0].astype(np.float64)  # (442,)
    samples = (samples - samples.mean()) / samples.std()
    sizes, runs = (1, 2, 4, 8, 16, 32, len(samples)), run.pick(quick=200, full=1000)
    shares = [escaped(samples, size, runs) for size in run.progress(sizes, "batch sizes")]
    rows = [{"batch": size, "escaped": share} for size, share in zip(sizes, shares, strict=True)]
    run.table("escape from the shallow minimum", rows, escaped=".1%")
    caption = """Left: the loss, and where all runs start. Right: the share of them that left the shallow minimum, most
        with single samples, none with large batches."""
    with run.picture("escape.png", (9.5, 3.8), caption) as figure:
        left, axis = figure.subplots(1, 2)
        at = np.linspace(-1.7, 1.5, 200)
        left.plot(at, well(at), color=BLUE)
        left.plot(START, well(START), "o", color=RED, label="start")
        left.set(xlabel="x", ylabel="loss, mean over all samples")
        left.legend()
        axis.bar([str(size) for size in sizes], [100 * share for share in shares], color=BLUE)
        axis.set(xlabel="samples in a batch (442: all)", ylabel="runs that escaped, %")
    run.expect("escaped with single samples", shares[0], at_least=0.8, form=".1%", source="10 seeds")
    run.expect("escaped with batches of 4", shares[2], at_least=0.03, at_most=0.25, form=".1%", source="10 seeds")
    run.expect("escaped with batches of 32", shares[-2], at_most=0.01, form=".1%", source="10 seeds")
    run.expect("escaped with the full batch", shares[-1], at_most=0, form=".1%", source="no noise")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "batch_noise"), arguments) as run:
        noise(run)
        escape(run)


if __name__ == "__main__":
    main()
