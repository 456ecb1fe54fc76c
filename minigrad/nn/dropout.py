"""Dropout as Modules: active in training, and the identity after ``eval()``."""

from __future__ import annotations

from typing import Any

from . import functional
from .functional.arguments import probability
from .module.module import Module


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        self.p = probability(type(self).__name__, p)
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The probability, and whether the input is overwritten."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Sets every value to 0 with probability ``p`` in training, and divides the others by 1 - p.

    Against overfitting: no unit can rely on one other unit. After ``eval()`` the input is returned as it is.

    Args:
        p: the probability of *dropping* a value.
        inplace: overwrite the input.

    Raises:
        ValueError: for p outside [0, 1].

    Source:
        Srivastava et al. 2014.

    Example:
        >>> layer = Dropout(0.2).eval()
        >>> layer(Tensor([1.0, 2.0]))
        Tensor([1., 2.])
    """

    def forward(self, input: Any) -> Any:
        """Drop values, in training."""
        return functional.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """``Dropout`` of whole channels of sequences, (N, C, L) or (C, L): neighbours that vary together go together."""

    def forward(self, input: Any) -> Any:
        """Drop channels, in training."""
        return functional.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """``Dropout`` of whole feature maps, (N, C, H, W): after a ``Conv2d``, whose neighbouring pixels vary together.

    Source:
        Tompson et al. 2015, section 3.2.
    """

    def forward(self, input: Any) -> Any:
        """Drop feature maps, in training."""
        return functional.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """``Dropout`` of whole channels of volumes, (N, C, D, H, W) or (C, D, H, W)."""

    def forward(self, input: Any) -> Any:
        """Drop channels, in training."""
        return functional.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """``Dropout`` for networks with SELU: keeps the mean 0 and the variance 1 that SELU brings about.

    Source:
        Klambauer et al. 2017.
    """

    def forward(self, input: Any) -> Any:
        """Drop values, in training."""
        return functional.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_Dropout):
    """``AlphaDropout`` of whole channels, (N, C, ...)."""

    def forward(self, input: Any) -> Any:
        """Drop channels, in training."""
        return functional.feature_alpha_dropout(input, self.p, self.training, self.inplace)
