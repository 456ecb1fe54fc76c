"""Samples for nn/kernels/loss/divergence.py."""

from __future__ import annotations

import numpy as np

from tests.samples.arrays import Sample, normal, positive, probabilities

P, Q = probabilities(4, 3), probabilities(3, 4).T.copy()

SAMPLES: dict[str, list[Sample]] = {
    "entropy_terms": [((P,), {})],
    "cross_entropy_terms": [((P, Q), {})],
    "relative_entropy_terms": [((P, Q), {}), ((positive(2, 0), positive(2, 0)), {})],
    "jensen_shannon_terms": [((P, Q), {}), ((P, P + 0.01), {})],
    "divergence_terms": [((np.log(Q), P), {})],
    "divergence_terms_of_logs": [((np.log(Q), np.log(P)), {})],
    "exp_beyond_line": [((normal(4, 3),), {}), ((0.1 * normal(5),), {}), ((np.array([-0.25, 0.25, 1e-3, 0.0]),), {})],
}
