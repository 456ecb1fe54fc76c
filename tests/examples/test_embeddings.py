"""Folding, and the rotation that no objective of positives sees."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from tests.examples.quick import run_quick

embeddings = importlib.import_module("examples.embeddings")


def test_nobody_rates_across_the_groups() -> None:
    data = embeddings.catalogue(np.random.default_rng(0))
    assert not (data.rated & ~data.own).any() and 0.25 < data.rated[data.own].mean() < 0.35
    for half in (slice(0, 60), slice(60, 120)):
        assert np.linalg.matrix_rank(data.ratings[half, half]) == 2


def test_a_turn_changes_only_what_negatives_see() -> None:
    """With the exact vectors of two groups that lie in planes of their own."""
    data = embeddings.catalogue(np.random.default_rng(1))
    group, generator = data.group[:, None], np.random.default_rng(2)
    angles = generator.uniform(0, np.pi / 2, 120)
    users = np.column_stack([np.cos(angles), np.sin(angles)])
    items = 5 * np.column_stack([np.cos(data.taste), np.sin(data.taste)])
    users, items = (np.hstack([side * (group == 0), side * (group == 1)]) for side in (users, items))
    rated = embeddings.Catalogue(np.where(data.own, users @ items.T, 0), data.taste, data.group, data.own, data.rated)
    assert embeddings.objective(rated, users, items, 0.0) == pytest.approx(0)
    assert embeddings.judge(rated, users, items)["purity"] == 1
    after = embeddings.turned(rated, users, items)
    assert embeddings.objective(rated, *after, 0.0) == pytest.approx(0)
    assert embeddings.judge(rated, *after)["purity"] < 0.75
    grown = embeddings.objective(rated, *after, 0.1) / embeddings.objective(rated, users, items, 0.1)
    assert grown > 1.7


@pytest.mark.slow
def test_quick(tmp_path: Path) -> None:
    run_quick("embeddings", tmp_path)
