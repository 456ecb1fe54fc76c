"""Signs of gradients behind sigmoids and tanh, and the walk of two weights."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from examples import zero_centred as experiment
from minigrad import Tensor, nn
from tests.examples.quick import run_quick


def test_one_sample_gives_sigmoid_neurons_gradients_of_one_sign_but_no_layer() -> None:
    generator = mg.manual_seed(0)
    images, labels = Tensor(generator.standard_normal((20, 64), np.float32)), Tensor(generator.integers(0, 10, 20))
    assert experiment.same_sign(nn.Sigmoid, images, labels, 1) == (1.0, 0.0)
    assert experiment.same_sign(nn.Tanh, images, labels, 1) == (0.0, 0.0)
    assert 0.2 < experiment.same_sign(nn.Sigmoid, images, labels, 8)[0] < 0.9


def test_positive_inputs_move_both_weights_alike_and_arrive_later() -> None:
    h = np.random.default_rng(0).uniform(0.1, 0.9, (200, 2))
    positive, centred = experiment.walk(h), experiment.walk(h - 0.5)
    assert (np.diff(positive[:20], axis=0).prod(axis=1) > 0).all()
    assert not (np.diff(centred[:20], axis=0).prod(axis=1) > 0).all()
    assert experiment.arrival(centred) < experiment.arrival(positive) < 200
    assert experiment.arrival(positive[:3]) == 3  # not yet there


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    run_quick("zero_centred", tmp_path)
