"""Losses of embeddings: what should be close, and what far apart, explained."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...ops.join import stack
from ..functional.loss import contrastive, ranking
from .explanation import Explanation

_HEAD = "embeddings: nn.LinearHead, often normalised (F.normalize)"
_DISTANCE = "the distance d of the pair"
_SIMILARITY = "the similarity s of the pair; the only negative has 0"


def _points(d: Tensor) -> tuple[Tensor, Any]:
    """Pairs of points at a distance ``d``."""
    return d.unsqueeze(1), np.zeros((*d.shape, 1))


def _on_circle(s: Tensor) -> Tensor:
    """Unit vectors whose cosine with (1, 0) is ``s``."""
    return stack([s, (1 - s * s) ** 0.5], 1)  # type: ignore[no-any-return]


def _first(s: Any) -> Any:
    return np.tile(np.array([1.0, 0.0], s.dtype), (*s.shape, 1))


def _orthogonal(s: Any) -> Any:
    """For every query one negative, in a direction that queries do not have."""
    return np.tile(np.array([0.0, 0.0, 1.0], s.dtype), (*s.shape, 1, 1))


def _in_space(x: Any) -> Any:
    return np.pad(x, ((0, 0), (0, 1)))


def _share(s: Any, temperature: float) -> Any:
    """What softmax leaves to the negative."""
    return 1 / (1 + np.exp(s / temperature))


def _info_nce(s: Tensor) -> Tensor:
    return contrastive.info_nce_loss(
        _in_space(_on_circle(s)), _in_space(_first(s)), _orthogonal(s), temperature=0.5, reduction="none"
    )


def of_batch(loss: Any, **options: Any) -> Any:
    """The loss of two pairs, each of similarity ``s``, at similarity 0 with each other."""
    texts = np.eye(4)[:2]

    def losses(s: Tensor) -> Tensor:
        images = (s[i] * texts + (1 - s[i] * s[i]) ** 0.5 * np.eye(4)[2:] for i in range(len(s)))
        return stack([loss(pair, texts, **options) for pair in images])  # type: ignore[no-any-return]

    return losses


def _triplets(gap: Tensor) -> tuple[Any, Any, Tensor]:
    """Anchor, positive at the distance 1 and negative at 1 - gap."""
    zero = np.zeros((*gap.shape, 1))
    return zero, zero + 1, (gap - 1).unsqueeze(1)


_TRIPLET: dict[str, Any] = {
    "model": "an order of distances: the positive should be closer to the anchor than the negative, by a margin",
    "optimum": "any embedding that keeps the margins",
    "head": _HEAD,
    "remark": "Triplets that keep the margin teach nothing; take those that semi_hard_triplets finds.",
    "variable": "d(a, p) - d(a, n)",
    "span": (-2.0, 0.9),
    "slope": lambda gap: 1.0 * (gap > -1),
}
_CLASSIFIER: dict[str, Any] = {
    "optimum": "positives together, everything else spread over the sphere",
    "head": _HEAD,
    "span": (-0.95, 0.95),
}
_ONE_NEGATIVE = {**_CLASSIFIER, "variable": _SIMILARITY, "slope": lambda s: -_share(s, 0.5) / 0.5}

ENTRIES = (
    Explanation(
        "contrastive_loss",
        "ContrastiveLoss",
        "½ y d² + ½ (1 - y) max(0, m - d)²",
        "springs: pairs that are the same attract, others repel up to a distance m",
        "distance 0 for the same, at least m for others",
        _HEAD,
        "∂J/∂d = d for the same, -(m - d) for others inside the margin",
        "The curve is that of a pair that is not the same, with m = 1.",
        _DISTANCE,
        (0.05, 2.0),
        lambda d: contrastive.contrastive_loss(*_points(d), np.zeros(d.shape), reduction="none"),
        lambda d: -np.maximum(1 - d, 0),
    ),
    Explanation(
        "triplet_margin_loss",
        "TripletMarginLoss",
        "max(0, d(a, p) - d(a, n) + m)",
        gradient="∂J/∂d(a, p) = 1 and ∂J/∂d(a, n) = -1 inside the margin",
        loss=lambda gap: ranking.triplet_margin_loss(*_triplets(gap), eps=0.0, reduction="none"),
        **_TRIPLET,
    ),
    Explanation(
        "triplet_margin_with_distance_loss",
        "TripletMarginWithDistanceLoss",
        "max(0, d(a, p) - d(a, n) + m), with any distance d",
        gradient="∂J/∂d(a, p) = 1 and ∂J/∂d(a, n) = -1 inside the margin",
        loss=lambda gap: ranking.triplet_margin_with_distance_loss(
            *_triplets(gap), distance_function=lambda a, b: abs(a - b).sum(-1), reduction="none"
        ),
        **_TRIPLET,
    ),
    Explanation(
        "cosine_embedding_loss",
        "CosineEmbeddingLoss",
        "1 - cos(x₁, x₂) for y = 1, max(0, cos(x₁, x₂) - m) for y = -1",
        "directions: the same for pairs that belong together, at least orthogonal (m = 0) for others",
        "cosine 1 for pairs that belong together, at most m for others",
        _HEAD,
        "∂J/∂cos = -1 for y = 1, 1 for y = -1 above the margin",
        "Lengths do not count. The curve is for y = -1 and m = 0.",
        "the cosine of the pair",
        (-0.95, 0.95),
        lambda s: ranking.cosine_embedding_loss(_on_circle(s), _first(s), -np.ones(s.shape), reduction="none"),
        lambda s: 1.0 * (s > 0),
    ),
    Explanation(
        "margin_ranking_loss",
        "MarginRankingLoss",
        "max(0, -y (z₁ - z₂) + m)",
        "an order of two scores: z₁ above z₂ for y = 1, below it for y = -1",
        "any scores in that order, m apart",
        "a score: nn.LinearHead",
        "∂J/∂z₁ = -y while the order is not kept, else 0",
        "The margin is 0 by default: equal scores then cost nothing. The curve is for y = 1 and m = 0.",
        "z₁ - z₂",
        (-2.0, 2.0),
        lambda z: ranking.margin_ranking_loss(z, np.zeros(z.shape), np.ones(z.shape), reduction="none"),
        lambda z: -1.0 * (z < 0),
    ),
    Explanation(
        "hinge_embedding_loss",
        "HingeEmbeddingLoss",
        "d for y = 1, max(0, m - d) for y = -1",
        "pairs by a distance that was computed before: close for y = 1, at least m apart for y = -1",
        "distance 0, or at least m",
        "a distance of two embeddings",
        "∂J/∂d = 1 for y = 1, -1 for y = -1 inside the margin",
        "The input is the distance itself. The curve is for y = -1 and m = 1.",
        _DISTANCE,
        (0.0, 2.0),
        lambda d: ranking.hinge_embedding_loss(d, -np.ones(d.shape), reduction="none"),
        lambda d: -1.0 * (d < 1),
    ),
    Explanation(
        "info_nce_loss",
        "InfoNCELoss",
        "-log exp(s⁺/τ) / (exp(s⁺/τ) + Σ exp(s⁻/τ)), s the cosines",
        "a classifier that finds the positive among the negatives; log N - J bounds their mutual information",
        gradient="∂J/∂s⁺ = -(1 - p)/τ, ∂J/∂s⁻ = p⁻/τ, p what softmax gives each",
        remark="By chance it is log N, for N candidates. A small τ looks at the hardest negatives only. The curve has "
        "τ = ½.",
        loss=_info_nce,
        **_ONE_NEGATIVE,
    ),
    Explanation(
        "nt_xent_loss",
        "NTXentLoss",
        "InfoNCE over 2N views: each one's positive is the other view of its sample, all the rest are negatives",
        "a classifier that finds the other view of a sample (SimCLR)",
        gradient="∂J/∂s⁺ = -(1 - p)/τ, ∂J/∂s⁻ = p⁻/τ",
        remark="Normalised embeddings, both views in turn as the query. The curve has τ = ½.",
        variable="the similarity s of the two views; all others have 0",
        loss=of_batch(contrastive.nt_xent_loss, temperature=0.5),
        slope=lambda s: -2 / (1 + 0.5 * np.exp(s / 0.5)),
        **_CLASSIFIER,
    ),
    Explanation(
        "image_text_loss",
        "ImageTextLoss",
        "-1/N Σ_i log softmax(S_i/τ)[i], S the similarities of images and texts",
        "a classifier that finds the text of every image",
        gradient="∂J/∂S = (softmax(S/τ) - I)/(N τ)",
        remark="InfoNCE with the rest of the batch as negatives: rows only. The curve has τ = ½.",
        loss=of_batch(contrastive.image_text_loss, temperature=0.5),
        **_ONE_NEGATIVE,
    ),
    Explanation(
        "clip_loss",
        "CLIPLoss",
        "½ (cross-entropy of the rows of S · scale + that of its columns)",
        "two classifiers: the text of every image, and the image of every text",
        gradient="∂J/∂S = scale (softmax of rows + softmax of columns - 2 I)/(2 N)",
        remark="The scale is 1/τ; the Module learns its logarithm. The curve has a scale of 2.",
        loss=of_batch(contrastive.clip_loss, logit_scale=2.0),
        **_ONE_NEGATIVE,
    ),
)
