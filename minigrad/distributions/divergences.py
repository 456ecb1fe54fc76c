"""Formulas of ``kl_divergence`` for pairs of different families: the mean of -log q under p, less the entropy of p."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ops.creation import full
from ..ops.elementwise import abs_, clamp, exp, log, square, where
from ..ops.special.elementary import expm1, xlogy
from ..ops.special.errors import erf
from ..ops.special.gamma import lgamma
from .distribution import Distribution
from .exponential import Exponential
from .gumbel import Gumbel
from .kl import register_kl
from .laplace import Laplace
from .normal import HALF_LOG_TWO_PI, Normal
from .numerics import exp_or_infinity
from .pareto import Pareto
from .uniform import Uniform

__all__: list[str] = []


# --- p has mass where q has none --------------------------------------------------------------------------------------
@register_kl(Exponential, Pareto)
@register_kl(Exponential, Uniform)
@register_kl(Gumbel, Exponential)
@register_kl(Gumbel, Pareto)
@register_kl(Gumbel, Uniform)
@register_kl(Laplace, Exponential)
@register_kl(Laplace, Pareto)
@register_kl(Laplace, Uniform)
@register_kl(Normal, Exponential)
@register_kl(Normal, Pareto)
@register_kl(Normal, Uniform)
@register_kl(Pareto, Uniform)
def _infinite(p: Distribution, q: Distribution) -> Any:
    """Infinite for every pair of both batches, where PyTorch's has the shape of the batch of p alone."""
    return full(np.broadcast_shapes(p.batch_shape, q.batch_shape), math.inf, dtype=p.mean.dtype)


# --- q is normal: the variance of p, and the distance of the means ----------------------------------------------------
def _to_normal(p: Distribution, q: Normal) -> Any:
    spread = square(p.stddev / q.scale) + square((p.mean - q.loc) / q.scale)
    return 0.5 * spread + HALF_LOG_TWO_PI + log(q.scale) - p.entropy()


for _family in (Exponential, Gumbel, Laplace, Uniform):
    register_kl(_family, Normal)(_to_normal)


@register_kl(Pareto, Normal)
def _pareto_normal(p: Pareto, q: Normal) -> Any:
    finite = p.alpha > 2
    return where(finite, _to_normal(Pareto(p.scale, where(finite, p.alpha, 3), validate_args=False), q), math.inf)


# --- q is exponential: the mean of p ----------------------------------------------------------------------------------
@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Pareto, q: Exponential) -> Any:
    finite = p.alpha > 1
    inside = Pareto(p.scale, where(finite, p.alpha, 2), validate_args=False)
    return where(finite, q.rate * inside.mean - log(q.rate) - inside.entropy(), math.inf)


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Uniform, q: Exponential) -> Any:
    return where(p.low >= 0, q.rate * p.mean - log(q.rate) - p.entropy(), math.inf)


# --- q is a Gumbel distribution: the mean of p, and of exp(-x / scale) ------------------------------------------------
def _to_gumbel(p: Distribution, q: Gumbel, log_mean_exp: Any) -> Any:
    """From the logarithm of the mean of exp(-x / q.scale) under p."""
    distance = (p.mean - q.loc) / q.scale
    return log(q.scale) + distance + exp_or_infinity(log_mean_exp + q.loc / q.scale) - p.entropy()


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Exponential, q: Gumbel) -> Any:
    return _to_gumbel(p, q, -(1 / (p.rate * q.scale)).log1p())


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Normal, q: Gumbel) -> Any:
    return _to_gumbel(p, q, 0.5 * square(p.scale / q.scale) - p.loc / q.scale)


@register_kl(Gumbel, Gumbel)
def _gumbel_gumbel(p: Gumbel, q: Gumbel) -> Any:
    return _to_gumbel(p, q, lgamma(1 + p.scale / q.scale) - p.loc / q.scale)


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Uniform, q: Gumbel) -> Any:
    width = (p.high - p.low) / q.scale
    return _to_gumbel(p, q, log(-expm1(-width) / width) - p.low / q.scale)


# --- the rest ---------------------------------------------------------------------------------------------------------
@register_kl(Normal, Laplace)
def _normal_laplace(p: Normal, q: Laplace) -> Any:
    distance = (p.loc - q.loc) / p.scale
    mean_distance = math.sqrt(2 / math.pi) * exp(-0.5 * square(distance)) + distance * erf(math.sqrt(0.5) * distance)
    return p.scale / q.scale * mean_distance + log(2 * q.scale) - p.entropy()


@register_kl(Uniform, Laplace)
def _uniform_laplace(p: Uniform, q: Laplace) -> Any:
    """The mean distance from q.loc by its integral, x |x| / 2 between both bounds."""
    low, high = (p.low - q.loc) / q.scale, (p.high - q.loc) / q.scale
    mean_distance = 0.5 * (high * abs_(high) - low * abs_(low)) / (high - low)
    return mean_distance + log(2 * q.scale) - p.entropy()


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Uniform, q: Pareto) -> Any:
    low, high = clamp(p.low, min=0), clamp(p.high, min=0)
    mean_log = (xlogy(high, high) - xlogy(low, low)) / (p.high - p.low) - 1
    divergence = (q.alpha + 1) * mean_log - log(q.alpha) - q.alpha * log(q.scale) - p.entropy()
    return where(p.low >= q.scale, divergence, math.inf)
