"""A layer computes in the precision of its Parameters, and says so where its input has another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import nn

EDGES = np.array([[0, 1, 2], [1, 2, 0]])


class Net(nn.Module):
    """A layer somewhere inside a model."""

    def __init__(self, layer: nn.Module) -> None:
        self.blocks = [nn.Identity(), layer]

    def forward(self, *inputs: Any) -> Any:
        return self.blocks[1](*inputs)


CASES = [  # a layer, the shapes of its inputs, and the path of what refuses them
    (nn.Linear(3, 2), [(4, 3)], "blocks.1"),
    (nn.Bilinear(3, 3, 2), [(4, 3), (4, 3)], "blocks.1"),
    (nn.Conv2d(3, 2, 3), [(1, 3, 8, 8)], "blocks.1"),
    (nn.ConvTranspose1d(3, 2, 3), [(1, 3, 8)], "blocks.1"),
    (nn.BatchNorm1d(3), [(4, 3)], "blocks.1"),
    (nn.BatchNorm1d(3, affine=False), [(4, 3)], "blocks.1"),
    (nn.LayerNorm(3), [(4, 3)], "blocks.1"),
    (nn.GroupNorm(1, 3), [(4, 3)], "blocks.1"),
    (nn.InstanceNorm1d(3, affine=True), [(4, 3, 5)], "blocks.1"),
    (nn.PReLU(), [(4, 3)], "blocks.1"),
    (nn.RNN(3, 2), [(5, 4, 3)], "blocks.1"),
    (nn.LSTM(3, 2), [(5, 4, 3)], "blocks.1"),
    (nn.GRU(3, 2), [(5, 4, 3)], "blocks.1"),
    (nn.GRUCell(3, 2), [(4, 3)], "blocks.1"),
    (nn.MultiheadAttention(4, 2), [(5, 1, 4)] * 3, "blocks.1"),
    (nn.TransformerEncoderLayer(4, 2, 8), [(5, 1, 4)], "blocks.1.self_attn"),
    (nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 1), [(5, 1, 4)], "blocks.1.layers.0.self_attn"),
    (nn.Maxout(3, 2, 2), [(4, 3)], "blocks.1.linear"),
    (nn.MaxoutConv2d(3, 2, 3), [(1, 3, 8, 8)], "blocks.1.conv"),
    (nn.LinearHead(3, 2), [(4, 3)], "blocks.1.linear"),
    (nn.LearnedPositionalEncoding(3), [(4, 3)], "blocks.1"),
    (nn.GCNConv(3, 2), [(3, 3), EDGES], "blocks.1.lin"),
    (nn.SAGEConv(3, 2), [(3, 3), EDGES], "blocks.1.lin_l"),
    (nn.GATConv(3, 2), [(3, 3), EDGES], "blocks.1.lin"),
]


@pytest.mark.parametrize(("layer", "shapes", "path"), CASES, ids=[type(case[0]).__name__ for case in CASES])
@pytest.mark.parametrize("kind", ["array", "Tensor"])
@pytest.mark.parametrize("wide", ["input", "model"])
def test_refusals_name_the_place_both_dtypes_and_both_cures(
    layer: nn.Module, shapes: Any, path: str, kind: str, wide: str
) -> None:
    model = Net(layer).double() if wide == "model" else Net(layer).float()
    own, other = ("float64", "float32") if wide == "model" else ("float32", "float64")
    arrays = [np.ones(shape, other) if isinstance(shape, tuple) else shape for shape in shapes]
    inputs = [minigrad.tensor(a) if kind == "Tensor" else a for a in arrays]
    with pytest.raises(TypeError) as caught:
        model(*inputs)
    cast = "double" if other == "float64" else "float"
    message = str(caught.value)
    assert f"is {other}, but " in message and f" {own}, and a layer computes in one precision" in message
    assert f".astype(np.{own})" in message and f"model.{cast}()" in message
    (note,) = caught.value.__notes__
    assert note.endswith(f", which is {path} of Net")

    converted = [x if x is EDGES or x.dtype.kind != "f" else x.astype(own) for x in inputs]  # the first cure
    out = model(*converted)
    assert (out[0] if isinstance(out, tuple) else out).dtype == own
    out = getattr(model, cast)()(*inputs)  # the second
    assert (out[0] if isinstance(out, tuple) else out).dtype == other


def test_lists_take_the_precision_of_the_layer_and_integers_are_promoted() -> None:
    layer = nn.Linear(2, 1)
    assert layer([1.0, 2.0]).dtype == np.float32
    assert layer(np.array([1, 2])).dtype == layer(minigrad.tensor([1, 2])).dtype == np.float32
    assert layer.double()(np.array([1, 2])).dtype == np.float64


def test_half_precision_norms_take_float32_parameters_too() -> None:
    x = minigrad.ones(4, 3, dtype=np.float16)
    for layer in (nn.BatchNorm1d(3), nn.LayerNorm(3), nn.GroupNorm(1, 3)):
        assert layer(x).dtype == layer.half()(x).dtype == np.float16
        with pytest.raises(TypeError, match=r"weight float64"):
            layer.double()(x)
