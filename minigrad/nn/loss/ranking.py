"""Losses that put things in order, as Modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.tensor import Tensor
from ..distance import PairwiseDistance
from ..functional.loss.ranking import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from .reduction import Loss


class MarginRankingLoss(Loss):
    """How much is missing until the right one of two scores leads; see ``functional.margin_ranking_loss``.

    Args:
        margin: by how much it should lead
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> MarginRankingLoss()(Tensor([0.5]), Tensor([1.0]), [1.0])
        Tensor(0.5)
    """

    def __init__(
        self, margin: float = 0.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Tensor:
        """The loss of both scores for ``target``, 1 where the first should be the larger, -1 where the second."""
        return margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class HingeEmbeddingLoss(Loss):
    """A distance, or what it lacks to ``margin``; see ``functional.hinge_embedding_loss``.

    Args:
        margin: the distance that is far enough
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> HingeEmbeddingLoss()(Tensor([0.25]), [-1.0])
        Tensor(0.75)
    """

    def __init__(
        self, margin: float = 1.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of distances ``input`` for ``target``, 1 for what belongs together and -1 for what does not."""
        return hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(Loss):
    """One minus a cosine, or what it exceeds ``margin`` by; see ``functional.cosine_embedding_loss``.

    Args:
        margin: the cosine that is small enough, between -1 and 1
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> CosineEmbeddingLoss()(Tensor([[2.0, 0.0]]), Tensor([[0.0, 1.0]]), [1.0])
        Tensor(1.)
    """

    def __init__(
        self, margin: float = 0.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Tensor:
        """The loss of both embeddings for ``target``, 1 for what belongs together and -1 for what does not."""
        return cosine_embedding_loss(input1, input2, target, self.margin, reduction=self.reduction)


class TripletMarginLoss(Loss):
    """How much nearer the positive should come than the negative; see ``functional.triplet_margin_loss``.

    Args:
        margin: by how much the negative should be farther
        p: the exponent of the norm
        eps: what is added to every difference
        swap: compare with the distance of positive and negative where that is smaller
        size_average: an old word for ``reduction``, as is ``reduce``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        squared: whether distances are squared

    Example:
        >>> TripletMarginLoss(eps=0.0)(Tensor([[0.0]]), Tensor([[1.0]]), Tensor([[1.5]]))
        Tensor(0.5)
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        *,
        squared: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        _check_margin("TripletMarginLoss", margin)
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap
        self.squared = squared

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Tensor:
        """The loss of triplets."""
        return triplet_margin_loss(
            anchor,
            positive,
            negative,
            self.margin,
            self.p,
            self.eps,
            self.swap,
            reduction=self.reduction,
            squared=self.squared,
        )


class TripletMarginWithDistanceLoss(Loss):
    """``TripletMarginLoss`` with any distance; see ``functional.triplet_margin_with_distance_loss``.

    Args:
        distance_function: a function, or a Module, of two batches; by default ``PairwiseDistance()``
        margin: by how much the negative should be farther
        swap: compare with the distance of positive and negative where that is smaller
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> TripletMarginWithDistanceLoss(margin=0.5)(Tensor([[0.0]]), Tensor([[0.0]]), Tensor([[3.0]]))
        Tensor(0.)
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        _check_margin("TripletMarginWithDistanceLoss", margin)
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.margin = margin
        self.swap = swap

    def extra_repr(self) -> str:
        """The arguments that differ from their defaults; a Module that measures is shown as a part."""
        shown = super().extra_repr().split(", ")
        return ", ".join(part for part in shown if not part.startswith("distance_function="))

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Tensor:
        """The loss of triplets."""
        return triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


def _check_margin(layer: str, margin: float) -> None:
    if not margin > 0:
        raise ValueError(f"{layer}: margin must be above 0, got {margin}: with 0, equal embeddings cost nothing")
