"""examples/confidence.py: temperature and label smoothing."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from tests.examples.quick import run_quick

confidence = importlib.import_module("examples.confidence")


def test_calibration_error_is_the_distance_of_confidence_and_truth():
    sure = np.array([[0.75, 0.25]] * 4)
    assert confidence.calibration_error(sure, np.array([0, 0, 0, 1])) == 0
    assert confidence.calibration_error(sure, np.array([0, 0, 1, 1])) == 0.25
    assert confidence.calibration_error(np.array([[1.0, 0.0], [0.6, 0.4]]), np.array([1, 0])) == pytest.approx(0.7)


def test_parts_do_not_overlap():
    x, y, held_x, held_y = confidence.split(0)
    assert x.shape == (1200, 64) and held_x.shape == (597, 64) and len(y) + len(held_y) == 1797


@pytest.mark.slow
def test_quick_run_is_as_expected(tmp_path):
    run_quick("confidence", tmp_path)
