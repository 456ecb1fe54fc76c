"""Dimensions of a batch, read as dimensions of one event."""

from __future__ import annotations

from typing import Any

from . import constraints
from .distribution import Distribution
from .kl import kl_divergence, register_kl
from .utils import sizes_from, sum_rightmost

__all__ = ["Independent"]


class Independent(Distribution):
    """A distribution whose last batch dimensions belong to the event: log-probabilities are summed over them.

    Args:
        base_distribution: the distribution.
        reinterpreted_batch_ndims: how many dimensions of its batch join the event.
        validate_args: whether to check values.

    Example:
        >>> from minigrad.distributions import Independent, Normal
        >>> diagonal = Independent(Normal([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]), 1)
        >>> diagonal.batch_shape, diagonal.event_shape, diagonal.log_prob([0.0, 0.0, 0.0]).shape
        ((), (3,), ())
    """

    arg_constraints: dict[str, Any] = {}
    base_dist: Any

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        batch, event = base_distribution.batch_shape, base_distribution.event_shape
        if not 0 <= reinterpreted_batch_ndims <= len(batch):
            raise ValueError(
                f"Independent: reinterpreted_batch_ndims is at most the number of batch dimensions, {len(batch)} of "
                f"shape {batch}, got {reinterpreted_batch_ndims}"
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        first = len(batch) - reinterpreted_batch_ndims
        super().__init__(batch[:first], (*batch[first:], *event), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        shape = sizes_from(batch_shape, "batch_shape")
        new = self._expanded(Independent, shape, _instance)
        new.base_dist = self.base_dist.expand((*shape, *self.event_shape[: self.reinterpreted_batch_ndims]))
        new.reinterpreted_batch_ndims = self.reinterpreted_batch_ndims
        return new

    @property
    def has_rsample(self) -> Any:
        """Whether gradients flow through draws of the base."""
        return self.base_dist.has_rsample

    @property
    def has_enumerate_support(self) -> Any:
        """Whether the values of the base can be listed; not those of combinations."""
        return self.reinterpreted_batch_ndims == 0 and self.base_dist.has_enumerate_support

    @constraints.dependent_property
    def support(self) -> Any:
        """Where the density is not 0."""
        support = self.base_dist.support
        if not self.reinterpreted_batch_ndims:
            return support
        return constraints.independent(support, self.reinterpreted_batch_ndims)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.base_dist.mean

    @property
    def mode(self) -> Any:
        """The most likely value."""
        return self.base_dist.mode

    @property
    def variance(self) -> Any:
        """The variance of each number of an event."""
        return self.base_dist.variance

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw from every distribution of the batch, ``sample_shape`` times."""
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw such that gradients flow to the parameters."""
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, summed over an event."""
        return sum_rightmost(self.base_dist.log_prob(self._scored(value)), self.reinterpreted_batch_ndims)

    def entropy(self) -> Any:
        """The entropy, summed over an event."""
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Any:
        """All values of a discrete base, if no dimension joined the event."""
        if self.reinterpreted_batch_ndims > 0:
            raise NotImplementedError("Independent: combinations of values are not listed; use those of base_dist")
        return self.base_dist.enumerate_support(expand=expand)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"


@register_kl(Independent, Independent)
def _independent_independent(p: Independent, q: Independent) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            "kl_divergence of two Independent distributions needs the same reinterpreted_batch_ndims, got "
            f"{p.reinterpreted_batch_ndims} and {q.reinterpreted_batch_ndims}"
        )
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)
