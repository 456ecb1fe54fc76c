"""Multi-head attention as a Module."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor
from . import init
from .functional.attention.multihead import Projections, attend_in_heads
from .functional.attention.scaled_dot_product import check_dropout
from .functional.sizes import at_least
from .linear import Linear
from .module.module import Module
from .parameter import unset


class MultiheadAttention(Module):
    """Every position of one sequence takes what fits it from another, in several subspaces at once.

    For self-attention give the same Tensor three times, and ``need_weights=False`` unless you look at the weights: both
    make it faster. In masks True means hidden, as in PyTorch: the opposite of ``scaled_dot_product_attention``.
    A query that may see nothing gets the bias of the output projection, where PyTorch gives NaN with
    ``need_weights=True``.

    Shapes:
        query: (L, N, E), with batch_first (N, L, E), without a batch (L, E).
        key: (S, N, kdim), (N, S, kdim) or (S, kdim).
        value: (S, N, vdim), (N, S, vdim) or (S, vdim).
        key_padding_mask: (N, S), without a batch (S,).
        attn_mask: (L, S), or (N · num_heads, L, S) in the order of samples, then heads.
        result: the shape of the query, and the weights: (N, L, S), (N, num_heads, L, S) if not averaged, without N if
            there is no batch, or None.

    Args:
        embed_dim: the size E of queries and results.
        num_heads: the number of subspaces; divides embed_dim.
        dropout: the share of the weights to drop in training.
        bias: whether projections have a bias.
        add_bias_kv: whether there is a learned key, with its value, beside those of the sequence.
        add_zero_attn: whether there is a key of zeros, with a value of zeros, to attend to.
        kdim: the size of the keys, by default embed_dim.
        vdim: the size of the values, by default embed_dim.
        batch_first: whether the batch is the first dimension.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        TypeError: for masks that are neither boolean nor floating-point.
        ValueError: for an embed_dim that the heads do not divide, and shapes that do not fit.

    Source: Vaswani et al. 2017, section 3.2.2.

    Example:
        >>> from minigrad import nn
        >>> attend = nn.MultiheadAttention(8, 2, batch_first=True)
        >>> x = np.zeros((4, 5, 8), np.float32)
        >>> result, weights = attend(x, x, x)
        >>> result.shape, weights.shape
        ((4, 5, 8), (4, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        name = type(self).__name__
        self.embed_dim, self.num_heads = size, heads = at_least(name, 1, embed_dim=embed_dim, num_heads=num_heads)
        (self.kdim,) = at_least(name, 1, kdim=size if kdim is None else kdim)
        (self.vdim,) = at_least(name, 1, vdim=size if vdim is None else vdim)
        if size % heads:
            raise ValueError(f"{name}: embed_dim must be divisible by num_heads, got {size} and {heads}")
        check_dropout(name, dropout)
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = size // heads
        self.in_proj_weight = self.q_proj_weight = self.k_proj_weight = self.v_proj_weight = None
        if self.kdim == self.vdim == size:
            self.in_proj_weight = unset((3 * size, size), device, dtype)
        else:
            self.q_proj_weight = unset((size, size), device, dtype)
            self.k_proj_weight = unset((size, self.kdim), device, dtype)
            self.v_proj_weight = unset((size, self.vdim), device, dtype)
        self.in_proj_bias = unset((3 * size,), device, dtype) if bias else None
        self.out_proj = Linear(size, size, bias=bias, device=device, dtype=dtype)
        self.bias_k = unset((1, 1, size), device, dtype) if add_bias_kv else None
        self.bias_v = unset((1, 1, size), device, dtype) if add_bias_kv else None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)
        for learned in (self.bias_k, self.bias_v):
            if learned is not None:
                init.xavier_normal_(learned)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The result, and the weights or None.

        Args:
            query: what is looked for.
            key: what is compared with it.
            value: what is averaged.
            key_padding_mask: True for keys to be ignored, such as padding; or numbers added to the scores.
            need_weights: whether to return the weights too, which takes more time and memory.
            attn_mask: True for keys that a query may not see; or numbers added to the scores.
            average_attn_weights: return the mean of the weights over the heads.
            is_causal: says that attn_mask is the causal one, or stands for it; the mask is then not read.
        """
        return attend_in_heads(
            type(self).__name__,
            (query, key, value),
            Projections(
                self.in_proj_weight,
                self.in_proj_bias,
                self.q_proj_weight,
                self.k_proj_weight,
                self.v_proj_weight,
                self.bias_k,
                self.bias_v,
                self.out_proj.weight,
                self.out_proj.bias,
            ),
            self.num_heads,
            key_padding_mask=key_padding_mask,
            attn_mask=attn_mask,
            is_causal=is_causal,
            add_zero_attn=self.add_zero_attn,
            dropout_p=self.dropout if self.training else 0.0,
            need_weights=need_weights,
            average=average_attn_weights,
            batch_first=self.batch_first,
        )
