"""Two views: the identities of InfoNCE, its chance level, and how many negatives count."""

from __future__ import annotations

import importlib
import math
from pathlib import Path

import numpy as np
import pytest

from tests.examples.quick import run_quick

two_views = importlib.import_module("examples.two_views")


def test_identities_hold_for_any_vectors() -> None:
    generator = np.random.default_rng(0)
    left, right = generator.standard_normal((2, 7, 32))
    assert max(map(abs, two_views.differences(left, right, 0.3).values())) < 1e-12


def test_choice_by_chance_and_by_sight() -> None:
    generator = np.random.default_rng(0)
    same, own = np.ones((8, 2)), np.eye(8)
    assert two_views.choice(same, same, 4, 1.0, generator)[0] == pytest.approx(math.log(4))
    loss, right = two_views.choice(own, own, 4, 1.0, generator)
    assert right == 1 and loss == pytest.approx(math.log(math.e + 3) - 1)


def test_negatives_that_count() -> None:
    """All alike: all of them. One nearer than the others, and cold: that one."""
    left, right = np.eye(4), np.full((4, 4), 0.1) + 0.2 * np.roll(np.eye(4), 1, axis=1)
    assert two_views.effective_negatives(np.ones((4, 2)), np.ones((4, 2)), 1.0) == pytest.approx(3)
    assert two_views.effective_negatives(left, right, 0.01) == pytest.approx(1, abs=1e-3)
    assert two_views.effective_negatives(left, right, 100.0) == pytest.approx(3, abs=1e-3)


def test_retrieval() -> None:
    left, right = np.eye(3), np.eye(3)[[0, 2, 1]]
    found = two_views.retrieval(left, right, np.array([0, 1, 1]))
    assert found["own half first"] == pytest.approx(1 / 3) and found["same digit first"] == 1


@pytest.mark.slow
def test_quick(tmp_path: Path) -> None:
    run_quick("two_views", tmp_path)
