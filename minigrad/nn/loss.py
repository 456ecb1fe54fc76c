"""Losses as Modules."""

from __future__ import annotations

from typing import Any

from ..core.arrays import as_array, shape_of
from ..core.tensor import Tensor, wrap
from .functional import cross_entropy, mse_loss
from .functional.loss import check_reduction, check_smoothing
from .module.module import Module


class CrossEntropyLoss(Module):
    """Cross-entropy between class scores and targets, in nats; see ``functional.cross_entropy``.

    Args:
        weight: (C,) a weight for every class; becomes the buffer ``weight``.
        ignore_index: rows with this label count as absent.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        label_smoothing: the share, in [0, 1], of every target that is spread evenly over all classes.

    Example:
        >>> loss = CrossEntropyLoss()
        >>> loss(Tensor([[0.0, 0.0], [0.0, 0.0]]), [0, 1])
        Tensor(0.6931472)
    """

    _takes_arrays = frozenset({"weight"})
    weight: Tensor | None

    def __init__(
        self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        check_reduction("CrossEntropyLoss", reduction)
        check_smoothing("CrossEntropyLoss", label_smoothing)
        if weight is not None and len(shape_of(weight)) != 1:
            raise ValueError(
                f"CrossEntropyLoss: weight has one number for each class, got shape {shape_of(weight)}; for a loss, "
                "make it, then call it: nn.CrossEntropyLoss()(scores, labels)"
            )
        self.register_buffer("weight", None if weight is None else wrap(as_array(weight), None))
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of scores ``input`` for labels or probabilities ``target``."""
        return cross_entropy(input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)

    def extra_repr(self) -> str:
        """The arguments that differ from their defaults."""
        parts = [f"weight={self.weight.tolist()}"] if self.weight is not None else []
        defaults = {"ignore_index": -100, "reduction": "mean", "label_smoothing": 0.0}
        parts += [f"{k}={getattr(self, k)!r}" for k, default in defaults.items() if getattr(self, k) != default]
        return ", ".join(parts)


class MSELoss(Module):
    """The squared difference, elementwise, then averaged; see ``functional.mse_loss``.

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> MSELoss()(Tensor([1.0, 4.0]), [1.0, 2.0])
        Tensor(2.)
    """

    def __init__(self, reduction: str = "mean") -> None:
        check_reduction("MSELoss", reduction)
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input`` for ``target``, of the same shape."""
        return mse_loss(input, target, self.reduction)

    def extra_repr(self) -> str:
        """The reduction, if it is not the default."""
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"
