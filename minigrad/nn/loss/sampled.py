"""Last layers over very many classes, with losses that look at drawn classes only, as Modules."""

from __future__ import annotations

import math
from typing import Any

from ...core.tensor import Tensor
from .. import init
from ..functional.loss.cross_entropy import cross_entropy
from ..functional.loss.reduction import check_temperature
from ..functional.loss.sampled import (
    in_batch_softmax_loss,
    negative_sampling_loss,
    require_sampler,
    sampled_softmax_loss,
)
from ..functional.sizes import at_least
from ..kernels.linear import linear
from ..parameter import unset
from .reduction import Loss


class _SampledLoss(Loss):
    """A layer whose scores only some classes get."""

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        sampler: Any,
        num_sampled: int,
        remove_hits: bool = True,
        bias: bool = False,
        reduction: str = "mean",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction=reduction)
        sizes = at_least(
            type(self).__name__, 1, in_features=in_features, num_classes=num_classes, num_sampled=num_sampled
        )
        self.in_features, self.num_classes, self.num_sampled = sizes
        require_sampler(type(self).__name__, sampler, self.num_classes)
        self.sampler = sampler
        self.remove_hits = remove_hits
        self.weight = unset((self.num_classes, self.in_features), device, dtype)
        self.bias = unset((self.num_classes,), device, dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new Parameters, as those of ``Linear``."""
        bound = 1 / math.sqrt(self.in_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def scores(self, input: Any) -> Tensor:
        """The scores of all classes, (N, num_classes)."""
        return linear(input, self.weight, self.bias)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """The sizes, and what is drawn."""
        return (
            f"in_features={self.in_features}, num_classes={self.num_classes}, num_sampled={self.num_sampled}, "
            f"bias={self.bias is not None}"
        )


class SampledSoftmaxLoss(_SampledLoss):
    """A last layer and its cross-entropy over some classes in training, over all of them in evaluation.

    The function is ``functional.sampled_softmax_loss``.

    Args:
        in_features: the size of each input.
        num_classes: the number of classes.
        sampler: a ``data.NegativeSampler`` of as many classes.
        num_sampled: how many classes are drawn for each batch.
        remove_hits: whether a draw that is a sample's own label does not count for it.
        bias: whether the layer adds a bias.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Example:
        >>> from minigrad.data import NegativeSampler
        >>> loss = SampledSoftmaxLoss(4, 1000, NegativeSampler.uniform(1000), 20)
        >>> loss(np.zeros((2, 4), np.float32), [5, 7]).shape, loss.scores(np.zeros((2, 4), np.float32)).shape
        ((), (2, 1000))
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of inputs (N, in_features) for labels ``target``."""
        if not self.training:
            return cross_entropy(self.scores(input), target, reduction=self.reduction)
        return sampled_softmax_loss(
            input, target, self.weight, self.sampler, self.num_sampled, self.remove_hits, self.bias, self.reduction
        )


class NegativeSamplingLoss(_SampledLoss):
    """Word2vec's loss, with the embeddings of what may stand near a word as its Parameter ``weight``.

    The function is ``functional.negative_sampling_loss``.

    Args:
        in_features: the size of each embedding.
        num_classes: the number of words.
        sampler: a ``data.NegativeSampler`` of as many; word2vec's has the power 0.75.
        num_sampled: how many words are drawn for each sample.
        remove_hits: whether a draw that is the sample's own label does not count.
        bias: whether a bias is added.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Example:
        >>> from minigrad.data import NegativeSampler
        >>> loss = NegativeSamplingLoss(4, 1000, NegativeSampler(np.arange(1, 1001), power=0.75), 5)
        >>> loss(np.zeros((1, 4), np.float32), [0])  # 6 log 2
        Tensor(4.158883, op=mean)
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of embeddings (N, in_features) for labels ``target``."""
        return negative_sampling_loss(
            input, target, self.weight, self.sampler, self.num_sampled, self.remove_hits, self.bias, self.reduction
        )


class InBatchSoftmaxLoss(Loss):
    """Cross-entropy of each query over the items of its batch; see ``functional.in_batch_softmax_loss``.

    Args:
        temperature: divides the scores; a Parameter is learned.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> pairs = Tensor(2 * np.eye(3))
        >>> round(InBatchSoftmaxLoss(temperature=2.0)(pairs, pairs).item(), 4)  # log(1 + 2 exp(-2))
        0.2395
    """

    def __init__(self, temperature: Any = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        check_temperature("InBatchSoftmaxLoss", temperature)
        self.temperature = temperature

    def forward(self, query: Any, item: Any, log_q: Any = None, ids: Any = None) -> Tensor:
        """The loss of vectors ``query`` and ``item``, (N, D)."""
        return in_batch_softmax_loss(query, item, log_q, self.temperature, ids, self.reduction)
