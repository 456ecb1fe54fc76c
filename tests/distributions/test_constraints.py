"""Constraints: what lies inside and what does not, rounding, shapes, and what a class knows of its instances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.distributions import Normal, Uniform, constraints


@pytest.mark.parametrize(
    ("constraint", "inside", "outside"),
    [
        (constraints.real, [0.0, -1e300, np.inf], [np.nan]),
        (constraints.positive, [1e-300, np.inf], [0.0, -1.0, np.nan]),
        (constraints.nonnegative, [0.0, 1.0], [-1e-300, np.nan]),
        (constraints.unit_interval, [0.0, 0.5, 1.0], [-0.1, 1.1, np.nan]),
        (constraints.interval(-1, 2), [-1.0, 2.0], [-1.1, 2.1]),
        (constraints.half_open_interval(-1, 2), [-1.0, 1.9], [-1.1, 2.0]),
        (constraints.greater_than(2), [2.1], [2.0]),
        (constraints.greater_than_eq(2), [2.0], [1.9]),
        (constraints.less_than(2), [1.9], [2.0]),
        (constraints.boolean, [0.0, 1.0], [0.5, 2.0, np.nan]),
        (constraints.nonnegative_integer, [0.0, 3.0], [-1.0, 0.5, np.nan]),
        (constraints.positive_integer, [1.0], [0.0, 1.5]),
        (constraints.integer_interval(1, 3), [1.0, 3.0], [0.0, 1.5, 4.0]),
        (constraints.one_hot, [[0.0, 1.0]], [[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]]),
        (constraints.simplex, [[0.0, 1.0], [0.25, 0.75]], [[0.5, 0.4], [-0.5, 1.5], [np.nan, 1.0]]),
        (constraints.multinomial(3), [[1.0, 2.0], [0.0, 0.0]], [[2.0, 2.0], [-1.0, 1.0], [0.5, 0.5]]),
        (constraints.real_vector, [[0.0, 1.0]], [[0.0, np.nan]]),
        (constraints.lower_triangular, [[[1.0, 0], [5, 0]]], [[[1.0, 2], [0, 1]]]),
        (constraints.lower_cholesky, [[[1.0, 0], [5, 2]]], [[[1.0, 0], [5, 0]], [[1.0, 1], [0, 1]]]),
        (constraints.corr_cholesky, [[[1.0, 0], [0.6, 0.8]]], [[[1.0, 0], [0.6, 0.9]]]),
        (constraints.square, [[[1.0, 2], [3, 4]]], []),
        (constraints.symmetric, [[[1.0, 2], [2, 4]]], [[[1.0, 2], [3, 4]]]),
        (constraints.positive_semidefinite, [[[1.0, 1], [1, 1]]], [[[1.0, 2], [2, 1]], [[1.0, 0], [1, 1]]]),
        (constraints.positive_definite, [[[1.0, 0.5], [0.5, 1]]], [[[1.0, 1], [1, 1]], [[1.0, 0], [1, 1]]]),
    ],
    ids=str,
)
def test_inside_and_outside(constraint: Any, inside: Any, outside: Any) -> None:
    for values, expected in ((inside, True), (outside, False)):
        for value in values:
            for given in (np.array(value), Tensor(np.array(value), requires_grad=True)):
                found = constraint.check(given)
                assert type(found) is Tensor
                assert (found.dtype, found.shape, found.requires_grad) == (bool, (), False)
                assert found.item() is expected
    if outside and np.shape(inside[0]) == np.shape(outside[0]):
        both = np.array([inside[0], outside[0]])
        assert constraint.check(both).tolist() == [True, False]


def test_integers_and_booleans_are_values() -> None:
    assert constraints.boolean.check(Tensor([True, False])).all()
    assert constraints.nonnegative_integer.check(Tensor([0, -1])).tolist() == [True, False]
    assert constraints.one_hot.check(Tensor([[1, 0], [1, 1]])).tolist() == [True, False]
    assert constraints.real.check(Tensor([1])).all()


def test_probabilities_of_many_classes_may_round() -> None:
    """PyTorch refuses what its softmax over 100 000 classes returns in single precision."""
    logits = np.random.default_rng(0).standard_normal((4, 100000)).astype(np.float32) * 3
    assert constraints.simplex.check(mg.softmax(Tensor(logits), -1)).all()
    half = mg.softmax(Tensor(logits[:, :10]), -1).half()
    assert constraints.simplex.check(half).all()
    assert not constraints.simplex.check(half * 1.1).any()


def test_matrices_that_have_lost_rank_by_rounding_are_semidefinite() -> None:
    """PyTorch allows no rounding."""
    x = np.random.default_rng(0).standard_normal((50, 5, 2))
    assert constraints.positive_semidefinite.check(x @ np.swapaxes(x, -1, -2)).all()


def test_every_matrix_of_a_batch_is_judged_alone() -> None:
    x = np.stack([np.eye(2), -np.eye(2), np.eye(2)]).reshape(1, 3, 2, 2)
    assert constraints.positive_definite.check(x).tolist() == [[True, False, True]]
    assert constraints.positive_definite.check(x.astype(np.float16)).tolist() == [[True, False, True]]
    assert not constraints.lower_cholesky.check(np.ones((2, 3))).any()


def test_bounds_are_tensors_too() -> None:
    bounds = constraints.interval(Tensor([0.0, 1.0]), Tensor([1.0, 2.0]))
    assert bounds.check(Tensor([[0.5], [1.5]])).tolist() == [[True, False], [False, True]]
    assert repr(constraints.greater_than(Tensor(1.0))) == "GreaterThan(lower_bound=Tensor(1.))"
    assert (
        repr(constraints.interval(0, mg.zeros(9))) == "Interval(lower_bound=0, upper_bound=<9 numbers of shape (9,)>)"
    )


def test_several_dimensions_and_pieces() -> None:
    both = constraints.independent(constraints.positive, 2)
    assert (both.event_dim, both.is_discrete) == (2, False)
    assert both.check(np.array([[[1.0, 1]], [[1.0, -1]]])).tolist() == [True, False]
    with pytest.raises(ValueError, match=r"an event has 2 dimensions, got a value of shape \(3,\)"):
        both.check(np.ones(3))
    with pytest.raises(ValueError, match="at least 0, got -1"):
        constraints.independent(constraints.real, -1)
    with pytest.raises(TypeError, match="made of constraints"):
        constraints.independent(int, 1)

    joined = constraints.cat([constraints.positive, constraints.real], dim=-1, lengths=[2, 1])
    assert joined.check(np.array([[1.0, -1, -1]])).tolist() == [[True, False, True]]
    stacked = constraints.stack([constraints.positive, constraints.boolean], dim=0)
    assert stacked.check(np.array([[1.0, -1], [0.5, 1]])).tolist() == [[True, False], [False, True]]
    assert (joined.is_discrete, stacked.is_discrete) == (False, True)
    assert (joined.event_dim, stacked.event_dim) == (0, 0)
    assert constraints.stack([constraints.real], dim=-1).event_dim == 1 - 1 + (-1 + 0 < 0)
    for wrong in (joined, stacked):
        with pytest.raises(ValueError, match="needs . numbers along dimension"):
            wrong.check(np.ones((4, 4)))
    with pytest.raises(ValueError, match="one length for each"):
        constraints.cat([constraints.real], lengths=[1, 2])

    mixture = constraints.MixtureSameFamilyConstraint(constraints.interval(Tensor([0.0, 1.0]), Tensor([2.0, 3.0])))
    assert mixture.check(Tensor([0.5, 1.5, 2.5])).tolist() == [False, True, False]


def test_what_only_an_instance_knows() -> None:
    place = Uniform.support
    assert constraints.is_dependent(place)
    assert (place.event_dim, place.is_discrete) == (0, False)
    assert not constraints.is_dependent(Normal.support)
    assert not constraints.is_dependent(Uniform(0.0, 1.0).support)
    with pytest.raises(ValueError, match="check against the .support of an instance"):
        constraints.dependent.check(1.0)
    with pytest.raises(NotImplementedError, match="event_dim depends on the distribution"):
        constraints.dependent.event_dim  # noqa: B018 - asking is the test
    known = constraints.dependent(is_discrete=True, event_dim=1)
    assert (known.is_discrete, known.event_dim) == (True, 1)


def test_a_constraint_of_ones_own() -> None:
    class _Even(constraints.Constraint):
        is_discrete = True

        def check(self, value: Any) -> Any:
            return value % 2 == 0

    assert repr(_Even()) == "Even()"
    assert constraints.independent(_Even(), 1).check(Tensor([[2.0, 4.0], [2.0, 3.0]])).tolist() == [True, False]
    with pytest.raises(NotImplementedError, match="does not say which values it holds"):
        constraints.Constraint().check(1.0)


def test_a_single_number_is_no_vector() -> None:
    for constraint in (constraints.simplex, constraints.one_hot, constraints.multinomial(1)):
        with pytest.raises(ValueError, match="a region of vectors"):
            constraint.check(1.0)
    with pytest.raises(ValueError, match="a region of matrices"):
        constraints.positive_definite.check(np.ones(2))
