"""What losses have in common as Modules."""

from __future__ import annotations

import inspect
from typing import Any

from ...core.arrays import shape_of
from ...core.tensor import Tensor, to_tensor
from ..functional.loss.reduction import reduction_of
from ..module.module import Module
from ..parameter import Parameter

_OLD = ("size_average", "reduce")  # PyTorch's words before `reduction`, which holds what they say


class Loss(Module):
    """A Module that keeps its ``reduction``, and shows the arguments that differ from their defaults."""

    reduction: str

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        self.reduction = reduction_of(type(self).__name__, size_average, reduce, reduction)

    def keep(self, name: str, value: Any) -> None:
        """Make a constant a buffer: a Tensor itself, with its gradient, an array as a copy; a Parameter is learned."""
        if isinstance(value, Parameter):
            setattr(self, name, value)
        else:
            self.register_buffer(name, None if value is None else to_tensor(value))

    def extra_repr(self) -> str:
        """The arguments that differ from their defaults."""
        shown = []
        for name, parameter in inspect.signature(type(self)).parameters.items():
            value = None if name in _OLD else getattr(self, name, None)
            if isinstance(value, Tensor):
                value = value.tolist()
            if value is not None and value != parameter.default:
                shown.append(f"{name}={value!r}")
        return ", ".join(shown)


class WeightedLoss(Loss):
    """A loss with a constant ``weight``, which moves and is saved with the model, as a buffer."""

    _takes_arrays = frozenset({"weight"})
    weight: Tensor | None

    def __init__(
        self, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        if len(shape_of(size_average)) > 0:
            raise TypeError(_called_where_made(type(self).__name__, "size_average", size_average))
        super().__init__(size_average, reduce, reduction)
        self.keep("weight", weight)


def one_per_class(layer: str, what: str, weight: Any) -> None:
    """Refuse a weight that is no vector: most often it is the input, given to the loss where it is made."""
    if weight is not None and len(shape_of(weight)) != 1:
        raise ValueError(_called_where_made(layer, what, weight))


def _called_where_made(layer: str, what: str, given: Any) -> str:
    wanted = "is True or False" if what == "size_average" else "has one number for each class"
    return (
        f"{layer}: {what} {wanted}, got shape {shape_of(given)}; for a loss, make it, then call it: "
        f"nn.{layer}()(scores, labels)"
    )
