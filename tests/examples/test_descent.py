"""The experiment on forms of gradient descent: its batches, and all of it in quick mode."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the experiments draw with matplotlib")

import minigrad as mg
from minigrad.data import TensorDataset
from tests.examples.quick import run_quick

experiment = importlib.import_module("examples.descent")


def test_batches_go_on_from_epoch_to_epoch() -> None:
    data = TensorDataset(np.arange(5))
    full = experiment.FORMS[0]
    drawn = [batch[0].tolist() for batch in experiment.batches(data, replace(full, batch=2), 5)]
    assert drawn == [[0, 1], [2, 3], [4], [0, 1], [2, 3]]
    assert [batch[0].tolist() for batch in experiment.batches(data, full, 2)] == [[0, 1, 2, 3, 4]] * 2
    mg.manual_seed(0)
    epochs = [batch[0].item() for batch in experiment.batches(data, experiment.FORMS[1], 10)]
    assert sorted(epochs[:5]) == sorted(epochs[5:]) == [0, 1, 2, 3, 4] and epochs[:5] != epochs[5:]


def test_standardized() -> None:
    table = experiment.standardized(np.array([[1.0, 10.0], [3.0, 30.0]], np.float32))
    np.testing.assert_allclose(table, [[-1, -1], [1, 1]])
    assert table.dtype == np.float64


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    receipt = run_quick("descent", tmp_path)
    rows = {row["form"]: row for row in receipt["tables"]["two weights"]}
    assert rows["momentum"]["updates to 1 % of the excess"] < rows["full batch"]["updates to 1 % of the excess"]
