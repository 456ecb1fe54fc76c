"""Factorisation: the optimum that is known, and that WALS finds it."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from minigrad.recommend import WALS
from tests.examples.quick import run_quick

factorization = importlib.import_module("examples.factorization")


def test_known_optimum_of_a_diagonal() -> None:
    """Singular values 10 to 5, of which 4 are kept, each 3 smaller: 4 · 3² + 2 · 3 · (7 + 6 + 5 + 4) + 6² + 5²."""
    diagonal = np.diag([10.0, 9, 8, 7, 6, 5])
    assert factorization.known_optimum(diagonal) == pytest.approx(36 + 6 * 22 + 36 + 25)
    generator = np.random.default_rng(0)
    model = WALS(4, regularization=3.0, unobserved_weight=1.0, iterations=300, generator=generator).fit(diagonal)
    assert model.objectives[-1] == pytest.approx(factorization.known_optimum(diagonal), rel=1e-3)


def test_count_matrix_leaves_out_what_is_everywhere_and_what_is_rare() -> None:
    topics = dict.fromkeys("abc", "always some some") | dict.fromkeys("def", "always") | {"d": "always rare"}
    chapters, words, counts = factorization.count_matrix(topics, 5)
    assert chapters == [*"abcdef"] and words == ["some"]
    np.testing.assert_array_equal(counts[:, 0], [2, 2, 2, 0, 0, 0])


@pytest.mark.slow
def test_quick(tmp_path: Path) -> None:
    run_quick("factorization", tmp_path)
