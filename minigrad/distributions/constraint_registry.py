"""Transforms from all real numbers to a constraint: for parameters that shall be optimised or sampled freely.

``transform_to(constraint)`` is for optimisers: it may map several inputs to one output. ``biject_to(constraint)`` maps
one to one, as changes of variables need.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import constraints, transforms

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """Which transform leads to which kind of constraint.

    Example:
        >>> from minigrad.distributions import Normal, transform_to
        >>> transform_to(Normal.arg_constraints["scale"])(Tensor([0.0]))
        Tensor([1.])
    """

    def __init__(self) -> None:
        self._factories: dict[type, Callable[[Any], Any]] = {}

    def register(self, constraint: Any, factory: Callable[[Any], Any] | None = None) -> Any:
        """Declare the transform to a class of constraints, or to that of one instance: also a decorator.

        Args:
            constraint: a class derived from Constraint, or an instance.
            factory: makes the transform from a constraint.
        """
        if factory is None:
            return lambda given: self.register(constraint, given)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not (isinstance(kind, type) and issubclass(kind, constraints.Constraint)):
            raise TypeError(f"register takes a Constraint or a class of them, got {constraint!r}")
        self._factories[kind] = factory
        return factory

    def __call__(self, constraint: Any) -> Any:
        """The transform from all real numbers to ``constraint``.

        Raises:
            NotImplementedError: if none is registered.
        """
        factory = self._factories.get(type(constraint))
        if factory is None:
            name = type(constraint).__name__
            raise NotImplementedError(
                f"no transform to {constraint!r} is known; declare one with @transform_to.register({name}) or "
                f"@biject_to.register({name})"
            )
        return factory(constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


def _both(*kinds: Any) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def register(factory: Callable[[Any], Any]) -> Callable[[Any], Any]:
        for kind in kinds:
            biject_to.register(kind, factory)
            transform_to.register(kind, factory)
        return factory

    return register


@_both(constraints.real)
def _to_real(constraint: Any) -> Any:
    return transforms.identity_transform


@_both(constraints.greater_than, constraints.greater_than_eq)
def _to_above(constraint: Any) -> Any:
    if _is(constraint.lower_bound, 0):
        return transforms.ExpTransform()
    return _then_affine(transforms.ExpTransform(), constraint.lower_bound, 1)


@_both(constraints.less_than)
def _to_below(constraint: Any) -> Any:
    return _then_affine(transforms.ExpTransform(), constraint.upper_bound, -1)


@_both(constraints.interval, constraints.half_open_interval)
def _to_interval(constraint: Any) -> Any:
    low, high = constraint.lower_bound, constraint.upper_bound
    if _is(low, 0) and _is(high, 1):
        return transforms.SigmoidTransform()
    return _then_affine(transforms.SigmoidTransform(), low, high - low)


@_both(constraints.corr_cholesky)
def _to_corr_cholesky(constraint: Any) -> Any:
    return transforms.CorrCholeskyTransform()


biject_to.register(constraints.simplex, lambda constraint: transforms.StickBreakingTransform())
transform_to.register(constraints.simplex, lambda constraint: transforms.SoftmaxTransform())
transform_to.register(constraints.lower_cholesky, lambda constraint: transforms.LowerCholeskyTransform())

transform_to.register(constraints.positive_definite, lambda constraint: transforms.PositiveDefiniteTransform())
transform_to.register(constraints.positive_semidefinite, lambda constraint: transforms.PositiveDefiniteTransform())


def _register_compound(registry: ConstraintRegistry) -> None:
    """Constraints that are made of others, by the transforms to those."""

    def to_independent(constraint: Any) -> Any:
        base = registry(constraint.base_constraint)
        return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)

    def to_cat(constraint: Any) -> Any:
        return transforms.CatTransform([registry(c) for c in constraint.cseq], constraint.dim, constraint.lengths)

    def to_stack(constraint: Any) -> Any:
        return transforms.StackTransform([registry(c) for c in constraint.cseq], constraint.dim)

    registry.register(constraints.independent, to_independent)
    registry.register(constraints.cat, to_cat)
    registry.register(constraints.stack, to_stack)


_register_compound(biject_to)
_register_compound(transform_to)


def _is(bound: Any, number: float) -> bool:
    return isinstance(bound, (int, float)) and bound == number


def _then_affine(transform: Any, loc: Any, scale: Any) -> Any:
    return transforms.ComposeTransform([transform, transforms.AffineTransform(loc, scale)])
