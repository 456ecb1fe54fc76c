"""Embedding without PyTorch beside it: how tables start, what freezes, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn
from minigrad.nn import functional as F


def test_tables_start_standard_normal_with_a_padding_row_of_zeros() -> None:
    minigrad.manual_seed(0)
    for made in (nn.Embedding(300, 200, padding_idx=-2), nn.EmbeddingBag(300, 200, padding_idx=-2)):
        values = made.weight.detach().numpy()
        assert made.padding_idx == 298 and not values[298].any() and values.dtype == np.float32
        others = np.delete(values, 298, 0)
        assert abs(others.mean()) < 5 / np.sqrt(others.size)
        assert others.std() == pytest.approx(1, rel=5 / np.sqrt(2 * others.size))


def test_finished_tables() -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    for kind in (nn.Embedding, nn.EmbeddingBag):
        frozen, free = kind.from_pretrained(values), kind.from_pretrained(Tensor(values), freeze=False)
        assert not frozen.weight.requires_grad and free.weight.requires_grad
        assert frozen.weight.dtype == np.float64 and isinstance(free.weight, nn.Parameter)
        values[0, 0] = 9.0  # a copy
        assert frozen.weight[0, 0].item() == free.weight[0, 0].item() == 1.0
        values[0, 0] = 1.0
        with pytest.raises(ValueError, match="floating-point matrix"):
            kind.from_pretrained([1.0, 2.0])
    with pytest.raises(ValueError, match=r"shape \(3, 2\), got \(2, 2\)"):
        nn.Embedding(3, 2, _weight=values)


def test_the_padding_row_gets_no_gradient() -> None:
    table = nn.Embedding(4, 2, padding_idx=1)
    table([[1, 0], [1, 3]]).sum().backward()
    np.testing.assert_array_equal(table.weight.grad.numpy(), [[1, 1], [0, 0], [0, 0], [1, 1]])


def test_any_integers() -> None:
    table = nn.Embedding(4, 2)
    expected = table(np.array([1, 3])).detach().numpy()
    for index in ([1, 3], (1, 3), Tensor([1, 3]), np.array([1, 3], np.uint8), np.array([1, 3], np.int32)):
        np.testing.assert_array_equal(table(index).detach().numpy(), expected)
    assert table(2).shape == (2,) and table([]).shape == (0, 2)


@pytest.mark.parametrize(("mode", "share"), [("sum", 1.0), ("mean", 0.25)])
def test_bags_divide_the_gradient_of_a_row_by_its_frequency(mode: str, share: float) -> None:
    """PyTorch 2.13 divides by the frequencies of other rows here: 1.5 and 0.333 for rows 2 and 3 of these."""
    bag = nn.EmbeddingBag(5, 1, mode=mode, scale_grad_by_freq=True)
    bag([[1, 3, 1, 0], [2, 2, 2, 4]]).sum().backward()
    np.testing.assert_allclose(bag.weight.grad.numpy(), np.full((5, 1), share), rtol=1e-6)


def test_no_indices_at_all() -> None:
    table = nn.Embedding(3, 2, padding_idx=0)
    out = table(np.zeros((2, 0), int))
    assert out.shape == (2, 0, 2)
    out.sum().backward()
    assert table.weight.grad.shape == (3, 2) and not table.weight.grad.any()
    for mode in ("sum", "mean", "max"):
        bag = nn.EmbeddingBag(3, 2, mode=mode)
        for index in (np.zeros((2, 0), int), np.zeros((0, 2), int)):
            out = bag(index)
            assert out.shape == (index.shape[0], 2) and not out.detach().any()
            out.sum().backward()


def test_an_index_may_be_overwritten_before_backward() -> None:
    table, index = nn.Embedding(3, 1), np.array([0, 0])
    out = table(index).sum()
    index[:] = 2
    out.backward()
    np.testing.assert_array_equal(table.weight.grad.numpy(), [[2], [0], [0]])


def test_float32_stays_float32() -> None:
    weight = Tensor(np.ones((200, 3), np.float32), requires_grad=True)
    for out in (
        F.embedding([1, 2], weight, scale_grad_by_freq=True),
        F.embedding_bag([[1, 2]], weight),
        F.embedding_bag([[1, 2]], weight, mode="max"),
        F.embedding_bag([[1, 2]], weight, mode="sum", per_sample_weights=[[0.5, 1.0]]),
    ):
        assert out.dtype == np.float32
        weight.grad = None
        out.sum().backward()
        assert weight.grad.dtype == np.float32


@pytest.mark.parametrize(("index", "kind", "message"), [
    ([[0, 1], [2, 5]], IndexError, r"5 at input\[1, 1\] is no row of a table of shape \(4, 2\).*at least 6"),
    ([3, 4], IndexError, r"4 at input\[1\] is no row of a table of shape \(4, 2\); rows go from 0 to 3.*at least 5"),
    ([0, -1], IndexError, r"-1 at input\[1\] .*not counted from the end"),
    (7, IndexError, r"7 at input\[\(\)\]"),
    ([0.0, 1.0], TypeError, r"integers, got float32; convert it: input\.astype\(np\.int64\)"),
    ([True], TypeError, "integers, got bool"),
])  # fmt: skip
def test_bad_indices_name_the_module(index: Any, kind: Any, message: str) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            self.words = nn.Embedding(4, 2)

        def forward(self, x: Any) -> Any:
            return self.words(x)

    with pytest.raises(kind, match=message) as caught:
        Model()(index)
    assert "words" in "".join(caught.value.__notes__)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: nn.Embedding(0, 2), "at least 1"),
    (lambda: nn.Embedding(3, 2, padding_idx=3), "padding_idx=3 is no row of a table with 3 rows"),
    (lambda: nn.Embedding(3, 2, sparse=True), "dense"),
    (lambda: nn.EmbeddingBag(3, 2, mode="min"), "'sum', 'mean' or 'max'"),
    (lambda: nn.EmbeddingBag(3, 2, mode="max", scale_grad_by_freq=True), "scale_grad_by_freq"),
    (lambda: F.embedding([0], np.ones(3)), "table"),
    (lambda: nn.EmbeddingBag(3, 2)([0, 1]), "needs offsets"),
    (lambda: nn.EmbeddingBag(3, 2)([[0, 1]], [0]), "a bag in every row"),
    (lambda: nn.EmbeddingBag(3, 2)([[[0]]]), r"\(B, N\)"),
    (lambda: nn.EmbeddingBag(3, 2)([0, 1], [1]), "start with 0"),
    (lambda: nn.EmbeddingBag(3, 2)([0, 1], [0, 2, 1]), "do not fall"),
    (lambda: nn.EmbeddingBag(3, 2)([0, 1], [0, 3]), "within the 2"),
    (lambda: nn.EmbeddingBag(3, 2)([0, 1], [0.5]), "row of integers"),
    (lambda: nn.EmbeddingBag(3, 2)([[0, 1]], None, [[1.0, 2.0]]), "mode='sum'"),
    (lambda: nn.EmbeddingBag(3, 2, mode="sum")([[0, 1]], None, [1.0]), r"shape \(1, 2\)"),
])  # fmt: skip
def test_bad_options(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
