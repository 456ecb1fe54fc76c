"""Kernels of embeddings beside their plain functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from minigrad.nn import functional as F  # noqa: E402
from tests.fast.against_plain import agree, declines, from_several_threads, numbers, same  # noqa: E402

pytestmark = pytest.mark.usefixtures("enabled")


def index(rows: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, rows, shape)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5)])
@pytest.mark.parametrize(("rows", "width"), [(1, 1), (5, 3), (200, 33), (9, 70)])
def test_rows_are_taken_and_added(rows: int, width: int, shape: tuple[int, ...]) -> None:
    i = np.array(index(rows, *shape))
    agree("take_rows", numbers(rows, width), index=i)
    agree("add_rows", numbers(*shape, width), index=i, rows=rows)


def test_special_numbers_stay_in_their_rows() -> None:
    values = numbers(6, 4)
    values[:4, 0] = [np.nan, np.inf, -np.inf, 1e-40]
    agree("add_rows", values, index=np.array([0, 1, 2, 3, 5, 5]), rows=300)
    agree("add_rows", values, index=np.array([0, 1, 1, 1, 5, 5]), rows=300)
    agree("take_rows", values, index=np.array([[0, 1], [2, 2]]))


def test_rows_of_any_shape_and_whole_numbers_of_any_kind() -> None:
    agree("add_rows", numbers(4, 2, 3), index=np.array([1, 1, 0, 3]), rows=5)
    agree("add_rows", numbers(4, 2, 3), index=index(5, 4, 2), rows=5)
    for dtype in (np.uint8, np.int32, np.uint32):
        agree("take_rows", numbers(9, 3), index=index(9, 8).astype(dtype)[::2])


def test_rows_of_any_layout_are_added() -> None:
    for values in (
        numbers(5, 4, 3).swapaxes(0, 1),
        np.flip(numbers(4, 5, 3)),
        np.broadcast_to(np.float32(1), (4, 5, 3)),
    ):
        agree("add_rows", values, index=index(6, 4, 5), rows=6)


def test_what_is_left_to_the_plain_function() -> None:
    table = numbers(6, 8)
    for wrong in (np.array([6]), np.array([-1]), np.array([], np.int64), np.array([True])):
        assert declines("take_rows", table, index=wrong)
        assert declines("add_rows", numbers(1, 8), index=wrong, rows=6)
    known = np.array([1])
    for other in (table.astype(np.float64), table.T, numbers(6, 8, 2)):
        assert declines("take_rows", other, index=known)
    assert declines("add_rows", numbers(1, 8).astype(np.float64), index=known, rows=6)
    assert declines("add_rows", numbers(1, 0), index=known, rows=6)
    assert declines("add_rows", numbers(1, 8), index=np.array([1, 1]), rows=6)


@pytest.mark.parametrize("options", [{}, {"padding_idx": 2}, {"scale_grad_by_freq": True}])
def test_an_embedding_and_its_gradient(options: dict[str, Any]) -> None:
    def run() -> list[np.ndarray]:
        table = mg.tensor(numbers(5, 3), requires_grad=True)
        out = F.embedding(mg.tensor(index(5, 4, 6)), table, **options)
        out.backward(mg.tensor(numbers(4, 6, 3, seed=1)))
        assert table.grad is not None
        return [out.detach().numpy(), table.grad.numpy()]

    fast = run()
    with mg.fast.disabled():
        same(fast, run())


def test_several_threads_at_once() -> None:
    values, i = numbers(500, 40), index(30, 500)
    from_several_threads(lambda: agree("add_rows", values, index=i, rows=30))
