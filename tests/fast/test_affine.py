"""The kernel of (x - center) · scale + shift, which is batch norm by known statistics, beside its plain rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

from minigrad.fast.pool import settings  # noqa: E402 - after the skips
from minigrad.nn import functional as F  # noqa: E402
from minigrad.nn.kernels.normalization.sums import affine  # noqa: E402
from tests.fast.against_plain import (  # noqa: E402
    agree,
    as_without_kernels,
    declines,
    derivatives,
    from_several_threads,
    lying,
    numbers,
    same,
)

pytestmark = pytest.mark.usefixtures("enabled_throughout")
BATCH_LAST, CHANNELS_LAST = (2, 1, 3, 0), (0, 2, 3, 1)
ORDERS = [None, BATCH_LAST, CHANNELS_LAST]
PARTS = [(True, True, True), (False, True, False), (False, True, True), (True, True, False)]  # center, scale, shift


def columns(shape: tuple[int, ...], parts: tuple[bool, ...] = (True, True, True)) -> list[Any]:
    return [numbers(*shape, seed=5 + i) if there else None for i, there in enumerate(parts)]


# --- what is computed -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("parts", PARTS)
def test_channels(parts: tuple[bool, ...], order: Any) -> None:
    x = lying(order, 4, 3, 5, 6)
    for shape in ((1, 3, 1, 1), (4, 3, 1, 1), (4, 1, 1, 1), (1, 3, 5, 6), (1, 1, 1, 1)):
        if not declines("affine", x, *columns(shape, parts)):  # as for what alternates in memory
            assert agree("affine", x, *columns(shape, parts)).strides == x.strides
    center, scale, shift = columns((1, 3, 1, 1), parts)
    agree("affine", x, center, *columns((4, 3, 1, 1), parts)[1:])
    agree("affine", x, center, scale, None if shift is None else shift[:, :1])
    assert not declines("affine", x, center, scale, shift)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (1, 7), (300, 3), (3, 300), (70, 65), (2, 3, 1, 1), (1, 2, 3, 4)])
def test_sizes(shape: tuple[int, ...]) -> None:
    kept = (1, shape[1], *(1,) * (len(shape) - 2))
    for x in (numbers(*shape), lying((1, 0, *range(2, len(shape))), *shape)):
        for parts in PARTS:
            agree("affine", x, *columns(kept, parts))


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_any_number_of_threads(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "threads", threads)
    for order in ORDERS:
        agree("affine", lying(order, 4, 3, 5, 6), *columns((1, 3, 1, 1)))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 100, -100, 1e-40, -0.0])
def test_special_numbers(special: float, order: Any) -> None:
    x, parts = lying(order, 4, 3, 5, 6), columns((1, 3, 1, 1))
    x[1, 1, 1, 1] = special
    out = agree("affine", x, *parts)
    assert np.isfinite(np.delete(out.ravel(), np.ravel_multi_index((1, 1, 1, 1), x.shape))).all()
    for place in range(3):
        spoilt = [part.copy() for part in parts]
        spoilt[place][0, 2] = special
        out = agree("affine", lying(order, 4, 3, 5, 6), *spoilt)
        assert np.isfinite(out[:, :2]).all()


def test_a_center_goes_before_the_scale() -> None:
    x = np.float32(1e6) + numbers(5, 4)
    out = agree("affine", x, np.full((1, 4), 1e6, np.float32), numbers(1, 4), numbers(1, 4))
    exact = (x.astype(np.float64) - 1e6) * numbers(1, 4) + numbers(1, 4)
    np.testing.assert_allclose(out, exact, rtol=1e-5, atol=1e-6)


# --- gradients --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("parts", PARTS)
def test_derivatives(parts: tuple[bool, ...], order: Any) -> None:
    given = [part for part in columns((1, 3, 1, 1), parts) if part is not None]

    def call(x: Any, *leaves: Any) -> Any:
        rest = iter(leaves)
        return affine(x, *[next(rest) if there else None for there in parts])

    as_without_kernels(lambda: derivatives(call, lying(order, 4, 3, 5, 6), *given))


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (4, 3, 5, 6)])
def test_batch_norm_by_known_statistics(shape: tuple[int, ...]) -> None:
    mean, variance = numbers(3, seed=1), np.abs(numbers(3, seed=2)) + np.float32(0.5)

    def call(x: Any, weight: Any, bias: Any) -> Any:
        return F.batch_norm(x, mean, variance, weight, bias)

    arrays = [numbers(*shape), numbers(3, seed=3), numbers(3, seed=4)]
    as_without_kernels(lambda: derivatives(call, *arrays))
    torch = pytest.importorskip("torch")
    known = [torch.tensor(a) for a in (arrays[0], mean, variance, *arrays[1:])]
    same(affine_of(arrays, mean, variance), torch.nn.functional.batch_norm(*known).numpy(), 1e-5)


def affine_of(arrays: list[np.ndarray], mean: np.ndarray, variance: np.ndarray) -> Any:
    """Batch norm as the kernel computes it."""
    x, weight, bias = arrays
    shape = (1, 3, *(1,) * (x.ndim - 2))
    scale = weight / np.sqrt(variance + np.float32(1e-5))
    return agree("affine", x, mean.reshape(shape), scale.reshape(shape), bias.reshape(shape))


# --- what is left to the plain rule -----------------------------------------------------------------------------------
def test_what_is_left_to_the_plain_rule() -> None:
    x, column = numbers(4, 3), numbers(1, 3)
    assert declines("affine", x.astype(np.float64), None, column, None)
    assert declines("affine", x, None, column.astype(np.float64), None)
    assert declines("affine", x, None, column[0], None)
    assert declines("affine", x, None, x, None)
    assert declines("affine", x[:1], None, x, None)
    assert declines("affine", x[:, ::2], None, column[:, ::2], None)
    assert declines("affine", np.broadcast_to(column, x.shape), None, column, None)
    assert declines("affine", x[:0], None, column, None)
    assert declines("affine", 2.0, None, x, None)
    assert declines("affine", x, None, 2.0, None)


def test_several_threads_at_once() -> None:
    for order in ORDERS:
        x, parts = lying(order, 8, 5, 6, 7), columns((1, 5, 1, 1))
        from_several_threads(lambda x=x, parts=parts: agree("affine", x, *parts))  # type: ignore[misc]
