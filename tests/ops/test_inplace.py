"""In-place writes: what works, what rebinds, what is refused, and what backward notices."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Parameter, Tensor

OVERWRITTEN = "overwritten in place"


def leaf(*values):
    return Tensor(list(values), requires_grad=True)


def add(t):
    t += 1


def subtract(t):
    t -= 1


def multiply(t):
    t *= 3


def divide(t):
    t /= 2


def power(t):
    t **= 3


def floor_divide(t):
    t //= 2


def remainder(t):
    t %= 2


def assign(t):
    t[0] = 7.0


def assign_all(t):
    t[...] = 7.0


# Every way to write through the library.
WRITES = {
    "+=": add,
    "-=": subtract,
    "*=": multiply,
    "/=": divide,
    "**=": power,
    "//=": floor_divide,
    "%=": remainder,
    "[0]=": assign,
    "[...]=": assign_all,
    "copy_": lambda t: t.copy_(7.0),
    "zero_": lambda t: t.zero_(),
}


# --- the teaching idiom -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("make", [leaf, lambda *values: Parameter(list(values))], ids=["Tensor", "Parameter"])
def test_gradient_descent_by_hand(make):
    w = make(4.0, -2.0)
    same = w
    for _ in range(50):
        loss = ((w - 1.0) ** 2).sum()
        loss.backward()
        with mg.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
    assert w is same and w.requires_grad and w.is_leaf
    np.testing.assert_allclose(w.detach().numpy(), [1.0, 1.0], atol=1e-3)


def test_gradients_zeroed_in_place_start_anew():
    w = leaf(1.0, 2.0)
    for _ in range(2):
        (w * w).sum().backward()
        assert w.grad.tolist() == [2, 4]
        w.grad.zero_()


def test_no_grad_as_a_decorator():
    w = leaf(1.0, 2.0)

    @mg.no_grad()
    def step(tensor):
        tensor -= 0.5

    step(w)
    assert w.tolist() == [0.5, 1.5] and w.is_leaf


# --- plain Tensors ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", WRITES)
def test_a_plain_tensor_is_written_where_it_stands(name):
    t, expected = Tensor([4.0, 5.0]), np.array([4.0, 5.0])
    view, alias = t[:1], t.detach()
    on_arrays = {"copy_": lambda a: a.fill(7.0), "zero_": lambda a: a.fill(0.0)}.get(name, WRITES[name])
    on_arrays(expected)
    WRITES[name](t)
    np.testing.assert_allclose(t.numpy(), expected)
    assert alias.tolist() == t.tolist() and view.tolist() == t.tolist()[:1]


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, 9.0),
        (-1, Tensor(9.0)),
        (slice(None, None, 2), [7.0, 8.0]),
        (slice(None, None, -1), np.arange(4.0)),
        ([0, 2], 9.0),
        (np.array([True, False, False, True]), Tensor([5.0, 6.0])),
        (Tensor([1, 1]), 3.0),
        (Tensor([True, True, False, False]), 3),
        (..., 2.5),
        (None, 1.0),
    ],
    ids=str,
)
def test_assignment_follows_numpy(index, value):
    t, expected = Tensor([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    expected[index.numpy() if isinstance(index, Tensor) else index] = (
        value.numpy() if isinstance(value, Tensor) else value
    )
    t[index] = value
    np.testing.assert_array_equal(t.numpy(), expected)


def test_assignment_by_a_comparison():
    t = Tensor([1.0, -2.0, 3.0])
    t[t < 0] = 0.0
    assert t.tolist() == [1, 0, 3]


def test_overlapping_views_of_one_tensor():
    t = Tensor([1.0, 2.0, 3.0])
    t[1:] = t[:-1]
    assert t.tolist() == [1, 1, 2]
    t += t[::-1]
    assert t.tolist() == [3, 2, 3]


def test_the_source_array_is_never_written():
    array = np.array([1.0, 2.0])
    t = Tensor(array)
    t += 1
    array[0] = 99
    assert t.tolist() == [2, 3] and array[1] == 2


def test_copies_and_zeros_return_the_tensor_itself():
    t = Tensor([1.0, 2.0])
    assert t.copy_([3.0, 4.0]) is t and t.tolist() == [3, 4]
    assert t.copy_(Tensor(np.array([5, 6]))) is t and t.dtype == np.float32
    assert t.zero_() is t and t.tolist() == [0, 0]


def test_a_wider_operand_does_not_change_the_dtype():
    t = Tensor([1.0, 2.0])
    t += np.ones(2)
    t *= Tensor(np.full(2, 2.0))
    assert t.dtype == np.float32 and t.tolist() == [4, 6]


# --- inside a graph ---------------------------------------------------------------------------------------------------
OPERATORS = {
    "+=": np.add,
    "-=": np.subtract,
    "*=": np.multiply,
    "/=": np.divide,
    "**=": np.power,
    "//=": np.floor_divide,
    "%=": np.remainder,
}


@pytest.mark.parametrize("symbol", OPERATORS)
def test_an_operator_inside_a_graph_moves_the_tensor_under_all_its_names(symbol):
    function, x, other = OPERATORS[symbol], leaf(4.0, 5.0), leaf(2.0, 3.0)
    y = same = x * 1.5
    before = x * 1.5
    names = {"y": y, "other": other}
    exec(f"y {symbol} other", names)  # the statement itself, for every operator
    y = names["y"]
    assert y is same
    assert y.tolist() == function(before, other).tolist()
    expected = mg.autograd.grad(function(x * 1.5, other).sum(), [x, other])
    for grad, right in zip(mg.autograd.grad(y.sum(), [x, other]), expected, strict=True):
        assert grad.tolist() == right.tolist()


def test_a_plain_total_that_collects_losses_joins_the_graph():
    x, total = leaf(1.0, 2.0, 3.0), Tensor(0.0)
    start = total
    for i in range(3):
        total += x[i] * x[i]
    total.backward()
    assert x.grad.tolist() == [2, 4, 6] and start is total


@pytest.mark.parametrize("name", WRITES)
def test_a_leaf_that_requires_grad_is_not_written_while_recording(name):
    w = leaf(4.0, 5.0)
    with pytest.raises(RuntimeError, match=r"leaf that requires grad of shape \(2,\).*no_grad"):
        WRITES[name](w)
    assert w.tolist() == [4, 5]


# --- inside a graph ---------------------------------------------------------------------------------------------------
RECORDED = {
    # an update, and the same computed without one
    "[0]=": (lambda y, v: y.__setitem__(0, v[1]), lambda y, v: mg.stack([v[1], y[1]])),
    "[...]= broadcast": (lambda y, v: y.__setitem__(..., v[0]), lambda y, v: mg.stack([v[0], v[0]]) + 0 * y),
    "[mask]=": (lambda y, v: y.__setitem__(y > 9, v[:1]), lambda y, v: mg.stack([y[0], v[0]])),
    "duplicates: the last stays": (
        lambda y, v: y.__setitem__(np.array([0, 0]), v),
        lambda y, v: mg.stack([v[1], y[1]]) + 0 * v.sum(),
    ),
    "copy_": (lambda y, v: y.copy_(v), lambda y, v: 1 * v + 0 * y),
    "fill_": (lambda y, v: y.fill_(v[0]), lambda y, v: mg.stack([v[0], v[0]]) + 0 * y),
    "zero_": (lambda y, v: y.zero_(), lambda y, v: 0 * y + 0 * v),
    "add_": (lambda y, v: y.add_(v), lambda y, v: y + v),
    "multiply_": (lambda y, v: y.multiply_(v), lambda y, v: y * v),
    "exp_": (lambda y, v: y.exp_(), lambda y, v: y.exp() + 0 * v),
    "clamp_": (lambda y, v: y.clamp_(0.0, 9.0), lambda y, v: y.clamp(0.0, 9.0) + 0 * v),
}


@pytest.mark.parametrize("name", RECORDED)
def test_an_update_inside_a_graph_is_differentiable(name):
    update, functional = RECORDED[name]
    x, v = leaf(4.0, 5.0), leaf(2.0, 3.0)
    y = x * 2
    earlier = y.tanh()  # saved its own values: the update must not reach them
    before = y * y
    update(y, v)
    gradients = mg.autograd.grad((earlier + before + y * y).sum(), [x, v], allow_unused=True)
    z = x * 2
    right = mg.autograd.grad((z.tanh() + z * z + functional(z, v) ** 2).sum(), [x, v])
    for got, expected in zip(gradients, right, strict=True):
        np.testing.assert_allclose(np.zeros(2) if got is None else got.numpy(), expected.numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("index", [None, (), ..., (None, ...)], ids=repr)
def test_assignment_to_a_single_number_of_a_graph(index):
    x, y = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
    h = x * 1.0
    h[index] = y
    (h * h).backward()
    assert (x.grad.item(), y.grad.item()) == (0, 6)


def test_values_of_a_graph_written_into_a_plain_tensor_bring_it_into_the_graph():
    x, t = leaf(4.0, 5.0), Tensor([0.0, 0.0])
    for i in range(2):
        t[i] = x[i] * x[i]
    (t * t).sum().backward()
    assert t.tolist() == [16, 25] and x.grad.tolist() == [4 * 64, 4 * 125]


SPECIAL = {
    "add": (0.5,), "sub": (0.5,), "subtract": (0.5,), "mul": (0.5,), "multiply": (0.5,), "div": (0.5,),
    "divide": (0.5,), "true_divide": (0.5,), "floor_divide": (0.5,), "remainder": (0.5,), "fmod": (0.5,), "pow": (3,),
    "clamp": (0.2, 0.6), "clip": (0.2, 0.6), "lerp": (1.0, 0.5), "atan2": (0.5,), "hypot": (0.5,),
    "addcmul": (2.0, 0.5), "addcdiv": (2.0, 0.5),
    "copysign": (-1.0,), "xlogy": (0.5,), "igamma": (0.5,), "igammac": (0.5,), "polygamma": (1,), "mvlgamma": (2,),
    "cumsum": (0,), "cumprod": (0,), "fill": (2.0,), "zero": (), "copy": ([[1.0, 2.0], [3.0, 4.0]],),
    "masked_fill": (np.array([[True, False], [False, True]]), 7.0),
    "masked_scatter": (np.array([[True, False], [False, True]]), np.array([7.0, 8.0])),
    "index_add": (0, np.array([1, 1]), np.ones((2, 2))), "index_copy": (0, np.array([1]), np.ones((1, 2))),
    "index_fill": (0, np.array([1]), 7.0), "index_put": ((np.array([1, 1]),), np.ones(2)),
    "scatter": (0, np.array([[1, 0]]), 7.0), "scatter_add": (0, np.array([[1, 1]]), np.ones((1, 2))),
    "scatter_reduce": (0, np.array([[1, 1]]), np.ones((1, 2)), "sum"),
    "addmm": (np.eye(2), np.eye(2)), "addmv": (np.eye(2), np.ones(2)), "addr": (np.ones(2), np.ones(2)),
    "addbmm": (np.ones((1, 2, 2)), np.ones((1, 2, 2))),
}  # fmt: skip
OTHERS = {"requires_grad_", "bernoulli_", "normal_", "uniform_"}  # the last three are tested in test_sampling.py
METHODS = sorted(n[:-1] for n in vars(Tensor) if n.endswith("_") and not n.startswith("_") and n not in OTHERS)


@pytest.mark.parametrize("name", METHODS)
def test_every_in_place_method_does_what_its_function_does(name):
    start = np.array([[0.25, 0.5], [0.75, 0.125]]) + {"acosh": 1.0, "mvlgamma": 1.0}.get(name, 0.0)
    if name == "addmv":
        start = start[0]
    if name == "baddbmm":
        start, args = start[None], (np.ones((1, 2, 2)), np.ones((1, 2, 2)))
    else:
        args = SPECIAL.get(name, ())
    functional = {"zero": lambda t: t * 0, "fill": lambda t, v: t * 0 + v, "copy": lambda t, v: t * 0 + np.array(v)}
    function = functional.get(name) or getattr(Tensor, name)
    plain = Tensor(start)
    memory = plain.numpy()
    assert getattr(plain, f"{name}_")(*args) is plain and plain.numpy() is memory
    x = Tensor(start, requires_grad=True)
    y = x * 1.0
    earlier = y.exp()
    assert getattr(y, f"{name}_")(*args) is y
    right = function(x * 1.0, *args)
    np.testing.assert_allclose(memory, right.detach().numpy())
    np.testing.assert_allclose(y.detach().numpy(), right.detach().numpy())
    got = mg.autograd.grad((y * y + earlier).sum(), x)[0]
    expected = mg.autograd.grad((right * right + (x * 1.0).exp()).sum(), x)[0]
    np.testing.assert_allclose(got.numpy(), expected.numpy())


def test_an_update_keeps_shape_and_dtype():
    x = leaf(4.0, 5.0)
    with pytest.raises(ValueError, match=r"result of add_ has shape \(3, 2\).*shape \(2,\)"):
        (x * 2).add_(np.ones((3, 2)))
    with pytest.raises(TypeError, match="result of add_ is float.*int64"):
        Tensor([1, 2]).add_(0.5)


def test_an_operator_in_a_function_reaches_the_callers_tensor():
    def shift(h, v):
        h += v

    x, v = leaf(4.0, 5.0), leaf(2.0, 3.0)
    h = x * 2
    shift(h, v)
    for gradient, right in zip(mg.autograd.grad((h * h).sum(), [x, v]), ([40, 52], [20, 26]), strict=True):
        assert gradient.tolist() == right
    wide = x * 2
    wide += Tensor(np.ones(2))
    assert wide.dtype == np.float32


def test_retain_grad_follows_an_update():
    x = leaf(4.0, 5.0)
    h = x * 1
    h.retain_grad()
    h.mul_(2.0)
    (h * 3).sum().backward()
    assert h.grad.tolist() == [3, 3] and x.grad.tolist() == [6, 6]


def test_without_recording_methods_write_where_the_tensor_stands():
    t = Tensor([-1.0, 4.0])
    memory = t.numpy()
    assert t.abs_().sqrt_().multiply_(2.0) is t
    assert memory.tolist() == [2, 4] == t.tolist()


# --- what backward notices --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", WRITES)
def test_an_overwritten_leaf_is_refused_by_name(name):
    w = leaf(4.0, 5.0)
    y = (w * w).sum()
    with mg.no_grad():
        WRITES[name](w)
    with pytest.raises(RuntimeError, match=rf"multiply needs its [xy], of shape \(2,\).*{OVERWRITTEN}.*clone"):
        y.backward()
    assert w.grad is None


@pytest.mark.parametrize("name", WRITES)
def test_an_overwritten_constant_is_refused(name):
    x, c = leaf(1.0, 2.0), Tensor([4.0, 5.0])
    y = (x / c).sum()
    WRITES[name](c)
    with pytest.raises(RuntimeError, match=rf"divide needs its y, of shape \(2,\).*{OVERWRITTEN}"):
        y.backward()


@pytest.mark.parametrize("name", WRITES)
def test_an_overwritten_alias_or_view_is_refused(name):
    for alias in (
        lambda t: t.detach(),
        lambda t: t.data,
        lambda t: t.detach()[:1],
        lambda t: t.detach().reshape(2, 1).T,
    ):
        w = leaf(4.0, 5.0)
        y = mg.log(w).sum()
        WRITES[name](alias(w) if name != "[0]=" else alias(w).reshape(-1))
        with pytest.raises(RuntimeError, match=rf"log needs its x.*{OVERWRITTEN}"):
            y.backward()


@pytest.mark.parametrize("name", WRITES)
def test_an_overwritten_output_is_refused(name):
    w = leaf(1.0, 2.0)
    y = mg.exp(w)
    WRITES[name](y.detach())
    with pytest.raises(RuntimeError, match=rf"exp needs its output.*{OVERWRITTEN}"):
        y.sum().backward()


def test_an_overwritten_whole_is_noticed_through_a_view_in_the_graph():
    base = Tensor([1.0, 2.0, 3.0])
    part = base[1:].requires_grad_()
    y = (part * part).sum()
    base[2] = 7.0
    with pytest.raises(RuntimeError, match=OVERWRITTEN):
        y.backward()


def test_an_overwritten_condition_or_target_of_where_is_refused():
    x, mask = leaf(1.0, 2.0), Tensor([True, False])
    y = mg.where(mask, x, 0.0).sum()
    mask[0] = False
    with pytest.raises(RuntimeError, match=rf"where needs its condition.*{OVERWRITTEN}"):
        y.backward()


def test_data_set_as_a_whole_is_a_write():
    w = leaf(1.0, 2.0)
    y = (w * w).sum()
    w.data = [5.0, 6.0]
    assert w.tolist() == [5, 6] and w.requires_grad
    with pytest.raises(RuntimeError, match=OVERWRITTEN):
        y.backward()


def test_a_second_backward_after_an_update_is_refused():
    w = leaf(1.0, 2.0)
    y = (w * w).sum()
    y.backward(retain_graph=True)
    with mg.no_grad():
        w -= 0.1 * w.grad
    with pytest.raises(RuntimeError, match=OVERWRITTEN):
        y.backward()


def test_second_derivatives_notice_too():
    w = leaf(1.0, 2.0)
    (first,) = mg.autograd.grad((w * w * w).sum(), w, create_graph=True)
    with mg.no_grad():
        w += 1
    with pytest.raises(RuntimeError, match=OVERWRITTEN):
        mg.autograd.grad(first.sum(), w)


# --- what backward does not mind --------------------------------------------------------------------------------------
def test_writes_to_what_no_rule_needs_are_fine():
    w, c = leaf(1.0, 2.0), Tensor([4.0, 5.0])
    y = (w + c).sum() - (w * 3).sum()
    c.zero_()
    with mg.no_grad():
        w.zero_()
    y.backward()
    assert w.grad.tolist() == [-2, -2]


def test_writes_before_the_use_are_fine():
    w, c = leaf(1.0, 2.0), Tensor([4.0, 5.0])
    c[0] = 7.0
    with mg.no_grad():
        w += 1
    y = (w * c).sum()
    y.backward()
    assert w.grad.tolist() == [7, 5]


def test_writes_to_other_memory_are_fine():
    w, other = leaf(1.0, 2.0), Tensor([4.0, 5.0])
    y = (w * w).sum()
    other += 1
    clone = w.detach().clone()
    clone.zero_()
    y.backward()
    assert w.grad.tolist() == [2, 4]


def test_memory_used_again_after_a_write_is_not_mistaken():
    for _ in range(300):  # a freed array's address is soon given to another
        scratch = Tensor(np.ones(5))
        scratch += 1
        del scratch
        w = Tensor(np.ones(5), requires_grad=True)
        y = (w * w).sum()
        y.backward()
        assert w.grad.tolist() == [2] * 5


def test_a_callers_array_may_change_after_the_call():
    x, c, low, mask = leaf(1.0, 2.0), np.array([3.0, 4.0]), np.array([0.0, 5.0]), np.array([True, False])
    y = (x * c + mg.clamp(x, min=low) + mg.where(mask, x, 0.0) + x**c).sum()
    for array in (c, low, mask):
        array[:] = 0
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), [3 + 1 + 1 + 3, 4 + 0 + 0 + 4 * 8])


def test_a_gradient_shares_no_memory():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = np.ones(2, np.float32)
    (x + y).backward(seed)
    x.grad += 5
    assert y.grad.tolist() == [1, 1] and seed.tolist() == [1, 1]
    held = x.grad
    (x + y).backward(seed)
    assert x.grad.tolist() == [7, 7] and held.tolist() in ([6, 6], [7, 7])
