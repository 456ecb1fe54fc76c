"""The Kullback-Leibler divergence of two distributions, by formulas that are registered for pairs of families."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..core.caller import warn
from .distribution import Distribution

__all__ = ["kl_divergence", "register_kl"]

F = TypeVar("F", bound=Callable[..., Any])
Pair = tuple[type, type]
_formulas: dict[Pair, Callable[..., Any]] = {}
_found: dict[Pair, Callable[..., Any]] = {}  # what was looked up before


def register_kl(type_p: type, type_q: type) -> Callable[[F], F]:
    """Declare the formula of ``kl_divergence`` for two families: a decorator of a function of p and q.

    It also holds for families that derive from these, unless a more specific formula is registered.

    Raises:
        TypeError: for what is no class of distributions.

    Example:
        >>> from minigrad.distributions import Distribution, kl_divergence, register_kl
        >>> class Point(Distribution):
        ...     arg_constraints = {}
        >>> @register_kl(Point, Point)
        ... def kl_of_points(p, q):
        ...     return 0.0
        >>> kl_divergence(Point(), Point())
        0.0
    """
    for given in (type_p, type_q):
        if not (isinstance(given, type) and issubclass(given, Distribution)):
            raise TypeError(f"register_kl takes two classes derived from Distribution, got {given!r}")

    def register(formula: F) -> F:
        _formulas[type_p, type_q] = formula
        _found.clear()  # another formula may be the most specific one now
        return formula

    return register


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    """The divergence of ``q`` from ``p``: the mean under p of log p(x) - log q(x), in nats.

    It is 0 where both are the same, never negative, and infinite where p has mass that q has not.

    Args:
        p: the truth, whose draws are averaged over.
        q: what it is compared with.

    Returns:
        One number for every distribution of the batch; batches broadcast.

    Raises:
        NotImplementedError: if no formula is registered for these families.
        TypeError: for what is no distribution.
        ValueError: for batches that do not broadcast.

    Example:
        >>> from minigrad.distributions import Normal, kl_divergence
        >>> kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0))
        Tensor(0.5)
    """
    pair = (type(p), type(q))
    formula = _found.get(pair)
    if formula is None:
        for given in (p, q):
            if not isinstance(given, Distribution):
                raise TypeError(f"kl_divergence(p, q) compares two distributions, got a {type(given).__name__}")
        formula = _found[pair] = _most_specific(*pair)
    try:
        return formula(p, q)
    except ValueError:
        if _broadcast(p, q):
            raise
        raise ValueError(
            f"kl_divergence(p, q) compares batches that broadcast, got {p.batch_shape} of p, a {type(p).__name__}, and "
            f"{q.batch_shape} of q, a {type(q).__name__}; sizes must be equal or 1, counted from the right"
        ) from None


def _broadcast(p: Distribution, q: Distribution) -> bool:
    try:
        np.broadcast_shapes(p.batch_shape, q.batch_shape)
    except ValueError:
        return False
    return True


def _most_specific(type_p: type, type_q: type) -> Callable[..., Any]:
    """The formula whose classes come first among the ancestors: those of p before those of q, or the other way."""
    pairs = [pair for pair in _formulas if issubclass(type_p, pair[0]) and issubclass(type_q, pair[1])]
    if not pairs:
        p, q = type_p.__name__, type_q.__name__
        raise NotImplementedError(
            f"no formula is known for kl_divergence(p, q) with p a {p} and q a {q}; register one with "
            f"@register_kl({p}, {q}), or estimate it: x = p.sample((1000,)); (p.log_prob(x) - q.log_prob(x)).mean(0)"
        )

    def distance(pair: Pair) -> Pair:
        return type_p.__mro__.index(pair[0]), type_q.__mro__.index(pair[1])  # type: ignore[return-value]

    by_p = min(pairs, key=distance)
    by_q = min(pairs, key=lambda pair: distance(pair)[::-1])
    if _formulas[by_p] is not _formulas[by_q]:
        warn(
            f"kl_divergence({type_p.__name__}, {type_q.__name__}) is ambiguous: formulas for "
            f"{tuple(t.__name__ for t in by_p)} and {tuple(t.__name__ for t in by_q)} fit equally well; decide with "
            f"@register_kl({by_p[0].__name__}, {by_q[1].__name__})",
            RuntimeWarning,
        )
    return _formulas[by_p]
