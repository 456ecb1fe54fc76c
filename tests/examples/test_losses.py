"""examples/losses.py: margins and probabilities."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from minigrad.nn import functional as F
from tests.examples.quick import run_quick

losses = importlib.import_module("examples.losses")


def test_hinge_stops_and_cross_entropy_goes_on():
    hinge, entropy = (losses.classify(loss, 2, 60) for loss in (F.multiclass_hinge_loss, F.cross_entropy))
    stopped = int((hinge["loss"] > 0).sum())
    assert 0 < stopped < 60
    assert not hinge["loss"][stopped:].any() and not hinge["gradient"][stopped:].any()
    assert (np.diff(entropy["loss"]) < 0).all() and entropy["gradient"][-1] > 1e-4


@pytest.mark.slow
def test_quick_run_is_as_expected(tmp_path):
    run_quick("losses", tmp_path)
