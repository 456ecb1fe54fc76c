"""What users hand to a metric, as NumPy arrays that fit together."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor

Numbers = np.ndarray[Any, Any]


def numbers(name: str, value: Any) -> Numbers:
    """The finite or infinite real numbers of a Tensor, an array or a list.

    Raises:
        TypeError: for what is not made of numbers.
        ValueError: for NaNs, naming the first one: a metric of them would mean nothing.
    """
    array = np.asarray(value._array if isinstance(value, Tensor) else value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be numbers, got {array.dtype}; number the labels 0, 1, 2, ... first")
    if array.dtype.kind == "f" and (bad := np.isnan(array)).any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{name} has nan at {place}; has the training diverged?")
    return array


def pair(predicted: Any, target: Any) -> tuple[Numbers, Numbers]:
    """Two arrays of one shape, with at least one number.

    Raises:
        ValueError: for different shapes, which would broadcast to pairs that nobody meant, and for no numbers at all.
    """
    first, second = numbers("predicted", predicted), numbers("target", target)
    if first.shape != second.shape:
        raise ValueError(
            f"predicted has the shape {first.shape} and target {second.shape}; they must be the same: reshape one"
        )
    refuse_empty(first)
    return first, second


def labels(name: str, value: Any) -> Numbers:
    """Classes as integers from 0.

    Raises:
        TypeError: for what is not integers or booleans.
        ValueError: for negative ones, naming the first.
    """
    array = numbers(name, value)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name} must be integers, the classes from 0, got {array.dtype}; cast them: .astype(np.int64)")
    if array.size and array.dtype.kind == "i" and array.min() < 0:
        place = tuple(int(i) for i in np.argwhere(array < 0)[0])
        raise ValueError(f"{name} has the class {array[place]} at {place}; classes count from 0")
    return array.astype(np.int64, copy=False)


def predicted_labels(predicted: Any, target: Any) -> tuple[Numbers, Numbers]:
    """Predicted and true classes, both flat; scores of shape (N, C, ...) stand for the class that scores highest.

    Raises:
        ValueError: for shapes that do not fit, and for no samples.
    """
    truth = labels("target", target)
    given = numbers("predicted", predicted)
    if given.ndim == truth.ndim + 1 and truth.ndim:
        given, _ = scores_and_labels(given, truth)
        return given.argmax(1), truth.ravel()
    given = labels("predicted", given)
    if given.shape != truth.shape:
        raise ValueError(
            f"predicted has the shape {given.shape} and target {truth.shape}; predicted are classes of the target's "
            "shape, or scores with the classes at axis 1: (N, C) for (N,)"
        )
    refuse_empty(truth)
    return given.ravel(), truth.ravel()


def scores_and_labels(scores: Any, target: Any) -> tuple[Numbers, Numbers]:
    """Scores as (samples, classes) and the true classes as (samples,), from (N, C, ...) and (N, ...).

    Raises:
        ValueError: for shapes that do not fit, a single class, and for no samples.
        IndexError: for a class that has no score.
    """
    given, truth = numbers("scores", scores), labels("target", target)
    if given.ndim < 2 or (given.shape[0], *given.shape[2:]) != truth.shape:
        raise ValueError(
            f"scores have the shape {given.shape} and target {truth.shape}; scores are (N, C) for a target of (N,), "
            "or (N, C, ...) for (N, ...)"
        )
    classes = given.shape[1]
    if classes == 1:
        raise ValueError("there is one score per sample, which is always the highest; give classes: predicted > 0")
    refuse_empty(truth)
    if truth.max() >= classes:
        place = tuple(int(i) for i in np.argwhere(truth >= classes)[0])
        raise IndexError(f"target has the class {truth[place]} at {place}, and there are scores of {classes} classes")
    return np.moveaxis(given, 1, -1).reshape(-1, classes), truth.ravel()


def refuse_empty(array: Numbers) -> None:
    """Refuse a mean over nothing."""
    if not array.size:
        raise ValueError("there are no samples; was everything filtered out?")
