"""Sizes that layers are made with: checked once, with the layer's name in the error."""

from __future__ import annotations

import operator
from typing import Any


def at_least(layer: str, least: int, **sizes: Any) -> tuple[int, ...]:
    """The sizes as Python integers.

    Raises:
        TypeError: for what is no integer.
        ValueError: for less than ``least``.

    Example:
        >>> at_least("Linear", 1, in_features=3, out_features=np.int64(2))
        (3, 2)
        >>> at_least("Linear", 1, in_features=3, out_features=0)
        Traceback (most recent call last):
        ValueError: Linear: out_features must be at least 1, got 0
    """
    return tuple(_integer(layer, name, value, least) for name, value in sizes.items())


def one_each(
    layer: str, name: str, value: Any, dimensions: int, least: int, *, single: bool = False
) -> tuple[int, ...]:
    """One integer for each of ``dimensions``: an int counts for all of them, as in ``kernel_size=3``.

    With ``single`` a sequence of one integer does so as well, as PyTorch's windows take it: ``padding=(1,)``.

    Raises:
        TypeError: for what is neither an integer nor a sequence of integers.
        ValueError: for another number of integers, and for less than ``least``.

    Example:
        >>> one_each("Conv2d", "kernel_size", 3, dimensions=2, least=1)
        (3, 3)
        >>> one_each("Conv2d", "stride", (2, 1), dimensions=2, least=1)
        (2, 1)
    """
    if not isinstance(value, (tuple, list)):
        return (_integer(layer, name, value, least),) * dimensions
    if single and len(value) == 1:
        return (_integer(layer, name, value[0], least),) * dimensions
    if len(value) != dimensions:
        raise ValueError(f"{layer}: {name} needs one integer, or {dimensions} of them, got {tuple(value)}")
    return tuple(_integer(layer, name, item, least) for item in value)


def stride_of(layer: str, stride: Any, kernel: tuple[int, ...]) -> tuple[int, ...]:
    """How far apart windows start: as far as the kernel reaches for None and, as in PyTorch, for ``()``."""
    if stride is None or stride in ((), []):
        return kernel
    return one_each(layer, "stride", stride, len(kernel), 1, single=True)


def _integer(layer: str, name: str, value: Any, least: int) -> int:
    try:
        size = operator.index(value)
    except TypeError:
        raise TypeError(f"{layer}: {name} must be an integer, got {value!r}") from None
    if isinstance(value, bool):
        raise TypeError(f"{layer}: {name} must be an integer, got {value!r}")
    if size < least:
        raise ValueError(f"{layer}: {name} must be at least {least}, got {size}")
    return size
