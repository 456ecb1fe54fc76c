"""Over-smoothing: the matrix of means, and that linear layers are its powers."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from tests.examples.quick import run_quick

oversmoothing = importlib.import_module("examples.oversmoothing")


def ring(members: int) -> object:
    """Everybody has two friends."""
    here = np.arange(members)
    pairs = np.array([here, (here + 1) % members])
    return oversmoothing.Club(np.concatenate([pairs, pairs[::-1]], axis=1), here % 2)


def test_eigenvalues_of_a_ring() -> None:
    """(1 + 2 cos(2 pi k / n)) / 3, in closed form."""
    expected = np.sort((1 + 2 * np.cos(2 * np.pi * np.arange(9) / 9)) / 3)
    np.testing.assert_allclose(np.linalg.eigvalsh(oversmoothing.means(ring(9))), expected, atol=1e-12)


def test_linear_layers_are_powers_of_the_matrix() -> None:
    mg.manual_seed(0)
    club = ring(9)
    powers = [np.linalg.matrix_power(oversmoothing.means(club), depth) for depth in oversmoothing.DEPTHS]
    expected = [oversmoothing.cosine_distance(power) for power in powers]
    np.testing.assert_allclose(oversmoothing.linear_distances(club), expected, rtol=1e-6)


def test_cosine_distance() -> None:
    assert oversmoothing.cosine_distance(np.eye(3)) == pytest.approx(1)
    assert oversmoothing.cosine_distance(np.ones((3, 2))) == pytest.approx(0)


@pytest.mark.slow
def test_quick(tmp_path: Path) -> None:
    pytest.importorskip("networkx")
    run_quick("oversmoothing", tmp_path)
