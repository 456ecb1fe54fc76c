"""Gradient descent in its forms: full batch, stochastic, mini-batch, momentum, Adam; their paths, curves and noise.

Checks what the notes say of them: full batches are exact, single samples are noisy, small random batches balance the
two, and noise can help to escape from a local minimum. How long a step may be: step_size.py.

    python examples/descent.py            pictures and a receipt go to runs/descent
    python examples/descent.py --help

Expected: after equally many samples mini-batches are far ahead of the full batch, after equally many updates they are
not; the variance of the gradient falls with slope -1 within 0.05; four fifths of the runs escape with single samples,
none with the full batch. Over the base seeds 0 to 9.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import minigrad as mg
from minigrad import Tensor, func, nn, optim
from minigrad.data import DataLoader, TensorDataset
from minigrad.data.readers import load_diabetes, load_digits
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

BLUE, ORANGE, GREEN, RED, PINK, SKY = "#0072B2 #E69F00 #009E73 #D55E00 #CC79A7 #56B4E9".split()
SGD, ADAM = optim.SGD, optim.Adam
FORMS = {  # batch (0: all), shuffled, optimizer, its rate for two weights and for digits, more of it, colour
    "full batch": (0, False, SGD, 0.3, 0.5, {}, BLUE),
    "stochastic": (1, True, SGD, 0.05, 0.02, {}, RED),
    "mini-batch": (32, False, SGD, 0.1, 0.2, {}, PINK),
    "mini-batch stochastic": (32, True, SGD, 0.1, 0.2, {}, ORANGE),
    "momentum": (0, False, SGD, 0.1, 0.2, {"momentum": 0.9}, GREEN),
    "Adam": (0, False, ADAM, 0.1, 0.01, {}, SKY),
}


def standardized(table: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and variance 1, in float64."""
    table = np.asarray(table, dtype=np.float64)
    return (table - table.mean(axis=0)) / table.std(axis=0)


def batches(data: TensorDataset, size: int, shuffle: bool, updates: int) -> list:
    """As many batches as there are updates, epoch after epoch."""
    loader, drawn = DataLoader(data, batch_size=size or len(data), shuffle=shuffle), []
    while len(drawn) < updates:
        drawn += list(loader)
    return drawn[:updates]


# --- two weights ------------------------------------------------------------------------------------------------------
def paths(run: Experiment) -> None:
    run.section("Paths")
    run.say("""Two weights: a regression of 442 patients' diabetes on two blood values that are much alike, so that the
        loss is a narrow valley. 150 updates in six ways, from the same start to the optimum, which lstsq knows.""")
    table = load_diabetes()
    x, y = standardized(table.inputs[:, 4:6]), standardized(table.targets)[:, 0]  # (442, 2), (442,)
    best = np.linalg.lstsq(x, y, rcond=None)[0]
    excess = lambda step: np.einsum("...i,ij,...j", step, x.T @ x / len(x), step)  # noqa: E731 - over the least loss
    start, rows = np.array([2.2, -0.8]), {}  # from the optimum
    caption = """Loss over two weights, in steps of a factor 4; the cross is the optimum. The full batch creeps along
        the valley. Single samples stagger and never come to rest. Mini-batches are in between. Momentum swings and
        arrives earlier; Adam takes equal steps in both weights at first."""
    with run.picture("paths.png", (11, 7), caption) as figure:
        axes = figure.subplots(2, 3, sharex=True, sharey=True)
        grid = np.stack(np.meshgrid(np.linspace(-1, 2.6, 90), np.linspace(-2.4, 1.2, 90)), axis=-1)  # (90, 90, 2)
        for axis, (name, (size, shuffle, kind, rate, _, more, colour)) in zip(axes.flat, FORMS.items(), strict=True):
            mg.manual_seed(run.seed)
            w = Tensor(best + start, requires_grad=True)
            optimizer, path = kind([w], lr=rate, **more), [start]
            for inputs, targets in batches(TensorDataset(x, y), size, shuffle, 150):
                optimizer.zero_grad()
                F.mse_loss(inputs @ w, targets).backward()
                optimizer.step()
                path.append(w.detach().numpy() - best)
            left = excess(np.array(path))
            close = int(np.argmax(left < left[0] / 100)) or None
            rows[name] = {"form": name, "batch": size or len(x), "rate": rate, "updates to 1 % of the excess": close,
                          "excess loss at the end": left[-30:].mean()}  # fmt: skip
            axis.contour(*np.moveaxis(grid, -1, 0), excess(grid), levels=0.002 * 4.0 ** np.arange(7), colors="#BBBBBB")
            axis.plot(*np.array(path).T, ".-", color=colour, markersize=3, linewidth=0.9)
            axis.plot(0, 0, "k+", markersize=10)
            axis.set_title(f"{name}, rate {rate}")
        figure.supxlabel("weight of blood value s1, from the optimum")
        figure.supylabel("weight of s2, from the optimum")
    run.table("two weights", rows.values(), **{"excess loss at the end": ".2g"})
    updates = [rows[name]["updates to 1 % of the excess"] for name in ("momentum", "full batch")]
    run.expect("updates to 1 % of the excess loss: momentum / full batch", updates[0] / updates[1], at_most=0.8,
               form=".2f", source="no chance in it")  # fmt: skip
    ends = [rows[name]["excess loss at the end"] for name in ("stochastic", "full batch")]
    run.expect("excess loss at the end: stochastic / full batch", ends[0] / ends[1], at_least=1e4, form=".1e",
               source="10 seeds")  # fmt: skip


# --- many weights -----------------------------------------------------------------------------------------------------
def digits_curves(run: Experiment) -> None:
    run.section("Digits")
    run.say("""A small network reads digits. What is better depends on what is counted: samples seen, or updates. The
        digits lie sorted by class, so that mini-batches in their order see one class at a time.""")
    digits, epochs = load_digits(), run.pick(quick=3, full=8)
    order = np.argsort(digits.targets, kind="stable")
    x, y = digits.inputs.reshape(-1, 64)[order] / 16, digits.targets[order]  # (1797, 64), (1797,)
    data, curves = TensorDataset(x, y), {}
    for name, (size, shuffle, kind, _, rate, more, _) in run.progress(FORMS.items(), "forms"):
        mg.manual_seed(run.seed)
        model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        optimizer, size = kind(model.parameters(), lr=rate, **more), size or len(x)
        updates, points = max(epochs * len(x) // size, 100), []
        for update, (inputs, targets) in enumerate(batches(data, size, shuffle, updates)):
            if update in (0, 1, 2, 3, 5, 10, 20, 50) or update % max(updates // 40, 1) == 0:
                points.append((update, F.cross_entropy(model(x), y).item()))
            optimizer.zero_grad()
            F.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
        points.append((updates, F.cross_entropy(model(x), y).item()))
        curves[name] = size, np.array(points)
    caption = """The same runs against samples seen, and against updates. By samples, mini-batches and even single
        samples are far ahead of full batches, which step once per 1797 of them; by updates, full batches are as good,
        with Adam or momentum better. In the order of the classes, a mini-batch undoes what others have learned."""
    with run.picture("digits.png", (11, 4.4), caption) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        for axis, unit in zip(axes, ("samples seen", "updates"), strict=True):
            for name, (size, points) in curves.items():
                at = points[:, 0] * (size if unit == "samples seen" else 1)
                axis.plot(at, points[:, 1], color=FORMS[name][-1], label=name, linewidth=1.4)
            axis.set(xlabel=unit, xscale="log", yscale="log", xlim=(20, 2e5) if unit == "samples seen" else (1, 5000))
            axis.grid(alpha=0.3)
        figure.supylabel("cross-entropy of all digits, nats")
        axes[0].legend(loc="lower left")
    rows, at_end = {}, f"loss after {epochs} epochs"
    for name, (size, points) in curves.items():
        seen = np.interp([epochs * len(x) / size, 100], *points.T)
        rows[name] = {"form": name, at_end: seen[0], "loss after 100 updates": seen[1]}
    run.table("the same runs by samples and by updates", rows.values())
    by_samples, by_updates = ({name: list(row.values())[i] for name, row in rows.items()} for i in (1, 2))
    ratio = by_samples["mini-batch stochastic"] / by_samples["full batch"]
    run.expect("after equally many samples: mini-batch stochastic / full batch", ratio, at_most=0.3, form=".3f",
               source="10 seeds", headline=True)  # fmt: skip
    ratio = by_updates["full batch"] / by_updates["stochastic"]
    run.expect("after equally many updates: full batch / stochastic", ratio, at_most=0.9, form=".3f", source="10 seeds")
    ratio = by_samples["mini-batch"] / by_samples["mini-batch stochastic"]
    run.expect("mini-batches in the order of the classes / shuffled", ratio, at_least=3, form=".3g", source="10 seeds")


# --- noise ------------------------------------------------------------------------------------------------------------
def noise(run: Experiment) -> None:
    run.section("Noise")
    run.say("""The gradient of a batch is the mean of B gradients of samples, so its variance is 1 / B of theirs if the
        samples are drawn with replacement. Drawn from a shuffled set of N it is (N - B) / (N - 1) times as large, and 0
        for the full batch. Measured on a linear classifier of digits, at its start.""")
    digits, draws = load_digits(), run.pick(quick=100, full=400)
    x, y = digits.inputs.reshape(-1, 64) / 16, digits.targets  # (N, 64), (N,)
    errors = 0.1 - np.eye(10, dtype=np.float32)[y]  # (N, 10): softmax - one-hot; for the variance of a single sample
    single = float(np.sum(np.einsum("ni,ni->n", x, x) * np.einsum("nc,nc->n", errors, errors)) / len(x))
    single -= float(np.sum((x.T @ errors / len(x)) ** 2))
    w, sizes, found = np.zeros((64, 10), np.float32), 2 ** np.arange(0, 11), {}
    gradient = func.grad(lambda w, x, y: F.cross_entropy(x @ w, y))
    full = gradient(w, x, y).numpy()
    for replace in (True, False):
        found[replace] = [
            np.mean([np.sum((gradient(w, x[i], y[i]).numpy() - full) ** 2)
                     for i in (mg.random.default_generator().choice(len(x), size, replace) for _ in range(draws))])
            for size in run.progress(sizes, "batch sizes")
        ]  # fmt: skip
    theory = single / sizes
    without = theory * (len(x) - sizes) / (len(x) - 1)
    caption = """Variance of a batch's gradient against the size of the batch. Dots are measured, lines are theory:
        slope -1, and less for large batches out of one shuffled epoch."""
    with run.picture("noise.png", (6.5, 4.4), caption) as figure:
        axis = figure.subplots()
        for replace, line, colour, name in ((True, theory, BLUE, "with replacement"),
                                            (False, without, ORANGE, "out of a shuffled set")):  # fmt: skip
            axis.loglog(sizes, found[replace], "o", color=colour, label=name)
            axis.loglog(sizes, line, color=colour)
        axis.set(xlabel="samples in a batch", ylabel="variance of the gradient, sum over weights")
        axis.grid(alpha=0.3)
        axis.legend()
    slope = np.polyfit(np.log(sizes), np.log(found[True]), 1)[0]
    run.expect("variance of the gradient: slope against batch size", slope, at_least=-1.05, at_most=-0.95, form=".3f",
               source="theory: -1")  # fmt: skip
    off = float(np.max(np.abs(np.array([found[True] / theory, found[False] / without]) - 1)))
    run.expect(
        "variance of the gradient: largest deviation from theory", off, at_most=0.35, form=".1%", source="theory"
    )


def escape(run: Experiment) -> None:
    run.section("Escape")
    run.say("""Noise can help to leave a local minimum. An experiment, no theorem: the mean of x⁴/4 - x²/2 + 0.15 x +
        1.5 ξ x over the 442 samples ξ, standardised numbers of the diabetes data, has a shallow minimum on the right,
        where all runs begin, and a deep one on the left. How many are on the left after 500 steps?""")
    samples = standardized(load_diabetes().targets)[:, 0]  # (442,), of mean 0
    start, rows, runs = float(np.roots([1, 0, -1, 0.15]).real.max()), [], run.pick(quick=200, full=1000)
    for size in (1, 2, 4, 8, 16, 32, len(samples)):
        x = Tensor(np.full(runs, start), requires_grad=True)  # all runs side by side
        optimizer = SGD([x], lr=0.1)
        for _ in range(500):
            drawn = mg.random.default_generator().integers(0, len(samples), (runs, size))
            slope = samples[drawn].mean(axis=1) if size < len(samples) else samples.mean()
            optimizer.zero_grad()
            (x**4 / 4 - x**2 / 2 + 0.15 * x + 1.5 * slope * x).sum().backward()
            optimizer.step()
        rows.append({"batch": size, "escaped": float(np.mean(x.detach().numpy() < 0))})
    run.table("escape from the shallow minimum", rows, escaped=".1%")
    caption = """Left: the loss, with the start of all runs. Right: the share of them that left the shallow minimum, most
        with single samples, none with large batches."""
    with run.picture("escape.png", (9.5, 3.8), caption) as figure:
        left, axis = figure.subplots(1, 2)
        at = np.linspace(-1.7, 1.5, 200)
        left.plot(at, at**4 / 4 - at**2 / 2 + 0.15 * at, color=BLUE)
        left.plot(start, start**4 / 4 - start**2 / 2 + 0.15 * start, "o", color=RED, label="start")
        left.set(xlabel="x", ylabel="loss, mean over all samples")
        left.legend()
        axis.bar([str(row["batch"]) for row in rows], [100 * row["escaped"] for row in rows], color=BLUE)
        axis.set(xlabel="samples in a batch (442: all)", ylabel="runs that escaped, %")
    shares = [row["escaped"] for row in rows]
    run.expect("escaped with single samples", shares[0], at_least=0.8, form=".1%", source="10 seeds")
    run.expect("escaped with batches of 4", shares[2], at_least=0.05, at_most=0.3, form=".1%", source="10 seeds")
    run.expect("escaped with batches of 32", shares[-2], at_most=0.01, form=".1%", source="10 seeds")
    run.expect("escaped with the full batch", shares[-1], at_most=0, form=".1%", source="no noise")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "descent"), arguments) as run:
        paths(run)
        digits_curves(run)
        noise(run)
        escape(run)


if __name__ == "__main__":
    main()
