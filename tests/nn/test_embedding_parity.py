"""Embedding and EmbeddingBag compared with PyTorch's."""

from __future__ import annotations

import inspect
from itertools import product
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn
from minigrad.nn import functional as F
from minigrad.nn.kernels.embedding import FEW_ROWS
from tests.module_parity import compare_modules, double_precision, pair
from tests.parity import compare, random, torch

INDEX = np.array([[1, 3, 1, 0], [2, 2, 2, 4]])
OFFSETS = [np.array([0, 2, 2, 7]), np.array([0]), np.array([0, 8])]


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
@pytest.mark.parametrize("method", ["__init__", "forward", "from_pretrained"])
def test_signatures(name: str, method: str) -> None:
    mine, theirs = [inspect.signature(getattr(getattr(lib, name), method)).parameters for lib in (nn, torch.nn)]
    assert [(p.name, p.default) for p in mine.values()] == [(p.name, p.default) for p in theirs.values()]


@pytest.mark.parametrize("name", ["embedding", "embedding_bag"])
def test_signatures_of_functions(name: str) -> None:
    mine, theirs = [inspect.signature(getattr(f, name)).parameters for f in (F, torch.nn.functional)]
    assert [(p.name, p.default) for p in mine.values()] == [(p.name, p.default) for p in theirs.values()]


@pytest.mark.parametrize("index", [INDEX, np.array(3), np.array([1]), INDEX.T[::2]])
@pytest.mark.parametrize("rows", [5, FEW_ROWS + 1])
@pytest.mark.parametrize("padding_idx", [None, 1, -3])
@pytest.mark.parametrize("scale_grad_by_freq", [False, True])
def test_embedding(index: np.ndarray, rows: int, padding_idx: int | None, scale_grad_by_freq: bool) -> None:
    kwargs: dict[str, Any] = {"padding_idx": padding_idx, "scale_grad_by_freq": scale_grad_by_freq}
    compare(
        lambda w: F.embedding(index, w, **kwargs).tanh(),
        lambda w: torch.nn.functional.embedding(torch.tensor(index.copy()), w, **kwargs).tanh(),
        random((rows, 3)),
        order=1 if scale_grad_by_freq else 2,
    )
    compare_modules("Embedding", rows, 3, **kwargs, inputs=[index])


@pytest.mark.parametrize("max_norm", [0.5, 100.0])
@pytest.mark.parametrize("norm_type", [1.0, 2.0])
def test_rows_in_use_are_shortened(max_norm: float, norm_type: float) -> None:
    ours, theirs = pair("Embedding", 6, 3, max_norm=max_norm, norm_type=norm_type)
    for _ in range(2):
        out, reference = ours(INDEX), theirs(torch.tensor(INDEX))
        np.testing.assert_allclose(out.detach().numpy(), reference.detach().numpy(), rtol=1e-12)
        np.testing.assert_allclose(ours.weight.detach().numpy(), theirs.weight.detach().numpy(), rtol=1e-12)
    out.sum().backward()
    reference.sum().backward()
    np.testing.assert_allclose(ours.weight.grad.numpy(), theirs.weight.grad.numpy())


def test_shortening_is_noticed_by_a_graph_that_used_the_rows() -> None:
    table = nn.Embedding(3, 2, max_norm=0.1)
    squares = table.weight.square().sum()
    table([0, 1, 2])
    with pytest.raises(RuntimeError, match="overwritten"):
        squares.backward()


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding_idx", [None, 2])
@pytest.mark.parametrize(("offsets", "include_last_offset"), [(None, False), *product(OFFSETS, [False, True])], ids=str)
@pytest.mark.parametrize("rows", [5, FEW_ROWS + 1])
def test_bags(mode: str, padding_idx: int | None, offsets: Any, include_last_offset: bool, rows: int) -> None:
    index = INDEX if offsets is None else INDEX.reshape(-1)
    if include_last_offset:
        offsets = np.append(offsets, 8)
    compare_modules(
        "EmbeddingBag", rows, 3, mode=mode, padding_idx=padding_idx, include_last_offset=include_last_offset,
        inputs=[index, offsets],
    )  # fmt: skip


@pytest.mark.parametrize("padding_idx", [None, 2])
@pytest.mark.parametrize("offsets", [None, *OFFSETS], ids=str)
def test_weighted_bags(padding_idx: int | None, offsets: Any) -> None:
    index = INDEX if offsets is None else INDEX.reshape(-1)
    kwargs: dict[str, Any] = {"mode": "sum", "padding_idx": padding_idx}
    compare(
        lambda w, s: F.embedding_bag(index, w, offsets, per_sample_weights=s, **kwargs),
        lambda w, s: torch.nn.functional.embedding_bag(
            torch.tensor(index), w, None if offsets is None else torch.tensor(offsets), per_sample_weights=s, **kwargs
        ),
        random((5, 3)),
        random(index.shape, seed=1),
        order=1,  # PyTorch has no second derivative by the weights
    )
    assert minigrad.autograd.gradgradcheck(
        lambda w, s: F.embedding_bag(index, w, offsets, per_sample_weights=s, **kwargs),
        [Tensor(random((5, 3)), requires_grad=True), Tensor(random(index.shape), requires_grad=True)],
    )


def test_equal_maxima_give_the_gradient_to_the_first() -> None:
    table = np.array([[1.0, 2.0], [1.0, 2.0], [0.0, 2.0]])
    index = np.array([[2, 1, 0], [1, 0, 2]])
    compare(
        lambda w: F.embedding_bag(index, w, mode="max"),
        lambda w: torch.nn.functional.embedding_bag(torch.tensor(index), w, mode="max"),
        table,
        order=1,
    )


def test_tied_weights_get_both_gradients() -> None:
    """The head of a language model that shares the table of its words, as GPT-2 does."""

    def model(lib: Any) -> Any:
        class Tied(lib.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.wte = lib.nn.Embedding(7, 4)
                self.lm_head = lib.nn.Linear(4, 7, bias=False)
                self.lm_head.weight = self.wte.weight

            def forward(self, x: Any) -> Any:
                return self.lm_head(self.wte(x).tanh())

        return Tied()

    with double_precision():
        ours, theirs = model(minigrad), model(torch)
    values = theirs.wte.weight.detach().numpy().copy()
    ours.load_state_dict({"wte.weight": values, "lm_head.weight": values})
    assert ours.lm_head.weight is ours.wte.weight
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()] == ["wte.weight"]
    (ours(INDEX) ** 2).sum().backward()
    (theirs(torch.tensor(INDEX)) ** 2).sum().backward()
    np.testing.assert_allclose(ours.wte.weight.grad.numpy(), theirs.wte.weight.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("options", [
    {}, {"padding_idx": 1}, {"padding_idx": -1}, {"max_norm": 1.0, "norm_type": 1.0}, {"scale_grad_by_freq": True},
], ids=str)  # fmt: skip
def test_repr(options: dict[str, Any]) -> None:
    assert repr(nn.Embedding(4, 2, **options)) == repr(torch.nn.Embedding(4, 2, **options))
    assert repr(nn.EmbeddingBag(4, 2, **options)) == repr(torch.nn.EmbeddingBag(4, 2, **options))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_of_many_rows(dtype: str) -> None:
    """Each of the ways to add up the gradient, on sizes that people use."""
    rng = np.random.default_rng(0)
    for rows in (65, 5000):
        index = rng.integers(0, rows, (16, 64))
        compare(
            lambda w: F.embedding(index, w),  # noqa: B023
            lambda w: torch.nn.functional.embedding(torch.tensor(index), w),  # noqa: B023
            rng.standard_normal((rows, 32)).astype(dtype),
            order=1,
        )
