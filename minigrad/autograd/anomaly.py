"""Anomaly mode: stop at the first value or gradient that is not finite, and say what, where, why and the cure."""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from ..core.graph import Array, Leaf, Node, anomaly
from ..core.modes import Mode, Ready
from ..core.tensor import raw
from .causes import bad_gradient, bad_value, not_finite_yet


class Detector:
    """Watches one application of an operation.

    Args:
        site: ``file:line`` of the call.
    """

    def __init__(self, site: str) -> None:
        self.site = site

    def value(self, node: Node, inputs: list[Any], out: Array) -> None:
        """Raise if ``out``, computed from ``inputs``, is not finite."""
        bad = ~np.isfinite(out)
        if not bad.any():
            return
        names = _names(node, len(inputs))
        if not (bad & (out != -np.inf)).any() and any(_has(value, -np.inf) for value in inputs):
            return  # a mask, or what became of it
        position = _first(bad)
        cause, cure = "", ""
        for name, value, parent in zip(names, inputs, node.parents, strict=True):
            if not cause and _is_bad(value):
                cause, cure = not_finite_yet(name, _first_bad(value), _origin(parent))
        if not cause:
            cause, cure = bad_value(node.name, _at(position, out.shape, names, inputs), out[position])
        self._fail(
            f"{node.shown} produced a non-finite value at {self.site}: {out[position]} at {_shown(position)} of its "
            f"output of shape {out.shape} ({_share(bad)})",
            dict(zip(names, inputs, strict=True)),
            cause,
            cure,
        )

    def gradient(self, node: Node, parent: Node, part: Any, g: Any) -> None:
        """Raise if ``part``, the gradient of ``parent`` that came of the node's gradient ``g``, is not finite."""
        part = raw(part)
        bad = ~np.isfinite(part)
        if not bad.any():
            return
        op: Any = node.op
        position = _first(bad)
        names = _names(node, len(node.parents))
        values = dict(zip(op.saved_names, node.saved or (), strict=True))
        shown = {name: value for name, value in values.items() if name in names or name in op.outputs}
        arrived = _arrived(op.outputs, raw(g))
        bad_ones = [name for name, value in arrived.items() if _is_bad(value)]
        if bad_ones:
            what = "g, the gradient that arrived," if "g" in arrived else f"{bad_ones[0]}, which arrived,"
            cause, cure = not_finite_yet(what, _first_bad(arrived[bad_ones[0]]), "gradient")
        else:
            at = _at(position, part.shape, list(shown), list(shown.values()))
            at |= _at(position, part.shape, list(arrived), list(arrived.values()))
            cause, cure = bad_gradient(node.name, at, part[position])
        self._fail(
            f"the derivative of {node.shown}, called at {self.site}, is not finite: {part[position]} at "
            f"{_shown(position)} of the gradient of its input {names[node.parents.index(parent)]}, of shape "
            f"{part.shape} ({_share(bad)})",
            {**arrived, **shown},
            cause,
            cure,
        )

    def _fail(self, what: str, values: dict[str, Any], cause: str, cure: str) -> NoReturn:
        file, _, line = self.site.rpartition(":")
        source = linecache.getline(file, int(line)).strip()
        lines = [what, *([f"  line: {source}"] if source else [])]
        lines += [f"  {name}: {_summary(value)}" for name, value in values.items() if value is not None]
        raise FloatingPointError("\n".join([*lines, f"  cause: {cause}", f"  cure: {cure}"]))


@Ready
def detect_anomaly() -> Mode:
    """Raise at the first value or derivative that is not finite: a ``with`` block, or a decorated function.

    The message names the operation, the line that called it, the element, the inputs, the cause and its cure. Forward
    must run inside, so that the line is known; recorded operations are watched, at the price of looking at everything.

    One thing that is not finite is let through: -inf that comes out of a constant -inf, the usual mask before a
    softmax.

    Raises:
        FloatingPointError: at the first anomaly.

    Example:
        >>> x = Tensor([4.0, 0.0], requires_grad=True)
        >>> with detect_anomaly(), np.errstate(all="ignore"):
        ...     x.sqrt().sum().backward()
        Traceback (most recent call last):
        FloatingPointError: the derivative of sqrt, called at ..., is not finite: inf at [1] ...
    """
    return Mode(anomaly, Detector)


# --- words ------------------------------------------------------------------------------------------------------------
def _names(node: Node, count: int) -> list[str]:
    inputs: Sequence[str] = getattr(node.op, "inputs", ())
    return list(inputs) if len(inputs) == count else [f"input {i}" for i in range(count)]


def _arrived(outputs: Sequence[str], g: Any) -> dict[str, Any]:
    """The gradient of the output, or of each output that has one, by what to call it."""
    if len(outputs) == 1:
        return {"g": g}
    return {f"the gradient of {name}": part for name, part in zip(outputs, g, strict=True) if part is not None}


def _origin(parent: Node | None) -> str:
    if parent is None:
        return "constant"
    return "leaf" if isinstance(parent, Leaf) else parent.shown


def _first(bad: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(bad)[0])


def _is_float(value: Any) -> bool:
    return isinstance(value, float) or (hasattr(value, "dtype") and value.dtype.kind == "f")


def _is_bad(value: Any) -> bool:
    return _is_float(value) and not bool(np.isfinite(value).all())


def _has(value: Any, number: float) -> bool:
    return _is_float(value) and bool(np.any(np.equal(value, number)))


def _first_bad(value: Any) -> str:
    """The first element that is not finite, in words."""
    if not np.ndim(value):
        return str(value)
    position = _first(~np.isfinite(value))
    return f"{value[position]} at {_shown(position)}"


def _at(position: tuple[int, ...], shape: tuple[int, ...], names: list[str], values: list[Any]) -> dict[str, Any]:
    """The elements that met at ``position``, of those values that broadcast to ``shape``."""
    found = {}
    for name, value in zip(names, values, strict=True):
        if isinstance(value, (int, float)) or (hasattr(value, "dtype") and value.dtype.kind in "fiub"):
            try:
                found[name] = float(np.broadcast_to(value, shape)[position])
            except ValueError:
                continue
    return found


def _shown(position: tuple[int, ...]) -> str:
    return str(list(position)) if position else "its only element"


def _share(bad: Array) -> str:
    return f"{int(bad.sum())} of {bad.size} elements"


def _summary(value: Any) -> str:
    """An array in a line: dtype, shape, range, and how many elements are not finite or 0."""
    if not hasattr(value, "dtype"):
        return repr(value)
    if not np.ndim(value):
        return f"{value.dtype} {value}"
    text = f"{value.dtype} {value.shape}"
    finite = value[np.isfinite(value)]
    if finite.size and value.dtype.kind in "fiu":
        low, high = finite.min(), finite.max()
        text += f", all {low:.6g}" if low == high else f", from {low:.6g} to {high:.6g}"
    counts = {"nan": np.isnan(value), "inf": np.isposinf(value), "-inf": np.isneginf(value)}
    counts["zeros"] = np.equal(value, 0)
    found = [f"{name}: {int(where.sum())}" for name, where in counts.items() if where.any()]
    return "; ".join([text, *found])
