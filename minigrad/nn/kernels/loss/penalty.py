"""Penalties on weights in one pass and one node for each parameter."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.arrays import sum_along
from ....core.declare import primitive


@primitive(shown="elastic_net")
def weight_penalty(x: Any, *, l1: float, l2: float) -> Any:
    """l1 Σ|x| + l2 Σx² over all elements; the derivative of |x| at 0 is 0."""
    if not l1:
        return l2 * sum_along(x * x, None, False)
    size = l1 * sum_along(np.abs(x), None, False)
    return size + l2 * sum_along(x * x, None, False) if l2 else size


def _weight_penalty_x(g: Any, x: Any, l1: float, l2: float) -> Any:
    if not l2:
        return g * l1 * np.sign(x)
    slope = (2 * l2) * x
    return g * (slope + l1 * np.sign(x) if l1 else slope)


weight_penalty.rule(x=_weight_penalty_x)
