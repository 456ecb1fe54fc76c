"""The experiment on cures: normalisations against closed forms, the four runs, and all of it in quick mode."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the experiments draw with matplotlib")

from minigrad import nn
from tests.examples.quick import run_quick

experiment = importlib.import_module("examples.gradient_cures")


@pytest.mark.parametrize(
    ("norm", "chi"),
    [
        (lambda: nn.LayerNorm(128), 1.0),
        (lambda: nn.GroupNorm(16, 128), 6 / 5),
        (lambda: experiment.instance_norm(16, 8), 6 / 5),
        (lambda: nn.BatchNorm1d(128), math.pi / (math.pi - 1)),
    ],
    ids=["layer", "group", "instance", "batch"],
)
def test_growth_by_normalisation(norm, chi: float) -> None:
    log = experiment.flow(lambda: experiment.normalized(128, norm), 8, 128, seeds=range(5), samples=32)
    assert log[-1] == 0
    growth = experiment.growth(log)
    assert growth == pytest.approx(chi, abs=0.1)


def test_a_lost_run_ends_in_infinity() -> None:
    x, y = np.random.default_rng(0).standard_normal((100, 64)).astype(np.float32), np.arange(100) % 10
    lost = experiment.train(x, y, seed=0, rate=1e4, clip=False, warm_up=False, steps=20)
    clipped = experiment.train(x, y, seed=0, rate=1e4, clip=True, warm_up=False, steps=3)
    assert lost[-1] == math.inf and np.isfinite(clipped).all() and lost[0] == clipped[0]


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    receipt = run_quick("gradient_cures", tmp_path)
    rows = {row["normalisation"]: row for row in receipt["tables"]["squared gradient, per layer down"]}
    assert rows["batch"]["layer 1 / 30"] > 100 > 10 > rows["layer"]["layer 1 / 30"]
