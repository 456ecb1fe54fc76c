"""Dropout: some values set to 0 at random in training, the others enlarged so that the expectation stays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.graph import Array
from ...core.tensor import Tensor, wrap
from ...random import default_generator
from ..kernels.dropout import thinned
from ..kernels.normalization.sums import affine
from .arguments import floating, probability

_SATURATION = 1.7580993408473766  # what SELU tends to, with the sign changed, for very negative inputs


def _kept(shape: tuple[int, ...], p: float, scale: float, dtype: Any) -> Array:
    """``scale`` with probability 1 - p, else 0. Drawn in float32, so that one seed drops the same in every dtype."""
    kept = default_generator().random(shape, dtype=np.float32) >= p
    return np.multiply(kept, scale, dtype=dtype)


def _each_channel(input: Tensor) -> tuple[int, ...]:
    return input.shape[:2] + (1,) * (input.ndim - 2)


def _multiplied(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    """Inverted dropout: what is kept grows by 1 / (1 - p). One mask serves forward and backward."""
    if not training or p == 0:
        return input
    mask = _kept(shape, p, 1 / (1 - p) if p < 1 else 0.0, input.dtype)
    return input.mul_(wrap(mask, None)) if inplace else thinned(input, mask=mask)


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training every value becomes 0 with probability ``p``, else is divided by 1 - p; otherwise nothing happens.

    Args:
        input: the values, of any shape.
        p: the probability of *dropping* a value. (Some books call the probability of keeping it p.)
        training: whether to drop; if not, the input itself is returned.
        inplace: overwrite the input.

    Raises:
        ValueError: for p outside [0, 1].
        TypeError: for an input of integers.

    Source:
        Srivastava et al. 2014, section 10, the scaling at training time.

    Example:
        >>> _ = minigrad.manual_seed(0)
        >>> dropout(Tensor([1.0, 1.0, 1.0, 1.0]), 0.5)
        Tensor([2., 2., 2., 0.])
        >>> dropout(Tensor([1.0, 1.0]), 0.5, training=False)
        Tensor([1., 1.])
    """
    input, p = floating("dropout", input), probability("dropout", p)
    return _multiplied(input, p, training, inplace, input.shape)


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """``dropout`` of whole channels, (N, C, L) or (C, L): neighbours that vary together are dropped together."""
    p = probability("dropout1d", p)
    input = _of_rank("dropout1d", floating("dropout1d", input), (2, 3), "(N, C, L) or (C, L)")
    shape = _each_channel(input) if input.ndim == 3 else (input.shape[0], 1)
    return _multiplied(input, p, training, inplace, shape)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """``dropout`` of whole feature maps, (N, C, H, W): neighbouring pixels vary together, single ones are no loss.

    A 3-D input counts as (N, C, L), as in PyTorch.

    Source:
        Tompson et al. 2015, section 3.2.
    """
    p = probability("dropout2d", p)
    input = _of_rank("dropout2d", floating("dropout2d", input), (3, 4), "(N, C, H, W) or (N, C, L)")
    return _multiplied(input, p, training, inplace, _each_channel(input))


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """``dropout`` of whole channels of volumes, (N, C, D, H, W) or (C, D, H, W)."""
    p = probability("dropout3d", p)
    input = _of_rank("dropout3d", floating("dropout3d", input), (4, 5), "(N, C, D, H, W) or (C, D, H, W)")
    shape = _each_channel(input) if input.ndim == 5 else (input.shape[0], 1, 1, 1)
    return _multiplied(input, p, training, inplace, shape)


def _of_rank(name: str, input: Tensor, ranks: tuple[int, ...], shapes: str) -> Tensor:
    if input.ndim not in ranks:
        raise ValueError(f"{name} takes an input of shape {shapes}, got {input.shape}; dropout takes any shape")
    return input


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """``dropout`` for networks with SELU: keeps mean 0 and variance 1 of the values, not only the expectation.

    Dropped values become SELU's limit -1.758 instead of 0, and then all are scaled and shifted.

    Args:
        input: the values, of any shape.
        p: the probability of dropping a value.
        training: whether to drop; if not, the input itself is returned.
        inplace: overwrite the input.

    Source:
        Klambauer et al. 2017, section "New dropout technique".

    Example:
        >>> alpha_dropout(Tensor([1.0, 1.0]), 0.5)
        Tensor([1., 1.])
    """
    input, p = floating("alpha_dropout", input), probability("alpha_dropout", p)
    return _saturated(input, p, training, inplace, input.shape)


def feature_alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """``alpha_dropout`` of whole channels, (N, C, ...)."""
    input, p = floating("feature_alpha_dropout", input), probability("feature_alpha_dropout", p)
    if input.ndim < 2:
        raise ValueError(f"feature_alpha_dropout takes an input of shape (N, C, ...), got {input.shape}")
    return _saturated(input, p, training, inplace, _each_channel(input))


def _saturated(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    if not training or p == 0 or p == 1:  # where all are dropped, no scale brings back a variance: 0, as in PyTorch
        return _multiplied(input, p, training, inplace, shape)
    scale = 1 / math.sqrt((1 - p) * (1 + p * _SATURATION**2))
    mask = _kept(shape, p, scale, input.dtype)
    shift = (mask - (1 - p) * scale) * _SATURATION  # mean 0; -1.758 · scale more for what is kept is 0 for what is not
    if inplace:
        return input.mul_(wrap(mask, None)).add_(wrap(shift, None))
    return affine(input, None, wrap(mask, None), wrap(shift, None))  # type: ignore[no-any-return]
