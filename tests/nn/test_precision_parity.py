"""Layers refuse inputs of another floating-point dtype than their Parameters, exactly where PyTorch's do."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pytest

import minigrad

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")

Ones = Callable[..., Any]  # ones of a shape, in one of the two dtypes
PAIRS = [*permutations(["float16", "float32", "float64"], 2), *[(one, one) for one in ("float32", "float64")]]


def layer(name: str, *sizes: Any, shape: tuple[int, ...], **options: Any) -> Callable[..., Any]:
    """Calls a layer, with Parameters of one dtype, with one input of another."""
    return lambda lib, other, own: getattr(lib.nn, name)(*sizes, **options).to(own.dtype)(other(*shape))


def step(name: str, other_state: bool, other_input: bool) -> Callable[..., Any]:
    """The same for a recurrent layer or cell and its hidden state."""
    lead = () if name.endswith("Cell") else (5,)

    def call(lib: Any, other: Ones, own: Ones) -> Any:
        x = (other if other_input else own)(*lead, 4, 3)
        h = (other if other_state else own)(*lead[:0], *([1] if lead else []), 4, 2)
        made = getattr(lib.nn, name)(3, 2).to(own.dtype)
        return made(x, (h, h) if name.startswith("LSTM") else h)

    return call


def evaluated(name: str, **options: Any) -> Callable[..., Any]:
    return lambda lib, other, own: getattr(lib.nn, name)(3, **options).to(own.dtype).eval()(other(2, 3, 4, 4))


def attend(which: str) -> Callable[..., Any]:
    """Multi-head attention where the query, the key or the value is of another dtype."""

    def call(lib: Any, other: Ones, own: Ones) -> Any:
        inputs = [(other if letter in which else own)(5, 1, 4) for letter in "qkv"]
        return lib.nn.MultiheadAttention(4, 2).to(own.dtype)(*inputs, need_weights=False)

    return call


CASES: dict[str, Callable[..., Any]] = {
    "Linear": layer("Linear", 3, 2, shape=(4, 3)),
    "Linear without bias": layer("Linear", 3, 2, bias=False, shape=(4, 3)),
    "linear, another bias": lambda lib, a, b: lib.nn.functional.linear(a(4, 3), a(2, 3), b(2)),
    "Bilinear": lambda lib, a, b: lib.nn.Bilinear(3, 3, 2).to(b.dtype)(a(4, 3), a(4, 3)),
    "Bilinear, second input": lambda lib, a, b: lib.nn.Bilinear(3, 3, 2).to(b.dtype)(b(4, 3), a(4, 3)),
    "Conv1d": layer("Conv1d", 3, 2, 3, shape=(1, 3, 8)),
    "Conv1d without bias": layer("Conv1d", 3, 2, 3, bias=False, shape=(1, 3, 8)),
    "conv1d, another bias": lambda lib, a, b: lib.nn.functional.conv1d(a(1, 3, 8), a(2, 3, 3), b(2)),
    "Conv2d": layer("Conv2d", 3, 2, 3, shape=(1, 3, 8, 8)),
    "ConvTranspose1d": layer("ConvTranspose1d", 3, 2, 3, shape=(1, 3, 8)),
    "ConvTranspose2d": layer("ConvTranspose2d", 3, 2, 3, shape=(1, 3, 8, 8)),
    "BatchNorm1d": layer("BatchNorm1d", 3, shape=(4, 3)),
    "BatchNorm2d": layer("BatchNorm2d", 3, shape=(2, 3, 4, 4)),
    "BatchNorm2d, eval": evaluated("BatchNorm2d"),
    "InstanceNorm2d, affine": layer("InstanceNorm2d", 3, affine=True, shape=(2, 3, 4, 4)),
    "InstanceNorm2d, plain": layer("InstanceNorm2d", 3, shape=(2, 3, 4, 4)),
    "InstanceNorm2d, tracking": layer("InstanceNorm2d", 3, track_running_stats=True, shape=(2, 3, 4, 4)),
    "InstanceNorm2d, tracking, eval": evaluated("InstanceNorm2d", track_running_stats=True),
    "LayerNorm": layer("LayerNorm", 3, shape=(4, 3)),
    "LayerNorm without bias": layer("LayerNorm", 3, bias=False, shape=(4, 3)),
    "GroupNorm": layer("GroupNorm", 1, 3, shape=(4, 3, 5)),
    "RMSNorm": layer("RMSNorm", 3, shape=(4, 3)),
    "PReLU": layer("PReLU", shape=(4, 3)),
    "PReLU(3)": layer("PReLU", 3, shape=(4, 3)),
    **{
        f"{name}, {what}": step(name, "state" in what, "input" in what)
        for name in ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell")
        for what in ("input", "state", "input and state")
    },
    **{f"MultiheadAttention, {which}": attend(which) for which in ("q", "k", "v", "qkv")},
    "scaled_dot_product_attention, q": lambda lib, a, b: lib.nn.functional.scaled_dot_product_attention(
        a(1, 5, 4), b(1, 5, 4), b(1, 5, 4)
    ),
    "scaled_dot_product_attention, v": lambda lib, a, b: lib.nn.functional.scaled_dot_product_attention(
        a(1, 5, 4), a(1, 5, 4), b(1, 5, 4)
    ),
    "TransformerEncoderLayer": layer("TransformerEncoderLayer", 4, 2, 8, shape=(5, 1, 4)),
    "TransformerEncoderLayer, norm first": layer("TransformerEncoderLayer", 4, 2, 8, norm_first=True, shape=(5, 1, 4)),
    "TransformerDecoderLayer, memory": lambda lib, a, b: lib.nn.TransformerDecoderLayer(4, 2, 8).to(b.dtype)(
        b(5, 1, 4), a(5, 1, 4)
    ),
    "Transformer, source": lambda lib, a, b: lib.nn.Transformer(4, 2, 1, 1, 8).to(b.dtype)(a(5, 1, 4), b(5, 1, 4)),
    "behind an Embedding": lambda lib, a, b: lib.nn.Linear(4, 2).to(b.dtype)(
        lib.nn.Embedding(5, 4).to(a.dtype)(lib.tensor([[1, 2]]))
    ),
    "EmbeddingBag, weights": lambda lib, a, b: lib.nn.EmbeddingBag(5, 3, mode="sum").to(b.dtype)(
        lib.tensor([[1, 2]]), per_sample_weights=a(1, 2)
    ),
}


def ones(lib: Any, dtype: Any) -> Ones:
    def make(*shape: int) -> Any:
        return lib.ones(*shape, dtype=dtype)

    make.dtype = dtype  # type: ignore[attr-defined]
    return make


def outcome(lib: Any, case: str, other: Any, own: Any) -> str:
    """The dtype of the result, or "refused"."""
    try:
        out = CASES[case](lib, ones(lib, other), ones(lib, own))
    except (TypeError, RuntimeError, ValueError):
        return "refused"
    while isinstance(out, tuple):
        out = out[0]
    return str(out.dtype).removeprefix("torch.")


@pytest.mark.filterwarnings("ignore")  # of PyTorch's, about nested tensors and half precision
@pytest.mark.parametrize(("other", "own"), PAIRS)
@pytest.mark.parametrize("case", CASES)
def test_mixed_precision_as_in_pytorch(case: str, other: str, own: str) -> None:
    mine = outcome(minigrad, case, np.dtype(other), np.dtype(own))
    assert mine == outcome(torch, case, getattr(torch, other), getattr(torch, own))
    if other == own:
        assert mine == own


# Where float64 beside float32 ends otherwise than in PyTorch: mostly since nothing is computed in the wider precision.
DEVIATIONS: dict[str, tuple[Callable[..., Any], str, str]] = {  # a call, what it gives here, and what in PyTorch
    "targets take the precision of the predictions": (
        lambda lib, a, b: lib.nn.functional.mse_loss(b(2), a(2)), "float32", "float64",
    ),
    "so do probabilities": (
        lambda lib, a, b: lib.nn.functional.cross_entropy(b(2, 3), a(2, 3)), "float32", "float64",
    ),
    "and the weights of classes": (
        lambda lib, a, b: lib.nn.functional.cross_entropy(b(2, 3), lib.tensor([0, 1]), a(3)), "float32", "refused",
    ),
    "masks do not decide the precision of attention": (
        lambda lib, a, b: lib.nn.functional.scaled_dot_product_attention(*[b(1, 5, 4)] * 3, attn_mask=a(5, 5)),
        "float32", "refused",
    ),
    "the cell state of an LSTM is checked like its hidden state": (
        lambda lib, a, b: lib.nn.LSTMCell(3, 2).to(b.dtype)(b(4, 3), (b(4, 2), a(4, 2))), "refused", "float64",
    ),
    "products alone promote, as NumPy's do": (lambda lib, a, b: a(2, 3) @ b(3, 2), "float64", "refused"),
}  # fmt: skip


@pytest.mark.parametrize("case", DEVIATIONS)
def test_where_precision_is_treated_otherwise(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    call, here, there = DEVIATIONS[case]
    monkeypatch.setitem(CASES, case, call)
    assert outcome(minigrad, case, np.dtype("float64"), np.dtype("float32")) == here
    assert outcome(torch, case, torch.float64, torch.float32) == there
