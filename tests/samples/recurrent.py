"""Samples for ops/recurrent."""

from __future__ import annotations

from typing import Any

from tests.samples.arrays import Sample, normal

EQUAL, RAGGED = (2, 2, 2), (3, 2, 2, 1)
CASES = [(EQUAL, False, True), (EQUAL, True, False), (RAGGED, False, True), (RAGGED, True, True)]


def _arguments(gates: int, states: int, sizes: tuple[int, ...], bias: bool = True, width: int = 2) -> tuple[Any, ...]:
    """Inputs of size 3, initial states, weights and biases."""
    rows = gates * width
    return (
        normal(sum(sizes), 3, seed=1),
        *[normal(sizes[0], width, seed=2 + i) for i in range(states)],
        normal(rows, 3, seed=4) * 0.6,
        normal(rows, width, seed=5) * 0.6,
        *([normal(rows, seed=6) * 0.6, normal(rows, seed=7) * 0.6] if bias else [None, None]),
    )


def _samples(gates: int, states: int, **static: Any) -> list[Sample]:
    return [
        (_arguments(gates, states, sizes, bias), {"sizes": sizes, "reverse": reverse, **static})
        for sizes, reverse, bias in CASES
    ]


SAMPLES: dict[str, list[Sample]] = {
    "rnn": [*_samples(1, 1), *_samples(1, 1, relu=True)],
    "lstm": _samples(4, 2),
    "gru": _samples(3, 1),
}
