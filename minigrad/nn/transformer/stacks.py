"""Transformers: layers of attention stacked, for one sequence or from one to another, with PyTorch's names."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ...core.arrays import as_array, get_default_dtype
from ...core.tensor import Tensor, raw, to_tensor
from .. import init
from ..container import ModuleList
from ..functional.sizes import at_least
from ..kernels.activation.rectifier import relu
from ..module.module import Module
from ..normalization.layer import LayerNorm
from .layers import Activation, TransformerDecoderLayer, TransformerEncoderLayer


class TransformerEncoder(Module):
    """Copies of one encoder layer on top of each other; as in PyTorch all of them start with equal weights.

    Args:
        encoder_layer: what is copied.
        num_layers: how often.
        norm: a last LayerNorm, or None; needed where the layers have ``norm_first``.
        enable_nested_tensor: without meaning here; taken because PyTorch has it.
        mask_check: without meaning here.

    Example:
        >>> from minigrad import nn
        >>> encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), num_layers=2)
        >>> encoder(np.zeros((5, 4, 8), np.float32)).shape
        (5, 4, 8)
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        self.layers = _copies("TransformerEncoder", encoder_layer, num_layers)
        self.num_layers = len(self.layers)
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Tensor:
        """All layers.

        Args:
            src: the sequence.
            mask: as ``src_mask`` of a layer.
            src_key_padding_mask: as that of a layer.
            is_causal: whether mask is the causal one; None to find out.
        """
        x: Any = to_tensor(src, copy=False)
        causal = _is_causal(mask) if is_causal is None else is_causal
        for layer in self.layers:
            x = layer(x, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=causal)
        return x if self.norm is None else self.norm(x)  # type: ignore[no-any-return]


class TransformerDecoder(Module):
    """Copies of one decoder layer on top of each other; as in PyTorch all of them start with equal weights.

    Args:
        decoder_layer: what is copied.
        num_layers: how often.
        norm: a last LayerNorm, or None; needed where the layers have ``norm_first``.

    Example:
        >>> from minigrad import nn
        >>> decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16), num_layers=2)
        >>> decoder(np.zeros((3, 4, 8), np.float32), np.zeros((5, 4, 8), np.float32)).shape
        (3, 4, 8)
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        self.layers = _copies("TransformerDecoder", decoder_layer, num_layers)
        self.num_layers = len(self.layers)
        self.norm = norm

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """All layers; arguments as for one, with ``tgt_is_causal=None`` to find out whether tgt_mask is causal."""
        x: Any = to_tensor(tgt, copy=False)
        memory = to_tensor(memory, copy=False)
        causal = _is_causal(tgt_mask) if tgt_is_causal is None else tgt_is_causal
        for layer in self.layers:
            x = layer(
                x,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return x if self.norm is None else self.norm(x)  # type: ignore[no-any-return]


class Transformer(Module):
    """An encoder for one sequence and a decoder for another: the model for translation.

    All matrices start by Xavier's uniform initialisation, so the layers differ.

    Shapes:
        src: (S, N, E), with batch_first (N, S, E), without a batch (S, E).
        tgt: (T, N, E), (N, T, E) or (T, E).
        result: that of tgt.

    Args:
        d_model: the size E of every position.
        nhead: the number of heads; divides d_model.
        num_encoder_layers: layers of the encoder.
        num_decoder_layers: layers of the decoder.
        dim_feedforward: the size between the two layers of the networks.
        dropout: the share of weights, hidden values and results to drop in training.
        activation: "relu", "gelu", or a function of one Tensor.
        custom_encoder: a Module to use as the encoder.
        custom_decoder: a Module to use as the decoder.
        layer_norm_eps: added to the variance in LayerNorm.
        batch_first: whether the batch is the first dimension.
        norm_first: normalise before each part rather than after its sum.
        bias: whether the linear layers and norms have biases.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for sizes that do not fit.

    Source: Vaswani et al. 2017.

    Example:
        >>> from minigrad import nn
        >>> model = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
        >>> model(np.zeros((4, 5, 8), np.float32), np.zeros((4, 3, 8), np.float32)).shape
        (4, 3, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        options = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias,
            device, dtype,
        )  # fmt: skip

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)

        if custom_encoder is None:  # an empty Sequential is one too, though it counts as false
            custom_encoder = TransformerEncoder(TransformerEncoderLayer(*options), num_encoder_layers, norm())
        if custom_decoder is None:
            custom_decoder = TransformerDecoder(TransformerDecoderLayer(*options), num_decoder_layers, norm())
        self.encoder, self.decoder = custom_encoder, custom_decoder
        self._reset_parameters()
        self.d_model, self.nhead = at_least("Transformer", 1, d_model=d_model, nhead=nhead)
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The decoder's result for tgt, given src; masks as for the layers."""
        src, tgt = to_tensor(src, copy=False), to_tensor(tgt, copy=False)
        if src.ndim != tgt.ndim or src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise ValueError(
                f"Transformer: src and tgt need one rank, 2 or 3, and the last size d_model={self.d_model}; got "
                f"{src.shape} and {tgt.shape}"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(  # type: ignore[no-any-return]
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """The causal mask as numbers to be added: -inf for what comes later, 0 elsewhere.

        ``is_causal=True`` in its place takes no memory.

        Example:
            >>> from minigrad import nn
            >>> nn.Transformer.generate_square_subsequent_mask(2)
            Tensor([[  0., -inf],
                    [  0.,   0.]])
        """
        (sz,) = at_least("generate_square_subsequent_mask", 0, sz=sz)
        hidden = ~np.tri(sz, dtype=bool)
        return Tensor(np.where(hidden, -np.inf, 0.0), dtype=get_default_dtype() if dtype is None else dtype)


# --- parts ------------------------------------------------------------------------------------------------------------
def _copies(name: str, layer: Module, number: int) -> ModuleList:
    if not isinstance(layer, Module):
        raise TypeError(f"{name} copies a layer, and got {type(layer).__name__}; make an object of it first")
    (number,) = at_least(name, 1, num_layers=number)
    return ModuleList(copy.deepcopy(layer) for _ in range(number))


def _is_causal(mask: Any) -> bool:
    """Whether a mask hides just what comes later: it can then be left to ``is_causal``, which takes no memory."""
    if mask is None or getattr(mask, "requires_grad", False):
        return False
    values = raw(mask) if isinstance(mask, Tensor) else as_array(mask)
    if values.ndim != 2 or values.shape[0] != values.shape[1] or values.dtype.kind not in "bf":
        return False
    later = ~np.tri(values.shape[0], dtype=bool)
    return bool(np.array_equal(values, later if values.dtype.kind == "b" else np.where(later, -np.inf, 0.0)))
