"""Gradients of given outputs by given inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.backward import backpropagate, nodes_of, own, retain, seed
from ..core.graph import Node, walk
from ..core.tensor import Tensor


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradient of the sum of ``outputs`` by each of ``inputs``; no ``.grad`` is touched.

    Args:
        outputs: one Tensor or several.
        inputs: one Tensor or several, leaves or not; only the part of the graph that leads to them is walked.
        grad_outputs: what to push back from each output; may be left out for outputs of one element.
        retain_graph: keep the graph for another pass; by default as ``create_graph``.
        create_graph: make the gradients differentiable themselves.
        allow_unused: return None for an input that the outputs do not depend on, instead of an error.

    Returns:
        One gradient for each input.

    Raises:
        RuntimeError: if an input does not require grad, or is unused.

    Example:
        >>> x = Tensor(3.0, requires_grad=True)
        >>> (slope,) = grad(x**3, x, create_graph=True)
        >>> slope.item(), grad(slope, x)[0].item()
        (27.0, 18.0)
    """
    nodes = nodes_of("grad", inputs)
    seeds = _seeds("grad", outputs, grad_outputs, create_graph)
    keep = retain(retain_graph, create_graph)
    found = walk(seeds, differentiable=create_graph, retain_graph=keep, only=nodes)
    for i, node in enumerate(nodes):
        if found[node] is None and not allow_unused:
            raise RuntimeError(
                f"input {i} of grad is not used by the outputs; pass allow_unused=True to get None for it"
            )
    return tuple(None if found[n] is None else own(found[n], shared=True) for n in nodes)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the derivative of the sum of ``tensors`` to ``.grad`` of every leaf, in one pass over their graph.

    Args:
        tensors: one Tensor or several.
        grad_tensors: what to push back from each of them; may be left out for Tensors of one element.
        retain_graph: keep the graph for another pass; by default as ``create_graph``.
        create_graph: make the gradients differentiable themselves.
        inputs: the Tensors whose ``.grad`` shall be added to, instead of all leaves.

    Raises:
        RuntimeError: as for ``Tensor.backward``.

    Example:
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> backward([(x * x).sum(), x], [None, Tensor([10.0, 20.0])])
        >>> x.grad
        Tensor([12., 24.])
    """
    seeds = _seeds("backward", tensors, grad_tensors, create_graph)
    keep = retain(retain_graph, create_graph)
    backpropagate(seeds, differentiable=create_graph, retain_graph=keep, inputs=inputs)


def _seeds(name: str, outputs: Tensor | Sequence[Tensor], gradients: Any, differentiable: bool) -> dict[Node, Any]:
    """What is pushed back from the node of each output."""
    if isinstance(outputs, Tensor):
        outputs = [outputs]
        gradients = gradients if isinstance(gradients, (list, tuple)) else [gradients]
    gradients = [None] * len(outputs) if gradients is None else gradients
    if len(gradients) != len(outputs):
        what, given = ("outputs", "grad_outputs") if name == "grad" else ("tensors", "grad_tensors")
        raise ValueError(f"{name} got {len(outputs)} {what} and {len(gradients)} {given}; one is needed for each")
    said = ("grad({}, inputs)", "grad_outputs") if name == "grad" else ("backward({})", "grad_tensors")
    seeds: dict[Node, Any] = {}
    for output, gradient in zip(outputs, gradients, strict=True):
        node, g = seed(output, gradient, differentiable, *said)
        seeds[node] = seeds[node] + g if node in seeds else g
    return seeds
