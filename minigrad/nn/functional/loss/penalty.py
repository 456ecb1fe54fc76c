"""Penalties on large weights, to be added to the loss of the data: loss + λ · penalty is one graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ....core.arrays import is_array
from ....core.tensor import Tensor
from ...kernels.loss.penalty import weight_penalty
from ..arguments import at_least_zero, floating


def l1_penalty(parameters: Any) -> Tensor:
    """Σ|w| over all elements: weights that are not needed become exactly 0 at the optimum (lasso).

    Args:
        parameters: a Tensor, several of them, a Module or its ``parameters()`` or ``named_parameters()``.

    Math:
        The derivative is sign(w), and 0 at 0. λ Σ|w| is minus the log-density of a Laplace prior of scale 1/λ, but for
        a constant. float16 is summed, and comes back, in float32.

    Raises:
        TypeError: for what holds no Tensors of floating-point numbers.
        ValueError: if there are none: a generator can be gone through only once.

    Example:
        >>> l1_penalty([Tensor([1.0, -2.0]), Tensor([[0.5]])])
        Tensor(3.5)
    """
    return _penalty("l1_penalty", parameters, 1.0, 0.0)


def l2_penalty(parameters: Any) -> Tensor:
    """Σw² over all elements (ridge), without a root and without ½.

    Args:
        parameters: a Tensor, several of them, a Module or its ``parameters()`` or ``named_parameters()``. Biases, and
            the weights of normalisations, are most often left out.

    Math:
        The derivative is 2 w. The ``weight_decay=λ`` of optimizers adds λ w to the gradient, *half* of what
        λ Σw² adds: SGD with ``weight_decay=λ`` takes the steps of SGD on loss + λ/2 · l2_penalty. (Optimizers that
        rescale the gradient, such as Adam, rescale both alike; AdamW's decay is no penalty at all.) λ Σw² is minus the
        log-density of a Gaussian prior of variance 1/(2 λ), but for a constant. float16 is summed, and comes back, in
        float32.

    Raises:
        TypeError: for what holds no Tensors of floating-point numbers.
        ValueError: if there are none: a generator can be gone through only once.

    Example:
        >>> w = Tensor([3.0], requires_grad=True)
        >>> (Tensor([1.0]).sum() + 0.5 * l2_penalty(w)).backward()
        >>> w.grad
        Tensor([3.])
    """
    return _penalty("l2_penalty", parameters, 0.0, 1.0)


def elastic_net(parameters: Any, l1: float, l2: float) -> Tensor:
    """l1 · Σ|w| + l2 · Σw²: both penalties, each with its weight.

    Args:
        parameters: a Tensor, several of them, a Module or its ``parameters()`` or ``named_parameters()``.
        l1: the weight of Σ|w|, at least 0.
        l2: the weight of Σw², at least 0; without the ½ that some give it.

    Raises:
        TypeError: for what holds no Tensors of floating-point numbers.
        ValueError: if there are none, and for negative weights.

    Source: H. Zou and T. Hastie, "Regularization and variable selection via the elastic net", J. R. Statist. Soc. B 67
        (2005).

    Example:
        >>> elastic_net(Tensor([1.0, -2.0]), l1=1.0, l2=0.5)
        Tensor(5.5)
    """
    weights = {"l1": l1, "l2": l2}
    l1, l2 = (at_least_zero("elastic_net", name, value) for name, value in weights.items())
    return _penalty("elastic_net", parameters, l1, l2)


def _penalty(name: str, parameters: Any, l1: float, l2: float) -> Tensor:
    total: Tensor | None = None
    for what, value in _named(name, parameters):
        weight = floating(name, value, what, "leave it out; only floating-point numbers are learned")
        if weight.dtype == np.float16:
            weight = weight.astype(np.float32)
        part = weight_penalty(weight, l1=l1, l2=l2)
        total = part if total is None else total + part
    if total is None:
        raise ValueError(
            f"{name}: there are no parameters; a generator such as model.parameters() can be gone through only once: "
            "keep list(model.parameters())"
        )
    return total


def _named(name: str, parameters: Any) -> Iterable[tuple[str, Any]]:
    """Each parameter with what to call it in an error."""
    if isinstance(parameters, Tensor) or is_array(parameters):
        yield "parameter", parameters
        return
    if callable(getattr(parameters, "parameters", None)):
        parameters = parameters.named_parameters()
    elif isinstance(parameters, Mapping):
        parameters = parameters.items()
    elif isinstance(parameters, str) or not isinstance(parameters, Iterable):
        raise TypeError(
            f"{name}: parameters are a Tensor or several of them, such as model.parameters(), got {parameters!r}"
        )
    for i, item in enumerate(parameters):
        what, value = item if isinstance(item, tuple) and len(item) == 2 else (f"parameter {i}", item)
        if not isinstance(value, Tensor) and not is_array(value):
            raise TypeError(f"{name}: {what} is no Tensor, got {value!r}; leave it out")
        yield str(what), value
