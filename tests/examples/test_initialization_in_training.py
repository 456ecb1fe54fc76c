"""Starts of a deep network: the size of the signal that each leaves, the fixed point of 5/3, and a quick run."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from examples import initialization_in_training as experiment
from minigrad import Tensor, nn
from tests.examples.quick import run_quick


def test_lsuv_gives_every_layer_unit_variance_on_the_data() -> None:
    images = Tensor(mg.manual_seed(0).standard_normal((256, 64), np.float32))
    h = images
    for layer in experiment.network("LSUV", images):
        h = layer(h)
        if isinstance(layer, nn.Linear):
            assert float(np.std(h.detach().numpy())) == pytest.approx(1, rel=0.01)


def test_the_usual_uniform_weights_lose_the_signal_and_he_keeps_it() -> None:
    images = Tensor(mg.manual_seed(0).standard_normal((256, 64), np.float32))
    ends = {}
    for start in experiment.STARTS:
        with mg.no_grad():
            ends[start] = float(np.std(experiment.network(start, images)[:-1](images).numpy()))
    assert ends["all zero"] == 0 and ends["std 0.01"] < 1e-9 and ends["std 1"] > 1e6
    assert ends["U(±1/√n)"] < 1e-2 < 0.1 < ends["He, std √(2/n)"] < 3


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    run_quick("initialization_in_training", tmp_path)
