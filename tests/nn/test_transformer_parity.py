"""Transformers compared with PyTorch's."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn
from tests.module_parity import compare_modules, double_precision, load, pair, same_modules
from tests.parity import random, torch

CAUSAL = ~np.tri(4, dtype=bool)
ADDED = np.where(CAUSAL, -np.inf, 0.0)
PADDING = np.array([[False, False, False, True], [False, False, True, False]])


@pytest.mark.parametrize("name", [
    "Transformer", "TransformerEncoder", "TransformerEncoderLayer", "TransformerDecoder", "TransformerDecoderLayer",
])  # fmt: skip
@pytest.mark.parametrize("method", ["__init__", "forward"])
def test_signatures(name: str, method: str) -> None:
    mine, theirs = [inspect.signature(getattr(getattr(lib, name), method)).parameters for lib in (nn, torch.nn)]
    assert [*mine] == [*theirs]
    for parameter in mine.values():
        reference = theirs[parameter.name].default
        assert parameter.default == reference or (callable(parameter.default) and callable(reference))


def shaped(n: int, batch_first: bool, batch: int = 2, size: int = 8) -> tuple[int, ...]:
    return (batch, n, size) if batch_first else (n, batch, size)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_encoder_layer(norm_first: bool, batch_first: bool, bias: bool, activation: str) -> None:
    compare_modules(
        "TransformerEncoderLayer", 8, 2, 16, 0.0, activation, 1e-3, batch_first, norm_first, bias,
        inputs=[shaped(4, batch_first)],
    )  # fmt: skip


@pytest.mark.parametrize("call", [
    {"src_mask": CAUSAL}, {"src_mask": ADDED, "is_causal": True}, {"src_mask": random((4, 4))},
    {"src_key_padding_mask": PADDING}, {"src_mask": CAUSAL, "src_key_padding_mask": PADDING},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("batch_first", [False, True])
def test_encoder_layer_with_masks(call: dict[str, Any], batch_first: bool) -> None:
    compare_modules(
        "TransformerEncoderLayer", 8, 2, 16, 0.0, batch_first=batch_first, inputs=[shaped(4, batch_first)], call=call,
        modes=[True],
    )  # fmt: skip


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("call", [
    {}, {"tgt_mask": CAUSAL}, {"tgt_mask": ADDED, "tgt_is_causal": True, "memory_key_padding_mask": PADDING},
    {"memory_mask": random((4, 4)), "tgt_key_padding_mask": np.where(PADDING, -3.0, 0.0)},
], ids=str)  # fmt: skip
def test_decoder_layer(norm_first: bool, batch_first: bool, call: dict[str, Any]) -> None:
    compare_modules(
        "TransformerDecoderLayer", 8, 2, 16, 0.0, batch_first=batch_first, norm_first=norm_first,
        inputs=[shaped(4, batch_first), shaped(4, batch_first)], call=call,
    )  # fmt: skip


def with_masks(ours: Any, theirs: Any, masks: dict[str, Any]) -> tuple[Any, Any]:
    """Both Modules, called with masks that do not require grad: PyTorch drops the gradient of a causal one."""

    def holder(base: Any, convert: Any, inner: Any) -> Any:
        class Masked(base):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.inner = inner

            def forward(self, *inputs: Any) -> Any:
                return self.inner(*inputs, **{k: convert(m) if hasattr(m, "dtype") else m for k, m in masks.items()})

        return Masked()

    return holder(nn.Module, Tensor, ours), holder(torch.nn.Module, torch.tensor, theirs)


def stacks(kind: str, last_norm: bool) -> tuple[Any, Any]:
    made = []
    with double_precision(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's about its own shortcuts
        for lib in (nn, torch.nn):
            layer = getattr(lib, f"Transformer{kind}Layer")(8, 2, 16, 0.0, batch_first=True)
            norm = lib.LayerNorm(8) if last_norm else None
            made.append(getattr(lib, f"Transformer{kind}")(layer, 2, norm))
    load(*made)
    return made[0], made[1]


@pytest.mark.parametrize("last_norm", [False, True])
@pytest.mark.parametrize("call", [
    {}, {"mask": CAUSAL}, {"mask": ADDED}, {"mask": ADDED, "is_causal": True},
    {"mask": ADDED, "src_key_padding_mask": np.where(PADDING, -np.inf, 0.0)},
], ids=str)  # fmt: skip
def test_encoder(last_norm: bool, call: dict[str, Any]) -> None:
    same_modules(*with_masks(*stacks("Encoder", last_norm), call), inputs=[(2, 4, 8)])


@pytest.mark.parametrize("last_norm", [False, True])
@pytest.mark.parametrize("call", [{}, {"tgt_mask": ADDED}, {"tgt_mask": CAUSAL, "memory_mask": CAUSAL}], ids=str)
def test_decoder(last_norm: bool, call: dict[str, Any]) -> None:
    same_modules(*with_masks(*stacks("Decoder", last_norm), call), inputs=[(2, 4, 8), (2, 4, 8)])


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("norm_first", [False, True])
def test_transformer(batch_first: bool, norm_first: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        both = pair("Transformer", 8, 2, 1, 2, 16, 0.0, batch_first=batch_first, norm_first=norm_first)
    same_modules(*with_masks(*both, {"tgt_mask": ADDED}), inputs=[shaped(3, batch_first), shaped(4, batch_first)])


def test_without_a_batch() -> None:
    compare_modules("TransformerEncoderLayer", 8, 2, 16, 0.0, inputs=[(4, 8)], call={"src_mask": CAUSAL})
    compare_modules("TransformerDecoderLayer", 8, 2, 16, 0.0, inputs=[(4, 8), (5, 8)])


def test_layers_print_as_pytorchs() -> None:
    for name in ("TransformerEncoderLayer", "TransformerDecoderLayer"):
        theirs = repr(getattr(torch.nn, name)(8, 2, 16)).replace("NonDynamicallyQuantizableLinear", "Linear")
        assert repr(getattr(nn, name)(8, 2, 16)) == theirs


def test_parts_have_pytorchs_paths() -> None:
    ours, theirs = [library.Transformer(8, 2, 2, 1, 16, batch_first=True) for library in (nn, torch.nn)]
    assert [name for name, _ in ours.named_modules()] == [name for name, _ in theirs.named_modules()]
    assert repr(ours) == repr(theirs).replace("NonDynamicallyQuantizableLinear", "Linear")


def test_the_triangle_of_minus_infinity() -> None:
    for size in (0, 1, 4):
        ours = nn.Transformer.generate_square_subsequent_mask(size)
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours.numpy(), torch.nn.Transformer.generate_square_subsequent_mask(size).numpy())
    assert nn.Transformer.generate_square_subsequent_mask(2, dtype=np.float64).dtype == np.float64


def test_single_precision_and_dropout() -> None:
    minigrad.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5)
    x = Tensor(random((4, 2, 8), "float32"))
    a, b = layer(x), layer(x)
    assert a.dtype == np.float32 and not np.array_equal(a.detach().numpy(), b.detach().numpy())
    layer.eval()
    np.testing.assert_array_equal(layer(x).detach().numpy(), layer(x).detach().numpy())
