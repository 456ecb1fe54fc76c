"""examples/multilabel.py: labels that occur together."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from minigrad import Tensor
from tests.examples.quick import run_quick

multilabel = importlib.import_module("examples.multilabel")


def test_labels_are_those_of_the_digits():
    *_, y, digits = multilabel.split(0)
    assert [y[digits == 1][0].tolist(), y[digits == 6][0].tolist()] == [[0, 0, 0, 0], [1, 0, 1, 1]]


def test_shared_loss_has_its_floor_where_the_labels_share_evenly():
    scores = Tensor([[50.0, 50.0, 0.0, 0.0], [0.0, 0.0, 0.0, 50.0], [3.0, 1.0, 2.0, 0.0]])
    y = np.array([[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], np.float32)
    assert multilabel.shared_loss(scores, y).item() == pytest.approx(np.log(2) / 2, rel=1e-6)


def test_all_right_needs_every_label():
    assert multilabel.all_right(np.array([[0.9, 0.1], [0.9, 0.6]]), np.array([[1, 0], [1, 0]]), 0.5) == 0.5


@pytest.mark.slow
def test_quick_run_is_as_expected(tmp_path):
    run_quick("multilabel", tmp_path)
