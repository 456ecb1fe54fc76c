"""Products over dimensions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.arrays import in_single, is_half, shape_of
from ...core.declare import primitive, register
from ...core.dispatch import NUMPY
from ..dims import axis_aliases, some_dims
from ..scan import cumprod
from .sums import in_dtype, numpy_reduction, spread


# --- products ---------------------------------------------------------------------------------------------------------
@primitive(name="prod")
def _prod(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    if is_half(x):
        return in_single(_prod, x, axis=axis, keepdims=keepdims)
    return np.prod(x, axis=axis, keepdims=keepdims)


def _product_of_the_others(x: Any, axis: int) -> Any:
    """For every element along ``axis`` the product of all others, without division: zeros need no special case."""
    cut = (slice(None),) * axis
    one = np.ones_like(x[(*cut, slice(1))])
    before = np.concatenate([one, cumprod(x[(*cut, slice(-1))], axis)], axis=axis)
    after = np.concatenate([one, cumprod(x[(*cut, slice(None, 0, -1))], axis)], axis=axis)
    return before * after[(*cut, slice(None, None, -1))]


def _prod_x(g: Any, x: Any, x_shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Bring the reduced dimensions to the end, merge them, and there take the product of the others."""
    rank = len(x_shape)
    axes = tuple(range(rank)) if axis is None else axis
    if not axes or math.prod(x_shape) == 0:
        return np.broadcast_to(spread(g, x_shape, axis, keepdims), x_shape)
    kept = [d for d in range(rank) if d not in axes]
    order = (*kept, *axes)
    front = np.transpose(x, order)
    rows = np.reshape(front, (*[x_shape[d] for d in kept], -1))
    others = np.reshape(_product_of_the_others(rows, len(kept)), front.shape)
    home = tuple(sorted(range(rank), key=order.__getitem__))
    return spread(g, x_shape, axis, keepdims) * np.transpose(others, home)


_prod.rule(x=_prod_x)


@register()
@axis_aliases
def prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The product of all elements or over the dimensions ``dim``; its derivatives are right also where some are 0.

    With a ``dtype`` the input is converted to it before.

    Example:
        >>> x = Tensor([0.0, 2.0, 3.0], requires_grad=True)
        >>> prod(x).backward()
        >>> x.grad
        Tensor([6., 0., 0.])
    """
    dims = some_dims("prod", dim, shape_of(input))
    return in_dtype("prod", lambda x: _prod(x, axis=dims, keepdims=keepdim), input, dtype)


NUMPY[np.prod] = numpy_reduction(prod)
