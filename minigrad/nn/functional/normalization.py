"""Normalisation: inputs brought to mean 0 and variance 1 over some of their dimensions, and vectors to length 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import as_array, shape_of
from ...engine import Array
from ...ops.dims import both_doors, some_dims
from ...ops.elementwise import clamp
from ...ops.norm import norm
from ...ops.normalize import affine, channel_norm, row_norm
from ...ops.normalize import rms_norm as rms_norm_of_rows
from ...ops.pad import pad
from ...tensor import Tensor, overwrite, raw, wrap


# --- arguments --------------------------------------------------------------------------------------------------------
def _values(name: str, input: Any) -> Tensor:
    tensor = input if isinstance(input, Tensor) else Tensor(input)
    if tensor.dtype.kind != "f":
        raise TypeError(f"{name}: the input must be floating-point, got {tensor.dtype}; use input.astype(np.float32)")
    return tensor


def _one_per_channel(name: str, channels: int, **parts: Any) -> None:
    for part, value in parts.items():
        if value is not None and shape_of(value) != (channels,):
            raise ValueError(
                f"{name}: {part} has shape {shape_of(value)}, and the input {channels} channels (its dimension 1); "
                f"one number for each is needed, shape ({channels},)"
            )


def _tensors(*parts: Any) -> list[Any]:
    """Arrays as Tensors of their own, since primitives would copy them at every call anyway."""
    return [part if part is None or isinstance(part, Tensor) else Tensor(part) for part in parts]


def _channels(name: str, input: Tensor) -> int:
    if input.ndim < 2:
        raise ValueError(f"{name}: the input needs a batch and channels, shape (N, C, ...), got shape {input.shape}")
    return input.shape[1]


def _check_eps(name: str, eps: float) -> None:
    if not eps >= 0:
        raise ValueError(f"{name}: eps must be at least 0, got {eps}")


def _column(array: Array, rank: int) -> Array:
    return array.reshape((1, -1) + (1,) * (rank - 2))


# --- one mean and variance per channel --------------------------------------------------------------------------------
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
    input = _values("batch_norm", input)
    channels = _channels("batch_norm", input)
    _one_per_channel(
        "batch_norm", channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if training:
        return _by_its_own_statistics(input, running_mean, running_var, weight, bias, momentum, eps)
    return _by_running_statistics("batch_norm", input, running_mean, running_var, weight, bias, eps)


def _by_its_own_statistics(
    input: Tensor, running_mean: Any, running_var: Any, weight: Any, bias: Any, momentum: float, eps: float
) -> Tensor:
    count = math.prod(input.shape[:1] + input.shape[2:])
    if count < 2:
        raise ValueError(
            f"batch_norm: training needs more than one value per channel, got input shape {input.shape}; use a larger "
            "batch (drop_last=True in a DataLoader drops a last batch of one), or call eval() first"
        )
    if not eps > 0:
        raise ValueError(f"batch_norm: eps must be positive in training, got {eps}")
    statistics: list[Array] = []
    axis = (0, *range(2, input.ndim))
    out: Tensor = channel_norm(input, *_tensors(weight, bias), axis=axis, eps=eps, statistics=statistics)
    mean, variance = (part.reshape((-1,)) for part in statistics)
    _follow("batch_norm", running_mean, mean, momentum)
    _follow("batch_norm", running_var, variance * (count / (count - 1)), momentum)
    return out


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
    _check_eps(name, eps)
    if running_mean is None or running_var is None:
        raise ValueError(
            f"{name}: without the statistics of the input, running_mean and running_var are needed; pass them, or "
            + ("training=True" if name == "batch_norm" else "use_input_stats=True")
        )
    rank = input.ndim
    weight, bias = _tensors(weight, bias)
    scale: Any = wrap(_column(1 / np.sqrt(as_array(running_var) + eps), rank), None)
    if weight is not None:
        scale = scale * _column(weight, rank)
    shift = None if bias is None else _column(bias, rank)
    mean = running_mean.detach() if isinstance(running_mean, Tensor) else Tensor(running_mean)
    return affine(input, wrap(_column(raw(mean), rank), None), scale, shift)  # type: ignore[no-any-return]


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
        Ulyanov, Vedaldi & Lempitsky 2016, equation 7.

    Example:
        >>> instance_norm(Tensor([[[1.0, 3.0], [10.0, 30.0]]])).shape
        (1, 2, 2)
    """
    input = _values("instance_norm", input)
    channels = _channels("instance_norm", input)
    _one_per_channel(
        "instance_norm", channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if not use_input_stats:
        return _by_running_statistics("instance_norm", input, running_mean, running_var, weight, bias, eps)
    _check_eps("instance_norm", eps)
    count = math.prod(input.shape[2:])
    if count < 2 or input.ndim < 3:
        raise ValueError(
            f"instance_norm: more than one position per channel is needed, got input shape {input.shape}; "
            "for inputs without positions use layer_norm"
        )
    statistics: list[Array] = []
    axis = tuple(range(2, input.ndim))
    out: Tensor = channel_norm(input, *_tensors(weight, bias), axis=axis, eps=eps, statistics=statistics)
    if input.shape[0]:
        mean, variance = (part.reshape(input.shape[:2]).mean(0) for part in statistics)
        _follow("instance_norm", running_mean, mean, momentum)
        _follow("instance_norm", running_var, variance * (count / (count - 1)), momentum)
    return out


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
    input = _values("group_norm", input)
    channels = _channels("group_norm", input)
    _check_eps("group_norm", eps)
    if num_groups < 1 or channels % num_groups:
        raise ValueError(
            f"group_norm: {channels} channels (input shape {input.shape}) do not split into {num_groups} groups of "
            "equal size; num_groups must divide them"
        )
    _one_per_channel("group_norm", channels, weight=weight, bias=bias)
    grouped = (input.shape[0], num_groups, channels // num_groups, *input.shape[2:])
    if math.prod(grouped[2:]) == 0 or math.prod(grouped) // num_groups == 1:
        raise ValueError(f"group_norm: more than one value per group is needed, got input shape {input.shape}")
    out = channel_norm(input.reshape(grouped), axis=tuple(range(2, len(grouped))), eps=eps).reshape(input.shape)
    if weight is None and bias is None:
        return out  # type: ignore[no-any-return]
    weight, bias = (None if part is None else _column(part, input.ndim) for part in _tensors(weight, bias))
    if weight is None:
        return out + bias  # type: ignore[no-any-return]
    return affine(out, None, weight, bias)  # type: ignore[no-any-return]


# --- one mean and variance per sample or position ---------------------------------------------------------------------
def layer_norm(
    input: Any, normalized_shape: int | Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-05
) -> Tensor:
    """Mean 0 and variance 1 over the last dimensions, then times ``weight``, plus ``bias``.

    Shapes:
        input: (..., *normalized_shape); the result has the same.
        weight, bias: normalized_shape, or None.

    Args:
        input: the values.
        normalized_shape: the sizes of the last dimensions, over which mean and biased variance are taken.
        weight: what is multiplied by, element by element, 1 if None.
        bias: what is added, 0 if None.
        eps: is added to the variance; a row of equal numbers becomes 0 and has a finite gradient.

    Raises:
        ValueError: where the input does not end in ``normalized_shape``, or weight and bias have other shapes.

    Source:
        Ba, Kiros & Hinton 2016, equation 4.

    Example:
        >>> layer_norm(Tensor([1.0, 3.0]), (2,), eps=0.5625)
        Tensor([-0.8,  0.8])
    """
    input, shape = _ending_in("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    _check_eps("layer_norm", eps)
    if len(shape) == 1:
        return row_norm(input, *_tensors(weight, bias), eps=eps)  # type: ignore[no-any-return]
    rows = input.reshape(_with_one_last_dimension(input.shape, shape))
    weight, bias = (None if part is None else part.reshape(-1) for part in _tensors(weight, bias))
    return row_norm(rows, weight, bias, eps=eps).reshape(input.shape)  # type: ignore[no-any-return]


def rms_norm(input: Any, normalized_shape: int | Sequence[int], weight: Any = None, eps: float | None = None) -> Tensor:
    """The input divided by the root of its mean square over the last dimensions, times ``weight``.

    Shapes:
        input: (..., *normalized_shape); the result has the same.
        weight: normalized_shape, or None.

    Args:
        input: the values.
        normalized_shape: the sizes of the last dimensions, over which the mean square is taken.
        weight: what is multiplied by, element by element, 1 if None.
        eps: is added to the mean square, by default the distance from 1 to the next number of the input's dtype.

    Raises:
        ValueError: where the input does not end in ``normalized_shape``, or the weight has another shape.

    Source:
        Zhang & Sennrich 2019, equation 4.

    Example:
        >>> rms_norm(Tensor([3.0, 3.0]), (2,))
        Tensor([1., 1.])
    """
    input, shape = _ending_in("rms_norm", input, normalized_shape, weight=weight)
    eps = float(np.finfo(input.dtype).eps) if eps is None else eps
    _check_eps("rms_norm", eps)
    (weight,) = _tensors(weight)
    if len(shape) == 1:
        return rms_norm_of_rows(input, weight, eps=eps)  # type: ignore[no-any-return]
    rows = input.reshape(_with_one_last_dimension(input.shape, shape))
    weight = None if weight is None else weight.reshape(-1)
    return rms_norm_of_rows(rows, weight, eps=eps).reshape(input.shape)  # type: ignore[no-any-return]


def _ending_in(name: str, input: Any, normalized_shape: Any, **parts: Any) -> tuple[Tensor, tuple[int, ...]]:
    input = _values(name, input)
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or 0 in shape:
        raise ValueError(f"{name}: normalized_shape needs at least one size, all above 0, got {normalized_shape!r}")
    if input.shape[-len(shape) :] != shape:
        raise ValueError(
            f"{name}: the input must end in the dimensions {shape} to normalise over, got shape {input.shape}; "
            f"the last {len(shape)} size(s) of the input are the normalized_shape"
        )
    for part, value in parts.items():
        if value is not None and shape_of(value) != shape:
            raise ValueError(f"{name}: {part} must have the normalized_shape {shape}, got {shape_of(value)}")
    return input, shape


def _with_one_last_dimension(shape: tuple[int, ...], last: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[: len(shape) - len(last)], math.prod(last))


# --- without learned parts --------------------------------------------------------------------------------------------
@both_doors
def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: None = None) -> Tensor:
    """Vectors along ``dim`` divided by their p-norm: length 1. Those shorter than ``eps`` are divided by ``eps``.

    Args:
        input: the vectors.
        p: the exponent of the norm; 2 is the Euclidean length.
        dim: the dimension along which a vector lies, or several.
        eps: the smallest divisor.
        out: not supported: it would write behind the graph's back.

    Example:
        >>> normalize(Tensor([[3.0, 4.0]]))
        Tensor([[0.6, 0.8]])
    """
    if out is not None:
        raise TypeError("normalize(..., out=...) would write behind autograd's back; use the value that it returns")
    input = _values("normalize", input)
    dims = some_dims("normalize", dim, input.shape)
    return input / clamp(norm(input, p, dims, keepdim=True), min=eps)  # type: ignore[no-any-return]


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Divide every value by a power of the mean square of its channel and its neighbours.

    Shapes:
        input: (N, C, ...), of three dimensions or more; the result has the same.

    Math:
        y = x / (k + alpha · Σ x² / size)^beta, the sum over ``size`` channels around its own, 0 beyond the ends.

    Raises:
        ValueError: for an input of less than three dimensions, and a size below 1.

    Source:
        Krizhevsky, Sutskever & Hinton 2012, section 3.3; there alpha is not divided by the size.

    Example:
        >>> local_response_norm(Tensor([[[1.0], [1.0], [1.0]]]), 3, alpha=3.0, beta=1.0).shape
        (1, 3, 1)
    """
    input = _values("local_response_norm", input)
    if input.ndim < 3:
        raise ValueError(f"local_response_norm: the input has shape (N, C, ...), at least 3-D, got {input.shape}")
    if size < 1:
        raise ValueError(f"local_response_norm: size must be at least 1, got {size}")
    before, after = size // 2, (size - 1) // 2
    squares = pad(np.square(input), (0, 0) * (input.ndim - 2) + (before, after))
    channels = input.shape[1]
    total = squares[:, :channels]
    for i in range(1, size):
        total = total + squares[:, i : i + channels]
    return input / (total * (alpha / size) + k) ** beta  # type: ignore[no-any-return]
