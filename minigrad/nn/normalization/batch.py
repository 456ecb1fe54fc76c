"""Normalisation by the statistics of each channel: over the batch, or within each sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arrays import get_default_dtype
from ...core.tensor import Tensor, overwrite, to_tensor
from .. import functional, init
from ..functional.sizes import at_least
from ..module.module import Module
from ..parameter import unset


class _ChannelNorm(Module):
    """What the norms of channels have in common: a weight and a bias per channel, and running statistics."""

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None
    _ranks: tuple[int, ...]
    _shapes: str

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        device: Any,
        dtype: Any,
        bias: bool,
    ) -> None:
        (self.num_features,) = at_least(type(self).__name__, 1, num_features=num_features)
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        shape = (self.num_features,)
        self.weight = unset(shape, device, dtype) if affine else None
        self.bias = unset(shape, device, dtype) if affine and bias else None
        running: tuple[Tensor | None, ...] = (None, None, None)
        if track_running_stats:
            zeros = np.zeros(shape, get_default_dtype() if dtype is None else dtype)
            running = Tensor(zeros), Tensor(zeros), Tensor(np.zeros((), np.int64))
        for name, buffer in zip(("running_mean", "running_var", "num_batches_tracked"), running, strict=True):
            self.register_buffer(name, buffer)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the running statistics: mean 0, variance 1, no batches."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, and no running statistics."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """Sizes and options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _checked(self, input: Any) -> Tensor:
        """The input as a Tensor of a rank that the layer takes."""
        tensor = to_tensor(input)
        if tensor.ndim not in self._ranks:
            name = type(self).__name__
            raise ValueError(
                f"{name} takes an input of shape {self._shapes}, got {tensor.shape}; {name[:-2]}1d, 2d and 3d differ "
                "in the number of dimensions after the channels, and a single sample becomes a batch by x[None]"
            )
        return tensor

    def _check_channels(self, input: Tensor, dimension: int) -> None:
        if input.shape[dimension] != self.num_features:
            raise ValueError(
                f"{type(self).__name__}({self.num_features}) takes {self.num_features} channels, and the input of "
                f"shape {input.shape} has {input.shape[dimension]} (its dimension {dimension}); make the layer with "
                f"num_features={input.shape[dimension]}, or bring the channels to dimension {dimension}"
            )


# --- over the batch ---------------------------------------------------------------------------------------------------
class _BatchNorm(_ChannelNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Any) -> Tensor:
        """Normalise every channel, in training by the statistics of this batch, which are recorded."""
        input = self._checked(input)
        self._check_channels(input, 1)
        own = self.training or self.running_mean is None  # whether the batch's statistics are used
        recorded = not self.training or self.track_running_stats
        out = functional.batch_norm(
            input,
            self.running_mean if recorded else None,
            self.running_var if recorded else None,
            self.weight,
            self.bias,
            own,
            self._share_of_the_new(),
            self.eps,
        )
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            overwrite(self.num_batches_tracked, int(self.num_batches_tracked._array) + 1)
        return out

    def _share_of_the_new(self) -> float:
        """The momentum; without one, that which makes the running statistics the mean over all batches so far."""
        if self.momentum is not None:
            return self.momentum
        return 0.0 if self.num_batches_tracked is None else 1 / (int(self.num_batches_tracked._array) + 1)


class BatchNorm1d(_BatchNorm):
    """Every feature with mean 0 and variance 1 over the batch (and the positions), times weight, plus bias.

    Good between layers of networks that see batches of about 16 or more; for smaller ones take ``GroupNorm``, for
    sequences ``LayerNorm``. In training the statistics are those of the batch, and running ones are recorded; after
    ``eval()`` the running ones are used.

    Shapes:
        input: (N, C) or (N, C, L); the result has the same.
        weight, bias, running_mean, running_var: (C,).

    Args:
        num_features: C.
        eps: is added to the variance.
        momentum: the share of the new value in the running statistics; None for the mean over all batches so far.
        affine: whether to learn a weight (starts at 1) and a bias (starts at 0).
        track_running_stats: whether to record running statistics; without them the batch's are always used.
        device: None or ``"cpu"``.
        dtype: of Parameters and running statistics, by default the default dtype (float32).
        bias: whether to learn the bias too.

    Raises:
        ValueError: for another rank or number of channels, and in training for one value per channel.

    Source:
        Ioffe & Szegedy 2015. The running variance divides by n - 1, the one that normalises by n, as in PyTorch.

    Example:
        >>> layer = BatchNorm1d(2)
        >>> layer(Tensor([[0.0, 5.0], [2.0, 5.0]]))
        Tensor([[-0.999995,  0.      ],
                [ 0.999995,  0.      ]], op=batch_norm)
        >>> layer.running_mean
        Tensor([0.1, 0.5])
    """

    _ranks, _shapes = (2, 3), "(N, C) or (N, C, L)"


class BatchNorm2d(_BatchNorm):
    """Every channel with mean 0 and variance 1 over the batch and all pixels; the layer after a ``Conv2d``.

    A convolution before it needs no bias, which the mean takes away. All else is as in ``BatchNorm1d``.

    Shapes:
        input: (N, C, H, W); the result has the same.

    Example:
        >>> BatchNorm2d(3)(minigrad.ones(2, 3, 4, 4)).shape
        (2, 3, 4, 4)
    """

    _ranks, _shapes = (4,), "(N, C, H, W)"


class BatchNorm3d(_BatchNorm):
    """Every channel with mean 0 and variance 1 over the batch and all voxels; see ``BatchNorm1d``.

    Shapes:
        input: (N, C, D, H, W); the result has the same.
    """

    _ranks, _shapes = (5,), "(N, C, D, H, W)"


# --- within each sample -----------------------------------------------------------------------------------------------
class _InstanceNorm(_ChannelNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Any) -> Tensor:
        """Normalise every channel of every sample."""
        input = self._checked(input)
        batched = input.ndim == self._ranks[1]
        self._check_channels(input, 1 if batched else 0)
        out = functional.instance_norm(
            input if batched else np.expand_dims(input, 0),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return out if batched else out.reshape(input.shape)


class InstanceNorm1d(_InstanceNorm):
    """Every channel of every sequence with mean 0 and variance 1 over its positions.

    Takes away what distinguishes samples in brightness and contrast: for style transfer. Arguments as in
    ``BatchNorm1d``, but by default nothing is learned or recorded.

    Shapes:
        input: (N, C, L) or (C, L); the result has the same.

    Raises:
        ValueError: for another rank or number of channels, and for a single position.

    Source:
        Ulyanov, Vedaldi & Lempitsky 2016.

    Example:
        >>> InstanceNorm1d(1)(Tensor([[0.0, 2.0]]))
        Tensor([[-0.999995,  0.999995]])
    """

    _ranks, _shapes = (2, 3), "(N, C, L) or (C, L)"


class InstanceNorm2d(_InstanceNorm):
    """Every channel of every image with mean 0 and variance 1 over its pixels; see ``InstanceNorm1d``.

    Shapes:
        input: (N, C, H, W) or (C, H, W); the result has the same.

    Example:
        >>> InstanceNorm2d(3, affine=True)(minigrad.ones(3, 4, 4)).shape
        (3, 4, 4)
    """

    _ranks, _shapes = (3, 4), "(N, C, H, W) or (C, H, W)"


class InstanceNorm3d(_InstanceNorm):
    """Every channel of every volume with mean 0 and variance 1 over its voxels; see ``InstanceNorm1d``.

    Shapes:
        input: (N, C, D, H, W) or (C, D, H, W); the result has the same.
    """

    _ranks, _shapes = (4, 5), "(N, C, D, H, W) or (C, D, H, W)"


class GroupNorm(Module):
    """Every group of channels of every sample with mean 0 and variance 1, then times weight, plus bias per channel.

    In place of ``BatchNorm2d`` where batches are small. One group is a LayerNorm over the whole sample, as many groups
    as channels are an InstanceNorm.

    Shapes:
        input: (N, C, ...); the result has the same.
        weight, bias: (C,).

    Args:
        num_groups: must divide the number of channels.
        num_channels: C.
        eps: is added to the variance.
        affine: whether to learn a weight (starts at 1) and a bias (starts at 0).
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).
        bias: whether to learn the bias too.

    Raises:
        ValueError: for groups that do not divide the channels, and an input of another number of channels.

    Source:
        Wu & He 2018.

    Example:
        >>> GroupNorm(2, 4)(minigrad.ones(1, 4, 3, 3)).shape
        (1, 4, 3, 3)
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        sizes = at_least("GroupNorm", 1, num_groups=num_groups, num_channels=num_channels)
        self.num_groups, self.num_channels = sizes
        if self.num_channels % self.num_groups:
            raise ValueError(
                f"GroupNorm: num_groups must divide num_channels, got {self.num_groups} and {self.num_channels}"
            )
        self.eps = eps
        self.affine = affine
        self.weight = unset((self.num_channels,), device, dtype) if affine else None
        self.bias = unset((self.num_channels,), device, dtype) if affine and bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Any) -> Tensor:
        """Normalise every group of every sample."""
        return functional.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Sizes and options."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )
