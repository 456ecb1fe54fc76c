"""Kernels of cross-entropy beside their plain rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from minigrad.fast.kernels import cross_entropy  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from tests.fast.against_plain import (  # noqa: E402
    agree,
    declines,
    from_several_threads,
    numbers,
    rows_with_special_numbers,
    same,
)

pytestmark = pytest.mark.usefixtures("enabled")
SHAPES = [(1, 1), (1, 7), (5, 1), (3, 65), (300, 10), (2, 9001), (1, 20_000)]


def labels(rows: int, classes: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, classes, rows)


@pytest.mark.parametrize("shape", SHAPES)
def test_labels(shape: tuple[int, int]) -> None:
    x, y = numbers(*shape) * 5, labels(*shape)
    _, norm = agree("cross_entropy_of_labels", x, labels=y)
    agree("softmax_minus_one_hot", numbers(shape[0]), x, labels=y, norm=norm)
    agree("softmax_minus_one_hot", np.broadcast_to(np.float32(0.25), shape[:1]), x, labels=y)
    for reduction in ("mean", "sum"):
        agree("cross_entropy_of_labels", x, labels=y, reduction=reduction)


@pytest.mark.parametrize("shape", SHAPES)
def test_probabilities(shape: tuple[int, int]) -> None:
    x, target = numbers(*shape) * 5, np.square(numbers(*shape, seed=1))
    _, norm = agree("cross_entropy_of_probabilities", x, target, tolerance=1e-5)
    agree("softmax_minus_target", numbers(shape[0]), x, target, norm=norm, tolerance=1e-5)
    agree("softmax_minus_target", numbers(shape[0]), x, target, tolerance=1e-5)


@pytest.mark.parametrize("piece", [1, 3, 16, 37])
def test_rows_in_pieces(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cross_entropy, "_PIECE", piece)
    x, y = rows_with_special_numbers(37), np.arange(11) * 3
    _, norm = agree("cross_entropy_of_labels", x, labels=y)
    agree("softmax_minus_one_hot", numbers(11), x, labels=y, norm=norm)
    agree("softmax_minus_one_hot", numbers(11), x, labels=y)
    x[2:, ::2] = -np.inf  # whole pieces
    agree("cross_entropy_of_labels", x, labels=y)


def test_special_numbers() -> None:
    x, y = rows_with_special_numbers(37), np.arange(11) * 3
    for labelled in (y, y * 0):
        agree("cross_entropy_of_labels", x, labels=labelled)
        agree("softmax_minus_one_hot", numbers(11), x, labels=labelled)
    target = np.square(numbers(11, 37))
    target[:, :3] = 0  # 0 · log 0 = 0
    agree("cross_entropy_of_probabilities", x, target, tolerance=1e-5)
    agree("softmax_minus_target", numbers(11), x, target, tolerance=1e-5)
    agree("softmax_minus_target", np.array([np.nan, np.inf, 0, 1e-40] * 3, np.float32)[:11], x, target, tolerance=1e-5)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_labels_of_any_integers(dtype: Any) -> None:
    x, y = numbers(50, 7), labels(50, 7).astype(dtype)
    agree("cross_entropy_of_labels", x, labels=y)
    agree("softmax_minus_one_hot", numbers(50), x, labels=np.repeat(y, 2)[::2])


def test_what_is_left_to_the_plain_rule() -> None:
    x, y = numbers(6, 8), labels(6, 8)
    for wrong in (y - 8, y + 8, y[:3], y.astype(np.float32), y[:, None]):
        assert declines("cross_entropy_of_labels", x, labels=wrong)
        assert declines("softmax_minus_one_hot", numbers(6), x, labels=wrong)
    assert declines("cross_entropy_of_labels", x.astype(np.float64), labels=y)
    assert declines("cross_entropy_of_labels", x[:, ::2], labels=y // 2)
    assert declines("cross_entropy_of_labels", x[:0], labels=y[:0])
    assert declines("softmax_minus_one_hot", numbers(6).astype(np.float64), x, labels=y)
    assert declines("cross_entropy_of_probabilities", x, numbers(6, 8).astype(np.float64))
    assert declines("cross_entropy_of_probabilities", x, numbers(1, 8))
    assert declines("softmax_minus_target", numbers(3), x, numbers(6, 8))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"label_smoothing": 0.1},
        {"ignore_index": 3},
        {"reduction": "sum"},
        {"reduction": "none"},
        {"weighted": True},
    ],
)
def test_the_loss_and_its_gradient(options: dict[str, Any]) -> None:
    options = dict(options)
    if options.pop("weighted", False):
        options["weight"] = mg.tensor(np.arange(1, 8, dtype=np.float32))

    def run() -> list[np.ndarray]:
        x = mg.tensor(numbers(40, 7), requires_grad=True)
        loss = F.cross_entropy(x, mg.tensor(labels(40, 7)), **options)
        loss.sum().backward()
        assert x.grad is not None
        return [loss.detach().numpy(), x.grad.numpy()]

    fast = run()
    with mg.fast.disabled():
        same(fast, run())


def test_several_threads_at_once() -> None:
    x, y = numbers(300, 40), labels(300, 40)
    from_several_threads(lambda: agree("cross_entropy_of_labels", x, labels=y)[0])
