"""Losses that tell pairs that belong together from all others, as Modules."""

from __future__ import annotations

import math
from typing import Any

from ...core.tensor import Tensor
from ...ops.elementwise import clamp, exp
from ..functional.arguments import numbers
from ..functional.loss.contrastive import clip_loss, contrastive_loss, image_text_loss, info_nce_loss, nt_xent_loss
from ..functional.loss.reduction import check_temperature
from ..parameter import Parameter
from .reduction import Loss

_LARGEST = math.log(100)  # CLIP's own limit: beyond it training became unstable


class ContrastiveLoss(Loss):
    """The loss of siamese networks: attract, or repel up to ``margin``; see ``functional.contrastive_loss``.

    Args:
        margin: the distance that is far enough
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> ContrastiveLoss()(Tensor([[0.0]]), Tensor([[2.0]]), [1])
        Tensor(2.)
    """

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin

    def forward(self, x1: Any, x2: Any, same: Any) -> Tensor:
        """The loss of pairs, ``same`` being 1 where they belong together and 0 where not."""
        return contrastive_loss(x1, x2, same, self.margin, self.reduction)


class InfoNCELoss(Loss):
    """Each query chooses its positive among candidates; see ``functional.info_nce_loss``.

    Args:
        temperature: divides the similarities; a Parameter is learned
        normalize: whether vectors are divided by their length
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> loss = InfoNCELoss(temperature=1.0)(Tensor([[1.0, 0.0]]), Tensor([[2.0, 0.0]]), Tensor([[0.0, 1.0]]))
        >>> round(loss.item(), 4)
        0.3133
    """

    def __init__(self, temperature: Any = 0.1, normalize: bool = True, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        check_temperature("InfoNCELoss", temperature)
        self.temperature = temperature
        self.normalize = normalize

    def forward(self, query: Any, positive: Any, negatives: Any = None) -> Tensor:
        """The loss of queries; without negatives, the positives of the others are the negatives."""
        return info_nce_loss(query, positive, negatives, self.temperature, self.normalize, self.reduction)


class NTXentLoss(Loss):
    """SimCLR's loss of two views of a batch; see ``functional.nt_xent_loss``.

    Args:
        temperature: divides the cosines; a Parameter is learned
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> views = Tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> round(NTXentLoss(temperature=1.0)(views, views).item(), 4)
        0.5514
    """

    def __init__(self, temperature: Any = 0.5, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        check_temperature("NTXentLoss", temperature)
        self.temperature = temperature

    def forward(self, z1: Any, z2: Any) -> Tensor:
        """The loss of two views."""
        return nt_xent_loss(z1, z2, self.temperature, self.reduction)


class ImageTextLoss(Loss):
    """Each image chooses its text, and no text an image; see ``functional.image_text_loss``.

    Args:
        temperature: divides the similarities; a Parameter is learned
        normalize: whether vectors are divided by their length
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> pairs = Tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> round(ImageTextLoss(temperature=1.0)(pairs, pairs).item(), 4)
        0.3133
    """

    def __init__(self, temperature: Any = 0.07, normalize: bool = True, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        check_temperature("ImageTextLoss", temperature)
        self.temperature = temperature
        self.normalize = normalize

    def forward(self, image: Any, text: Any) -> Tensor:
        """The loss of pairs."""
        return image_text_loss(image, text, self.temperature, self.normalize, self.reduction)


class CLIPLoss(Loss):
    """CLIP's symmetric loss with a temperature that is learned; see ``functional.clip_loss``.

    The Parameter ``logit_scale`` holds the logarithm of the multiplier, which is 1/temperature to begin with: give its
    ``parameters()`` to the optimizer, too. The multiplier is at most 100; beyond that the Parameter gets no gradient.

    Args:
        temperature: the first value of the inverse multiplier
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Example:
        >>> loss = CLIPLoss()
        >>> loss.logit_scale
        Parameter(2.65926, requires_grad=True)
    """

    def __init__(self, temperature: float = 0.07, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        (temperature,) = numbers("CLIPLoss", temperature=temperature)
        check_temperature("CLIPLoss", temperature)
        self.logit_scale = Parameter(math.log(1 / temperature))

    def forward(self, image: Any, text: Any) -> Tensor:
        """The loss of pairs."""
        return clip_loss(image, text, exp(clamp(self.logit_scale, max=_LARGEST)), self.reduction)
