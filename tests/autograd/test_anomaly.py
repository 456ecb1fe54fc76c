"""Anomaly mode: every known cause is named, with the line, the element, the values and the cure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.autograd import detect_anomaly, grad


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def leaf(values: Any, dtype: Any = np.float32) -> Tensor:
    return Tensor(values, requires_grad=True, dtype=dtype)


INF = np.inf
FORWARD: dict[str, tuple[Callable[[Tensor], Any], Any, list[str]]] = {
    # name: (what is called, the input, what the message says)
    "log 0": (
        mg.log,
        [[1.0, 2.0], [0.0, 3.0]],
        ["log produced", "-inf at [1, 0]", "1 of 4", "logarithm of 0", "clamp"],
    ),
    "log of less": (mg.log, [1.0, -2.0], ["nan at [1]", "negative number, -2", "from -2 to 1"]),
    "sqrt": (mg.sqrt, [-1.0], ["sqrt produced", "square root of a negative number, -1"]),
    "exp": (mg.exp, [1.0, 100.0], ["exp produced", "inf at [1]", "overflow: exp(100)", "logsumexp"]),
    "division": (lambda x: x / np.array([1.0, 0.0]), [1.0, 2.0], ["divide produced", "division by 0", "1e-8"]),
    "0 / 0": (lambda x: x / x, [1.0, 0.0], ["nan at [1]", "0 / 0 is nan", "zeros: 1"]),
    "power": (lambda x: x ** (1 / 3), [8.0, -8.0], ["power produced", "negative base, -8", "x.abs()"]),
    "0 to a negative power": (lambda x: x**-1.5, [0.0], ["power -1.5 of 0 is a division by 0"]),
    "growth": (lambda x: x @ x, [[1e30, 1e30], [1e30, 1e30]], ["matmul produced", "largest float32 number, 3.4e+38"]),
    "inf in a leaf": (lambda x: x * 2, [1.0, INF], ["input x is not finite, inf at [1]", "a Tensor that you made"]),
    "nan in a constant": (lambda x: x * np.array([1, np.nan]), [1.0, 1.0], ["input y", "nan at [1]", "handed in"]),
    "a row masked altogether": (
        lambda x: mg.softmax(x + np.array([-INF, -INF]), 0),
        [1.0, 2.0],
        ["softmax produced", "computed by add", "no row is masked altogether"],
    ),
}
BACKWARD: dict[str, tuple[Callable[[Tensor], Any], Any, list[str]]] = {
    "where": (
        lambda x: mg.where(x > 0, x.sqrt(), 0.0),
        [4.0, 0.0],
        ["derivative of sqrt", "nan at [1]", "0 * inf", "behind a where()", "where(ok, f(where(ok, x, 1)), 0)"],
    ),
    "norm": (lambda x: (x * x).sum() ** 0.5, [0.0, 0.0], ["derivative of sqrt", "norm", "sqrt(x + 1e-12)"]),
    "power below 1": (lambda x: x**0.25, [1.0, 0.0], ["derivative of power", "inf at [1]", "power below 1"]),
    "exponent": (
        lambda y: Tensor([-2.0]) ** y, [2.0], ["derivative of power", "its input y", "negative base", "detach"],
    ),
    "second derivative": (
        lambda x: grad((x**1.5).sum(), x, create_graph=True)[0],
        [4.0, 0.0],
        ["derivative of sqrt", "inf at [1]"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORWARD)
def test_value(name: str) -> None:
    function, at, words = FORWARD[name]
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        function(leaf(at))
    for word in [*words, "test_anomaly.py:", "line:", "cause:", "cure:"]:
        assert word in str(caught.value)


@pytest.mark.parametrize("name", BACKWARD)
def test_gradient(name: str) -> None:
    function, at, words = BACKWARD[name]
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        function(leaf(at)).sum().backward()
    for word in [*words, "test_anomaly.py:", "line:", "cause:", "cure:"]:
        assert word in str(caught.value)


def test_the_cures_cure() -> None:
    cured: list[tuple[Callable[[Tensor], Any], Any]] = [
        (lambda x: mg.log(x.clamp(min=1e-12)), [1.0, 0.0, -3.0]),
        (lambda x: mg.sqrt(x.clamp(min=1e-12)), [1.0, 0.0, -3.0]),
        (lambda x: mg.where(x > 0, mg.log(mg.where(x > 0, x, 1)), 0), [4.0, 0.0]),
        (lambda x: mg.sqrt((x * x).sum() + 1e-12), [0.0, 0.0]),
        (lambda x: mg.exp(x.clamp(max=80)), [1000.0]),
        (lambda x: 1 / mg.where(x == 0, 1, x), [0.0, 2.0]),
        (lambda x: abs(x) ** (1 / 3) * x.sign(), [-8.0]),
    ]
    with detect_anomaly():
        for function, at in cured:
            function(leaf(at)).sum().backward()


def test_the_line_is_that_of_the_user() -> None:
    x = leaf(0.0)
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"line: mg\.log\(x\)  # here"):
        mg.log(x)  # here


@pytest.mark.parametrize("create_graph", [False, True])
def test_the_operation_that_was_called_is_blamed_and_not_one_within_its_rule(create_graph: bool) -> None:
    with detect_anomaly():
        y = mg.sqrt(leaf([0.0, 1.0])).sum()
        with pytest.raises(FloatingPointError, match="derivative of sqrt"):
            y.backward(create_graph=create_graph)


def test_a_constant_mask_of_minus_infinity_passes() -> None:
    x = leaf([1.0, 2.0, 3.0])
    mask = np.array([0.0, 0.0, -INF], np.float32)
    with detect_anomaly():
        weights = mg.softmax((x + mask) * 2.0, 0)
        (weights * [1.0, 2.0, 3.0]).sum().backward()
        mg.softmax(mg.where([True, True, False], x, -INF), 0).sum().backward()
    assert weights[2].item() == 0 and np.isfinite(x.grad.numpy()).all()


def test_a_gradient_that_was_handed_in_is_named() -> None:
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"(?s)gradient that arrived.*inf at \[1\].*hooks"):
        (leaf([1.0, 2.0]) * 2).backward([1.0, INF])
    x = leaf([1.0, 2.0])
    with detect_anomaly():
        y = x * 2
        y.register_hook(lambda g: g / 0)
        with pytest.raises(FloatingPointError, match=r"(?s)derivative of multiply.*gradient that arrived"):
            y.sum().backward()
    assert x.grad is None


def test_outside_the_mode_nothing_is_checked() -> None:
    x = leaf([0.0])
    mg.log(x).backward()
    assert x.grad.item() == INF

    @detect_anomaly
    def inside() -> Tensor:
        return mg.log(x)

    with pytest.raises(FloatingPointError):
        inside()


def test_inputs_that_only_pass_by_cost_nothing_and_change_nothing() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    with detect_anomaly():
        watched = grad((x.tanh() @ x).sum(), x)[0]
    np.testing.assert_array_equal(watched.numpy(), grad((x.tanh() @ x).sum(), x)[0].numpy())
