"""Transforms: inverses, log-determinants, shapes, caches that lose no gradient, and what is refused."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import weakref
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from minigrad.distributions import Normal, Uniform, biject_to, constraints, transform_to, transforms
from minigrad.distributions.constraint_registry import ConstraintRegistry
from minigrad.distributions.transforms import (
    AbsTransform,
    AffineTransform,
    CatTransform,
    ComposeTransform,
    CorrCholeskyTransform,
    CumulativeDistributionTransform,
    ExpTransform,
    IndependentTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    PowerTransform,
    ReshapeTransform,
    SigmoidTransform,
    SoftmaxTransform,
    SoftplusTransform,
    StackTransform,
    StickBreakingTransform,
    TanhTransform,
    Transform,
    identity_transform,
)

SCALE = Tensor([0.5, -2.0, 3.0], dtype=np.float64)
# A transform, and the shape of what it takes.
BIJECTIVE: list[tuple[Any, tuple[int, ...]]] = [
    (ExpTransform(), (2, 3)), (SigmoidTransform(), (2, 3)), (SoftplusTransform(), (2, 3)), (TanhTransform(), (2, 3)),
    (AffineTransform(1.0, -2.0), (2, 3)), (AffineTransform(SCALE, SCALE), (2, 3)),
    (AffineTransform(0.5, SCALE, event_dim=1), (2, 3)), (AffineTransform(0.5, 2.0, event_dim=2), (2, 3)),
    (ExpTransform().inv, (2, 3)), (PowerTransform(2.0), (2, 3)), (PowerTransform(SCALE), (2, 3)),
    (ComposeTransform([ExpTransform(), AffineTransform(0.0, 2.0), PowerTransform(0.5)]), (2, 3)),
    (ComposeTransform([AffineTransform(0.0, 2.0), StickBreakingTransform()]), (2, 3)),
    (ComposeTransform([AffineTransform(0.0, 2.0), StickBreakingTransform()]).inv, (2, 3)),
    (IndependentTransform(ExpTransform(), 1), (2, 3)), (identity_transform, (2, 3)),
    (StickBreakingTransform(), (2, 3)), (CorrCholeskyTransform(), (2, 6)), (ReshapeTransform((2, 3), (6,)), (4, 2, 3)),
    (CumulativeDistributionTransform(Normal(np.full(1, 0.3), 2.0)), (2, 3)),
    (CatTransform([ExpTransform(), AffineTransform(0.0, 3.0)], dim=-1, lengths=[2, 1]), (2, 3)),
    (CatTransform([ExpTransform(), identity_transform], dim=0, lengths=[1, 1]), (2, 3)),
    (StackTransform([ExpTransform(), AffineTransform(0.0, 3.0)], dim=0), (2, 3)),
    (StackTransform([ExpTransform(), TanhTransform(), identity_transform], dim=-1), (2, 3)),
]  # fmt: skip
each = pytest.mark.parametrize(("transform", "shape"), BIJECTIVE, ids=lambda value: str(value)[:40].replace("\n", ""))


def inputs(transform: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of the domain: positive ones are in every domain of one."""
    x = np.random.default_rng([3, *shape]).uniform(0.2, 1.5, shape)
    return x if type(transform).__name__ != "_InverseOfParts" else x / x.sum(-1, keepdims=True)


@each
def test_the_inverse_goes_back(transform: Any, shape: tuple[int, ...]) -> None:
    x = inputs(transform, shape)
    y = transform(x)
    np.testing.assert_allclose(transform.inv(y).numpy(), x, rtol=1e-9)
    assert transform.inv.inv is transform
    assert y.dtype == np.float64
    assert y.shape == transform.forward_shape(shape)
    assert transform.inverse_shape(y.shape) == shape
    assert transform.bijective
    assert transform.inv.bijective
    assert y.numpy().shape == np.shape(y)
    if not isinstance(transform, (CatTransform, StackTransform)):
        assert transform.codomain.check(y).all()
        assert transform.inv.domain.check(y).all()
        assert transform.domain.check(x).all()


@each
def test_log_determinants_are_those_of_the_jacobian(transform: Any, shape: tuple[int, ...]) -> None:
    """Of one event, by the derivative of every output; of simplices and triangles by their free numbers."""
    x = Tensor(inputs(transform, shape), requires_grad=True)
    y = transform(x)
    free = y
    if isinstance(transform.codomain, type(constraints.simplex)) or isinstance(transform, StickBreakingTransform):
        free = y[..., :-1]
    elif isinstance(transform, CorrCholeskyTransform):
        free = y[..., *np.tril_indices(y.shape[-1], -1)]
    source = slice(None, -1) if type(transform).__name__ == "_InverseOfParts" else slice(None)
    rows = [autograd.grad(piece, x, retain_graph=True)[0].numpy()[..., source].ravel() for piece in free.reshape(-1)]
    if type(transform).__name__ == "_InverseOfParts":  # the last probability is what the others leave
        rows = [autograd.grad(p, x, retain_graph=True)[0].numpy() for p in free.reshape(-1)]
        rows = [(row[..., :-1] - row[..., -1:]).ravel() for row in rows]
    total = np.linalg.slogdet(np.array(rows))[1]
    found = transform.log_abs_det_jacobian(x, y)
    np.testing.assert_allclose(found.sum().item(), total, rtol=1e-8, atol=1e-10)
    back = transform.inv.log_abs_det_jacobian(y, x)
    np.testing.assert_allclose(back.detach().numpy(), -found.detach().numpy())


@each
def test_single_precision_stays(transform: Any, shape: tuple[int, ...]) -> None:
    if "float64" in repr(vars(transform)):
        return
    x = Tensor(inputs(transform, shape), dtype=np.float32)
    y = transform(x)
    assert (y.dtype, transform.inv(y).dtype, transform.log_abs_det_jacobian(x, y).dtype) == (np.float32,) * 3


@each
def test_transforms_can_be_cached_copied_and_compared(transform: Any, shape: tuple[int, ...]) -> None:
    x = Tensor(inputs(transform, shape))
    cached = transform.with_cache(1)
    y = cached(x)
    assert cached.inv(y) is x or isinstance(transform, ComposeTransform)
    assert cached.with_cache(1) is cached
    for other in (copy.deepcopy(transform), pickle.loads(pickle.dumps(transform))):
        np.testing.assert_array_equal(other(x).numpy(), transform(x).numpy())
        assert other == transform or isinstance(transform, CumulativeDistributionTransform)
        assert hash(other) == hash(transform)
    assert transform != object()
    assert repr(transform)


@pytest.mark.parametrize(
    "transform", [SoftmaxTransform(), AbsTransform(), LowerCholeskyTransform(), PositiveDefiniteTransform()], ids=repr
)
def test_those_that_are_not_one_to_one_are_so_on_their_images(transform: Any) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 3))
    y = transform(x)
    assert not transform.bijective
    assert transform.codomain.check(y).all()
    np.testing.assert_allclose(transform(transform.inv(y)).numpy(), y.numpy())
    np.testing.assert_allclose(transform.inv(transform(transform.inv(y))).numpy(), transform.inv(y).numpy(), atol=1e-12)


def test_signs() -> None:
    assert ExpTransform().sign == 1
    assert AffineTransform(0.0, -2.0).sign == -1
    assert AffineTransform(0.0, SCALE).sign.tolist() == [1, -1, 1]
    assert ComposeTransform([AffineTransform(0.0, -2.0), ExpTransform()]).sign == -1
    assert PowerTransform(-1.0).sign == -1
    assert ExpTransform().inv.sign == 1
    with pytest.raises(NotImplementedError, match="AbsTransform has no sign"):
        AbsTransform().sign  # noqa: B018 - asking is the test


def test_a_scale_that_broadcasts_counts_for_every_number() -> None:
    """PyTorch sums over the scales that there are: log 2 instead of 3 log 2."""
    for scale in (2.0, Tensor(2.0), Tensor([2.0])):
        transform = AffineTransform(0.0, scale, event_dim=1)
        x = mg.zeros(4, 3)
        np.testing.assert_allclose(transform.log_abs_det_jacobian(x, x).numpy(), np.full(4, 3 * math.log(2)), rtol=1e-6)


def test_powers_that_overflow_have_a_finite_log_determinant() -> None:
    """PyTorch's is infinite: the logarithm of a quotient whose numerator overflows."""
    x = Tensor(1e30, dtype=np.float64)
    found = PowerTransform(20.0).log_abs_det_jacobian(x, x)
    np.testing.assert_allclose(found.item(), math.log(20) + 19 * 30 * math.log(10))


def test_extremes_stay_finite() -> None:
    far = Tensor([-1e4, -50.0, 50.0, 1e4], requires_grad=True)
    for transform in (SigmoidTransform(), TanhTransform(), SoftplusTransform()):
        y = transform(far)
        change = transform.log_abs_det_jacobian(far, y)
        assert np.isfinite(change.detach().numpy()).all()
        assert np.isfinite(autograd.grad(change.sum(), far)[0].numpy()).all()
    assert ((SigmoidTransform()(far) > 0) & (SigmoidTransform()(far) < 1)).all()
    pieces = StickBreakingTransform()(far / 1e3)
    assert np.isfinite(StickBreakingTransform().inv(pieces).detach().numpy()).all()
    assert np.isfinite(StickBreakingTransform().inv(Tensor([0.0, 1.0, 0.0])).numpy()).all()
    assert np.isfinite(SoftmaxTransform().inv(Tensor([0.0, 1.0])).numpy()).all()


def test_small_probabilities_survive_breaking_the_stick() -> None:
    """What is left of the stick is a sum, not 1 less a sum, of which PyTorch's inverse keeps four digits here."""
    p = np.array([1 - 3e-12, 1e-12, 1e-12, 1e-12])
    x = StickBreakingTransform().inv(p)
    np.testing.assert_allclose(StickBreakingTransform()(x).numpy(), p, rtol=1e-9)
    np.testing.assert_allclose(x.numpy()[1:], 0, atol=1e-9)


# --- caches -----------------------------------------------------------------------------------------------------------
def test_a_cache_remembers_the_last_pair() -> None:
    t = TanhTransform(cache_size=1)
    x = Tensor([2.0], requires_grad=True)
    y = t(x)
    assert t(x) is y
    assert t.inv(y) is x
    other = t(Tensor([1.0]))
    assert t.inv(y) is not x
    assert t.inv.inv is t
    assert t.inv(other) is not x
    for wrong in (2, None, -1):
        with pytest.raises(ValueError, match="cache_size is 0 or 1"):
            ExpTransform(cache_size=wrong)


def test_a_cache_never_loses_a_gradient() -> None:
    """A pair from within no_grad, as of sample(), is not used where the parameters of the transform want a gradient."""
    loc = Tensor([0.5], requires_grad=True)
    t = AffineTransform(loc, 2.0, cache_size=1)
    with mg.no_grad():
        y = t(Tensor([1.0]))
    (gradient,) = autograd.grad(t.inv(y).sum(), loc)
    assert gradient.tolist() == [-0.5]
    free = TanhTransform(cache_size=1)
    with mg.no_grad():
        x = Tensor([30.0])
        y = free(x)
    assert free.inv(y) is x  # nothing to lose, and tanh(30) is 1
    nested = ComposeTransform([AffineTransform(loc, 2.0)], cache_size=1)
    with mg.no_grad():
        y = nested(Tensor([1.0]))
    assert nested.inv(y).requires_grad


def test_a_cache_notices_writes() -> None:
    t = ExpTransform(cache_size=1)
    x = Tensor([0.0])
    y = t(x)
    y.mul_(math.e)
    np.testing.assert_allclose(t.inv(y).numpy(), [1.0], rtol=1e-6)


def test_no_cycle_keeps_a_transform_alive() -> None:
    t = AffineTransform(0.0, 2.0, cache_size=1)
    t.inv(t(Tensor([1.0])))
    seen = weakref.ref(t)
    gc.disable()
    try:
        del t
        assert seen() is None
    finally:
        gc.enable()


# --- one's own, and what is refused ----------------------------------------------------------------------------------
def test_a_transform_of_ones_own() -> None:
    class Cube(Transform):
        domain = codomain = constraints.real
        bijective = True
        sign = 1

        def _call(self, x: Any) -> Any:
            return x**3

        def _inverse(self, y: Any) -> Any:
            return np.cbrt(y)

        def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
            return (3 * x * x).log()

    cube = Cube()
    assert cube.inv(cube(Tensor([2.0]))).tolist() == [2]
    assert cube == cube.with_cache(0)
    assert cube != Cube()
    assert cube.with_cache(1) is not cube

    class Silent(Transform):
        pass

    for call, what in ((Silent(), r"define _call"), (Silent().inv, "has no inverse")):
        with pytest.raises(NotImplementedError, match=what):
            call(Tensor([1.0]))
    with pytest.raises(NotImplementedError, match="log_abs_det_jacobian"):
        Silent().log_abs_det_jacobian(1.0, 1.0)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(5,\) hold different numbers of elements"):
        ReshapeTransform((2, 3), (5,))
    with pytest.raises(ValueError, match=r"needs \(2, 3\) as the last sizes here, got shape \(3, 2\)"):
        ReshapeTransform((2, 3), (6,))(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"events of 1 dimensions, got shape \(\)"):
        StickBreakingTransform()(1.0)
    with pytest.raises(ValueError, match=r"takes D \(D - 1\) / 2 numbers, such as 1, 3, 6 or 10, got shape \(4,\)"):
        CorrCholeskyTransform()(np.zeros(4))
    with pytest.raises(ValueError, match="inverts square matrices"):
        CorrCholeskyTransform().inv(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="events of 2 dimensions"):
        IndependentTransform(ExpTransform(), 2)(np.zeros(3))
    with pytest.raises(TypeError, match="made of Transforms"):
        CatTransform([np.exp])
    with pytest.raises(ValueError, match="one length for each transform"):
        CatTransform([ExpTransform()], lengths=[1, 2])
    for joined in (CatTransform([ExpTransform()]), StackTransform([ExpTransform()])):
        with pytest.raises(ValueError, match="transforms 1 numbers along dimension 0"):
            joined(np.zeros(3))
    with pytest.raises(ValueError, match="turns events of 1 dimensions into those of 2"):
        CorrCholeskyTransform().event_dim  # noqa: B018 - asking is the test


# --- the registries ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "constraint",
    [
        constraints.real, constraints.positive, constraints.nonnegative, constraints.unit_interval,
        constraints.interval(-1.0, 3.0), constraints.interval(Tensor(0.0), Tensor(2.0)),
        constraints.half_open_interval(0.0, 2.0), constraints.greater_than(2.0), constraints.greater_than_eq(2.0),
        constraints.less_than(-1.0), constraints.simplex, constraints.real_vector, constraints.lower_cholesky,
        constraints.positive_definite, constraints.positive_semidefinite,
        constraints.independent(constraints.positive, 1),
    ],
    ids=repr,
)  # fmt: skip
def test_transforms_lead_to_their_constraints(constraint: Any) -> None:
    x = np.random.default_rng(1).standard_normal((5, 3, 3))
    transform = transform_to(constraint)
    y = transform(x)
    assert constraint.check(y).all()
    np.testing.assert_allclose(transform(transform.inv(y)).numpy(), y.numpy(), rtol=1e-6)
    try:
        bijection = biject_to(constraint)
    except NotImplementedError:
        assert not transform.bijective
        return
    assert bijection.bijective
    y = bijection(x)
    assert constraint.check(y).all()
    np.testing.assert_allclose(bijection.inv(y).numpy(), x, rtol=1e-5)


def test_pieces_and_correlations() -> None:
    x = np.random.default_rng(1).standard_normal((4, 3))
    joined = constraints.cat([constraints.positive, constraints.real], dim=-1, lengths=[2, 1])
    stacked = constraints.stack([constraints.positive, constraints.real, constraints.unit_interval], dim=-1)
    for constraint in (joined, stacked, constraints.corr_cholesky):
        for registry in (transform_to, biject_to):
            assert constraint.check(registry(constraint)(x)).all()


def test_a_parameter_is_optimised_freely() -> None:
    """The line that errors about parameters name."""
    raw = Tensor([-3.0, 2.0], requires_grad=True)
    scale = transform_to(Normal.arg_constraints["scale"])(raw)
    Normal(0.0, scale).log_prob([1.0, 1.0]).sum().backward()
    assert raw.grad.numpy().all()


def test_a_registry_of_ones_own() -> None:
    registry = ConstraintRegistry()

    @registry.register(constraints.positive)
    def to_positive(constraint: Any) -> Any:
        return SoftplusTransform()

    assert registry(constraints.positive) == SoftplusTransform()
    assert registry(constraints.greater_than(0.0)) == SoftplusTransform()
    with pytest.raises(NotImplementedError, match=r"no transform to Boolean\(\) is known; declare one"):
        registry(constraints.boolean)
    with pytest.raises(TypeError, match="takes a Constraint or a class of them"):
        registry.register(3, to_positive)


def test_every_exported_transform_is_here() -> None:
    walked = {type(t).__name__ for t, _ in BIJECTIVE} | {"SoftmaxTransform", "AbsTransform", "Transform"}
    walked |= {"LowerCholeskyTransform", "PositiveDefiniteTransform", "identity_transform"}
    assert set(transforms.__all__) <= walked
    assert Uniform(0.0, 1.0).has_rsample
