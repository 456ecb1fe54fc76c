"""Losses that put things in order: what belongs together nearer, or higher, than what does not, by a margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....core.graph import Array
from ....core.tensor import Tensor, raw
from ....ops.elementwise import clamp, minimum, where
from ....ops.reduce.norms import norm
from ....ops.trigonometric import hypot
from ..arguments import at_least_zero, computed_in_single_precision, floating, numbers
from ..distance import cdist, pairwise_distance
from ..pairs import in_one_precision
from .margin import require_signs
from .reduction import check_reduction, reduced, reduction_of, require_rows, values


def _signs(name: str, target: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Targets of 1 and -1, one for each loss, or one that stands for all of them."""
    target = values(target, dtype)
    require_signs(name, target)
    if raw(target).size == 1 and target.ndim <= 1:
        return target.reshape(())
    if target.shape != shape:
        raise ValueError(
            f"{name}: the target has one sign for each of the losses, shape {shape}, or a single one for all, got "
            f"shape {target.shape}"
        )
    return target


def require_equal(name: str, **shapes: tuple[int, ...]) -> None:
    """Refuse inputs of different shapes, which would broadcast."""
    if len(set(shapes.values())) > 1:
        shown = ", ".join(f"{what} {shape}" for what, shape in shapes.items())
        raise ValueError(f"{name}: the inputs must have equal shapes, got {shown}; to repeat one, use expand_as")


def require_vectors(name: str, shape: tuple[int, ...]) -> None:
    """Refuse a single number where vectors are compared."""
    if not shape:
        raise ValueError(f"{name}: the inputs need a last dimension, of vectors, got single numbers")


# --- pairs ------------------------------------------------------------------------------------------------------------
@in_one_precision("input1", "input2")
def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """How much is missing until the right one of two scores leads by ``margin``.

    Shapes:
        input1, input2: any, but both the same.
        target: the same, 1 where input1 should be the larger, -1 where input2; or a single one for all.
        result: () or, with ``reduction="none"``, that of the inputs.

    Math:
        max(0, -target (input1 - input2) + margin). Equal scores without a margin cost nothing, but still have the slope
        that parts them.

    Raises:
        ValueError: for different shapes, targets other than 1 and -1, and the mean of nothing.

    Example:
        >>> margin_ranking_loss(Tensor([2.0, 0.5]), Tensor([1.0, 1.0]), [1.0, 1.0], reduction="none")
        Tensor([0. , 0.5])
    """
    name = "margin_ranking_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    (margin,) = numbers(name, margin=margin)
    require_equal(name, input1=input1.shape, input2=input2.shape)
    require_rows(name, input1.shape, reduction)
    target = _signs(name, target, input1.shape, input1.dtype)
    return reduced(clamp(-target * (input1 - input2) + margin, min=0), reduction)


@computed_in_single_precision
def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """A distance where a pair belongs together, and what it lacks to ``margin`` where it does not.

    Shapes:
        input: any, most often distances.
        target: the same, 1 for what belongs together, -1 for what does not; or a single one for all.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        input where the target is 1, max(0, margin - input) where it is -1.

    Raises:
        ValueError: for different shapes, targets other than 1 and -1, and the mean of nothing.

    Example:
        >>> hinge_embedding_loss(Tensor([0.25, 0.25]), [1.0, -1.0], reduction="none")
        Tensor([0.25, 0.75])
    """
    name = "hinge_embedding_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    (margin,) = numbers(name, margin=margin)
    input = floating(name, input)
    require_rows(name, input.shape, reduction)
    alike = np.equal(raw(_signs(name, target, input.shape, input.dtype)), 1)
    return reduced(where(alike, input, clamp(margin - input, min=0)), reduction)


@in_one_precision("input1", "input2")
def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """One minus the cosine of a pair that belongs together, and what exceeds ``margin`` of one that does not.

    Shapes:
        input1, input2: (N, D) or (D,), but both the same.
        target: (N,) or (), 1 for what belongs together, -1 for what does not; or a single one for all.
        result: () or, with ``reduction="none"``, (N,) or ().

    Math:
        1 - cos where the target is 1, max(0, cos - margin) where it is -1, for
        cos = Σ input1 · input2 / √((‖input1‖² + 1e-12)(‖input2‖² + 1e-12)): 0 for a zero vector. Each vector is divided
        by its length before the product, so that nothing overflows. (PyTorch's cosine of long vectors becomes 0 or NaN,
        from lengths of 1e10 on in single precision.)

    Raises:
        ValueError: for different shapes, targets other than 1 and -1, a margin outside [-1, 1], and the mean of
            nothing.

    Example:
        >>> x = Tensor([[2.0, 0.0], [2.0, 0.0]])
        >>> cosine_embedding_loss(x, [[0.0, 1.0], [3.0, 0.0]], [1.0, -1.0], margin=0.5, reduction="none")
        Tensor([1. , 0.5])
    """
    name = "cosine_embedding_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    (margin,) = numbers(name, margin=margin)
    if not -1 <= margin <= 1:
        raise ValueError(f"{name}: margin is a cosine, between -1 and 1, got {margin}")
    require_equal(name, input1=input1.shape, input2=input2.shape)
    if input1.ndim not in (1, 2):
        raise ValueError(f"{name}: the inputs have shape (N, D) or (D,), got {input1.shape}")
    require_rows(name, input1.shape[:-1], reduction)
    alike = np.equal(raw(_signs(name, target, input1.shape[:-1], input1.dtype)), 1)
    first, second = (x / hypot(norm(x, 2, -1, keepdim=True), 1e-6) for x in (input1, input2))
    cosine = (first * second).sum(dim=-1)
    return reduced(where(alike, 1 - cosine, clamp(cosine - margin, min=0)), reduction)


# --- triplets ---------------------------------------------------------------------------------------------------------
@in_one_precision("anchor", "positive", "negative")
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    *,
    squared: bool = False,
) -> Tensor:
    """How much is missing until the anchor is nearer to the positive than to the negative by ``margin``.

    Shapes:
        anchor, positive, negative: (N, D) or (D,), or more dimensions, but all the same.
        result: () or, with ``reduction="none"``, the shape without D.

    Math:
        max(0, d(anchor, positive) - d(anchor, negative) + margin), where d is ``pairwise_distance``, or with
        ``squared=True`` its square, as FaceNet has it. (PyTorch has no squares, Chainer nothing else.)

    Args:
        anchor: what the others are compared with.
        positive: what belongs to it.
        negative: what does not.
        margin: by how much the negative should be farther, above 0.
        p: the exponent of the norm.
        eps: what is added to every difference; equal points then have a distance, and a slope, see
            ``pairwise_distance``.
        swap: compare with the distance of positive and negative where that is smaller.
        size_average: an old word for ``reduction``.
        reduce: an old word for ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        squared: whether distances are squared.

    Raises:
        ValueError: for different shapes, a margin that is not above 0, and the mean of nothing.

    Source: F. Schroff, D. Kalenichenko and J. Philbin, "FaceNet", CVPR (2015); V. Balntas et al., "Learning local
        feature descriptors with triplets and shallow convolutional neural networks", BMVC (2016), for the swap.

    Example:
        >>> triplet_margin_loss(Tensor([[0.0]]), [[1.0]], [[3.0]], margin=3.0, eps=0.0)
        Tensor(1.)
        >>> triplet_margin_loss(Tensor([[0.0]]), [[1.0]], [[3.0]], margin=3.0, eps=0.0, squared=True)
        Tensor(0.)
    """
    name = "triplet_margin_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    require_vectors(name, anchor.shape)
    p, eps = numbers(name, p=p, eps=eps)

    def distance(x: Tensor, y: Tensor) -> Tensor:
        if squared and p == 2:  # without the root, whose second derivative at equal points would be lost
            return np.square(x - y + eps).sum(dim=-1)  # type: ignore[no-any-return]
        found = pairwise_distance(x, y, p, eps)
        return found * found if squared else found

    return _triplets(name, (anchor, positive, negative), distance, margin, swap, reduction)


@in_one_precision("anchor", "positive", "negative")
def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """``triplet_margin_loss`` with a distance of your own: any function of two batches, such as one minus a cosine.

    Shapes:
        anchor, positive, negative: what ``distance_function`` takes, but all the same.
        result: () or, with ``reduction="none"``, what ``distance_function`` returns.

    Raises:
        TypeError: if ``distance_function`` returns no Tensor.
        ValueError: for different shapes, a margin that is not above 0, and the mean of nothing.

    Example:
        >>> def largest(x, y):
        ...     return (x - y).abs().amax(dim=-1)
        >>> triplet_margin_with_distance_loss(Tensor([[0.0]]), [[1.0]], [[1.5]], distance_function=largest)
        Tensor(0.5)
    """
    name = "triplet_margin_with_distance_loss"
    check_reduction(name, reduction)
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplets(name, (anchor, positive, negative), distance, margin, swap, reduction)


def _triplets(
    name: str,
    points: tuple[Tensor, Tensor, Tensor],
    distance: Callable[[Tensor, Tensor], Tensor],
    margin: float,
    swap: bool,
    reduction: str,
) -> Tensor:
    anchor, positive, negative = points
    (margin,) = numbers(name, margin=margin)
    if not margin > 0:
        raise ValueError(f"{name}: margin must be above 0, got {margin}: with 0, equal embeddings cost nothing")
    require_equal(name, anchor=anchor.shape, positive=positive.shape, negative=negative.shape)
    near, far = distance(anchor, positive), distance(anchor, negative)
    if not isinstance(near, Tensor) or not isinstance(far, Tensor):
        raise TypeError(f"{name}: distance_function must return a Tensor, got {type(near).__name__}")
    require_rows(name, near.shape, reduction)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clamp(margin + near - far, min=0), reduction)


def semi_hard_triplets(
    embeddings: Any, labels: Any, margin: float = 1.0, *, squared: bool = False
) -> tuple[Array, Array, Array]:
    """Triplets that are worth learning from: the negative is farther than the positive, but within the margin.

    For each ordered pair of different points with the same label, the negative is the nearest one with
    d(anchor, positive) < d(anchor, negative) < d(anchor, positive) + margin; of several at that distance the first. A
    pair without such a negative is left out: it is learnt already, or its negatives are nearer than the positive and
    would, early on, pull everything into one point. The distances have no gradient.

    Shapes:
        embeddings: (N, D).
        labels: (N,) integers.
        result: three arrays of indices, of equal length, ordered by anchor, then by positive. They may be empty.

    Args:
        embeddings: the points.
        labels: what each of them is.
        margin: that of the loss, above 0.
        squared: whether the distances are squared, as for the loss.

    Raises:
        TypeError: for embeddings that are integers, and labels that are not.
        ValueError: for shapes that do not fit, and a margin that is not above 0.

    Source: F. Schroff, D. Kalenichenko and J. Philbin, "FaceNet", CVPR (2015), section 3.2.

    Example:
        >>> a, p, n = semi_hard_triplets(Tensor([[0.0], [1.0], [1.5], [9.0]]), [0, 0, 1, 2])
        >>> a.tolist(), p.tolist(), n.tolist()
        ([0], [1], [2])
    """
    name = "semi_hard_triplets"
    margin = at_least_zero(name, "margin", margin)
    if margin == 0:
        raise ValueError(f"{name}: margin must be above 0, got {margin}: nothing lies within it")
    points = floating(name, embeddings, "embeddings").detach()
    kinds = raw(values(labels))
    if points.ndim != 2 or kinds.shape != points.shape[:1]:
        raise ValueError(
            f"{name}: embeddings of shape (N, D) and labels of shape (N,) are needed, got {points.shape} and "
            f"{kinds.shape}"
        )
    if kinds.dtype.kind not in "iub":
        raise TypeError(f"{name}: labels must be integers, got {kinds.dtype}; use labels.astype(np.int64)")
    distances = raw(cdist(points, points)).astype(np.float64)
    if squared:
        distances = np.square(distances)
    found: list[tuple[Array, Array, Array]] = []
    for anchor, from_anchor in enumerate(distances):
        same = kinds == kinds[anchor]
        negatives = np.nonzero(~same)[0]
        same[anchor] = False
        positives = np.nonzero(same)[0]
        if not positives.size or not negatives.size:
            continue
        near, far = from_anchor[positives][:, None], from_anchor[negatives][None, :]
        candidates = np.where((near < far) & (far < near + margin), far, np.inf)
        first = candidates.argmin(axis=1)
        kept = np.isfinite(candidates[np.arange(first.size), first])
        found.append((np.full(int(kept.sum()), anchor), positives[kept], negatives[first[kept]]))
    if not found:
        return np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, np.intp)
    anchors, positive, negative = (np.concatenate(part) for part in zip(*found, strict=True))
    return anchors, positive, negative
