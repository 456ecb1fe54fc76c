"""Losses that tell pairs that belong together from all others: by a distance, or as a choice among candidates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core.caller import warn
from ....core.tensor import Tensor, raw
from ....ops.elementwise import clamp
from ....ops.join import concatenate
from ....ops.linalg import mT
from ....ops.reduce.norms import norm
from ...kernels.loss.cross_entropy import cross_entropy_of_labels
from ..arguments import at_least_zero
from ..normalization.layer import normalize as normalized
from ..pairs import in_one_precision
from .ranking import require_equal, require_vectors
from .reduction import check_reduction, check_temperature, first_wrong, reduced, require_rows, values

_EPS = 1e-8  # the smallest length that a vector is divided by, as for cosine_similarity


# --- by a distance ----------------------------------------------------------------------------------------------------
@in_one_precision("x1", "x2")
def contrastive_loss(x1: Any, x2: Any, same: Any, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """The loss of siamese networks: pairs that belong together attract, others repel up to ``margin``.

    Shapes:
        x1, x2: (N, D) or (D,), or more dimensions, but both the same.
        same: the shape without D: 1 or True where the pair belongs together, 0 where it does not.
        result: () or, with ``reduction="none"``, the shape without D.

    Math:
        ½ same d² + ½ (1 - same) max(0, margin - d)², for the Euclidean distance d. Equal points that do not belong
        together cost ½ margin², but have no direction to part in: their slope is 0. (Some leave out both ½; in the
        source, Y is 1 for pairs that do *not* belong together.)

    Raises:
        ValueError: for different shapes, ``same`` outside [0, 1], a negative margin, and the mean of nothing.

    Source: R. Hadsell, S. Chopra and Y. LeCun, "Dimensionality reduction by learning an invariant mapping", CVPR
        (2006).

    Example:
        >>> contrastive_loss(Tensor([[0.0], [0.0]]), [[2.0], [0.5]], [1, 0], reduction="none")
        Tensor([2.   , 0.125])
    """
    name = "contrastive_loss"
    check_reduction(name, reduction)
    margin = at_least_zero(name, "margin", margin)
    require_vectors(name, x1.shape)
    require_equal(name, x1=x1.shape, x2=x2.shape)
    require_rows(name, x1.shape[:-1], reduction)
    same = values(same, x1.dtype)
    if same.shape != x1.shape[:-1]:
        raise ValueError(
            f"{name}: same has one answer for each pair, shape {x1.shape[:-1]}, got {same.shape}; "
            "use same.reshape(-1) if it has shape (N, 1)"
        )
    wrong = np.logical_not((raw(same) >= 0) & (raw(same) <= 1))
    if wrong.any():
        raise ValueError(f"{name}: same is 1 (yes) or 0 (no), got {first_wrong(same, wrong)}")
    difference = x1 - x2
    apart = clamp(margin - norm(difference, 2, -1), min=0)
    losses = 0.5 * same * np.square(difference).sum(dim=-1) + 0.5 * (1 - same) * np.square(apart)
    return reduced(losses, reduction)


# --- as a choice among candidates -------------------------------------------------------------------------------------
@in_one_precision("query", "positive", "negatives")
def info_nce_loss(
    query: Any,
    positive: Any,
    negatives: Any = None,
    temperature: Any = 0.1,
    normalize: bool = True,
    reduction: str = "mean",
) -> Tensor:
    """Minus the logarithm of the probability that a query chooses its own positive among candidates.

    Shapes:
        query, positive: (N, D).
        negatives: (M, D), the same for all queries, or (N, M, D), some for each; without any, the other N - 1
            positives are the negatives.
        result: () or, with ``reduction="none"``, (N,).

    Math:
        cross_entropy([q·p, q·n_1, ..., q·n_M] / temperature, label 0). By chance it is log(M + 1), and log N without
        negatives of its own. Vectors are divided by their length, or by 1e-8 if it is smaller: a zero vector is equally
        similar to all, with finite derivatives. A batch of one without negatives has no choice: its loss is 0 whatever
        the vectors are, of which a warning tells.

    Args:
        query: what chooses.
        positive: what each of them should choose.
        negatives: what they should not.
        temperature: divides the similarities; above 0, may be a Tensor that is learned.
        normalize: whether vectors are divided by their length, so that similarities are cosines.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        ValueError: for shapes that do not fit, a temperature that is not above 0, and the mean of nothing.

    Source: A. van den Oord, Y. Li and O. Vinyals, "Representation learning with contrastive predictive coding" (2018).

    Example:
        >>> round(info_nce_loss(Tensor([[1.0, 0.0]]), [[2.0, 0.0]], [[0.0, 1.0]], temperature=1.0).item(), 4)
        0.3133
    """
    name = "info_nce_loss"
    check_reduction(name, reduction)
    _require_rows_of_vectors(name, reduction, query=query.shape, positive=positive.shape)
    if negatives is None:
        _warn_of_no_choice(name, query.shape[0])
        q, p = _directions(normalize, query, positive)
        return _diagonal(q @ mT(p) / _divisor(name, temperature, q), reduction)
    count, width = query.shape
    if negatives.shape[-1:] != (width,) or negatives.ndim not in (2, 3) or negatives.shape[:-2] not in ((), (count,)):
        raise ValueError(
            f"{name}: negatives have shape (M, {width}), or ({count}, M, {width}) with some for each query, got "
            f"{negatives.shape}"
        )
    if not negatives.shape[-2]:
        raise ValueError(f"{name}: negatives of shape {negatives.shape} are none; leave them out to use the batch")
    q, p, n = _directions(normalize, query, positive, negatives)
    right = (q * p).sum(dim=-1, keepdim=True)
    others = q @ mT(n) if n.ndim == 2 else (n @ q.unsqueeze(-1)).squeeze(-1)
    scores = concatenate([right, others], 1) / _divisor(name, temperature, q)
    return reduced(cross_entropy_of_labels(scores, labels=np.zeros(count, np.intp)), reduction)


@in_one_precision("z1", "z2")
def nt_xent_loss(z1: Any, z2: Any, temperature: Any = 0.5, reduction: str = "mean") -> Tensor:
    """SimCLR's loss of two views of a batch: each view chooses its twin among all others of both views.

    Shapes:
        z1, z2: (N, D), the views of N samples.
        result: () or, with ``reduction="none"``, (2N,): the losses of z1, then those of z2.

    Math:
        Row by row cross-entropy of the 2N × 2N cosines divided by the temperature, without the diagonal; by chance it
        is log(2N - 1). A batch of one has no choice: its loss is 0, of which a warning tells.

    Args:
        z1: one view.
        z2: the other.
        temperature: divides the cosines; above 0, may be a Tensor that is learned.
        reduction: ``"mean"``, over 2N losses, ``"sum"`` or ``"none"``.

    Raises:
        ValueError: for shapes that do not fit, a temperature that is not above 0, and the mean of nothing.

    Source: T. Chen et al., "A simple framework for contrastive learning of visual representations", ICML (2020).

    Example:
        >>> round(nt_xent_loss(Tensor([[1.0, 0.0], [0.0, 1.0]]), [[2.0, 0.0], [0.0, 2.0]], temperature=1.0).item(), 4)
        0.5514
    """
    name = "nt_xent_loss"
    check_reduction(name, reduction)
    _require_rows_of_vectors(name, reduction, z1=z1.shape, z2=z2.shape)
    count = z1.shape[0]
    _warn_of_no_choice(name, count)
    (z,) = _directions(True, concatenate([z1, z2], 0))
    scores = z @ mT(z) / _divisor(name, temperature, z)
    nobody = np.zeros_like(raw(scores))
    places = np.arange(2 * count)
    nobody[places, places] = -math.inf  # nobody is a candidate for itself
    twins = np.concatenate([places[count:], places[:count]])
    return reduced(cross_entropy_of_labels(scores + nobody, labels=twins), reduction)


@in_one_precision("image", "text")
def image_text_loss(
    image: Any, text: Any, temperature: Any = 0.07, normalize: bool = True, reduction: str = "mean"
) -> Tensor:
    """Each image chooses its text among all texts of the batch: rows of the similarity matrix only.

    The texts choose nothing; for both directions take ``clip_loss``.

    Shapes:
        image, text: (N, D), row by row belonging together.
        result: () or, with ``reduction="none"``, (N,).

    Math:
        cross_entropy(image @ text.T / temperature, labels 0 ... N - 1), which is ``info_nce_loss(image, text)``.

    Args:
        image: the vectors of images.
        text: those of texts.
        temperature: divides the similarities; above 0, may be a Tensor that is learned.
        normalize: whether vectors are divided by their length.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        ValueError: for shapes that do not fit, a temperature that is not above 0, and the mean of nothing.

    Example:
        >>> pairs = Tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> round(image_text_loss(pairs, pairs, temperature=1.0).item(), 4)
        0.3133
    """
    name = "image_text_loss"
    check_reduction(name, reduction)
    _require_rows_of_vectors(name, reduction, image=image.shape, text=text.shape)
    _warn_of_no_choice(name, image.shape[0])
    a, b = _directions(normalize, image, text)
    return _diagonal(a @ mT(b) / _divisor(name, temperature, a), reduction)


@in_one_precision("image", "text")
def clip_loss(image: Any, text: Any, logit_scale: Any, reduction: str = "mean") -> Tensor:
    """CLIP's symmetric loss: each image chooses its text, and each text its image; the mean of both.

    Shapes:
        image, text: (N, D), row by row belonging together; they are divided by their length here.
        logit_scale: a single number.
        result: () or, with ``reduction="none"``, (N,): for each pair the mean of its row and its column.

    Math:
        ½ cross_entropy(s, labels) + ½ cross_entropy(s.T, labels) for s = logit_scale · cosines.

    Args:
        image: the vectors of images.
        text: those of texts.
        logit_scale: the multiplier itself, above 0, such as 1/0.07; may be a Tensor that is learned. (CLIP learns its
            logarithm, and so does ``nn.CLIPLoss``: give ``scale.exp()``.)
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        ValueError: for shapes that do not fit, a multiplier that is not above 0, and the mean of nothing.

    Source: A. Radford et al., "Learning transferable visual models from natural language supervision", ICML (2021).

    Example:
        >>> pairs = Tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> round(clip_loss(pairs, pairs, logit_scale=1.0).item(), 4)
        0.3133
    """
    name = "clip_loss"
    check_reduction(name, reduction)
    _require_rows_of_vectors(name, reduction, image=image.shape, text=text.shape)
    _warn_of_no_choice(name, image.shape[0])
    scale = values(logit_scale, image.dtype)
    if raw(scale).size != 1 or not raw(scale).reshape(()) > 0:
        raise ValueError(
            f"{name}: logit_scale is the multiplier itself, one number above 0, got {logit_scale!r}; of a logarithm "
            "give logit_scale.exp()"
        )
    a, b = _directions(True, image, text)
    scores = (a * scale.reshape(())) @ mT(b)
    return (_diagonal(scores, reduction) + _diagonal(mT(scores), reduction)) / 2  # type: ignore[no-any-return]


def _require_rows_of_vectors(name: str, reduction: str, **shapes: tuple[int, ...]) -> None:
    """Refuse what is not (N, D) for all."""
    require_equal(name, **shapes)
    what, shape = next(iter(shapes.items()))
    if len(shape) != 2:
        raise ValueError(f"{name}: {what} has shape (N, D), one vector for each sample, got {shape}")
    require_rows(name, shape[:1], reduction)


def _warn_of_no_choice(name: str, count: int) -> None:
    if count == 1:
        warn(
            f"{name} of a batch of one is 0 whatever the vectors are, and so is its gradient: the others of the batch "
            "are the negatives; use a larger batch, or drop_last=True if it is the rest of an epoch"
        )


def _directions(normalize: bool, *vectors: Tensor) -> list[Tensor]:
    return [normalized(v, dim=-1, eps=_EPS) for v in vectors] if normalize else list(vectors)


def _divisor(name: str, temperature: Any, like: Tensor) -> Any:
    check_temperature(name, temperature)
    return values(temperature, like.dtype).reshape(())


def _diagonal(scores: Tensor, reduction: str) -> Tensor:
    """Cross-entropy of a square of scores, of which those on the diagonal are right."""
    return reduced(cross_entropy_of_labels(scores, labels=np.arange(scores.shape[0])), reduction)
