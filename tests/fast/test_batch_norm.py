"""Kernels of batch, group and instance norm beside their plain rules."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from minigrad.nn import functional as F  # noqa: E402
from minigrad.nn.kernels.normalization.batch import batch_norm  # noqa: E402
from tests.fast.against_plain import (  # noqa: E402
    BATCH_LAST,
    CHANNELS_LAST,
    agree,
    declines,
    from_several_threads,
    lying,
    numbers,
    same,
)

pytestmark = pytest.mark.usefixtures("enabled")


CASES: list[tuple[Any, tuple[int, ...], tuple[int, ...]]] = [
    (None, (2, 1), (0,)),
    (None, (70, 33), (0,)),
    (None, (3, 200), (0,)),
    ((1, 0), (70, 5), (0,)),
    (None, (300, 3), (0,)),
    (None, (4, 3, 5), (0, 2)),
    (None, (2, 7, 3, 5), (0, 2, 3)),
    (BATCH_LAST, (4, 3, 5, 6), (0, 2, 3)),
    (CHANNELS_LAST, (4, 3, 5, 6), (0, 2, 3)),
    (None, (2, 7, 1, 1), (0, 2, 3)),
    (None, (2, 3, 4, 5), (2, 3)),
    (BATCH_LAST, (4, 3, 5, 6), (2, 3)),
    (BATCH_LAST, (1, 3, 5, 6), (2, 3)),
    (CHANNELS_LAST, (4, 3, 5, 6), (2, 3)),
]


@pytest.mark.parametrize(("order", "shape", "axis"), CASES)
def test_its_own_statistics(order: Any, shape: tuple[int, ...], axis: tuple[int, ...]) -> None:
    x, g = 3 * lying(order, *shape) + 1, lying(order, *shape, seed=1)
    weight, bias = numbers(2, shape[1], seed=2)
    for parts in ((weight, bias), (weight,), (None, bias), ()):
        out, *_ = agree("batch_norm", x, *parts, g=(g, None, None), axis=axis, eps=1e-5, tolerance=1e-5)
        assert out.strides == x.strides
    other = np.array(g, order="C")  # a gradient in another order of memory
    agree("batch_norm", x, weight, bias, g=(other, None, None), axis=axis, eps=1e-5, tolerance=1e-5)


@pytest.mark.parametrize("order", [None, BATCH_LAST, CHANNELS_LAST])
def test_special_numbers_stay_in_their_channels(order: Any) -> None:
    x = lying(order, 4, 8, 5, 3)
    x[0, :4, 0, 0] = [np.nan, np.inf, -np.inf, 100]
    x[:, 4:7] = np.array([1e6, 1e-40, 0], np.float32)[:, None, None]
    agree("batch_norm", x, numbers(8), axis=(0, 2, 3), eps=1e-5)
    g = np.roll(x, 1, axis=1)
    g[g == 1e6] = 100  # of gradients that are all the same nothing is left but rounding
    ordinary = lying(order, 4, 8, 5, 3, seed=1)
    agree("batch_norm", ordinary, numbers(8), g=(g, None, None), axis=(0, 2, 3), eps=1e-5, tolerance=1e-5)


@pytest.mark.parametrize("order", [None, (1, 0)])
def test_a_large_mean_and_many_rows_cost_no_digits(order: Any) -> None:
    x = lying(order, 30_000, 2) + np.array([0, 1000], np.float32)
    out, mean, variance = batch_norm.kernels["forward"](x, axis=(0,), eps=1e-5)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(mean[0], exact.mean(0), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(variance[0], exact.var(0), rtol=1e-5)
    np.testing.assert_allclose(out, (exact - exact.mean(0)) / exact.std(0), atol=2e-4)


def test_what_is_left_to_the_plain_rule() -> None:
    x = numbers(6, 8)
    options: dict[str, Any] = {"axis": (0,), "eps": 1e-5}
    assert declines("batch_norm", x.astype(np.float64), **options)
    assert declines("batch_norm", x, numbers(8).astype(np.float64), **options)
    assert declines("batch_norm", x, numbers(3), **options)
    assert declines("batch_norm", x[::2], **options)
    assert declines("batch_norm", x[:0], **options)
    assert declines("batch_norm", numbers(2, 3, 2, 3, 2), axis=(0, 2, 4), eps=1e-5)  # five turns
    _, mean, variance = batch_norm.kernels["forward"](x, **options)
    for g in ((x, mean, None), (x, None, variance), (None, mean, None), (x.astype(np.float64), None, None)):
        assert declines("batch_norm", g, x, None, mean, variance, (0,), 1e-5, (True,) * 3, of="joint")


LAYERS = {
    "batch": lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
    "known": lambda x, w, b: F.batch_norm(x, mg.ones(6), 2 * mg.ones(6), w, b),
    "instance": lambda x, w, b: F.instance_norm(x, None, None, w, b),
    "group": lambda x, w, b: F.group_norm(x, 3, w, b),
}


@pytest.mark.parametrize("order", [None, BATCH_LAST])
@pytest.mark.parametrize("name", LAYERS)
def test_layers_and_their_gradients(name: str, order: Any) -> None:
    def run() -> list[np.ndarray]:
        x = mg.from_numpy(lying(order, 8, 6, 3, 4)).requires_grad_()
        weight, bias = (mg.tensor(part, requires_grad=True) for part in numbers(2, 6, seed=1))
        out = LAYERS[name](x, weight, bias)
        out.backward(mg.tensor(numbers(*out.shape, seed=2)))
        return [out.detach().numpy(), *[leaf.grad.numpy() for leaf in (x, weight, bias)]]  # type: ignore[union-attr]

    fast = run()
    with mg.fast.disabled():
        same(fast, run(), 1e-5)


def test_several_threads_at_once() -> None:
    for x, axis in ((numbers(300, 40), (0,)), (numbers(8, 5, 6, 7), (0, 2, 3))):
        static: dict[str, Any] = {"axis": axis, "eps": 1e-5, "g": (x, None, None), "tolerance": 1e-5}
        from_several_threads(functools.partial(agree, "batch_norm", x, **static))
