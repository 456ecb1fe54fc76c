"""Windows whose sizes are given as a number, as one in a sequence, or one for each dimension."""

from __future__ import annotations

import numpy as np

from minigrad import nn
from minigrad.nn import functional as F
from tests.parity import torch
from tests.walk import agree


def options(rng: np.random.Generator, dimensions: int, **most: int) -> dict[str, object]:
    """Each named option or not, as a number, as a sequence of one or of several, with () among the strides."""
    found: dict[str, object] = {}
    for name, limit in most.items():
        least = 0 if "padding" in name else 1
        value = int(rng.integers(least, limit + 1))
        several = tuple(rng.integers(least, limit + 1, dimensions).tolist())
        found[name] = [value, (value,), several, ()][rng.integers(4)]
    return {name: value for name, value in found.items() if rng.random() < 0.8}


def test_pooling_windows() -> None:
    rng = np.random.default_rng(0)
    given = 0
    for _ in range(200):
        dimensions = int(rng.integers(1, 3))
        kind = str(rng.choice(["avg", "max"]))
        x = rng.permutation(2 * 7**dimensions).astype(float).reshape(1, 2, *[7] * dimensions)
        kernel = [2, (2,), (3, 2)[:dimensions]][rng.integers(3)]
        limits = {"stride": 3, "padding": 1} | ({"dilation": 2} if kind == "max" else {})
        chosen = options(rng, dimensions, **limits)
        name = f"{kind}_pool{dimensions}d"
        given += agree(
            lambda x, name=name, k=kernel, o=chosen: getattr(F, name)(x, k, **o),
            lambda x, name=name, k=kernel, o=chosen: getattr(torch.nn.functional, name)(x, k, **o),
            x,
            order=1,
        )
        layer = f"{kind.title()}Pool{dimensions}d"
        given += agree(
            lambda x, layer=layer, k=kernel, o=chosen: getattr(nn, layer)(k, **o)(x),
            lambda x, layer=layer, k=kernel, o=chosen: getattr(torch.nn, layer)(k, **o)(x),
            x,
            order=1,
        )
    assert given > 150


def test_convolution_windows() -> None:
    rng = np.random.default_rng(1)
    given = 0
    for _ in range(120):
        dimensions = int(rng.integers(1, 3))
        transposed = rng.random() < 0.5
        x, weight = rng.normal(size=(1, 2, *[6] * dimensions)), rng.normal(size=(2, 2, *[2] * dimensions))
        limits = {"stride": 3, "padding": 1, "dilation": 2} | ({"output_padding": 1} if transposed else {})
        chosen = options(rng, dimensions, **limits)
        name = f"conv_transpose{dimensions}d" if transposed else f"conv{dimensions}d"
        given += agree(
            lambda x, w, name=name, o=chosen: getattr(F, name)(x, w, **o),
            lambda x, w, name=name, o=chosen: getattr(torch.nn.functional, name)(x, w, **o),
            x,
            weight,
            order=1,
        )
    assert given > 40


def test_negative_eps() -> None:
    x = np.random.default_rng(2).normal(size=(2, 4, 5)) * 3
    for eps in (-1e-3, -1e-6, 0.0):
        for call in (
            lambda F, x, eps=eps: F.layer_norm(x, (5,), eps=eps),
            lambda F, x, eps=eps: F.rms_norm(x, (5,), eps=eps),
            lambda F, x, eps=eps: F.group_norm(x, 2, eps=eps),
            lambda F, x, eps=eps: F.instance_norm(x, eps=eps),
            lambda F, x, eps=eps: F.normalize(x, eps=eps),
            lambda F, x, eps=eps: F.batch_norm(x, None, None, training=True, eps=eps),
        ):
            agree(lambda x, call=call: call(F, x), lambda x, call=call: call(torch.nn.functional, x), x, order=1)
