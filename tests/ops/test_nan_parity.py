"""Where the gradient goes if a value is NaN, and which values differ from each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor
from minigrad.nn import functional as F
from tests.parity import our_derivatives, their_derivatives, torch
from tests.walk import agree

NAN = np.nan
X = np.array([[NAN, 1.0, -2.0, 3.0], [0.0, NAN, NAN, -1.0], [2.0, 2.0, -3.0, 0.5]])
Y = np.array([[1.0, NAN, -2.0, 0.0], [0.5, 1.0, NAN, 2.0], [3.0, -2.0, 2.0, 2.0]])
TF = torch.nn.functional

ONE: dict[str, Any] = {
    "max": lambda _, x: x.max(),
    "min": lambda _, x: x.min(),
    "max along": lambda _, x: x.max(1).values,
    "min along": lambda _, x: x.min(0).values,
    "median": lambda _, x: x.median(),
    "clamp": lambda _, x: x.clamp(-1, 1),
    "clamp_min": lambda _, x: x.clamp_min(0.5),
    "relu": lambda F, x: F.relu(x),
    "relu of many": lambda F, x: F.relu(x.tile(1000)),
    "relu6": lambda F, x: F.relu6(x),
    "leaky_relu": lambda F, x: F.leaky_relu(x, 0.1),
    "threshold": lambda F, x: F.threshold(x, 0.5, 2.0),
    "hardtanh": lambda F, x: F.hardtanh(x),
    "hardshrink": lambda F, x: F.hardshrink(x),
    "softshrink": lambda F, x: F.softshrink(x),
    "softplus": lambda F, x: F.softplus(x),
    "sort": lambda _, x: x.sort(1).values,
    "cumsum": lambda _, x: x.cumsum(1),
    "cummax": lambda _, x: x.cummax(1).values,
    "nansum": lambda _, x: x.nansum(1),
    "nanmean": lambda _, x: x.nanmean(1),
    "nan_to_num": lambda _, x: x.nan_to_num(7.0),
    "logsumexp": lambda _, x: x.logsumexp(1),
    "softmax": lambda _, x: x.softmax(1),
    "norm": lambda _, x: x.norm(2, 1),
    "var": lambda _, x: x.var(1),
}
TWO: dict[str, Any] = {
    "maximum": lambda lib, x, y: lib.maximum(x, y),
    "minimum": lambda lib, x, y: lib.minimum(x, y),
    "fmax": lambda lib, x, y: lib.fmax(x, y),
    "fmin": lambda lib, x, y: lib.fmin(x, y),
    "clamp": lambda lib, x, y: lib.clamp(x, min=y),
    "lerp": lambda lib, x, y: lib.lerp(x, y, 0.25),
    "where": lambda lib, x, y: lib.where(x > y, x, y),
}


@pytest.mark.parametrize("name", sorted(ONE))
def test_of_one(name: str) -> None:
    assert agree(lambda x: ONE[name](F, x), lambda x: ONE[name](TF, x), X, order=1)


@pytest.mark.parametrize("name", sorted(TWO))
def test_of_two(name: str) -> None:
    assert agree(lambda x, y: TWO[name](minigrad, x, y), lambda x, y: TWO[name](torch, x, y), X, Y, order=1)


# Where the gradient differs from PyTorch's at places where something is NaN.
NOT_PYTORCHS: dict[str, tuple[Any, str]] = {
    "abs": (lambda _, x: x.abs(), "the slope of NaN is NaN there as sign(NaN) is, as in NumPy; PyTorch has 0"),
    "elu": (lambda F, x: F.elu(x), "NaN where the input is; PyTorch has the slope of positive numbers"),
    "celu": (lambda F, x: F.celu(x, 2.0), "likewise"),
    "selu": (lambda F, x: F.selu(x), "likewise"),
    "hardswish": (lambda F, x: F.hardswish(x), "likewise"),
    "amax": (lambda _, x: x.amax(), "goes to what is NaN, as that of max does; PyTorch divides 0 by 0 everywhere"),
    "amin": (lambda _, x: x.amin(1), "likewise"),
}


@pytest.mark.parametrize("name", sorted(NOT_PYTORCHS))
def test_the_table_of_differences_is_true(name: str) -> None:
    call, _ = NOT_PYTORCHS[name]
    (value,), (mine,) = our_derivatives(lambda x: call(F, x), [X], 1)
    (expected,), (theirs,) = their_derivatives(lambda x: call(TF, x), [X], 1)
    np.testing.assert_allclose(value, expected)
    differs = ~np.isclose(mine, theirs, equal_nan=True)
    assert differs.any()
    rows = np.isnan(X).any(axis=1) if name == "amin" else np.ones(len(X), bool)
    assert not differs[~rows].any()
    if not name.startswith("am"):
        assert not differs[~np.isnan(X)].any()


def test_extremes_share_among_what_is_nan() -> None:
    x = Tensor(X, requires_grad=True)
    x.amax().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.isnan(X) / 3)
    x.grad = None
    x.amin(1).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[1, 0, 0, 0], [0, 0.5, 0.5, 0], [0, 0, 1, 0]])


@pytest.mark.parametrize("dim", [None, 0, 1])
def test_unique(dim: int | None) -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        values = rng.choice([NAN, 1.0, 2.0, -1.0], rng.integers(1, 5, 2))
        expected = torch.unique(torch.tensor(values), return_inverse=True, return_counts=True, dim=dim)
        got = minigrad.unique(Tensor(values), return_inverse=True, return_counts=True, dim=dim)
        if (
            dim is None or not np.isnan(values).any()
        ):  # slices with NaN have no order, and PyTorch may miss that others are equal
            np.testing.assert_array_equal(got[0].numpy(), expected[0].numpy())
            np.testing.assert_array_equal(got[2].numpy(), expected[2].numpy())
        lost = np.isnan(got[0].numpy())
        if dim is not None:
            lost = lost.any(axis=1 - dim)
        assert (got[2].numpy()[lost] == 1).all()
        again = got[0].numpy().take(got[1].numpy(), axis=0 if dim is None else dim)
        np.testing.assert_array_equal(again, values)


def test_numpy_keeps_one_nan() -> None:
    assert np.unique(Tensor([NAN, 1.0, NAN])).shape == (2,)
