"""Products inside kernels: shared among threads, in tiles, in panels; and stacks of matrices."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

from minigrad.fast import tiles  # noqa: E402 - after the skips
from minigrad.fast.pool import settings  # noqa: E402
from minigrad.fast.products import product  # noqa: E402
from minigrad.fast.stacks import by_rows, is_stack, places  # noqa: E402
from tests.fast.against_plain import from_several_threads, numbers, same  # noqa: E402

pytestmark = pytest.mark.usefixtures("enabled_throughout")
f32 = np.float32


def exact(a: np.ndarray, b: np.ndarray) -> Any:
    return (a.astype(np.float64) @ b.astype(np.float64)).astype(a.dtype)


# --- shared among threads ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_where_the_product_goes(dtype: Any, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into new memory, or into a part of the columns of a matrix, whatever was there."""
    monkeypatch.setattr(settings, "threads", threads)
    for m, k, n in ((1, 1, 1), (3, 5, 70), (70, 5, 3), (33, 1, 17)):
        a, b = numbers(m, k).astype(dtype), numbers(k, n, seed=1).astype(dtype)
        whole = np.full((m, n + 3), np.nan, dtype)
        same(product(a, b, out=whole[:, 1 : n + 1]), exact(a, b))
        same(whole[:, 1 : n + 1], exact(a, b))
        assert np.isnan(whole[:, 0]).all() and np.isnan(whole[:, n + 1 :]).all()
        same(product(a, b), exact(a, b))


def test_what_is_no_product() -> None:
    a = numbers(4, 4)
    for wrong in (a[:0], a[:, :0], a[::2, ::2], a[::-1], np.broadcast_to(f32(1), (4, 4))):
        assert product(wrong, a[: wrong.shape[1]]) is NotImplemented


def test_single_rows_and_columns_of_any_stride() -> None:
    wide = numbers(9, 9)
    rows = [wide[2:3], wide[::-1][:1], wide.T[3:4, ::1].copy(), np.broadcast_to(wide[0], (1, 9)), wide[:, 4:5].T]
    for row, other in itertools.product(rows, rows):
        if row.shape == other.shape == (1, 9):
            for a, b in ((row, other.T), (other.T, row)):
                result = product(a, b)
                if result is not NotImplemented:
                    same(result, exact(a, b))


# --- in tiles ---------------------------------------------------------------------------------------------------------
SIZES = [(1, 1, 1), (3, 5, 2), (241, 33, 129), (500, 70, 5), (5, 70, 300), (2, 5000, 3), (250, 40, 140)]


@pytest.mark.parametrize("sizes", SIZES)
def test_tiles(sizes: tuple[int, int, int]) -> None:
    m, k, n = sizes
    a, b, before = numbers(m, k), numbers(k, n, seed=1), numbers(m, n, seed=2)
    for left in (a, np.asfortranarray(a)):
        for right in (b, np.asfortranarray(b)):
            out = before.copy()
            tiles.multiply_tiles(left, right, out, f32(0.5), f32(2))
            same(out, f32(0.5) * exact(a, b) + 2 * before, 1e-5)
            out = np.full_like(before, np.nan)
            tiles.multiply_tiles(left, right, out, f32(1), f32(0))
            same(out, exact(a, b), 1e-5)


@pytest.mark.parametrize("sizes", SIZES)
def test_panels(sizes: tuple[int, int, int]) -> None:
    m, k, n = sizes
    a, b, before = numbers(m, k), numbers(k, n, seed=1), numbers(m, n, seed=2)
    for right in (b, np.asfortranarray(b)):
        panels = tiles.panels(right)
        assert np.sort(panels).tolist() == np.sort(b.ravel()).tolist()
        out = before.copy()
        tiles.multiply(a, panels, out, f32(1))
        same(out, exact(a, b) + before, 1e-5)
    for columns in {1, max(n // 2, 1), n}:  # those of a wider matrix
        out = np.full((m, n), np.nan, f32)
        tiles.multiply(a, panels, out[:, :columns], f32(0))
        same(out[:, :columns], exact(a, b[:, :columns]), 1e-5)
        assert np.isnan(out[:, columns:]).all()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_products_of_a_transposed_matrix(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "threads", threads)
    for rows, m, n in ((1, 1, 1), (50, 3, 70), (7, 70, 3), (300, 20, 33), (5, 400, 400)):
        x, y = numbers(rows, m), numbers(rows, n, seed=1)
        same(tiles.turned_product(x, y), exact(x.T, y), 1e-5)
        wide = np.concatenate([x, x], 1)[:, m:]
        same(tiles.turned_product(wide, y), exact(x.T, y), 1e-5)


def test_several_threads_at_once() -> None:
    x, y = numbers(300, 20), numbers(300, 33, seed=1)
    from_several_threads(lambda: [tiles.turned_product(x, y), product(x.T, y)])


# --- stacks -----------------------------------------------------------------------------------------------------------
def test_rows_are_copied_only_if_need_be() -> None:
    x = numbers(2, 3, 4, 5)
    for kept in (x, x.swapaxes(0, 2), x[..., :3], x[:, ::2, ::2], x[:, :, ::-1][:, :, :1], x[:, :1, :1]):
        assert by_rows(kept) is kept
    for turned in (x.swapaxes(2, 3), x[..., ::2], x[:, :, ::-1], np.broadcast_to(x[..., :1, :], x.shape)):
        assert by_rows(turned) is not turned and by_rows(turned).flags.c_contiguous
        same(by_rows(turned), np.ascontiguousarray(turned))


def test_where_matrices_are() -> None:
    x = numbers(2, 3, 4, 5)
    for stack in (x, x.swapaxes(0, 1), x[::-1, ::2], np.broadcast_to(x[:1], x.shape), x[0, 0], x[:, 0]):
        addresses, steps = places([None, stack, stack[..., 1:, :]])
        lead = list(np.ndindex(stack.shape[:-2]))
        assert addresses.shape == (3, len(lead)) and not addresses[0].any() and not steps[0]
        assert addresses[1].tolist() == [stack[i].ctypes.data for i in lead]
        assert addresses[2].tolist() == [stack[i][1:].ctypes.data for i in lead]
        assert steps[1] == steps[2] == stack.strides[-2]


def test_what_is_a_stack() -> None:
    assert is_stack(numbers(2, 3)) and is_stack(numbers(1, 2, 3))
    for wrong in (numbers(3), numbers(0, 3), numbers(2, 3).astype(np.float64), [[1.0]], numbers(2, 3).view(np.matrix)):
        assert not is_stack(wrong)
