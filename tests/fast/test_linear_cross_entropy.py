"""Kernels of the cross-entropy of a linear layer's scores beside their plain rules."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from minigrad.fast.kernels import linear_cross_entropy  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from minigrad.nn.kernels.loss.linear_cross_entropy import linear_cross_entropy_gradients  # noqa: E402
from tests.fast.against_plain import agree, declines, from_several_threads, numbers, same  # noqa: E402

pytestmark = pytest.mark.usefixtures("enabled")
LOSSES, GRADIENTS = "linear_cross_entropy_of_labels", "linear_cross_entropy_gradients"


def labels(rows: int, classes: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, classes, rows)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (1, 3, 7), (9, 1, 5), (300, 8, 65), (17, 5, 1201)])
def test_losses_and_gradients(sizes: tuple[int, int, int], bias: bool) -> None:
    rows, features, classes = sizes
    x, w, y = numbers(rows, features), numbers(classes, features, seed=1), labels(rows, classes)
    inputs = (x, w, numbers(classes, seed=2)) if bias else (x, w)
    *_, norm = agree(LOSSES, *inputs, labels=y, tolerance=1e-5)
    mass, share = numbers(2, rows, seed=3)
    agree(GRADIENTS, mass, share, *inputs, labels=y, norm=norm, tolerance=1e-5)
    agree(GRADIENTS, mass, np.broadcast_to(np.float32(1), rows), *inputs, labels=y, tolerance=1e-5)


def test_tiles_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w, y = numbers(23, 4), numbers(31, 4, seed=1), labels(23, 31)
    for rows in (1, 5, 64):
        monkeypatch.setattr(linear_cross_entropy, "_ROWS", rows)
        *_, norm = agree(LOSSES, x, w, labels=y, tolerance=1e-5)
        agree(GRADIENTS, *numbers(2, 23), x, w, labels=y, norm=norm, tolerance=1e-5)


def test_special_numbers() -> None:
    x, w, y = numbers(6, 4), numbers(40, 4, seed=1), labels(6, 40)
    x[0, 0], x[1, 1], x[2, 2], x[3] = np.nan, 1e-40, 100, -100
    bias = numbers(40)
    bias[:20] = -np.inf
    *_, norm = agree(LOSSES, x, w, bias, labels=y, tolerance=1e-5)
    agree(GRADIENTS, *numbers(2, 6), x[1:].repeat(2, 0)[:6], w, labels=y, tolerance=1e-5)


def test_gradients_that_nobody_wants() -> None:
    x, w, b, y = numbers(20, 4), numbers(11, 4, seed=1), numbers(11), labels(20, 11)
    every = linear_cross_entropy_gradients.plain(*numbers(2, 20), x, w, b, labels=y)
    for wanted in ((False, True, True), (True, False, True), (True, True, False), (True, False, False)):
        parts = agree(GRADIENTS, *numbers(2, 20), x, w, b, labels=y, wanted=wanted, tolerance=1e-5)
        for part, whole, want in zip(parts, every, wanted, strict=True):
            same(part, whole if want else np.zeros_like(whole), 1e-5)


@pytest.mark.parametrize("frozen", [None, "x", "w", "b"])
def test_a_step(frozen: str | None) -> None:
    def run() -> list[np.ndarray]:
        parts = {"x": numbers(20, 4), "w": numbers(11, 4, seed=1), "b": numbers(11)}
        leaves = {name: mg.tensor(part, requires_grad=name != frozen) for name, part in parts.items()}
        loss = F.linear_cross_entropy(leaves["x"], leaves["w"], mg.tensor(labels(20, 11)), linear_bias=leaves["b"])
        loss.backward()
        return [loss.detach().numpy(), *[leaf.grad.numpy() for leaf in leaves.values() if leaf.grad is not None]]

    fast = run()
    with mg.fast.disabled():
        same(fast, run(), 1e-5)


def test_what_is_left_to_the_plain_rule() -> None:
    x, w, y = numbers(6, 4), numbers(8, 4), labels(6, 8)
    for wrong in (y - 8, y + 8, y[:3], y.astype(np.float32)):
        assert declines(LOSSES, x, w, labels=wrong)
    assert declines(LOSSES, x.astype(np.float64), w, labels=y)
    assert declines(LOSSES, x, w[:, ::2], labels=y)
    assert declines(LOSSES, x, w, numbers(1), labels=y)
    assert declines(LOSSES, x[:0], w, labels=y[:0])
    assert declines(GRADIENTS, numbers(6).astype(np.float64), numbers(6), x, w, labels=y)


def test_several_threads_at_once() -> None:
    x, w, y = numbers(200, 8), numbers(30, 8, seed=1), labels(200, 30)
    from_several_threads(lambda: agree(LOSSES, x, w, labels=y, tolerance=1e-5)[0])
    from_several_threads(lambda: agree(GRADIENTS, *numbers(2, 200), x, w, labels=y, tolerance=1e-5))
