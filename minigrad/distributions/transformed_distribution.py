"""What a distribution becomes when its draws are transformed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.modes import no_grad
from ..core.tensor import Tensor
from ..ops.elementwise import where
from . import constraints
from .distribution import Distribution
from .independent import Independent
from .kl import kl_divergence, register_kl
from .transforms import ComposeTransform, Transform
from .utils import sizes_from, sum_rightmost

__all__ = ["TransformedDistribution"]


class TransformedDistribution(Distribution):
    """The distribution of y = f(x), where x is drawn from a base and f is a chain of transforms.

    Math:
        log p(y) = log p(x) - log |det dy/dx| at x = f⁻¹(y)

    Args:
        base_distribution: what x is drawn from.
        transforms: one transform, or a list of them, the first to be applied first.
        validate_args: whether to check values.

    Example:
        >>> from minigrad.distributions import AffineTransform, SigmoidTransform, TransformedDistribution, Uniform
        >>> logistic = TransformedDistribution(Uniform(0.0, 1.0), [SigmoidTransform().inv, AffineTransform(1.0, 2.0)])
        >>> f"{logistic.log_prob(1.0).exp():.4f}"
        '0.1250'
    """

    arg_constraints: dict[str, Any] = {}
    base_dist: Any

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | Sequence[Transform],
        validate_args: bool | None = None,
    ) -> None:
        chain = [transforms] if isinstance(transforms, Transform) else transforms
        if not isinstance(chain, (list, tuple)) or not all(isinstance(t, Transform) for t in chain):
            raise TypeError(
                f"{type(self).__name__}: transforms is a Transform or a list of them, such as [ExpTransform()], got "
                f"{transforms!r}"
            )
        self.transforms = list(chain)
        whole = ComposeTransform(self.transforms)
        before, after = whole.domain.event_dim, whole.codomain.event_dim
        shape = base_distribution.batch_shape + base_distribution.event_shape
        base_dim = len(base_distribution.event_shape)
        if len(shape) < before:
            raise ValueError(
                f"{type(self).__name__}: these transforms take events of {before} dimensions, and draws from the base "
                f"have the shape {shape}"
            )
        transformed = whole.forward_shape(shape)
        expanded = whole.inverse_shape(transformed)
        if expanded != shape:  # parameters of the transforms have more dimensions than those of the base
            base_distribution = base_distribution.expand(expanded[: len(expanded) - base_dim])
        if before > base_dim:
            base_distribution = Independent(base_distribution, before - base_dim)
        self.base_dist = base_distribution
        first = len(transformed) - max(after, base_dim + after - before)
        super().__init__(transformed[:first], transformed[first:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated without a copy to ``batch_shape``."""
        batch = sizes_from(batch_shape, "batch_shape")
        new = self._expanded(TransformedDistribution, batch, _instance)
        shape = (*batch, *self.event_shape)
        for transform in reversed(self.transforms):
            shape = transform.inverse_shape(shape)
        new.base_dist = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        new.transforms = self.transforms
        return new

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        """What the last transform maps to."""
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        missing = len(self.event_shape) - support.event_dim
        return constraints.independent(support, missing) if missing > 0 else support

    @property
    def has_rsample(self) -> Any:
        """Whether gradients flow through draws of the base."""
        return self.base_dist.has_rsample

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw from the base and transform; no gradient flows through it."""
        with no_grad():
            return self._forward(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw such that gradients flow to the parameters of the base and of the transforms."""
        return self._forward(self.base_dist.rsample(sample_shape))

    def _forward(self, x: Any) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        value = self._scored(value)
        event_dim, total = len(self.event_shape), 0.0
        for transform in reversed(self.transforms):
            before = transform.inv(value)
            event_dim += transform.domain.event_dim - transform.codomain.event_dim
            change = transform.log_abs_det_jacobian(before, value)
            total = total - sum_rightmost(change, event_dim - transform.domain.event_dim)
            value = before
        return total + sum_rightmost(self.base_dist.log_prob(value), event_dim - len(self.base_dist.event_shape))

    def cdf(self, value: Any) -> Any:
        """The probability of drawing at most ``value``, for transforms that rise or fall everywhere."""
        value = self._scored(value)
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return self._flipped(self.base_dist.cdf(value))

    def icdf(self, value: Any) -> Any:
        """What is drawn at most with probability ``value``."""
        return self._forward(self.base_dist.icdf(self._flipped(value)))

    def _flipped(self, probability: Any) -> Any:
        """The probability of the other side where the transforms fall."""
        sign: Any = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        if isinstance(sign, Tensor):
            return where(sign > 0, probability, 1 - probability)
        return probability if sign > 0 else 1 - probability

    def __repr__(self) -> str:
        if self.arg_constraints:
            return super().__repr__()
        return f"{type(self).__name__}({self.base_dist}, {self.transforms})"


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed_transformed(p: TransformedDistribution, q: TransformedDistribution) -> Any:
    """What both are made of by the same transforms differs as much as they do."""
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(
            "kl_divergence of two TransformedDistributions needs equal transforms and event shapes, got "
            f"{p.transforms} of {p.event_shape} and {q.transforms} of {q.event_shape}"
        )
    return kl_divergence(p.base_dist, q.base_dist)
