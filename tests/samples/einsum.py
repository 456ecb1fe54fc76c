"""Samples for ops/einsum.py."""

from __future__ import annotations

from tests.samples.arrays import Sample, normal

PAIRS = {
    "ij,jk->ik": ((2, 3), (3, 4)),
    "ij,jk->ki": ((2, 3), (3, 4)),
    "bij,bkj->kbi": ((2, 3, 4), (2, 2, 4)),
    "ij,ij->ij": ((2, 3), (2, 3)),
    "ij,ij->i": ((2, 3), (2, 3)),
    "ij,ij->": ((2, 3), (2, 3)),
    "i,j->ji": ((2,), (3,)),
    "ab,cb->abc": ((2, 3), (2, 3)),
    ",ij->ij": ((), (2, 3)),
    "ijk,lkj->il": ((2, 3, 2), (2, 2, 3)),
    "ij,j->i": ((2, 0), (0,)),
}

SAMPLES: dict[str, list[Sample]] = {
    "einsum": [((normal(*a), normal(*b, seed=1)), {"subscripts": text}) for text, (a, b) in PAIRS.items()],
    "diagonals": [
        ((normal(3, 3),), {"subscripts": "ii->i"}),
        ((normal(2, 3, 2),), {"subscripts": "iji->ij"}),
        ((normal(2, 2, 2),), {"subscripts": "iii->i"}),
    ],
    "from_diagonals": [
        ((normal(3),), {"subscripts": "ii->i", "shape": (3, 3)}),
        ((normal(2, 3),), {"subscripts": "iji->ij", "shape": (2, 3, 2)}),
    ],
}  # fmt: skip
