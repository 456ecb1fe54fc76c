"""Samples for nn/kernels/normalization/batch.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, normal, positive

_CHANNELS = normal(3, seed=1), normal(3, seed=2)
_ROW = normal(4, seed=1), normal(4, seed=2)

SAMPLES: dict[str, list[Sample]] = {
    "center": [((normal(3, 4),), {"axis": axis}) for axis in ((0,), (1,), (0, 1))]
    + [((normal(2, 3, 4),), {"axis": (0, 2)})],
    "sum_of_products": [
        ((normal(3, 4, seed=1), y), {"axis": axis}) for axis in ((0,), (1,)) for y in (normal(3, 4, seed=2), None)
    ]
    + [((normal(2, 3, 4, seed=1), y), {"axis": (0, 2)}) for y in (normal(2, 3, 4, seed=2), None)],
    "project": [
        ((normal(3, 4, seed=1), normal(3, 4, seed=2), *(normal(*shape, seed=i) for i in (3, 4, 5))), {})
        for shape in ((1, 4), (3, 1))
    ] + [((normal(3, 4, seed=1), normal(3, 4, seed=2), normal(3, 1, seed=3), normal(3, 1, seed=4)), {})],
    "affine": [
        ((normal(2, 3, 4), normal(3, 1, seed=1), normal(3, 1, seed=2), normal(3, 1, seed=3)), {}),
        ((normal(3, 4), None, positive(3, 4), None), {}),
        ((normal(3, 4), None, positive(4), normal(1, seed=3)), {}),
    ],
    "batch_norm": [
        ((normal(5, 3), *_CHANNELS), {"axis": (0,), "eps": 1e-2}),
        ((normal(2, 3, 4), _CHANNELS[0], None), {"axis": (0, 2), "eps": 1e-2}),
        ((normal(2, 3, 2, 2), None, _CHANNELS[1]), {"axis": (0, 2, 3), "eps": 1e-2}),
        ((normal(2, 3, 4), *_CHANNELS), {"axis": (2,), "eps": 1e-2}),
        ((normal(2, 3, 1, 2, 2), None, None), {"axis": (2, 3, 4), "eps": 0.1}),
    ],
    "group_norm": [
        ((normal(2, 4), normal(4, seed=1), normal(4, seed=2)), {"groups": 2, "eps": 1e-2}),
        ((normal(2, 4, 3), normal(4, seed=1), None), {"groups": 1, "eps": 1e-2}),
        ((normal(2, 3, 2, 2), None, _CHANNELS[1]), {"groups": 3, "eps": 1e-2}),
        ((normal(0, 3, 2, 2), *_CHANNELS), {"groups": 3, "eps": 1e-2}),
    ],
    "layer_norm": [
        ((normal(3, 4), *_ROW), {"eps": 1e-2}),
        ((normal(2, 3, 4), _ROW[0], None), {"eps": 1e-2}),
        ((normal(4), None, _ROW[1]), {"eps": 1e-2}),
        ((normal(0, 4), *_ROW), {"eps": 1e-2}),
    ],
    "rms_norm": [
        ((normal(3, 4), _ROW[0]), {"eps": 1e-2}),
        ((normal(2, 3, 4), None), {"eps": 1e-2}),
        ((normal(4), _ROW[0]), {"eps": 1e-2}),
        ((normal(0, 4), _ROW[0]), {"eps": 1e-2}),
    ],
}  # fmt: skip
