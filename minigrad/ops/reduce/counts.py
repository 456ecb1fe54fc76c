"""Whether all, whether any, and how many elements are not 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arrays import shape_of
from ...core.declare import constant, register
from ...core.tensor import Tensor
from ..dims import axis_aliases, some_dims

_all, _any, _count_nonzero = constant(np.all), constant(np.any), constant(np.count_nonzero)


@register()
@axis_aliases
def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements are not 0, overall or along ``dim``.

    Example:
        >>> count_nonzero(Tensor([[0.0, 1.0], [2.0, 3.0]]), dim=0)
        Tensor([1, 2])
    """
    out = _count_nonzero(input, axis=some_dims("count_nonzero", dim, shape_of(input)))
    return Tensor(out) if isinstance(input, Tensor) and not isinstance(out, Tensor) else out


@register()
@axis_aliases
def all_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all elements are true (not 0), overall or along ``dim``.

    Example:
        >>> all_(Tensor([[1.0, 0.0], [2.0, 3.0]]), dim=1)
        Tensor([False,  True])
    """
    return _all(input, axis=some_dims("all", dim, shape_of(input)), keepdims=keepdim)


@register()
@axis_aliases
def any_(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether any element is true (not 0), overall or along ``dim``.

    Example:
        >>> any_(Tensor([[0.0, 0.0], [2.0, 3.0]]), dim=1)
        Tensor([False,  True])
    """
    return _any(input, axis=some_dims("any", dim, shape_of(input)), keepdims=keepdim)
