"""Samples for nn/kernels/pooling.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.samples.arrays import Sample, apart, normal


def _how(axis: int, kernel_size: int, stride: int, before: int = 0, dilation: int = 1) -> dict[str, Any]:
    return {"axis": axis, "kernel_size": kernel_size, "stride": stride, "before": before, "dilation": dilation}


# shape of the input, number of windows, and how they slide
_CASES: list[tuple[tuple[int, ...], int, dict[str, Any]]] = [
    ((3, 6), 3, _how(1, 2, 2)),
    ((5, 2), 2, _how(0, 2, 2)),
    ((2, 7, 2), 5, _how(1, 3, 1)),
    ((7,), 4, _how(0, 3, 2, 1)),
    ((2, 8), 3, _how(1, 3, 2, 1, 2)),
    ((4,), 4, _how(0, 1, 1)),
    ((7,), 3, _how(0, 2, 3)),
]


def _winner(windows: int, case: tuple[int, ...], how: dict[str, Any]) -> np.ndarray:
    shape = (*case[: how["axis"]], windows, *case[how["axis"] + 1 :])
    return np.random.default_rng(0).integers(0, how["kernel_size"], shape).astype(np.uint8)


def _sums(how: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in how.items() if name != "dilation"}


SAMPLES: dict[str, list[Sample]] = {
    "max_along": [((apart(*x),), {**how, "windows": n}) for x, n, how in _CASES],
    "put_winners": [
        ((normal(*_winner(n, x, how).shape),), {**how, "size": x[how["axis"]], "winner": _winner(n, x, how)})
        for x, n, how in _CASES
    ],
    "take_winners": [((normal(*x),), {**how, "winner": _winner(n, x, how)}) for x, n, how in _CASES],
    "window_sums": [((normal(*x),), {**_sums(how), "windows": n}) for x, n, how in _CASES if how["dilation"] == 1],
    "window_spread": [
        ((normal(*_winner(n, x, how).shape),), {**_sums(how), "size": x[how["axis"]]})
        for x, n, how in _CASES
        if how["dilation"] == 1
    ],
}
