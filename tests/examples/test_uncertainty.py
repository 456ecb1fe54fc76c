"""examples/uncertainty.py: regression that says how sure it is."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from minigrad import random
from tests.examples.quick import run_quick

uncertainty = importlib.import_module("examples.uncertainty")


def test_constant_noise_finds_the_closed_form():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 2)).astype(np.float32)
    y = (x @ [[1.0], [-0.5]] + 0.3 * rng.standard_normal((200, 1))).astype(np.float32)
    random.manual_seed(0)
    mean, deviation = uncertainty.predict(uncertainty.fit(uncertainty.ConstantNoise(2), x, y, 300), x)
    design = np.column_stack([x, np.ones(200)])
    best = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    np.testing.assert_allclose(mean, best, atol=0.01)
    np.testing.assert_allclose(deviation, np.sqrt(np.mean((y - best) ** 2)), rtol=0.02)


def test_judge_counts_what_lies_in_the_bands():
    y = np.array([[0.0], [0.5], [1.5], [2.5]])
    found = uncertainty.judge(np.zeros((4, 1)), np.ones((4, 1)), y)
    assert (found["in 68 %"], found["in 95 %"]) == (0.5, 0.75)
    assert found["loss (nats)"] == pytest.approx(0.5 * np.mean(y**2) + 0.5 * np.log(2 * np.pi))


@pytest.mark.slow
def test_quick_run_is_as_expected(tmp_path):
    run_quick("uncertainty", tmp_path)
