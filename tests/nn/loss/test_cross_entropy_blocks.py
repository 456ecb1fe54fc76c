"""Cross-entropy of many rows, which is computed in blocks: the same numbers as at once, in little memory."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

from minigrad import Tensor, autograd
from minigrad.nn import functional as F
from minigrad.nn.kernels.loss import cross_entropy as kernels

RNG = np.random.default_rng(0)
SIZES = {"one block": (1 << 16, 1 << 20), "blocks, kept": (16, 1 << 20), "blocks, again": (16, 16), "a row": (1, 1)}


@pytest.fixture(params=SIZES)
def cut(request, monkeypatch):
    """Blocks of few numbers, whose exponentials are kept or not."""
    for name, size in zip(("BLOCK", "KEPT"), SIZES[request.param], strict=True):
        monkeypatch.setattr(kernels, name, size)


def composed(rows, target):
    """The loss by its definition."""
    return -(np.where(np.equal(target, 0), 0, F.log_softmax(rows, dim=1)) * target).sum(dim=1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("shape", [(7, 5), (1, 40), (40, 2), (0, 3)])
def test_every_way_of_cutting_gives_the_same(cut, dtype, scale, shape):
    values = (scale * RNG.standard_normal(shape)).astype(dtype)
    labels, soft = RNG.integers(0, shape[1], shape[0]), RNG.random(shape).astype(dtype)
    soft[RNG.random(shape) < 0.2] = 0
    push = Tensor(RNG.standard_normal(shape[0]).astype(dtype))
    tolerance = {"rtol": 1e-12 if dtype == "float64" else 1e-5, "atol": 1e-14 if dtype == "float64" else 1e-6}
    for target in (labels, soft):
        whole = np.eye(shape[1], dtype=dtype)[labels] if target is labels else soft
        found = []
        for function, aim in ((F.cross_entropy, target), (composed, Tensor(whole))):
            x = Tensor(values, requires_grad=True)
            loss = function(x, aim, reduction="none") if function is F.cross_entropy else function(x, aim)
            (first,) = autograd.grad(loss, x, push, create_graph=True)
            (second,) = autograd.grad((first * first.detach().cos()).sum(), x)
            found.append([t.detach().numpy() for t in (loss, first, second)])
        for ours, theirs in zip(*found, strict=True):
            assert ours.dtype == dtype
            np.testing.assert_allclose(ours, theirs, **tolerance)


def test_impossible_classes(cut):
    logits = np.array([[0.0, -math.inf, 1.0], [-math.inf, 0.0, -math.inf], [1.0, 2.0, 3.0]])
    x = Tensor(logits, requires_grad=True)
    losses = F.cross_entropy(x, [1, 1, 2], reduction="none")
    assert losses.tolist()[:2] == [math.inf, 0]
    (grad,) = autograd.grad(losses.sum(), x)
    np.testing.assert_array_equal(grad.numpy()[1], 0)
    np.testing.assert_allclose(grad.numpy()[0], [1 / (1 + math.e), -1, math.e / (1 + math.e)])
    target = np.array([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    assert np.isfinite(F.cross_entropy(x, target, reduction="none").detach().numpy()).all()
    assert F.cross_entropy(x, target + 0.1, reduction="none").tolist()[:2] == [math.inf, math.inf]


def test_strided_rows(cut):
    values = RNG.standard_normal((6, 8))
    for rows in (values.T, values[::-2, ::3], np.broadcast_to(values[:1], (4, 8))):
        labels = np.arange(len(rows)) % 2
        x, y = Tensor(rows, requires_grad=True), Tensor(rows.copy(), requires_grad=True)
        for t in (x, y):
            F.cross_entropy(t, labels).backward()
        np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-14)


def test_a_large_input_costs_one_array_of_its_size():
    """Its gradient: neither the probabilities nor anything else of that size is kept or made on the way."""
    x = Tensor(np.zeros((1100, 2000), np.float32), requires_grad=True)
    labels = np.zeros(1100, int)
    size = x.numpy(force=True).nbytes
    assert x.numel() > kernels.KEPT
    tracemalloc.start()
    try:
        loss = F.cross_entropy(x, labels)
        assert tracemalloc.get_traced_memory()[1] < size / 10
        loss.backward()
        assert tracemalloc.get_traced_memory()[1] < 1.1 * size
    finally:
        tracemalloc.stop()
