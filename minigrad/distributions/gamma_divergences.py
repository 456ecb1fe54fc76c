"""Divergences between Gamma, Beta, Poisson and Bernoulli distributions and those of other families.

A divergence is infinite where p has mass that q has not: of numbers below 0 from a Gamma or Beta distribution, and of
numbers above 1 from a Beta distribution.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..ops.creation import full_like
from ..ops.elementwise import exp, log, square, where
from ..ops.special.elementary import log1p
from ..ops.special.gamma import digamma, lgamma
from .bernoulli import Bernoulli
from .beta import Beta
from .binary import times_log
from .binomial import Binomial
from .exponential import Exponential
from .gamma import Gamma
from .gumbel import Gumbel
from .kl import register_kl
from .laplace import Laplace
from .normal import Normal
from .pareto import Pareto
from .poisson import Poisson
from .precision import precise
from .uniform import Uniform
from .utils import EULER


@register_kl(Gamma, Beta)
@register_kl(Gamma, Pareto)
@register_kl(Gamma, Uniform)
@register_kl(Beta, Pareto)
@register_kl(Exponential, Beta)
@register_kl(Gumbel, Beta)
@register_kl(Gumbel, Gamma)
@register_kl(Laplace, Beta)
@register_kl(Laplace, Gamma)
@register_kl(Normal, Beta)
@register_kl(Normal, Gamma)
@register_kl(Pareto, Beta)
def _infinite(p: Any, q: Any) -> Any:
    return full_like((p.entropy() + q.entropy()).detach(), math.inf)


# --- of Gamma ---------------------------------------------------------------------------------------------------------
@register_kl(Gamma, Exponential)
@precise
def _gamma_exponential(p: Gamma, q: Exponential) -> Any:
    return q.rate * p.mean - log(q.rate) - p.entropy()


@register_kl(Gamma, Normal)
@precise
def _gamma_normal(p: Gamma, q: Normal) -> Any:
    return _from_normal(p, q)


@register_kl(Gamma, Gumbel)
@precise
def _gamma_gumbel(p: Gamma, q: Gumbel) -> Any:
    """The mean of exp(-x / scale) is (1 + 1 / (rate · scale)) to the power -concentration."""
    ratio = log1p(1 / (p.rate * q.scale))
    return (p.mean - q.loc) / q.scale + log(q.scale) + exp(q.loc / q.scale - p.concentration * ratio) - p.entropy()


def _from_normal(p: Any, q: Normal) -> Any:
    spread = p.variance + square(p.mean - q.loc)
    return 0.5 * spread / square(q.scale) + log(q.scale) + 0.5 * math.log(2 * math.pi) - p.entropy()


# --- to Gamma ---------------------------------------------------------------------------------------------------------
def _to_gamma(p: Any, q: Gamma, mean_logarithm: Any) -> Any:
    """From the mean of p and of its logarithm."""
    powers = (q.concentration - 1) * mean_logarithm + q.concentration * log(q.rate)
    return lgamma(q.concentration) - powers + q.rate * p.mean - p.entropy()


@register_kl(Exponential, Gamma)
@precise
def _exponential_gamma(p: Exponential, q: Gamma) -> Any:
    return _to_gamma(p, q, -EULER - log(p.rate))


@register_kl(Beta, Gamma)
@precise
def _beta_gamma(p: Beta, q: Gamma) -> Any:
    return _to_gamma(p, q, digamma(p.concentration1) - digamma(p.concentration1 + p.concentration0))


@register_kl(Pareto, Gamma)
@precise
def _pareto_gamma(p: Pareto, q: Gamma) -> Any:
    """Infinite where the mean is, for alpha up to 1."""
    heavy = as_array(p.alpha) <= 1
    if not np.any(heavy):
        return _to_gamma(p, q, log(p.scale) + 1 / p.alpha)
    light = Pareto(p.scale, where(heavy, 2, p.alpha), validate_args=False)
    return where(heavy, math.inf, _to_gamma(light, q, log(p.scale) + 1 / light.alpha))


@register_kl(Uniform, Gamma)
@precise
def _uniform_gamma(p: Uniform, q: Gamma) -> Any:
    """Infinite where p begins below 0."""
    outside = as_array(p.low) < 0
    low, high = where(outside, 1, p.low), where(outside, 2, p.high)
    inside = Uniform(low, high, validate_args=False)
    return where(outside, math.inf, _to_gamma(inside, q, _mean_logarithm(low, high)))


def _mean_logarithm(low: Any, high: Any) -> Any:
    """The mean of log x for x spread evenly between two numbers from 0 on."""
    return (times_log(high, high) - times_log(low, low)) / (high - low) - 1


# --- of Beta and to Beta ----------------------------------------------------------------------------------------------
@register_kl(Beta, Exponential)
@precise
def _beta_exponential(p: Beta, q: Exponential) -> Any:
    return q.rate * p.mean - log(q.rate) - p.entropy()


@register_kl(Beta, Normal)
@precise
def _beta_normal(p: Beta, q: Normal) -> Any:
    return _from_normal(p, q)


@register_kl(Beta, Uniform)
def _beta_uniform(p: Beta, q: Uniform) -> Any:
    covered = np.logical_and(as_array(q.low) <= 0, as_array(q.high) >= 1)
    return where(covered, log(q.high - q.low) - p.entropy(), math.inf)


@register_kl(Uniform, Beta)
@precise
def _uniform_beta(p: Uniform, q: Beta) -> Any:
    outside = np.logical_or(as_array(p.low) < 0, as_array(p.high) > 1)
    low, high = where(outside, 0, p.low), where(outside, 1, p.high)
    ones, zeros = _mean_logarithm(low, high), _mean_logarithm(1 - high, 1 - low)
    powers = (q.concentration1 - 1) * ones + (q.concentration0 - 1) * zeros
    return where(outside, math.inf, q.as_dirichlet().log_normalizer() - powers - log(high - low))


# --- counts -----------------------------------------------------------------------------------------------------------
@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Bernoulli, q: Poisson) -> Any:
    return q.rate - times_log(p.probs, q.rate) - p.entropy()


@register_kl(Poisson, Bernoulli)
@register_kl(Poisson, Binomial)
def _poisson_bounded(p: Poisson, q: Any) -> Any:
    """Infinite, unless p is never above 0."""
    zero = q.log_prob(full_like(q.probs.detach(), 0))
    return where(as_array(p.rate) == 0, -zero, math.inf)
