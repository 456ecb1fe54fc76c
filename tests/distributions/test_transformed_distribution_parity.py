"""TransformedDistribution, Independent and LogisticNormal against PyTorch, with gradients of both orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import distributions
from tests.parity import DTYPES, compare, random

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
OURS, THEIRS = distributions, torch.distributions if torch else None

# How one is made of two arrays of shape (3,), and where its values lie.
CASES: dict[str, tuple[Any, Any]] = {
    "affine": (lambda d, a, b: d.TransformedDistribution(d.Normal(a, 1.0), [d.AffineTransform(b, 2.0)]), (-2, 2)),
    "falling": (lambda d, a, b: d.TransformedDistribution(d.Gumbel(a, b), [d.AffineTransform(1.0, -2.0)]), (-2, 2)),
    "logistic": (
        lambda d, a, b: d.TransformedDistribution(
            d.Uniform(a * 0, a * 0 + 1), [d.SigmoidTransform().inv, d.AffineTransform(a, b)]
        ),
        (-2, 2),
    ),
    "tanh": (lambda d, a, b: d.TransformedDistribution(d.Normal(a, b), d.TanhTransform()), (-0.9, 0.9)),
    "power": (
        lambda d, a, b: d.TransformedDistribution(d.LogNormal(a, b), [d.PowerTransform(b), d.ExpTransform()]),
        (1.5, 4),
    ),
    "vectors": (
        lambda d, a, b: d.TransformedDistribution(d.Independent(d.Normal(a, b), 1), d.ExpTransform()),
        (0.2, 2),
    ),
    "event": (
        lambda d, a, b: d.TransformedDistribution(d.Normal(a, b), d.AffineTransform(a, b, event_dim=1)),
        (-2, 2),
    ),
    "independent": (lambda d, a, b: d.Independent(d.Laplace(a, b), 1), (-2, 2)),
    "independent of nothing": (lambda d, a, b: d.Independent(d.Laplace(a, b), 0), (-2, 2)),
}
each = pytest.mark.parametrize("name", CASES)


@each
@DTYPES
@pytest.mark.parametrize("batch", [(), (4,)])
def test_log_prob(name: str, dtype: str, batch: tuple[int, ...]) -> None:
    make, bounds = CASES[name]
    compare(
        lambda x, a, b: make(OURS, a, b).log_prob(x),
        lambda x, a, b: make(THEIRS, a, b).log_prob(x),
        random((*batch, 3), dtype, *bounds),
        random((3,), dtype, seed=1),
        random((3,), dtype, 0.5, 2.0, seed=2),
    )


@pytest.mark.parametrize("name", ["affine", "falling", "logistic", "tanh", "power"])
def test_distribution_functions(name: str) -> None:
    make, bounds = CASES[name]
    parameters = [random((3,), seed=1), random((3,), low=0.5, high=2.0, seed=2)]
    compare(
        lambda x, a, b: make(OURS, a, b).cdf(x),
        lambda x, a, b: make(THEIRS, a, b).cdf(x),
        random((4, 3), "float64", *bounds),
        *parameters,
    )
    compare(
        lambda x, a, b: make(OURS, a, b).icdf(x),
        lambda x, a, b: make(THEIRS, a, b).icdf(x),
        random((4, 3), "float64", 0.05, 0.95),
        *parameters,
    )


@each
def test_shapes(name: str) -> None:
    make, _ = CASES[name]
    a, b = np.zeros(3), np.ones(3)
    ours = make(OURS, OURS.Normal(a, b).loc, OURS.Normal(a, b).scale)
    theirs = make(THEIRS, torch.tensor(a), torch.tensor(b))
    assert (ours.batch_shape, ours.event_shape) == (tuple(theirs.batch_shape), tuple(theirs.event_shape))
    assert ours.support.event_dim == theirs.support.event_dim
    assert ours.sample((2,)).shape == tuple(theirs.sample((2,)).shape)
    assert ours.expand((5, *ours.batch_shape)).sample().shape == (5, *ours.batch_shape, *ours.event_shape)


def test_logistic_normal() -> None:
    x = random((4, 3), "float64", 0.2, 1.0)
    x = x / x.sum(-1, keepdims=True)

    def log_prob(d: Any, a: Any, b: Any) -> Any:
        return d.LogisticNormal(a, b).log_prob(x if d is OURS else torch.tensor(x))

    compare(
        lambda a, b: log_prob(OURS, a, b),
        lambda a, b: log_prob(THEIRS, a, b),
        random((2,), seed=1),
        random((2,), low=0.5, high=2.0, seed=2),
    )
