"""Losses of predicted distributions over numbers: minus the logarithm of the density at the target."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core.tensor import Tensor, raw
from ....ops.elementwise import log, maximum
from ....ops.shape.reshape import unsqueeze
from ....ops.special.elementary import xlogy
from ..arguments import at_least_zero, computed_in_single_precision
from .reduction import (
    check_reduction,
    first_wrong,
    matching,
    reduced,
    reduction_of,
    require_at_least_zero,
    require_rows,
    values,
)

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def _beside(name: str, what: str, value: Any, input: Tensor) -> Any:
    """A parameter of the noise for every prediction: one for all, one for each, or one for each last dimension."""
    value = values(value, input.dtype)
    if value.shape in ((), input.shape):
        return value
    if value.shape == input.shape[:-1]:
        return unsqueeze(value, -1)
    if value.ndim == input.ndim and all(n in (1, wanted) for n, wanted in zip(value.shape, input.shape, strict=True)):
        return value
    raise ValueError(
        f"{name}: {what} of shape {value.shape} does not fit an input of shape {input.shape}; give one number, "
        f"one for every prediction {input.shape}, or one for each row {input.shape[:-1]}"
    )


def in_deviations(error: Any, log_var: Any) -> Any:
    """The error in units of its standard deviation; 0 remains 0 also where the deviation is too small for a float."""
    exponent = -0.5 * log_var
    infinite = raw(exponent) > math.log(np.finfo(error.dtype).max)
    if infinite.any():
        exponent = np.where(infinite & np.equal(raw(error), 0), 0, exponent)  # 0 times infinity is NaN
    return error * np.exp(exponent)


@computed_in_single_precision
def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """Minus the log-density of a Gaussian with this mean and variance, for networks that predict both.

    Shapes:
        input: any, the means; the target has the same.
        var: that of the input, that without its last dimension, one with 1 in some dimensions, or a number.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        ½ (log v + (input - target)² / v) with v = max(var, eps); ``full`` adds ½ log 2π. The derivative by ``var``
        is taken at v also where ``eps`` was put in its place, so that a variance of 0 still learns.

    Raises:
        ValueError: for shapes that do not fit, negative variances, naming the first, and the mean of nothing.

    Source: D. A. Nix and A. S. Weigend, "Estimating the mean and variance of the target probability distribution",
        ICNN (1994).

    Example:
        >>> gaussian_nll_loss(Tensor([1.0]), [3.0], [4.0])
        Tensor(1.1931472)
    """
    check_reduction("gaussian_nll_loss", reduction)
    eps = at_least_zero("gaussian_nll_loss", "eps", eps)
    input, target = matching("gaussian_nll_loss", input, target)
    require_rows("gaussian_nll_loss", input.shape, reduction)
    var = _beside("gaussian_nll_loss", "var", var, input)
    cure = "a network's head gives variances through F.softplus, or log-variances to gaussian_nll_logvar_loss"
    require_at_least_zero("gaussian_nll_loss", "var", var, cure)
    var = var + np.maximum(eps - raw(var), 0)
    losses = 0.5 * (log(var) + np.square(input - target) / var)
    return reduced(losses + _HALF_LOG_2PI if full else losses, reduction)


@computed_in_single_precision
def gaussian_nll_logvar_loss(
    input: Any, target: Any, log_var: Any, full: bool = False, reduction: str = "mean"
) -> Tensor:
    """``gaussian_nll_loss`` of the logarithm of the variance, which may be any number: no clamp, no constraint.

    Shapes:
        input, target: any, but both the same.
        log_var: as ``var`` of ``gaussian_nll_loss``.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        ½ (log_var + (input - target)² exp(-log_var)); ``full`` adds ½ log 2π, which the usual form leaves out. An error
        of exactly 0 adds nothing however small the variance; other errors cost infinitely much in the limit.

    Raises:
        ValueError: for shapes that do not fit, and the mean of nothing.

    Example:
        >>> gaussian_nll_logvar_loss(Tensor([1.0]), [3.0], [math.log(4.0)])
        Tensor(1.1931472)
    """
    check_reduction("gaussian_nll_logvar_loss", reduction)
    input, target = matching("gaussian_nll_logvar_loss", input, target)
    require_rows("gaussian_nll_logvar_loss", input.shape, reduction)
    log_var = _beside("gaussian_nll_logvar_loss", "log_var", log_var, input)
    losses = 0.5 * (log_var + np.square(in_deviations(input - target, log_var)))
    return reduced(losses + _HALF_LOG_2PI if full else losses, reduction)


@computed_in_single_precision
def laplace_nll_loss(input: Any, target: Any, scale: Any, reduction: str = "mean") -> Tensor:
    """Minus the log-density of a Laplace distribution with this median and scale.

    Shapes:
        input: any, the medians; the target has the same.
        scale: that of the input, that without its last dimension, one with 1 in some dimensions, or a number.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        |input - target| / scale + log(2 scale), log 2 included, as in ``distributions.Laplace.log_prob``. With a
        constant scale its gradient is that of ``l1_loss``, divided by the scale.

    Raises:
        ValueError: for shapes that do not fit, scales that are not above 0, and the mean of nothing.

    Example:
        >>> laplace_nll_loss(Tensor([1.0]), [3.0], [0.5])
        Tensor(4.)
    """
    check_reduction("laplace_nll_loss", reduction)
    input, target = matching("laplace_nll_loss", input, target)
    require_rows("laplace_nll_loss", input.shape, reduction)
    scale = _beside("laplace_nll_loss", "scale", scale, input)
    wrong = np.logical_not(raw(scale) > 0)
    if wrong.any():
        raise ValueError(
            f"laplace_nll_loss: scale must be above 0, got {first_wrong(scale, wrong)}; a network's head gives scales "
            "through F.softplus or exp"
        )
    return reduced(np.abs(input - target) / scale + log(2 * scale), reduction)


@computed_in_single_precision
def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: Any = None,
    eps: float = 1e-8,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-probability of counts under a Poisson distribution.

    Shapes:
        input, target: any, but both the same.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        exp(input) - target · input if the input is the logarithm of the rate, input - target · log(input + eps) if it
        is the rate itself. ``full`` adds log target! by Stirling's formula, for targets above 1.

    Raises:
        ValueError: for different shapes, negative rates or targets, and the mean of nothing. (PyTorch returns NaN for
            negative rates.)

    Example:
        >>> poisson_nll_loss(Tensor([0.0]), [2.0])
        Tensor(1.)
    """
    reduction = reduction_of("poisson_nll_loss", size_average, reduce, reduction)
    eps = at_least_zero("poisson_nll_loss", "eps", eps)
    input, target = matching("poisson_nll_loss", input, target)
    require_rows("poisson_nll_loss", input.shape, reduction)
    require_at_least_zero("poisson_nll_loss", "the target", target, "it holds counts")
    if log_input:
        losses = np.exp(input) - target * input
    else:
        require_at_least_zero("poisson_nll_loss", "the input", input, "is it a logarithm? Then use log_input=True")
        losses = input - xlogy(target, input + eps)
    if full:
        large = raw(target) > 1
        safe = maximum(target, 1)
        stirling = safe * log(safe) - safe + 0.5 * log(2 * math.pi * safe)
        losses = losses + np.where(large, stirling, 0)
    return reduced(losses, reduction)
