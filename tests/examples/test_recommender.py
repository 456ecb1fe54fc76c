"""Two towers over paragraphs and chapters: the texts, their vectors, and a tiny training."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from tests.examples.quick import run_quick

recommender = importlib.import_module("examples.recommender")


def test_a_paragraph_of_two_chapters_is_one_text() -> None:
    shared = "one two three four five six seven eight nine"
    data = recommender.paragraphs({"b": f"{shared}\n\nshort", "a": shared.upper()})
    assert data.names == ["a", "b"] and data.chapters == [{0, 1}] and len(data.texts) == 1
    assert data.texts[0] == shared.split()


def test_weights_are_of_length_1_and_know_only_words_of_several_texts() -> None:
    weights = recommender.Weights([["red", "blue"], ["red", "green"], ["blue"]])
    table = weights([["red", "red", "blue"], ["green"]])
    expected = np.array([1.0, 1 + np.log(2)])  # blue, red: both in two of three texts
    np.testing.assert_allclose(table, [expected / np.linalg.norm(expected), [0, 0]], rtol=1e-6)


def test_towers_learn_pairs() -> None:
    queries, items = np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32)[[2, 0, 3, 1]]
    pairs = np.array([[0, 2], [1, 0], [2, 3], [3, 1]])
    model = recommender.train(queries, items, pairs, np.full(4, 0.25), 60, mg.manual_seed(0))
    found, _ = model.retrieve(queries, model.item_vectors(items).detach().numpy(), k=1)
    assert found[:, 0].tolist() == [2, 0, 3, 1]


@pytest.mark.slow
def test_quick(tmp_path: Path) -> None:
    run_quick("recommender", tmp_path)
