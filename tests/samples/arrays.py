"""Arrays and argument lists from which samples are made."""

from __future__ import annotations

from typing import Any

import numpy as np

Sample = tuple[tuple[Any, ...], dict[str, Any]]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Standard normal numbers."""
    return np.asarray(np.random.default_rng([seed, *shape]).standard_normal(shape))


def positive(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers in [0.5, 2.5)."""
    return np.asarray(0.5 + 2 * np.random.default_rng([seed, *shape]).random(shape))


def apart(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers well apart from each other, from 0, and from those of another seed."""
    n = int(np.prod(shape))
    values = 0.15 + 0.2 * np.arange(n) - 0.1 * n + 0.013 * seed
    return np.random.default_rng([seed, *shape]).permutation(values).reshape(shape)


def probabilities(rows: int, classes: int) -> np.ndarray:
    """Rows that sum to 1."""
    p = positive(rows, classes, seed=9)
    return p / p.sum(1, keepdims=True)


def one(f: Any) -> list[Sample]:
    """Samples of a function of one array."""
    return [((f(3, 4),), {}), ((f(),), {}), ((f(0, 2),), {})]


def two(f: Any) -> list[Sample]:
    """Samples of a function of two arrays that broadcast."""
    shapes = [((3, 4), (3, 4)), ((3, 1), (4,)), ((), (2, 3)), ((2, 1, 3), (4, 1))]
    return [((f(*a, seed=1), f(*b, seed=2)), {}) for a, b in shapes] + [((f(3, seed=1), 1.7), {})]


def reduction(f: Any, **static: Any) -> list[Sample]:
    """Samples of a reduction over any axes."""
    choices: list[dict[str, Any]] = [
        {}, {"axis": (0,)}, {"axis": (1,), "keepdims": True}, {"axis": (0, 1)}, {"axis": (0, 1), "keepdims": True},
        {"keepdims": True},
    ]  # fmt: skip
    return [((f(3, 4),), {**static, **c}) for c in choices] + [((f(2, 3, 4),), {**static, "axis": (0, 2)})]
