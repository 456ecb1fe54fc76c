"""Running sums, products and extremes along a dimension, and the differences that undo them."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.arrays import in_single, is_half, shape_of
from ..core.declare import primitive, register
from ..core.dispatch import NUMPY
from ..core.tensor import Tensor, as_operand, raw
from .convert import clone
from .dims import axis_aliases, one_dim, only_dim
from .index.basic import take_along_axis
from .join import concatenate
from .reduce.extremes import Extremes
from .reduce.sums import in_dtype
from .shape.reshape import reshape


def _along(axis: int, *bounds: int | None) -> tuple[Any, ...]:
    """The index that slices one dimension and keeps all others."""
    return (slice(None),) * axis + (slice(*bounds),)


def _reversed(x: Any, axis: int) -> Any:
    return x[_along(axis, None, None, -1)]


def _delayed(x: Any, axis: int, fill: float) -> Any:
    """``x`` moved one position along ``axis``: ``fill`` comes in, the last value falls out."""
    first = np.zeros_like(x[_along(axis, 1)]) + fill
    return np.concatenate([first, x[_along(axis, -1)]], axis=axis)


def _advanced(x: Any, axis: int, fill: float) -> Any:
    """``x`` moved one position back along ``axis``: the first value falls out, ``fill`` comes in."""
    last = np.zeros_like(x[_along(axis, 1)]) + fill
    return np.concatenate([x[_along(axis, 1, None)], last], axis=axis)


# --- sums -------------------------------------------------------------------------------------------------------------
@primitive(name="cumsum")
def _cumsum(x: Any, *, axis: int) -> Any:
    if is_half(x):
        return in_single(_cumsum, x, axis=axis)
    return np.cumsum(x, axis=axis)


_cumsum.rule(x=lambda g, axis: _reversed(_cumsum(_reversed(g, axis), axis=axis), axis))


@primitive()
def recurrence(a: Any, b: Any, *, axis: int) -> Any:
    """The linear recurrence sₖ = aₖ·sₖ₋₁ + bₖ along ``axis``, from s₋₁ = 0.

    Neighbouring steps are merged, (a, b) after (a', b') into (a·a', a·b' + b), so that n of them take log n passes over
    the arrays. The derivatives of products come down to this: no division, hence no trouble with zeros.

    Source:
        G. E. Blelloch, "Prefix sums and their applications" (1990), section 1.4.
    """
    shape = np.broadcast_shapes(a.shape, b.shape)
    if a.shape != shape or b.shape != shape:
        raise ValueError("both inputs need the same shape")
    length, step = shape[axis], 1
    while step < length:
        late, early, head = _along(axis, step, None), _along(axis, -step), _along(axis, step)
        b = np.concatenate([b[head], a[late] * b[early] + b[late]], axis=axis)
        a = np.concatenate([a[head], a[late] * a[early]], axis=axis)
        step *= 2
    return b + 0 if length < 2 else b


def _recurrence_b(g: Any, a: Any, axis: int) -> Any:
    """The same recurrence, run backwards."""
    back = recurrence(_reversed(_advanced(a, axis, 0), axis), _reversed(g, axis), axis=axis)
    return _reversed(back, axis)


recurrence.rule(
    a=lambda g, a, out, axis: _recurrence_b(g, a, axis) * _delayed(out, axis, 0),
    b=_recurrence_b,
)


# --- products ---------------------------------------------------------------------------------------------------------
@primitive(name="cumprod")
def _cumprod(x: Any, *, axis: int) -> Any:
    if is_half(x):
        return in_single(_cumprod, x, axis=axis)
    return np.cumprod(x, axis=axis)


_cumprod.rule(x=lambda g, x, out, axis: _delayed(out, axis, 1) * _recurrence_b(g, x, axis))


# --- sums of exponentials ---------------------------------------------------------------------------------------------
@primitive(name="logcumsumexp")
def _logcumsumexp(x: Any, *, axis: int) -> Any:
    if is_half(x):
        return in_single(_logcumsumexp, x, axis=axis)
    return np.logaddexp.accumulate(x, axis=axis)


def _logcumsumexp_x(g: Any, x: Any, out: Any, axis: int) -> Any:
    """Σₖ gₖ·exp(xᵢ - outₖ) over k ≥ i, in steps whose factors are at most 1."""
    safe = np.where(np.equal(out, -math.inf), 0, out)  # -inf - 0 is still -inf, and no NaN
    decay = np.exp(_delayed(out, axis, -math.inf) - safe)
    return np.exp(x - safe) * _recurrence_b(g, decay, axis)


_logcumsumexp.rule(x=_logcumsumexp_x)


# --- public -----------------------------------------------------------------------------------------------------------
def _scanned(name: str, op: Any, input: Any, dim: Any) -> Any:
    """``op`` along ``dim``; a single number is scanned as a row of one."""
    if dim is None:
        raise TypeError(
            f"{name} needs the dimension to run along, such as dim=-1; over all elements: t.flatten() first"
        )
    dims = only_dim(name, dim, shape_of(input))
    return op(input, axis=dims[0]) if dims else reshape(op(reshape(input, 1), axis=0), ())


@register()
@axis_aliases
def cumsum(input: Any, dim: Any = None, *, dtype: Any = None) -> Any:
    """The sums of all elements up to each, along ``dim``; with a ``dtype`` the input is converted to it before.

    Example:
        >>> cumsum(Tensor([1.0, 2.0, 3.0]), dim=0)
        Tensor([1., 3., 6.])
    """
    return in_dtype("cumsum", lambda x: _scanned("cumsum", _cumsum, x, dim), input, dtype)


@register()
@axis_aliases
def cumprod(input: Any, dim: Any = None, *, dtype: Any = None) -> Any:
    """The products of all elements up to each, along ``dim``; derivatives are right also where elements are 0.

    With a ``dtype`` the input is converted to it before.

    Example:
        >>> cumprod(Tensor([1.0, 2.0, 3.0]), dim=0)
        Tensor([1., 2., 6.])
    """
    return in_dtype("cumprod", lambda x: _scanned("cumprod", _cumprod, x, dim), input, dtype)


@register()
@axis_aliases
def logcumsumexp(input: Any, dim: Any = None) -> Any:
    """Log Σ exp of all elements up to each, along ``dim``, without overflow.

    Example:
        >>> logcumsumexp(Tensor([1000.0, 1000.0]), dim=0)
        Tensor([1000.    , 1000.6932])
    """
    return _scanned("logcumsumexp", _logcumsumexp, input, dim)


def _indices(input: Any, indices: Any) -> Any:
    """A Tensor iff the input is one."""
    return Tensor(indices) if isinstance(input, Tensor) else indices


def _running(name: str, compare: Any, accumulate: Any, input: Any, dim: Any) -> Extremes:
    """The running extreme along ``dim``; of equal ones the index is that of the last, and NaN stays, as in PyTorch."""
    input = as_operand(input)
    x = raw(input)
    if dim is None:
        raise TypeError(f"{name} needs the dimension to run along, such as dim=-1")
    dims = only_dim(name, dim, shape_of(x))
    if not dims:
        return Extremes(clone(input), _indices(input, np.zeros_like(x, dtype=np.int64)))
    (axis,) = dims
    best = accumulate(x, axis=axis)
    positions = np.reshape(np.arange(x.shape[axis], like=x), (-1,) + (1,) * (x.ndim - axis - 1))
    arrived = np.logical_or(compare(x, best), np.isnan(x))
    indices = np.maximum.accumulate(np.where(arrived, positions, 0), axis=axis)
    values = take_along_axis(input, indices=indices, axis=axis)
    return Extremes(values, _indices(input, indices))


@register()
@axis_aliases
def cummax(input: Any, dim: Any = None) -> Extremes:
    """The largest element up to each, along ``dim``, and its index (of equal ones the last).

    Example:
        >>> cummax(Tensor([1.0, 3.0, 2.0]), dim=0)
        Extremes(values=Tensor([1., 3., 3.]), indices=Tensor([0, 1, 1]))
    """
    return _running("cummax", np.greater_equal, np.maximum.accumulate, input, dim)


@register()
@axis_aliases
def cummin(input: Any, dim: Any = None) -> Extremes:
    """The smallest element up to each, along ``dim``, and its index (of equal ones the last).

    Example:
        >>> cummin(Tensor([2.0, 3.0, 1.0]), dim=0)
        Extremes(values=Tensor([2., 2., 1.]), indices=Tensor([0, 0, 2]))
    """
    return _running("cummin", np.less_equal, np.minimum.accumulate, input, dim)


@register(np.diff)
@axis_aliases
def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The differences of neighbours along ``dim``, taken ``n`` times.

    Args:
        input: array or Tensor of at least one dimension.
        n: how many times.
        dim: the dimension along which to take them.
        prepend: values to put in front of the input before; without a difference to take (n = 0) they are left out.
        append: values to put behind it before, likewise.

    Example:
        >>> diff(Tensor([1.0, 4.0, 9.0]))
        Tensor([3., 5.])
    """
    if operator.index(n) < 0:
        raise ValueError(f"diff takes the differences n times, n at least 0, got {n}")
    input = as_operand(input)
    axis = one_dim("diff", dim, shape_of(input))
    if n == 0:
        return clone(input)
    ends = [end for end in (prepend, input, append) if end is not None]
    if len(ends) > 1:
        input = concatenate([_slab(end, input, axis) for end in ends], axis)
    for _ in range(n):
        late, early = input[_along(axis, 1, None)], input[_along(axis, -1)]
        input = np.not_equal(late, early) if input.dtype.kind == "b" else late - early
    return input


def _slab(end: Any, input: Any, axis: int) -> Any:
    """A single number as a slab of size 1 along ``axis``, as NumPy's ``diff`` takes it."""
    if shape_of(end):
        return end
    shape = shape_of(input)
    return np.broadcast_to(
        np.asarray(end) if not hasattr(end, "dtype") else end, (*shape[:axis], 1, *shape[axis + 1 :])
    )


# --- NumPy's signatures -----------------------------------------------------------------------------------------------
def _numpy_scan(scan: Any) -> Any:
    def scanned(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
        return scan(reshape(a, -1), 0, dtype=dtype) if axis is None else scan(a, axis, dtype=dtype)

    return scanned


def _cumulative(scan: Any) -> Any:
    def cumulative(x: Any, *, axis: int | None = None, dtype: Any = None) -> Any:
        if axis is None and len(shape_of(x)) != 1:
            raise ValueError(f"the axis to run along is needed for an input of shape {shape_of(x)}, such as axis=-1")
        return scan(x, 0 if axis is None else axis, dtype=dtype)

    return cumulative


NUMPY[np.cumsum] = _numpy_scan(cumsum)
NUMPY[np.cumprod] = _numpy_scan(cumprod)
for _name, _scan in (("cumulative_sum", cumsum), ("cumulative_prod", cumprod)):
    if hasattr(np, _name):  # since NumPy 2.1
        NUMPY[getattr(np, _name)] = _cumulative(_scan)
