"""Modes of recording, backward of several Tensors, and hooks on leaves."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor, autograd
from minigrad.autograd import backward, enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled


def leaf(values: object) -> Tensor:
    return Tensor(values, requires_grad=True)


def test_set_grad_enabled_at_once_as_a_block_and_as_a_decorator() -> None:
    set_grad_enabled(False)
    assert not is_grad_enabled()
    set_grad_enabled(True)
    assert is_grad_enabled()
    with set_grad_enabled(False):
        assert not is_grad_enabled()
        with set_grad_enabled(True):
            assert is_grad_enabled()
        assert not is_grad_enabled()
    assert is_grad_enabled()

    @set_grad_enabled(False)
    def inside() -> bool:
        return is_grad_enabled()

    assert is_grad_enabled() and not inside() and is_grad_enabled()
    with pytest.raises(TypeError, match="True or False"):
        set_grad_enabled(1)  # type: ignore[arg-type]


def test_inference_mode() -> None:
    x = leaf(1.0)
    with inference_mode():
        assert not (x * 2).requires_grad
        with inference_mode(False):
            assert (x * 2).requires_grad
    assert inference_mode(lambda: (x * 2).requires_grad)() is False
    with no_grad(), enable_grad():
        assert (x * 2).requires_grad


def test_backward_of_several_tensors_and_into_some_leaves() -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    shared = x * w
    backward([shared.sum(), (shared * shared).sum()])
    np.testing.assert_array_equal(x.grad.numpy(), [3 + 2 * 3 * 3, 4 + 2 * 8 * 4])
    x.grad = w.grad = None
    backward([x * w], [[1.0, 10.0]], inputs=x)
    assert x.grad.tolist() == [3.0, 40.0] and w.grad is None
    middle = x * 2
    backward((middle * w).sum(), inputs=[middle, w])
    assert middle.grad.tolist() == [3.0, 4.0] and w.grad.tolist() == [2.0, 4.0]
    with pytest.raises(ValueError, match="2 tensors and 1 grad_tensors"):
        backward([x.sum(), w.sum()], [None])
    with pytest.raises(TypeError, match="input 0 of backward must be a Tensor, got float"):
        backward(x.sum(), inputs=[1.0])  # type: ignore[list-item]


def test_post_accumulate_hook_sees_the_sum_and_may_drop_it() -> None:
    x, w = leaf([1.0, 2.0]), leaf([1.0, 1.0])
    seen: list[list[float]] = []
    handle = x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.tolist()))
    for _ in range(2):
        (x * x * w).sum().backward()
    assert seen == [[2.0, 4.0], [4.0, 8.0]]
    handle.remove()
    x.sum().backward()
    assert len(seen) == 2

    def step(parameter: Tensor) -> None:
        with no_grad():
            parameter -= 0.5 * parameter.grad
        parameter.grad = None

    w.grad = None
    w.register_post_accumulate_grad_hook(step)
    (w * [2.0, 4.0]).sum().backward()
    assert w.tolist() == [0.0, -1.0] and w.grad is None
    autograd.grad(w.sum(), w)
    assert w.tolist() == [0.0, -1.0]  # grad() accumulates nothing
    with pytest.raises(RuntimeError, match="needs a leaf"):
        (w * 2).register_post_accumulate_grad_hook(step)
    with pytest.raises(RuntimeError, match="needs a leaf"):
        Tensor(1.0).register_post_accumulate_grad_hook(step)
