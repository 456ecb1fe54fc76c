"""Numbers on their way into a dtype, the argument dtype, and what half precision adds up in, beside PyTorch."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F  # noqa: N812
from minigrad import Tensor
from tests.calls import DTYPES, FLOATS, FUNCTIONS, INTEGERS, Inputs, attempt, call, difference, flat, seed_of
from tests.parity import torch

# --- the argument dtype -----------------------------------------------------------------------------------------------
WITH_DTYPE = {
    "sum": ((), (0,), (1, True)),
    "mean": ((), (0,), (1, True)),
    "prod": ((), (0,), (1, True)),
    "nansum": ((), (0,), (1, True)),
    "nanmean": ((), (0,), (1, True)),
    "cumsum": ((0,), (-1,)),
    "cumprod": ((0,), (-1,)),
    "softmax": ((0,), (-1,)),
    "log_softmax": ((0,), (-1,)),
    "norm": ((2, 0), (3, 1), (1, 0), (math.inf, 0)),
    "F.softmax": ((0,), (-1,)),
    "F.log_softmax": ((0,), (-1,)),
    "F.softmin": ((0,), (-1,)),
}


@pytest.mark.parametrize("target", DTYPES)
@pytest.mark.parametrize("name", WITH_DTYPE)
def test_the_argument_dtype(name, target):
    ours, theirs = FUNCTIONS[name]

    def with_dtype(function: Any, dtype: Any) -> Any:
        return lambda *arguments: function(*arguments, dtype=dtype)

    for dtype, arguments in itertools.product(DTYPES, WITH_DTYPE[name]):
        x = Inputs(dtype, seed_of(name)).x
        made = call(name, with_dtype(ours, target), with_dtype(theirs, getattr(torch, target)), (x, *arguments))
        assert isinstance(made.theirs, Exception) or not difference(made), made
        if "F." not in name and isinstance(made.ours, Tensor):
            with np.errstate(all="ignore"):
                method = getattr(Tensor(x), name)(*arguments, dtype=target)
            assert method.dtype == made.ours.dtype
            np.testing.assert_array_equal(method.numpy(), made.ours.numpy())
    x = Tensor(np.array([[0.5, 2.0]], "float32"), requires_grad=True)
    if target in FLOATS:
        out = ours(x, *WITH_DTYPE[name][-1], dtype=target)
        out.sum().backward()
        assert out.dtype == target and x.grad.dtype == np.float32


@pytest.mark.parametrize("name", ["mean", "softmax", "log_softmax", "nanmean", "norm", "F.softmin"])
def test_fractions_are_not_asked_for_as_integers(name):
    with pytest.raises(TypeError, match="floating-point"):
        FUNCTIONS[name][0](Tensor([[1.0, 2.0]]), *WITH_DTYPE[name][-1], dtype=mg.int64)


# --- half precision ---------------------------------------------------------------------------------------------------
REDUCTIONS = (
    "sum", "mean", "nansum", "nanmean", "std", "var", "norm", "prod", "cumsum", "cumprod", "logsumexp",
    "logcumsumexp", "softmax", "log_softmax", "std_mean", "var_mean",
)  # fmt: skip


@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_half_precision_is_accumulated_in_single(name, dim):
    """PyTorch's own result in double precision, rounded: its scans add up in half precision themselves."""
    rng = np.random.default_rng(seed_of(name))
    low, high = (0.99, 1.01) if "prod" in name else (0, 2)
    x = rng.uniform(low, high, (3000, 4)).astype("float16")
    x = x if dim == 0 else x.T.copy()
    arguments = (x, 2, dim) if name == "norm" else (x, dim)
    mine = getattr(mg, name)(Tensor(x), *arguments[1:])
    expected = getattr(torch, name)(torch.from_numpy(x).double(), *arguments[1:])
    for a, b in zip(flat(mine), flat(expected), strict=True):
        assert a.dtype == np.float16
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["mean", "std", "var", "norm", "logsumexp"])
def test_half_precision_overflows_only_where_the_result_does(name):
    x = np.resize(np.array([300, -300, 200, 250], "float16"), (4, 400))
    x = np.abs(x) if name == "mean" else x
    arguments = (x, 2, 1) if name == "norm" else (x, 1)
    made = call(name, getattr(mg, name), getattr(torch, name), arguments)
    assert not difference(made), made


# --- numbers on their way into a dtype --------------------------------------------------------------------------------
def _set(x: Any, index: Any, value: Any) -> Any:
    x[index] = value
    return x


TENSORS: dict[str, Callable[[Any, Any, Any], Any]] = {  # library, dtype, number -> a Tensor that it went into
    "tensor": lambda lib, dtype, n: lib.tensor(n, dtype=dtype),
    "tensor of a list": lambda lib, dtype, n: lib.tensor([[n]], dtype=dtype),
    "as_tensor": lambda lib, dtype, n: lib.as_tensor(n, dtype=dtype),
    "asarray": lambda lib, dtype, n: lib.asarray(n, dtype=dtype),
    "new_tensor": lambda lib, dtype, n: lib.zeros(1, dtype=dtype).new_tensor([n]),
    "full": lambda lib, dtype, n: lib.full((2,), n, dtype=dtype),
    "full_like": lambda lib, dtype, n: lib.full_like(lib.zeros(2, dtype=dtype), n),
    "new_full": lambda lib, dtype, n: lib.zeros(2, dtype=dtype).new_full((2,), n),
    "fill_": lambda lib, dtype, n: lib.zeros(2, dtype=dtype).fill_(n),
    "assignment": lambda lib, dtype, n: _set(lib.zeros(2, dtype=dtype), 0, n),
    "assignment to a slice": lambda lib, dtype, n: _set(lib.zeros(2, dtype=dtype), slice(1), n),
    "assignment to a list": lambda lib, dtype, n: _set(lib.zeros(2, dtype=dtype), [0], n),
    "masked_fill": lambda lib, dtype, n: lib.zeros(2, dtype=dtype).masked_fill(lib.tensor([True, False]), n),
    "index_fill": lambda lib, dtype, n: lib.zeros(2, dtype=dtype).index_fill(0, lib.tensor([1]), n),
    "scatter": lambda lib, dtype, n: lib.zeros(2, dtype=dtype).scatter(0, lib.tensor([1]), n),
    "pad": lambda lib, dtype, n: (F if lib is mg else torch.nn.functional).pad(
        lib.zeros(2, dtype=dtype), (1, 0), value=n
    ),
    "where": lambda lib, dtype, n: lib.where(lib.tensor([True, False]), lib.zeros(2, dtype=dtype), n),
    "sum": lambda lib, dtype, n: lib.zeros(2, dtype=dtype) + n,
    "product": lambda lib, dtype, n: n * lib.ones(2, dtype=dtype),
    "maximum": lambda lib, dtype, n: lib.zeros(2, dtype=dtype).clamp(min=n),
    "minimum": lambda lib, dtype, n: lib.zeros(2, dtype=dtype).clamp(max=n),
}
EXACT = (0.1, 1e300, 16777217.0, 2**53 + 1, 1 / 3, -1e-310, 3, -7, 2.5, True, math.inf, -math.inf, math.nan)
LARGE = (300, -1, 300.0, -200, 70000, 1e10, 1e39, 2**40, 2**63, 2**70, math.nan, math.inf, -129.5)


@pytest.mark.parametrize("number", EXACT, ids=repr)
@pytest.mark.parametrize("way", TENSORS)
def test_a_number_keeps_its_digits_in_double_precision(way, number):
    mine, theirs = TENSORS[way](mg, mg.float64, number), TENSORS[way](torch, torch.float64, number)
    assert mine.dtype == np.float64
    np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", "float16", "float32"])
@pytest.mark.parametrize("way", TENSORS)
def test_a_number_that_a_dtype_cannot_hold_is_refused_and_not_changed(way, dtype):
    for number in LARGE:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a number becomes infinite, where PyTorch makes it so as well
            mine = attempt(lambda n: TENSORS[way](mg, getattr(mg, dtype), n), (number,), None)
            theirs = attempt(lambda n: TENSORS[way](torch, getattr(torch, dtype), n), (number,), None)
        what = f"{way} of {number!r} in {dtype}: {mine!r}, PyTorch: {theirs!r}"
        if isinstance(mine, Exception):
            assert isinstance(mine, (ValueError, TypeError)), what
            assert str(number)[:20] in str(mine) or dtype in str(mine), what
        elif not isinstance(theirs, Exception) and mine.dtype == str(theirs.dtype)[6:]:
            value, reference = mine.numpy().astype(float), theirs.numpy().astype(float)
            held = np.array_equal(value, reference, equal_nan=True)
            assert held or (mine.dtype.kind != "f" and way in ("maximum", "minimum")), what  # PyTorch wraps the bound
        if isinstance(theirs, Exception) and not isinstance(mine, Exception):
            in_range = mine.dtype.kind == "f" and np.isfinite(mine.numpy()).all()  # beyond int64, but floats hold it
            assert in_range or way in ("maximum", "minimum", "sum", "product", "where"), what  # need not be a value


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod"])
def test_integers_are_not_divided_by_zero(name, dtype):
    x = Tensor(np.array([5, 7], dtype))
    zero = torch.zeros(2, dtype=getattr(torch, dtype))
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        getattr(torch, name)(torch.from_numpy(x.numpy()), zero)
    for divisor in (0, Tensor(zero.numpy()), Tensor(np.array([1, 0], dtype))):
        with pytest.raises(ZeroDivisionError, match=f"{name}.*where"):
            getattr(mg, name)(x, divisor)
    with np.errstate(all="ignore"):
        made = call(name, getattr(mg, name), getattr(torch, name), (x.numpy(), 0.0))
    assert not difference(made), made
    assert getattr(mg, name)(Tensor(np.zeros(0, dtype)), 0).shape == (0,)
