"""The experiment on generated digits: slope, penalty and distance against closed forms, and all of it in quick mode."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the experiments draw with matplotlib")

import minigrad as mg
from minigrad import nn
from tests.examples.quick import run_quick

experiment = importlib.import_module("examples.wgan_gp")


def test_the_slope_of_a_linear_critic_is_the_length_of_its_weights() -> None:
    """Its penalty (|w| - 1)^2 has the gradient 2 (|w| - 1) w / |w|, which takes a gradient of a gradient."""
    mg.manual_seed(0)
    critic = nn.Linear(5, 1)
    norm = experiment.slopes(critic, mg.randn(7, 5), mg.randn(7, 5))
    weights = critic.weight.detach().numpy()[0]
    length = np.linalg.norm(weights)
    np.testing.assert_allclose(norm.detach().numpy(), np.full(7, length), rtol=1e-5)
    (norm - 1).square().mean().backward()
    np.testing.assert_allclose(critic.weight.grad.numpy()[0], 2 * (length - 1) * weights / length, rtol=1e-4)


def test_energy_distance() -> None:
    zeros, ones = np.zeros((3, 1)), np.ones((4, 1))
    assert experiment.energy_distance(zeros, ones) == pytest.approx(2)
    assert experiment.energy_distance(zeros, zeros) == 0
    x, y = np.random.default_rng(0).standard_normal((2, 300, 2))
    assert abs(experiment.energy_distance(x, y)) < 0.05 < 0.3 < experiment.energy_distance(x, y + 1)


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    receipt = run_quick("wgan_gp", tmp_path)
    rows = {row["images"]: row["energy distance"] for row in receipt["tables"]["how good the images are"]}
    assert rows["training digits"] < rows["gradient penalty"] < rows["weight clipping"] < rows["noise"]
