"""Numbers that are not finite, or soon will not be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ....autograd.causes import bad_gradient, bad_value
from ...trace import Step
from ..examination import Examination
from ..finding import Finding
from ..numbers import Array
from ..task import place


def nonfinite_value(exam: Examination) -> Iterator[Finding]:
    """The first operation that made NaN or infinity of finite numbers."""
    if np.isfinite(exam.first.value) or exam.first.loss is None:
        return
    for step in exam.first.trace.steps:
        if _finite(step.out) or not all(_finite(value) for value in step.inputs):
            continue
        bad = ~np.isfinite(step.out)
        if (step.out[bad] == -np.inf).all() and step.name in ("where", "add", "masked_fill"):
            continue  # a mask
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        cause, cure = bad_value(step.name, _at(at, step), step.out[at])
        ranges = "; ".join(_range(value) for value in step.inputs if isinstance(value, np.ndarray) and value.size)
        yield Finding(
            "nonfinite-value",
            "error",
            f"{step.name}, {place(step)}",
            f"{step.out[at]} at {list(at)}, {int(bad.sum())} of {bad.size} numbers; given {ranges or step.inputs}",
            "finite numbers from finite ones",
            cause,
            cure,
            likelihood=0.96,
        )
        return


def nonfinite_gradient(exam: Examination) -> Iterator[Finding]:
    """The first operation, on the way back, that made NaN or infinity of a finite gradient."""
    if not np.isfinite(exam.first.value) or exam.first.error is not None:
        return
    bad = [name for name, g in exam.first.gradients.items() if g is not None and not _finite(g)]
    if not bad:
        return
    gradients = {step.node: step.gradient for step in exam.first.trace.steps}
    names = {p._node: name for name, p in exam.parameters.items()}
    for step in reversed(exam.first.trace.steps):
        if step.gradient is None or not _finite(step.gradient):
            continue
        for parent, value in zip(step.node.parents, step.inputs, strict=False):
            arrived = gradients.get(parent) if parent is not None else None
            if parent in names:
                arrived = exam.first.gradients.get(names[parent])
            if arrived is None or _finite(arrived):
                continue
            at = tuple(int(i) for i in np.argwhere(~np.isfinite(arrived))[0])
            there = float(value[at]) if isinstance(value, np.ndarray) and value.shape == arrived.shape else np.nan
            known = _at(at, step) | _gradient_at(at, step)
            cause, cure = bad_gradient(step.name, known, arrived[at])
            yield Finding(
                "nonfinite-value",
                "error",
                f"the derivative of {step.name}, {place(step)}",
                f"{arrived[at]} at {list(at)}, where its input is {there:.3g}; {len(bad)} Parameters "
                "have such gradients",
                "finite gradients: one step with NaN makes every weight NaN",
                cause,
                cure,
                likelihood=0.96,
            )
            return


def overflow_soon(exam: Examination) -> Iterator[Finding]:
    """A power of e near the largest number that can be represented."""
    for step in exam.first.trace.steps:
        if step.name != "exp" or not isinstance(step.inputs[0], np.ndarray) or not step.inputs[0].size:
            continue
        limit, most = float(np.log(np.finfo(step.out.dtype).max)), float(step.inputs[0].max())
        if not 0.5 * limit < most <= limit:
            continue
        yield Finding(
            "overflow-risk",
            "warning",
            f"exp, {place(step)}",
            f"exp of {most:.3g} is {float(step.out.max()):.2g} in {step.out.dtype}; from {limit:.0f} on it is infinite",
            f"arguments well below {limit:.0f}",
            "exp of numbers without a bound, which training moves further",
            "subtract the largest first, as softmax and logsumexp do, or bound it: h.clamp(max=20).exp()",
            "docs/losses.md",
            likelihood=0.45,
        )
        return


def _finite(value: Any) -> bool:
    return not isinstance(value, np.ndarray) or value.dtype.kind != "f" or bool(np.isfinite(value).all())


def _at(at: tuple[int, ...], step: Step) -> dict[str, float]:
    """The inputs' elements at a place, by the names that the operation gives them."""
    names = getattr(step.node.op, "inputs", None) or [f"x{i}" for i in range(len(step.inputs))]
    found = {}
    for name, value in zip(names, step.inputs, strict=False):
        if np.isscalar(value):
            found[name] = float(value)  # type: ignore[arg-type]
        elif isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
            try:
                found[name] = float(np.broadcast_to(value, step.out.shape)[at])
            except (ValueError, IndexError):
                continue
    return found


def _gradient_at(at: tuple[int, ...], step: Step) -> dict[str, float]:
    gradient: Array = np.asarray(step.gradient)
    return {"g": float(gradient[at])} if gradient.ndim == len(at) and gradient.shape == step.out.shape else {}


def _range(value: Array) -> str:
    return f"numbers from {value.min():.3g} to {value.max():.3g}" if value.size > 1 else f"{value.reshape(-1)[0]:.3g}"


CHECKS = (nonfinite_value, nonfinite_gradient, overflow_soon)
