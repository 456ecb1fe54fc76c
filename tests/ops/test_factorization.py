"""Cholesky factors and triangular systems: against NumPy, of many sizes, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.factorization import cholesky, solve_triangular
from tests.samples.factorization import definite, triangle


@pytest.mark.parametrize("n", [0, 1, 2, 31, 33, 64, 130])
@pytest.mark.parametrize("upper", [False, True])
def test_large_systems_are_solved_by_halves(n: int, upper: bool) -> None:
    a, b = triangle(n, n) / max(n, 1) ** 0.5 + 2 * np.eye(n), np.ones((2, n, 3))
    a = np.triu(a) if upper else np.tril(a)
    x = solve_triangular(Tensor(a), Tensor(b), upper=upper).numpy()
    assert x.shape == b.shape
    np.testing.assert_allclose(a @ x, b, rtol=1e-9)


def test_a_triangle_is_all_that_is_looked_at() -> None:
    a, b = triangle(3, 3), np.ones((3, 1))
    b_left = np.ones((1, 3))
    lower = np.tril(a)
    np.testing.assert_allclose(lower @ solve_triangular(a, Tensor(b), upper=False).numpy(), b)
    np.testing.assert_allclose(solve_triangular(Tensor(a), b_left, upper=False, left=False).numpy() @ lower, b_left)
    unit = np.tril(a, -1) + np.eye(3)
    x = solve_triangular(Tensor(a), b, upper=False, unitriangular=True)
    np.testing.assert_allclose(unit @ x.numpy(), b)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes(dtype: type) -> None:
    x = Tensor(definite(3, 3), dtype=dtype, requires_grad=True)
    factor = np.linalg.cholesky(x)
    assert factor.dtype == dtype
    solved = solve_triangular(factor, x, upper=False)
    solved.sum().backward()
    assert (solved.dtype, x.grad.dtype) == (dtype, dtype)
    np.testing.assert_allclose(solved.detach().numpy(), factor.detach().numpy().T, atol=0.02, rtol=0.02)


def test_the_factor_and_its_transpose() -> None:
    x = definite(2, 3, 3)
    x = x + np.swapaxes(x, -1, -2)
    np.testing.assert_allclose(cholesky(Tensor(x)).numpy(), np.linalg.cholesky(x))
    lower, upper = cholesky(Tensor(x)), cholesky(Tensor(x), upper=True)
    np.testing.assert_array_equal(upper.numpy(), np.swapaxes(lower.numpy(), -1, -2))
    assert cholesky(mg.zeros(0, 3, 3)).shape == (0, 3, 3)


def test_an_indefinite_matrix_is_named() -> None:
    x = np.stack([np.eye(2), np.eye(2), [[1.0, 2.0], [2.0, 1.0]]])
    with pytest.raises(
        ValueError, match=r"matrix \(2,\) of the batch is not positive definite: its smallest .* is -1;"
    ):
        np.linalg.cholesky(Tensor(x))
    with pytest.raises(ValueError, match="the matrix is not positive definite"):
        cholesky(x[2])
    with pytest.raises(ValueError, match=r"square matrix .* got shape \(2, 3\)"):
        cholesky(mg.zeros(2, 3))


def test_systems_that_cannot_be_solved_are_refused() -> None:
    a = triangle(2, 3, 3)
    a[1, 2, 2] = 0
    with pytest.raises(ValueError, match=r"a 0 on its diagonal, at \(1, 2, 2\) of shape \(2, 3, 3\)"):
        solve_triangular(Tensor(a), mg.ones(3, 1), upper=True)
    with pytest.raises(ValueError, match=r"B holds matrices, got shape \(3,\)"):
        solve_triangular(Tensor(a), mg.ones(3), upper=True)
    with pytest.raises(ValueError, match=r"B needs 3 rows beside an A of shape \(2, 3, 3\), got \(2, 1\)"):
        solve_triangular(Tensor(a), mg.ones(2, 1), upper=True)
    with pytest.raises(ValueError, match="B needs 3 columns"):
        solve_triangular(Tensor(a), mg.ones(3, 1), upper=True, left=False)
