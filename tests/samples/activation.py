"""Samples for nn/kernels/activation/rectifier.py and nn/kernels/activation/gelu.py."""

from __future__ import annotations

from typing import Any

from tests.samples.arrays import Sample, apart, normal, one


def each(f: Any, *statics: dict[str, Any]) -> list[Sample]:
    """Samples of a function of one array, with every choice of static arguments."""
    return [(arrays, static) for static in statics for arrays, _ in one(f)]


def both(f: Any) -> list[Sample]:
    """Samples of a function of two arrays of one shape."""
    return [((f(*arrays[0].shape, seed=1), *arrays), static) for arrays, static in one(f)]


SAMPLES: dict[str, list[Sample]] = {
    **{name: [*one(normal), ((4 * normal(9),), {})] for name in ("gelu", "gelu_tanh", "silu", "mish")},
    **{f"{name}_pull": [*both(normal), ((normal(9, seed=1), 4 * normal(9)), {})]
       for name in ("gelu", "gelu_tanh", "silu", "mish")},
    "leaky_relu": each(apart, *({"negative_slope": s} for s in (0.0, 0.01, 1.5, -0.5))),
    "prelu": [((apart(2, 3, 4), normal(3, 1)), {}), ((apart(5), normal(1)), {}), ((apart(), normal()), {}),
              ((apart(2, 3), normal(2, 3)), {}), ((apart(0, 2), normal(1)), {})],
    "hardtanh": each(apart, {"low": -0.6, "high": 0.7}, {"low": 0.0, "high": 6.0}),
    "hardsigmoid": [*one(apart), ((7 * apart(9),), {})],
    "hardswish": [*one(apart), ((7 * apart(9),), {})],
    "hardshrink": each(apart, {"lambd": 0.5}, {"lambd": 0.0}),
    "softshrink": each(apart, {"lambd": 0.5}, {"lambd": 0.0}),
    "threshold": each(apart, {"threshold": 0.3, "value": 7.0}),
    "elu": each(apart, {"alpha": 1.0, "scale": 1.0, "rate": 1.0}, {"alpha": 1.7, "scale": 1.1, "rate": 1.0},
                {"alpha": 2.0, "scale": 1.0, "rate": 0.5}),
    "softplus": each(apart, {"beta": 1.0, "threshold": 20.0}, {"beta": 2.0, "threshold": 0.4}),
    "logsigmoid": one(normal),
    "softsign": one(apart),
    "glu": [((normal(3, 4),), {"axis": 1}), ((normal(4, 3),), {"axis": 0}), ((normal(2, 2, 3),), {"axis": 1}),
            ((normal(0, 2),), {"axis": 1})],
    "maxout": [((apart(3, 4),), {"pieces": 2, "axis": 1}), ((apart(6, 2),), {"pieces": 3, "axis": 0}),
               ((apart(2, 4, 3),), {"pieces": 2, "axis": 1}), ((apart(0, 2),), {"pieces": 2, "axis": 1}),
               ((apart(3, 2),), {"pieces": 1, "axis": 1})],
}  # fmt: skip
