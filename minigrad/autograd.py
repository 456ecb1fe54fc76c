"""Gradients on request, and the modes that say whether and how the graph is recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import engine
from .engine import Mode, anomaly_enabled, grad_enabled
from .tensor import Tensor, own, retain, seed


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
    if isinstance(outputs, Tensor):
        outputs = [outputs]
        grad_outputs = grad_outputs if isinstance(grad_outputs, (list, tuple)) else [grad_outputs]
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    grad_outputs = [None] * len(outputs) if grad_outputs is None else grad_outputs
    if len(grad_outputs) != len(outputs):
        raise ValueError(
            f"grad got {len(outputs)} outputs and {len(grad_outputs)} grad_outputs; one is needed for each"
        )
    nodes = []
    for i, x in enumerate(inputs):
        if x._node is None:
            raise RuntimeError(f"input {i} of grad does not require grad; create it with requires_grad=True")
        nodes.append(x._node)
    seeds: dict[Any, Any] = {}
    for output, gradient in zip(outputs, grad_outputs, strict=True):
        node, g = seed(output, gradient, create_graph)
        seeds[node] = seeds[node] + g if node in seeds else g
    found = engine.backward(
        seeds, differentiable=create_graph, retain_graph=retain(retain_graph, create_graph), only=nodes
    )
    for i, node in enumerate(nodes):
        if found[node] is None and not allow_unused:
            raise RuntimeError(
                f"input {i} of grad is not used by the outputs; pass allow_unused=True to get None for it"
            )
    return tuple(None if found[n] is None else own(found[n], shared=True) for n in nodes)


def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """Do not record what happens inside: a ``with`` block, or a function decorated with it.

    Example:
        >>> x = Tensor(1.0, requires_grad=True)
        >>> with no_grad():
        ...     y = x * 2
        >>> y.requires_grad
        False
    """
    return _mode(Mode(grad_enabled, False), function)


def enable_grad(function: Callable[..., Any] | None = None) -> Any:
    """Record what happens inside, even within ``no_grad``."""
    return _mode(Mode(grad_enabled, True), function)


def detect_anomaly(function: Callable[..., Any] | None = None) -> Any:
    """Raise at the first value or derivative that is not finite, naming the operation and the line that called it."""
    return _mode(Mode(anomaly_enabled, True), function)


def is_grad_enabled() -> bool:
    """Whether operations are being recorded."""
    return grad_enabled.get()


def _mode(mode: Mode, function: Callable[..., Any] | None) -> Any:
    return mode if function is None else mode(function)
