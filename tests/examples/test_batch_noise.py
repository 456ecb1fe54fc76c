"""The experiment on noise and escape: its measurements on small sets, and all of it in quick mode."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the experiments draw with matplotlib")
pytest.importorskip("sklearn", reason="the data come with scikit-learn")

import minigrad as mg
from tests.examples.quick import run_quick

experiment = importlib.import_module("examples.batch_noise")


def test_variance_of_one_sample() -> None:
    """A batch of one sample, without replacement: all batches there are have exactly this variance."""
    random = np.random.default_rng(0)
    x, y = random.standard_normal((30, 64)).astype(np.float32), random.integers(0, 10, 30)
    mg.manual_seed(0)
    one = experiment.variance_of_one(x, y)
    assert experiment.variance_of_batch(x, y, 1, False, 400) == pytest.approx(one, rel=0.1)
    assert experiment.variance_of_batch(x, y, 30, False, 3) == pytest.approx(0, abs=1e-10)


def test_escape_needs_noise() -> None:
    samples = np.array([-1.0, 1.0] * 10)
    mg.manual_seed(0)
    assert experiment.escaped(samples, 20, runs=50, steps=100) == 0
    assert experiment.escaped(samples, 1, runs=50, steps=200) > 0.2


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    receipt = run_quick("batch_noise", tmp_path)
    shares = [row["escaped"] for row in receipt["tables"]["escape from the shallow minimum"]]
    assert shares == sorted(shares, reverse=True) and shares[-1] == 0
