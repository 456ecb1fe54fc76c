"""TensorDataset: whole arrays as a dataset, whose batches are taken in one piece."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.tensor import Tensor, wrap
from .dataset import Dataset


class TensorDataset(Dataset[tuple[Any, ...]]):
    """Arrays or Tensors whose first dimension counts the samples.

    Indexing gives a tuple with one part for each array: of a sample for an integer, of a batch for a slice or an array
    of indices. What goes in as an array comes out as one, and Tensors come out as Tensors; a ``DataLoader`` makes
    Tensors of both. Nothing is copied at first.

    Args:
        tensors: arrays or Tensors of equal length.

    Raises:
        TypeError: for what is neither, and without arguments.
        ValueError: for different lengths.

    Example:
        >>> data = TensorDataset(np.eye(3), np.array([0, 1, 2]))
        >>> data[1]
        (array([0., 1., 0.]), np.int64(1))
        >>> data[[2, 0]]
        (array([[0., 0., 1.],
               [1., 0., 0.]]), array([2, 0]))
    """

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise TypeError("TensorDataset needs at least one array, such as TensorDataset(inputs, labels)")
        for position, tensor in enumerate(tensors):
            if not hasattr(tensor, "__array_function__"):
                raise TypeError(
                    f"argument {position} of TensorDataset is a {type(tensor).__name__}, neither array nor Tensor; "
                    "convert it: np.asarray(values, dtype=np.float32)"
                )
        shapes = [np.shape(tensor) for tensor in tensors]
        if any(not shape or shape[0] != shapes[0][0] for shape in shapes):
            raise ValueError(f"the first sizes count the samples and must be equal, got the shapes {shapes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])

    def batch(self, indices: Any) -> Any:
        """The samples with these numbers, by a single indexing of every array."""
        return tuple(rows(tensor, indices) for tensor in self.tensors)

    def __repr__(self) -> str:
        arrays = ", ".join(f"{tensor.dtype} {np.shape(tensor)}" for tensor in self.tensors)
        return f"{type(self).__name__}({arrays})"


def rows(array: Any, indices: Any) -> Any:
    """The rows of an array or Tensor with these numbers, copied; neighbours in one piece."""
    if isinstance(array, Tensor) and not array.requires_grad:
        return wrap(rows(array.numpy(), indices), None)
    if isinstance(indices, range) and indices.step == 1 and isinstance(array, np.ndarray):
        return np.array(array[indices.start : indices.stop])  # also of a file in memory an ordinary array
    if not isinstance(indices, np.ndarray):
        indices = np.array([operator.index(index) for index in indices], np.intp)
    return np.asarray(array.take(indices, axis=0)) if isinstance(array, np.ndarray) else array[indices]
