"""Saturated units and saturated outputs: exact numbers on small input, and a quick run."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from examples import saturation as experiment
from minigrad import Tensor
from tests.examples.quick import run_quick


@pytest.mark.parametrize(
    ("z", "cross", "squared"), [(-10, -0.99995, -9.08e-5), (-5, -0.9933, -0.01321), (0, -0.5, -0.25)]
)
def test_cross_entropy_pulls_where_squared_error_lets_go(z: float, cross: float, squared: float) -> None:
    measured = [experiment.pull(loss, z) for loss in experiment.LOSSES.values()]
    np.testing.assert_allclose(measured, [cross, squared], rtol=1e-3)
    assert measured[0] / measured[1] == pytest.approx((1 + math.exp(-z)) * (1 + math.exp(z)) / 2)


def test_the_way_back_from_saturation_is_as_long_as_the_closed_form_says() -> None:
    ways = [experiment.climb(loss, -5.0) for loss in experiment.LOSSES.values()]
    assert [len(way) - 1 for way in ways] == pytest.approx([6, (15 + 3.5 + math.exp(5) - 1) / 2], rel=0.1)
    assert all(way == sorted(way) and way[-1] >= 0.4999 for way in ways)


@pytest.mark.parametrize("activation", [mg.sigmoid, mg.tanh])
def test_slopes_are_the_derivative(activation) -> None:
    z = Tensor(np.linspace(-3, 3, 7), requires_grad=True)
    h = activation(z)
    h.sum().backward()
    np.testing.assert_allclose(experiment.slopes(activation, h.detach().numpy()), z.grad.numpy(), atol=1e-12)


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    receipt = run_quick("saturation", tmp_path)
    rows = {(row["case"], row["layer"]): row for row in receipt["tables"]["units and gradients by depth"]}
    explodes, vanishes = rows["tanh, std 1", 1], rows["sigmoid, std 1/√n", 1]
    assert explodes["saturated"] > 0.9 and explodes["dL/dh"] > 1e4
    assert vanishes["saturated"] < 0.001 and vanishes["dL/dh"] < 1e-5
