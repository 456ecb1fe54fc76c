"""Traps in which other libraries were caught, one row each, with the right answer."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F

GRADIENTS: dict[str, tuple[Callable[[Tensor], Tensor], object, object]] = {
    # name: (function whose sum is differentiated, the input, the gradient)
    "x - x": (lambda x: x - x, 3.0, 0.0),
    "x / x": (lambda x: x / x, 3.0, 0.0),
    "x @ x": (lambda x: x @ x, [[1.0, 2.0], [3.0, 4.0]], [[7.0, 11.0], [9.0, 13.0]]),
    "x[[0, 0, 1]]": (lambda x: x[[0, 0, 1]], [5.0, 6.0], [2.0, 1.0]),
    "concatenate(x, x)": (lambda x: mg.concatenate([x, x]) * np.array([1.0, 2, 3, 4]), [1.0, 1.0], [4.0, 6.0]),
    "np.concatenate(x, x)": (lambda x: np.concatenate([x, x]) * np.array([1.0, 2, 3, 4]), [1.0, 1.0], [4.0, 6.0]),
    "stack(x, x)": (lambda x: mg.stack([x, x]) * np.array([[1.0, 2], [3, 4]]), [1.0, 1.0], [4.0, 6.0]),
    "b = a + a; b * b": (lambda a: (lambda b: b * b)(a + a), 3.0, 24.0),
    "b = a + a; c = b + b": (lambda a: (lambda b: b + b)(a + a), 3.0, 4.0),
    "x ** 2 at 0": (lambda x: x**2, 0.0, 0.0),
    "x ** 2.0 at 0": (lambda x: x**2.0, 0.0, 0.0),
    "x ** Tensor(2) at 0": (lambda x: x ** Tensor(2.0), 0.0, 0.0),
    "x ** 0 at 0": (lambda x: x**0, 0.0, 0.0),
    "x ** Tensor(0) at 0": (lambda x: x ** Tensor(0.0), 0.0, 0.0),
    "x ** 1 at 0": (lambda x: x**1, 0.0, 1.0),
    "0 ** x at 2": (lambda x: 0.0**x, 2.0, 0.0),
    "(-2) ** 3": (lambda x: x**3, -2.0, 12.0),
    "2 ** x": (lambda x: 2**x, 3.0, 8 * np.log(2)),
    "abs": (mg.abs, [0.0, -2.0], [0.0, -1.0]),
    "max of ties": (lambda x: x.max(), [2.0, 2.0], [0.5, 0.5]),
    "np.max of ties": (np.max, [2.0, 2.0], [0.5, 0.5]),
    "min of ties": (lambda x: x.min(), [2.0, 2.0, 3.0], [0.5, 0.5, 0.0]),
    "amax of ties along a dimension": (lambda x: x.amax(1), [[2.0, 2.0]], [[0.5, 0.5]]),
    "max of ties along a dimension": (lambda x: x.max(1).values, [[2.0, 2.0]], [[1.0, 0.0]]),
    "maximum tie": (lambda x: mg.maximum(x, 2.0), [2.0, 3.0], [0.5, 1.0]),
    "maximum with itself": (lambda x: mg.maximum(x, x), [2.0], [1.0]),
    "relu at 0": (mg.relu, [0.0, -0.0, 1.0], [0.0, 0.0, 1.0]),
    "clamp at its bounds": (lambda x: x.clamp(-1, 1), [-1.0, 1.0, 1.5], [1.0, 1.0, 0.0]),
    "ndarray * tensor": (lambda x: np.array([2.0, 3.0]) * x, [1.0, 1.0], [2.0, 3.0]),
    "0-d ndarray * tensor": (lambda x: np.array(2.0) * x, [1.0, 1.0], [2.0, 2.0]),
    "np.float64 * tensor": (lambda x: np.float64(2.0) * x, [1.0, 1.0], [2.0, 2.0]),
    "list - tensor": (lambda x: [2.0, 3.0] - x, [1.0, 1.0], [-1.0, -1.0]),
    "mean of a broadcast": (lambda x: (x + np.zeros((4, 2))).mean(), [1.0, 1.0], [0.5, 0.5]),
    "logsumexp far out": (lambda x: x.logsumexp(0), [1000.0, 1000.0], [0.5, 0.5]),
    "logsumexp of a row of -inf": (
        lambda x: mg.where([True, False], x.logsumexp(1), 0.0),
        [[-np.inf]] * 2,
        [[0.0]] * 2,
    ),
    "sigmoid far out": (mg.sigmoid, [-1000.0, 1000.0], [0.0, 0.0]),
    "softmax far out": (lambda x: mg.softmax(x, 0)[0], [1e4, -1e4], [0.0, 0.0]),
}


@pytest.mark.parametrize("name", GRADIENTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient(name: str, dtype: type) -> None:
    function, at, expected = GRADIENTS[name]
    x = Tensor(at, requires_grad=True, dtype=dtype)
    function(x).sum().backward()
    assert x.grad is not None and x.grad.dtype == dtype
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-6 if dtype is np.float32 else 1e-12)


def test_float32_stays_float32() -> None:
    x = Tensor(np.ones(3, np.float32), requires_grad=True)
    y = ((2 * x + 1.5) ** 2 / 3 - x.mean() + x.var() + mg.logsumexp(x, 0)).sum()
    y.backward()
    assert y.dtype == np.float32 and x.grad.dtype == np.float32


def test_integers_cannot_require_grad() -> None:
    with pytest.raises(TypeError, match="1.0 instead of 1"):
        Tensor([1, 2], requires_grad=True)


def test_changing_the_input_array_before_backward_changes_nothing() -> None:
    a = np.array([1.0, 2.0])
    x = Tensor(a, requires_grad=True)
    y = (x * x).sum()
    a[:] = 10
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2.0, 4.0])


def test_changing_an_array_that_took_part_changes_nothing() -> None:
    x, a = Tensor([1.0, 2.0], requires_grad=True), np.array([3.0, 4.0])
    mask, index = np.array([True, False]), np.array([0, 0])
    y = (x * a).sum() + (a / x).sum() + mg.where(mask, x, 0.0).sum() + x[index].sum() + mg.clamp(x, a - 3, a).sum()
    for b in (a, mask, index):
        b[...] = 1
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3 - 3 + 1 + 2 + 1, 4 - 1 + 1])


def test_a_chain_of_5000() -> None:
    x = Tensor(0.0, requires_grad=True)
    y = x
    for _ in range(5000):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1


def test_backward_twice_accumulates_or_refuses() -> None:
    x = Tensor(3.0, requires_grad=True)
    y = x * x * 2
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 24
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()
    assert x.grad.item() == 24


def test_a_failed_backward_leaves_the_next_one_right() -> None:
    x = Tensor(3.0, requires_grad=True)
    late = Tensor(1.0, requires_grad=True)
    y = x * 2
    y.register_hook(_fail)
    z = y * late
    with pytest.raises(ZeroDivisionError):
        z.backward()
    assert x.grad is None and late.grad is None  # nothing is half done
    (x * x).backward()
    assert x.grad.item() == 6


def _fail(grad: Tensor) -> None:
    raise ZeroDivisionError


def test_cross_entropy_with_scores_far_apart() -> None:
    z = Tensor([[1000.0, 0.0], [0.0, 1.0]], requires_grad=True)
    loss = F.cross_entropy(z, [0, 1])
    loss.backward()
    assert np.isclose(loss.item(), 0.5 * np.log1p(np.exp(-1)), rtol=1e-6)
    p = 1 / (1 + np.exp(-1))
    np.testing.assert_allclose(z.grad.numpy(), [[0, 0], [(1 - p) / 2, (p - 1) / 2]], atol=1e-7)


def test_cross_entropy_of_indices_equals_that_of_one_hot_rows() -> None:
    scores = np.random.default_rng(0).standard_normal((5, 3))
    labels = np.array([0, 2, 1, 1, 0])
    a, b = (Tensor(scores, requires_grad=True) for _ in range(2))
    one, other = F.cross_entropy(a, labels), F.cross_entropy(b, np.eye(3)[labels])
    one.backward()
    other.backward()
    assert np.isclose(one.item(), other.item(), rtol=1e-14)
    np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), atol=1e-16)


@pytest.mark.parametrize(
    ("scores", "label", "loss"),
    [([3.2, 5.1, -1.7], 0, 2.0404), ([1.3, 4.9, 2.0], 1, 0.0791), ([2.2, 2.5, -3.1], 2, 6.1565)],
)
def test_the_worked_example_of_the_notes(scores: list[float], label: int, loss: float) -> None:
    assert np.isclose(F.cross_entropy(Tensor([scores]), [label]).item(), loss, atol=5e-5)


def test_a_second_derivative_that_captured_intermediates_would_get_wrong() -> None:
    """The Hessian of cross-entropy is diag(p) - p pᵀ."""
    z = Tensor([[0.3, -0.2, 0.5]], requires_grad=True, dtype=np.float64)
    (g,) = mg.autograd.grad(F.cross_entropy(z, [1]), z, create_graph=True)
    hessian = np.stack([mg.autograd.grad(g[0, i], z, retain_graph=True)[0].numpy()[0] for i in range(3)])
    p = mg.softmax(z, 1).detach().numpy()[0]
    np.testing.assert_allclose(hessian, np.diag(p) - np.outer(p, p), atol=1e-14)


def test_math_functions_do_not_drop_the_gradient_silently() -> None:
    x = Tensor(1.0, requires_grad=True)
    with pytest.warns(UserWarning, match="carries no gradient"):
        float(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert float(x.detach()) == 1.0 and x.item() == 1.0


def test_no_array_is_made_of_a_recorded_tensor() -> None:
    x = Tensor([1.0], requires_grad=True)
    for attempt in (np.asarray, np.array, lambda t: np.asarray([t])):
        with pytest.raises((TypeError, ValueError)):
            attempt(x * 2)


def test_equality_keeps_tensors_hashable() -> None:
    x, y = Tensor([1.0]), Tensor([1.0])
    assert len({x, y}) == 2 and x in {x: 1}
    assert (x == y).item() is True
    assert (x == None) is False and (x != None) is True  # noqa: E711


def test_masked_arrays_do_not_cut_the_graph() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    for attempt in (lambda: np.ma.array([1.0, 2.0]) * x, lambda: np.ma.array(x), lambda: np.ma.masked_less(x, 1.5)):
        with pytest.raises(TypeError, match="detach|derivative"):
            attempt()
