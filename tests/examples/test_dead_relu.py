"""Dead ReLUs: what counts as dead, that the dead stay dead, and a quick run."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from examples import dead_relu as experiment
from minigrad import Tensor, nn, optim
from tests.examples.quick import run_quick


def test_a_unit_is_dead_if_it_is_0_for_all_images_and_then_its_weights_stay() -> None:
    generator = mg.manual_seed(0)
    images, labels = Tensor(generator.standard_normal((30, 64), np.float32)), Tensor(generator.integers(0, 10, 30))
    model = experiment.build("ReLU")
    with mg.no_grad():
        model[0].bias[:5] = -100.0
    assert experiment.dead(model, images)[0].tolist() == [True] * 5 + [False] * 59
    before = model[0].weight.detach().numpy().copy()
    experiment.train(model, optim.SGD(model.parameters(), lr=0.1), images, labels, 5)
    moved = np.abs(model[0].weight.detach().numpy() - before).max(axis=1)
    assert (moved[:5] == 0).all() and (moved[5:] > 0).any()


@pytest.mark.parametrize("kind", experiment.KINDS)
def test_all_kinds_have_two_hidden_layers(kind: str) -> None:
    model = experiment.build(kind)
    assert model(mg.zeros(3, 64)).shape == (3, 10)
    assert sum(isinstance(layer, (nn.Linear, nn.Maxout)) for layer in model) == 3


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    run_quick("dead_relu", tmp_path)
