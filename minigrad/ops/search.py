"""Where things are and how often: positions and counts, through which no gradient flows, and the different values."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.arrays import as_array, as_operands, get_default_dtype, refuse_gradient, shape_of
from ..core.declare import register
from ..core.dispatch import NUMPY
from ..core.tensor import Tensor, raw
from . import elementwise
from .dims import axis_aliases, one_dim
from .index.basic import getitem


def _constant(inputs: Any, out: Any) -> Any:
    """``out``, as a Tensor iff one of the inputs is one."""
    return Tensor(out) if any(isinstance(x, Tensor) for x in inputs) else out


# --- positions --------------------------------------------------------------------------------------------------------
@register()
def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not 0.

    Args:
        input: array or Tensor of any shape.
        as_tuple: one row of indices for each dimension (as NumPy does), ready to index with, instead of a matrix.

    Example:
        >>> nonzero(Tensor([[0.0, 1.0], [2.0, 0.0]]))
        Tensor([[0, 1],
                [1, 0]])
    """
    x = as_array(input)
    if not as_tuple:
        return _constant([input], np.argwhere(x))
    return tuple(_constant([input], row) for row in np.nonzero(np.reshape(x, x.shape or (1,))))


@register(np.argwhere)
def argwhere(input: Any) -> Any:
    """The indices of the elements that are not 0, a row for each.

    Example:
        >>> argwhere(Tensor([0.0, 1.0, 2.0]))
        Tensor([[1],
                [2]])
    """
    return nonzero(input)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """``input`` where ``condition`` holds, else ``other``; or, given the condition alone, the indices where it holds.

    The gradient of the branch that was not chosen is 0, but a non-finite *derivative* further down that branch still
    gives NaN (0 · inf). Make the branch safe before the function: ``where(x > 0, log(where(x > 0, x, 1)), 0)``.

    Example:
        >>> where([True, False], Tensor([1.0, 2.0]), 0.0)
        Tensor([1., 0.])
        >>> where(Tensor([0.0, 2.0]))
        (Tensor([1]),)
    """
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    if input is None or other is None:
        raise TypeError("where takes a condition and both choices, or the condition alone; one choice is missing")
    return elementwise.where(condition, input, other)


def _where_method(self: Any, condition: Any, other: Any) -> Any:
    """``self`` where the condition holds, else ``other``."""
    return where(condition, self, other)


register(method="where")(_where_method)


@register()
def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Any:
    """Where each element of ``input`` would have to be inserted to keep the sequence in order.

    Shapes:
        sorted_sequence: (..., n), in ascending order along the last dimension.
        input: any shape for a single row, else (..., m) with the same first sizes.
        result: that of ``input``.

    Args:
        sorted_sequence: the sequence, or a stack of sequences.
        input: what to look for.
        out_int32: give int32 instead of int64.
        right: behind equal elements rather than before them.
        side: "left" or "right", the same in other words.
        sorter: what ``argsort`` gives for a sequence that is not in order, of its shape.

    Example:
        >>> searchsorted(Tensor([1.0, 2.0, 3.0]), Tensor([2.0, 9.0]))
        Tensor([1, 3])
    """
    if side not in (None, "left", "right"):
        raise ValueError(f"searchsorted: side is 'left' or 'right', got {side!r}")
    if side == "left" and right:
        raise ValueError("searchsorted: side='left' contradicts right=True")
    behind: Any = "right" if right else side or "left"
    rows, wanted = map(raw, as_operands(sorted_sequence, input))
    if sorter is not None:
        if shape_of(sorter) != rows.shape:
            raise ValueError(f"searchsorted: a sorter of shape {rows.shape} is needed, got {shape_of(sorter)}")
        rows = np.take_along_axis(rows, as_array(sorter), -1)
    if rows.ndim == 0 or (rows.ndim > 1 and rows.shape[:-1] != wanted.shape[:-1]):
        raise ValueError(
            f"searchsorted: a sequence of shape {rows.shape} and values of shape {wanted.shape}; the sequence is one "
            "row, or both have the same sizes up to the last dimension"
        )
    if rows.ndim == 1:
        out = np.asarray(np.searchsorted(rows, wanted, behind))
    else:
        out = np.empty_like(wanted, dtype=np.int64)
        for position in np.ndindex(rows.shape[:-1]):
            out[position] = np.searchsorted(rows[position], wanted[position], behind)
    return _constant([sorted_sequence, input], out.astype(np.int32) if out_int32 else out)


NUMPY[np.searchsorted] = lambda a, v, side="left", sorter=None: searchsorted(a, v, side=side, sorter=sorter)


@register()
def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """The number of the bucket between ``boundaries`` that each element falls into, int64 or int32.

    Example:
        >>> bucketize(Tensor([0.5, 2.5]), Tensor([1.0, 2.0, 3.0]))
        Tensor([0, 2])
    """
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


# --- counts -----------------------------------------------------------------------------------------------------------
@register()
@axis_aliases
def unique(
    input: Any,
    sorted: bool = True,  # noqa: A002 - PyTorch's name
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different values in order, or the different slices along ``dim``; every NaN differs from all others.

    Args:
        input: array or Tensor of any shape.
        sorted: in ascending order; they are so in any case.
        return_inverse: also give the index of each element's value.
        return_counts: also give how often each value occurs.
        dim: compare slices along this dimension instead of elements.

    Example:
        >>> unique(Tensor([3, 1, 3]), return_counts=True)
        (Tensor([1, 3]), Tensor([1, 2]))
    """
    axis = None if dim is None else one_dim("unique", dim, shape_of(input))
    values, first, inverse, counts = np.unique(as_array(input), True, True, True, axis, equal_nan=False)
    wanted = [_picked(input, values, first, axis)]
    if return_inverse:
        wanted.append(_constant([input], np.reshape(inverse, shape_of(input) if axis is None else (-1,))))
    if return_counts:
        wanted.append(_constant([input], counts))
    return tuple(wanted) if len(wanted) > 1 else wanted[0]


def _picked(input: Any, values: Any, first: Any, axis: int | None) -> Any:
    """The different values, taken from where each occurs first, so that gradients flow there."""
    if not isinstance(input, Tensor):
        return values
    return getitem(np.reshape(input, -1), first) if axis is None else getitem(input, (slice(None),) * axis + (first,))


def _numpy_unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    **named: Any,
) -> Any:
    values, first, inverse, counts = np.unique(as_array(ar), True, True, True, axis, **named)
    found = [_picked(ar, values, first, axis)]
    asked = ((first, return_index), (inverse, return_inverse), (counts, return_counts))
    found += [_constant([ar], part) for part, wanted in asked if wanted]
    return tuple(found) if len(found) > 1 else found[0]


def _refuse_weights(name: str, weights: Any) -> None:
    """Counting passes no gradient on to weights; say so instead of dropping it."""
    if isinstance(weights, Tensor) and weights.requires_grad:
        raise TypeError(
            f"{name} passes no gradient on to its weights; sum them with zeros(n).index_add(0, index, weights), or "
            "pass weights.detach()"
        )


@register(np.bincount)
def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of 0, 1, 2 ... occurs; with weights, the sum of the weights of its occurrences.

    Raises:
        TypeError: for weights that require grad, to which none would flow; ``index_add`` sums those.

    Example:
        >>> bincount(Tensor([0, 2, 2]))
        Tensor([1, 0, 2])
    """
    _refuse_weights("bincount", weights)
    x = as_array(input)
    if x.ndim != 1 or x.dtype.kind not in "iu":
        raise TypeError(f"bincount counts a row of integers, got {x.dtype} of shape {x.shape}")
    if x.size and np.min(x) < 0:
        raise ValueError(f"bincount counts integers from 0 on, got {int(np.min(x))}")
    if weights is not None and shape_of(weights) != x.shape:
        raise ValueError(f"bincount needs a weight for each of {x.shape[0]} values, got shape {shape_of(weights)}")
    out = np.bincount(x, None if weights is None else as_array(weights), operator.index(minlength))
    if weights is not None and as_array(weights).dtype.kind == "f":
        out = out.astype(as_array(weights).dtype)
    return _constant([input, weights], out)


@register()
def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:  # noqa: A002 - PyTorch's names
    """How many elements fall into each of ``bins`` equal intervals between ``min`` and ``max``.

    With both 0, the range is that of the data. Elements outside of it, and NaN, are not counted.

    Example:
        >>> histc(Tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
        Tensor([0., 2., 1., 0.])
    """
    refuse_gradient("histc", min=min, max=max)
    x = as_array(input)
    if bins < 1:
        raise ValueError(f"histc needs at least one interval, got bins={bins}")
    if min > max:
        raise ValueError(f"histc: min={min} is above max={max}")
    x = x[np.isfinite(x)]
    if min == max == 0 and x.size:
        min, max = float(np.min(x)), float(np.max(x))  # noqa: A001
    if min == max:
        min, max = min - 1, max + 1  # noqa: A001
    counts, _ = np.histogram(x, bins, (min, max))
    return _constant([input], counts.astype(x.dtype if x.dtype.kind == "f" else get_default_dtype()))


def _numpy_histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:  # noqa: A002
    _refuse_weights("np.histogram", weights)
    found = np.histogram(as_array(a), raw(bins), range, density, raw(weights))
    return tuple(_constant([a, bins, weights], part) for part in found)


NUMPY.update(
    {
        np.where: where,
        np.nonzero: lambda a: nonzero(a, as_tuple=True),
        np.flatnonzero: lambda a: nonzero(np.ravel(a), as_tuple=True)[0],
        np.unique: _numpy_unique,
        np.histogram: _numpy_histogram,
        np.digitize: lambda x, bins, right=False: searchsorted(bins, x, right=not right),
    }
)
for _positions in (np.nonzero, np.flatnonzero, np.argwhere, np.searchsorted, np.bincount, np.histogram, np.digitize):
    NUMPY[_positions].constant = True  # type: ignore[attr-defined]
