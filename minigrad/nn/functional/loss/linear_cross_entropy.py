"""Cross-entropy of what a linear layer makes of its input, without keeping the scores of all classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ....core.arrays import one_precision
from ....core.tensor import Tensor, raw
from ...kernels.linear import linear
from ...kernels.loss.linear_cross_entropy import linear_cross_entropy_of_labels
from .cross_entropy import cross_entropy
from .labels import Labelled, class_weights, labelled, require_labels, weighted_mean
from .reduction import check_reduction, check_share, predictions, require_rows, values

_NAME = "linear_cross_entropy"


@dataclass(frozen=True)
class LinearCrossEntropyOptions:
    """PyTorch's options for ``linear_cross_entropy``, which works in tiles with or without them.

    Attributes:
        allow_retain_graph: without effect: backward may always run again.
        batch_chunk_size: how many rows are computed at a time; by default up to 1024.
        chunking_method: without effect.
        acc_policy: without effect.
        acc_dtype: without effect.

    Example:
        >>> LinearCrossEntropyOptions(batch_chunk_size=64).batch_chunk_size
        64
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None


def linear_cross_entropy(
    input: Any,
    linear_weight: Any,
    target: Any,
    *,
    linear_bias: Any = None,
    weight: Any = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """``cross_entropy(linear(input, linear_weight, linear_bias), target)`` in little memory, for very many classes.

    For labels, of N inputs and C classes the N · C scores are computed in tiles of a few megabytes, and again for
    backward, so that neither they nor their gradient ever exist as a whole. Second derivatives exist, and compute with
    all of them. Probabilities, which have that size themselves, and scores with more dimensions take the way of the
    line above. (PyTorch works in chunks only where ``options`` are given, and then without label smoothing and second
    derivatives.)

    Shapes:
        input: (D,) or (N, D).
        linear_weight: (C, D); or (C, d1, ..., D) for scores of (N, C, d1, ...).
        target: integers, () or (N,), and with more dimensions (N, d1, ...); or probabilities of the scores' shape.
        linear_bias: that of the weight without D.
        weight: (C,).
        result: () or, with ``reduction="none"``, the shape of the labels.

    Args:
        input: what the linear layer gets.
        linear_weight: its weights.
        target: labels or probabilities.
        linear_bias: its bias.
        weight: a weight for every class.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        ignore_index: rows with this label count as absent; None for -100. Not for probabilities.
        label_smoothing: the share, in [0, 1], of every target that is spread evenly over all classes.
        options: an object with a ``batch_chunk_size``, how many rows are computed at a time; or None.

    Raises:
        IndexError: for a label that is no class, naming where it stands.
        TypeError: for labels that are not integers, and weights in another precision than the input.
        ValueError: for shapes that do not fit, and for the mean of nothing.

    Source: E. Wijmans et al., "Cut your losses in large-vocabulary language models", ICLR (2025).

    Example:
        >>> weight = Tensor([[2.0, 0.0], [0.0, 2.0]])
        >>> linear_cross_entropy(Tensor([[1.0, 0.0]]), weight, [0])
        Tensor(0.12692805)
    """
    check_reduction(_NAME, reduction)
    check_share(_NAME, "label_smoothing", label_smoothing)
    input = predictions(_NAME, input)
    linear_weight, linear_bias, target = _checked(input, linear_weight, linear_bias, target)
    if input.dtype == np.float16:  # the sums of scores leave its range
        single = [None if part is None else values(part, np.float32) for part in (linear_bias, weight)]
        loss = linear_cross_entropy(
            values(input, np.float32),
            values(linear_weight, np.float32),
            target,
            linear_bias=single[0],
            weight=single[1],
            reduction=reduction,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
            options=options,
        )
        return loss.astype(np.float16)
    if linear_weight.ndim > 2 or target.dtype.kind == "f":
        if target.dtype.kind == "f" and ignore_index is not None:
            raise ValueError(f"{_NAME}: ignore_index={ignore_index} has no meaning for probabilities; leave it out")
        return cross_entropy(
            _scores(input, linear_weight, linear_bias),
            target,
            weight,
            ignore_index=-100 if ignore_index is None else ignore_index,
            reduction=reduction,
            label_smoothing=label_smoothing,
        )
    classes = linear_weight.shape[0]
    rows = input if input.ndim == 2 else input.unsqueeze(0)
    require_rows(_NAME, rows.shape[:1], reduction)
    scores = (*input.shape[:-1], classes)
    labels = require_labels(_NAME, scores, target)
    found = labelled(_NAME, rows, labels, -100 if ignore_index is None else ignore_index, reduction, classes)
    weight = class_weights(_NAME, weight, classes, input.dtype)
    step = getattr(options, "batch_chunk_size", None)
    return _of_labels(found, linear_weight, linear_bias, weight, reduction, label_smoothing, step)


def _of_labels(
    found: Labelled, linear_weight: Any, bias: Any, weight: Any, reduction: str, label_smoothing: float, step: Any
) -> Tensor:
    losses: Tensor
    losses, totals = linear_cross_entropy_of_labels(found.rows, linear_weight, bias, labels=found.labels, step=step)
    own = None if weight is None else weight[found.labels]
    if own is not None:
        losses = losses * own
    if label_smoothing:
        # Every class has the same share in every row, and the mean of the scores is the score of a mean of the weights.
        spread = label_smoothing / linear_weight.shape[0]
        shares = np.full_like(raw(linear_weight), spread, shape=linear_weight.shape[:1])
        shares = shares if weight is None else weight * spread
        scores = np.matmul(found.rows, np.matmul(shares, linear_weight))
        if bias is not None:
            scores = scores + (shares * bias).sum()
        losses = losses * (1 - label_smoothing) + (totals * shares.sum() - scores)
    if reduction == "mean" and own is not None:
        return weighted_mean(_NAME, losses, own)
    return found.reduced(losses, reduction)


def _checked(input: Tensor, linear_weight: Any, linear_bias: Any, target: Any) -> tuple[Any, Any, Any]:
    """The arguments as Tensors and arrays, of shapes that fit."""
    linear_weight = predictions(_NAME, linear_weight)
    linear_bias = None if linear_bias is None else predictions(_NAME, linear_bias)
    target = values(target)
    one_precision(_NAME, input, linear_weight=linear_weight, linear_bias=linear_bias)
    if input.ndim not in (1, 2) or linear_weight.ndim < 2 or input.shape[-1] != linear_weight.shape[-1]:
        raise ValueError(
            f"{_NAME}: the input has shape (N, D) or (D,) and the linear_weight (C, D), got {input.shape} and "
            f"{linear_weight.shape}"
        )
    if input.ndim == 1 and linear_weight.ndim > 2:
        raise ValueError(
            f"{_NAME}: a linear_weight of shape {linear_weight.shape} needs a batch, input (N, D), got {input.shape}"
        )
    if linear_weight.shape[0] == 0:
        raise ValueError(f"{_NAME}: a linear_weight of shape {linear_weight.shape} has no classes")
    if linear_bias is not None and linear_bias.shape != linear_weight.shape[:-1]:
        raise ValueError(
            f"{_NAME}: the linear_bias has one number for every score, shape {linear_weight.shape[:-1]}, got "
            f"{linear_bias.shape}"
        )
    scores = (*input.shape[:-1], *linear_weight.shape[:-1])
    if target.dtype.kind == "f" and target.shape != scores:
        require_labels(_NAME, scores, target)
    return linear_weight, linear_bias, target


def _scores(input: Tensor, linear_weight: Tensor, linear_bias: Any) -> Tensor:
    """All of them: (N, C, d1, ...)."""
    flat = linear_weight.reshape(-1, linear_weight.shape[-1])
    scores = linear(input, flat, None if linear_bias is None else linear_bias.reshape(-1))
    return scores.reshape(*input.shape[:-1], *linear_weight.shape[:-1])  # type: ignore[no-any-return]
