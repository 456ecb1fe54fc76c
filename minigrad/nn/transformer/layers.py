"""The layers of transformers: attention, and a small network at every position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.tensor import Tensor, to_tensor
from .. import functional
from ..attention import MultiheadAttention
from ..dropout import Dropout
from ..kernels.activation.rectifier import relu
from ..linear import Linear
from ..module.module import Module
from ..normalization.layer import LayerNorm

Activation = str | Callable[[Any], Any]


def _activation(layer: str, activation: Activation) -> Callable[[Any], Any]:
    if callable(activation):
        return activation
    if activation in ("relu", "gelu"):
        return getattr(functional, activation)  # type: ignore[no-any-return]
    raise ValueError(f"{layer}: activation is 'relu', 'gelu' or a function, got {activation!r}")


class TransformerEncoderLayer(Module):
    """Self-attention, then a network of two layers at every position, each with a skip connection and LayerNorm.

    With ``norm_first`` the norms come before the two parts instead of after the sums, which trains deep stacks without
    warm-up (GPT-2 and later models).

    Shapes:
        src: (S, N, E), with batch_first (N, S, E), without a batch (S, E).
        src_mask: (S, S) or (N · nhead, S, S).
        src_key_padding_mask: (N, S), without a batch (S,).
        result: that of src.

    Args:
        d_model: the size E of every position.
        nhead: the number of heads; divides d_model.
        dim_feedforward: the size between the two layers of the network.
        dropout: the share of weights, hidden values and results to drop in training.
        activation: "relu", "gelu", or a function of one Tensor.
        layer_norm_eps: added to the variance in LayerNorm.
        batch_first: whether the batch is the first dimension.
        norm_first: normalise before each part rather than after its sum.
        bias: whether the linear layers and norms have biases.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for sizes that do not fit, and another activation.

    Source: Vaswani et al. 2017, section 3.1; norm_first: Xiong et al. 2020.

    Example:
        >>> from minigrad import nn
        >>> layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)
        >>> layer(np.zeros((4, 5, 8), np.float32)).shape
        (4, 5, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        made: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **made)
        self.linear1 = Linear(d_model, dim_feedforward, **made)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **made)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, **made)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, **made)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = _activation(type(self).__name__, activation)

    def forward(
        self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Tensor:
        """One layer.

        Args:
            src: the sequence.
            src_mask: True for positions that a position may not see, or numbers added to the scores.
            src_key_padding_mask: True for positions to be ignored by all.
            is_causal: says that src_mask is the causal one, or stands for it.
        """
        x = to_tensor(src, copy=False)

        def attend(x: Any) -> Any:
            return self.dropout1(_attended(self.self_attn, x, x, src_mask, src_key_padding_mask, is_causal))

        if self.norm_first:
            x = x + attend(self.norm1(x))
            return x + self._feed_forward(self.norm2(x))  # type: ignore[no-any-return]
        x = self.norm1(x + attend(x))
        return self.norm2(x + self._feed_forward(x))  # type: ignore[no-any-return]

    def _feed_forward(self, x: Any) -> Any:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerDecoderLayer(Module):
    """Self-attention, attention to what the encoder made of another sequence, and a network at every position.

    Shapes:
        tgt: (T, N, E), with batch_first (N, T, E), without a batch (T, E).
        memory: (S, N, E), (N, S, E) or (S, E).
        tgt_mask: (T, T) or (N · nhead, T, T).
        memory_mask: (T, S) or (N · nhead, T, S).
        tgt_key_padding_mask: (N, T), without a batch (T,).
        memory_key_padding_mask: (N, S), without a batch (S,).
        result: that of tgt.

    Args:
        d_model: the size E of every position.
        nhead: the number of heads; divides d_model.
        dim_feedforward: the size between the two layers of the network.
        dropout: the share of weights, hidden values and results to drop in training.
        activation: "relu", "gelu", or a function of one Tensor.
        layer_norm_eps: added to the variance in LayerNorm.
        batch_first: whether the batch is the first dimension.
        norm_first: normalise before each part rather than after its sum.
        bias: whether the linear layers and norms have biases.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for sizes that do not fit, and another activation.

    Source: Vaswani et al. 2017, section 3.1.

    Example:
        >>> from minigrad import nn
        >>> layer = nn.TransformerDecoderLayer(8, 2, dim_feedforward=16, batch_first=True)
        >>> layer(np.zeros((4, 3, 8), np.float32), np.zeros((4, 5, 8), np.float32), tgt_is_causal=True).shape
        (4, 3, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        made: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **made)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **made)
        self.linear1 = Linear(d_model, dim_feedforward, **made)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **made)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, **made)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, **made)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, **made)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)
        self.activation = _activation(type(self).__name__, activation)

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """One layer.

        Args:
            tgt: the sequence that is made.
            memory: the encoder's result.
            tgt_mask: True for positions of tgt that a position may not see, or numbers added to the scores.
            memory_mask: the same for positions of memory.
            tgt_key_padding_mask: True for positions of tgt to be ignored by all.
            memory_key_padding_mask: True for positions of memory to be ignored by all.
            tgt_is_causal: says that tgt_mask is the causal one, or stands for it.
            memory_is_causal: the same for memory_mask.
        """
        x, memory = to_tensor(tgt, copy=False), to_tensor(memory, copy=False)

        def attend(x: Any) -> Any:
            return self.dropout1(_attended(self.self_attn, x, x, tgt_mask, tgt_key_padding_mask, tgt_is_causal))

        def remember(x: Any) -> Any:
            found = _attended(self.multihead_attn, x, memory, memory_mask, memory_key_padding_mask, memory_is_causal)
            return self.dropout2(found)

        if self.norm_first:
            x = x + attend(self.norm1(x))
            x = x + remember(self.norm2(x))
            return x + self._feed_forward(self.norm3(x))  # type: ignore[no-any-return]
        x = self.norm1(x + attend(x))
        x = self.norm2(x + remember(x))
        return self.norm3(x + self._feed_forward(x))  # type: ignore[no-any-return]

    def _feed_forward(self, x: Any) -> Any:
        return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))


def _attended(attend: MultiheadAttention, x: Any, memory: Any, mask: Any, padding: Any, causal: bool) -> Any:
    return attend(x, memory, memory, attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=causal)[0]
