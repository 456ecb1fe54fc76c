"""Elements picked and written by masks and conditions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arrays import as_array, shape_of
from ...core.declare import register
from ...core.dispatch import NUMPY
from ...core.tensor import as_operand, raw
from ..dims import one_dim
from ..elementwise import where
from ..shape.expand import broadcast_to
from ..shape.reshape import reshape
from .basic import assign, pick, settled_index
from .select import along, fitting, single, within


def _mask(name: str, mask: Any) -> Any:
    mask = settled_index(mask)
    mask = mask if hasattr(mask, "dtype") else as_array(mask)
    if mask.dtype.kind != "b":
        raise TypeError(f"{name}: a mask holds booleans, got {mask.dtype}; compare, such as t > 0")
    return mask


# --- masks ------------------------------------------------------------------------------------------------------------
@register()
def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """``value`` where ``mask`` holds, else ``input``; the two broadcast.

    Example:
        >>> masked_fill(Tensor([1.0, 2.0]), [True, False], -np.inf)
        Tensor([-inf,   2.])
    """
    value = fitting("masked_fill", single("masked_fill", value), input)
    return where(_mask("masked_fill", mask), value, input)


@register()
def masked_select(input: Any, mask: Any) -> Any:
    """The elements where ``mask`` holds, as a vector; the two broadcast.

    Example:
        >>> masked_select(Tensor([1.0, 2.0, 3.0]), [True, False, True])
        Tensor([1., 3.])
    """
    mask = _mask("masked_select", mask)
    shape = np.broadcast_shapes(shape_of(input), mask.shape)
    return pick(broadcast_to(input, shape), index=np.broadcast_to(mask, shape))


@register()
def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """The input with its elements where ``mask`` holds replaced by the first ones of ``source``, in order.

    Example:
        >>> masked_scatter(Tensor([1.0, 2.0, 3.0]), [True, False, True], Tensor([7.0, 8.0, 9.0]))
        Tensor([7., 2., 8.])
    """
    mask = _mask("masked_scatter", mask)
    shape = np.broadcast_shapes(shape_of(input), mask.shape)
    mask = np.broadcast_to(mask, shape)
    wanted = int(np.sum(mask))
    values = reshape(fitting("masked_scatter", source, input), -1)
    if shape_of(values)[0] < wanted:
        raise ValueError(f"masked_scatter: the mask asks for {wanted} values, the source has {shape_of(values)[0]}")
    return assign(broadcast_to(input, shape), pick(values, index=slice(wanted)), index=mask)


def _numpy_compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    a, axis = (reshape(a, -1), 0) if axis is None else (a, axis)
    shape = shape_of(a)
    axis = one_dim("np.compress", axis, shape)
    return pick(a, index=along(axis, np.flatnonzero(raw(condition))))


def _numpy_extract(condition: Any, arr: Any) -> Any:
    return pick(reshape(arr, -1), index=np.flatnonzero(raw(condition)))


def _numpy_choose(a: Any, choices: Any, mode: str = "raise") -> Any:
    if mode != "raise":
        raise ValueError("np.choose of Tensors takes indices in range; bring them there with np.clip or np.mod")
    number = within("np.choose", a, len(choices))
    result = as_operand(choices[0])
    for i in range(1, len(choices)):
        result = where(number == i, choices[i], result)
    return broadcast_to(result, np.broadcast_shapes(shape_of(result), number.shape))


def _numpy_select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(f"np.select needs a choice for each condition: {len(condlist)} and {len(choicelist)} given")
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where(_mask("np.select", condition), choice, result)
    return result


NUMPY.update(
    {np.compress: _numpy_compress, np.extract: _numpy_extract, np.choose: _numpy_choose, np.select: _numpy_select}
)
