"""examples/outliers.py: lines by squares and by sizes of errors."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from minigrad.nn import functional as F
from tests.examples.quick import run_quick

outliers = importlib.import_module("examples.outliers")


def test_both_lines_find_a_line_without_noise():
    x = np.arange(6.0)
    for fit in (outliers.squares_line, outliers.sizes_line):
        np.testing.assert_allclose(fit(x, 2 * x - 1), [2, -1], atol=1e-12)


def test_one_outlier_moves_the_line_of_squares_by_its_closed_form_and_not_that_of_sizes():
    x, y = np.arange(6.0), np.arange(6.0) + 100 * (np.arange(6) == 5)
    assert outliers.sizes_line(x, y)[0] == 1
    np.testing.assert_allclose(outliers.squares_line(x, y)[0], 1 + 100 * 2.5 / 17.5)


def test_sizes_line_beats_its_neighbours():
    x, y = outliers.patients(3)
    best = outliers.sizes_line(x, y)

    def cost(line):
        return np.abs(line[0] * x + line[1] - y).sum()

    rng = np.random.default_rng(0)
    assert all(cost(best + 0.01 * rng.standard_normal(2)) >= cost(best) for _ in range(200))


def test_descent_reaches_the_optimum_of_squares():
    x, y = outliers.patients(1)
    slope, intercept = outliers.squares_line(x, y)
    best = float(np.mean((slope * x + intercept - y) ** 2))
    costs = outliers.descend(F.mse_loss, x, y, 60, lambda step: 0.2)
    assert costs[-1] == pytest.approx(best, rel=1e-9)
    assert outliers.first_below(costs, best * 1.01) < outliers.first_below(costs, best * 1.0001) < 30
    assert outliers.first_below(costs, 0.0) == 60


@pytest.mark.slow
def test_quick_run_is_as_expected(tmp_path):
    run_quick("outliers", tmp_path)
