"""Leaves whose ``requires_grad`` is switched off and on again: their hooks, and graphs from before."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd, func, nn, optim


def leaf(*values: float) -> Tensor:
    return Tensor(list(values), requires_grad=True)


def watched(x: Tensor) -> list[Any]:
    """What the hooks of ``x`` see from now on."""
    log: list[Any] = []
    x.register_hook(lambda grad: log.append(grad.tolist()))
    x.register_post_accumulate_grad_hook(lambda t: log.append("after"))
    return log


def test_hooks_survive_a_time_without_gradients() -> None:
    x = leaf(1.0, 2.0)
    log = watched(x)
    x.requires_grad = False
    assert not (x * 2).requires_grad
    x.requires_grad = True
    (x * 2).sum().backward()
    assert log == [[2.0, 2.0], "after"] and x.grad.tolist() == [2.0, 2.0]


def test_a_hook_can_be_removed_while_frozen() -> None:
    x = leaf(1.0)
    handle = x.register_hook(lambda grad: grad * 10)
    x.requires_grad = False
    with pytest.raises(RuntimeError, match="requires grad"):
        x.register_hook(lambda grad: grad)
    handle.remove()
    x.requires_grad = True
    (x * 2).backward(Tensor([1.0]))
    assert x.grad.tolist() == [2.0]


def test_freezing_between_forward_and_backward_leaves_no_gradient() -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    log = watched(x)
    loss = (x * w).sum()
    x.requires_grad = False
    loss.backward()
    assert x.grad is None and w.grad.tolist() == [1.0, 2.0]
    assert log == [[3.0, 4.0], "after"]  # as in PyTorch: the gradient passed by, and nothing was added


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_gradient_from_before_the_freezing_stays(create_graph: bool) -> None:
    x = leaf(1.0)
    (x * 3).backward(Tensor([1.0]))
    loss = (x**3).sum()
    x.requires_grad = False
    loss.backward(create_graph=create_graph)
    assert x.grad.tolist() == [3.0] and not x.grad.requires_grad


def test_a_graph_from_before_the_toggle_belongs_to_the_same_leaf() -> None:
    x = leaf(1.0, 2.0)
    before = (x * 2).sum()
    x.requires_grad = False
    x.requires_grad = True
    both = before + (x * 3).sum()
    assert autograd.grad(both, x, retain_graph=True)[0].tolist() == [5.0, 5.0]
    both.backward()
    assert x.grad.tolist() == [5.0, 5.0]


def test_second_derivatives_across_the_toggle() -> None:
    x = leaf(1.0, 2.0)
    (slope,) = autograd.grad((x**3).sum(), x, create_graph=True)
    x.requires_grad_(False).requires_grad_()
    assert autograd.grad(slope.sum(), x)[0].tolist() == [6.0, 12.0]


def test_frozen_inputs_of_grad_and_backward_are_refused() -> None:
    x = leaf(1.0)
    y = x * 2
    x.requires_grad = False
    with pytest.raises(RuntimeError, match="does not require grad"):
        autograd.grad(y, x)
    with pytest.raises(RuntimeError, match="does not require grad"):
        autograd.backward(y, inputs=x)


def test_a_hook_may_freeze_a_leaf_during_backward() -> None:
    x, w = leaf(1.0), leaf(2.0)
    y = x * w
    y.register_hook(lambda _: w.requires_grad_(False) and None)
    y.backward(Tensor([1.0]))
    assert x.grad.tolist() == [2.0] and w.grad is None


def test_a_frozen_leaf_that_moves_into_another_graph() -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    loss = (x * 2 * w).sum()
    x.requires_grad = False
    x.add_(w)  # x is no leaf from here on
    with pytest.raises(RuntimeError, match=r"leaf of shape \(2,\) that was frozen .* moved into another graph"):
        loss.backward()
    assert w.grad is None
    x.sum().backward()
    assert w.grad.tolist() == [1.0, 1.0]


def test_a_leaf_that_moved_only_while_it_stood_for_another_value() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            self.weight = nn.Parameter([1.0, 2.0])

        def forward(self, x: Tensor) -> Tensor:
            return self.weight.mul_(x)

    layer = Scaled()
    log = watched(layer.weight)
    loss = (layer.weight * 3).sum()
    layer.requires_grad_(False)
    out = func.functional_call(layer, {"weight": Tensor([5.0, 6.0])}, leaf(2.0, 2.0))
    assert out.tolist() == [10.0, 12.0] and layer.weight.tolist() == [1.0, 2.0]
    layer.requires_grad_(True)
    loss.backward()
    assert log == [[3.0, 3.0], "after"] and layer.weight.grad.tolist() == [3.0, 3.0]


def test_freezing_layers_between_steps_of_training() -> None:
    mg.manual_seed(0)
    body, head = nn.Linear(3, 3), nn.Linear(3, 1)
    seen: list[tuple[int, ...]] = []
    for parameter in body.parameters():
        parameter.register_hook(lambda grad: seen.append(grad.shape))
    optimizer = optim.SGD([*body.parameters(), *head.parameters()], lr=0.1)
    for frozen in (True, False):
        body.requires_grad_(not frozen)
        optimizer.zero_grad()
        kept = body.weight.numpy().copy() if frozen else body.weight.detach().numpy().copy()
        head(body(Tensor(np.ones((2, 3), np.float32))).tanh()).sum().backward()
        optimizer.step()
        assert (body.weight.detach().numpy() == kept).all() == frozen
    assert sorted(seen) == [(3,), (3, 3)]


def test_conversion_while_frozen_keeps_hooks_and_gives_gradients_of_the_new_dtype() -> None:
    layer = nn.Linear(2, 1)
    log = watched(layer.weight)
    layer.requires_grad_(False).double()
    layer.requires_grad_(True)
    layer(Tensor(np.ones((1, 2)))).sum().backward()
    assert layer.weight.grad.dtype == np.float64 and log == [[[1.0, 1.0]], "after"]


def test_integers_cannot_be_thawed() -> None:
    layer = nn.Linear(2, 1).requires_grad_(False)
    layer.type(np.int64)
    with pytest.raises(TypeError, match="only floating-point"):
        layer.requires_grad_(True)


def test_a_frozen_leaf_keeps_no_cycle() -> None:
    gc.disable()
    try:
        x = leaf(1.0)
        watched(x)
        (x * 2).sum().backward()
        x.requires_grad = False
        gone = weakref.ref(x)
        del x
        assert gone() is None
    finally:
        gc.enable()


def test_post_accumulate_hooks_run_for_named_inputs_too() -> None:
    x, w = leaf(1.0), leaf(2.0)
    log, other = watched(x), watched(w)
    autograd.backward(x * w, [[1.0]], inputs=[x])
    assert log == [[2.0], "after"] and x.grad.tolist() == [2.0]
    assert other == [] and w.grad is None
