"""Regions of numbers, vectors and matrices: what a parameter may be, and where a distribution has its mass.

``constraint.check(value)`` says for every event in ``value`` whether it lies inside. Lower-case names are what users
write: single regions such as ``positive``, and classes such as ``interval(0, 2)`` that take bounds.
"""

from .base import Constraint, Dependent, DependentProperty, is_dependent
from .joined import Cat, Independent, MixtureSameFamilyConstraint, Stack
from .numbers import (
    Boolean,
    GreaterThan,
    GreaterThanEq,
    HalfOpenInterval,
    IntegerGreaterThan,
    IntegerInterval,
    Interval,
    LessThan,
    Real,
)
from .vectors import (
    CorrCholesky,
    LowerCholesky,
    LowerTriangular,
    Multinomial,
    OneHot,
    PositiveDefinite,
    PositiveSemidefinite,
    Simplex,
    Square,
    Symmetric,
)

boolean = Boolean()
cat = Cat
corr_cholesky = CorrCholesky()
dependent = Dependent()
dependent_property = DependentProperty
greater_than = GreaterThan
greater_than_eq = GreaterThanEq
half_open_interval = HalfOpenInterval
independent = Independent
integer_interval = IntegerInterval
interval = Interval
less_than = LessThan
lower_cholesky = LowerCholesky()
lower_triangular = LowerTriangular()
multinomial = Multinomial
nonnegative = GreaterThanEq(0.0)
nonnegative_integer = IntegerGreaterThan(0)
one_hot = OneHot()
positive = GreaterThan(0.0)
positive_definite = PositiveDefinite()
positive_integer = IntegerGreaterThan(1)
positive_semidefinite = PositiveSemidefinite()
real = Real()
real_vector = Independent(real, 1)
simplex = Simplex()
square = Square()
stack = Stack
symmetric = Symmetric()
unit_interval = Interval(0.0, 1.0)

__all__ = [
    "Constraint",
    "MixtureSameFamilyConstraint",
    "boolean",
    "cat",
    "corr_cholesky",
    "dependent",
    "dependent_property",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "is_dependent",
    "less_than",
    "lower_cholesky",
    "lower_triangular",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "positive_semidefinite",
    "real",
    "real_vector",
    "simplex",
    "square",
    "stack",
    "symmetric",
    "unit_interval",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
