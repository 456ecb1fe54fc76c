"""Where in a sequence something stands: attention does not see it unless it is told."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import one_precision, refuse_gradient
from ..core.graph import Array
from ..core.tensor import Tensor
from . import init
from .functional.arguments import floating
from .functional.sizes import at_least
from .kernels.position import rotate_pairs
from .module.module import Module
from .parameter import unset


class SinusoidalPositionalEncoding(Module):
    """Adds waves of many lengths, from 2π to 10,000 · 2π positions, so that every position looks different.

    Nothing is learned: channel 2i gets sin(p / 10000^(2i/C)) of position p, channel 2i + 1 the cosine. The waves of
    position p + k are a rotation of those of p, by an angle that depends on k only. Start here if sequences may get
    longer than those in training.

    Shapes:
        input: (..., T, C), batch first: (B, T, C) or (T, C).
        result: that of the input.
        encoding: (max_len, C), a buffer that is not part of the state.

    Args:
        embedding_dim: the number of channels C.
        max_len: the longest sequence.
        base: the ratio of the longest wave to the shortest, 10,000.
        device: None or ``"cpu"``.
        dtype: of the encoding, by default the default dtype (float32).

    Raises:
        ValueError: for sequences longer than max_len, and other numbers of channels.

    Source: Vaswani et al. 2017, section 3.5.

    Example:
        >>> from minigrad import nn
        >>> nn.SinusoidalPositionalEncoding(4, max_len=3).encoding[0]
        Tensor([0., 1., 0., 1.])
    """

    encoding: Tensor

    def __init__(
        self,
        embedding_dim: int,
        max_len: int = 5000,
        base: float = 10_000.0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = at_least(type(self).__name__, 1, embedding_dim=embedding_dim, max_len=max_len)
        self.embedding_dim, self.max_len = sizes
        self.base = _ratio(self, base)
        angles = _angles(self.max_len, self.embedding_dim, self.base)
        waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(self.max_len, -1)
        dtype = unset((), device, dtype).dtype
        self.register_buffer("encoding", Tensor(waves[:, : self.embedding_dim], dtype=dtype), persistent=False)

    def forward(self, input: Any) -> Tensor:
        """The input plus the encoding of positions 0, 1, 2 ... along its last dimension but one."""
        input = _checked(self, input, self.embedding_dim)
        return input + self.encoding[: input.shape[-2]]  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.embedding_dim}, max_len={self.max_len}"


class LearnedPositionalEncoding(Module):
    """Adds a learned vector for each position, as GPT-2 and BERT do: the table is an ``Embedding`` of the positions.

    Positions that never occur in training are never learned.

    Shapes:
        input: (..., T, C), batch first: (B, T, C) or (T, C).
        result: that of the input.
        weight: (max_len, C).

    Args:
        embedding_dim: the number of channels C.
        max_len: the longest sequence.
        std: the standard deviation of the normal numbers that the table starts with.
        device: None or ``"cpu"``.
        dtype: of the table, by default the default dtype (float32).

    Raises:
        ValueError: for sequences longer than max_len, and other numbers of channels.

    Source: Radford et al. 2018 (GPT), section 4.1: "learned position embeddings", standard deviation 0.02.

    Example:
        >>> from minigrad import nn
        >>> nn.LearnedPositionalEncoding(4, max_len=3)(np.zeros((2, 3, 4), np.float32)).shape
        (2, 3, 4)
    """

    def __init__(
        self,
        embedding_dim: int,
        max_len: int = 1024,
        std: float = 0.02,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = at_least(type(self).__name__, 1, embedding_dim=embedding_dim, max_len=max_len)
        self.embedding_dim, self.max_len = sizes
        self.std = std
        self.weight = unset((self.max_len, self.embedding_dim), device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw a new table."""
        init.normal_(self.weight, std=self.std)

    def forward(self, input: Any) -> Tensor:
        """The input plus the rows of positions 0, 1, 2 ... along its last dimension but one."""
        input = _checked(self, input, self.embedding_dim)
        one_precision(type(self).__name__, input, weight=self.weight)
        return input + self.weight[: input.shape[-2]]  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.embedding_dim}, max_len={self.max_len}"


class RotaryPositionalEncoding(Module):
    """Turns pairs of channels by an angle that grows with the position; for queries and keys, not for values.

    The product of a query at position m and a key at position n then depends on m - n only: attention sees how far
    apart two positions are, not where they stand. Nothing is learned and nothing is added. Pair i of D/2 turns by
    p / base^(2i/D) at position p.

    There are two conventions for what makes a pair, and weights trained with one are useless with the other:
    ``interleaved`` pairs the channels 2i and 2i + 1, as the paper, GPT-J and Llama's own code do; the other pairs i
    and i + D/2, as GPT-NeoX and Llama in Hugging Face's format do.

    Shapes:
        input: (..., T, D), with heads (B, H, T, D).
        result: that of the input.
        cosine, sine: (max_len, D/2), buffers that are not part of the state.

    Args:
        head_dim: the size D of one head, an even number.
        max_len: the longest sequence.
        base: 10,000 in the paper; larger for longer contexts.
        interleaved: which channels make a pair.
        device: None or ``"cpu"``.
        dtype: of the cosines and sines, by default the default dtype (float32).

    Raises:
        ValueError: for an odd head_dim, positions beyond max_len, and another size of heads.

    Source: Su et al. 2021 (RoFormer), section 3.2.2 and equation 34.

    Example:
        >>> from minigrad import nn
        >>> turn = nn.RotaryPositionalEncoding(2, max_len=8)
        >>> q, k = turn(np.ones((8, 2), np.float32)), turn(np.ones((8, 2), np.float32))
        >>> products = (q @ k.T).numpy()
        >>> bool(np.allclose(products[1, 0], products[7, 6]))
        True
    """

    cosine: Tensor
    sine: Tensor

    def __init__(
        self,
        head_dim: int,
        max_len: int = 2048,
        base: float = 10_000.0,
        interleaved: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.head_dim, self.max_len = at_least(type(self).__name__, 1, head_dim=head_dim, max_len=max_len)
        if self.head_dim % 2:
            raise ValueError(f"RotaryPositionalEncoding: head_dim must be even, to make pairs, got {self.head_dim}")
        self.base = _ratio(self, base)
        self.interleaved = interleaved
        angles = _angles(self.max_len, self.head_dim, self.base)
        dtype = unset((), device, dtype).dtype
        self.register_buffer("cosine", Tensor(np.cos(angles), dtype=dtype), persistent=False)
        self.register_buffer("sine", Tensor(np.sin(angles), dtype=dtype), persistent=False)

    def forward(self, input: Any, offset: int = 0) -> Tensor:
        """The input, turned by its positions: ``offset``, offset + 1 ... along the last dimension but one.

        Args:
            input: queries or keys.
            offset: the position of the first of them: the length of what is kept from earlier steps of generation.
        """
        (offset,) = at_least(type(self).__name__, 0, offset=offset)
        input = _checked(self, input, self.head_dim, offset)
        here = slice(offset, offset + input.shape[-2])
        cosine, sine = [table._array[here].astype(input.dtype, copy=False) for table in (self.cosine, self.sine)]
        return rotate_pairs(input, cosine=cosine, sine=sine, interleaved=self.interleaved)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Sizes, and which channels make a pair."""
        return f"{self.head_dim}, max_len={self.max_len}, base={self.base:g}, interleaved={self.interleaved}"


def _angles(positions: int, channels: int, base: float) -> Array:
    """Position p times base^(-2i/channels), for every p and pair i."""
    rates = base ** (-np.arange(0, channels, 2) / channels)
    return np.arange(positions)[:, None] * rates


def _ratio(layer: Module, base: float) -> float:
    refuse_gradient(type(layer).__name__, base=base)
    if not base > 0:
        raise ValueError(f"{type(layer).__name__}: base must be above 0, got {base!r}")
    return float(base)


def _checked(layer: Any, input: Any, channels: int, offset: int = 0) -> Tensor:
    """The input as a Tensor, if it has these channels and no more positions than the layer knows."""
    name = type(layer).__name__
    input = floating(name, input, cure="embed integers first", copy=False)
    if input.ndim < 2 or input.shape[-1] != channels:
        raise ValueError(f"{name}: the input must be (..., positions, {channels}), got {input.shape}")
    if offset + input.shape[-2] > layer.max_len:
        first = f" from position {offset}" if offset else ""
        raise ValueError(
            f"{name}: a sequence of {input.shape[-2]}{first}, input shape {input.shape}, exceeds "
            f"max_len={layer.max_len}; make the layer with max_len={offset + input.shape[-2]} or more"
        )
    return input  # type: ignore[no-any-return]
