"""How far predicted numbers and probabilities are from the true ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .arrays import Numbers, numbers, pair, refuse_empty, scores_and_labels


def mean_absolute_error(predicted: Any, target: Any) -> float:
    """The mean distance between predicted and true numbers.

    Example:
        >>> mean_absolute_error([1.0, 2.0], [1.0, 4.0])
        1.0
    """
    found, truth = _columns(predicted, target)
    return float(np.abs(found - truth).mean())


def root_mean_squared_error(predicted: Any, target: Any) -> float:
    """The root of the mean squared distance; for several outputs, (N, M), the mean of their roots.

    Example:
        >>> root_mean_squared_error([1.0, 2.0], [1.0, 6.0])
        2.8284271247461903
    """
    found, truth = _columns(predicted, target)
    distances = found - truth
    largest = np.abs(distances).max(0)  # divided out, so that no square overflows or vanishes
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1)
    return float((scale * np.sqrt(np.square(distances / scale).mean(0))).mean())


def r2_score(predicted: Any, target: Any) -> float:
    """The share of the target's variance that is explained; for several outputs, (N, M), the mean of their shares.

    1 is perfect, 0 no better than the mean of the target. Of a target that does not vary, it is 1 if all of it is
    met, and 0 otherwise.

    Raises:
        ValueError: for fewer than two samples.

    Example:
        >>> r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
        0.7857142857142857
    """
    found, truth = _columns(predicted, target)
    if len(truth) < 2:
        raise ValueError("r2_score compares with the variance of the target, and so needs at least two samples")
    left, all_ = np.square(truth - found).sum(0), np.square(truth - truth.mean(0)).sum(0)
    varies = all_ > 0
    return float(np.where(varies, 1 - left / np.where(varies, all_, 1), left == 0).mean())


def perplexity(scores: Any, target: Any, *, ignore_index: int = -100) -> float:
    """How many equally likely classes are as surprising: exp of the mean cross-entropy.

    Args:
        scores: logits, with the classes at axis 1: (N, C) or (N, C, ...).
        target: the true classes, (N,) or (N, ...).
        ignore_index: the target of places that do not count.

    Example:
        >>> round(perplexity(np.zeros((3, 7)), [0, 3, 6]), 12)
        7.0
    """
    total, count = surprise(scores, target, ignore_index)
    if not count:
        raise ValueError(f"every target is {ignore_index}, which does not count")
    return exponential(total / count)


def surprise(scores: Any, target: Any, ignore_index: int) -> tuple[float, int]:
    """The sum of -log p of the true classes, in double precision, and their number."""
    given, truth = numbers("scores", scores), numbers("target", target)
    if not truth.ndim or given.ndim != truth.ndim + 1:
        raise ValueError(
            f"scores have the shape {given.shape} and target {truth.shape}; scores are (N, C) for a target of (N,)"
        )
    refuse_empty(truth)
    counts = truth != ignore_index
    given, labels = scores_and_labels(given, np.where(counts, truth, 0))
    rows = given[counts.ravel()].astype(np.float64)
    own = rows[np.arange(len(rows)), labels[counts.ravel()]]
    if not len(rows):
        return 0.0, 0
    largest = rows.max(1)
    if not np.isfinite(largest).all():
        raise ValueError("scores have an infinity as the largest of a row; logits are finite")
    return float((largest - own + np.log(np.exp(rows - largest[:, None]).sum(1))).sum()), len(rows)


def exponential(x: float) -> float:
    """exp(x), infinite where it is too large."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _columns(predicted: Any, target: Any) -> tuple[Numbers, Numbers]:
    """Both in double precision, as (samples, outputs)."""
    found, truth = pair(predicted, target)
    rows = len(truth) if truth.ndim else 1
    return found.reshape(rows, -1).astype(np.float64), truth.reshape(rows, -1).astype(np.float64)
