"""The experiment on the length of steps: it takes a second, so all of it is run."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the experiments draw with matplotlib")
pytest.importorskip("sklearn", reason="the data come with scikit-learn")

from minigrad.experiment import Experiment, options
from tests.examples.quick import run_quick

experiment = importlib.import_module("examples.step_size")


def test_adam_alone(tmp_path) -> None:
    with Experiment(options("Adam.", "adam"), ["--out", str(tmp_path)]) as run:
        experiment.adam(run)
    assert all(each.ok for each in run.expectations)
    assert run.expectations[0].measured == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    receipt = run_quick("step_size", tmp_path)
    rows = receipt["tables"]["just below and just above the limit"]
    plain = [row["distance after 400 steps"] for row in rows if row["momentum"] == 0]
    np.testing.assert_allclose(plain, [0.98**400, 1.02**400] * 2, rtol=1e-6)
