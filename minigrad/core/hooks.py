"""Hooks: functions that are called when a gradient is known."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

from .backward import accumulate, own
from .declare import register
from .graph import Leaf, Node, tick
from .tensor import Tensor, to_tensor


class RemovableHandle:
    """Undoes the registration of a hook: when asked to, or at the end of a ``with`` block."""

    def __init__(self, hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> None:
        self._hooks, self._key = hooks, tick()
        hooks[self._key] = hook

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


@register()
def register_hook(self: Tensor, hook: Callable[[Tensor], Any]) -> RemovableHandle:
    """Call ``hook(grad)`` when the gradient of this Tensor is known; what it returns, if anything, replaces it.

    Example:
        >>> x = Tensor(2.0, requires_grad=True)
        >>> handle = x.register_hook(lambda grad: grad * 10)
        >>> (3 * x).backward()
        >>> x.grad
        Tensor(30.)
    """
    if self._node is None:
        raise RuntimeError("a hook needs a Tensor that requires grad")
    dtype = self.dtype

    def adapted(grad: Any) -> Any:
        result = hook(own(grad, shared=True))  # a copy: others may hold the array that is on its way
        if result is None:
            return grad
        result = to_tensor(result, copy=False)
        if result.shape != grad.shape:
            raise RuntimeError(f"the hook returned shape {result.shape} for a gradient of shape {grad.shape}")
        result = result if result.dtype == dtype else result.astype(dtype)
        return result if isinstance(grad, Tensor) else result._array

    adapted.retains = getattr(hook, "retains", False)  # type: ignore[attr-defined]
    self._node.hooks = {} if self._node.hooks is None else self._node.hooks
    return RemovableHandle(self._node.hooks, adapted)


@register()
def register_post_accumulate_grad_hook(self: Tensor, hook: Callable[[Tensor], None]) -> RemovableHandle:
    """Call ``hook(tensor)`` whenever backward has added to ``.grad`` of this leaf.

    It may use the gradient and drop it, ``tensor.grad = None``, before the next leaf gets its own.
    """
    if not isinstance(self._node, Leaf):
        raise RuntimeError(
            "register_post_accumulate_grad_hook needs a leaf that requires grad: only leaves accumulate; "
            "on other Tensors use register_hook"
        )
    return RemovableHandle(self._node.after, hook)


@register()
def retain_grad(self: Tensor) -> None:
    """Ask for ``.grad`` of a Tensor inside the graph too."""
    if not self.is_leaf:
        me = weakref.ref(self)

        def keep(grad: Tensor) -> None:
            accumulate(me(), grad)

        keep.retains = True  # type: ignore[attr-defined]
        register_hook(self, keep)


def _refuse_if_moved(leaf: weakref.ref[Tensor], grad: Any) -> Any:
    tensor = leaf()
    if tensor is None or tensor.is_leaf:  # it only stood in for another, as in functional_call
        return grad
    raise RuntimeError(
        f"backward arrived at a leaf of shape {grad.shape} that was frozen (requires_grad = False) and then moved into "
        "another graph by an in-place operation; call backward before that, or compute a new Tensor: w = w + x"
    )


def follow(tensor: Tensor, old: Node | None) -> None:
    """Let ``retain_grad`` follow a Tensor that an in-place operation moved from the node ``old`` to another."""
    if old is None and hasattr(tensor, "_leaf"):  # a frozen leaf, for which a graph from before may hold a gradient
        leaf = tensor._leaf
        leaf.hooks = {} if leaf.hooks is None else leaf.hooks
        leaf.hooks[tick()] = functools.partial(_refuse_if_moved, leaf.tensor)
        return
    hooks = {} if old is None or old.hooks is None else old.hooks
    kept = [key for key, hook in hooks.items() if getattr(hook, "retains", False)]
    for key in kept:
        del hooks[key]
    if kept:
        retain_grad(tensor)
