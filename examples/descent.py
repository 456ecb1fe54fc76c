"""Gradient descent in its forms: full batch, stochastic, mini-batch, momentum, Adam; their paths and their curves.

Checks what the notes say of them: full batches are exact, single samples are noisy, small random batches balance the
two, momentum and Adam remember. How noisy batches are: batch_noise.py. How long a step may be: step_size.py.

    python examples/descent.py            pictures and a receipt go to runs/descent
    python examples/descent.py --help

Expected: after equally many samples mini-batches have at most 0.3 of the full batch's loss, after equally many updates
it is the other way round with single samples; in the order of the classes, mini-batches are at least 3 times worse
than shuffled. Over the base seeds 0 to 9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.data import DataLoader, TensorDataset
from minigrad.data.readers import load_diabetes, load_digits
from minigrad.experiment import Experiment, options
from minigrad.nn import functional as F


@dataclass(frozen=True)
class Form:
    """A way to descend."""

    name: str
    batch: int | None  # None: all samples
    shuffle: bool
    optimizer: Callable[..., optim.Optimizer]
    rate: float  # with two weights
    digits_rate: float
    colour: str


MOMENTUM = partial(optim.SGD, momentum=0.9)
FORMS = (
    Form("full batch", None, False, optim.SGD, 0.3, 0.5, "#0072B2"),
    Form("stochastic", 1, True, optim.SGD, 0.05, 0.02, "#D55E00"),
    Form("mini-batch", 32, False, optim.SGD, 0.1, 0.2, "#CC79A7"),
    Form("mini-batch stochastic", 32, True, optim.SGD, 0.1, 0.2, "#E69F00"),
    Form("momentum", None, False, MOMENTUM, 0.1, 0.2, "#009E73"),
    Form("Adam", None, False, optim.Adam, 0.1, 0.01, "#56B4E9"),
)


def standardized(table: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and variance 1, in float64."""
    table = np.asarray(table, dtype=np.float64)
    return (table - table.mean(axis=0)) / table.std(axis=0)


def batches(data: TensorDataset, form: Form, updates: int) -> list:
    """As many batches as there are updates, epoch after epoch."""
    loader, drawn = DataLoader(data, batch_size=form.batch or len(data), shuffle=form.shuffle), []
    while len(drawn) < updates:
        drawn += list(loader)
    return drawn[:updates]


# --- two weights ------------------------------------------------------------------------------------------------------
def paths(run: Experiment) -> None:
    run.section("Paths")
    run.say("""Two weights: a regression of 442 patients' diabetes on two blood values that are much alike, so that the
        loss is a narrow valley. 150 updates in six ways, from the same start to the optimum, which lstsq knows.""")
    x, y = standardized(load_diabetes().inputs[:, 4:6]), standardized(load_diabetes().targets)[:, 0]  # (442, 2), (442,)
    best = np.linalg.lstsq(x, y, rcond=None)[0]

    def excess(step: np.ndarray) -> np.ndarray:
        """The loss above its least, exactly, a step away from the optimum: (..., 2) to (...)."""
        return np.einsum("...i,ij,...j", step, x.T @ x / len(x), step)

    start, rows = np.array([2.2, -0.8]), {}  # from the optimum
    caption = """Loss over two weights, in steps of a factor 4; the cross is the optimum. The full batch creeps along
        the valley. Single samples stagger and never come to rest. Mini-batches are in between. Momentum swings and
        arrives earlier; Adam takes equal steps in both weights at first."""
    with run.picture("paths.png", (11, 7), caption) as figure:
        axes = figure.subplots(2, 3, sharex=True, sharey=True)
        grid = np.stack(np.meshgrid(np.linspace(-1, 2.6, 90), np.linspace(-2.4, 1.2, 90)), axis=-1)  # (90, 90, 2)
        for axis, form in zip(axes.flat, FORMS, strict=True):
            mg.manual_seed(run.seed)
            w = Tensor(best + start, requires_grad=True)
            optimizer, path = form.optimizer([w], lr=form.rate), [start]
            for inputs, targets in batches(TensorDataset(x, y), form, 150):
                optimizer.zero_grad()
                F.mse_loss(inputs @ w, targets).backward()
                optimizer.step()
                path.append(w.detach().numpy() - best)
            left = excess(np.array(path))
            close = int(np.argmax(left < left[0] / 100)) or None
            rows[form.name] = {
                "form": form.name,
                "batch": form.batch or len(x),
                "rate": form.rate,
                "updates to 1 % of the excess": close,
                "excess loss at the end": left[-30:].mean(),
            }
            axis.contour(*np.moveaxis(grid, -1, 0), excess(grid), levels=0.002 * 4.0 ** np.arange(7), colors="#BBBBBB")
            axis.plot(*np.array(path).T, ".-", color=form.colour, markersize=3, linewidth=0.9)
            axis.plot(0, 0, "k+", markersize=10)
            axis.set_title(f"{form.name}, rate {form.rate}")
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
    for form in run.progress(FORMS, "forms"):
        mg.manual_seed(run.seed)
        model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        optimizer, size = form.optimizer(model.parameters(), lr=form.digits_rate), form.batch or len(x)
        updates, points = max(epochs * len(x) // size, 100), []
        for update, (inputs, targets) in enumerate(batches(data, form, updates)):
            if update < 6 or update % max(updates // 40, 1) == 0:
                points.append((update, F.cross_entropy(model(x), y).item()))
            optimizer.zero_grad()
            F.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
        points.append((updates, F.cross_entropy(model(x), y).item()))
        curves[form.name] = size, np.array(points)
    caption = """The same runs against samples seen, and against updates. By samples, mini-batches and even single
        samples are far ahead of full batches, which step once per 1797 of them; by updates, full batches are as good,
        with Adam or momentum better. In the order of the classes, a mini-batch undoes what others have learned."""
    with run.picture("digits.png", (11, 4.4), caption) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        for axis, unit in zip(axes, ("samples seen", "updates"), strict=True):
            for form, (size, points) in zip(FORMS, curves.values(), strict=True):
                at = points[:, 0] * (size if unit == "samples seen" else 1)
                axis.plot(at, points[:, 1], color=form.colour, label=form.name, linewidth=1.4)
            axis.set(xlabel=unit, xscale="log", yscale="log", xlim=(20, 2e5) if unit == "samples seen" else (1, 5000))
            axis.grid(alpha=0.3)
        figure.supylabel("cross-entropy of all digits, nats")
        axes[0].legend(loc="lower left")
    by_samples = {name: np.interp(epochs * len(x) / size, *points.T) for name, (size, points) in curves.items()}
    by_updates = {name: np.interp(100, *points.T) for name, (_, points) in curves.items()}
    rows = [{"form": name, f"loss after {epochs} epochs": by_samples[name], "loss after 100 updates": by_updates[name]}
            for name in curves]  # fmt: skip
    run.table("the same runs by samples and by updates", rows)
    ratio = by_samples["mini-batch stochastic"] / by_samples["full batch"]
    run.expect("after equally many samples: mini-batch stochastic / full batch", ratio, at_most=0.3, form=".3f",
               source="10 seeds", headline=True)  # fmt: skip
    ratio = by_updates["full batch"] / by_updates["stochastic"]
    run.expect("after equally many updates: full batch / stochastic", ratio, at_most=0.3, form=".3f", source="10 seeds")
    ratio = by_samples["mini-batch"] / by_samples["mini-batch stochastic"]
    run.expect("mini-batches in the order of the classes / shuffled", ratio, at_least=3, form=".3g", source="10 seeds")


def main(arguments: Sequence[str] | None = None) -> None:
    with Experiment(options(__doc__, "descent"), arguments) as run:
        paths(run)
        digits_curves(run)


if __name__ == "__main__":
    main()
