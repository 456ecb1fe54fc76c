"""The two networks of the comparison, moved images, and a quick run."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from examples import cnn as experiment
from tests.examples.quick import run_quick


def test_both_networks_have_about_as_many_parameters() -> None:
    sizes = [sum(p.numel() for p in experiment.build(kind).parameters()) for kind in ("CNN", "MLP")]
    assert max(sizes) < 1.1 * min(sizes)
    assert all(experiment.build(kind)(mg.zeros(2, 1, 8, 8)).shape == (2, 10) for kind in ("CNN", "MLP"))


def test_moved_images_go_down_and_right_and_leave_the_background() -> None:
    image = np.arange(64.0).reshape(1, 1, 8, 8)
    np.testing.assert_array_equal(experiment.moved(image, 0, 0, -1), image)
    after = experiment.moved(image, 1, -2, -1)[0, 0]
    np.testing.assert_array_equal(after[1:, :6], image[0, 0, :7, 2:])
    assert (after[0] == -1).all() and (after[:, 6:] == -1).all()


def test_the_held_out_fifth_has_every_label_in_proportion() -> None:
    pytest.importorskip("sklearn", reason="the split is scikit-learn's")
    labels = np.repeat(np.arange(10), 30)
    test = experiment.held_out(labels)
    assert np.bincount(labels[test]).tolist() == [6] * 10
    np.testing.assert_array_equal(test, experiment.held_out(labels))


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    receipt = run_quick("cnn", tmp_path)
    assert {row["network"] for row in receipt["tables"]["held-out digits read right"]} == {"CNN", "MLP"}
