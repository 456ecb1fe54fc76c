"""Products of many matrices: in the cheapest order, and powers by squaring."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.arrays import as_operands, shape_of
from ..core.declare import register
from ..core.dispatch import NUMPY
from ..core.tensor import Tensor, as_operand, raw
from .convert import clone
from .elementwise import where
from .linalg import matmul


def multi_dot(tensors: Sequence[Any]) -> Any:
    """The product of several matrices, in the order of evaluation that takes the fewest multiplications.

    The first may be a vector, which counts as a row, and the last one, which counts as a column.

    Example:
        >>> multi_dot([Tensor([1.0, 2.0]), Tensor([[1.0, 0.0], [0.0, 2.0]]), Tensor([3.0, 4.0])]).item()
        19.0

    Source: Cormen et al., Introduction to Algorithms, matrix-chain multiplication.
    """
    factors = as_operands(*tensors)
    if len(factors) < 2:
        raise ValueError(f"multi_dot needs at least two matrices, got {len(factors)}")
    shapes = [t.shape for t in factors]
    for i, shape in enumerate(shapes):
        if len(shape) != 2 and not (len(shape) == 1 and i in (0, len(shapes) - 1)):
            raise ValueError(
                f"multi_dot: factor {i} must be a matrix (only the ends may be vectors), got shape {shape}"
            )
        if i and shapes[i - 1][-1] != shape[0]:
            raise ValueError(f"multi_dot: factors {i - 1} and {i} of shapes {shapes[i - 1]} and {shape} do not fit")
    edges = [1 if len(shapes[0]) == 1 else shapes[0][0], *(shape[0] for shape in shapes[1:])]
    edges.append(1 if len(shapes[-1]) == 1 else shapes[-1][1])
    return _chain(factors, _splits(edges), 0, len(factors) - 1)


def _splits(edges: Sequence[int]) -> dict[tuple[int, int], int]:
    """For factors i to j of sizes ``edges[i] x edges[i + 1]`` ...: after which one the last product is best split."""
    count = len(edges) - 1
    cost = {(i, i): 0 for i in range(count)}
    split = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            cost[i, j], split[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + edges[i] * edges[k + 1] * edges[j + 1], k) for k in range(i, j)
            )
    return split


def _chain(factors: Sequence[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return factors[i]
    k = split[i, j]
    return matmul(_chain(factors, split, i, k), _chain(factors, split, k + 1, j))


def chain_matmul(*matrices: Any) -> Any:
    """The product of several matrices, given one by one: ``multi_dot`` of matrices only."""
    for i, shape in enumerate(map(shape_of, matrices)):
        if len(shape) != 2:
            raise ValueError(f"chain_matmul: factor {i} must be a matrix, got shape {shape}; multi_dot takes vectors")
    return clone(matrices[0]) if len(matrices) == 1 else multi_dot(matrices)


@register()
def matrix_power(input: Any, n: int) -> Any:
    """The product of ``n`` copies of a square matrix, or of each of a stack, in about log2(n) multiplications.

    Raises:
        ValueError: for a matrix that is not square, and for negative powers: raise the inverse to ``-n`` instead.

    Example:
        >>> matrix_power(Tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
        Tensor([[1., 5.],
                [0., 1.]])
    """
    shape, n = shape_of(input), operator.index(n)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ValueError(f"matrix_power: a square matrix, or a stack of them, is needed, got shape {shape}")
    if n < 0:
        raise ValueError(f"matrix_power: n is at least 0, got {n}; use matrix_power(inverse, {-n})")
    if n == 0:
        return _identity(input)
    result, square = None, input
    while True:
        if n % 2:
            result = square if result is None else matmul(result, square)
        n //= 2
        if not n:
            return clone(result) if result is input else result
        square = matmul(square, square)


def _identity(input: Any) -> Any:
    """The power 0, inside the graph of the input as any other power is: its gradient is 0."""
    array = raw(as_operand(input))
    ones = np.zeros_like(array)
    np.einsum("...ii->...i", ones)[...] = 1  # NumPy's diagonals are views
    return where(False, input, ones) if isinstance(input, Tensor) else ones


NUMPY[np.linalg.multi_dot] = multi_dot
NUMPY[np.linalg.matrix_power] = matrix_power
