"""Layers that make pictures and sequences larger without learning how."""

from __future__ import annotations

from typing import Any

from ..core.arrays import refuse_gradient
from ..core.tensor import Tensor
from .functional.sizes import at_least
from .functional.upsampling import interpolate, pixel_shuffle, pixel_unshuffle
from .module.module import Module


class Upsample(Module):
    """Another size for sequences (N, C, L) or pictures (N, C, H, W), by repeating elements or drawing lines between.

    Args:
        size: the new size; one number for all dimensions, or one each.
        scale_factor: or how many times larger.
        mode: ``"nearest"``, ``"linear"`` for sequences, ``"bilinear"`` for pictures.
        align_corners: for the linear modes, see ``functional.interpolate``.
        recompute_scale_factor: compute positions from the rounded size, not from ``scale_factor``.

    Example:
        >>> Upsample(scale_factor=2)(Tensor([[[1.0, 2.0]]]))
        Tensor([[[1., 1., 2., 2.]]])
    """

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        scale_factor: float | tuple[float, ...] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        self.size = size
        several = isinstance(scale_factor, (tuple, list))
        factor: Any = scale_factor
        for one in factor if several else (factor,):
            refuse_gradient(type(self).__name__, scale_factor=one)
        self.scale_factor = tuple(map(float, factor)) if several else (float(factor) if factor else None)
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Any) -> Tensor:
        """The input in its new size."""
        return interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        """The size or the factor, and the mode."""
        what = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{what}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """``Upsample`` of pictures by repeating elements: its older name.

    Example:
        >>> UpsamplingNearest2d(scale_factor=2)(Tensor(np.zeros((1, 3, 4, 4)))).shape
        (1, 3, 8, 8)
    """

    def __init__(
        self, size: int | tuple[int, int] | None = None, scale_factor: float | tuple[float, float] | None = None
    ) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """``Upsample`` of pictures along straight lines, with aligned corners: its older name.

    Example:
        >>> UpsamplingBilinear2d(size=3)(Tensor([[[[1.0, 3.0], [5.0, 7.0]]]]))
        Tensor([[[[1., 2., 3.],
                  [3., 4., 5.],
                  [5., 6., 7.]]]])
    """

    def __init__(
        self, size: int | tuple[int, int] | None = None, scale_factor: float | tuple[float, float] | None = None
    ) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)


class PixelShuffle(Module):
    """Channels into space: (..., C · r², H, W) becomes (..., C, r · H, r · W).

    Example:
        >>> PixelShuffle(2)(Tensor(np.zeros((1, 8, 3, 3)))).shape
        (1, 2, 6, 6)
    """

    def __init__(self, upscale_factor: int) -> None:
        (self.upscale_factor,) = at_least("PixelShuffle", 1, upscale_factor=upscale_factor)

    def forward(self, input: Any) -> Tensor:
        """Larger pictures of fewer channels."""
        return pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Space into channels: the inverse of ``PixelShuffle``.

    Example:
        >>> PixelUnshuffle(2)(Tensor(np.zeros((1, 2, 6, 6)))).shape
        (1, 8, 3, 3)
    """

    def __init__(self, downscale_factor: int) -> None:
        (self.downscale_factor,) = at_least("PixelUnshuffle", 1, downscale_factor=downscale_factor)

    def forward(self, input: Any) -> Tensor:
        """Smaller pictures of more channels."""
        return pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"downscale_factor={self.downscale_factor}"
