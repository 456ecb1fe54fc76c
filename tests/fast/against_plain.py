"""Kernels beside what they stand for."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.core.primitive import REGISTRY

SPECIAL = {
    "NaN": [np.nan],
    "infinity": [np.inf],
    "minus infinity": [-np.inf],
    "both": [np.inf, -np.inf],
    "far from 0": [100, -100],
    "denormal": [1e-40, -1e-40],
    "zeros": [0, -0.0],
}


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    """Normal numbers of single precision."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def rows_with_special_numbers(size: int) -> np.ndarray:
    """Rows of normal numbers, which begin with special ones; one row all -inf, one all 1e6, one all denormal."""
    rows = numbers(len(SPECIAL) + 4, size)
    for row, values in zip(rows, SPECIAL.values(), strict=False):
        row[: min(size, len(values))] = values[:size]
    rows[-4:-1] = np.array([[-np.inf], [1e6], [1e-40]])
    return rows


def same(got: Any, want: Any, tolerance: float = 3e-6) -> None:
    """Assert equal shapes, dtypes, NaN and infinities, and finite numbers close for 1 or the largest of them."""
    if isinstance(want, (tuple, list)):
        assert len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            same(a, b, tolerance)
        return
    if want is None or got is None:  # exponentials, which a kernel does not keep
        return
    assert got.shape == want.shape and got.dtype == want.dtype
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    np.testing.assert_array_equal(np.where(np.isinf(got), got, 0), np.where(np.isinf(want), want, 0))
    finite = np.isfinite(want)
    scale = np.max(np.abs(want), where=finite, initial=1)
    np.testing.assert_allclose(got[finite], want[finite], rtol=tolerance, atol=tolerance * scale)


def agree(name: str, *inputs: Any, g: Any = None, tolerance: float = 3e-6, **static: Any) -> Any:
    """Assert that the kernels of a primitive serve, and give what it and its rules give; returns the results.

    Each may come after the other: a rule gets what the forward kernel kept, a kernel what the plain forward kept.
    """
    op = REGISTRY[name]
    before = [np.array(value) if isinstance(value, np.ndarray) else value for value in inputs]
    with np.errstate(all="ignore"):
        results = []
        for forward in (op.kernels["forward"], op.plain):
            result = forward(*inputs, **static)
            assert result is not NotImplemented, f"{name} declined"
            results.append(result)
        same(*results, tolerance)
        for of, rule in ({"joint": op.joint_rule} if op.joint_rule else op.rules).items():
            if of in op.kernels and g is not None:
                want = rule(g, *_arguments(op, rule, inputs, static, results[1]))
                for result in results:
                    arguments = _arguments(op, rule, inputs, static, result)
                    got = op.kernels[of](g, *arguments)
                    assert got is not NotImplemented, f"the rule of {name} declined"
                    same(got, want, tolerance)
                    same(rule(g, *arguments), want, tolerance)
    for value, known in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(value, known)
    return results[0]


def _arguments(op: Any, rule: Any, inputs: Any, static: dict[str, Any], result: Any) -> list[Any]:
    """What a rule names, after ``g``."""
    values = dict(op.defaults) | dict(zip(op.inputs, inputs, strict=False))
    shapes = {f"{name}_shape": np.shape(value) for name, value in values.items()}
    packed = len(op.outputs) > 1 or op.residuals
    made = dict(zip((*op.outputs, *op.residuals), result if packed else (result,), strict=True))
    known = {**values, **shapes, **made, **op.static, **static, "needed": (True,) * len(op.inputs)}
    return [known[name] for name in list(inspect.signature(rule).parameters)[1:]]


def declines(name: str, *inputs: Any, of: str = "forward", **static: Any) -> bool:
    """Whether a kernel leaves this to the plain function."""
    return REGISTRY[name].kernels[of](*inputs, **static) is NotImplemented


def from_several_threads(call: Callable[[], Any]) -> None:
    """Assert that a call gives what it gave, in four Python threads at once."""
    want, wrong = call(), []

    def work() -> None:
        for _ in range(10):
            try:
                same(call(), want)
            except AssertionError as error:
                wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
