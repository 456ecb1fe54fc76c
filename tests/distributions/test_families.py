"""What holds for every family of numbers: dtypes, shapes, graphs, checks, draws, and how its functions fit together."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from tests.distributions.families import SHAPES, Family, each_family, each_with_quantiles
from tests.distributions.statistics import assert_drawn_from

each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
each_shape = pytest.mark.parametrize("shapes", SHAPES, ids=str)
QUESTIONS = ("mean", "mode", "variance", "stddev")


def made(family: Family, shapes: Any = SHAPES[0], dtype: Any = np.float64, grad: bool = False, **named: Any) -> Any:
    return family.ours(*[Tensor(a, requires_grad=grad) for a in family.arrays(shapes, dtype)], **named)


def middle(family: Family) -> dict[str, float]:
    """Parameters as Python numbers."""
    return {name: sum(bounds) / 2 for name, bounds in family.parameters.items()}


@each_family
@each_dtype
@each_shape
def test_dtypes_and_shapes(family: Family, dtype: Any, shapes: Any) -> None:
    distribution = made(family, shapes, dtype)
    batch = np.broadcast_shapes(*shapes[: len(family.parameters)])
    assert distribution.batch_shape == batch
    assert distribution.event_shape == ()
    value = Tensor(family.value(shapes[-1], dtype))
    whole = np.broadcast_shapes(batch, shapes[-1])
    for question in QUESTIONS:
        answer = getattr(distribution, question)
        assert (answer.dtype, answer.shape) == (dtype, batch), question
    assert (distribution.entropy().dtype, distribution.entropy().shape) == (dtype, batch)
    for function in (distribution.log_prob, *([] if family.lacks else [distribution.cdf])):
        assert (function(value).dtype, function(value).shape) == (dtype, whole)
    for sizes in ((), 4, (4, 2), [2], (0,)):
        sample = distribution.sample(sizes)
        given = (sizes,) if isinstance(sizes, int) else tuple(sizes)
        assert (sample.dtype, sample.shape, sample.requires_grad) == (dtype, (*given, *batch), False)
        assert np.isfinite(sample.numpy()).all()


@each_family
def test_numbers_lists_and_arrays_are_parameters(family: Family) -> None:
    numbers = middle(family)
    assert family.ours(**numbers).batch_shape == ()
    assert family.ours(**numbers).sample().dtype == np.float32
    lists = family.ours(**{name: [number, number] for name, number in numbers.items()})
    arrays = family.ours(**{name: np.array([number, number]) for name, number in numbers.items()})
    assert lists.batch_shape == arrays.batch_shape == (2,)
    assert lists.sample().dtype == np.float32
    assert arrays.sample().dtype == np.float64
    x = family.values[1]
    np.testing.assert_allclose(arrays.log_prob(x).numpy(), lists.log_prob([x, x]).numpy(), rtol=1e-5)


@each_family
def test_integers_become_floats(family: Family) -> None:
    bounds = {name: math.ceil(high) if name != "low" else -2 for name, (_, high) in family.parameters.items()}
    distribution = family.ours(**{name: Tensor([n]) for name, n in bounds.items()})
    assert distribution.sample().dtype == np.float32


@each_family
def test_sample_has_no_graph_and_rsample_has_one(family: Family) -> None:
    distribution = made(family, SHAPES[1], grad=True)
    assert family.ours.has_rsample or distribution.has_rsample
    assert not distribution.sample((2,)).requires_grad
    drawn = distribution.rsample((2,))
    parameters = [getattr(distribution, name) for name in family.parameters]
    for name, gradient in zip(family.parameters, autograd.grad(drawn.sum(), parameters), strict=True):
        assert np.isfinite(gradient.numpy()).all()
        assert gradient.numpy().any(), name


@each_with_quantiles
def test_the_gradient_of_rsample_is_the_implicit_one(family: Family) -> None:
    """dx/dθ at fixed noise leaves the distribution function where it is: -(∂F/∂θ) / p(x)."""
    mg.manual_seed(3)
    distribution = made(family, SHAPES[1], grad=True)
    drawn = distribution.rsample((5,))
    parameters = [getattr(distribution, name) for name in family.parameters]
    x = drawn.detach()
    got = autograd.grad(drawn.sum(), parameters)
    density = distribution.log_prob(x).exp().detach()
    expected = autograd.grad((-distribution.cdf(x) / density).sum(), parameters)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, atol=1e-9)


@each_with_quantiles
def test_draws_follow_the_distribution_function(family: Family) -> None:
    mg.manual_seed(7)
    distribution = made(family)
    assert_drawn_from(distribution.sample((4000,)).numpy(), lambda x: distribution.cdf(x).numpy())
    narrow = made(family, dtype=np.float32)
    assert_drawn_from(narrow.sample((4000,)).numpy(), lambda x: distribution.cdf(x).numpy())


@each_family
def test_the_seed_fixes_the_draws(family: Family) -> None:
    mg.manual_seed(1)
    first = made(family, SHAPES[1]).sample((3,))
    mg.manual_seed(1)
    assert (made(family, SHAPES[1]).rsample((3,)) == first).all()


@each_with_quantiles
def test_the_density_is_the_derivative_of_the_distribution_function(family: Family) -> None:
    distribution = made(family, SHAPES[1])
    x = Tensor(family.value((4, 3), np.float64), requires_grad=True)
    (slope,) = autograd.grad(distribution.cdf(x).sum(), x)
    np.testing.assert_allclose(slope.numpy(), distribution.log_prob(x).exp().detach().numpy(), rtol=1e-7)


@each_with_quantiles
def test_quantiles_invert_the_distribution_function(family: Family) -> None:
    distribution = made(family, SHAPES[1])
    x = family.value((4, 3), np.float64)
    np.testing.assert_allclose(distribution.icdf(distribution.cdf(x)).numpy(), x, rtol=1e-7)
    loose = made(family, SHAPES[1], validate_args=False)
    ends = loose.icdf(Tensor([[0.0], [1.0]], dtype=np.float64)).numpy()
    assert (ends[0] < ends[1]).all()
    finite = np.where(np.isinf(ends), np.sign(ends) * 1e300, ends)
    np.testing.assert_allclose(loose.cdf(finite).numpy(), np.broadcast_to([[0], [1]], (2, 3)), atol=1e-12)


@each_with_quantiles
def test_moments_agree_with_the_density(family: Family) -> None:
    """By the mean over a grid of quantiles, where the moments are finite."""
    distribution = made(family)
    if not np.isfinite(distribution.variance.numpy()) or family.name == "Pareto":
        return
    x = distribution.icdf((np.arange(400000) + 0.5) / 400000).numpy()
    np.testing.assert_allclose(distribution.mean.numpy(), x.mean(), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(distribution.variance.numpy(), x.var(), rtol=2e-2)
    np.testing.assert_allclose(distribution.stddev.numpy() ** 2, distribution.variance.numpy())


@each_with_quantiles
def test_entropy_is_the_mean_of_the_negative_log_density(family: Family) -> None:
    distribution = made(family)
    x = distribution.icdf((np.arange(200000) + 0.5) / 200000)
    np.testing.assert_allclose(distribution.entropy().numpy(), -distribution.log_prob(x).mean().numpy(), rtol=2e-3)
    np.testing.assert_allclose(distribution.perplexity().numpy(), np.exp(distribution.entropy().numpy()))


@each_family
def test_expand(family: Family) -> None:
    distribution = made(family, SHAPES[1], grad=True)
    wide = distribution.expand((2, 3))
    assert type(wide) is family.ours
    assert wide.batch_shape == (2, 3)
    assert wide.rsample((4,)).shape == (4, 2, 3)
    x = family.value((3,), np.float64)
    expected = np.broadcast_to(distribution.log_prob(x).detach().numpy(), (2, 3))
    np.testing.assert_array_equal(wide.log_prob(x).detach().numpy(), expected)
    for question in (*QUESTIONS, "entropy"):
        ours, theirs = getattr(wide, question), getattr(distribution, question)
        ours, theirs = (ours(), theirs()) if question == "entropy" else (ours, theirs)
        np.testing.assert_array_equal(ours.detach().numpy(), np.broadcast_to(theirs.detach().numpy(), (2, 3)))
    with pytest.raises(ValueError, match="broadcast|shape"):
        distribution.expand((2,))


@each_family
@pytest.mark.parametrize("position", [0, 2])
def test_wrong_parameters_are_named_with_their_place(family: Family, position: int) -> None:
    for name, number in family.wrong.items():
        numbers = {key: np.full(3, value) for key, value in middle(family).items()}
        numbers[name][position] = number
        shown = "nan" if np.isnan(number) else f"{number:g}"
        with pytest.raises(ValueError, match=rf"{family.name}: parameter .*{shown}\b.* at position \({position},\) of"):
            family.ours(**numbers)
        family.ours(**numbers, validate_args=False)


@each_family
def test_a_parameter_that_is_nan_is_refused(family: Family) -> None:
    for name in family.parameters:
        with pytest.raises(ValueError, match=f"{family.name}: parameter .* got .*nan"):
            family.ours(**{**middle(family), name: math.nan})


@each_family
def test_parameters_that_do_not_broadcast_are_named(family: Family) -> None:
    if len(family.parameters) < 2:
        return
    sizes = iter((2, 3, 1))
    with pytest.raises(ValueError, match=rf"{family.name}: .* of \(2,\) and .* of \(3,\).* do not"):
        family.ours(**{name: np.full(next(sizes), value) for name, value in middle(family).items()})


@each_family
def test_values_outside_are_refused_or_impossible(family: Family) -> None:
    for x in (*family.outside, math.nan):
        checking = made(family, SHAPES[1])
        with pytest.raises(ValueError, match=f"{family.name}: a value must lie in the support"):
            checking.log_prob([x, x, x])
        if not family.lacks:
            with pytest.raises(ValueError, match=f"{family.name}: a value must lie in the support"):
                checking.cdf(x)
    loose = made(family, SHAPES[1], grad=True, validate_args=False)
    parameters = [getattr(loose, name) for name in family.parameters]
    for outside in family.outside:
        x = Tensor(np.full(3, outside), requires_grad=True)
        found = loose.log_prob(x)
        assert (found == -math.inf).all()
        for gradient in autograd.grad(found.sum(), [x, *parameters], allow_unused=True):
            assert gradient is None or not gradient.numpy().any()
        assert (loose.cdf(x) == (outside > 1)).all()


@each_family
def test_far_away_everything_is_finite_or_impossible(family: Family) -> None:
    """Without a warning, which is an error in tests."""
    for dtype, far in ((np.float32, 1e4), (np.float64, 1e4), (np.float64, 1e100)):
        distribution = made(family, dtype=dtype, grad=True, validate_args=False)
        parameters = [getattr(distribution, name) for name in family.parameters]
        for x in (Tensor(far, True, dtype), Tensor(-far, True, dtype)):
            found = distribution.log_prob(x)
            assert not np.isnan(found.item())
            for gradient in autograd.grad(found, [x, *parameters], allow_unused=True):
                assert gradient is None or not np.isnan(gradient.item())
            assert family.lacks or 0 <= distribution.cdf(x).item() <= 1


@each_family
def test_shapes_of_values_are_checked(family: Family) -> None:
    with pytest.raises(ValueError, match=r"must broadcast with the shape \(3,\)"):
        made(family, SHAPES[1]).log_prob(np.full(2, family.values[1]))


@each_with_quantiles
def test_icdf_takes_probabilities(family: Family) -> None:
    with pytest.raises(ValueError, match=f"{family.name}: icdf takes probabilities, from 0 to 1, got 1.5"):
        made(family).icdf(1.5)


@each_family
def test_it_shows_its_parameters_and_can_be_copied(family: Family) -> None:
    distribution = family.ours(**middle(family))
    names = list(family.ours(**middle(family)).arg_constraints)
    assert repr(distribution).startswith(f"{family.name}({names[0]}: ")
    assert all(f"{name}: (3,)" in repr(made(family, SHAPES[1])) for name in family.parameters)
    x = family.values[1]
    for other in (copy.deepcopy(distribution), pickle.loads(pickle.dumps(distribution))):
        assert other.log_prob(x).item() == distribution.log_prob(x).item()


@each_family
def test_gradients_of_second_order(family: Family) -> None:
    arrays = [Tensor(a, requires_grad=True) for a in family.arrays(SHAPES[1], np.float64)]
    x = Tensor(family.value((3,), np.float64), requires_grad=True)
    autograd.gradgradcheck(lambda x, *p: family.ours(*p).log_prob(x), (x, *arrays))
    if not family.lacks:
        autograd.gradgradcheck(lambda x, *p: family.ours(*p).cdf(x), (x, *arrays))


@each_family
def test_the_parameters_may_be_the_same_tensor(family: Family) -> None:
    if family.name in ("Uniform", "Pareto") or len(family.parameters) < 2:
        return
    both = Tensor([1.0, 2.0], requires_grad=True, dtype=np.float64)
    twins = [Tensor([1.0, 2.0], requires_grad=True, dtype=np.float64) for _ in range(2)]
    x = np.full(2, family.values[1])
    (together,) = autograd.grad(family.ours(both, both).log_prob(x).sum(), both)
    apart = autograd.grad(family.ours(*twins).log_prob(x).sum(), twins)
    np.testing.assert_allclose(together.numpy(), sum(g.numpy() for g in apart))
