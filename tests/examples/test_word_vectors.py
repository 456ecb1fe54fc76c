"""Word vectors: the counts that the theory is about."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from tests.examples.quick import run_quick

word_vectors = importlib.import_module("examples.word_vectors")


def test_neighbours_are_counted_in_both_directions_and_not_across_texts() -> None:
    words, counts = word_vectors.neighbours_of(["red blue the red", "green"], 3)
    assert words == ["red", "blue", "green"]
    np.testing.assert_array_equal(counts, [[2, 2, 0], [2, 0, 0], [0, 0, 0]])  # "the" is left out, so red is near red


def test_cosines() -> None:
    np.testing.assert_allclose(word_vectors.cosines(np.array([[2.0, 0.0], [3.0, 3.0]])), [[1, 0.5**0.5], [0.5**0.5, 1]])


@pytest.mark.slow
def test_quick(tmp_path: Path) -> None:
    run_quick("word_vectors", tmp_path)
