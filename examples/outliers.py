"""Squares or sizes of errors: which outliers take a line along, and what it costs to resist them.

Checks these claims of lecture notes on losses, and says where they need a correction:

- The optimum of L1 is the median, that of L2 the mean.
- L1 is robust, L2 prone to outliers. True of outliers in what is predicted. An outlier in what it is predicted *from*
  takes both lines along.
- L1 is costly to optimise, L2 cheap: one linear system against steps along subgradients.

The data come with scikit-learn: body mass index of diabetes patients, and how far the disease was a year later.

    python examples/outliers.py            pictures and a receipt go to runs/outliers
    python examples/outliers.py --help

Expected (base seeds 0 to 9): L1's slope is the same to the last bit for an outlier of 10 and of 1000 standard
deviations, and the change of L2's grows a hundredfold; a patient moved aside by 1000 brings both slopes below 0.01;
for the fifth digit of the loss, L1 takes 11 to 26 times the steps of L2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from minigrad import Tensor, autograd, no_grad
from minigrad.data.readers import load_diabetes
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

BLUE, VERMILION = "#0072B2", "#D55E00"
PATIENTS = 60
Loss = Callable[..., Tensor]


# --- lines through points ---------------------------------------------------------------------------------------------
def patients(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Body mass index and progression of some patients, both in standard deviations from the mean of all of them."""
    table = load_diabetes()
    x, y = (np.asarray(column, np.float64) for column in (table.inputs[:, 2], table.targets[:, 0]))
    chosen = np.random.default_rng(seed).choice(len(x), PATIENTS, replace=False)
    return ((x - x.mean()) / x.std())[chosen], ((y - y.mean()) / y.std())[chosen]


def squares_line(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Slope and intercept of the smallest sum of squares: one linear system."""
    return np.linalg.lstsq(np.column_stack([x, np.ones_like(x)]), y, rcond=None)[0]


def sizes_line(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Slope and intercept of the smallest sum of sizes, exactly: some best line passes through two of the points."""
    i, j = np.array([*combinations(range(len(x)), 2)]).T
    i, j = i[x[i] != x[j]], j[x[i] != x[j]]
    slopes = (y[i] - y[j]) / (x[i] - x[j])
    intercepts = y[i] - slopes * x[i]
    costs = np.abs(slopes[:, None] * x + intercepts[:, None] - y).sum(1)
    best = costs.argmin()
    return np.array([slopes[best], intercepts[best]])


def descend(loss: Loss, x: np.ndarray, y: np.ndarray, steps: int, size: Callable[[int], float]) -> list[float]:
    """The mean loss of a line before each step against its gradient (for sizes: a subgradient), from slope 0."""
    line, inputs, costs = Tensor(np.zeros(2), requires_grad=True), np.column_stack([x, np.ones_like(x)]), []
    for step in range(steps):
        cost = loss(inputs @ line, y)
        (gradient,) = autograd.grad(cost, line)
        with no_grad():
            line -= size(step) * gradient
        costs.append(cost.item())
    return costs


def first_below(costs: Sequence[float], bound: float) -> int:
    """How many steps it took; as many as there were, if they were not enough."""
    found = np.flatnonzero(np.asarray(costs) <= bound)
    return int(found[0]) if len(found) else len(costs)


# --- the sections -----------------------------------------------------------------------------------------------------
def influence(run: Experiment) -> None:
    run.section(
        "L1 and L2", "The number closest to 1, 2, 3, 4 and 100; then a line through 60 patients, one of them odd."
    )
    numbers = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
    centre = {}
    for name, loss, size in (("L2", F.mse_loss, lambda t: 0.25), ("L1", F.l1_loss, lambda t: 4 / (t + 1))):
        c = Tensor(0.0, requires_grad=True, dtype=np.float64)
        for step in range(200):
            (gradient,) = autograd.grad(loss(c.expand(5), numbers), c)
            with no_grad():
                c -= size(step) * gradient
        centre[name] = c.item()
    run.expect(
        "L2's centre of 1, 2, 3, 4, 100", centre["L2"], at_least=21.999, at_most=22.001, form=".3f", source="the mean"
    )
    run.expect(
        "L1's centre of 1, 2, 3, 4, 100", centre["L1"], at_least=2.97, at_most=3.03, form=".3f", source="the median"
    )

    moves = np.array([0, 1, 2, 3, 5, 7, 10, 20, 30, 50, 70, 100, 200, 300, 500, 700, 1000.0])
    changes: dict[str, list[np.ndarray]] = {"L2, up": [], "L1, up": [], "L2, aside": [], "L1, aside": []}
    for seed in run.progress(run.seeds(run.pick(quick=5, full=20)), "lines"):
        x, y = patients(seed)
        odd = np.arange(PATIENTS) == x.argmax()
        for name, fit in (("L2", squares_line), ("L1", sizes_line)):
            changes[f"{name}, up"].append(np.array([fit(x, y + move * odd)[0] for move in moves]))
            changes[f"{name}, aside"].append(np.array([fit(x + move * odd, y)[0] for move in moves]))
    slopes = {name: np.array(each) for name, each in changes.items()}  # (seeds, moves)
    middle = {name: np.median(each, 0) for name, each in slopes.items()}
    rows = [{"moved by (std)": int(m)} | {name: middle[name][k] for name in middle} for k, m in enumerate(moves)]
    rows = [row for row in rows if row["moved by (std)"] in (0, 1, 10, 100, 1000)]
    name = "median slope when the patient of the highest index moves up, or aside"
    run.table(name, rows, **dict.fromkeys(middle, ".3f"))
    run.say(
        """Up: L2's line follows without end, L1's only sees on which side the patient is, not how far. Aside: both
        lines end up through the odd patient. "L1 is robust" holds for what is predicted, not for the inputs."""
    )
    with run.picture(
        "outliers.png", (9, 3.8), "Left, one target moves: L2's slope grows in proportion, L1's stays. Right, one input"
        " moves: neither loss helps, both slopes go to 0, where the line passes through the odd patient.",
    ) as figure:  # fmt: skip
        for ax, way, what in zip(
            figure.subplots(1, 2), ("up", "aside"), ("progression", "body mass index"), strict=True
        ):
            for name, colour, mark in (("L2", VERMILION, "o"), ("L1", BLUE, "s")):
                ax.plot(moves, middle[f"{name}, {way}"], mark + "-", color=colour, label=name, ms=4)
            ax.set_xscale("symlog", linthresh=1)
            ax.set(xlabel=f"{what} of one patient moved by (std)", ylabel="slope of the line (std per std)")
            ax.legend()
        figure.axes[0].set_yscale("symlog", linthresh=1)
    ten, thousand = np.flatnonzero(moves == 10)[0], -1
    up = {name: slopes[f"{name}, up"] - slopes[f"{name}, up"][:, :1] for name in ("L1", "L2")}
    growth = np.abs(slopes["L1, up"][:, thousand] - slopes["L1, up"][:, ten]).max()
    run.expect(
        "change of L1's slope, outlier 10 to 1000", growth, at_most=1e-9, source="bounded influence", headline=True
    )
    ratio = np.median(up["L2"][:, thousand] / up["L2"][:, ten])
    run.expect(
        "growth of L2's, outlier 10 to 1000", ratio, at_least=99.999, at_most=100.001, form=".3f", source="closed form"
    )
    aside = np.abs(slopes["L1, aside"][:, -1]).max()
    run.expect("L1's slope, input moved by 1000", aside, at_most=0.01, source="leverage: the line goes through it")


def effort(run: Experiment) -> None:
    run.section(
        "The price of robustness", "Steps until the loss is within a 100,000th of the best line's, from slope 0."
    )
    steps, rows, curves = run.pick(quick=1500, full=4000), [], {}
    for seed in run.progress(run.seeds(run.pick(quick=12, full=25)), "descents"):
        x, y = patients(seed)
        for name, loss, fit, size in (
            ("L2", F.mse_loss, squares_line, lambda step: 0.2),
            ("L1", F.l1_loss, sizes_line, lambda step: 0.3 / np.sqrt(step + 1)),
        ):
            slope, intercept = fit(x, y)
            best = loss(Tensor(slope * x + intercept), y).item()
            costs = descend(loss, x, y, steps if name == "L1" else 200, size)
            rows.append({"seed": seed, "loss": name, "steps": first_below(costs, best * (1 + 1e-5))})
            curves[name] = np.minimum.accumulate(costs) / best - 1
    run.table("steps of the first patients", rows[:8])
    taken = {name: float(np.median([row["steps"] for row in rows if row["loss"] == name])) for name in ("L2", "L1")}
    run.say(
        f"""Gradient descent takes {taken["L2"]:.0f} steps for L2, which needs none: one linear system gives its line.
        L1 takes {taken["L1"]:.0f}, in steps that must shrink, since its slope does not fade near the best line.
        "Costly" is relative: linear programming, or here trying all pairs of points, gives L1's line exactly."""
    )
    with run.picture(
        "effort.png", (6, 3.8), "Last patients. L2 gains digits at a steady rate; L1, with steps of 0.3/√t, by luck."
    ) as figure:
        ax = figure.subplots()
        for name, colour in (("L2", VERMILION), ("L1", BLUE)):
            ax.loglog(np.arange(1, len(curves[name]) + 1), np.maximum(curves[name], 1e-12), color=colour, label=name)
        ax.axhline(1e-5, color="grey", lw=1, ls=":")
        ax.set(xlabel="step", ylabel="best loss so far, above the optimum\n(share of the optimum)", ylim=(1e-8, None))
        ax.legend()
    run.expect(
        "steps of L1 for one of L2 (median)", taken["L1"] / taken["L2"], at_least=4, source="10 base seeds: 11 to 26"
    )
    x, y = patients(run.seed)
    design = np.column_stack([x, np.ones_like(x)])
    line = Tensor(squares_line(x, y), requires_grad=True)
    (gradient,) = autograd.grad(F.mse_loss(design @ line, y), line)
    left = np.abs(gradient.numpy()).max()
    run.expect("gradient that one solve leaves of L2", left, at_most=1e-12, form=".1e", source="normal equations")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "outliers"), arguments) as run:
        influence(run)
        effort(run)


if __name__ == "__main__":
    main()
