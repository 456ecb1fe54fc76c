"""Kernels of sums beside their plain functions, and how arrays are seen as what is summed over and what is kept."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from minigrad.fast.folds import fold_of  # noqa: E402
from minigrad.fast.kernels import sums  # noqa: E402
from tests.fast.against_plain import SPECIAL, agree, declines, from_several_threads, numbers, same  # noqa: E402

pytestmark = pytest.mark.usefixtures("enabled")
SHAPE = (2, 5, 3, 7)
ORDERS = [(0, 1, 2, 3), (2, 1, 3, 0), (3, 2, 1, 0)]
AXES = [axis for n in range(1, 5) for axis in itertools.combinations(range(4), n)]


def lying(order: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return numbers(*[SHAPE[d] for d in order], seed=seed).transpose(np.argsort(order))


@pytest.mark.parametrize("order", ORDERS)
def test_a_fold_brings_back_what_it_took_apart(order: tuple[int, ...]) -> None:
    x = lying(order)
    for axis in AXES:
        fold = fold_of(x, axis)
        kept = np.sum(x, axis, keepdims=True)
        if fold is None:  # more turns than it has dimensions
            assert len(axis) == 2
            continue
        whole = fold.whole(x)
        assert np.shares_memory(whole, x)
        total = whole.sum((0, 2))
        np.testing.assert_allclose(fold.part(total), kept, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(fold.column(kept), total, rtol=1e-5, atol=1e-5)
        assert (fold.column(None, 3) == 3).all()
    assert fold_of(x[:, ::2], (0,)) is None and fold_of(np.broadcast_to(x[:1], x.shape), (0,)) is None


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_sums_and_means(name: str, order: tuple[int, ...]) -> None:
    x = lying(order)
    for axis in AXES:
        for keepdims in (False, True):
            if fold_of(x, axis) is not None:
                agree(name, x, axis=axis, keepdims=keepdims)
    out = agree(name, x, axis=None, keepdims=False)
    assert type(out) is type(np.sum(x))
    agree(name, x, axis=None, keepdims=True)


@pytest.mark.parametrize("shape", [(1,), (1, 1), (40_000,), (700, 3), (3, 700), (5, 1)])
def test_sums_of_all_sizes(shape: tuple[int, ...]) -> None:
    x = numbers(*shape)
    for axis in (None, (0,), (len(shape) - 1,)):
        agree("sum", x, axis=axis)
        if axis:
            agree("sum_of_products", x, axis=axis)
            agree("sum_of_products", x, numbers(*shape, seed=1), axis=axis)


@pytest.mark.parametrize("order", ORDERS)
def test_sums_of_products(order: tuple[int, ...]) -> None:
    x = lying(order)
    for axis in AXES:
        if fold_of(x, axis) is not None:
            agree("sum_of_products", x, lying(order, 1), axis=axis)
            agree("sum_of_products", lying((0, 1, 2, 3), 1), x, axis=axis)


@pytest.mark.parametrize("special", SPECIAL.values(), ids=SPECIAL)
def test_special_numbers(special: list[float]) -> None:
    x = numbers(6, 5)
    x[0, : len(special)] = special
    for axis in ((0,), (1,), None):
        agree("sum", x, axis=axis)
    agree("sum_of_products", x, numbers(6, 5, seed=1), axis=(0,))


def test_many_numbers_lose_no_digits() -> None:
    x = np.abs(numbers(200_000, 2)) + 1
    exact = x.sum(0, dtype=np.float64)
    for array, axis in ((x, (0,)), (np.ascontiguousarray(x.T), (1,))):
        np.testing.assert_allclose(sums.sum_.kernels["forward"](array, axis=axis), exact, rtol=2e-7)


def test_what_is_left_to_the_plain_function() -> None:
    x = numbers(4, 6)
    for name in ("sum", "mean"):
        for other in (x.astype(np.float64), x.astype(np.float16), np.ones((4, 6), np.int64), x[::2], numbers(2, 0)):
            assert declines(name, other, axis=(1,))
        assert declines(name, numbers(2, 3, 2), axis=())
    assert declines("sum_of_products", x, x.astype(np.float64), axis=(0,))
    assert declines("sum_of_products", x, x[:1], axis=(0,))
    assert mg.tensor(np.full(100, 3e38, np.float32)).sum().item() == np.inf


def test_rules_that_sum() -> None:
    def run() -> list[np.ndarray]:
        x = mg.tensor(numbers(30, 7), requires_grad=True)
        (mg.exp(x - x.mean(1, keepdim=True)).sum(0).mean() + (x * x).sum()).backward()
        assert x.grad is not None
        return [x.grad.numpy()]

    fast: Any = run()
    with mg.fast.disabled():
        same(fast, run(), 1e-5)


def test_several_threads_at_once() -> None:
    x = numbers(500, 60)
    for axis in (None, (0,), (1,)):
        from_several_threads(lambda axis=axis: agree("sum", x, axis=axis))
