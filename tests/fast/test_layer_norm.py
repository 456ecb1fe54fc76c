"""Kernels of layer norm and RMS norm beside their plain rules."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

from minigrad.nn.kernels.normalization.layer import layer_norm  # noqa: E402 - after the skips
from tests.fast.against_plain import (  # noqa: E402
    agree,
    declines,
    from_several_threads,
    numbers,
    rows_with_special_numbers,
)

pytestmark = pytest.mark.usefixtures("enabled")
SHAPES = [(1, 1), (1, 7), (5, 1), (3, 65), (2, 3, 17), (7,), (700, 33)]


@pytest.mark.parametrize("shape", SHAPES)
def test_layer_norm(shape: tuple[int, ...]) -> None:
    x, g = numbers(*shape) * 3 + 1, numbers(*shape, seed=1)
    weight, bias = numbers(2, shape[-1], seed=2)
    tolerance = 3e-6 if shape[-1] > 1 else 3e-4  # of one number nothing is left but rounding, times 1 / sqrt(eps)
    for parts in ((weight, bias), (weight,), (None, bias), ()):
        agree("layer_norm", x, *parts, g=g, eps=1e-5, tolerance=tolerance)


@pytest.mark.parametrize("shape", SHAPES)
def test_rms_norm(shape: tuple[int, ...]) -> None:
    x, g = numbers(*shape), numbers(*shape, seed=1)
    for parts in ((numbers(shape[-1], seed=2),), ()):
        agree("rms_norm", x, *parts, g=g, eps=1e-5, tolerance=1e-5)


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_special_numbers_stay_in_their_rows(name: str) -> None:
    x = rows_with_special_numbers(37)
    agree(name, x, eps=1e-5)
    ordinary = numbers(11, 37)
    g = rows_with_special_numbers(37)
    agree(name, ordinary, numbers(37, seed=1), g=g, eps=1e-5)
    agree(name, x[4:], numbers(37, seed=1), g=ordinary[4:], eps=1e-5)


def test_a_large_mean_keeps_the_digits_of_a_small_spread() -> None:
    x = (1e4 + np.arange(4000).reshape(8, 500) % 7).astype(np.float32)
    out, *_ = agree("layer_norm", x, eps=1e-5, tolerance=2e-3)
    exact = x - x.mean(1, keepdims=True, dtype=np.float64)
    exact /= np.sqrt(np.square(exact).mean(1, keepdims=True) + 1e-5)
    assert np.abs(out - exact).max() < 1e-3
    constant = np.full((3, 10), 12345.678, np.float32)
    assert not agree("layer_norm", constant, eps=1e-5)[0].any()


def test_many_rows_lose_no_digits_of_the_gradients_of_weights() -> None:
    x = numbers(50_000, 3)
    g = np.abs(numbers(50_000, 3, seed=1))
    normed, mean, reciprocal_std = layer_norm.kernels["forward"](x, eps=1e-5)
    _, of_weight, of_bias = layer_norm.kernels["joint"](g, x, None, mean, reciprocal_std, (True,) * 3)
    np.testing.assert_allclose(of_bias, g.sum(0, dtype=np.float64), rtol=1e-6)
    equal = np.full_like(g, 0.1)  # whose errors all go one way
    _, _, of_bias = layer_norm.kernels["joint"](equal, x, None, mean, reciprocal_std, (True,) * 3)
    np.testing.assert_allclose(of_bias, equal.sum(0, dtype=np.float64), rtol=1e-5)
    np.testing.assert_allclose(of_weight, (g.astype(np.float64) * normed).sum(0), rtol=1e-6, atol=1e-2)


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_any_layout(name: str) -> None:
    x, g = numbers(6, 5, 8), numbers(6, 5, 8, seed=1)
    for turn in (lambda a: a.swapaxes(0, 1), lambda a: a[:, ::2], lambda a: np.broadcast_to(a[:1], a.shape), np.flip):
        agree(name, turn(x), numbers(8), g=turn(g), eps=1e-5, tolerance=1e-5)
    agree(name, x[0].T, g=np.broadcast_to(np.float32(1), (8, 5)), eps=1e-5, tolerance=1e-5)


def test_what_is_left_to_the_plain_rule() -> None:
    x, weight = numbers(6, 8), numbers(8)
    for name in ("layer_norm", "rms_norm"):
        assert declines(name, x.astype(np.float64), eps=1e-5)
        assert declines(name, x, weight.astype(np.float64), eps=1e-5)
        assert declines(name, x, weight[::-1], eps=1e-5)
        assert declines(name, x[:0], weight, eps=1e-5)
        assert declines(name, x, weight[:1], eps=1e-5)  # which NumPy broadcasts


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_several_threads_at_once(name: str) -> None:
    from_several_threads(lambda: agree(name, numbers(300, 40), numbers(40), g=numbers(300, 40, seed=1), eps=1e-5))
