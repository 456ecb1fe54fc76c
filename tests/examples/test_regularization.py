"""The experiment on overfitting: penalised fits against closed forms, and all of it in quick mode."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the experiments draw with matplotlib")

from tests.examples.quick import run_quick

experiment = importlib.import_module("examples.regularization")


def orthogonal() -> tuple[np.ndarray, np.ndarray]:
    """Inputs with x'x / n = 1, for which both penalties have a closed form for each coefficient."""
    generator = np.random.default_rng(0)
    x = np.linalg.qr(generator.standard_normal((40, 3)))[0] * np.sqrt(40)
    return x, x @ np.array([1.0, -0.5, 0.1]) + 0.01 * generator.standard_normal(40)


def test_ridge_shrinks_in_proportion() -> None:
    x, y = orthogonal()
    np.testing.assert_allclose(experiment.descend(x, y, ridge=1.0, steps=300), x.T @ y / 40 / 2, atol=1e-12)


def test_lasso_shifts_towards_zero() -> None:
    x, y = orthogonal()
    pull = x.T @ y / 40
    expected = np.sign(pull) * np.maximum(np.abs(pull) - 0.2, 0)
    found = experiment.descend(x, y, lasso=0.2, steps=300)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found[2] == 0
    jumping = experiment.descend(x, y, lasso=0.2, proximal=False, steps=300)
    assert jumping[2] != 0 and abs(jumping[2]) < 0.5


@pytest.mark.slow
def test_quick(tmp_path) -> None:
    receipt = run_quick("regularization", tmp_path)
    rows = {row["dropout"]: row for row in receipt["tables"]["120 epochs"]}
    assert rows[0.0]["test accuracy at the end"] < rows[0.0]["test accuracy there"]
