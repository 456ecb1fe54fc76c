"""Changing the size of pictures and sequences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.arrays import refuse_gradient
from ...core.tensor import Tensor, raw, to_tensor
from ...ops.convert import fresh
from ...ops.index.basic import pick
from ...ops.shape.permute import permute
from ...ops.shape.reshape import reshape
from ..kernels.pooling import window_spread
from .arguments import floating
from .pooling.windows import adaptive_avg_pool1d, adaptive_avg_pool2d
from .sizes import at_least, one_each

_MODES = "'nearest', 'nearest-exact', 'area', 'linear' for (N, C, L) or 'bilinear' for (N, C, H, W)"


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """The input with its sequences or pictures in another size.

    Shapes:
        input: (N, C, L) or (N, C, H, W).
        result: the same with the new size.

    Args:
        input: sequences or pictures.
        size: the new size; one number for all dimensions, or one each.
        scale_factor: or how many times larger: the size is rounded down.
        mode: ``"nearest"`` repeats elements, ``"linear"`` and ``"bilinear"`` draw straight lines between them,
            ``"area"`` averages (``adaptive_avg_pool``), ``"nearest-exact"`` rounds positions instead of cutting them.
        align_corners: for the linear modes, whether the first and last elements stay at the ends, instead of at the
            centres of the first and last of equal cells.
        recompute_scale_factor: compute positions from the rounded size, not from ``scale_factor``.
        antialias: not available.

    Raises:
        ValueError: for other modes, ranks and sizes.

    Example:
        >>> interpolate(Tensor([[[1.0, 2.0]]]), scale_factor=2)
        Tensor([[[1., 1., 2., 2.]]])
    """
    input = to_tensor(input)
    if input.ndim not in (3, 4):
        raise ValueError(f"interpolate: the input must be (N, C, L) or (N, C, H, W), got shape {input.shape}")
    linear = {3: "linear", 4: "bilinear"}[input.ndim]
    if mode not in ("nearest", "nearest-exact", "area", linear) or antialias:
        raise ValueError(
            f"interpolate: mode is {_MODES}, without antialias; got {mode!r}, antialias={antialias} for an input of "
            f"shape {input.shape}"
        )
    if align_corners is not None and mode != linear:
        raise ValueError(f"interpolate: align_corners belongs to mode {linear!r}, not to {mode!r}")
    old = floating("interpolate", input).shape[2:]
    if 0 in old:
        raise ValueError(f"interpolate: the input, of shape {input.shape}, has no elements to take")
    new, steps = _sizes(old, size, scale_factor, bool(recompute_scale_factor))
    if mode == "area":
        return adaptive_avg_pool1d(input, new) if input.ndim == 3 else adaptive_avg_pool2d(input, new)
    out = input
    for axis, (n, wanted, step) in enumerate(zip(old, new, steps, strict=True), 2):
        if mode == linear:
            out = _between(out, axis, n, wanted, step, bool(align_corners))
        else:
            out = _nearest(out, axis, n, wanted, step, 0.5 if mode == "nearest-exact" else 0.0)
    return out.clone() if out is input else out  # type: ignore[no-any-return]


def upsample(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """Older name of ``interpolate``."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def _sizes(
    old: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The new sizes, and how far apart neighbours of the result are in the input."""
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: give either size or scale_factor")
    if size is not None:
        new = one_each("interpolate", "size", size, len(old), 1)
    else:
        several = scale_factor if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * len(old)
        if len(several) != len(old):
            raise ValueError(f"interpolate: scale_factor needs one number, or {len(old)} of them, got {several}")
        for factor in several:
            refuse_gradient("interpolate", scale_factor=factor)
        factors = tuple(map(float, several))
        if not all(0 < f < math.inf for f in factors):
            raise ValueError(f"interpolate: scale_factor must be above 0, got {scale_factor}")
        new = tuple(math.floor(n * f) for n, f in zip(old, factors, strict=True))
        if min(new) < 1:
            raise ValueError(f"interpolate: nothing would be left of {tuple(old)} at scale_factor {scale_factor}")
        if not recompute:
            return new, tuple(1 / f for f in factors)
    return new, tuple(n / wanted for n, wanted in zip(old, new, strict=True))


def _nearest(x: Any, axis: int, size: int, wanted: int, step: float, shift: float) -> Any:
    times, rest = divmod(wanted, size)
    if not rest and step == 1 / times:  # every element repeated equally often: no index is needed
        return x if times == 1 else window_spread(x, axis=axis, kernel_size=times, size=wanted, stride=times, before=0)
    step32 = np.float32(step)  # positions in single precision, as in PyTorch: they decide where rounding is close
    positions = np.floor((np.arange(wanted, dtype=np.float32) + np.float32(shift)) * step32).astype(np.int64)
    return pick(x, index=(slice(None),) * axis + (np.minimum(positions, size - 1),))


def _between(x: Any, axis: int, size: int, wanted: int, step: float, align_corners: bool) -> Any:
    """Straight lines between neighbours."""
    if size == wanted and step == 1:
        return x
    steps = np.arange(wanted, dtype=np.float64)
    if align_corners:
        positions = steps * ((size - 1) / (wanted - 1) if wanted > 1 else 0.0)
    else:
        positions = np.maximum((steps + 0.5) * step - 0.5, 0)
    low = np.minimum(np.floor(positions).astype(np.int64), size - 1)
    high = np.minimum(low + 1, size - 1)
    share = (positions - low).astype(raw(x).dtype).reshape(-1, *[1] * (x.ndim - 1 - axis))
    before = (slice(None),) * axis
    return pick(x, index=(*before, low)) * (1 - share) + pick(x, index=(*before, high)) * share


def pixel_shuffle(input: Any, upscale_factor: int) -> Tensor:
    """Channels into space: every r · r channels become one with r times the height and width.

    Shapes:
        input: (..., C · r², H, W).
        result: (..., C, r · H, r · W).

    Source:
        Shi et al. 2016, "Real-time single image and video super-resolution", equation 4.

    Example:
        >>> pixel_shuffle(Tensor([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]), 2)
        Tensor([[[1., 2.],
                 [3., 4.]]])
    """
    input = to_tensor(input)
    (r,) = at_least("pixel_shuffle", 1, upscale_factor=upscale_factor)
    if input.ndim < 3 or input.shape[-3] % (r * r):
        raise ValueError(f"pixel_shuffle: the input must be (..., C · {r * r}, H, W), got shape {input.shape}")
    *rest, channels, height, width = input.shape
    parts = reshape(input, *rest, channels // (r * r), r, r, height, width)
    k = len(rest)
    moved = permute(parts, *range(k), k, k + 3, k + 1, k + 4, k + 2)
    return fresh(reshape(moved, *rest, channels // (r * r), height * r, width * r), input)  # type: ignore[no-any-return]


def pixel_unshuffle(input: Any, downscale_factor: int) -> Tensor:
    """Space into channels: the inverse of ``pixel_shuffle``.

    Shapes:
        input: (..., C, r · H, r · W).
        result: (..., C · r², H, W).

    Example:
        >>> pixel_unshuffle(Tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2).shape
        (4, 1, 1)
    """
    input = to_tensor(input)
    (r,) = at_least("pixel_unshuffle", 1, downscale_factor=downscale_factor)
    if input.ndim < 3 or input.shape[-1] % r or input.shape[-2] % r:
        raise ValueError(f"pixel_unshuffle: the input must be (..., C, {r} · H, {r} · W), got shape {input.shape}")
    *rest, channels, height, width = input.shape
    parts = reshape(input, *rest, channels, height // r, r, width // r, r)
    k = len(rest)
    moved = permute(parts, *range(k), k, k + 2, k + 4, k + 1, k + 3)
    return fresh(reshape(moved, *rest, channels * r * r, height // r, width // r), input)  # type: ignore[no-any-return]
