"""Losses of numbers, explained."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...distributions import Laplace, Normal, Poisson
from ..functional.loss import likelihood as of_likelihood
from ..functional.loss import regression as of_regression
from .explanation import Explanation

_ERROR = "the error z - t"


def _zeros(z: Any) -> Any:
    return np.zeros(z.shape, z.dtype)


def _of_error(loss: Any, **options: Any) -> Any:
    """The losses of errors: predictions for targets of 0."""
    return lambda z: loss(z, _zeros(z), **options)


def _gaussian(z: Tensor) -> tuple[Any, Any]:
    return Normal(z, math.sqrt(0.5)), _zeros(z)


def _laplace(z: Tensor) -> tuple[Any, Any]:
    return Laplace(z, 1.0), _zeros(z)


_SQUARES: dict[str, Any] = {
    "model": "Gaussian noise of constant variance: t ~ Normal(z, σ)",
    "optimum": "the mean of the targets",
    "head": "any numbers: nn.LinearHead",
    "gradient": "∂J/∂z = 2 (z - t)",
    "remark": "An outlier pulls in proportion to its distance, without bound. With a sigmoid before it the gradient "
    "gets a factor σ(z)(1 - σ(z)), which vanishes where the network is most wrong.",
    "variable": _ERROR,
    "span": (-3.0, 3.0),
    "slope": lambda e: 2 * e,
    "likelihood": _gaussian,
}
_SIZES: dict[str, Any] = {
    "model": "Laplace noise of constant scale: t ~ Laplace(z, b)",
    "optimum": "the median of the targets",
    "head": "any numbers: nn.LinearHead",
    "gradient": "∂J/∂z = sign(z - t), and 0 at 0",
    "remark": "Every sample pulls equally, however far it is: outliers hardly matter. The gradient does not become "
    "smaller near the optimum, so that the learning rate must.",
    "variable": _ERROR,
    "span": (-3.0, 3.0),
    "slope": np.sign,
    "likelihood": _laplace,
}


def _laplace_scale(s: Tensor) -> tuple[Any, Any]:
    return Laplace(np.ones(s.shape), s), np.zeros(s.shape)


def _gaussian_variance(v: Tensor) -> tuple[Any, Any]:
    return Normal(np.ones(v.shape), v**0.5), np.zeros(v.shape)


def _gaussian_log_variance(s: Tensor) -> tuple[Any, Any]:
    return Normal(np.ones(s.shape), (0.5 * s).exp()), np.zeros(s.shape)


def _poisson(z: Tensor) -> tuple[Any, Any]:
    return Poisson(z.exp()), np.full(z.shape, 2.0)


ENTRIES = (
    Explanation(
        "mse_loss", "MSELoss", "(z - t)²", loss=_of_error(of_regression.mse_loss, reduction="none"), **_SQUARES
    ),
    Explanation(
        "sse_loss",
        "SSELoss",
        "Σ (z - t)²",
        loss=_of_error(of_regression.mse_loss, reduction="none"),
        **{
            **_SQUARES,
            "remark": "The sum, not the mean: the gradient grows with the batch, and the learning rate with it.",
        },
    ),
    Explanation("l1_loss", "L1Loss", "|z - t|", loss=_of_error(of_regression.l1_loss, reduction="none"), **_SIZES),
    Explanation("mae_loss", "MAELoss", "|z - t|", loss=_of_error(of_regression.l1_loss, reduction="none"), **_SIZES),
    Explanation(
        "huber_loss",
        "HuberLoss",
        "½ e² up to |e| = δ, δ (|e| - ½ δ) beyond, for e = z - t",
        "Gaussian noise in the middle with the tails of Laplace noise: most samples are good, a few are not",
        "between mean and median: an M-estimator",
        "any numbers: nn.LinearHead",
        "∂J/∂z = e, cut off at ±δ",
        "δ is where a sample counts as an outlier, in the units of the target.",
        _ERROR,
        (-3.0, 3.0),
        _of_error(of_regression.huber_loss, reduction="none"),
        lambda e: np.clip(e, -1, 1),
    ),
    Explanation(
        "smooth_l1_loss",
        "SmoothL1Loss",
        "½ e²/β up to |e| = β, |e| - ½ β beyond, for e = z - t",
        "Laplace noise, rounded off at its peak: Huber's loss divided by β",
        "close to the median of the targets",
        "any numbers: nn.LinearHead",
        "∂J/∂z = e/β, cut off at ±1",
        "The slope far away stays 1 whatever β, where that of Huber's loss is δ. Used for corners of boxes in "
        "pictures.",
        _ERROR,
        (-3.0, 3.0),
        _of_error(of_regression.smooth_l1_loss, reduction="none"),
        lambda e: np.clip(e, -1, 1),
    ),
    Explanation(
        "log_cosh_loss",
        "LogCoshLoss",
        "log cosh(z - t)",
        "noise with the density 1/(π cosh e), the hyperbolic secant: Gaussian in the middle, exponential in the tails",
        "between mean and median",
        "any numbers: nn.LinearHead",
        "∂J/∂z = tanh(z - t)",
        "Like Huber's loss with δ = 1, but smooth to every order.",
        _ERROR,
        (-3.0, 3.0),
        _of_error(of_regression.log_cosh_loss, reduction="none"),
        np.tanh,
    ),
    Explanation(
        "quantile_loss",
        "QuantileLoss",
        "q (t - z) where t > z, (1 - q)(z - t) where t < z",
        "asymmetric Laplace noise: a miss to one side costs more than to the other",
        "the q-quantile of the targets",
        "one number for each quantile: nn.LinearHead",
        "∂J/∂z = 1 - q above the target, -q below it, 0 at it",
        "Two of them, 0.05 and 0.95, give an interval that holds 90 % of the targets, with no distribution assumed. "
        "The curve is that of q = 0.9.",
        _ERROR,
        (-3.0, 3.0),
        _of_error(of_regression.quantile_loss, q=0.9, reduction="none"),
        lambda e: np.where(e > 0, 0.1, np.where(e < 0, -0.9, 0.0)),
    ),
    Explanation(
        "gaussian_nll_loss",
        "GaussianNLLLoss",
        "½ (log v + (z - t)²/v)",
        "Gaussian noise whose variance v is predicted as well: t ~ Normal(z, √v)",
        "the mean of the targets for z, their variance for v",
        "mean and variance: a linear output and one through softplus",
        "∂J/∂z = (z - t)/v, ∂J/∂v = ½ (1/v - (z - t)²/v²)",
        "A large v excuses every error, so that hard samples stop teaching the mean. The curve is against v, for an "
        "error of 1: it is lowest where v is the square of the error.",
        "the variance v, for an error of 1",
        (0.2, 4.0),
        lambda v: of_likelihood.gaussian_nll_loss(np.ones(v.shape), _zeros(v), v, reduction="none"),
        lambda v: 0.5 * (1 / v - 1 / v**2),
        _gaussian_variance,
    ),
    Explanation(
        "gaussian_nll_logvar_loss",
        "GaussianNLLLogVarLoss",
        "½ (s + (z - t)² exp(-s))",
        "Gaussian noise whose log-variance s is predicted as well: t ~ Normal(z, exp(s/2))",
        "the mean of the targets for z, the logarithm of their variance for s",
        "mean and log-variance, both unbounded: nn.GaussianHead",
        "∂J/∂z = (z - t) exp(-s), ∂J/∂s = ½ (1 - (z - t)² exp(-s))",
        "No constraint, no clamp: the notes' form. The curve is against s, for an error of 1.",
        "the log-variance s, for an error of 1",
        (-2.0, 3.0),
        lambda s: of_likelihood.gaussian_nll_logvar_loss(np.ones(s.shape), _zeros(s), s, reduction="none"),
        lambda s: 0.5 * (1 - np.exp(-s)),
        _gaussian_log_variance,
    ),
    Explanation(
        "laplace_nll_loss",
        "LaplaceNLLLoss",
        "|z - t|/b + log 2b",
        "Laplace noise whose scale b is predicted as well: t ~ Laplace(z, b)",
        "the median of the targets for z, their mean distance from it for b",
        "median and scale: a linear output and one through softplus",
        "∂J/∂z = sign(z - t)/b, ∂J/∂b = 1/b - |z - t|/b²",
        "As the Gaussian's, but outliers pull no harder than others. The curve is against b, for an error of 1.",
        "the scale b, for an error of 1",
        (0.2, 4.0),
        lambda b: of_likelihood.laplace_nll_loss(np.ones(b.shape), _zeros(b), b, reduction="none"),
        lambda b: 1 / b - 1 / b**2,
        _laplace_scale,
    ),
    Explanation(
        "poisson_nll_loss",
        "PoissonNLLLoss",
        "exp(z) - t z",
        "counts: t ~ Poisson(exp(z))",
        "the logarithm of the mean of the targets",
        "any numbers, as logarithms of rates: nn.LinearHead",
        "∂J/∂z = exp(z) - t",
        "The variance of the counts is taken to be their mean. The curve is for a count of 2.",
        "the output z, for a count of 2",
        (-2.0, 2.0),
        lambda z: of_likelihood.poisson_nll_loss(z, np.full(z.shape, 2.0), reduction="none"),
        lambda z: np.exp(z) - 2,
        _poisson,
    ),
)
