"""From a list of samples to one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core.arrays import as_array


def collate(samples: Sequence[Any]) -> Any:
    """Join samples of one kind into a batch.

    Arrays and Tensors are stacked along a new first dimension and keep their dtype; numbers become an array (Python's
    floats one of the default dtype, float32, which layers compute in; PyTorch's ``default_collate`` makes it float64);
    tuples, lists and dicts are joined entry by entry; strings stay a list.

    Raises:
        TypeError: for samples that nothing is known about.
        ValueError: for samples that differ in kind, shape or length.

    Example:
        >>> collate([(np.zeros(2), 1), (np.ones(2), 0)])
        (array([[0., 0.],
               [1., 1.]]), array([1, 0]))
    """
    first = samples[0]
    if isinstance(first, Mapping):
        if any(sample.keys() != first.keys() for sample in samples):
            raise ValueError("the dicts of a batch must have the same keys; pass your own collate_fn")
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, str | bytes):
        return list(samples)
    if isinstance(first, tuple | list):
        if any(len(sample) != len(first) for sample in samples):
            raise ValueError("the samples of a batch must have the same number of parts; pass your own collate_fn")
        parts = [collate(part) for part in zip(*samples, strict=True)]
        if hasattr(first, "_fields"):  # a named tuple
            return type(first)(*parts)
        return tuple(parts) if isinstance(first, tuple) else parts
    if hasattr(first, "__array_function__"):
        shapes = sorted({np.shape(sample) for sample in samples})
        if len(shapes) > 1:
            raise ValueError(
                f"the samples of a batch must have equal shapes, got {shapes}; pad them, or pass your own collate_fn"
            )
        return np.stack(samples)  # of Tensors a Tensor
    if isinstance(first, int | float | np.generic):
        return as_array(list(samples))
    raise TypeError(f"samples of type {type(first).__name__} cannot be joined to a batch; pass your own collate_fn")
