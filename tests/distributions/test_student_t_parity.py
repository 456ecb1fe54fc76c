"""StudentT against PyTorch on both sides of where its series begins, with gradients of both orders."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.distributions import StudentT
from tests.distributions.loosely import compare_loosely

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")


@pytest.mark.parametrize("df", [0.3, 5.0, 19.9, 20.1, 35.0])
def test_few_and_many_degrees_of_freedom(df: float) -> None:
    arrays = [np.full(3, df), np.array([0.0, 1.0, -2.0]), np.array([0.5, 1.0, 2.0])]
    x = np.array([0.1, -3.0, 40.0])
    compare_loosely(
        lambda x, *p: StudentT(*p).log_prob(x), lambda x, *p: torch.distributions.StudentT(*p).log_prob(x), x, *arrays
    )
    compare_loosely(lambda *p: StudentT(*p).entropy(), lambda *p: torch.distributions.StudentT(*p).entropy(), *arrays)
