"""What an initialiser may write into."""

from __future__ import annotations

from typing import Any

from ...core.arrays import refuse_gradient
from ...core.tensor import Tensor


def check_target(name: str, tensor: Any, random: bool = False, **numbers: Any) -> None:
    """Refuse what is no Tensor, recorded in a graph or, for random values, of integers; and numbers with a gradient."""
    refuse_gradient(name, **numbers)
    if not isinstance(tensor, Tensor):
        cure = f"; pass its weight: {name}(layer.weight)" if hasattr(tensor, "weight") else ""
        raise TypeError(f"{name} writes into a Tensor, got {type(tensor).__name__}{cure}")
    if not tensor.is_leaf:
        raise RuntimeError(f"{name} would overwrite a recorded Tensor of shape {tensor.shape}; use it on a leaf")
    if random and tensor.dtype.kind != "f":
        raise TypeError(f"{name} needs a floating-point Tensor, got {tensor.dtype}")
