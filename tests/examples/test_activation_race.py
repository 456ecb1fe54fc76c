"""The race of activations, and recurrent states without input."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from examples import activation_race as experiment
from minigrad import Tensor
from tests.examples.quick import run_quick


def test_a_race_ends_at_the_goal_at_the_limit_or_in_an_explosion() -> None:
    generator = mg.manual_seed(0)
    labels = generator.integers(0, 10, 40)
    images = Tensor(np.eye(64, dtype=np.float32)[labels] * 5)  # a task without difficulty
    won = experiment.race(experiment.build("ReLU"), images, Tensor(labels), 0.3, 200)
    assert won[-1] < experiment.GOAL <= min(won[:-1])
    assert len(experiment.race(experiment.build("sigmoid"), images, Tensor(labels), 1e-6, 20)) == 3
    lost = experiment.race(experiment.build("ELU"), images, Tensor(labels), 1e4, 200)
    assert not lost[-1] < 1e3 and len(lost) < 21


@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_relus_grow_by_the_gain_over_the_root_of_two(gain: float) -> None:
    mg.manual_seed(0)
    sizes = experiment.feed_back("relu", gain, 400, 31)
    assert (sizes[30] / sizes[10]) ** (1 / 20) == pytest.approx(gain / math.sqrt(2), rel=0.2)  # one run
    assert experiment.feed_back("tanh", gain, 400, 31)[1:].max() < 1


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    run_quick("activation_race", tmp_path)
