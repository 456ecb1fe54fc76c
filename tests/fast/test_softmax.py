"""Kernels of the softmax family beside their plain rules."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from tests.fast.against_plain import (  # noqa: E402
    agree,
    declines,
    from_several_threads,
    numbers,
    rows_with_special_numbers,
    same,
)

pytestmark = pytest.mark.usefixtures("enabled")
NAMES = ["softmax", "log_softmax"]


def in_other_order(*shape: int, seed: int = 0) -> np.ndarray:
    """(A, B, C), of which memory holds (B, A, C)."""
    return numbers(*shape, seed=seed).swapaxes(0, 1).copy().swapaxes(0, 1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1,), (7,), (1, 1), (5, 1), (4, 65), (2, 3, 17), (300, 10), (2, 5001)])
def test_along_the_last_dimension(name: str, shape: tuple[int, ...]) -> None:
    agree(name, numbers(*shape) * 5, g=numbers(*shape, seed=1), axis=(len(shape) - 1,))


@pytest.mark.parametrize("name", NAMES)
def test_along_whichever_dimension_lies_innermost(name: str) -> None:
    x, g = in_other_order(4, 3, 5), in_other_order(4, 3, 5, seed=1)
    agree(name, x, g=g, axis=(2,))
    agree(name, x, g=np.ascontiguousarray(g), axis=(2,))
    agree(name, numbers(6, 5).T, g=numbers(6, 5, seed=1).T, axis=(0,))
    agree(name, numbers(6, 5).T, g=np.broadcast_to(np.float32(1), (5, 6)), axis=(0,))
    out = agree(name, numbers(6, 10)[:, ::2], g=numbers(6, 5), axis=(1,))
    assert out.flags.c_contiguous


@pytest.mark.parametrize("name", NAMES)
def test_special_numbers(name: str) -> None:
    for size in (1, 2, 37):
        agree(name, rows_with_special_numbers(size), axis=(1,))
    g = rows_with_special_numbers(37)
    g[g == 1e6] = 1e3  # of gradients that are all the same nothing is left but rounding
    agree(name, numbers(11, 37), g=g, axis=(1,), tolerance=1e-5)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("shape", [(1,), (7,), (5, 1), (4, 65), (2, 3, 17), (2, 5001)])
def test_logsumexp(shape: tuple[int, ...], keepdims: bool) -> None:
    g = numbers(*shape[:-1], *[1] * keepdims, seed=1)
    agree("logsumexp", numbers(*shape) * 5, g=g, axis=(len(shape) - 1,), keepdims=keepdims)


def test_logsumexp_in_another_order_and_of_special_numbers() -> None:
    agree("logsumexp", in_other_order(4, 3, 5), g=numbers(4, 3), axis=(2,))
    agree("logsumexp", numbers(4, 3, 5), g=numbers(4), axis=(1, 2))
    agree("logsumexp", in_other_order(4, 3, 5), g=numbers(3), axis=(2, 0))
    agree("logsumexp", numbers(4, 3), g=np.array(numbers(1)[0]), axis=(0, 1))
    agree("logsumexp", numbers(6, 5).T, g=np.broadcast_to(np.float32(1), 6), axis=(0,))
    for size in (1, 2, 37):
        agree("logsumexp", rows_with_special_numbers(size), g=numbers(11), axis=(1,))


@pytest.mark.parametrize("name", [*NAMES, "logsumexp"])
def test_what_is_left_to_the_plain_rule(name: str) -> None:
    x = numbers(6, 8)
    assert declines(name, x.astype(np.float64), axis=(1,))
    assert declines(name, x, axis=(0,))
    assert declines(name, numbers(8, 8), axis=(0,))
    assert declines(name, numbers(2, 3, 4), axis=(1,))
    assert declines(name, x[:0], axis=(1,))
    if name == "logsumexp":
        assert declines(name, x, axis=None)
    else:
        assert declines(name, x.astype(np.float64), x.astype(np.float64), (1,), of="x")


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("name", [*NAMES, "logsumexp"])
def test_functions_along_any_dimension(name: str, dim: int) -> None:
    def run() -> list[np.ndarray]:
        x = mg.tensor(numbers(4, 3, 5), requires_grad=True)
        out = getattr(mg, name)(x, dim)
        (out * mg.tensor(numbers(*out.shape, seed=1))).sum().backward()
        assert x.grad is not None
        return [out.detach().numpy(), x.grad.numpy()]

    fast = run()
    with mg.fast.disabled():
        same(fast, run())


@pytest.mark.parametrize("name", NAMES)
def test_several_threads_at_once(name: str) -> None:
    from_several_threads(lambda: agree(name, numbers(300, 40), g=numbers(300, 40, seed=1), axis=(1,)))
