"""How long a step may be: the limit 2 / λmax on both sides, and what Adam's steps depend on.

Checks two statements of the notes. A step against the gradient lowers the loss: only one that is short enough. Adam
divides the mean gradient by the root of the mean square: the notes leave out the correction that makes its first step
as long as the rate.

    python examples/step_size.py            pictures and a receipt go to runs/step_size
    python examples/step_size.py --help

Expected: every run below the limit converges and every run above diverges; factors to 1e-9; Adam's first step within a
thousandth of the rate. Nothing here depends on chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minigrad import Tensor, func, optim
from minigrad.data.readers import load_diabetes, load_digits
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F

BLUE, ORANGE, RED, SKY = "#0072B2", "#E69F00", "#D55E00", "#56B4E9"
SGD, ADAM = optim.SGD, optim.Adam


def standardized(table: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and variance 1, in float64."""
    table = np.asarray(table, dtype=np.float64)
    return (table - table.mean(axis=0)) / table.std(axis=0)


def step_limit(run: Experiment) -> None:
    run.section("Step limit")
    run.say("""A step against the gradient lowers the loss, say the notes: only a short one. Along an eigenvector of the
        second derivatives with eigenvalue λ, a step multiplies the distance from the optimum by 1 - rate · λ. So it
        shrinks exactly if the rate is below 2 / λmax; with momentum β the limit is 2 (1 + β) / λmax. A quadratic with λ
        = 1 and 10, and a regression on all ten columns of the diabetes data, whose λmax comes from func.hessian.""")
    table = load_diabetes()
    x, y = standardized(table.inputs), standardized(table.targets)[:, 0]  # (442, 10), (442,)
    problems = {
        "quadratic": (lambda w: 0.5 * (w[0] ** 2 + 10 * w[1] ** 2), np.zeros(2)),
        "regression": (lambda w: F.mse_loss(x @ w, y), np.linalg.lstsq(x, y, rcond=None)[0]),
    }
    rows, curves, worst, right = [], {}, 0.0, 0
    for name, (loss, best) in problems.items():
        curvature, directions = np.linalg.eigh(func.hessian(loss)(Tensor(best)).numpy())
        for momentum in (0.0, 0.9):
            for share in (0.99, 1.01):
                w = Tensor(best + directions[:, -1], requires_grad=True)
                rate = share * 2 * (1 + momentum) / curvature[-1]
                optimizer, path = SGD([w], lr=rate, momentum=momentum), [1.0]
                for _ in range(400):
                    optimizer.zero_grad()
                    loss(w).backward()
                    optimizer.step()
                    path.append(float(np.linalg.norm(w.detach().numpy() - best)))
                curves[name, momentum, share] = path
                if not momentum:
                    worst = max(worst, abs(path[1] - abs(1 - 2 * share)))
                right += (path[-1] < path[0]) == (share < 1)
                rows.append({"loss": name, "λmax": curvature[-1], "momentum": momentum, "rate / limit": share,
                             "distance after 400 steps": path[-1]})  # fmt: skip
    run.table("just below and just above the limit", rows, **{"λmax": ".3f", "distance after 400 steps": ".3g"})
    caption = """Distance from the optimum of the regression, which starts at 1 in the steepest direction. One percent
        in the rate decides between convergence and explosion; momentum moves the limit, and no more."""
    with run.picture("step_limit.png", (8, 4.4), caption) as figure:
        axis = figure.subplots()
        for momentum, share, colour in ((0.0, 0.99, BLUE), (0.0, 1.01, RED), (0.9, 0.99, SKY), (0.9, 1.01, ORANGE)):
            label = f"momentum {momentum}, {share} of the limit"
            axis.semilogy(curves["regression", momentum, share], color=colour, label=label)
        axis.set(xlabel="step", ylabel="distance from the optimum", ylim=(1e-6, 1e6))
        axis.grid(alpha=0.3)
        axis.legend()
    run.expect("runs that converge below the limit and diverge above", right, at_least=8, at_most=8, form=".0f",
               source="theory", headline=True)  # fmt: skip
    run.expect("factor of the distance in one step: deviation from |1 - rate · λ|", worst, at_most=1e-9, form=".1e",
               source="theory")  # fmt: skip


def adam(run: Experiment) -> None:
    run.section("Adam")
    plain = 0.1 / math.sqrt(0.001)  # of any gradient: 0.1 g / √(0.001 g²)
    run.say(f"""u / √v has the size of no gradient: a first step is as long as the rate, and a loss in other units makes
        no difference. Measured on a linear classifier of digits. The notes leave out the correction of u and v for
        their start at 0; without it the first step would be (1 - β1) / √(1 - β2) = {plain:.2f} rates long.""")
    digits = load_digits()
    x, y = digits.inputs.reshape(-1, 64).astype(np.float64) / 16, digits.targets

    def walk(kind: type, scale: float, steps: int) -> np.ndarray:
        w = Tensor(np.zeros((64, 10)), requires_grad=True)
        optimizer = kind([w], lr=0.01)
        for _ in range(steps):
            optimizer.zero_grad()
            (scale * F.cross_entropy(x @ w, y)).backward()
            optimizer.step()
        return w.detach().numpy()

    first = np.abs(walk(ADAM, 1, 1)[x.any(axis=0)]) / 0.01  # pixels that are always 0 have no gradient
    changes = {}
    for name, kind in (("Adam", ADAM), ("SGD", SGD)):
        once, scaled = walk(kind, 1, 50), walk(kind, 1000, 50)
        changes[name] = np.linalg.norm(scaled - once) / np.linalg.norm(once)
    run.expect("Adam: median length of the first step, in rates", np.median(first), at_least=0.999, at_most=1.001,
               form=".4f", source="theory")  # fmt: skip
    run.expect(
        "Adam, loss × 1000: change of the weights after 50 steps", changes["Adam"], at_most=0.01, source="theory"
    )
    run.expect("SGD, loss × 1000: change of the weights after 50 steps", changes["SGD"], at_least=5, source="10 seeds")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "step_size"), arguments) as run:
        step_limit(run)
        adam(run)


if __name__ == "__main__":
    main()
