"""Contrastive learning: the changes of images, and what the helpers measure."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from minigrad import Tensor
from tests.examples.quick import run_quick

contrastive = importlib.import_module("examples.contrastive")


class Still:
    """A generator that changes nothing: it draws the middle, and no noise."""

    def uniform(self, low: float, high: float, size: object) -> np.ndarray:
        return np.full(size, (low + high) / 2)

    def standard_normal(self, size: object) -> np.ndarray:
        return np.zeros(size)


def test_change_of_nothing_gives_the_image_and_other_changes_stay_near() -> None:
    blocks = np.random.default_rng(1).random((20, 4, 4)) > 0.5
    images = blocks.repeat(2, axis=1).repeat(2, axis=2).astype(np.float32)
    np.testing.assert_allclose(contrastive.change(images, Still()), images, atol=1e-6)
    changed = contrastive.change(images, np.random.default_rng(0))
    assert changed.shape == images.shape and changed.dtype == np.float32
    own = np.corrcoef(images.reshape(20, -1), changed.reshape(20, -1))[:20, 20:]
    assert np.diag(own).mean() > own.mean() + 0.15


def test_mean_cosine() -> None:
    assert contrastive.mean_cosine(np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])) == pytest.approx(1 / 3)
    assert contrastive.mean_cosine(np.ones((5, 2))) == pytest.approx(1)


@pytest.mark.parametrize("kind", contrastive.COLORS)
def test_losses_of_vectors_that_are_all_equal(kind: str) -> None:
    """The collapse costs log 7, log 15, or the margin; for positives alone it costs nothing."""
    same = Tensor(np.ones((8, 32), np.float32))
    expected = {"NT-Xent": np.log(15), "InfoNCE": np.log(8), "triplet": 1.0, "siamese": 0.25, "positives": 0.0}
    assert contrastive.loss_of(kind, same, same, step=3).item() == pytest.approx(expected[kind], abs=1e-5)


@pytest.mark.slow
def test_quick(tmp_path: Path) -> None:
    run_quick("contrastive", tmp_path)
