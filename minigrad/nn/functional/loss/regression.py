"""Losses of predicted numbers: functions of the error alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.tensor import Tensor, raw
from ....ops.shape.reshape import unsqueeze
from ...kernels.loss.regression import huber, log_cosh, pinball
from ..arguments import at_least_zero, computed_in_single_precision, numbers
from .reduction import (
    check_reduction,
    first_wrong,
    matching,
    predictions,
    reduced,
    reduction_of,
    require_rows,
    require_shape,
    values,
)


def _weighted(name: str, losses: Tensor, weight: Any, reduction: str, mean_of_weights: bool = True) -> Tensor:
    """Losses, each times its weight where there are any; the mean then divides by the sum of the weights."""
    require_rows(name, losses.shape, reduction)
    if weight is None:
        return reduced(losses, reduction)
    weight = values(weight, losses.dtype)
    require_shape(name, losses.shape, "weight", weight.shape)
    losses = losses * weight
    if reduction != "mean" or not mean_of_weights:
        return reduced(losses, reduction)
    total = weight.sum()
    if raw(total) == 0:
        raise ValueError(f"{name}: the weights sum to 0, so the weighted mean is not defined")
    return losses.sum() / total  # type: ignore[no-any-return]


@computed_in_single_precision
def mse_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Tensor:
    """The squared error (L2 loss), averaged: the optimum is the mean of the targets.

    Shapes:
        input, target, weight: any, but all the same: nothing is broadcast.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        (input - target)², times the weight; the mean of weighted losses divides by the sum of the weights.

    Raises:
        ValueError: for different shapes. (PyTorch broadcasts (N, 1) and (N,) to (N, N), with a warning.)

    Example:
        >>> mse_loss(Tensor([1.0, 4.0]), [1.0, 2.0])
        Tensor(2.)
    """
    reduction = reduction_of("mse_loss", size_average, reduce, reduction)
    input, target = matching("mse_loss", input, target)
    return _weighted("mse_loss", np.square(input - target), weight, reduction)


@computed_in_single_precision
def sse_loss(input: Any, target: Any) -> Tensor:
    """The sum of squared errors: ``mse_loss`` with ``reduction="sum"``, under the name that statistics has for it.

    Example:
        >>> sse_loss(Tensor([1.0, 4.0]), [1.0, 2.0])
        Tensor(4.)
    """
    input, target = matching("sse_loss", input, target)
    return np.square(input - target).sum()  # type: ignore[no-any-return]


@computed_in_single_precision
def l1_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Tensor:
    """The size of the error, averaged: the optimum is the median of the targets, which outliers hardly move.

    Shapes:
        input, target, weight: any, but all the same: nothing is broadcast.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        |input - target|, times the weight; the mean of weighted losses divides by the sum of the weights. The
        derivative at 0 is 0.

    Raises:
        ValueError: for different shapes.

    Example:
        >>> l1_loss(Tensor([1.0, 4.0]), [1.0, 2.0])
        Tensor(1.)
    """
    reduction = reduction_of("l1_loss", size_average, reduce, reduction)
    input, target = matching("l1_loss", input, target)
    return _weighted("l1_loss", np.abs(input - target), weight, reduction)


@computed_in_single_precision
def mae_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """The mean absolute error: ``l1_loss``, under the name that statistics has for it.

    Example:
        >>> mae_loss(Tensor([1.0, 4.0]), [1.0, 2.0])
        Tensor(1.)
    """
    check_reduction("mae_loss", reduction)
    input, target = matching("mae_loss", input, target)
    return _weighted("mae_loss", np.abs(input - target), None, reduction)


@computed_in_single_precision
def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Tensor:
    """The squared error, halved, for errors up to ``delta``, and its tangent beyond.

    Shapes:
        input, target, weight: any, but all the same: nothing is broadcast.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        ½ e² where |e| ≤ delta, delta (|e| - ½ delta) elsewhere, for e = input - target, times the weight. The mean
        divides by the number of losses, also of weighted ones: so does PyTorch, unlike in its ``mse_loss``.

    Raises:
        ValueError: for different shapes, and for a delta that is not above 0.

    Source: P. J. Huber, "Robust estimation of a location parameter", Annals of Statistics 53 (1964).

    Example:
        >>> huber_loss(Tensor([0.5, 4.0]), [0.0, 0.0], reduction="none")
        Tensor([0.125, 3.5  ])
    """
    check_reduction("huber_loss", reduction)
    (delta,) = numbers("huber_loss", delta=delta)
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be above 0, got {delta}; for |error| itself use l1_loss")
    input, target = matching("huber_loss", input, target)
    return _weighted("huber_loss", huber(input - target, delta=delta), weight, reduction, mean_of_weights=False)


@computed_in_single_precision
def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """The size of the error, rounded off below ``beta``: ``huber_loss`` with that delta, divided by it.

    Shapes:
        input, target: any, but both the same: nothing is broadcast.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        ½ e² / beta where |e| < beta, |e| - ½ beta elsewhere; with beta = 0, |e|.

    Raises:
        ValueError: for different shapes, and for a negative beta.

    Example:
        >>> smooth_l1_loss(Tensor([0.5, 4.0]), [0.0, 0.0], beta=2.0)
        Tensor(1.53125)
    """
    reduction = reduction_of("smooth_l1_loss", size_average, reduce, reduction)
    beta = at_least_zero("smooth_l1_loss", "beta", beta)
    input, target = matching("smooth_l1_loss", input, target)
    require_rows("smooth_l1_loss", input.shape, reduction)
    error = input - target
    return reduced(huber(error, delta=beta) / beta if beta else np.abs(error), reduction)


@computed_in_single_precision
def log_cosh_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """Log cosh of the error: like ½ e² near 0 and |e| - log 2 far away, with derivatives of every order.

    Shapes:
        input, target: any, but both the same: nothing is broadcast.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        log cosh(input - target), whose slope is tanh. It never overflows, and keeps its digits for small errors.

    Raises:
        ValueError: for different shapes.

    Example:
        >>> log_cosh_loss(Tensor([0.0, 1000.0]), [0.0, 0.0], reduction="none")
        Tensor([  0.    , 999.3068])
    """
    check_reduction("log_cosh_loss", reduction)
    input, target = matching("log_cosh_loss", input, target)
    require_rows("log_cosh_loss", input.shape, reduction)
    return reduced(log_cosh(input - target), reduction)


@computed_in_single_precision
def quantile_loss(input: Any, target: Any, q: Any, reduction: str = "mean") -> Tensor:
    """The pinball loss, whose optimum is the ``q``-quantile of the targets.

    Shapes:
        input: any; with several quantiles, one prediction for each along the last dimension, (..., Q).
        target: that of the input; with several quantiles also without the last dimension.
        q: a number, or (Q,) of them.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        max(q e, (q - 1) e) for e = target - input; half of ``l1_loss`` for q = ½. The slope at e = 0 is 0.

    Raises:
        ValueError: for quantiles outside (0, 1), and shapes that do not fit.

    Source: R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46 (1978).

    Example:
        >>> quantile_loss(Tensor([[0.0, 3.0]]), [1.0], [0.25, 0.75], reduction="none")
        Tensor([[0.25, 0.5 ]])
    """
    check_reduction("quantile_loss", reduction)
    input = predictions("quantile_loss", input)
    levels = values(q, input.dtype)
    wrong = np.logical_not((raw(levels) > 0) & (raw(levels) < 1))
    if wrong.any():
        raise ValueError(f"quantile_loss: q lies between 0 and 1, got {first_wrong(levels, wrong)}; the median has 0.5")
    if levels.ndim > 1 or (levels.ndim == 1 and input.shape[-1:] != levels.shape):
        raise ValueError(
            f"quantile_loss: q is a number or one for each prediction along the last dimension, got q of shape "
            f"{levels.shape} for an input of shape {input.shape}"
        )
    target = values(target, input.dtype)
    if levels.ndim == 1 and target.shape == input.shape[:-1]:
        target = unsqueeze(target, -1)
    else:
        require_shape("quantile_loss", input.shape, "target", target.shape)
    require_rows("quantile_loss", input.shape, reduction)
    return reduced(pinball(target - input, levels), reduction)
