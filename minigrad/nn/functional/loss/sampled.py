"""Losses over very many classes of which only some are looked at: drawn ones, or those of the batch."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ....core.arrays import one_precision
from ....core.graph import Array
from ....core.tensor import Tensor, raw
from ....ops.join import concatenate
from ...kernels.activation.smooth import logsigmoid
from ...kernels.embedding import take_rows
from ...kernels.loss.cross_entropy import cross_entropy_of_labels
from ..arguments import computed_in_single_precision, floating
from ..sizes import at_least
from .labels import class_labels, require_labels
from .reduction import (
    check_reduction,
    check_temperature,
    first_wrong,
    predictions,
    reduced,
    require_rows,
    require_shape,
    values,
)


class _Layer(NamedTuple):
    """Inputs, the layer that scores them, and the label of each."""

    input: Tensor
    weight: Tensor
    bias: Any
    labels: Array

    def scores(self, classes: Array) -> Tensor:
        """Of every input, of the class or classes that belong to it alone: (N,) or (N, K)."""
        rows = take_rows(self.weight, index=classes, padding=None, by_frequency=False)
        input = self.input if classes.ndim == 1 else self.input.unsqueeze(1)
        return self._biased((input * rows).sum(dim=-1), classes)

    def shared(self, classes: Array) -> Tensor:
        """Of every input, of the same classes for all of them: (N, K)."""
        rows = take_rows(self.weight, index=classes, padding=None, by_frequency=False)
        return self._biased(np.matmul(self.input, rows.T), classes)

    def _biased(self, scores: Tensor, classes: Array) -> Tensor:
        return scores if self.bias is None else scores + self.bias[classes]


def require_sampler(name: str, sampler: Any, classes: int) -> None:
    """Refuse what does not draw class numbers, or draws those of another number of classes."""
    if not (hasattr(sampler, "sample") and hasattr(sampler, "log_prob")):
        raise TypeError(
            f"{name}: the sampler is a minigrad.data.NegativeSampler, or has its methods sample and log_prob; "
            f"got {type(sampler).__name__}"
        )
    if hasattr(sampler, "__len__") and len(sampler) != classes:
        raise ValueError(f"{name}: the sampler draws from {len(sampler)} classes, and the weight has {classes} rows")


def _layer(name: str, input: Any, target: Any, weight: Any, sampler: Any, bias: Any, reduction: str) -> _Layer:
    check_reduction(name, reduction)
    input, weight = predictions(name, input), floating(name, weight, "weight")
    bias = None if bias is None else floating(name, bias, "bias")
    one_precision(name, input, weight=weight, bias=bias)
    if input.ndim != 2 or weight.ndim != 2 or input.shape[1] != weight.shape[1]:
        raise ValueError(
            f"{name}: the input has shape (N, D) and the weight (C, D), got {input.shape} and {weight.shape}"
        )
    classes = weight.shape[0]
    if bias is not None and bias.shape != (classes,):
        raise ValueError(f"{name}: the bias has one number for each class, shape ({classes},), got {bias.shape}")
    require_sampler(name, sampler, classes)
    require_rows(name, input.shape[:1], reduction)
    labels = class_labels(name, require_labels(name, (input.shape[0], classes), values(target)), classes)
    return _Layer(input, weight, bias, labels)


@computed_in_single_precision
def sampled_softmax_loss(
    input: Any,
    target: Any,
    weight: Any,
    sampler: Any,
    num_sampled: int,
    remove_hits: bool = True,
    bias: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy over the right class and some that are drawn, the same ones for the whole batch: for training only.

    Scores of drawn classes are corrected by how often they are drawn, so that the sum of exponentials has the full
    sum's mean: with more and more of them, loss and gradient become those of ``cross_entropy``.

    Shapes:
        input: (N, D).
        target: (N,) integers in [0, C).
        weight: (C, D), the last layer's; its gradient is dense.
        bias: (C,).
        result: () or, with ``reduction="none"``, (N,).

    Math:
        classes s drawn with probabilities q, K of them with replacement; scores z = input · weight + bias:
        loss = -z[y] + log(exp z[y] + Σ_s exp(z[s] - log(K q[s]))), where draws of y itself are left out.
        TensorFlow's ``sampled_softmax_loss`` draws without replacement by default, and subtracts the logarithm of the
        expected count from the right class's score too.

    Args:
        input: what the last layer gets.
        target: labels.
        weight: the last layer's weights.
        sampler: a ``data.NegativeSampler``, or what has its methods ``sample(size)`` and ``log_prob(indices)``.
        num_sampled: K, how many classes are drawn.
        remove_hits: whether a draw that is a sample's own label does not count for it.
        bias: the last layer's bias.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        IndexError: for a label that is no class, naming where it stands.
        TypeError: for labels that are not integers, and something else than a sampler.
        ValueError: for shapes that do not fit, less than one draw, and the mean of nothing.

    Source: Y. Bengio and J.-S. Senécal, "Adaptive importance sampling to accelerate training of a neural probabilistic
    language model", IEEE Transactions on Neural Networks 19 (2008).

    Example:
        >>> from minigrad.data import NegativeSampler
        >>> weight = Tensor(np.zeros((1000, 4), np.float32))
        >>> loss = sampled_softmax_loss(np.ones((2, 4), np.float32), [1, 2], weight, NegativeSampler.uniform(1000), 100)
        >>> bool(6.7 < loss.item() < 7)  # log(1000) = 6.91, but for draws of 1 and 2
        True
    """
    layer = _layer("sampled_softmax_loss", input, target, weight, sampler, bias, reduction)
    (count,) = at_least("sampled_softmax_loss", 1, num_sampled=num_sampled)
    drawn = np.asarray(sampler.sample(count))
    correction = (np.asarray(sampler.log_prob(drawn)) + math.log(count)).astype(layer.input.dtype)
    scores = layer.shared(drawn) - correction
    if remove_hits:
        scores = np.where(drawn == layer.labels[:, None], -np.inf, scores)
    right = layer.scores(layer.labels).unsqueeze(1)
    losses = cross_entropy_of_labels(concatenate([right, scores], dim=1), labels=np.zeros_like(layer.labels))
    return reduced(losses, reduction)


@computed_in_single_precision
def negative_sampling_loss(
    input: Any,
    target: Any,
    weight: Any,
    sampler: Any,
    num_sampled: int,
    remove_hits: bool = True,
    bias: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Word2vec's loss: tell the right class from some that are drawn, each by a logistic regression.

    Every sample has draws of its own. Scores are not corrected for how often classes are drawn, as word2vec has it:
    they learn by how much likelier a pair is than by chance, log p(y | x) / q(y) - log K. (TensorFlow's ``nce_loss``
    subtracts log(K q), and so learns log p(y | x).)

    Shapes:
        input: (N, D), embeddings of words, for example.
        target: (N,) integers in [0, C), what stands near them.
        weight: (C, D), embeddings of what may stand near; its gradient is dense.
        bias: (C,).
        result: () or, with ``reduction="none"``, (N,).

    Math:
        scores z = input · weight + bias: loss = -log σ(z[y]) - Σ_s log σ(-z[s]) over K draws s.

    Args:
        input: embeddings.
        target: labels.
        weight: embeddings of all classes.
        sampler: a ``data.NegativeSampler``; word2vec's has the power 0.75.
        num_sampled: K, how many classes are drawn for each sample; 5 to 20 in word2vec.
        remove_hits: whether a draw that is the sample's own label does not count, as in word2vec.
        bias: a bias.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        IndexError: for a label that is no class, naming where it stands.
        TypeError: for labels that are not integers, and something else than a sampler.
        ValueError: for shapes that do not fit, less than one draw, and the mean of nothing.

    Source: T. Mikolov et al., "Distributed representations of words and phrases and their compositionality", NeurIPS
    (2013).

    Example:
        >>> from minigrad.data import NegativeSampler
        >>> weight = Tensor(np.zeros((1000, 4), np.float32))
        >>> sampler = NegativeSampler(np.arange(1, 1001), power=0.75)
        >>> negative_sampling_loss(np.ones((1, 4), np.float32), [0], weight, sampler, 5)  # 6 log 2
        Tensor(4.158883)
    """
    layer = _layer("negative_sampling_loss", input, target, weight, sampler, bias, reduction)
    (count,) = at_least("negative_sampling_loss", 1, num_sampled=num_sampled)
    drawn = np.asarray(sampler.sample((layer.labels.size, count)))
    wrong = logsigmoid(-layer.scores(drawn))
    if remove_hits:
        wrong = np.where(drawn == layer.labels[:, None], 0, wrong)
    return reduced(-logsigmoid(layer.scores(layer.labels)) - wrong.sum(dim=1), reduction)


def in_batch_softmax_loss(
    query: Any,
    item: Any,
    log_q: Any = None,
    temperature: Any = 1.0,
    ids: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy of each query over the items of the whole batch, of which its own is the right one.

    For two towers, of users and of things, say. Popular items are often among the others; subtracting the logarithm of
    how often each occurs in a batch makes up for it. Vectors are compared as they are: normalise them for the cosine.

    Shapes:
        query, item: (N, D), row by row belonging together.
        log_q: (N,) logarithms of the probabilities of the items.
        ids: (N,) integers.
        result: () or, with ``reduction="none"``, (N,).

    Math:
        s[i, j] = query[i] · item[j] / temperature - log_q[j]; loss[i] = -s[i, i] + log Σ_j exp s[i, j].
        The right item is corrected too, as in the source and in TensorFlow Recommenders; ``sampled_softmax_loss`` does
        not correct it, since its right class is not drawn.

    Args:
        query: vectors.
        item: vectors.
        log_q: ``NegativeSampler(counts).log_prob(ids)``, for example; None for no correction.
        temperature: divides the scores; may be learned.
        ids: what each item is; the same item further down or up in the batch then does not count as wrong.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        TypeError: for ids that are not integers.
        ValueError: for shapes that do not fit, a ``log_q`` that is not finite, a temperature that is not above 0, and
            the mean of nothing.

    Source: X. Yi et al., "Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys
    (2019).

    Example:
        >>> pairs = Tensor(2 * np.eye(3))
        >>> round(in_batch_softmax_loss(pairs, pairs).item(), 4)  # log(1 + 2 exp(-4))
        0.036
    """
    name = "in_batch_softmax_loss"
    check_reduction(name, reduction)
    check_temperature(name, temperature)
    query, item = predictions(name, query), floating(name, item, "item")
    one_precision(name, query, "query", item=item)
    require_shape(name, query.shape, "item", item.shape)
    if query.ndim != 2:
        raise ValueError(f"{name}: query and item have shape (N, D), got {query.shape}")
    if query.dtype == np.float16:
        single: Tensor = in_batch_softmax_loss(
            values(query, np.float32), values(item, np.float32), log_q, temperature, ids, reduction
        )
        return single.astype(np.float16)
    rows = query.shape[0]
    require_rows(name, query.shape[:1], reduction)
    if rows == 0:
        return reduced((query * item).sum(dim=1), reduction)
    scores = np.matmul(query, item.T) / values(temperature, query.dtype)
    if log_q is not None:
        log_q = values(log_q, query.dtype)
        _require_numbers(name, "log_q", log_q, rows)
        if not np.isfinite(raw(log_q)).all():
            wrong = first_wrong(log_q, ~np.isfinite(raw(log_q)))
            raise ValueError(f"{name}: log_q holds logarithms of probabilities above 0, got {wrong}")
        scores = scores - log_q
    if ids is not None:
        found = raw(values(ids))
        _require_numbers(name, "ids", found, rows)
        if found.dtype.kind not in "iu":
            raise TypeError(f"{name}: ids must be integers, got {found.dtype}; use ids.astype(np.int64)")
        same = np.equal(found[:, None], found)
        np.fill_diagonal(same, False)
        scores = np.where(same, -np.inf, scores)
    return reduced(cross_entropy_of_labels(scores, labels=np.arange(rows)), reduction)


def _require_numbers(name: str, what: str, array: Any, rows: int) -> None:
    if array.shape != (rows,):
        raise ValueError(f"{name}: {what} has one number for each item, shape ({rows},), got {array.shape}")
