"""Cholesky factors and triangular systems against PyTorch, with gradients of both orders."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.ops.factorization import cholesky, solve_triangular
from tests.parity import DTYPES, compare
from tests.samples.factorization import definite, triangle

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")


@DTYPES
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 3, 3), (2, 1, 4, 4), (0, 2, 2)])
@pytest.mark.parametrize("upper", [False, True])
def test_cholesky(shape: tuple[int, ...], upper: bool, dtype: str) -> None:
    x = definite(*shape)
    x = (x + np.swapaxes(x, -1, -2)).astype(dtype)
    compare(lambda x: cholesky(x, upper=upper), lambda x: torch.linalg.cholesky(x, upper=upper), x)


@DTYPES
@pytest.mark.parametrize(
    "shapes", [((3, 3), (3, 2)), ((2, 3, 3), (3, 3)), ((3, 3), (2, 3, 3)), ((2, 1, 2, 2), (3, 2, 2))]
)
@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("unitriangular", [False, True])
def test_solve_triangular(
    shapes: tuple[tuple[int, ...], ...], upper: bool, left: bool, unitriangular: bool, dtype: str
) -> None:
    a, b = triangle(*shapes[0]), definite(*shapes[1][:-2], 3, 3)[..., : shapes[1][-2], : shapes[1][-1]]
    if not left:
        b = np.swapaxes(b, -1, -2)
    a = np.triu(a) if upper else np.tril(a)
    options = {"upper": upper, "left": left, "unitriangular": unitriangular}
    compare(
        lambda a, b: solve_triangular(a, b, **options),
        lambda a, b: torch.linalg.solve_triangular(a, b, **options),
        a.astype(dtype),
        b.astype(dtype),
    )
