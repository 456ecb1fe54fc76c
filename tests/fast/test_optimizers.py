"""Steps of optimizers in one compiled loop, beside those in NumPy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import optim
from minigrad.optim import run

pytest.importorskip("numba")
pytest.importorskip("scipy")

from minigrad.fast import optimizers  # noqa: E402 - after the skips

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD, momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.01),
    "SGD, Nesterov, upwards": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, maximize=True),
    "Adam": lambda p: optim.Adam(p, lr=0.1),
    "Adam, amsgrad, decay": lambda p: optim.Adam(p, lr=0.1, amsgrad=True, weight_decay=0.1),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1),
    "Adamax": lambda p: optim.Adamax(p, lr=0.1),
    "NAdam": lambda p: optim.NAdam(p, lr=0.1),
    "RAdam": lambda p: optim.RAdam(p, lr=0.1),
    "RMSprop, centered": lambda p: optim.RMSprop(p, lr=0.1, momentum=0.9, centered=True),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.1),
    "Adadelta": lambda p: optim.Adadelta(p, lr=1.0),
    "Rprop": lambda p: optim.Rprop(p, lr=0.1),
    "ASGD": lambda p: optim.ASGD(p, lr=0.1),
    "Lion": lambda p: optim.Lion(p, lr=0.1),
}
SHAPES = [(3, 5), (), (7,), (200, 200), (0, 4), (1,), (40_000,), (2, 3, 4)]  # small ones share a loop


def values(shapes: Any, seed: int = 0, dtype: Any = np.float32) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def trained(make: Callable[[Any], Any], shapes: Any = SHAPES, dtype: Any = np.float32, steps: int = 4) -> Any:
    """Parameters and state after some steps with gradients that change, some of them not in C order."""
    parameters = [mg.tensor(value, requires_grad=True) for value in values(shapes, dtype=dtype)]
    optimizer = make(parameters)
    for step in range(steps):
        for parameter, gradient in zip(parameters, values(shapes, seed=step + 1, dtype=dtype), strict=True):
            parameter.grad = mg.tensor(gradient.T.copy()).T if gradient.ndim == 2 else mg.tensor(gradient)
        optimizer.step()
    state = optimizer.state_dict()["state"]
    kept = [np.asarray(value) for entry in state.values() for value in entry.values() if value is not None]
    return [parameter.detach().numpy() for parameter in parameters], kept


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each update was served."""
    answers: list[bool] = []

    class Watched(optimizers.Update):
        def __call__(self, *arguments: Any) -> bool:
            answers.append(super().__call__(*arguments))
            return answers[-1]

    monkeypatch.setattr(run, "compiled", Watched)
    return answers


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_numpy(name: str, enabled: None, served: list[bool]) -> None:
    fast = trained(OPTIMIZERS[name])
    assert served
    assert all(served)
    with mg.fast.disabled():
        plain = trained(OPTIMIZERS[name])
    for ours, theirs in zip(fast, plain, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_precisions_are_left_to_numpy(dtype: str, enabled: None, served: list[bool]) -> None:
    fast = trained(OPTIMIZERS["Adam"], dtype=dtype)
    assert served
    assert not any(served)
    with mg.fast.disabled():
        plain = trained(OPTIMIZERS["Adam"], dtype=dtype)
    for a, b in zip(fast[0], plain[0], strict=True):
        np.testing.assert_array_equal(a, b)


def test_parameters_that_lie_otherwise_in_memory_are_left_to_numpy(enabled: None, served: list[bool]) -> None:
    weight = mg.tensor(values([(4, 6)])[0]).T.detach().requires_grad_()
    assert not weight.detach().numpy().flags.c_contiguous
    weight.grad = mg.ones(weight.shape)
    before = weight.detach().numpy().copy()
    optim.SGD([weight], lr=0.5).step()
    assert served == [False]
    np.testing.assert_array_equal(weight.detach().numpy(), before - 0.5)


def test_what_holds_the_memory_of_a_parameter_sees_its_new_values(enabled: None) -> None:
    weight, bias = (mg.tensor(value, requires_grad=True) for value in values([(5, 3), (3,)]))
    held, first = weight.detach().numpy(), weight.detach()[0]
    for parameter in (weight, bias):
        parameter.grad = mg.ones(parameter.shape)
    before = held.copy()
    optim.SGD([weight, bias], lr=1.0).step()
    assert weight.detach().numpy() is held or np.shares_memory(weight.detach().numpy(), held)
    np.testing.assert_allclose(held, before - 1, rtol=1e-6)
    np.testing.assert_array_equal(first.numpy(), held[0])


def test_gradients_stay_as_they_are(enabled: None) -> None:
    parameters = [mg.tensor(value, requires_grad=True) for value in values([(6, 2), (50_000,)])]
    gradients = values([(6, 2), (50_000,)], seed=1)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = mg.tensor(gradient)
    optim.AdamW(parameters, lr=0.1, weight_decay=0.1).step()
    for parameter, gradient in zip(parameters, gradients, strict=True):
        np.testing.assert_array_equal(parameter.grad.numpy(), gradient)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e-40, 3e38])
def test_gradients_that_are_not_finite_or_hardly(value: float, enabled: None) -> None:
    def step() -> list[np.ndarray]:
        parameters = [mg.tensor(v, requires_grad=True) for v in values([(5,), (33_000,)])]
        optimizer = optim.Adam(parameters, lr=0.1)
        for parameter in parameters:
            parameter.grad = mg.zeros(parameter.shape)
            parameter.grad[1:3] = value
        optimizer.step()
        return [parameter.detach().numpy() for parameter in parameters]

    fast = step()
    with mg.fast.disabled():
        plain = step()
    for a, b in zip(fast, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_an_update_rule_of_ones_own_is_compiled_too(enabled: None, served: list[bool]) -> None:
    def towards_zero(p: Any, g: Any, last: Any, *, rate: float) -> Any:
        return p - rate * np.tanh(g + last), g

    class Own(optim.FlatOptimizer):
        def buffers(self, group: Any) -> dict[str, float]:
            return {"last": 0.0}

        def rule(self, group: Any, numbers: Any) -> Any:
            return towards_zero, {"rate": group["lr"]}

    fast = trained(lambda p: Own(p, {"lr": 0.1}))
    assert all(served)
    with mg.fast.disabled():
        plain = trained(lambda p: Own(p, {"lr": 0.1}))
    for a, b in zip(fast[0], plain[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_threads_step_at_once(enabled: None) -> None:
    results: list[Any] = []
    threads = [threading.Thread(target=lambda: results.append(trained(OPTIMIZERS["Adam"]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for parameters, _ in results[1:]:
        for a, b in zip(parameters, results[0][0], strict=True):
            np.testing.assert_array_equal(a, b)
    assert len(results) == 4
