"""gradcheck finds what is wrong, says where, and refuses what cannot be checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.autograd import GradcheckError, gradcheck, gradgradcheck
from minigrad.core.primitive import REGISTRY, Primitive


def leaf(values: Any) -> Tensor:
    return Tensor(values, requires_grad=True, dtype=np.float64)


@pytest.fixture
def wrong() -> Iterator[Primitive]:
    """x * y with a wrong derivative by one element of y."""
    op = Primitive(lambda x, y: x * y, name="wrong")
    op.rule(x=lambda g, y: g * y, y=lambda g, x: g * (x + np.array([0.0, 0.0, 0.5])))
    yield op
    del REGISTRY["wrong"]


@pytest.fixture
def wrong_second() -> Iterator[Primitive]:
    """x cubed; the second derivative is wrong, since part of the first is a constant to it."""
    op = Primitive(lambda x: x**3, name="wrong_second")
    op.rule(x=lambda g, x: g * 3 * x * mg.tensor(np.asarray(getattr(x, "_array", x))).numpy())
    yield op
    del REGISTRY["wrong_second"]


@pytest.mark.parametrize("fast_mode", [False, True])
def test_right_derivatives_pass(fast_mode: bool) -> None:
    rng = np.random.default_rng(0)
    x, w = leaf(rng.standard_normal((3, 4))), leaf(rng.standard_normal((4, 2)))

    def function(x: Tensor, w: Tensor, power: int) -> tuple[Tensor, Tensor]:
        return (x @ w).tanh() ** power, (x.exp() * 2).sum(0)

    kept = x.tolist()
    assert gradcheck(function, (x, w, 3), fast_mode=fast_mode)
    assert gradgradcheck(function, (x, w, 3), fast_mode=fast_mode)
    assert x.tolist() == kept and x.grad is None


def test_parameters_of_a_module_are_checked_by_moving_them_in_place() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    for p in net.parameters():
        p._array = p._array.astype(np.float64)
        p.requires_grad = False
        p.requires_grad = True
    x = leaf(np.random.default_rng(1).standard_normal((2, 3)))
    assert gradcheck(lambda x, *_: net(x), (x, *net.parameters()))


@pytest.mark.parametrize("fast_mode", [False, True])
def test_a_wrong_derivative_is_named(wrong: Primitive, fast_mode: bool) -> None:
    x, y = leaf([1.0, 2.0, 3.0]), leaf([4.0, 5.0, 6.0])
    with pytest.raises(GradcheckError) as caught:
        gradcheck(wrong, (x, y), fast_mode=fast_mode)
    for word in ("by input 1 at [2]", "output[2]", "analytic 3.5", "numeric 3", "where the input is 6", "1 of 9"):
        assert word in str(caught.value)
    assert not gradcheck(wrong, (x, y), raise_exception=False, fast_mode=fast_mode)
    assert gradcheck(wrong, (x, y.detach()))


def test_a_wrong_second_derivative_is_found(wrong_second: Primitive) -> None:
    x = leaf([1.0, 2.0])
    assert gradcheck(wrong_second, x)
    with pytest.raises(GradcheckError, match="gradgradcheck: the derivative of the gradient by input.*is wrong"):
        gradgradcheck(wrong_second, x)


def test_a_cut_graph_is_found() -> None:
    with pytest.raises(GradcheckError, match="analytic 0, numeric 2"):
        gradcheck(lambda x: x.detach() * 2, leaf([1.0]))


@pytest.mark.parametrize(
    ("function", "at", "kink"),
    [
        (mg.abs, [1.0, 0.0], "at [1]"),
        (mg.relu, [1.0, 0.0], "at [1]"),
        (lambda x: x.amax(), [1.0, 2.0, 2.0], "at [1]"),
        (lambda x: x.sign(), [1.0, 0.0], "at [1]"),
        (lambda x: np.floor_divide(x, 1.0) + x, [0.5, 2.0], "at [1]"),
        (lambda x: mg.clamp(x, -1, 1), [-1.0, 0.0], "at [0]"),
        (lambda x: abs(x - 1e-7), [1.0, 0.0], "at [1]"),
    ],
)
@pytest.mark.parametrize("fast_mode", [False, True])
def test_kinks_and_jumps_are_reported(function: Any, at: Any, kink: str, fast_mode: bool) -> None:
    with pytest.raises(GradcheckError, match="kink or jump") as caught:
        gradcheck(function, leaf(at), fast_mode=fast_mode)
    assert fast_mode or kink in str(caught.value)


@pytest.mark.parametrize("name", ["exp", "softplus", "x**5", "sin of much", "large", "1/x near 0"])
def test_smooth_functions_have_no_kinks(name: str) -> None:
    functions = {
        "exp": (mg.exp, [5.0, 10.0]),
        "softplus": (lambda x: mg.log(1 + mg.exp(x)), [-3.0, 0.0, 3.0]),
        "x**5": (lambda x: x**5, [10.0, -7.0]),
        "sin of much": (lambda x: mg.tanh(30 * x), [0.0, 0.01]),
        "large": (lambda x: 1e6 * x * x, [1e3, 1.0]),
        "1/x near 0": (lambda x: 1 / x, [0.01]),
    }
    function, at = functions[name]
    assert gradcheck(function, leaf(at))


def test_softmax_is_smooth_where_max_is_not() -> None:
    tie = leaf([1.0, 1.0])
    assert gradcheck(lambda x: mg.logsumexp(x, 0), tie)
    with pytest.raises(GradcheckError, match="kink"):
        gradcheck(lambda x: x.max(), tie)


def test_what_cannot_be_checked_is_refused() -> None:
    with pytest.raises(TypeError, match=r"input 1 is float32.*dtype=np\.float64"):
        gradcheck(lambda x, y: x * y, (leaf(1.0), Tensor(1.0, requires_grad=True)))
    with pytest.raises(ValueError, match="none of the 1 inputs requires grad"):
        gradcheck(lambda x: x, Tensor(1.0))
    with pytest.raises(TypeError, match="must return Tensors, got float"):
        gradcheck(lambda x: 1.0, leaf(1.0))
    with pytest.raises(GradcheckError, match="not finite"), np.errstate(all="ignore"):
        gradcheck(mg.log, leaf(0.0))


def test_chance_is_noticed() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(GradcheckError, match=r"other values when it is called again.*manual_seed"):
        gradcheck(lambda x: x * rng.standard_normal(), leaf([1.0]))
    calls = iter(range(100))
    flip = Primitive(lambda x: x + 0, name="moody").rule(x=lambda g: g * (1.0 + next(calls)))
    try:
        with pytest.raises(GradcheckError, match="same values, but other gradients"):
            gradcheck(flip, leaf([1.0]))
    finally:
        del REGISTRY["moody"]


def test_fast_mode_handles_what_is_large() -> None:
    x = leaf(np.random.default_rng(0).standard_normal((200, 200)))
    assert gradcheck(lambda x: (x @ x).tanh(), x, fast_mode=True)


def test_the_message_reads_well(wrong: Primitive) -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck(wrong, (leaf([1.0, 2.0, 3.0]), leaf([4.0, 5.0, 6.0])))
    assert re.fullmatch(
        r"gradcheck: the derivative of output\[2\] by input 1 at \[2\] is wrong: analytic 3\.5, numeric 3, where the "
        r"input is 6 \(1 of 9 derivatives by this input differ; the worst is shown\)",
        str(caught.value),
    )
