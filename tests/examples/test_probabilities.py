"""examples/probabilities.py: cross-entropy, and both directions of KL."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from tests.examples.quick import run_quick

probabilities = importlib.import_module("examples.probabilities")


def test_letters_are_those_of_the_text():
    now, then = probabilities.letter_pairs(500)
    assert len(now) == len(then) == 500
    np.testing.assert_array_equal(now[1:], then[:-1])
    assert set(now) <= set(range(27)) and len(set(now)) > 10


def test_density_of_petals_is_whole():
    grid, log_p, lengths = probabilities.petals()
    assert np.exp(log_p).sum() * (grid[1] - grid[0]) == pytest.approx(1, abs=1e-9)
    assert len(lengths) == 150


def test_both_directions_find_a_gaussian_that_is_one():
    grid = np.linspace(-6, 14, 401)
    log_p = -0.5 * ((grid - 3) / 0.8) ** 2 - np.log(0.8 * np.sqrt(2 * np.pi))
    for direction in ("forward", "reverse"):
        mean, width, cost = probabilities.fit(direction, grid, log_p, 2.0, 200)
        assert (mean, width, cost) == (
            pytest.approx(3, abs=1e-3),
            pytest.approx(0.8, abs=1e-3),
            pytest.approx(0, abs=1e-4),
        )


@pytest.mark.slow
def test_quick_run_is_as_expected(tmp_path):
    run_quick("probabilities", tmp_path)
