"""MultivariateNormal: its three matrices, draws, expansion, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from minigrad.distributions import Independent, MultivariateNormal, Normal, kl_divergence
from tests.distributions.statistics import assert_drawn_from
from tests.samples.factorization import definite


def covariance(*shape: int) -> np.ndarray:
    x = definite(*shape)
    return 0.5 * (x + np.swapaxes(x, -1, -2))


def test_the_three_matrices_are_one_distribution() -> None:
    sigma, x = covariance(2, 3, 3), np.ones((5, 2, 3))
    loc = np.arange(3.0)
    one = MultivariateNormal(loc, sigma)
    two = MultivariateNormal(loc, precision_matrix=np.linalg.inv(sigma))
    three = MultivariateNormal(loc, scale_tril=np.linalg.cholesky(sigma))
    for other in (two, three):
        assert other.batch_shape == (2,)
        np.testing.assert_allclose(other.log_prob(x).numpy(), one.log_prob(x).numpy())
        np.testing.assert_allclose(other.covariance_matrix.numpy(), sigma)
        np.testing.assert_allclose(other.precision_matrix.numpy(), np.linalg.inv(sigma))
        np.testing.assert_allclose(other.scale_tril.numpy(), np.linalg.cholesky(sigma), atol=1e-12)
        np.testing.assert_allclose(other.variance.numpy(), np.diagonal(sigma, axis1=1, axis2=2))
    assert repr(one) == "MultivariateNormal(loc: (2, 3), covariance_matrix: (2, 3, 3))"


def test_a_diagonal_matrix_is_independent_normals() -> None:
    loc, scale = np.arange(3.0), np.array([0.5, 1.0, 2.0])
    together = MultivariateNormal(loc, scale_tril=np.diag(scale))
    apart = Independent(Normal(loc, scale), 1)
    x = np.random.default_rng(0).standard_normal((4, 3))
    np.testing.assert_allclose(together.log_prob(x).numpy(), apart.log_prob(x).numpy())
    np.testing.assert_allclose(together.entropy().numpy(), apart.entropy().numpy())
    other = MultivariateNormal(loc + 1, scale_tril=np.diag(2 * scale))
    expected = kl_divergence(apart, Independent(Normal(loc + 1, 2 * scale), 1))
    np.testing.assert_allclose(kl_divergence(together, other).numpy(), expected.numpy())
    np.testing.assert_allclose(kl_divergence(together, together).numpy(), 0, atol=1e-12)


@pytest.mark.parametrize("batch", [(), (2,)])
def test_draws(batch: tuple[int, ...]) -> None:
    mg.manual_seed(4)
    sigma = covariance(*batch, 3, 3)
    distribution = MultivariateNormal(np.zeros(3), sigma)
    drawn = distribution.sample((5000,))
    assert drawn.shape == (5000, *batch, 3)
    direction = np.array([1.0, -2.0, 0.5])
    for place in np.ndindex(*batch):
        width = math.sqrt(direction @ sigma[place] @ direction)
        along = drawn.numpy()[(slice(None), *place)] @ direction
        assert_drawn_from(along, lambda x, width=width: Normal(0.0, width).cdf(x).numpy())


def test_the_gradient_of_rsample_at_given_noise() -> None:
    mg.manual_seed(0)
    noise = mg.randn(4, 2, dtype=np.float64)
    loc = Tensor([1.0, 2.0], requires_grad=True, dtype=np.float64)
    sigma = Tensor(covariance(2, 2), requires_grad=True)
    mg.manual_seed(0)
    drawn = MultivariateNormal(loc, sigma).rsample((4,))
    got = autograd.grad((drawn * drawn).sum(), [loc, sigma])
    composed = loc + noise @ np.linalg.cholesky(sigma).mT
    expected = autograd.grad((composed * composed).sum(), [loc, sigma])
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy())
    assert not MultivariateNormal(loc, sigma).sample().requires_grad


@pytest.mark.parametrize("which", ["covariance_matrix", "precision_matrix", "scale_tril"])
def test_expand(which: str) -> None:
    matrix = np.linalg.cholesky(covariance(3, 3)) if which == "scale_tril" else covariance(3, 3)
    distribution = MultivariateNormal(np.zeros(3), **{which: matrix})
    wide = distribution.expand((4, 2))
    assert (wide.batch_shape, wide.event_shape, wide.sample().shape) == ((4, 2), (3,), (4, 2, 3))
    x = np.ones(3)
    np.testing.assert_allclose(wide.log_prob(x).numpy(), np.full((4, 2), distribution.log_prob(x).item()))
    for name in ("covariance_matrix", "precision_matrix", "scale_tril"):
        assert getattr(wide, name).shape == (4, 2, 3, 3)
    assert wide.entropy().shape == wide.expand((3, 4, 2)).entropy().shape[1:]


def test_second_derivatives() -> None:
    inputs = [Tensor(a, requires_grad=True) for a in (np.ones((2, 2)), np.zeros(2), covariance(2, 2))]
    for name in ("covariance_matrix", "precision_matrix"):

        def log_prob(x: Tensor, loc: Tensor, matrix: Tensor, name: str = name) -> Tensor:
            return MultivariateNormal(loc, **{name: matrix}, validate_args=False).log_prob(x)

        autograd.gradgradcheck(log_prob, inputs)


def test_float32_stays() -> None:
    distribution = MultivariateNormal(Tensor([0.0, 1.0], requires_grad=True), [[2.0, 0.1], [0.1, 1.0]])
    for found in (distribution.rsample(), distribution.log_prob([0.0, 1.0]), distribution.precision_matrix):
        assert found.dtype == np.float32


def test_what_is_refused() -> None:
    eye = np.eye(2)
    with pytest.raises(ValueError, match="exactly one of .* got none of them"):
        MultivariateNormal(np.zeros(2))
    with pytest.raises(ValueError, match="got covariance_matrix and scale_tril"):
        MultivariateNormal(np.zeros(2), eye, scale_tril=eye)
    with pytest.raises(ValueError, match="use Normal"):
        MultivariateNormal(0.0, eye)
    with pytest.raises(ValueError, match=r"loc of shape \(3,\), covariance_matrix needs the shape \(..., 3, 3\)"):
        MultivariateNormal(np.zeros(3), eye)
    with pytest.raises(ValueError, match="do not broadcast"):
        MultivariateNormal(np.zeros((3, 2)), np.stack([eye, eye]))
    indefinite = np.stack([eye, [[1.0, 2.0], [2.0, 1.0]]])
    with pytest.raises(ValueError, match=r"covariance_matrix must satisfy PositiveDefinite\(\), got[^;]* is -1;"):
        MultivariateNormal(np.zeros(2), indefinite)
    with pytest.raises(ValueError, match=r"precision_matrix must .* got[^;]*, which is not symmetric;"):
        MultivariateNormal(np.zeros(2), precision_matrix=[[1.0, 0.5], [0.4, 1.0]])
    with pytest.raises(ValueError, match=r"matrix \(1,\) of the batch is not positive definite"):
        MultivariateNormal(np.zeros(2), indefinite, validate_args=False)
    with pytest.raises(ValueError, match=r"parameter scale_tril must satisfy LowerCholesky\(\)"):
        MultivariateNormal(np.zeros(2), scale_tril=-eye)
    with pytest.raises(ValueError, match="parameter loc .* got .*nan"):
        MultivariateNormal([0.0, math.nan], eye)
    with pytest.raises(ValueError, match="the last dimensions of a value"):
        MultivariateNormal(np.zeros(2), eye).log_prob(np.zeros(3))
