"""Connectionist temporal classification: sequences whose labels have an order, but no times."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.arrays import as_array
from ....core.graph import Array
from ....core.tensor import Tensor, raw
from ...kernels.loss.ctc import ctc
from ..arguments import floating
from .labels import class_number
from .reduction import check_reduction, reduced, require_rows


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the logarithm of the probability of a target, over all ways to spread it over the time steps.

    At every step the network emits a label or the blank. What it emits is read by merging repetitions and then taking
    out the blanks: a a ␣ a b reads a a b. The loss sums over all paths that read as the target. Computed in double
    precision whatever the dtype.

    Shapes:
        log_probs: (T, N, C) from ``log_softmax``, for C classes, the blank among them; or (T, C).
        targets: (N, S) integers, in each row as many as its target length, then anything; or all of them one after
            another, (sum of target_lengths,).
        input_lengths, target_lengths: (N,) integers, in a list, tuple, array or Tensor; for (T, C) also single numbers.
        result: () or, with ``reduction="none"``, (N,), for (T, C) ().

    Math:
        -log Σ_paths exp Σ_t log_probs[t, path[t]]. Its derivative by log_probs[t, c] is minus the probability of
        emitting c at time t, given the target. PyTorch's backward adds exp(log_probs) to that: right only for what
        follows a ``log_softmax``, through which both give the same gradient of the scores. Second derivatives exist.

    Args:
        log_probs: logarithms of probabilities.
        targets: labels, of which none is the blank.
        input_lengths: how many time steps each sample has.
        target_lengths: how many labels each sample has; may be 0.
        blank: which class is the blank.
        reduction: ``"mean"`` divides each loss by its target length (by 1 for none), then averages; ``"sum"``; or
            ``"none"``.
        zero_infinity: whether losses of inf, those of targets that do not fit into their time, become 0. Their
            gradient is 0 anyway. (PyTorch's is NaN without ``zero_infinity``.)

    Raises:
        IndexError: for a label that is no class, naming where it stands, and a blank that is none.
        TypeError: for labels, lengths and a blank that are not integers. (PyTorch takes the digits off.)
        ValueError: for shapes and lengths that do not fit, a blank among the labels, and the mean of nothing.

    Source: A. Graves et al., "Connectionist temporal classification", ICML (2006).

    Example:
        >>> even = Tensor(np.full((2, 1, 2), np.log(0.5)))  # two steps, blank or label: three of four paths read "1"
        >>> loss = ctc_loss(even, [[1]], [2], [1])
        >>> round(float(np.exp(-loss.item())), 6)
        0.75
    """
    check_reduction("ctc_loss", reduction)
    log_probs = floating("ctc_loss", log_probs, "log_probs")
    if log_probs.ndim not in (2, 3) or log_probs.shape[0] == 0:
        raise ValueError(
            f"ctc_loss: log_probs has shape (T, N, C) or (T, C), with at least one time step, got {log_probs.shape}"
        )
    batched: Tensor = log_probs if log_probs.ndim == 3 else log_probs.unsqueeze(1)
    times, samples, classes = batched.shape
    require_rows("ctc_loss", (samples,), reduction)
    blank = class_number("ctc_loss", "blank", blank)
    if not 0 <= blank < classes:
        raise IndexError(f"ctc_loss: blank={blank} is no class; with {classes} classes they go from 0 to {classes - 1}")
    inputs = _lengths("input_lengths", input_lengths, samples)
    if (inputs > times).any():
        n = int((inputs > times).argmax())
        raise ValueError(
            f"ctc_loss: input_lengths[{n}] is {inputs[n]}, but log_probs has {times} time steps, shape "
            f"{log_probs.shape}; time comes first: log_probs.transpose(0, 1) if it is the batch that does"
        )
    lengths = _lengths("target_lengths", target_lengths, samples)
    labels = _labels(targets, lengths, classes, blank)
    losses = ctc(batched, targets=labels, input_lengths=inputs, target_lengths=lengths, blank=blank)
    if zero_infinity:
        losses = np.where(np.isinf(raw(losses)), 0, losses)
    if reduction == "mean":
        losses = losses / np.maximum(lengths, 1)
    return reduced(losses, reduction, (samples,) if log_probs.ndim == 3 else ())


def _integers(name: str, value: Any) -> Array:
    """An array of integers of its own, which nobody else writes into; nothing at all counts as integers."""
    array = raw(as_array(value))
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"ctc_loss: {name} must be integers, got {array.dtype}; use {name}.astype(np.int64)")
    return array.astype(np.intp)


def _lengths(name: str, value: Any, samples: int) -> Array:
    """One length for each sample."""
    lengths = _integers(name, value)
    if lengths.shape != (samples,) and not (lengths.ndim == 0 and samples == 1):
        raise ValueError(f"ctc_loss: {name} has one number for each of {samples} samples, got shape {lengths.shape}")
    lengths = lengths.reshape(samples)
    if (lengths < 0).any():
        n = int((lengths < 0).argmax())
        raise ValueError(f"ctc_loss: {name}[{n}] is {lengths[n]}; a length is at least 0")
    return lengths


def _labels(targets: Any, lengths: Array, classes: int, blank: int) -> Array:
    """The labels, (N, S), with blanks behind each target."""
    labels = _integers("targets", targets)
    longest, rows = int(lengths.max(initial=0)), lengths.size
    inside = np.arange(longest) < lengths[:, None]
    if labels.ndim == 1 and labels.size == lengths.sum():
        padded = np.full((rows, longest), blank, np.intp)
        padded[inside] = labels
    elif labels.ndim == 2 and labels.shape[0] == rows and labels.shape[1] >= longest:
        padded = np.where(inside, labels[:, :longest], blank)
    else:
        raise ValueError(
            f"ctc_loss: targets of shape {labels.shape} do not fit to {rows} targets of lengths {lengths.tolist()}; "
            f"their shape is ({rows}, S) with S of at least {longest}, or ({lengths.sum()},) one after another"
        )
    wrong = inside & ((padded < 0) | (padded >= classes))
    if wrong.any():
        raise IndexError(
            f"ctc_loss: the label {_place(padded, wrong)} is no class; with {classes} classes, the blank among them, "
            f"labels go from 0 to {classes - 1}"
        )
    wrong = inside & (padded == blank)
    if wrong.any():
        raise ValueError(
            f"ctc_loss: the label {_place(padded, wrong)} is the blank, which stands between labels and is none "
            "itself; give blank= another class, or count the labels from 1"
        )
    return padded


def _place(labels: Array, wrong: Array) -> str:
    row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return f"{labels[row, column]} at position {column} of target {row}"
