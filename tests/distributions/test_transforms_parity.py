"""Transforms against PyTorch: values, inverses and log-determinants, with gradients of both orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import distributions
from tests.parity import DTYPES, compare, random

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

# How one is made, from the module of either library, and the shape of what it takes.
CASES: dict[str, tuple[Any, tuple[int, ...]]] = {
    "exp": (lambda d, a: d.ExpTransform(), (2, 3)),
    "power": (lambda d, a: d.PowerTransform(a.abs() + 0.5), (2, 3)),
    "sigmoid": (lambda d, a: d.SigmoidTransform(), (2, 3)),
    "softplus": (lambda d, a: d.SoftplusTransform(), (2, 3)),
    "tanh": (lambda d, a: d.TanhTransform(), (2, 3)),
    "affine": (lambda d, a: d.AffineTransform(a, a + 4), (2, 3)),
    "affine numbers": (lambda d, a: d.AffineTransform(0.5, -2.0), (2, 3)),
    "affine event": (lambda d, a: d.AffineTransform(a, a + 4, event_dim=1), (2, 3)),
    "inverse": (lambda d, a: d.ExpTransform().inv, (2, 3)),
    "compose": (lambda d, a: d.ComposeTransform([d.ExpTransform(), d.AffineTransform(a, a + 4)]), (2, 3)),
    "compose to a vector": (
        lambda d, a: d.ComposeTransform([d.AffineTransform(a, a + 4), d.StickBreakingTransform()]),
        (2, 3),
    ),
    "independent": (lambda d, a: d.IndependentTransform(d.AffineTransform(a, a + 4), 2), (2, 3)),
    "identity": (lambda d, a: d.identity_transform, (2, 3)),
    "stick": (lambda d, a: d.StickBreakingTransform(), (2, 3)),
    "correlations": (lambda d, a: d.CorrCholeskyTransform(), (2, 6)),
    "reshape": (lambda d, a: d.ReshapeTransform((3,), (3, 1)), (2, 3)),
    "cdf": (lambda d, a: d.CumulativeDistributionTransform(d.Normal(a, a.abs() + 1)), (2, 3)),
    "cat": (lambda d, a: d.CatTransform([d.ExpTransform(), d.AffineTransform(a[:1], 2.0)], -1, [2, 1]), (2, 3)),
    "stack": (lambda d, a: d.StackTransform([d.ExpTransform(), d.AffineTransform(a, 2.0)], 0), (2, 3)),
    "softmax": (lambda d, a: d.SoftmaxTransform(), (2, 3)),
    "triangle": (lambda d, a: d.LowerCholeskyTransform(), (2, 3, 3)),
    "definite": (lambda d, a: d.PositiveDefiniteTransform(), (2, 3, 3)),
    "abs": (lambda d, a: d.AbsTransform(), (2, 3)),
}
OURS, THEIRS = distributions, torch.distributions if torch else None
each = pytest.mark.parametrize("name", CASES)


def arrays(name: str, dtype: str) -> list[np.ndarray]:
    return [random(CASES[name][1], dtype, 0.2, 1.5), random((3,), dtype, -1, 1, seed=4)]


@each
@DTYPES
def test_images(name: str, dtype: str) -> None:
    make, _ = CASES[name]
    compare(lambda x, a: make(OURS, a)(x) * 1, lambda x, a: make(THEIRS, a)(x) * 1, *arrays(name, dtype))


@each
def test_inverses(name: str) -> None:
    make, shape = CASES[name]
    x, a = arrays(name, "float64")
    y = make(THEIRS, torch.tensor(a))(torch.tensor(x)).numpy().copy()

    def inside(y: Any) -> Any:  # gradients of constrained numbers mean something along the constraint alone
        if name in ("stick", "compose to a vector"):
            return y / y.sum(-1, keepdim=True)
        return y / (y * y).sum(-1, keepdim=True).sqrt() if name == "correlations" else y

    compare(lambda y, a: make(OURS, a).inv(inside(y)) * 1, lambda y, a: make(THEIRS, a).inv(inside(y)) * 1, y, a)
    assert make(OURS, distributions.Normal(a, 1.0).loc).inverse_shape(y.shape) == shape


@each
@DTYPES
def test_log_determinants(name: str, dtype: str) -> None:
    make, _ = CASES[name]
    ours, theirs = make(OURS, distributions.Normal(np.ones(3), 1.0).loc), make(THEIRS, torch.ones(3))
    assert ours.bijective == theirs.bijective
    assert ours.codomain.event_dim == theirs.codomain.event_dim
    assert ours.domain.event_dim == theirs.domain.event_dim
    if not theirs.bijective:
        return

    def change(transform: Any, x: Any) -> Any:
        return transform.log_abs_det_jacobian(x, transform(x)) * 1

    compare(lambda x, a: change(make(OURS, a), x), lambda x, a: change(make(THEIRS, a), x), *arrays(name, dtype))
