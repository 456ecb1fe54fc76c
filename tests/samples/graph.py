"""Samples for nn/kernels/graph.py."""

from __future__ import annotations

import numpy as np

from minigrad.nn.kernels.graph import Edges, Ends, OneEach, into
from tests.samples.arrays import Sample, normal

# Enough elements for the groups of nn/kernels/graph.py: 130 edges from three nodes to five, one of which gets none.
_many = Edges(Ends(np.arange(130) % 3, 3), Ends(np.array([0, 0, 1, 1, 3]).repeat(26), 5))
_wide = normal(3, 4, 8)

# Four sources, three targets; a repeated edge, targets with three, two and no edges.
_edges = Edges(Ends(np.array([0, 3, 0, 2, 0]), 4), Ends(np.array([2, 0, 2, 0, 2]), 3))
_groups = into(np.array([1, 0, 1, 1, 3]), 4)
_none = Edges(Ends(np.zeros(0, np.int64), 4), Ends(np.zeros(0, np.int64), 3))
_same = Edges(Ends(np.array([1, 1, 0]), 4), OneEach(3))

SAMPLES: dict[str, list[Sample]] = {
    "propagate": [
        ((normal(4, 2), normal(5)), {"edges": _edges}),
        ((normal(4), normal(5)), {"edges": _edges}),
        ((normal(4, 2, 3), normal(5, 2)), {"edges": _edges}),
        ((normal(4, 2), normal(5, 2)), {"edges": _edges}),
        ((normal(4, 2), normal(0)), {"edges": _none}),
        ((normal(4, 2), normal(3)), {"edges": _same}),
        ((_wide, normal(130)), {"edges": _many}),
        ((_wide, normal(130, 4)), {"edges": _many}),
        ((_wide, None), {"edges": _many}),
    ],
    "along_edges": [
        ((normal(4, 2), normal(3, 2, seed=1)), {"edges": _edges, "rank": 1}),
        ((normal(4, 2, 3), normal(3, 2, 3, seed=1)), {"edges": _edges, "rank": 2}),
        ((normal(4), normal(3, seed=1)), {"edges": _edges, "rank": 1}),
    ],
    "segment_extreme": [
        ((normal(5, 2),), {"edges": _groups, "largest": True}),
        ((normal(5),), {"edges": _groups, "largest": False}),
        ((normal(4, 2),), {"edges": _edges, "largest": True}),
        ((_wide,), {"edges": _many, "largest": True}),
    ],
    "segment_softmax": [((normal(5, 2),), {"edges": _groups}), ((normal(5),), {"edges": _groups})],
}
