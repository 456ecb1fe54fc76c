"""Losses of sequences and of large sets of classes, explained."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...ops.join import stack
from ...random import get_state, set_state
from ..functional.loss.ctc import ctc_loss
from ..functional.loss.linear_cross_entropy import linear_cross_entropy
from ..functional.loss.sampled import in_batch_softmax_loss, negative_sampling_loss, sampled_softmax_loss
from ..loss.adaptive import AdaptiveLogSoftmaxWithLoss
from .alignment import of_batch
from .classification import CLASSES
from .explanation import Explanation


def _two_frames(z: Tensor) -> Tensor:
    """Two moments at which the label leads the blank by ``z``; every sample is a batch entry."""
    scores = stack([0 * z, z], 1).log_softmax(1)  # (N, C)
    return ctc_loss(
        stack([scores, scores]),
        np.ones((*z.shape, 1), int),
        np.full(z.shape, 2),
        np.full(z.shape, 1),
        reduction="none",
    )


def _two_frames_slope(z: Any) -> Any:
    p = 1 / (1 + np.exp(-z))  # missed with probability (1 - p)²
    return -2 * (1 - p) ** 2 * p / (1 - (1 - p) ** 2)


class _Always:
    """A sampler that draws class 1, whatever it is asked for."""

    def sample(self, size: Any = (), *, exclude: Any = None) -> Any:
        return np.ones(size, int)

    def log_prob(self, indices: Any) -> Any:
        return np.zeros(np.shape(indices))


def _of_drawn(loss: Any) -> Any:
    """The loss of a label that leads the only drawn class by ``m``."""
    weight = np.array([[1.0], [0.0]])
    return lambda m: loss(m.unsqueeze(1), np.zeros(m.shape, int), weight, _Always(), 1, reduction="none")


def _adaptive(m: Tensor) -> Tensor:
    """One frequent class and one rare, which is alone in its cluster."""
    state = get_state()
    layer = AdaptiveLogSoftmaxWithLoss(1, 2, [1], div_value=1.0, dtype=m.dtype)
    set_state(state)  # looking at a loss draws no random numbers
    layer.load_state_dict({**layer.state_dict(), "head.weight": np.array([[1.0], [0.0]])})
    return -layer(m.unsqueeze(1), np.zeros(m.shape, int)).output  # type: ignore[no-any-return]


ENTRIES = (
    Explanation(
        "ctc_loss",
        "CTCLoss",
        "-log Σ over alignments of Π_t p_t(label or blank)",
        "a label sequence without times: every way of stretching it over the frames, with blanks, counts",
        "the probability of each label at each time, as far as sequences tell it",
        "scores of labels and a blank for every frame: nn.LogitsHead and log_softmax",
        "∂J/∂log p = -the probability that the alignment is there; through log_softmax, p minus it",
        "Peaks: most frames become blanks. Impossible lengths cost infinity, or nothing with zero_infinity. The curve "
        "is that of one label in two frames of equal scores.",
        "the lead z of the label over the blank, in both of two frames",
        (-4.0, 4.0),
        _two_frames,
        _two_frames_slope,
    ),
    Explanation(
        "linear_cross_entropy",
        "LinearCrossEntropyLoss",
        "-log softmax(W h)[y]",
        head="none: the last linear layer is part of it",
        gradient="∂J/∂(W h) = softmax(W h) - onehot(y)",
        remark="cross_entropy after linear, computed piece by piece: the scores of a large vocabulary never exist at "
        "once.",
        loss=lambda m: linear_cross_entropy(
            m.unsqueeze(1), np.array([[1.0], [0.0]]), np.zeros(m.shape, int), reduction="none"
        ),
        **CLASSES,
    ),
    Explanation(
        "AdaptiveLogSoftmaxWithLoss",
        "AdaptiveLogSoftmaxWithLoss",
        "-log p(cluster of y) - log p(y | its cluster)",
        head="none: the layers of head and clusters are part of it",
        gradient="∂J/∂z = p - onehot, in the head and in the cluster of the label",
        remark="For very many classes, most of them rare: rare ones get fewer weights, and are computed only where "
        "they occur. A Module without a function. The curve is that of two classes.",
        loss=_adaptive,
        **CLASSES,
    ),
    Explanation(
        "sampled_softmax_loss",
        "SampledSoftmaxLoss",
        "-log exp(z_y) / (exp(z_y) + Σ_k exp(z_k - log E_k)) over drawn classes k, E_k how often each is expected",
        head="embeddings, compared with a table of class vectors",
        gradient="∂J/∂z = p - onehot over the label and the drawn classes",
        remark="An estimate of cross_entropy, for training only: it is the better the more classes are drawn. "
        "Evaluate with cross_entropy. The curve has one drawn class.",
        loss=_of_drawn(sampled_softmax_loss),
        **CLASSES,
    ),
    Explanation(
        "negative_sampling_loss",
        "NegativeSamplingLoss",
        "-log σ(z_y) - Σ_k log σ(-z_k) over drawn classes k",
        "a yes-or-no question for the pair, and for each of K pairs that were drawn (word2vec)",
        "log p(y | x)/q(y) - log K: how much likelier a pair is than by chance, not a probability",
        "embeddings, compared with a table of class vectors",
        "∂J/∂z_y = σ(z_y) - 1, ∂J/∂z_k = σ(z_k)",
        "Draw in proportion to frequency to the power ¾, as word2vec does. The curve has one drawn class, of score 0.",
        "the score z of the pair",
        (-6.0, 6.0),
        _of_drawn(negative_sampling_loss),
        lambda m: 1 / (1 + np.exp(-m)) - 1,
    ),
    Explanation(
        "in_batch_softmax_loss",
        "InBatchSoftmaxLoss",
        "-log softmax(q · items/τ - log frequency)[its own item]",
        "a classifier that finds each query's item among those of the batch (two towers)",
        "log p(item | query), where frequencies are given; without them popular items are pushed down",
        "two towers, each ending in nn.LinearHead",
        "∂J/∂S = (softmax(S/τ) - I)/(N τ), S the products of queries and items",
        "Give ids, or an item that stands in the batch twice is its own negative. The curve has τ = ½ and one "
        "negative.",
        "the product s of the pair; the only negative has 0",
        (-0.95, 0.95),
        of_batch(in_batch_softmax_loss, temperature=0.5),
        lambda s: -2 / (1 + np.exp(2 * s)),
    ),
)
