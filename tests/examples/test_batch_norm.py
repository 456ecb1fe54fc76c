"""The running mean of BatchNorm against theory, and judging without a trace."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from examples import batch_norm as experiment
from tests.examples.quick import run_quick


def test_the_running_mean_forgets_its_start_by_a_tenth_a_step() -> None:
    generator = mg.manual_seed(0)
    inputs = generator.normal(5.0, 0.1, (100, 3, 2, 2)).astype(np.float32)
    errors, predicted = experiment.follow(inputs)
    np.testing.assert_allclose(errors[:20], 5 * 0.9 ** np.arange(1, 21), rtol=0.02)
    np.testing.assert_allclose(errors[:20], predicted[:20], rtol=0.02)


def test_judging_leaves_the_running_means_alone() -> None:
    generator = mg.manual_seed(0)
    images, labels = generator.standard_normal((12, 1, 8, 8), np.float32), generator.integers(0, 10, 12)
    model = experiment.build()
    assert 0 <= experiment.judge(model, images, labels, np.arange(12), 4) <= 1
    assert model.training and not model[1].running_mean.numpy().any()


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    run_quick("batch_norm", tmp_path)
