"""A linear layer and the cross-entropy of its scores, as one Module."""

from __future__ import annotations

import math
from typing import Any

from ...core.arrays import shape_of
from ...core.tensor import Tensor
from ..functional.loss.linear_cross_entropy import linear_cross_entropy
from ..functional.loss.reduction import check_share
from ..functional.sizes import at_least
from ..linear import Linear
from .reduction import WeightedLoss


class LinearCrossEntropyLoss(WeightedLoss):
    """Cross-entropy of scores that a linear layer of its own makes, in little memory.

    The function is ``functional.linear_cross_entropy``.

    Args:
        in_features: the size of each input.
        num_classes: the number of classes C.
        out_features: further dimensions of the scores, (N, C, then these).
        bias: whether the layer adds a bias.
        device: None or ``"cpu"``.
        dtype: of the layer, by default the default dtype (float32).
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        weight: (C,) a weight for every class; becomes the buffer ``weight``.
        ignore_index: rows with this label count as absent; None for -100.
        label_smoothing: the share, in [0, 1], of every target that is spread evenly over all classes.
        options: see the function.

    Example:
        >>> loss = LinearCrossEntropyLoss(4, 1000)
        >>> loss(Tensor(np.zeros((2, 4), np.float32)), [1, 2])
        Tensor(6.9077554, op=mean)
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Any = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        name = "LinearCrossEntropyLoss"
        check_share(name, "label_smoothing", label_smoothing)
        (self.num_classes,) = at_least(name, 1, num_classes=num_classes)
        if weight is not None and shape_of(weight) != (self.num_classes,):
            raise ValueError(f"{name}: weight has the shape ({self.num_classes},), got {shape_of(weight)}")
        super().__init__(weight, reduction=reduction)
        self.out_features = tuple(out_features)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        scores = math.prod(self.out_features, start=self.num_classes)
        self.linear = Linear(in_features, scores, bias=bias, device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of ``input``, (N, in_features), for labels or probabilities ``target``."""
        scores, bias = (self.num_classes, *self.out_features), self.linear.bias
        return linear_cross_entropy(
            input,
            self.linear.weight.reshape(*scores, self.linear.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(*scores),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        """The layer's sizes, and how the loss is computed."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={self.linear.bias is not None}, reduction={self.reduction}, "
            f"ignore_index={self.ignore_index}, label_smoothing={self.label_smoothing}, options={self.options}"
        )
