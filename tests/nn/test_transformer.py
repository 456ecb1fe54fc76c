"""Transformers compared with PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import nn


def test_copies_start_equal_and_do_not_share() -> None:
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2)
    first, second = [layer.linear1.weight for layer in encoder.layers]
    assert first is not second and np.array_equal(first.detach().numpy(), second.detach().numpy())
    model = nn.Transformer(8, 2, 2, 2, 16)
    first, second = [layer.linear1.weight for layer in model.encoder.layers]
    assert not np.array_equal(first.detach().numpy(), second.detach().numpy())
    bound = (6 / (16 + 8)) ** 0.5
    assert bound * 0.9 < np.abs(first.detach().numpy()).max() <= bound


def test_an_empty_encoder_is_an_encoder() -> None:
    nothing = nn.Sequential()
    assert nn.Transformer(8, 2, 1, 1, 16, custom_encoder=nothing, custom_decoder=nothing).encoder is nothing


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="'relu', 'gelu' or a function"):
        nn.TransformerEncoderLayer(8, 2, activation="swish")
    with pytest.raises(TypeError, match="make an object"):
        nn.TransformerEncoder(nn.TransformerEncoderLayer, 2)
    with pytest.raises(ValueError, match="at least 1"):
        nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 0)
    with pytest.raises(ValueError, match="d_model=8"):
        nn.Transformer(8, 2, 1, 1, 16)(np.zeros((3, 2, 8)), np.zeros((3, 2, 7)))
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2)
    with pytest.raises(ValueError, match="last sizes") as caught:
        encoder(np.zeros((3, 2, 7), np.float32))
    assert "layers.0.self_attn" in "".join(caught.value.__notes__)
