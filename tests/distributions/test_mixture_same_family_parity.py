"""MixtureSameFamily against PyTorch over batches and events, with gradients of both orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import distributions
from tests.parity import DTYPES, compare, random

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
OURS, THEIRS = distributions, torch.distributions if torch else None
# The shapes of the logits, of the components' parameters, and of the value; then how many dimensions an event has.
CASES = [((4,), (4,), (), 0), ((4,), (3, 4), (5, 3), 0), ((3, 4), (3, 4), (3,), 0), ((4,), (4, 2), (5, 2), 1)]


def mixture(d: Any, logits: Any, loc: Any, scale: Any, event: int) -> Any:
    components = d.Normal(loc, scale)
    return d.MixtureSameFamily(d.Categorical(logits=logits), d.Independent(components, event) if event else components)


def arrays(case: Any, dtype: str) -> list[np.ndarray]:
    return [random(case[0], dtype), random(case[1], dtype, seed=1), random(case[1], dtype, 0.5, 2.0, seed=2)]


@pytest.mark.parametrize("case", CASES, ids=str)
@DTYPES
@pytest.mark.parametrize("function", ["log_prob", "cdf"])
def test_functions_of_a_value(case: Any, dtype: str, function: str) -> None:
    if function == "cdf" and case[3]:
        return
    compare(
        lambda x, *p: getattr(mixture(OURS, *p, case[3]), function)(x),
        lambda x, *p: getattr(mixture(THEIRS, *p, case[3]), function)(x),
        random(case[2], dtype, seed=3),
        *arrays(case, dtype),
    )


@pytest.mark.parametrize("case", CASES, ids=str)
@DTYPES
@pytest.mark.parametrize("question", ["mean", "variance", "stddev"])
def test_moments(case: Any, dtype: str, question: str) -> None:
    compare(
        lambda *p: getattr(mixture(OURS, *p, case[3]), question),
        lambda *p: getattr(mixture(THEIRS, *p, case[3]), question),
        *arrays(case, dtype),
    )
