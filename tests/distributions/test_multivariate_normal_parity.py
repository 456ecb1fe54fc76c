"""MultivariateNormal against PyTorch, by each of its matrices, over batches, with gradients of both orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad.distributions import MultivariateNormal, kl_divergence
from tests.parity import DTYPES, compare, random
from tests.samples.factorization import definite

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
THEIRS = torch.distributions.MultivariateNormal if torch else None
# Batches of the mean, of the matrix, and of the value.
BATCHES = [
    ((), (), ()),
    ((), (), (4,)),
    ((2,), (), (3, 2)),
    ((), (2,), (2,)),
    ((3, 1), (2,), (5, 3, 2)),
    ((), (1,), (4, 2)),
]
NAMES = ["covariance_matrix", "precision_matrix", "scale_tril"]


def matrices(name: str, batch: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    x = definite(*batch, 3, 3) + seed * np.eye(3)
    x = x + np.swapaxes(x, -1, -2)
    return (np.linalg.cholesky(x) if name == "scale_tril" else x).astype(dtype)


@pytest.mark.parametrize("batches", BATCHES, ids=str)
@pytest.mark.parametrize("name", NAMES)
@DTYPES
def test_log_prob(name: str, batches: Any, dtype: str) -> None:
    compare(
        lambda x, loc, m: MultivariateNormal(loc, **{name: m}).log_prob(x),
        lambda x, loc, m: THEIRS(loc, **{name: m}).log_prob(x),
        random((*batches[2], 3), dtype),
        random((*batches[0], 3), dtype, seed=1),
        matrices(name, batches[1], dtype),
    )


@pytest.mark.parametrize("batches", BATCHES[:5], ids=str)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("question", ["entropy", "mean", "mode", "variance", *NAMES])
def test_questions(name: str, batches: Any, question: str) -> None:
    def asked(distribution: Any) -> Any:
        answer = getattr(distribution, question)
        return (answer() if callable(answer) else answer) * 1

    def triangle(m: Any) -> Any:  # PyTorch's precision_matrix has a gradient above it too, where nothing is looked at
        return m.tril() if name == "scale_tril" else m

    compare(
        lambda loc, m: asked(MultivariateNormal(loc, **{name: triangle(m)})),
        lambda loc, m: asked(THEIRS(loc, **{name: triangle(m)})),
        random((*batches[0], 3), seed=1),
        matrices(name, batches[1], "float64"),
    )


@pytest.mark.parametrize("batches", BATCHES[:5], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_kl_divergence(name: str, batches: Any) -> None:
    compare(
        lambda a, m, b, n: kl_divergence(MultivariateNormal(a, **{name: m}), MultivariateNormal(b, **{name: n})),
        lambda a, m, b, n: torch.distributions.kl_divergence(THEIRS(a, **{name: m}), THEIRS(b, **{name: n})),
        random((*batches[0], 3), seed=1),
        matrices(name, batches[1], "float64"),
        random((3,), seed=2),
        matrices(name, batches[1], "float64", seed=3),
    )
