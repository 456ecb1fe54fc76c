"""The experiment on gradients through depth: its measurement against closed forms, and all of it in quick mode."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the experiments draw with matplotlib")

import minigrad as mg
from tests.examples.quick import run_quick

experiment = importlib.import_module("examples.gradient_flow")


def test_a_linear_chain_keeps_what_the_variance_says() -> None:
    """Without an activation every layer multiplies the mean square by exactly the variance, up to 1 / width."""
    mg.manual_seed(0)
    log = np.log(experiment.flow(lambda x: x, 0.25, 6, mg.randn(50, 200)))
    assert log[-1] == 0
    assert experiment.slope(log) == pytest.approx(0.5 * math.log(0.25), abs=0.02)


def test_relu_halves_the_squared_gradient() -> None:
    mg.manual_seed(0)
    log = np.log(experiment.flow(mg.relu, 1.0, 6, mg.randn(50, 200)))
    assert experiment.slope(log) == pytest.approx(0.5 * math.log(0.5), abs=0.03)


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    receipt = run_quick("gradient_flow", tmp_path)
    rows = {row["network"]: row for row in receipt["tables"]["gradient of the activations, per layer down"]}
    assert rows["tanh, σ = 22"]["measured slope"] == pytest.approx(math.log(3.48), abs=0.02)
