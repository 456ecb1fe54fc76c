"""A softmax over very many classes in clusters: rare ones are computed only where they occur, with fewer weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ...core.graph import Array
from ...core.tensor import Tensor, raw
from ...ops.join import concatenate
from ..container import ModuleList, Sequential
from ..functional.arguments import floating, numbers
from ..functional.loss.labels import class_labels, require_labels
from ..functional.loss.reduction import values
from ..functional.sizes import at_least
from ..kernels.loss.cross_entropy import cross_entropy_of_labels
from ..linear import Linear
from ..module.module import Module

_NAME = "AdaptiveLogSoftmaxWithLoss"


class AdaptiveOutput(NamedTuple):
    """What ``AdaptiveLogSoftmaxWithLoss`` returns.

    Attributes:
        output: (N,) the log-probability of each label.
        loss: minus their mean.
    """

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """A classifier for very many classes, most of them rare, with its loss: a softmax in two stages.

    Classes are ordered by frequency, the most frequent first. The head decides between the first ``cutoffs[0]`` of them
    and clusters of the others; each cluster, between two cutoffs, has a softmax of its own, which is computed only for
    the samples that belong there, and whose weights have a smaller rank the rarer its classes are.

    Shapes:
        input_: (N, in_features) or (in_features,).
        target_: (N,) or () integers in [0, n_classes).
        result: ``output``, (N,) or (), the log-probability of each label, and ``loss``, minus their mean.

    Args:
        in_features: the size of each input.
        n_classes: the number of classes.
        cutoffs: where clusters begin, from 1 to n_classes - 1, rising.
        div_value: cluster i, counted from 1, has rank in_features / div_value**i.
        head_bias: whether the head adds a bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        IndexError: when called with a label that is no class, naming where it stands.
        TypeError: when called with labels that are not integers.
        ValueError: for cutoffs that do not rise, or lie outside; for a ``div_value`` that is not above 0, and a rank
            below 1; and for the mean of nothing.

    Source: É. Grave et al., "Efficient softmax approximation for GPUs", ICML (2017).

    Example:
        >>> from minigrad import nn
        >>> softmax = nn.AdaptiveLogSoftmaxWithLoss(16, 1000, cutoffs=[20, 200])
        >>> output, loss = softmax(Tensor(np.zeros((3, 16), np.float32)), [0, 150, 999])
        >>> output.shape, loss.shape
        ((3,), ())
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.in_features, self.n_classes = at_least(_NAME, 1, in_features=in_features, n_classes=n_classes)
        starts = list(cutoffs) if isinstance(cutoffs, Iterable) else [cutoffs]
        whole = all(isinstance(start, (int, float, np.number)) and int(start) == start for start in starts)
        if not (starts and whole and starts[0] >= 1 and all(a < b for a, b in pairwise([*starts, self.n_classes]))):
            raise ValueError(
                f"{_NAME}: cutoffs are integers that rise from at least 1 to at most n_classes - 1 = "
                f"{self.n_classes - 1}, got {starts}"
            )
        (div_value,) = numbers(_NAME, div_value=div_value)
        if not div_value > 0:
            raise ValueError(f"{_NAME}: div_value must be above 0, got {div_value}; 4 makes ranks a quarter each time")
        self.cutoffs = [*map(int, starts), self.n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(self.in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for i, (start, stop) in enumerate(pairwise(self.cutoffs), 1):
            rank = int(self.in_features // div_value**i)
            if rank < 1:
                raise ValueError(
                    f"{_NAME}: cluster {i} would have rank {self.in_features} / {div_value}**{i}, which is below 1; "
                    "use fewer cutoffs or a smaller div_value"
                )
            options = {"bias": False, "device": device, "dtype": dtype}
            self.tail.append(
                Sequential(Linear(self.in_features, rank, **options), Linear(rank, stop - start, **options))
            )

    def reset_parameters(self) -> None:
        """Draw new Parameters."""
        self.head.reset_parameters()
        for cluster in self.tail:
            for layer in cluster:
                layer.reset_parameters()

    def forward(self, input_: Any, target_: Any) -> AdaptiveOutput:
        """The log-probabilities of labels ``target_``, and the loss."""
        input = floating(_NAME, input_)
        if input.ndim not in (1, 2):
            raise ValueError(f"{_NAME}: the input has shape (N, {self.in_features}), got {input.shape}")
        if 0 in input.shape[:-1]:
            raise ValueError(f"{_NAME}: the mean over an empty batch, input shape {input.shape}; skip it")
        rows = input if input.ndim == 2 else input.unsqueeze(0)
        target = require_labels(_NAME, (*input.shape[:-1], self.n_classes), values(target_))
        labels = class_labels(_NAME, target, self.n_classes)
        clusters = np.searchsorted(self.cutoffs[:-1], labels, side="right")  # 0 is the head
        choices = np.where(clusters == 0, labels, self.shortlist_size + clusters - 1)
        output = -_costs(self.head(rows), choices)
        parts: list[Tensor] = []
        places = np.full(labels.size, -1)
        for i in range(1, self.n_clusters + 1):
            (members,) = np.nonzero(clusters == i)
            if members.size:
                places[members] = sum(part.shape[0] for part in parts) + np.arange(members.size)
                parts.append(_costs(self.tail[i - 1](rows[members]), labels[members] - self.cutoffs[i - 1]))
        if parts:  # the last number, 0, is for those that are decided by the head alone
            output = output - concatenate([*parts, np.zeros_like(raw(output), shape=1)])[places]
        return AdaptiveOutput(output if input.ndim == 2 else output.squeeze(0), -output.mean())

    def log_prob(self, input: Any) -> Tensor:
        """The log-probabilities of all classes, (N, n_classes)."""
        return self._of_all(input, self.head(input))

    def predict(self, input: Any) -> Tensor:
        """The likeliest class of each input, (N,), computing clusters only where the head chooses one."""
        input = floating(_NAME, input)
        scores = self.head(input)
        rows = input if input.ndim == 2 else input.unsqueeze(0)
        best: Array = raw(scores).reshape(-1, self.head_size).argmax(axis=1)
        (open_,) = np.nonzero(best >= self.shortlist_size)
        if open_.size:
            of_all = self._of_all(rows[open_], scores.reshape(-1, self.head_size)[open_])
            best[open_] = raw(of_all).argmax(axis=1)
        return Tensor(best if input.ndim == 2 else best[0])

    def _of_all(self, input: Any, scores: Tensor) -> Tensor:
        head = scores.log_softmax(-1)
        parts = [head[..., : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            choice = self.shortlist_size + i
            parts.append(cluster(input).log_softmax(-1) + head[..., choice : choice + 1])
        return concatenate(parts, dim=-1)  # type: ignore[no-any-return]


def _costs(scores: Tensor, labels: Array) -> Tensor:
    """Minus the log-probability of each label."""
    half = scores.dtype == np.float16
    costs: Tensor = cross_entropy_of_labels(scores.astype(np.float32) if half else scores, labels=labels)
    return costs.astype(np.float16) if half else costs
