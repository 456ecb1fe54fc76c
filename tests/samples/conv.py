"""Samples for nn/kernels/conv/convolution.py."""

from __future__ import annotations

from typing import Any

from tests.samples.arrays import Sample, normal


def _static(
    stride: Any = (1, 1), padding: Any = ((0, 0), (0, 0)), dilation: Any = (1, 1), groups: int = 1
) -> dict[str, Any]:
    return {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


_LINE = _static((2,), ((1, 0),), (2,))

# shape of the input, of the weight and of the output, and the static arguments
_CASES: list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((2, 2, 4, 3), (3, 2, 3, 2), (2, 3, 2, 2), _static()),
    ((1, 2, 4, 4), (2, 2, 1, 1), (1, 2, 4, 4), _static()),
    ((2, 1, 4, 5), (2, 1, 3, 3), (2, 2, 4, 5), _static(padding=((1, 1), (1, 1)))),
    ((1, 4, 5, 4), (2, 2, 2, 2), (1, 2, 2, 3), _static((2, 1), ((0, 1), (0, 0)), (2, 1), 2)),
    ((2, 2, 3, 4), (2, 1, 2, 3), (2, 2, 2, 2), _static((3, 2), ((1, 1), (0, 2)), groups=2)),
    ((32, 1, 3, 4), (1, 1, 2, 2), (32, 1, 2, 3), _static()),
    ((32, 2, 4, 4), (2, 1, 2, 2), (32, 2, 3, 3), _static((2, 1), ((2, 1), (0, 0)), (2, 1), 2)),
    ((32, 1, 5, 4), (1, 1, 3, 2), (32, 1, 3, 3), _static(padding=((1, 1), (0, 0)), dilation=(2, 1))),
    ((2, 2, 6), (2, 2, 2), (2, 2, 3), _LINE),
]

SAMPLES: dict[str, list[Sample]] = {
    "convolve": [
        *[((normal(*x), normal(*w, seed=1), normal(w[0], seed=2)), static) for x, w, _, static in _CASES],
        ((normal(1, 1, 3, 3), normal(1, 1, 2, 2), None), _static()),
    ],
    "convolve_input": [((normal(*g), normal(*w, seed=1)), {"size": x[2:], **static}) for x, w, g, static in _CASES],
    "convolve_weight": [((normal(*x), normal(*g, seed=1)), {"kernel": w[2:], **static}) for x, w, g, static in _CASES],
    "channel_sums": [((normal(2, 3, 2, 2),), {}), ((normal(2, 3, 4),), {})],
}
