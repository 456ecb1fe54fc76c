"""Single precision stays single, mixed precision gives every input a gradient of its own, half precision runs."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.nn.kernels.linear import linear

VALUES = np.array([[0.3, 1.2, -0.7], [2.0, -1.5, 0.4]])
INDEX = np.array([0, 0, 1])

ELEMENTWISE = {
    "exp": mg.exp,
    "log": lambda x: mg.log(x * x),
    "sqrt": lambda x: mg.sqrt(x * x),
    "abs": mg.abs,
    "tanh": mg.tanh,
    "sigmoid": mg.sigmoid,
    "relu": mg.relu,
    "sign": mg.sign,
    "square": mg.square,
    "negative": operator.neg,
    "positive": operator.pos,
    "clone": mg.clone,
    "clamp": lambda x: mg.clamp(x, -0.5, 0.7),
    "clamp int": lambda x: mg.clamp(x, 0, 1),
    "maximum": lambda x: mg.maximum(x, 0.5),
    "minimum": lambda x: mg.minimum(0, x),
    "where": lambda x: mg.where(x > 0, x, 0.0),
    "where int": lambda x: mg.where(x > 0, 1, x),
    "add": lambda x: x + 1,
    "add float": lambda x: 0.1 + x,
    "subtract": lambda x: 1 - x,
    "multiply": lambda x: x * 0.1,
    "multiply bool": lambda x: x * True,
    "divide": lambda x: x / 3,
    "divided": lambda x: 1 / x,
    "floor divide": lambda x: x // 0.5,
    "remainder": lambda x: x % 0.5,
    "power 2": lambda x: x**2,
    "power 3": lambda x: x**3,
    "power 0": lambda x: x**0,
    "power -1": lambda x: x**-1,
    "power 0.5": lambda x: (x * x) ** 0.5,
    "power 1.5": lambda x: (x * x) ** 1.5,
    "power of 2": lambda x: 2**x,
    "power of 2.0": lambda x: 2.0**x,
    "power of itself": lambda x: (x * x) ** x,
    "numpy number": lambda x: x * np.sqrt(2) + np.float64(0.1),
    "numpy number first": lambda x: np.float64(0.1) * x,
    "numpy power": lambda x: (x * x) ** np.float64(1.5),
}
REDUCING = {
    "sum": mg.sum,
    "sum 0": lambda x: mg.sum(x, 0),
    "sum 1": lambda x: mg.sum(x, 1),
    "mean": mg.mean,
    "mean 0": lambda x: mg.mean(x, 0),
    "var": mg.var,
    "var 1": lambda x: mg.var(x, 1),
    "var 0 half": lambda x: mg.var(x, 0, correction=0.5),
    "max": mg.max,
    "max 1": lambda x: mg.max(x, 1).values,
    "min 0": lambda x: mg.min(x, 0).values,
    "amax": lambda x: mg.amax(x, (0, 1)),
    "amin": lambda x: mg.amin(x, 0),
    "logsumexp": lambda x: mg.logsumexp(x, 1),
    "softmax": lambda x: mg.softmax(x, 1),
    "log_softmax": lambda x: mg.log_softmax(x, 0),
}
REARRANGING = {
    "reshape": lambda x: x.reshape(3, 2),
    "transpose": lambda x: x.T,
    "broadcast_to": lambda x: mg.broadcast_to(x, (4, 2, 3)),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "concatenate": lambda x: mg.concatenate([x, x]),
    "stack": lambda x: mg.stack([x, x], 1),
    "slice": lambda x: x[:, ::2],
    "array index": lambda x: x[:, INDEX],
    "mask": lambda x: x[VALUES > 0],
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0], [2]]), 1),
    "matmul": lambda x: x @ x.T,
    "matrix vector": lambda x: x @ x[0],
    "vector matrix": lambda x: x[:, 0] @ x,
    "linear": lambda x: linear(x, x, x[:, 0]),
}
ALL = {**ELEMENTWISE, **REDUCING, **REARRANGING}


def leaf(dtype):
    return Tensor(VALUES.astype(dtype), requires_grad=True)


@pytest.mark.parametrize("create_graph", [False, True], ids=["raw", "differentiable"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", ALL)
def test_the_dtype_stays_in_the_value_and_in_the_gradients(name, dtype, create_graph):
    x = leaf(dtype)
    out = ALL[name](x)
    assert out.dtype == dtype
    total = out.sum()
    assert total.dtype == dtype
    (grad,) = mg.autograd.grad(total, x, create_graph=create_graph)
    assert grad.dtype == dtype and np.isfinite(grad.detach().numpy()).all()
    if create_graph and grad.requires_grad:
        (second,) = mg.autograd.grad(grad.sum(), x, allow_unused=True)
        assert second is None or second.dtype == dtype


@pytest.mark.parametrize("name", ALL)
def test_without_a_gradient_the_result_is_the_same_plain_tensor(name):
    x = leaf("float32")
    expected = ALL[name](x).detach().numpy()
    with mg.no_grad():
        unrecorded = ALL[name](x)
    for out in (ALL[name](x.detach()), unrecorded):
        assert type(out) is Tensor and out.dtype == np.float32
        assert not out.requires_grad or out is x  # +x is x
        np.testing.assert_array_equal(out.detach().numpy(), expected)


@pytest.mark.parametrize("name", ALL)
def test_single_and_half_precision_give_the_values_of_double(name):
    results = {}
    for dtype in ("float16", "float32", "float64"):
        x = leaf(dtype)
        out = ALL[name](x)
        out.sum().backward()
        results[dtype] = (out.detach().numpy(), x.grad.numpy())
    for dtype, tolerance in (("float16", 2e-2), ("float32", 1e-5)):
        if name in ("floor divide", "remainder") and dtype == "float16":
            continue  # they jump, and rounding decides on which side
        for got, expected in zip(results[dtype], results["float64"], strict=True):
            np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


PAIRS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": lambda x, y: (x * x) ** y,
    "remainder": operator.mod,
    "maximum": mg.maximum,
    "minimum": mg.minimum,
    "where": lambda x, y: mg.where(VALUES > 0, x, y),
    "clamp": lambda x, y: mg.clamp(x, min=y),
    "matmul": lambda x, y: x @ y.T,
    "concatenate": lambda x, y: mg.concatenate([x, y]),
    "stack": lambda x, y: mg.stack([x, y]),
}


@pytest.mark.parametrize("create_graph", [False, True], ids=["raw", "differentiable"])
@pytest.mark.parametrize("dtypes", [("float32", "float64"), ("float64", "float32"), ("float16", "float32")], ids=str)
@pytest.mark.parametrize("name", PAIRS)
def test_mixed_precision_gives_each_input_a_gradient_of_its_own(name, dtypes, create_graph):
    x, y = (leaf(dtype) for dtype in dtypes)
    out = PAIRS[name](x, y * 0.7)
    assert out.dtype == np.result_type(*dtypes)
    grads = mg.autograd.grad(out.sum(), [x, y], create_graph=create_graph)
    assert [g.dtype for g in grads] == list(dtypes)
    if create_graph:
        live = [g.sum().astype(np.float64) for g in grads if g.requires_grad]
        for second in mg.autograd.grad(live, [x, y], allow_unused=True) if live else ():
            assert second is None or second.dtype in dtypes
    x, y = (leaf(dtype) for dtype in dtypes)
    PAIRS[name](x, y * 0.7).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == dtypes
    plain = PAIRS[name](x.detach(), y.detach())
    assert type(plain) is Tensor and plain.dtype == np.result_type(*dtypes)


@pytest.mark.parametrize("name", PAIRS)
def test_one_input_that_feeds_both_precisions_accumulates_in_its_own(name):
    x = leaf("float32")
    wide = x.astype(np.float64)
    assert wide.dtype == np.float64
    (PAIRS[name](x, wide * 0.7).sum() + x.sum()).backward()
    assert x.grad.dtype == np.float32


# --- what becomes of Python numbers, lists and integers ---------------------------------------------------------------
@pytest.mark.parametrize(
    "other",
    [
        [1, 2, 3],
        [1.0, 2.0, 3.0],
        (1, 2, 3),
        Tensor([1, 2, 3]),
        Tensor(2),
        np.array([1, 3, 1]),
        np.array(True),
        np.int64(2),
        True,
    ],
    ids=repr,
)
@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**"])
def test_integers_and_lists_do_not_widen_float32(symbol, other):
    function = {
        "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
    }[symbol]  # fmt: skip
    x = leaf("float32") if symbol != "**" else Tensor(np.abs(VALUES).astype("float32"), requires_grad=True)
    out = function(x, other)
    assert out.dtype == np.float32
    reference = function(
        x.detach().numpy().astype(float), np.asarray(other.numpy() if isinstance(other, Tensor) else other) + 0.0
    )
    np.testing.assert_allclose(out.detach().numpy(), reference, rtol=1e-5)
    out.sum().backward()
    assert x.grad.dtype == np.float32
    for plain in (function(x.detach(), other), function(other, x.detach())):
        assert type(plain) is Tensor and plain.dtype == np.float32 and not plain.requires_grad


@pytest.mark.parametrize("values", [3, [1, 2, 3], True, [True, False]], ids=repr)
@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "divide", "multiply", "power 0.5"])
def test_integers_become_the_default_dtype_where_they_become_fractions(name, values):
    out = ELEMENTWISE[name](Tensor(values))
    assert out.dtype == mg.get_default_dtype() == np.float32


@pytest.mark.parametrize("name", ["sum", "sum 0", "max", "amin", "amax"])
def test_integers_stay_integers_where_they_can(name):
    values = np.array([[1, 5], [4, 3]])
    out = REDUCING[name](Tensor(values))
    assert out.dtype == np.int64 and not out.requires_grad


def test_arrays_keep_their_dtype():
    for dtype in ("float16", "float32", "float64", "int32", "int64", "uint8", "bool"):
        array = np.ones(2, dtype)
        assert Tensor(array).dtype == dtype
        assert Tensor(Tensor(array)).dtype == dtype
        assert mg.tensor(array, dtype="float64").dtype == np.float64


def test_the_default_dtype_can_be_changed():
    assert Tensor([1.0]).dtype == Tensor(1.0).dtype == Tensor([[1.0], [2.0]]).dtype == np.float32
    mg.set_default_dtype(np.float64)
    try:
        assert Tensor([1.0]).dtype == (Tensor([1, 2]) / 2).dtype == np.float64
        assert (leaf("float32") * 2.5).dtype == np.float32  # numbers take the dtype of the Tensor that they meet
    finally:
        mg.set_default_dtype(np.float32)


def test_astype_passes_gradients_between_floating_point_types():
    x = leaf("float32")
    y = x.astype(np.float64)
    assert y.dtype == np.float64
    (y * y).sum().backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_allclose(x.grad.numpy(), 2 * VALUES, rtol=1e-6)
    assert not x.astype(int).requires_grad and x.astype(int).tolist() == VALUES.astype(int).tolist()


def test_a_gradient_given_by_hand_takes_the_dtype_of_its_tensor():
    for gradient in (1, 1.0, [[1.0] * 3] * 2, np.ones((2, 3)), Tensor(np.ones((2, 3))), np.ones((2, 3), int)):
        x = leaf("float32")
        out = (x * x) if np.ndim(gradient) or isinstance(gradient, Tensor) else (x * x).sum()
        seen = []
        out.register_hook(lambda g, seen=seen: seen.append(g.dtype))
        out.backward(gradient)
        assert seen == [np.float32]
        assert x.grad.dtype == np.float32
        np.testing.assert_allclose(x.grad.numpy(), 2 * VALUES, rtol=1e-6)


def test_an_explicit_conversion_is_not_overruled():
    assert Tensor([1, 2]).astype(np.float64).dtype == np.float64
    assert Tensor([True]).astype(np.float16).dtype == np.float16


@pytest.mark.parametrize("kind", [list, tuple])
def test_lists_and_tuples_take_the_precision_of_the_tensor_that_they_meet(kind):
    x = leaf("float32")
    numbers = kind([kind([0.1] * x.shape[-1])])
    for out in (x * numbers, numbers + x, mg.maximum(x, numbers), mg.exp(numbers)):
        assert out.dtype == np.float32
    np.testing.assert_array_equal((x * numbers).detach().numpy(), x.detach().numpy() * np.float32(0.1))
