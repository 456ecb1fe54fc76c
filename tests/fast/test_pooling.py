"""Kernels of pooling beside the plain functions."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from minigrad.core.primitive import REGISTRY  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from tests.fast.against_plain import (  # noqa: E402
    BATCH_LAST,
    CHANNELS_LAST,
    SPECIAL,
    agree,
    declines,
    from_several_threads,
    lying,
    numbers,
    same,
)

pytestmark = pytest.mark.usefixtures("enabled")


def slid(
    size: int, kernel_size: int, stride: int, before: int = 0, after: int = 0, dilation: int = 1
) -> dict[str, int]:
    """How windows slide, and how many there are."""
    windows = (size + before + after - dilation * (kernel_size - 1) - 1) // stride + 1
    return {
        "kernel_size": kernel_size, "windows": windows, "stride": stride, "before": before, "dilation": dilation,
    }  # fmt: skip


def without(how: dict[str, int], name: str, **more: int) -> dict[str, int]:
    return {known: value for known, value in how.items() if known != name} | more


def largest_agree(x: np.ndarray, axis: int, how: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Assert that the largest of windows, and who they are, come out as in the plain function; returns both."""
    op = REGISTRY["max_along"]
    before = np.array(x)
    got, want = op.kernels["forward"](x, axis=axis, **how), op.plain(x, axis=axis, **how)
    assert got is not NotImplemented
    same(got[0], want[0], 0)
    np.testing.assert_array_equal(got[1], want[1])  # two positions are numbers in the one, and truths in the other
    np.testing.assert_array_equal(x, before)
    return got


def all_of_them(x: np.ndarray, axis: int, how: dict[str, int]) -> list[np.ndarray]:
    """The largest, the sums, and the gradients of both."""
    out, winner = largest_agree(x, axis, how)
    g = np.empty_like(out)
    g[...] = numbers(*out.shape, seed=1)
    size = without(how, "windows", size=x.shape[axis])
    results = [out, winner, agree("put_winners", g, winner=winner, axis=axis, **size)]
    plain = REGISTRY["max_along"].plain(x, axis=axis, **how)[1]
    results.append(agree("put_winners", np.ascontiguousarray(g), winner=plain, axis=axis, **size))
    if how["dilation"] == 1:
        results.append(agree("window_sums", x, axis=axis, **without(how, "dilation")))
        results.append(agree("window_spread", g, axis=axis, **without(size, "dilation")))
    return results


CASES: dict[str, tuple[int, dict[str, int]]] = {
    "one element": (1, slid(1, 1, 1)),
    "windows of one": (5, slid(5, 1, 2)),
    "halves": (8, slid(8, 2, 2)),
    "halves of an odd size": (7, slid(7, 2, 2)),
    "all": (6, slid(6, 6, 1)),
    "overlapping": (9, slid(9, 3, 1)),
    "padded": (9, slid(9, 3, 2, 1, 1)),
    "padded at one end": (6, slid(6, 4, 2, 0, 2)),
    "gaps": (11, slid(11, 2, 4)),
    "dilated": (13, slid(13, 3, 2, 2, 2, 3)),
    "larger than the rest": (3, slid(3, 5, 1, 2, 2)),
    "only padding": (2, slid(2, 2, 1, 4, 5)),
    "many positions": (300, slid(300, 280, 7)),
}


@pytest.mark.parametrize("name", CASES)
def test_windows_of_many_kinds(name: str) -> None:
    size, how = CASES[name]
    for axis in range(3):
        shape = [2, 3, 5]
        shape[axis] = size
        all_of_them(numbers(*shape), axis, how)
    for order in (BATCH_LAST, CHANNELS_LAST, (3, 2, 1, 0)):
        all_of_them(lying(order, 3, 2, size, 4), 2, how)
        all_of_them(lying(order, 3, 2, 4, size), 3, how)


def test_lines_in_several_pieces() -> None:
    for count in (1023, 1024, 1025, 3000):
        all_of_them(numbers(2, 5, count), 1, slid(5, 3, 2, 1, 1))


def test_random_windows() -> None:
    _random_windows(range(40))


@pytest.mark.slow
def test_more_random_windows() -> None:
    _random_windows(range(1000, 3000))


def _random_windows(seeds: range) -> None:
    for seed in seeds:
        rng = np.random.default_rng(seed)
        kernel_size, stride, dilation = (int(n) for n in rng.integers(1, 5, 3))
        before, after = (int(n) for n in rng.integers(0, 6, 2))
        size = max(dilation * (kernel_size - 1) + 1 - before - after, 1) + int(rng.integers(0, 9))
        order = tuple(int(d) for d in rng.permutation(4))
        axis = int(rng.integers(4))
        shape = [int(n) for n in rng.integers(1, 6, 4)]
        shape[axis] = size
        x = np.round(lying(order, *shape, seed=seed))  # with ties
        all_of_them(x, axis, slid(size, kernel_size, stride, before, after, dilation))


@pytest.mark.parametrize("values", SPECIAL.values(), ids=SPECIAL)
def test_special_numbers_win_or_lose_as_they_should(values: list[float]) -> None:
    for size, how in (CASES["halves"], CASES["padded"], CASES["overlapping"]):
        x = numbers(6, size, 2)
        x[1, 2] = values[0]
        x[2] = x[3, 4:] = values[-1]
        x[4, : len(values), 0] = values
        x[5, ::3, 1] = values[0]
        all_of_them(x, 1, how)
        g = np.array(x[:, : how["windows"]])
        winner = largest_agree(numbers(*x.shape), 1, how)[1]
        kept = without(how, "windows", size=size)
        plain = agree("window_spread", g, axis=1, **without(kept, "dilation"))
        assert plain.shape == x.shape
        if np.isfinite(values).all():  # the plain function multiplies by truths, where 0 · inf is NaN
            agree("put_winners", g, winner=winner, axis=1, **kept)


def test_gradients_that_are_not_finite_reach_the_winners_alone() -> None:
    x, g = np.array([[1, 2, 4, 3]], np.float32), np.array([[np.inf, np.nan]], np.float32)
    _, winner = largest_agree(x, 1, slid(4, 2, 2))
    out = REGISTRY["put_winners"].kernels["forward"](
        g, winner=winner, axis=1, kernel_size=2, size=4, stride=2, before=0, dilation=1
    )
    np.testing.assert_array_equal(out, [[0, np.inf, np.nan, 0]])


def test_nothing_is_kept_without_gradients() -> None:
    with mg.no_grad():
        _, winner = REGISTRY["max_along"].kernels["forward"](numbers(3, 4), axis=1, **slid(4, 2, 2))
    assert winner is None


def test_a_gradient_in_another_order_of_memory() -> None:
    for order in (BATCH_LAST, CHANNELS_LAST):
        out, winner = largest_agree(lying(order, 3, 2, 5, 4), 2, slid(5, 2, 2))
        assert np.argsort(out.strides).tolist() == np.argsort(lying(order, 3, 2, 2, 4).strides).tolist()
        g = numbers(*out.shape)
        for given in (g, np.asfortranarray(g)):
            back = agree(
                "put_winners", given, winner=winner, axis=2, kernel_size=2, size=5, stride=2, before=0, dilation=1
            )
            assert np.argsort(back.strides).tolist() == np.argsort(winner.strides).tolist()


def test_what_is_left_to_the_plain_function() -> None:
    x, how = numbers(4, 6), slid(6, 2, 2)
    winner = largest_agree(x, 1, how)[1]
    sums, size = without(how, "dilation"), without(how, "windows", size=6)
    for other in (x.astype(np.float64), x[::2], x[:0], x[:, :4].astype(np.int64)):
        assert declines("max_along", other, axis=1, **how)
        assert declines("window_sums", other, axis=1, **sums)
        assert declines("window_spread", other, axis=1, **without(sums, "windows", size=6))
        assert declines("put_winners", other[:, :3], winner=winner[: len(other)], axis=1, **size)
    assert declines("put_winners", x[:2, :3], winner=winner, axis=1, **size)
    assert declines("put_winners", np.array(x[:, :3]), winner=np.repeat(winner, 2, 1)[:, ::2], axis=1, **size)


LAYERS: dict[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    "halves": ("max_pool2d", (3, 2, 6, 8), {"kernel_size": 2}),
    "overlapping": ("max_pool2d", (2, 3, 7, 9), {"kernel_size": 3, "stride": 2, "padding": 1}),
    "dilated": ("max_pool2d", (2, 3, 9, 9), {"kernel_size": 2, "stride": (1, 3), "dilation": (2, 3)}),
    "one that sticks out": ("max_pool1d", (2, 3, 8), {"kernel_size": 3, "ceil_mode": True}),
    "means": ("avg_pool2d", (3, 2, 6, 8), {"kernel_size": 2}),
    "means with padding": ("avg_pool2d", (2, 3, 7, 9), {"kernel_size": (3, 2), "stride": 2, "padding": 1}),
    "means without padding": ("avg_pool1d", (2, 3, 9), {"kernel_size": 4, "padding": 2, "count_include_pad": False}),
    "means that stick out": ("avg_pool2d", (2, 3, 7, 8), {"kernel_size": 3, "ceil_mode": True}),
}


def run(library: Any, name: str, x: np.ndarray, options: dict[str, Any]) -> list[np.ndarray]:
    """A layer's result, the positions where there are any, and gradients of the first and second order."""
    leaf = library.tensor(np.array(x), requires_grad=True)
    layer, found = getattr(library.nn.functional, name), []
    if name.startswith("max"):
        found = [layer(leaf, **options, return_indices=True)[1].numpy()]
    out = layer(leaf, **options)
    (first,) = library.autograd.grad((out**3).sum(), leaf, create_graph=True)
    (second,) = library.autograd.grad((first * first).sum(), leaf)
    return [part.detach().numpy() for part in (out, first, second)] + found


@pytest.mark.parametrize("kind", LAYERS)
def test_layers_and_their_gradients(kind: str) -> None:
    torch = pytest.importorskip("torch")
    name, shape, options = LAYERS[kind]
    x = np.round(numbers(*shape), 1)  # with ties
    got = run(mg, name, x, options)
    with mg.fast.disabled():
        same(got, run(mg, name, x, options))
    same(got, run(torch, name, x, options))


def test_empty_batches_are_served_all_the_same() -> None:
    x = mg.zeros(0, 2, 4, 4, requires_grad=True)
    (F.max_pool2d(x, 2).sum() + F.avg_pool2d(x, 2).sum()).backward()
    assert x.grad is not None and x.grad.shape == (0, 2, 4, 4)


def test_several_threads_at_once() -> None:
    x = lying(BATCH_LAST, 7, 3, 9, 8)
    from_several_threads(functools.partial(all_of_them, x, 2, CASES["padded"][1]))
