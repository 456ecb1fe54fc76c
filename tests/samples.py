"""Arguments for every primitive, away from kinks: what the registry test feeds to each of them.

A sample is the tuple of array inputs (float64) and the dictionary of static arguments.
"""

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


INDICES: list[tuple[tuple[int, ...], Any]] = [
    ((4, 3), 1),
    ((4, 3), (slice(None, None, 2), None, -1)),
    ((4, 3), (Ellipsis, slice(2, 0, -1))),
    ((4,), np.array([0, 0, 3, 0])),
    ((4, 3), (np.array([[0], [0]]), np.array([1, 1]))),
    ((4, 3), (slice(1, 3), np.array([2, 2]))),
    ((4, 3), np.array([True, False, True, False])),
    ((2, 3), np.array([[True, False, True], [False, False, True]])),
    ((2, 3, 4), (0, slice(None), np.array([1, 1, 3]))),
]

_picked = {"indices": np.array([[0, 0], [2, 1], [1, 1]]), "axis": 1}

SAMPLES: dict[str, list[Sample]] = {
    **{name: two(normal) for name in ("add", "subtract", "multiply")},
    **{name: two(apart) for name in ("maximum", "minimum")},
    "divide": two(positive),
    "floor_divide": two(positive),
    "remainder": [((normal(3, 4), 1.7), {}), ((positive(3, 1), 3 + positive(2)), {})],
    "power": [
        *two(positive), ((apart(3), 3), {}), ((2.0, normal(3)), {}),
        ((positive(3), np.zeros(3)), {}), ((positive(4), -1.5), {}),
    ],
    **{name: one(normal) for name in ("negative", "square", "exp", "tanh", "sigmoid", "clone")},
    **{name: one(apart) for name in ("abs", "sign", "relu")},
    **{name: one(positive) for name in ("sqrt", "log")},
    "where": [
        ((normal(3, 4), normal(4, seed=1)), {"condition": normal(3, 4, seed=2) > 0}),
        ((normal(3, 1), 2.0), {"condition": np.array([True, False])}),
    ],
    "clip": [
        ((apart(3, 4), -0.43, 0.57), {}),
        ((apart(5), None, 0.04), {}),
        ((apart(5), -0.04, None), {}),
        ((apart(3, 4), -positive(4) / 2, positive(3, 1) / 2), {}),
        ((apart(6), np.full(6, 0.35), np.full(6, 0.15)), {}),
    ],
    "astype": [((normal(3),), {"dtype": np.float64})],
    "sum": reduction(normal),
    "mean": reduction(normal),
    "var": [*reduction(normal), *reduction(normal, correction=0)],
    "amax": reduction(apart),
    "amin": reduction(apart),
    "logsumexp": [s for s in reduction(normal) if "axis" in s[1]],
    **{
        name: [((normal(3, 4),), {"axis": (1,)}), ((normal(3, 4),), {"axis": (0,)}), ((normal(5),), {"axis": (0,)})]
        for name in ("softmax", "log_softmax")
    },
    "getitem": [((normal(*shape),), {"index": index}) for shape, index in INDICES],
    "put": [((normal(*np.zeros(s)[i].shape),), {"index": i, "shape": s}) for s, i in INDICES],
    "take_along_axis": [((normal(3, 4),), _picked)],
    "put_along_axis": [((normal(3, 2),), {**_picked, "shape": (3, 4)})],
    "reshape": [((normal(3, 4),), {"shape": (2, 6)}), ((normal(1),), {"shape": ()})],
    "transpose": [((normal(2, 3, 4),), {"axes": (2, 0, 1)})],
    "broadcast_to": [((normal(3, 1),), {"shape": (2, 3, 4)}), ((normal(),), {"shape": (2,)})],
    "concatenate": [
        ((normal(2, 3), normal(1, 3), normal(0, 3)), {"axis": 0}),
        ((normal(2, 3), normal(2, 1, seed=1)), {"axis": 1}),
    ],
    "stack": [((normal(2, 3), normal(2, 3, seed=1)), {"axis": a}) for a in (0, 1, 2)],
    "matmul": [
        ((normal(*a), normal(*b, seed=1)), {})
        for a, b in [
            ((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (3,)),
            ((3,), (5, 3, 4)), ((2, 1, 2, 3), (4, 3, 2)), ((2, 3), (5, 3, 4)),
        ]
    ],
    "linear": [
        ((normal(4, 3), normal(2, 3, seed=1), normal(2, seed=2)), {}),
        ((normal(3), normal(2, 3, seed=1), normal(2, seed=2)), {}),
        ((normal(5, 4, 3), normal(2, 3, seed=1), None), {}),
    ],
    "cross_entropy_of_labels": [((normal(4, 3),), {"labels": np.array([0, 2, 2, 1])})],
    "cross_entropy_of_probabilities": [((normal(4, 3), probabilities(4, 3)), {})],
}  # fmt: skip
