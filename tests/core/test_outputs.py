"""Primitives with several outputs: each is a Tensor of its own, and a rule receives a gradient, or None, for each."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.autograd import detect_anomaly, grad, gradcheck, gradgradcheck, no_grad
from minigrad.autograd.recompute import checkpoint
from minigrad.core import graph
from minigrad.core.primitive import REGISTRY, Primitive
from minigrad.debug import summary
from minigrad.func import hessian, vjp
from minigrad.viz import draw_graph
from tests.fake_device import DeviceArray

RECEIVED: list[tuple[bool, ...]] = []  # which gradients each run of a rule was given


def _polar(x: Any, y: Any) -> Any:
    """Radius and angle of points."""
    return np.hypot(x, y), np.arctan2(y, x)


def _polar_rule(along: int) -> Any:
    """The rule by x (0) or y (1), which names an output and both inputs."""

    def rule(g: Any, x: Any, y: Any, radius: Any) -> Any:
        of_radius, of_angle = g
        RECEIVED.append((of_radius is not None, of_angle is not None))
        parts = []
        if of_radius is not None:
            parts.append(of_radius * ((x, y)[along] / radius))
        if of_angle is not None:
            parts.append(of_angle * ((-y, x)[along] / (radius * radius)))
        return sum(parts[1:], parts[0])

    return rule


def _moments(x: Any, w: Any, *, power: int = 2) -> Any:
    """x e^w, a 0-d sum of powers, and the residual e^w."""
    grown = np.exp(w)
    return x * grown, (x**power).sum(), grown


def _moments_gradients(g: Any, x: Any, scaled: Any, grown: Any, power: int) -> list[Any]:
    of_scaled, of_total = g
    for_x, for_w = np.zeros_like(scaled), np.zeros_like(scaled)
    if of_scaled is not None:
        for_x, for_w = for_x + of_scaled * grown, for_w + of_scaled * scaled
    if of_total is not None:
        for_x = for_x + of_total * power * x ** (power - 1)
    return [for_x, for_w]


@pytest.fixture
def polar() -> Iterator[Primitive]:
    op = Primitive(_polar, name="polar", outputs=("radius", "angle"), broadcasts=True)
    op.rule(x=_polar_rule(0), y=_polar_rule(1))
    RECEIVED.clear()
    yield op
    del REGISTRY["polar"]


@pytest.fixture
def moments() -> Iterator[Primitive]:
    op = Primitive(_moments, name="moments", outputs=("scaled", "total"), residuals={"grown": lambda w: np.exp(w)})
    yield op.joint(_moments_gradients)
    del REGISTRY["moments"]


def leaf(*shape: int, seed: int = 0, dtype: Any = np.float64) -> Tensor:
    """A leaf of that shape, away from 0."""
    return Tensor(np.random.default_rng(seed).uniform(0.5, 1.5, shape).astype(dtype), requires_grad=True)


# --- values and derivatives -------------------------------------------------------------------------------------------
def test_each_output_is_a_tensor(polar: Primitive) -> None:
    x, y = leaf(3), leaf(3, seed=1)
    radius, angle = polar(x, y)
    np.testing.assert_array_equal(radius.detach().numpy(), np.hypot(x.detach().numpy(), y.detach().numpy()))
    np.testing.assert_array_equal(angle.detach().numpy(), np.arctan2(y.detach().numpy(), x.detach().numpy()))
    assert radius.requires_grad and angle.requires_grad and not radius.is_leaf
    assert "op=polar" in repr(radius) and "op=polar" in repr(angle)
    assert repr(polar) == "<primitive polar(x, y)>"


def test_arrays_give_arrays_and_a_constant_gives_constants(polar: Primitive, moments: Primitive) -> None:
    assert all(type(part) is np.ndarray for part in polar(np.ones(3), np.ones(3)))
    with no_grad():
        assert not any(part.requires_grad for part in polar(leaf(3), leaf(3)))
    scaled, total = moments(Tensor([1.0, 2.0]), Tensor([0.0, 0.0]))
    assert not scaled.requires_grad and isinstance(total._array, np.ndarray) and total.item() == 5


SHAPES = [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((0,), (0,))]


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("used", [(0,), (1,), (0, 1)])
def test_first_and_second_derivatives(
    polar: Primitive, moments: Primitive, shapes: tuple[Any, Any], used: tuple[int, ...]
) -> None:
    for op in (polar, moments):
        inputs = [leaf(*shapes[0]), leaf(*shapes[1 if op.broadcasts else 0], seed=1)]

        def chosen(*args: Tensor, op: Primitive = op) -> list[Tensor]:
            outputs = op(*args)
            return [outputs[i] for i in used]

        assert gradcheck(chosen, inputs)
        if inputs[0].shape != (0,):
            assert gradgradcheck(chosen, inputs)


def test_third_derivative_and_options(moments: Primitive) -> None:
    x, w = leaf(), leaf(seed=1)
    scaled, total = moments(x, w, power=4)
    y = scaled * total  # x e^w · x⁴
    for order in (5, 4, 3):
        (y,) = grad(y, x, create_graph=True)
        expected = np.prod(np.arange(order, 6)) * x.item() ** (order - 1) * np.exp(w.item())
        np.testing.assert_allclose(y.item(), expected, rtol=1e-12)


def test_a_rule_is_told_which_outputs_were_used(polar: Primitive) -> None:
    x, y = leaf(3), leaf(3, seed=1)
    for used, told in (((0,), (True, False)), ((1,), (False, True)), ((0, 1), (True, True))):
        RECEIVED.clear()
        outputs = polar(x, y)
        sum(outputs[i].sum() for i in used).backward()
        assert RECEIVED == [told, told]


def test_one_output_used_twice(polar: Primitive) -> None:
    x, y = leaf(3), leaf(3, seed=1)
    radius, angle = polar(x, y)
    total = (radius * radius + radius).sum() + (radius * angle).sum()
    grads = grad(total, [x, y])
    assert len(RECEIVED) == 2  # all that arrives is added up before the rules run, once each
    a, b = x.detach().numpy(), y.detach().numpy()
    r, t = np.hypot(a, b), np.arctan2(b, a)
    along_radius, along_angle = 2 * r + 1 + t, r
    np.testing.assert_allclose(grads[0].numpy(), along_radius * a / r - along_angle * b / r**2)
    np.testing.assert_allclose(grads[1].numpy(), along_radius * b / r + along_angle * a / r**2)


def test_inputs_that_need_no_gradient(polar: Primitive, moments: Primitive) -> None:
    x, constant = leaf(3), np.array([0.5, 1.0, 2.0])
    for op in (polar, moments):
        expected = grad(sum(part.sum() for part in op(x, leaf(3, seed=1).detach())), x)[0]
        assert expected.shape == (3,)
        assert gradcheck(lambda x, op=op: op(x, constant), [x]) and gradcheck(lambda x, op=op: op(constant, x), [x])


def test_the_same_tensor_as_both_inputs(polar: Primitive) -> None:
    assert gradcheck(lambda x: polar(x, x), [leaf(3)]) and gradgradcheck(lambda x: polar(x, x)[0], [leaf(3)])


# --- gradients on request ---------------------------------------------------------------------------------------------
def test_grad_by_an_output(polar: Primitive) -> None:
    x, y = leaf(3), leaf(3, seed=1)
    radius, angle = polar(x, y)
    loss = (radius * radius * angle).sum()
    by_radius, by_angle, by_x = grad(loss, [radius, angle, x], retain_graph=True)
    np.testing.assert_allclose(by_radius.numpy(), (2 * radius * angle).detach().numpy())
    np.testing.assert_allclose(by_angle.numpy(), (radius * radius).detach().numpy())
    np.testing.assert_array_equal(by_x.numpy(), grad(loss, x, retain_graph=True)[0].numpy())
    RECEIVED.clear()
    grad(loss, [radius, angle])
    assert not RECEIVED  # nothing below them is computed
    assert grad(radius.sum(), angle, allow_unused=True) == (None,)


def test_outputs_that_a_rule_names_are_those_that_the_caller_holds(polar: Primitive) -> None:
    """As for one output: the derivative of a gradient by an output that its rule used."""
    x = leaf(3)
    radius, _ = polar(x, Tensor(np.ones(3)))
    seen: list[Tensor] = []
    radius.register_hook(seen.append)
    (slope,) = grad(radius.sum(), x, create_graph=True)  # x / radius
    (second,) = grad(slope.sum(), radius, retain_graph=True)
    np.testing.assert_allclose(second.numpy(), (-x / radius**2).detach().numpy())
    seen.clear()
    grad(slope.sum(), x)
    np.testing.assert_allclose(seen[0].numpy(), second.numpy())


def test_several_outputs_as_outputs_of_grad_and_backward(polar: Primitive) -> None:
    x, y = leaf(3), leaf(3, seed=1)
    weights = [Tensor(np.array([1.0, 2.0, 3.0])), Tensor(np.array([4.0, 5.0, 6.0]))]
    outputs = polar(x, y)
    together = grad(outputs, [x, y], weights, retain_graph=True)
    assert len(RECEIVED) == 2
    apart = [grad(out, [x, y], w, retain_graph=True) for out, w in zip(outputs, weights, strict=True)]
    for whole, a, b in zip(together, *apart, strict=True):
        np.testing.assert_allclose(whole.numpy(), (a + b).numpy())
    mg.autograd.backward(outputs, weights)
    np.testing.assert_array_equal(x.grad.numpy(), together[0].numpy())


def test_functional_transforms(polar: Primitive) -> None:
    x = leaf(2).detach()
    outputs, pull = vjp(lambda x: polar(x, x), x)
    assert [out.shape for out in outputs] == [(2,), (2,)]
    np.testing.assert_allclose(pull((Tensor(np.ones(2)), Tensor(np.ones(2))))[0].numpy(), np.full(2, 2**0.5))
    matrix = hessian(lambda x: (polar(x, Tensor(np.ones(2)))[0] ** 3).sum())(x)
    a = x.numpy()
    np.testing.assert_allclose(matrix.numpy(), np.diag(3 * (2 * a**2 + 1) / np.hypot(a, 1)), atol=1e-12)


# --- hooks ------------------------------------------------------------------------------------------------------------
def test_hooks_and_retained_gradients_of_one_output(polar: Primitive) -> None:
    x, y = leaf(3), leaf(3, seed=1)
    radius, angle = polar(x, y)
    radius.retain_grad()
    seen: list[Tensor] = []
    angle.register_hook(lambda g: seen.append(g) or g * 0)
    (radius * 3 + angle * 5).sum().backward()
    np.testing.assert_array_equal(radius.grad.numpy(), np.full(3, 3.0))
    np.testing.assert_array_equal(seen[0].numpy(), np.full(3, 5.0))
    np.testing.assert_allclose(x.grad.numpy(), 3 * (x / radius).detach().numpy())  # the hook took the angle's share


# --- the graph's lifetime ---------------------------------------------------------------------------------------------
def test_a_freed_graph_says_so_whichever_output_is_used(polar: Primitive) -> None:
    x, y = leaf(3), leaf(3, seed=1)
    radius, angle = polar(x, y)
    radius.sum().backward(retain_graph=True)
    angle.sum().backward()
    for out in (radius, angle):
        with pytest.raises(RuntimeError, match="graph through polar was already used"):
            out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), (x / radius - y / radius**2).detach().numpy())


def test_no_reference_cycles(polar: Primitive, moments: Primitive) -> None:
    gc.collect()
    gc.disable()
    try:
        for op in (polar, moments):
            x, w = leaf(3), leaf(3, seed=1)
            first, second = op(x, w)
            first.retain_grad()
            second.register_hook(lambda g: None)
            loss = (first * second).sum()
            loss.backward(retain_graph=True)
            (slope,) = grad(loss, x, create_graph=True)
            nodes = [weakref.ref(node) for node in graph.reachable([slope._node])]
            arrays = [weakref.ref(t._array) for t in (x, w, first, second)]
            del x, w, first, second, loss, slope
            assert not any(reference() for reference in nodes + arrays)
    finally:
        gc.enable()


def test_an_output_that_is_dropped_does_not_stay(moments: Primitive) -> None:
    x = leaf(3)
    scaled, total = moments(x, leaf(3))
    array, node = weakref.ref(total._array), weakref.ref(total._node)
    del total
    assert array() is None and node() is None
    assert gradgradcheck(lambda x: moments(x, np.ones(3))[0], [x])
    (slope,) = grad(scaled.sum(), x, create_graph=True)
    del scaled
    assert slope.requires_grad


# --- in-place writes --------------------------------------------------------------------------------------------------
def test_writes_into_what_a_rule_needs_are_refused(polar: Primitive) -> None:
    for write, what in (
        (lambda x, y, radius: x.mul_(2), "its x"),
        (lambda x, y, radius: y.detach().fill_(1.0), "its y"),
        (lambda x, y, radius: radius.detach().mul_(2), "its output"),
    ):
        x, y = leaf(3), leaf(3, seed=1)
        radius, angle = polar(x, y)
        with no_grad():
            write(x, y, radius)
        with pytest.raises(RuntimeError, match=f"backward through polar needs {what}, of shape \\(3,\\)"):
            angle.sum().backward()


def test_writes_into_what_no_rule_needs_are_allowed(polar: Primitive) -> None:
    x, y = leaf(3), leaf(3, seed=1)
    radius, angle = polar(x, y)
    with no_grad():
        angle.detach().mul_(7)
    angle.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), (-y / radius**2).detach().numpy())


def test_updates_inside_the_graph_move_one_output(polar: Primitive) -> None:
    def f(x: Tensor, y: Tensor) -> Tensor:
        radius, angle = polar(x, y)
        before = radius * angle
        radius.mul_(angle)
        radius[0] = 3.0
        return before + radius

    assert gradcheck(f, [leaf(3), leaf(3, seed=1)]) and gradgradcheck(f, [leaf(3), leaf(3, seed=1)])


def test_views_among_outputs_and_inputs_are_known() -> None:
    """A view would not follow an update inside the graph, so it is refused while one lives."""

    def halves(x: Any) -> Any:
        whole = x * 2
        return whole[:2], whole, x[:1]

    op = Primitive(halves, name="halves", outputs=("front", "whole", "first"))
    try:
        op.rule(x=lambda g, x: sum(np.zeros_like(x) for _ in g))
        for i in range(3):
            x = leaf(4) * 1
            outputs = op(x)
            with pytest.raises(RuntimeError, match="shares|follow"):
                outputs[i].mul_(2)
    finally:
        del REGISTRY["halves"]


# --- dtypes and array types -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kinds", [(np.float32, np.float32), (np.float64, np.float32), (np.float32, np.int64)])
def test_mixed_dtypes(polar: Primitive, kinds: tuple[Any, Any]) -> None:
    wanted = np.result_type(*[kind for kind in kinds if kind is not np.int64])
    x = leaf(3, dtype=kinds[0])
    y = leaf(3, dtype=kinds[1]) if kinds[1] is not np.int64 else Tensor(np.array([1, 2, 3]))
    radius, angle = polar(x, y)
    assert radius.dtype == angle.dtype == wanted
    (radius * angle).sum().backward()
    assert x.grad.dtype == kinds[0] and (y.grad is None or y.grad.dtype == kinds[1])


def test_integers_alone_have_the_default_dtype(polar: Primitive) -> None:
    assert [part.dtype for part in polar(Tensor([3, 0]), Tensor([4, 1]))] == [np.float32] * 2


def test_outputs_of_different_dtypes() -> None:
    op = Primitive(lambda x: (x * 2, np.argsort(x)), name="ordered", outputs=("twice", "order"), inputs=("x",))
    try:
        op.rule(x=lambda g: g[0] * 2)
        x = leaf(3)
        twice, order = op(x)
        assert twice.dtype == np.float64 and order.dtype == np.int64
        twice.sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), np.full(3, 2.0))
    finally:
        del REGISTRY["ordered"]


def test_another_array_type(polar: Primitive) -> None:
    x = Tensor(DeviceArray(np.array([3.0, 4.0])), requires_grad=True)
    radius, angle = polar(x, Tensor(DeviceArray(np.array([4.0, 3.0]))))
    assert isinstance(radius._array, DeviceArray) and isinstance(angle._array, DeviceArray)
    for create_graph in (False, True):
        ones = mg.core.tensor.wrap(DeviceArray(np.ones(2)), None)
        (g,) = grad([radius, angle], x, [ones, ones], create_graph=create_graph, retain_graph=True)
        np.testing.assert_allclose(g._array.get(), [0.6 - 4 / 25, 0.8 - 3 / 25])


# --- errors and tools -------------------------------------------------------------------------------------------------
def test_outputs_are_not_copied_or_pickled(polar: Primitive) -> None:
    _, angle = polar(leaf(3), leaf(3))
    for attempt in (copy.deepcopy, pickle.dumps):
        with pytest.raises(RuntimeError, match="this Tensor is the output of polar"):
            attempt(angle)
    assert copy.deepcopy(polar) is polar


def test_a_misfit_is_explained(polar: Primitive) -> None:
    with pytest.raises(ValueError, match=r"polar\(x: float64 \(3,\), y: float64 \(2,\)\)"):
        polar(leaf(3), leaf(2))
    with pytest.raises(TypeError, match=r"names \['out'\]; it can name .*'radius', 'angle'"):
        polar.joint(lambda g, out: [g, g])


@pytest.mark.parametrize("returned", [lambda x: (x, 1.0), lambda x: x, lambda x: (x,), lambda x: (x, x, x)])
def test_another_number_of_outputs_and_what_is_no_array(returned: Any) -> None:
    op = Primitive(lambda x: returned(x), name="careless", outputs=("first", "second"))
    try:
        op.rule(x=lambda g: g[0])
        with pytest.raises(TypeError, match=r"forward of careless returned .* must return a tuple of 2 output\(s\)"):
            op(leaf(3))
    finally:
        del REGISTRY["careless"]


def test_anomaly_in_a_value_and_in_a_gradient(polar: Primitive) -> None:
    with detect_anomaly():
        radius, angle = polar(leaf(2), leaf(2))
        (radius * angle).sum().backward()
        x = Tensor(np.array([1.0, np.inf]), requires_grad=True)
        with pytest.raises(
            FloatingPointError, match=r"polar produced a non-finite value at .*test_outputs.*inf at \[1\]"
        ):
            polar(x, Tensor(np.ones(2)))
        x = Tensor(np.array([1.0, 0.0]), requires_grad=True)
        _, angle = polar(x, Tensor(np.zeros(2)))
        with (
            pytest.raises(
                FloatingPointError, match=r"(?s)the derivative of polar.*nan at \[1\].*radius: float64 \(2,\)"
            ),
            np.errstate(all="ignore"),
        ):
            angle.sum().backward()


def test_anomaly_of_a_gradient_that_arrived(polar: Primitive) -> None:
    with detect_anomaly():
        radius, _ = polar(leaf(2), leaf(2))
        with pytest.raises(FloatingPointError, match=r"cause: the gradient of radius.* is not finite: inf at \[0\]"):
            radius.backward(Tensor(np.array([np.inf, 1.0])))


def test_checkpoint(polar: Primitive) -> None:
    x, y = leaf(3), leaf(3, seed=1)

    def f(x: Tensor, y: Tensor) -> Tensor:
        radius, angle = polar(x * 2, y)
        return radius * angle

    for create_graph in (False, True):
        expected = grad(f(x, y).sum(), [x, y], create_graph=create_graph)
        got = grad(checkpoint(f, x, y).sum(), [x, y], create_graph=create_graph)
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    seconds = [grad((p * p).sum(), x)[0].numpy() for p in (got[0], expected[0])]
    np.testing.assert_array_equal(*seconds)


def test_picture(polar: Primitive) -> None:
    x, y = leaf(3), leaf(3, seed=1)
    radius, angle = polar(x, y)
    loss = (radius * radius + angle).sum()
    source = draw_graph(loss, names={"x": x, "y": y, "angle": angle}).source
    assert source.count("<b>polar</b>") == 1  # one box, whatever the number of outputs
    assert source.count("(3,)") == 6 and ">radius<" in source and "<b>angle</b> = " in source and ">angle<" in source
    boxes = {
        name: next(line.split()[0] for line in source.splitlines() if f"{name}</b>" in line) for name in ("polar",)
    }
    assert source.count(f"{boxes['polar']} -> ") == 3  # twice into the product, once into the sum
    alone = draw_graph(angle, steps=1).source
    assert "<b>polar</b>" in alone and "#dcfce7" in alone and "not drawn" not in alone
    assert "4 of 6 nodes are not drawn" in draw_graph(loss, steps=2).source


def test_summary(polar: Primitive) -> None:
    class Polar(nn.Module):
        def __init__(self) -> None:
            self.linear = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Any:
            return polar(self.linear(x), x)

    result = summary(Polar(), input_size=(2, 4))
    assert result.layers[0].output_shapes == [(2, 4), (2, 4)]
