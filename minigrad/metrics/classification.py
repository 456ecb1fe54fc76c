"""How well classes are told apart."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .arrays import Numbers, labels, numbers, predicted_labels, scores_and_labels

AVERAGES = ("binary", "macro", "micro", "weighted", None)


def accuracy(predicted: Any, target: Any) -> float:
    """The share of samples whose class is right.

    Args:
        predicted: classes as integers, or scores with the classes at axis 1, of which the highest counts (the first of
            several).
        target: the true classes, as integers from 0.

    Example:
        >>> accuracy([0, 1, 1], [0, 1, 2])
        0.6666666666666666
        >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
        0.5
    """
    found, truth = predicted_labels(predicted, target)
    return float((found == truth).mean())


def top_k_accuracy(scores: Any, target: Any, k: int = 5) -> float:
    """The share of samples whose class is among the k that score highest; of equal scores the last classes count.

    Args:
        scores: (N, C), or (N, C, ...).
        target: the true classes, (N,) or (N, ...).
        k: from 1 to C.

    Example:
        >>> top_k_accuracy([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2], k=2)
        0.5
    """
    return float(in_top_k(scores, target, k).mean())


def in_top_k(scores: Any, target: Any, k: int) -> Numbers:
    """For every sample whether its class is among the k that score highest."""
    given, truth = scores_and_labels(scores, target)
    if not 1 <= operator.index(k) <= given.shape[1]:
        raise ValueError(f"k must be from 1 to the {given.shape[1]} classes, got {k}")
    own = np.take_along_axis(given, truth[:, None], 1)
    later = np.arange(given.shape[1]) > truth[:, None]
    before: Numbers = ((given > own) | ((given == own) & later)).sum(1)
    return before < k


def confusion_matrix(predicted: Any, target: Any, classes: int | None = None) -> Numbers:
    """How often every true class (row) was taken for every class (column).

    Args:
        predicted: as for ``accuracy``.
        target: as for ``accuracy``.
        classes: how many there are; by default one more than the largest that occurs.

    Raises:
        IndexError: for a class that is not below ``classes``.

    Example:
        >>> confusion_matrix([0, 1, 1], [0, 0, 1])
        array([[1, 1],
               [0, 1]])
    """
    found, truth = predicted_labels(predicted, target)
    largest = int(max(found.max(), truth.max()))
    count = largest + 1 if classes is None else operator.index(classes)
    if largest >= count:
        name = "target" if truth.max() >= count else "predicted"
        raise IndexError(f"{name} has the class {largest}, and there are {count}; give classes={largest + 1}")
    return np.bincount(truth * count + found, minlength=count * count).reshape(count, count)


def precision(
    predicted: Any, target: Any, *, average: str | None = "binary", positive: int = 1, zero_division: float = 0.0
) -> Any:
    """The share of what was taken for a class that is of that class.

    Args:
        predicted: as for ``accuracy``.
        target: as for ``accuracy``.
        average: ``"binary"`` for the class ``positive``; the mean over the classes that occur, plain (``"macro"``) or
            by how often they do (``"weighted"``); over all samples (``"micro"``); or None for every class on its own.
        positive: the class that ``"binary"`` asks for.
        zero_division: the value where there is nothing to divide by, without a warning.

    Example:
        >>> precision([1, 1, 0], [1, 0, 0])
        0.5
    """
    return from_counts(confusion_matrix(predicted, target), "precision", average, positive, zero_division)


def recall(
    predicted: Any, target: Any, *, average: str | None = "binary", positive: int = 1, zero_division: float = 0.0
) -> Any:
    """The share of what is of a class that was found; arguments as for ``precision``.

    Example:
        >>> recall([1, 1, 0], [1, 0, 0])
        1.0
    """
    return from_counts(confusion_matrix(predicted, target), "recall", average, positive, zero_division)


def f1_score(
    predicted: Any, target: Any, *, average: str | None = "binary", positive: int = 1, zero_division: float = 0.0
) -> Any:
    """The harmonic mean of precision and recall; arguments as for ``precision``.

    Example:
        >>> f1_score([1, 1, 0], [1, 0, 0])
        0.6666666666666666
    """
    return from_counts(confusion_matrix(predicted, target), "f1", average, positive, zero_division)


def from_counts(matrix: Numbers, what: str, average: str | None, positive: int, zero_division: float) -> Any:
    """Precision, recall or F1 of a confusion matrix.

    Raises:
        ValueError: for an average that does not exist, and more than two classes without one.
        IndexError: for a positive class that does not exist.
    """
    if average not in AVERAGES:
        raise ValueError(f"average must be one of {AVERAGES}, got {average!r}")
    right, taken, there = np.diag(matrix), matrix.sum(0), matrix.sum(1)
    if average == "micro":
        right, taken, there = right.sum(), taken.sum(), there.sum()
    above, below = {"precision": (right, taken), "recall": (right, there), "f1": (2 * right, taken + there)}[what]
    values = np.where(below > 0, above / np.maximum(below, 1), zero_division)
    if average == "micro":
        return float(values)
    if average == "binary":
        occurring = np.flatnonzero(taken + there)
        if len(occurring) > 2 or (occurring > 1).any():
            raise ValueError(f'there are the classes {occurring.tolist()}; choose average="macro", "micro" or None')
        if not 0 <= operator.index(positive) <= max(1, len(values) - 1):
            raise IndexError(f"positive must be a class, got {positive}")
        return float(values[positive]) if positive < len(values) else zero_division
    if average is None:
        return values
    weights = (taken + there > 0) if average == "macro" else there
    return float((values * weights).sum() / weights.sum())


def roc_auc(scores: Any, target: Any, **options: Any) -> Any:
    """The chance that a sample of the class scores higher than one that is not; scikit-learn computes it.

    Args:
        scores: (N,) for two classes; probabilities (N, C) with ``multi_class="ovr"`` or ``"ovo"``.
        target: the true classes, (N,).
        options: those of ``sklearn.metrics.roc_auc_score``.

    Raises:
        ImportError: without scikit-learn.
        ValueError: for scores that hold NaN, and a target with a single class.
    """
    given, truth = numbers("scores", scores), labels("target", target)
    if given.shape[:1] != truth.shape or given.ndim > 2:
        raise ValueError(
            f"scores have the shape {given.shape} and target {truth.shape}; they are (N,) or (N, C), and (N,)"
        )
    if len(np.unique(truth)) < 2:
        raise ValueError("target has fewer than two classes, so that there is nothing to rank")
    try:
        from sklearn.metrics import roc_auc_score
    except ImportError as error:
        raise ImportError("roc_auc is computed by scikit-learn: pip install scikit-learn") from error
    return roc_auc_score(truth, given, **options)
