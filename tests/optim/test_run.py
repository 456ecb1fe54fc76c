"""Runs: what a compiled loop gets, and arrays that are not NumPy's."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

from minigrad import Parameter, Tensor, optim
from minigrad.core.tensor import wrap
from minigrad.optim import run
from minigrad.optim.adam import adam
from minigrad.optim.flat_optimizer import ascent, penalty

from ..fake_device import DeviceArray

SHAPES = ((3, 2), (4,), ())


def pushed(convert: Any = lambda array: array) -> list[Parameter]:
    rng = np.random.default_rng(0)
    parameters = [Parameter(rng.standard_normal(shape), dtype=np.float32) for shape in SHAPES]
    for parameter in parameters:
        parameter._array = convert(parameter._array)
        parameter._grad = wrap(convert(rng.standard_normal(parameter.shape).astype(np.float32)), None)
    return parameters


def test_every_update_passes_through_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def compiled(values: Any, state: Any) -> Any:
        return lambda parts, gradients: calls.append((parts, values, gradients, state))  # None declines

    monkeypatch.setattr(run, "compiled", compiled)
    ours, plain = pushed(), pushed()
    ours[1]._grad = None
    optim.Adam(ours, lr=0.1, weight_decay=0.2, maximize=True).step()
    assert [[text for text, _ in parts] for parts, *_ in calls] == [[ascent, penalty, adam]] * 2
    for (parts, values, gradients, state), chosen in zip(calls, ([ours[0]], [ours[2]]), strict=True):
        assert [float(number) for number in parts[1][1].values()] == [0.2]
        assert list(parts[2][1]) == ["beta1", "beta2", "rate", "eps"]
        assert all(value is parameter._array for value, parameter in zip(values, chosen, strict=True))
        assert all(g is parameter._grad._array for g, parameter in zip(gradients, chosen, strict=True))
        assert [buffer.shape for buffer in state] == [(chosen[0].detach().numpy().size,)] * 2
    monkeypatch.setattr(run, "compiled", None)
    plain[1]._grad = None
    optim.Adam(plain, lr=0.1, weight_decay=0.2, maximize=True).step()
    assert all(np.array_equal(a._array, b._array) for a, b in zip(ours, plain, strict=True))  # it had declined


def test_what_was_done_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(values: Any, state: Any) -> Any:
        def update(parts: Any, gradients: Any) -> bool:
            for value, gradient in zip(values, gradients, strict=True):
                value -= parts[-1][1]["rate"] * gradient
            state[0][...] = np.concatenate(gradients, axis=None)
            return True

        return update

    monkeypatch.setattr(run, "compiled", compiled)
    parameters = pushed()
    before = [parameter._array.copy() for parameter in parameters]
    optimizer = optim.SGD(parameters, lr=0.5, momentum=0.9)
    loss = (parameters[0] * parameters[0]).sum()
    optimizer.step()
    for value, parameter in zip(before, parameters, strict=True):
        gradient = parameter.grad.numpy()
        assert np.array_equal(parameter._array, value - np.float32(0.5) * gradient)
        assert np.array_equal(optimizer.state[parameter]["momentum_buffer"].numpy(), gradient)
    with pytest.raises(RuntimeError, match="overwritten in place"):
        loss.backward()


@pytest.mark.parametrize("kind", ["SGD", "AdamW", "RMSprop", "Rprop", "Adagrad", "Adadelta", "ASGD", "Lion", "NAdam"])
@pytest.mark.plain
def test_arrays_that_are_not_numpys(kind: str) -> None:
    host, device = pushed(), pushed(DeviceArray)
    for _ in range(3):
        getattr(optim, kind)(host).step()
        getattr(optim, kind)(device).step()
    assert all(np.array_equal(a._array, b._array.get()) for a, b in zip(host, device, strict=True))


@pytest.mark.parametrize("shape", [(3,), (600, 300)])
def test_no_gradient_outlives_its_step(shape: tuple[int, ...]) -> None:
    p = Parameter(np.ones(shape, np.float32))
    optimizer = optim.Adam([p])
    p.grad = Tensor(np.ones(shape, np.float32))
    gradient = weakref.ref(p.grad._array)
    optimizer.step()
    optimizer.zero_grad()
    assert gradient() is None


def test_other_numbers_in_every_step() -> None:
    """A program is kept, its numbers are not."""
    w = Parameter([0.0], dtype=np.float64)
    optimizer = optim.SGD([w], lr=1.0)
    for rate in (1.0, 0.5, 0.25):
        w.grad = Tensor([-1.0], dtype=np.float64)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
    assert w.tolist() == [1.75]


def test_other_formulas_in_every_step() -> None:
    w = Parameter([1.0], dtype=np.float64)
    optimizer = optim.SGD([w], lr=0.5, momentum=0.5)
    for decay, nesterov, maximize in ((0.0, False, False), (1.0, True, False), (0.0, False, True)):
        w.grad = Tensor([1.0], dtype=np.float64)
        optimizer.param_groups[0].update(weight_decay=decay, nesterov=nesterov, maximize=maximize)
        optimizer.step()
    # p, b: 1, 0 -> 0.5, 1 -> g = 1.5, b = 2, p = 0.5 - 0.5 (1.5 + 0.5 · 2) = -0.75 -> b = 0, p = -0.75
    assert w.tolist() == [-0.75]
