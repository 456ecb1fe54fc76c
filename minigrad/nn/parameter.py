"""Parameter: a Tensor that belongs to a Module and is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.arrays import as_dtype, get_default_dtype
from ..core.tensor import Tensor
from ..ops.convert import device as as_device


class Parameter(Tensor):
    """A Tensor that a Module trains: it requires grad unless told otherwise.

    Example:
        >>> from minigrad.nn import Parameter
        >>> Parameter([1.0, 2.0])
        Parameter([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, dtype: Any = None) -> None:
        super().__init__(data, requires_grad, dtype)


def unset(shape: Sequence[int], device: Any = None, dtype: Any = None) -> Parameter:
    """A Parameter whose values are still to be written, by ``nn.init``: what a layer's constructor makes.

    Args:
        shape: sizes that have been checked.
        device: None or ``"cpu"``.
        dtype: a floating-point dtype, by default the default dtype (float32).

    Example:
        >>> unset((2, 3)).shape
        (2, 3)
    """
    if device is not None:
        as_device(device)  # refuses what does not exist
    return Parameter(np.zeros(tuple(shape), get_default_dtype() if dtype is None else as_dtype(dtype)))
