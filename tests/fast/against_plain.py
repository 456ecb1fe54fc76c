"""Kernels beside what they stand for."""

from __future__ import annotations

import contextlib
import inspect
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.core.broadcasting import unbroadcast
from minigrad.core.primitive import REGISTRY
from minigrad.fast.pool import settings
from minigrad.nn.kernels.loss.cross_entropy import Norm

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


BATCH_LAST, CHANNELS_LAST = (2, 1, 3, 0), (0, 2, 3, 1)  # orders in which memory may hold (N, C, H, W)


def lying(order: tuple[int, ...] | None, *shape: int, seed: int = 0) -> np.ndarray:
    """Numbers of that shape, whose dimensions memory holds in another order."""
    if order is None:
        return numbers(*shape, seed=seed)
    home = np.argsort(order)
    return numbers(*[shape[d] for d in order], seed=seed).transpose(home)


def rows_with_special_numbers(size: int) -> np.ndarray:
    """Rows of normal numbers, which begin with special ones; one row all -inf, one all 1e6, one all denormal."""
    rows = numbers(len(SPECIAL) + 4, size)
    for row, values in zip(rows, SPECIAL.values(), strict=False):
        row[: min(size, len(values))] = values[:size]
    rows[-4:-1] = np.array([[-np.inf], [1e6], [1e-40]])
    return rows


def same(got: Any, want: Any, tolerance: float = 3e-6) -> None:
    """Assert equal shapes, dtypes, NaN and infinities, and finite numbers close for 1 or the largest of them.

    None is what nobody asked for. Only of a norm may a kernel leave out what the plain function keeps: exponentials.
    """
    if isinstance(want, (tuple, list)):
        assert len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            if a is not None or not isinstance(want, Norm):
                same(a, b, tolerance)
        return
    if want is None:
        return
    assert got is not None and got.shape == want.shape and got.dtype == want.dtype
    scale = np.max(np.abs(want), where=np.isfinite(want), initial=1)
    if not np.isclose(got, want, tolerance, tolerance * scale, equal_nan=True).all():  # faster than to assert it
        np.testing.assert_allclose(got, want, tolerance, tolerance * scale)


@contextlib.contextmanager
def without_kernels() -> Iterator[None]:
    """A block in which every array is too small for kernels."""
    before, settings.minimum = settings.minimum, math.inf
    try:
        yield
    finally:
        settings.minimum = before


def agree(
    name: str,
    *inputs: Any,
    g: Any = None,
    needed: tuple[bool, ...] | None = None,
    tolerance: float = 3e-6,
    **static: Any,
) -> Any:
    """Assert that the kernels of a primitive serve, and give what it and its rules give; returns the results.

    Each may come after the other: a rule gets what the forward kernel kept, a kernel what the plain forward kept. Of
    all this nothing writes into the inputs, into ``g``, or into results.

    Args:
        name: of the primitive.
        inputs: arrays, and None for what is left out.
        g: the gradient of the result, None to leave the rules alone.
        needed: whose gradients a joint rule is asked for; by default all.
        tolerance: as for ``same``.
        static: the other arguments.
    """
    op = REGISTRY[name]
    with np.errstate(all="ignore"):
        results = [op.plain(*inputs, **static)]
        if "forward" in op.kernels:
            before = _bytes([*inputs, *static.values()])
            results.append(op.kernels["forward"](*inputs, **static))
            assert results[1] is not NotImplemented, f"{name} declined"
            assert _bytes([*inputs, *static.values()]) == before
            same(results[1], results[0], tolerance)
        given = {"joint": ()} | dict(zip(op.inputs, inputs, strict=False))
        for of, rule in ({"joint": op.joint_rule} if op.joint_rule else op.rules).items():
            if of in op.kernels and g is not None and given.get(of) is not None:
                known = [_arguments(op, rule, inputs, static, result, needed) for result in results]
                shape = np.shape(given[of]) if op.broadcasts and of != "joint" else None
                asked = needed if of == "joint" else None
                want = _asked(_summed(rule(g, *known[0]), shape), asked)
                for arguments in known:
                    before = _bytes([g, *arguments])
                    got = op.kernels[of](g, *arguments)
                    assert got is not NotImplemented, f"the rule of {name} for {of} declined"
                    assert _bytes([g, *arguments]) == before
                    same(_asked(_summed(got, shape), asked), want, tolerance)
                    same(_asked(_summed(rule(g, *arguments), shape), asked), want, tolerance)
    return results[-1]


def _bytes(values: Any) -> list[bytes]:
    """What is in the arrays among some values, to the last bit."""
    parts = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    return [part.tobytes() for part in parts if isinstance(part, np.ndarray)]


def _asked(gradients: Any, needed: tuple[bool, ...] | None) -> Any:
    """Those that were asked for; a rule may return others too."""
    return gradients if needed is None else [g if need else None for g, need in zip(gradients, needed, strict=True)]


def _summed(gradient: Any, shape: tuple[int, ...] | None) -> Any:
    return gradient if shape is None else unbroadcast(gradient, shape)


def _arguments(op: Any, rule: Any, inputs: Any, static: dict[str, Any], result: Any, needed: Any) -> list[Any]:
    """What a rule names, after ``g``."""
    values = dict(op.defaults) | dict(zip(op.inputs, inputs, strict=False))
    shapes = {f"{name}_shape": np.shape(value) for name, value in values.items()}
    packed = len(op.outputs) > 1 or op.residuals
    made = dict(zip((*op.outputs, *op.residuals), result if packed else (result,), strict=True))
    known = {**values, **shapes, **made, **op.static, **static, "needed": needed or (True,) * len(op.inputs)}
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


def derivatives(call: Callable[..., Any], *arrays: Any) -> list[Any]:
    """The results of a function of Tensors, its gradients, and second derivatives."""
    leaves = [mg.tensor(a, requires_grad=True) for a in arrays]
    outputs = call(*leaves)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    g = [mg.tensor(numbers(*out.shape, seed=i)) for i, out in enumerate(outputs)]
    first = mg.autograd.grad(outputs, leaves, g, create_graph=True)
    second = mg.autograd.grad(sum((d * d).sum() for d in first), leaves, allow_unused=True)
    return [None if x is None else x.detach().numpy() for x in (*outputs, *first, *second)]


def as_without_kernels(call: Callable[[], Any], tolerance: float = 1e-5) -> None:
    """Assert that a call gives what it gives without kernels."""
    fast = call()
    with without_kernels():
        plain = call()
    same(fast, plain, tolerance)
