"""Random weights whose elements depend on one another: orthogonal and sparse ones."""

from __future__ import annotations

import math

import numpy as np

from ...core.tensor import Tensor, overwrite
from ...random import as_generator
from .target import check_target


def orthogonal_(tensor: Tensor, gain: float = 1, generator: np.random.Generator | None = None) -> Tensor:
    """Draw a matrix with orthonormal rows or columns, whichever are fewer, and multiply it by ``gain``.

    Every such matrix is as likely as any other (the Haar measure). In a deep linear network it keeps the length of
    every signal, forward and backward; before a ReLU take ``gain=√2``.

    Args:
        tensor: (out, in, ...); the dimensions after the first are taken as one.
        gain: the length of the orthogonal vectors.
        generator: by default ``minigrad.random.default_generator()``.

    Raises:
        ValueError: below two dimensions.

    Source:
        Saxe, McClelland & Ganguli 2014; the signs: Mezzadri 2007, section 5. QR alone makes the diagonal of R negative
        (or positive), and so prefers some matrices.

    Example:
        >>> weight = orthogonal_(minigrad.Parameter(np.empty((2, 3))), gain=2)
        >>> np.allclose((weight @ weight.mT).detach().numpy(), 4 * np.eye(2))
        True
    """
    check_target("orthogonal_", tensor, random=True, gain=gain)
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_ needs at least two dimensions (out, in, ...), got shape {tensor.shape}")
    shape = tensor.shape[0], math.prod(tensor.shape[1:])
    if 0 in shape:
        return tensor
    q, r = np.linalg.qr(as_generator(generator).standard_normal((max(shape), min(shape))))
    q *= np.where(np.diagonal(r) < 0, -gain, gain)
    overwrite(tensor, (q if shape[0] >= shape[1] else q.T).reshape(tensor.shape))
    return tensor


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: np.random.Generator | None = None) -> Tensor:
    """Draw a matrix from the normal distribution, and set the share ``sparsity`` of every column to 0.

    Args:
        tensor: (out, in): every input then feeds a few outputs only.
        sparsity: how much of each column is 0; the number is rounded up.
        std: the standard deviation of what is left.
        generator: by default ``minigrad.random.default_generator()``.

    Raises:
        ValueError: for anything but two dimensions, a share outside [0, 1], and a negative ``std``.

    Source:
        Martens 2010, section 5.

    Example:
        >>> weight = sparse_(minigrad.Parameter(np.empty((4, 100))), sparsity=0.75)
        >>> bool((np.count_nonzero(weight.detach().numpy(), axis=0) == 1).all())
        True
    """
    check_target("sparse_", tensor, random=True, sparsity=sparsity, std=std)
    if tensor.ndim != 2:
        raise ValueError(f"sparse_ needs a matrix, got shape {tensor.shape}")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse_: sparsity is a share between 0 and 1, got {sparsity}")
    if not std >= 0:
        raise ValueError(f"sparse_ needs std >= 0, got {std}")
    generator = as_generator(generator)
    values = generator.normal(0, std, tensor.shape)
    zeros = np.zeros(tensor.shape, dtype=bool)
    zeros[: math.ceil(sparsity * tensor.shape[0])] = True
    values[generator.permuted(zeros, axis=0)] = 0
    overwrite(tensor, values)
    return tensor
