"""Probabilities from normally distributed numbers."""

from __future__ import annotations

from typing import Any

from . import constraints
from .normal import Normal
from .transformed_distribution import TransformedDistribution
from .transforms import StickBreakingTransform
from .utils import broadcast_parameters

__all__ = ["LogisticNormal"]


class LogisticNormal(TransformedDistribution):
    """K + 1 probabilities that a stick-breaking transform makes of K independent normal numbers.

    Args:
        loc: the means of the numbers, along the last dimension.
        scale: their standard deviations, above 0.
        validate_args: whether to check parameters and values.

    Example:
        >>> from minigrad.distributions import LogisticNormal
        >>> LogisticNormal([0.0, 0.0], [1.0, 1.0]).sample((5,)).shape
        (5, 3)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        loc, scale = broadcast_parameters("LogisticNormal", loc=loc, scale=scale)
        base = Normal(loc, scale, validate_args=False)
        super().__init__(base if loc.ndim else base.expand((1,)), StickBreakingTransform(), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        return super().expand(batch_shape, self._get_checked_instance(LogisticNormal, _instance))

    @property
    def loc(self) -> Any:
        """The means of the numbers."""
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> Any:
        """Their standard deviations."""
        return self.base_dist.base_dist.scale
