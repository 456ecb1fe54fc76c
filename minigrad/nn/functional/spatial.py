"""What functions and layers for sequences and pictures demand of their input: one wording for all of them."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor, to_tensor

SPATIAL = {1: "L", 2: "H, W"}  # names of the dimensions behind batch and channels


def spatial(name: str, input: Any, dimensions: int) -> Tensor:
    """The input as a Tensor with channels and, maybe, a batch dimension before its one or two spatial dimensions.

    Args:
        name: of the function or layer, for the error.
        input: array, Tensor or nested list.
        dimensions: 1 for sequences, 2 for pictures.

    Raises:
        ValueError: for another rank.

    Example:
        >>> spatial("max_pool2d", [[1.0, 2.0]], 2)
        Traceback (most recent call last):
        ValueError: max_pool2d: the input must be (N, C, H, W) or (C, H, W), got shape (1, 2); for one channel, put a \
dimension before it: x.unsqueeze(-3)
    """
    tensor = to_tensor(input)
    if tensor.ndim not in (dimensions + 1, dimensions + 2):
        cure = f"; for one channel, put a dimension before it: x.unsqueeze(-{dimensions + 1})"
        raise ValueError(
            f"{name}: the input must be (N, C, {SPATIAL[dimensions]}) or (C, {SPATIAL[dimensions]}), "
            f"got shape {tensor.shape}" + (cure if tensor.ndim == dimensions else "")
        )
    return tensor
