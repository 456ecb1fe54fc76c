"""examples/positive.py: outputs that must be positive."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from tests.examples.quick import run_quick

positive = importlib.import_module("examples.positive")


def test_dead_outputs_stay_0_and_only_they_have_no_gradient():
    x, y = np.array([[1.0], [2.0]], np.float32), np.array([[1.0], [2.0]], np.float32)
    dead, out = positive.train("relu", x, y, number=40, steps=30, seed=0)
    assert 0 < dead.sum() < 40 and not out[:, dead].any()
    dead, out = positive.train("softplus", x, y, number=40, steps=30, seed=0)
    assert not dead.any() and (out > 0).all()


def test_chance_of_a_dead_output_is_that_of_two_signs():
    # At 1 and 2, w + b and 2 w + b are both at most 0 for w and b even in (-1, 1): 1/4 below both zeros, and parts of
    # the two mixed quarters: w < 0 < b needs b <= -w (half of it), w > 0 > b needs b <= -2 w (a quarter of it).
    assert positive.dead_by_chance(np.array([[1.0], [2.0]]), 0) == pytest.approx(1 / 4 + 1 / 8 + 1 / 16, abs=0.015)


@pytest.mark.slow
def test_quick_run_is_as_expected(tmp_path):
    run_quick("positive", tmp_path)
