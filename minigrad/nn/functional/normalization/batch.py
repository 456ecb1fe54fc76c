"""Normalisation by the mean and variance of each channel, or of each group of channels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ....core.arrays import as_array, one_precision, shape_of
from ....core.graph import Array
from ....core.tensor import Tensor, overwrite, raw, wrap
from ...kernels.normalization.batch import batch_norm as normalized_channels
from ...kernels.normalization.group import group_norm as normalized_groups
from ...kernels.normalization.sums import affine
from ..arguments import at_least_zero, computed_in_single_precision, floating, numbers, tensors
from ..sizes import at_least


# --- arguments --------------------------------------------------------------------------------------------------------
def _one_per_channel(name: str, channels: int, **parts: Any) -> None:
    for part, value in parts.items():
        if value is not None and shape_of(value) != (channels,):
            raise ValueError(
                f"{name}: {part} has shape {shape_of(value)}, and the input {channels} channels (its dimension 1); "
                f"one number for each is needed, shape ({channels},)"
            )


def _unless_half(statistic: Any) -> Any:
    """A running statistic whose dtype must be the input's; float16 ones belong to inputs that float32 computes."""
    return statistic if getattr(statistic, "dtype", np.float16) != np.float16 else None


def _channels(name: str, input: Tensor) -> int:
    if input.ndim < 2:
        raise ValueError(f"{name}: the input needs a batch and channels, shape (N, C, ...), got shape {input.shape}")
    return input.shape[1]


def _column(array: Array, rank: int) -> Array:
    return array.reshape((1, -1) + (1,) * (rank - 2))


# --- over the batch ---------------------------------------------------------------------------------------------------
@computed_in_single_precision
def batch_norm(
    input: Any,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Every channel with mean 0 and variance 1 over the batch and all positions, times ``weight``, plus ``bias``.

    In training the statistics are those of the batch, and the running ones move towards them in place; otherwise the
    running ones are used, and every sample is treated on its own.

    Shapes:
        input: (N, C) or (N, C, ...); the result has the same.
        running_mean, running_var, weight, bias: (C,) or None.

    Math:
        y = (x - mean) / √(var + eps) · weight + bias, where var divides by the number n of values per channel;
        running ← (1 - momentum) · running + momentum · new, where the new variance divides by n - 1.

    Args:
        input: the values.
        running_mean: the mean to use, or to update in training.
        running_var: likewise the variance.
        weight: what every channel is multiplied by, 1 if None.
        bias: what is added to every channel, 0 if None.
        training: whether to use and record the statistics of this batch.
        momentum: how much of the new value goes into the running one: 0.1 forgets slowly.
        eps: is added to the variance.

    Raises:
        ValueError: in training for fewer than two values per channel, of which there is no variance; otherwise where
            the running statistics are missing; for shapes that do not fit.
        TypeError: for an input of integers, and for running statistics that are no Tensors, in training.

    Source:
        Ioffe & Szegedy 2015, algorithms 1 and 2.

    Example:
        >>> batch_norm(Tensor([[1.0, 12.0], [3.0, 10.0]]), None, None, training=True, eps=0.5625)
        Tensor([[-0.8,  0.8],
                [ 0.8, -0.8]])
    """
    input = floating("batch_norm", input)
    channels = _channels("batch_norm", input)
    _one_per_channel(
        "batch_norm", channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    weight, bias = tensors(weight, bias)
    if training:
        return _by_its_own_statistics(input, running_mean, running_var, weight, bias, momentum, eps)
    return _by_running_statistics("batch_norm", input, running_mean, running_var, weight, bias, eps)


def _by_its_own_statistics(
    input: Tensor, running_mean: Any, running_var: Any, weight: Any, bias: Any, momentum: float, eps: float
) -> Tensor:
    count = math.prod(input.shape[:1] + input.shape[2:])
    if count < 2:
        raise ValueError(
            f"batch_norm: a batch's statistics need more than one value per channel, got input shape {input.shape}; "
            "use a larger batch (drop_last=True in a DataLoader drops a last batch of one), or the running statistics, "
            "by eval() of a layer with track_running_stats=True"
        )
    eps, momentum = numbers("batch_norm", eps=eps, momentum=momentum)
    if not eps > 0:
        raise ValueError(f"batch_norm: eps must be positive in training, got {eps}")
    one_precision("batch_norm", input, weight=weight, bias=bias, running_mean=_unless_half(running_mean))
    axis = (0, *range(2, input.ndim))
    out, *statistics = normalized_channels(input, weight, bias, axis=axis, eps=eps)
    mean, variance = (raw(part).reshape((-1,)) for part in statistics)
    _follow("batch_norm", running_mean, mean, momentum)
    _follow("batch_norm", running_var, variance * (count / (count - 1)), momentum)
    return out  # type: ignore[no-any-return]


def _follow(name: str, running: Any, new: Array, momentum: float) -> None:
    """Move a running statistic towards that of this batch."""
    if running is None:
        return
    if not isinstance(running, Tensor):
        raise TypeError(f"{name}: running statistics are updated in place: pass Tensors, not {type(running).__name__}")
    overwrite(running, raw(running) * (1 - momentum) + new * momentum)


def _by_running_statistics(
    name: str, input: Tensor, running_mean: Any, running_var: Any, weight: Any, bias: Any, eps: float
) -> Tensor:
    eps = at_least_zero(name, "eps", eps)
    if running_mean is None or running_var is None:
        raise ValueError(
            f"{name}: without the statistics of the input, running_mean and running_var are needed; pass them, or "
            + ("training=True" if name == "batch_norm" else "use_input_stats=True")
        )
    one_precision(name, input, weight=weight, bias=bias)
    if name == "batch_norm":  # as in PyTorch: instance_norm takes running statistics of any precision
        one_precision(name, input, running_mean=_unless_half(running_mean))
    rank = input.ndim
    scale: Any = wrap(_column(1 / np.sqrt(as_array(running_var, input.dtype) + eps), rank), None)
    if weight is not None:
        scale = scale * _column(weight, rank)
    shift = None if bias is None else _column(bias, rank)
    mean = running_mean.detach() if isinstance(running_mean, Tensor) else Tensor(running_mean)
    return affine(input, wrap(_column(as_array(mean, input.dtype), rank), None), scale, shift)  # type: ignore[no-any-return]


# --- within each sample -----------------------------------------------------------------------------------------------
@computed_in_single_precision
def instance_norm(
    input: Any,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Every channel of every sample with mean 0 and variance 1 over its positions, times ``weight``, plus ``bias``.

    Shapes:
        input: (N, C, ...); the result has the same.
        running_mean, running_var, weight, bias: (C,) or None.

    Args:
        input: the values.
        running_mean: the mean to use, or to move towards the batch's average of the samples' means.
        running_var: likewise the variance.
        weight: what every channel is multiplied by, 1 if None.
        bias: what is added to every channel, 0 if None.
        use_input_stats: whether to use (and record, where there are running ones) the statistics of each sample.
        momentum: how much of the new value goes into the running one.
        eps: is added to the variance.

    Raises:
        ValueError: for fewer than two positions, or missing running statistics, and for shapes that do not fit.

    Source:
        Ulyanov, Vedaldi & Lempitsky, "Instance Normalization", 2016, section 2.

    Example:
        >>> instance_norm(Tensor([[[1.0, 3.0], [10.0, 30.0]]])).shape
        (1, 2, 2)
    """
    input = floating("instance_norm", input)
    channels = _channels("instance_norm", input)
    _one_per_channel(
        "instance_norm", channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    weight, bias = tensors(weight, bias)
    if not use_input_stats:
        return _by_running_statistics("instance_norm", input, running_mean, running_var, weight, bias, eps)
    (eps,) = numbers("instance_norm", eps=eps)
    (momentum,) = numbers("instance_norm", momentum=momentum)
    count = math.prod(input.shape[2:])
    if count < 2 or input.ndim < 3:
        raise ValueError(
            f"instance_norm: more than one position per channel is needed, got input shape {input.shape}; "
            "for inputs without positions use layer_norm"
        )
    one_precision("instance_norm", input, weight=weight, bias=bias)
    axis = tuple(range(2, input.ndim))
    out, *statistics = normalized_channels(input, weight, bias, axis=axis, eps=eps)
    if input.shape[0]:
        mean, variance = (raw(part).reshape(input.shape[:2]).mean(0) for part in statistics)
        _follow("instance_norm", running_mean, mean, momentum)
        _follow("instance_norm", running_var, variance * (count / (count - 1)), momentum)
    return out  # type: ignore[no-any-return]


@computed_in_single_precision
def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-05) -> Tensor:
    """Every group of channels of every sample with mean 0 and variance 1, then times ``weight``, plus ``bias``.

    Shapes:
        input: (N, C, ...), where C is a multiple of ``num_groups``; the result has the same.
        weight, bias: (C,) or None.

    Raises:
        ValueError: for channels that do not split into the groups, and for a single value in all.

    Source:
        Wu & He 2018, equation 7.

    Example:
        >>> group_norm(Tensor([[1.0, 3.0, 12.0, 10.0]]), 2, eps=0.5625)
        Tensor([[-0.8,  0.8,  0.8, -0.8]])
    """
    input = floating("group_norm", input)
    channels = _channels("group_norm", input)
    (eps,) = numbers("group_norm", eps=eps)
    (num_groups,) = at_least("group_norm", 1, num_groups=num_groups)
    if channels % num_groups:
        raise ValueError(
            f"group_norm: {channels} channels (input shape {input.shape}) do not split into {num_groups} groups of "
            "equal size; num_groups must divide them"
        )
    _one_per_channel("group_norm", channels, weight=weight, bias=bias)
    weight, bias = tensors(weight, bias)
    values = channels // num_groups * math.prod(input.shape[2:])
    if values == 0 or values * input.shape[0] == 1:
        raise ValueError(f"group_norm: more than one value per group is needed, got input shape {input.shape}")
    one_precision("group_norm", input, weight=weight, bias=bias)
    return normalized_groups(input, weight, bias, groups=num_groups, eps=eps)  # type: ignore[no-any-return]
