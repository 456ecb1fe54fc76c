"""What ``.grad`` of a Tensor may be, and what reading it says where it stays None."""

from __future__ import annotations

from typing import Any

from .caller import warn
from .graph import Node


def check_gradient(tensor: Any, grad: Any) -> None:
    """Refuse as ``.grad`` of ``tensor`` what is no gradient of it."""
    if not hasattr(grad, "_node"):
        raise TypeError(f".grad must be a Tensor or None, got {type(grad).__name__}; wrap it: minigrad.tensor(values)")
    if grad is tensor:
        raise RuntimeError("a Tensor cannot be its own .grad; make a copy: t.detach().clone()")
    if grad.shape != tensor.shape:
        raise RuntimeError(f".grad of a Tensor of shape {tensor.shape} must have that shape, got {grad.shape}")
    if grad.dtype != tensor.dtype:
        raise RuntimeError(
            f".grad of a {tensor.dtype} Tensor must be {tensor.dtype}, got {grad.dtype}; "
            f"convert it: t.grad = values.astype({str(tensor.dtype)!r})"
        )


def warn_not_retained(node: Node | None) -> None:
    """Warn that backward keeps no gradient for the Tensor at ``node``, unless ``retain_grad`` asked for it."""
    hooks = node.hooks if node is not None else None
    if not any(getattr(hook, "retains", False) for hook in (hooks or {}).values()):
        warn(
            "this Tensor is not a leaf, so backward does not keep its .grad, which is None; call .retain_grad() on it "
            "before backward, or read the .grad of the leaf that it was computed from"
        )
