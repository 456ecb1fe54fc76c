"""Backward as Tensors see it: what is pushed in at the top, and how gradients arrive in ``.grad``."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from .arrays import as_array
from .declare import register
from .graph import Array, Leaf, Node, walk
from .modes import Mode, grad_enabled
from .tensor import Tensor, wrap
from .writes import stamp


@register()
def backward(
    self: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the derivative of this Tensor to ``.grad`` of every leaf that it was computed from.

    Args:
        self: where to start.
        gradient: what to push back, of this Tensor's shape; may be left out for a single element (then 1).
        retain_graph: keep the values saved for backward, so that it can be called again.
        create_graph: build the graph of the derivative itself, for derivatives of higher order.
        inputs: the Tensors whose ``.grad`` shall be added to, instead of all leaves.

    Raises:
        RuntimeError: if nothing here requires grad, the graph was already freed, or a value that it needs was
            overwritten.
    """
    node, g = seed(self, gradient, create_graph)
    keep = retain(retain_graph, create_graph)
    backpropagate({node: g}, differentiable=create_graph, retain_graph=keep, inputs=inputs)


def backpropagate(
    seeds: dict[Node, Any],
    *,
    differentiable: bool,
    retain_graph: bool,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Push ``seeds`` (node -> gradient) down the graph and add to ``.grad`` of the leaves, or of ``inputs`` only.

    They receive their gradients when the walk is complete, so a failure on the way leaves every ``.grad`` as it was.
    """
    if inputs is not None:
        nodes = nodes_of("backward", inputs)
        found = walk(seeds, differentiable=differentiable, retain_graph=retain_graph, only=nodes)
        for tensor in dict.fromkeys([inputs] if isinstance(inputs, Tensor) else inputs):
            node = tensor._node
            g = None if node is None else found[node]
            if isinstance(node, Leaf) and g is not None:
                receive(node, g)
            elif g is not None:
                accumulate(tensor, g)
        return
    handed = {id(g) for g in seeds.values()}
    found = walk(seeds, differentiable=differentiable, retain_graph=retain_graph)
    for leaf in tuple(found):
        g = found.pop(leaf)  # a leaf that cannot take the array has a copy: not all are to be in memory twice
        if isinstance(leaf, Leaf):
            receive(leaf, g, shared=id(g) in handed)
            handed.add(id(g))


def nodes_of(name: str, inputs: Tensor | Sequence[Tensor]) -> list[Node]:
    """The nodes of the inputs; refuses those that have none."""
    nodes = []
    for i, x in enumerate([inputs] if isinstance(inputs, Tensor) else inputs):
        if not isinstance(x, Tensor):
            raise TypeError(f"input {i} of {name} must be a Tensor, got {type(x).__name__}")
        if x._node is None:
            raise RuntimeError(f"input {i} of {name} does not require grad; create it with requires_grad=True")
        nodes.append(x._node)
    return nodes


def retain(retain_graph: bool | None, create_graph: bool) -> bool:
    """Whether backward keeps the graph: as asked, and by default if the derivative's own graph refers to it."""
    return create_graph if retain_graph is None else retain_graph


def seed(
    output: Tensor, gradient: Any, differentiable: bool, call: str = "{}.backward()", argument: str = "gradient"
) -> tuple[Node, Any]:
    """Check what is pushed back from ``output``; return its node and the gradient to start with.

    Args:
        output: where to start.
        gradient: what to push back, or None for 1.
        differentiable: whether the gradient shall have a graph.
        call: how the user says what this is for, with {} for the output.
        argument: what the user calls ``gradient``.
    """
    if not isinstance(output, Tensor):
        raise TypeError(f"gradients start from a Tensor, got {type(output).__name__}")
    if output._node is None:
        if output.dtype.kind != "f":
            raise RuntimeError(
                f"no gradient starts from {output.dtype}: comparisons and integers have none; start from "
                "floating-point numbers, such as the difference in place of the comparison"
            )
        raise RuntimeError(
            "this Tensor was not computed from anything that requires grad, or inside no_grad(); "
            "create the inputs with requires_grad=True"
        )
    if gradient is None:
        if output._array.size != 1:
            raise RuntimeError(
                f"{call.format('t')} for a Tensor of shape {output.shape} needs the gradient to push back; reduce it "
                f"to one number first, such as {call.format('t.sum()')}, or pass {argument}=minigrad.ones_like(t)"
            )
        one = _one_like(output._array)
        return output._node, wrap(one, None) if differentiable else one[()]  # NumPy is faster with bare numbers
    if not isinstance(gradient, Tensor):
        gradient = wrap(as_array(gradient, output.dtype), None)
    if gradient.shape != output.shape:
        raise RuntimeError(
            f"the gradient has shape {gradient.shape}, but the Tensor that it belongs to {output.shape}; "
            f"pass one number for each element, such as {argument}=minigrad.ones_like(t)"
        )
    if gradient.dtype != output.dtype:
        gradient = gradient.astype(output.dtype)
    return output._node, gradient if differentiable else gradient._array


def _one_like(number: Array) -> Array:
    if type(number) is np.ndarray:  # np.ones_like takes longer than a whole small operation
        return np.array(1, number.dtype, ndmin=number.ndim)
    return np.ones_like(number)


def own(grad: Any, shared: bool = False) -> Tensor:
    """A gradient as a Tensor whose memory belongs to no other array."""
    if type(grad) is np.ndarray and not shared and grad.base is None:
        return wrap(grad, None)
    if isinstance(grad, Tensor):
        with Mode(grad_enabled, True):
            return grad.clone()
    array = np.asarray(grad) if isinstance(grad, np.generic) else grad
    return wrap(array.copy(order="K") if shared or array.base is not None else array, None)


_adding = threading.RLock()  # reentrant: a signal or a finalizer may run another backward in the middle


def accumulate(tensor: Tensor | None, grad: Any, shared: bool = True) -> None:
    """Add ``grad`` to ``tensor.grad``, if the Tensor still exists; threads add one after the other."""
    if tensor is not None:
        with _adding:
            known = tensor._grad
            tensor._grad = own(grad, shared) if known is None else _sum(known, grad)


def _sum(known: Tensor, grad: Any) -> Tensor:
    """Both added: in place, as in PyTorch, where the memory is its own and no graph is in the way."""
    if isinstance(grad, Tensor):
        with Mode(grad_enabled, True):
            return known + grad  # type: ignore[no-any-return]
    array = known._array
    if known._node is not None or type(array) is not np.ndarray or array.base is not None or not array.flags.writeable:
        return known + grad  # type: ignore[no-any-return]
    array += grad
    stamp(array)
    return known


def receive(leaf: Leaf, g: Any, shared: bool = True) -> None:
    """Accumulate, unless the leaf was frozen meanwhile, and call the hooks that wait for it.

    Args:
        leaf: whose gradient is complete.
        g: the gradient.
        shared: whether someone else holds the array too.
    """
    tensor = leaf.tensor()
    if tensor is not None:
        if tensor._node is not None:
            accumulate(tensor, g, shared)
        if leaf.after:
            for hook in tuple(leaf.after.values()):
                hook(tensor)
