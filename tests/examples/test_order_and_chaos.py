"""Correlations and singular values of random layers against exact numbers."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from examples import order_and_chaos as experiment
from tests.examples.quick import run_quick


def test_theory_of_two_inputs_has_its_limits() -> None:
    same, chi = experiment.predicted((1.5, 0.0), 1.0, 8)
    np.testing.assert_allclose(same, 1, atol=1e-9)  # equal inputs stay equal
    apart, _ = experiment.predicted((1.5, 0.0), 0.0, 8)
    np.testing.assert_allclose(apart, 0, atol=1e-9)  # and unrelated ones unrelated, without biases
    assert chi == pytest.approx(1.139, abs=0.01) and experiment.predicted((1.0, 0.3), 0.5, 30)[1] < 1


def test_orthogonal_layers_keep_lengths_only_without_relu() -> None:
    mg.manual_seed(0)
    np.testing.assert_allclose(experiment.singular(lambda: experiment.orthogonal(1.0), False, 3), 1, atol=1e-9)
    squared = experiment.singular(lambda: experiment.orthogonal(2**0.5), True, 3)
    assert squared.var() / squared.mean() ** 2 == pytest.approx(3, rel=0.3)


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    run_quick("order_and_chaos", tmp_path)
