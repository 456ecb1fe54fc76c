"""Elementwise operations against PyTorch: values, gradients, second derivatives; layouts, broadcasting, kinks."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from tests.ops.test_elementwise import BINARY_CALLS, CALLS  # noqa: E402
from tests.parity import DTYPES, LAYOUTS, compare, leaf, random, theirs_from, torch

# Name -> (ours, theirs, lowest and highest argument).
UNARY = {
    "exp": (mg.exp, torch.exp, -2, 2),
    "log": (mg.log, torch.log, 0.1, 3),
    "sqrt": (mg.sqrt, torch.sqrt, 0.1, 3),
    "abs": (mg.abs, torch.abs, -2, 2),
    "tanh": (mg.tanh, torch.tanh, -3, 3),
    "sigmoid": (mg.sigmoid, torch.sigmoid, -5, 5),
    "relu": (mg.relu, torch.relu, -2, 2),
    "sign": (mg.sign, torch.sign, -2, 2),
    "square": (mg.square, torch.square, -2, 2),
    "negative": (operator.neg, operator.neg, -2, 2),
    "positive": (operator.pos, operator.pos, -2, 2),
    "absolute": (operator.abs, operator.abs, -2, 2),
    "clone": (mg.clone, torch.clone, -2, 2),
    "clamp": (lambda x: mg.clamp(x, -0.5, 0.7), lambda x: torch.clamp(x, -0.5, 0.7), -2, 2),
    "clamp below": (lambda x: mg.clamp(x, min=0.1), lambda x: torch.clamp(x, min=0.1), -2, 2),
    "clamp above": (lambda x: mg.clamp(x, max=0.1), lambda x: torch.clamp(x, max=0.1), -2, 2),
    "cube": (lambda x: x**3, lambda x: x**3, -2, 2),
    "inverse": (lambda x: x**-1, lambda x: x**-1, 0.2, 2),
    "root": (lambda x: x**0.5, lambda x: x**0.5, 0.2, 2),
    # PyTorch takes the logarithm of a number in float32, that of a tensor in the tensor's own precision.
    "two to x": (lambda x: 2**x, lambda x: torch.full_like(x, 2) ** x, -2, 2),
}
BINARY = {
    "add": (operator.add, operator.add),
    "subtract": (operator.sub, operator.sub),
    "multiply": (operator.mul, operator.mul),
    "divide": (operator.truediv, operator.truediv),
    "power": (operator.pow, operator.pow),
    "remainder": (operator.mod, operator.mod),
    "maximum": (mg.maximum, torch.maximum),
    "minimum": (mg.minimum, torch.minimum),
    "where": (lambda x, y: mg.where(x > 1, x, y), lambda x, y: torch.where(x > 1, x, y)),
    "clamp": (lambda x, y: mg.clamp(x, min=y), lambda x, y: torch.clamp(x, min=y)),
    "both bounds": (lambda x, y: mg.clamp(x, y * 0.5, y), lambda x, y: torch.clamp(x, y * 0.5, y)),
    "crossed bounds": (lambda x, y: mg.clamp(x, y, y * 0.5), lambda x, y: torch.clamp(x, y, y * 0.5)),
}
BROADCASTS = [
    ((), ()),
    ((), (2, 3)),
    ((2, 3), ()),
    ((3,), (2, 3)),
    ((2, 1), (1, 3)),
    ((2, 3, 4), (3, 1)),
    ((1,), (4,)),
    ((1, 1), ()),
    ((2, 3), (2, 3)),
    ((1, 3), (0, 3)),
    ((0,), (1,)),
    ((), (0,)),
]


@DTYPES
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_array(name, layout, dtype):
    ours, theirs, low, high = UNARY[name]
    compare(ours, theirs, LAYOUTS[layout](lambda shape: random(shape, dtype, low, high)))


@DTYPES
@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arrays_broadcast(name, shapes, dtype):
    a, b = (random(shape, dtype, 0.3, 2.0, seed=i) for i, shape in enumerate(shapes))
    compare(*BINARY[name], a, b)


@pytest.mark.parametrize("layout", ["transposed", "strided", "reversed", "repeated"])
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arrays_on_any_layout(name, layout):
    a = LAYOUTS[layout](lambda shape: random(shape, low=0.3))
    b = LAYOUTS[layout](lambda shape: random(shape, low=0.3, seed=1))
    compare(*BINARY[name], a, b)
    compare(*BINARY[name], a, np.ascontiguousarray(b))


@pytest.mark.parametrize("name", BINARY)
def test_one_tensor_twice(name):
    ours, theirs = BINARY[name]
    compare(lambda x: ours(x, x), lambda x: theirs(x, x), random((2, 3), low=0.3))


@pytest.mark.parametrize("name", BINARY)
def test_only_one_side_requires_grad(name):
    ours, theirs = BINARY[name]
    a, b = random((2, 3), low=0.3), random((3,), low=0.3, seed=1)
    compare(lambda x: ours(x, Tensor(b)), lambda x: theirs(x, torch.tensor(b)), a)
    compare(lambda y: ours(Tensor(a), y), lambda y: theirs(torch.tensor(a), y), b)


# --- operators and what stands on their other side --------------------------------------------------------------------
OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "%": operator.mod,
}
# Name -> the other operand for us, from the dtype; for PyTorch it becomes a tensor, unless it is a Python number.
OTHERS = {
    "int": lambda dtype: 3,
    "float": lambda dtype: 1.5,
    "bool": lambda dtype: True,
    "numpy scalar": lambda dtype: np.dtype(dtype).type(1.5),
    "0-d array": lambda dtype: np.array(1.5, dtype),
    "array": lambda dtype: random((3,), dtype, 0.3, 2.0),
    "larger array": lambda dtype: random((4, 2, 3), dtype, 0.3, 2.0),
    "list": lambda dtype: [0.5, 1.5, 2.0],  # exact in float32, the dtype that lists become
    "tensor": lambda dtype: Tensor(random((2, 1), dtype, 0.3, 2.0)),
}


def _theirs(other, dtype):
    if isinstance(other, (bool, np.generic)):  # PyTorch does not subtract booleans
        return float(other)
    if isinstance(other, (int, float)):
        return other
    return torch.tensor(other.numpy() if isinstance(other, Tensor) else np.asarray(other, dtype))


@DTYPES
@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("symbol", OPERATORS)
def test_operators_take_numbers_arrays_and_tensors_on_both_sides(symbol, kind, side, dtype):
    function, other = OPERATORS[symbol], OTHERS[kind](dtype)
    x, theirs = random((2, 3), dtype, 0.3, 2.0, seed=3), _theirs(other, dtype)
    if side == "right":
        compare(lambda t: function(t, other), lambda t: function(t, theirs), x)
    elif symbol in ("%", "**") and not isinstance(theirs, torch.Tensor):
        # PyTorch has no gradient for number % tensor, and takes the logarithm in number ** tensor in float32.
        compare(lambda t: function(other, t), lambda t: function(torch.full_like(t, theirs), t), x)
    else:
        compare(lambda t: function(other, t), lambda t: function(theirs, t), x)


@pytest.mark.parametrize("kind", [kind for kind in OTHERS if kind != "bool"])
@pytest.mark.parametrize("symbol", ["<", "<=", ">", ">=", "==", "!="])
def test_comparisons_give_booleans_without_a_graph(symbol, kind):
    function = {
        "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    }[symbol]  # fmt: skip
    other = OTHERS[kind]("float32")
    values = np.broadcast_to(np.asarray(other.numpy() if isinstance(other, Tensor) else other), (4, 2, 3))[0].copy()
    values[0, 0] += 1  # so that all three answers occur
    values[1, 1] -= 1
    x = leaf(values.astype("float32"))
    constant = other.numpy() if isinstance(other, Tensor) else np.asarray(other)
    for got, expected in [
        (function(x, other), function(x.detach().numpy(), constant)),
        (function(other, x), function(constant, x.detach().numpy())),
    ]:
        assert type(got) is Tensor and not got.requires_grad and got.dtype == bool
        np.testing.assert_array_equal(got.numpy(), expected)


@pytest.mark.parametrize(("a", "b"), [(-7.5, 2.0), (7.5, -2.0), (-6.0, 2.0), (0.0, 3.0)])
def test_floor_division_and_remainder_follow_the_sign_of_the_divisor(a, b):
    x, y = leaf(np.array([a])), leaf(np.array([b]))
    assert (x // y).item() == torch.floor_divide(torch.tensor([a]), torch.tensor([b])).item() == a // b
    assert (x % y).item() == torch.remainder(torch.tensor([a]), torch.tensor([b])).item() == a % b
    assert (x // b).item() == (a // y).item() == a // b
    assert (x % b).item() == (a % y).item() == a % b
    (x // y).backward()
    assert x.grad.item() == 0 and y.grad.item() == 0  # PyTorch refuses to differentiate it; flat pieces have slope 0
    compare(lambda s, t: s % t, lambda s, t: s % t, np.array([a + 0.25]), np.array([b]))


# --- powers -----------------------------------------------------------------------------------------------------------
BASES = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
EXPONENTS = [0, 1, 2, 3, 4, -1, -2, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, -0.5, -1.0]


@pytest.mark.parametrize("exponent", EXPONENTS, ids=repr)
def test_power_by_a_number_at_every_kind_of_base(exponent):
    with np.errstate(all="ignore"):
        compare(lambda x: x**exponent, lambda x: x**exponent, BASES)
        compare(lambda x: mg.pow(x, exponent), lambda x: torch.pow(x, exponent), BASES)


@pytest.mark.parametrize("exponent", EXPONENTS, ids=repr)
def test_power_by_a_tensor_at_every_kind_of_base(exponent):
    powers = np.full(BASES.shape, float(exponent))
    with np.errstate(all="ignore"):
        compare(lambda x, y: x**y, lambda x, y: x**y, BASES, powers, order=1)
        compare(lambda x, y: x**y, lambda x, y: x**y, BASES, np.array(float(exponent)), order=1)
    positive = BASES > 0
    if exponent != 0:  # second derivatives at base 0 or exponent 0 are tested below, where PyTorch has NaN or errs
        compare(lambda x, y: x**y, lambda x, y: x**y, BASES[positive], powers[positive])


@pytest.mark.parametrize("base", [-2, -0.5, 0, 0.0, 0.5, 1, 2.0], ids=repr)
def test_power_of_a_number(base):
    exponents = np.array([-2.0, -0.5, 0.0, 0.5, 1.0, 2.0])

    def theirs(y):  # PyTorch takes the logarithm of a number in float32
        return torch.full_like(y, base) ** y

    with np.errstate(all="ignore"):
        compare(lambda y: base**y, theirs, exponents, order=1 if base == 0 else 2)
        compare(lambda y: mg.pow(base, y), theirs, exponents, order=1)


@pytest.mark.parametrize("requires_grad", [False, True], ids=["constant exponents", "exponents with gradient"])
def test_derivatives_of_powers_at_zero(requires_grad):
    x, y = leaf(np.zeros(5)), Tensor([0.0, 1.0, 2.0, 3.0, 4.0], requires_grad=requires_grad, dtype=np.float64)
    out = x**y
    assert out.tolist() == [1, 0, 0, 0, 0]
    (first,) = mg.autograd.grad(out.sum(), x, create_graph=True)
    assert first.tolist() == [0, 1, 0, 0, 0]
    (second,) = mg.autograd.grad(first.sum(), x)
    assert second.tolist() == [0, 0, 2, 0, 0]


def test_the_mixed_derivative_of_a_power_at_exponent_zero():
    """d²/dxdy of x^y is x^(y-1) (1 + y log x), so 1/x at y = 0; PyTorch says 0."""
    x, y = leaf(np.array([0.5, 1.0, 2.0])), leaf(np.zeros(3))
    by_x, by_y = mg.autograd.grad((x**y).sum(), [x, y], create_graph=True)
    assert by_x.tolist() == [0, 0, 0]
    np.testing.assert_allclose(by_y.tolist(), np.log([0.5, 1.0, 2.0]))
    np.testing.assert_allclose(mg.autograd.grad(by_x.sum(), y, retain_graph=True)[0].tolist(), [2.0, 1.0, 0.5])
    np.testing.assert_allclose(mg.autograd.grad(by_y.sum(), x)[0].tolist(), [2.0, 1.0, 0.5])


def test_power_by_an_integer_array():
    exponents = np.array([0, 1, 2, 3])
    for base in ([0.0, -1.5, -2.0, 3.0], [0.0, 0.0, 0.0, 0.0]):
        compare(lambda x: x ** Tensor(exponents), lambda x: x ** torch.tensor(exponents), np.array(base), order=1)
        compare(lambda x: x**exponents, lambda x: x ** torch.tensor(exponents), np.array(base), order=1)


def test_powers_at_zero_have_no_nan():
    x = leaf(np.zeros(2))
    for exponent in (0, 2, 3, 0.0, 2.0, Tensor(0.0), Tensor(2.0), np.array([0.0, 2.0])):
        (slope,) = mg.autograd.grad((x**exponent).sum(), x)
        assert slope.tolist() == [0, 0], exponent


# --- ties and kinks ---------------------------------------------------------------------------------------------------
SPECIAL = np.array([-1.0, -0.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("ours", "theirs", "at"),
    [
        (mg.relu, torch.relu, SPECIAL),
        (mg.abs, torch.abs, SPECIAL),
        (mg.sign, torch.sign, SPECIAL),
        (mg.square, torch.square, SPECIAL),
        (lambda x: mg.clamp(x, -1, 1), lambda x: torch.clamp(x, -1, 1), SPECIAL),
        (lambda x: mg.clamp(x, 0), lambda x: torch.clamp(x, 0), SPECIAL),
        (lambda x: mg.clamp(x, max=0), lambda x: torch.clamp(x, max=0), SPECIAL),
        (lambda x: mg.clamp(x, 1, 1), lambda x: torch.clamp(x, 1, 1), SPECIAL),
        (lambda x: mg.clamp(x, 1, -1), lambda x: torch.clamp(x, 1, -1), SPECIAL),
        (lambda x: mg.maximum(x, x * 0), lambda x: torch.maximum(x, x * 0), SPECIAL),
        (lambda x: mg.minimum(x, x * 0), lambda x: torch.minimum(x, x * 0), SPECIAL),
    ],
)
def test_kinks(ours, theirs, at):
    compare(ours, theirs, at)


@pytest.mark.parametrize("name", ["maximum", "minimum", "clamp"])
def test_ties_of_two_tensors(name):
    compare(*BINARY[name], np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))
    compare(*BINARY[name], np.array([[1.0], [2.0]]), np.array([1.0, 2.0]))


def test_ties_of_clamp_with_two_tensor_bounds():
    grid = np.array(np.meshgrid([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0])).reshape(3, -1)
    compare(mg.clamp, torch.clamp, *grid)


@DTYPES
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "exp", "relu", "abs"])
def test_extreme_arguments(name, dtype):
    high = 80.0 if name == "exp" else 1e4
    x = np.array([-high, -100, -30, -1e-4, 1e-4, 30, 80, high], dtype)
    compare(UNARY[name][0], UNARY[name][1], x, order=1)


@pytest.mark.parametrize("name", ["sqrt", "log"])
def test_the_slope_at_the_edge_of_the_domain_is_infinite(name):
    with np.errstate(divide="ignore"):
        compare(UNARY[name][0], UNARY[name][1], np.array([0.0, 1.0]), order=1)


# --- where ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "shapes", [((3,), (2, 3), ()), ((2, 1), (3,), (2, 3)), ((4, 1, 1), (2, 1), (3,)), ((), (2,), (2,))]
)
def test_where_broadcasts_all_three(shapes):
    mask = random(shapes[0]) > 0
    a, b = random(shapes[1], seed=1), random(shapes[2], seed=2)
    expected = torch.tensor(np.array(mask))
    compare(lambda x, y: mg.where(mask, x, y), lambda x, y: torch.where(expected, x, y), a, b)
    compare(lambda x, y: mg.where(Tensor(mask), x, y), lambda x, y: torch.where(expected, x, y), a, b)
    compare(lambda x, y: np.where(mask, x, y), lambda x, y: torch.where(expected, x, y), a, b)
    compare(lambda x: mg.where(mask, x, 0.5), lambda x: torch.where(expected, x, 0.5), a)
    compare(lambda x: mg.where(mask, 0.5, x), lambda x: torch.where(expected, 0.5, x), a)


def test_the_double_where_of_the_docstring_has_no_nan():
    def ours(x):
        return mg.where(x > 0, mg.log(mg.where(x > 0, x, 1.0)), 0.0)

    def theirs(x):
        return torch.where(x > 0, torch.log(torch.where(x > 0, x, 1.0)), 0.0)

    compare(ours, theirs, SPECIAL)


@pytest.mark.parametrize("name", [*CALLS, *BINARY_CALLS])
def test_every_door_leads_to_the_same_operation(name):
    calls = CALLS[name] if name in CALLS else BINARY_CALLS[name]
    arrays = [random((2, 3), low=0.2, seed=i) for i in range(1 if name in CALLS else 2)]
    results = []
    for call in calls:
        leaves = [leaf(array) for array in arrays]
        out = call(*leaves)
        grads = mg.autograd.grad(out.sum(), leaves)
        results.append([out.detach().numpy(), *(g.numpy() for g in grads)])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", BINARY_CALLS)
def test_numpy_functions_take_the_tensor_on_either_side(name):
    call = BINARY_CALLS[name][-1] if name not in ("maximum", "minimum") else BINARY_CALLS[name][2]
    a, b = random((2, 3), low=0.2), random((3,), low=0.2, seed=1)
    both = call(leaf(a), leaf(b)).detach().numpy()
    for x, y in ((leaf(a), b), (a, leaf(b))):
        out = call(x, y)
        assert type(out) is Tensor and out.requires_grad
        np.testing.assert_array_equal(out.detach().numpy(), both)


def test_theirs_from_copies():  # the reference must not see what we do to the array
    array = np.ones(2)
    reference = theirs_from(array)
    array[0] = 5
    assert reference[0].item() == 1


@pytest.mark.parametrize("symbol", ["&", "|", "^"])
def test_masks_combine_with_operators(symbol):
    function = {"&": operator.and_, "|": operator.or_, "^": operator.xor}[symbol]
    a, b = np.array([True, True, False, False]), np.array([True, False, True, False])
    for x, y in ((Tensor(a), Tensor(b)), (Tensor(a), b), (a, Tensor(b))):
        got = function(x, y)
        assert type(got) is Tensor and got.dtype == bool and got.tolist() == function(a, b).tolist()
    assert (~Tensor(a)).tolist() == (~a).tolist()
    x = leaf(np.array([-1.0, 0.5, 2.0]))
    x[function(x > 0, x < 1)].sum().backward()
    expected = function(np.array([False, True, True]), np.array([True, True, False]))
    assert x.grad.tolist() == expected.astype(float).tolist()
