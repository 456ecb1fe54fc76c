"""PyTorch's names for arithmetic and comparisons, against PyTorch."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from tests.parity import DTYPES, compare, random, torch

COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor"]
QUESTIONS = ["logical_not", "isnan", "isfinite", "isinf", "isposinf", "isneginf", "signbit"]


@DTYPES
@pytest.mark.parametrize("name", ["add", "sub", "subtract", "mul", "div", "true_divide"])
def test_arithmetic(name, dtype):
    x, y = random((3, 1), dtype, 0.5, 2), random((4,), dtype, 0.5, 2, seed=1)
    compare(getattr(mg, name), getattr(torch, name), x, y)
    compare(lambda a, b: getattr(a, name)(b), lambda a, b: getattr(a, name)(b), x, y)


@DTYPES
def test_factors_and_rounding(dtype):
    x, y = random((3, 4), dtype), random((3, 4), dtype, 0.5, 2, seed=1)
    for name in ("add", "sub", "subtract"):
        for module in ("function", "method"):

            def call(library, a, b, name=name, module=module):
                f = getattr(library, name) if module == "function" else getattr(type(a), name)
                return f(a, b, alpha=0.5)

            compare(functools.partial(call, mg), functools.partial(call, torch), x, y)
    for mode in (None, "trunc", "floor"):
        for name in ("div", "divide"):

            def divided(library, a, b, name=name, mode=mode):
                return getattr(library, name)(a, b, rounding_mode=mode)

            compare(functools.partial(divided, mg), functools.partial(divided, torch), x, y)
    for ours, theirs in ((mg.addcmul, torch.addcmul), (mg.addcdiv, torch.addcdiv)):
        compare(ours, theirs, x, y, random((4,), dtype, 0.5, 1, seed=2))
        compare(lambda *a, f=ours: f(*a, value=-0.5), lambda *a, f=theirs: f(*a, value=-0.5), x, y, y + 5)
    compare(mg.lerp, torch.lerp, x, y, random((3, 4), dtype, 0, 1, seed=2))
    compare(mg.neg, torch.neg, x)
    compare(mg.absolute, torch.absolute, x)


MIXED = [("float64", "float32"), ("float32", "float64"), ("float64", "float16"), ("float64", "int64"), ("int8", "int8")]


@pytest.mark.parametrize("dtypes", [*MIXED, ("bool", "bool"), ("bool", "int16")], ids=str)
@pytest.mark.parametrize("shapes", [((3,), (3,)), ((3,), ()), ((), (3,))], ids=str)
def test_a_factor_counts_in_the_precision_of_the_sum(dtypes, shapes):
    arrays = [
        np.random.default_rng(i).uniform(1, 4, s).astype(d) for i, (s, d) in enumerate(zip(shapes, dtypes, strict=True))
    ]
    alpha = 0.1 if dtypes[0][0] == "f" else -2
    ours = mg.add(*map(Tensor, arrays), alpha=alpha).numpy()
    theirs = torch.add(*map(torch.tensor, arrays), alpha=alpha).numpy()
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, {"float64": 1e-14, "float32": 1e-6}.get(str(ours.dtype), 1e-3))


def test_division_of_integers():
    a, b = np.array([-7, 7, -8, 2**60 + 1]), np.array([2, -2, 4, 3])
    for mode in (None, "trunc", "floor"):
        ours = mg.div(Tensor(a), Tensor(b), rounding_mode=mode).numpy()
        theirs = torch.div(torch.tensor(a), torch.tensor(b), rounding_mode=mode).numpy()
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    with pytest.raises(ValueError, match="rounding_mode is None, 'trunc' or 'floor', got 'up'"):
        mg.div(Tensor(a), 2, rounding_mode="up")


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(name):
    x, y = np.array([0.0, 1.0, 2.0, np.nan]), np.array([[0.0, 2.0, 1.0, np.nan], [1.0, 0.0, 0.0, 0.0]])
    theirs = getattr(torch, name)(torch.tensor(x), torch.tensor(y)).numpy()
    t = Tensor(x, requires_grad=True)
    for ours in (getattr(mg, name)(t, Tensor(y)), getattr(t, name)(y)):
        assert not ours.requires_grad
        np.testing.assert_array_equal(ours.numpy(), theirs)


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions(name):
    x = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan])
    theirs = getattr(torch, name)(torch.tensor(x)).numpy()
    for ours in (getattr(mg, name)(Tensor(x)), getattr(Tensor(x), name)(), getattr(np, name)(Tensor(x))):
        np.testing.assert_array_equal(ours.numpy(), theirs)
