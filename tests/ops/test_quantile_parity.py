"""The gradient of the fraction that a quantile is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor, autograd, quantile
from tests.parity import torch
from tests.walk import agree


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "midpoint", "nearest"])
@pytest.mark.parametrize("dim", [None, 0, -1])
@pytest.mark.parametrize("q", [0.3, 0.0, 1.0, 0.5, [0.1, 0.75, 0.75], []])
def test_gradient_of_the_fraction(method: str, dim: int | None, q: object) -> None:
    x = np.random.default_rng(0).normal(size=(5, 4))
    if np.size(q):
        agree(
            lambda x, q: quantile(x, q, dim, True, interpolation=method),
            lambda x, q: torch.quantile(x, q, dim, True, interpolation=method),
            x,
            np.asarray(q, np.float64),
        )


def test_the_same_at_numpys_door() -> None:
    x = Tensor([1.0, 2.0, 4.0], requires_grad=True)
    q, percent = Tensor(0.75, requires_grad=True), Tensor(75.0, requires_grad=True)
    (by_fraction,) = autograd.grad(np.quantile(x, q), q)
    (by_percent,) = autograd.grad(np.percentile(x, percent), percent)
    assert by_fraction.item() == pytest.approx(4.0)  # between 2 and 4, in steps of 1/2
    assert by_percent.item() == pytest.approx(0.04)
    assert np.quantile(x.detach().numpy().astype(np.float32), q.detach().numpy()).dtype == np.float32


def test_precision_is_that_of_the_values() -> None:
    q = Tensor(np.array([0.25, 0.5]), requires_grad=True)
    out = quantile(Tensor([1.0, 2.0, 4.0]), q)
    assert out.dtype == np.float32
    (g,) = autograd.grad(out.sum(), q)
    assert (g.dtype, g.tolist()) == (np.float64, [2.0, 0.0])  # at a value itself 0
