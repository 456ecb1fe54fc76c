"""Broadcasting, forwards and backwards, against NumPy's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.core.broadcasting import broadcast, unbroadcast
from tests.fake_device import DeviceArray

SHAPES = [(), (1,), (3,), (1, 1), (1, 3), (2, 1), (2, 3), (0, 3), (1, 2, 3), (2, 0, 1), (64, 4, 40)]
PAIRS = [
    (small, large)
    for small, large in itertools.product(SHAPES, SHAPES)
    if len(small) <= len(large) and all(n in (1, m) for n, m in zip(small[::-1], large[::-1], strict=False))
]


@pytest.mark.parametrize(("small", "large"), PAIRS)
def test_both_directions(small: tuple[int, ...], large: tuple[int, ...]) -> None:
    for dtype in (np.float16, np.float32, np.float64):
        x = np.random.default_rng(0).standard_normal(small).astype(dtype)
        wide = broadcast(x, large)
        np.testing.assert_array_equal(wide, np.broadcast_to(x, large))
        assert wide.dtype == dtype and wide.base is not None and not wide.flags.writeable
        g = np.random.default_rng(1).integers(-4, 5, large).astype(dtype)
        axes = tuple(range(len(large) - len(small)))
        axes += tuple(i for i in range(len(axes), len(large)) if small[i - len(axes)] == 1)
        expected = g.astype(np.float64).sum(axes).reshape(small)
        for arrived in (g, Tensor(g), *([] if dtype == np.float16 else [DeviceArray(g)])):
            back = unbroadcast(arrived, small)
            values = back.numpy() if isinstance(back, Tensor) else back.get() if isinstance(back, DeviceArray) else back
            np.testing.assert_array_equal(values, expected)
            assert values.dtype == dtype and values.shape == small


def test_a_bare_number_and_the_view_of_one() -> None:
    assert broadcast(np.float32(2), (2, 2)).tolist() == [[2.0, 2.0]] * 2
    whole = np.arange(12.0).reshape(3, 4)
    assert broadcast(whole[1:2, 2:3], (2, 3)).tolist() == [[6.0] * 3] * 2
    np.testing.assert_array_equal(broadcast(np.array(np.nan), (2,)), [np.nan] * 2)


def test_the_gradient_of_a_bias_needs_no_second_copy() -> None:
    for rows in (4, 4096):  # a sum of NumPy's, and a product with ones
        assert unbroadcast(np.ones((rows, 8), np.float32), (8,)).base is None
