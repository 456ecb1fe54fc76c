"""Values that are no matter of chance: constants, and the weights that hand their input on."""

from __future__ import annotations

import numpy as np

from ...core.tensor import Tensor, overwrite
from .target import check_target


# --- constants --------------------------------------------------------------------------------------------------------
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Set every element to ``val``.

    Example:
        >>> constant_(Tensor([1.0, 2.0]), 0.5)
        Tensor([0.5, 0.5])
    """
    return _filled("constant_", tensor, val)


def _filled(name: str, tensor: Tensor, value: float) -> Tensor:
    check_target(name, tensor, val=value)
    overwrite(tensor, value)
    return tensor


def zeros_(tensor: Tensor) -> Tensor:
    """Set every element to 0: right for biases, and the one value from which hidden weights never learn."""
    return _filled("zeros_", tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Set every element to 1."""
    return _filled("ones_", tensor, 1.0)


# --- weights that hand their input on ---------------------------------------------------------------------------------
def eye_(tensor: Tensor) -> Tensor:
    """Set a matrix to the identity: a ``Linear`` with it, and no bias, returns its input.

    Where the sizes differ, the first features are handed on and what is left is 0.

    Raises:
        ValueError: for anything but two dimensions.

    Example:
        >>> eye_(Tensor([[5.0, 5.0, 5.0], [5.0, 5.0, 5.0]]))
        Tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    check_target("eye_", tensor)
    if tensor.ndim != 2:
        raise ValueError(f"eye_ needs a matrix, got shape {tensor.shape}; for the weight of a convolution use dirac_")
    overwrite(tensor, np.eye(tensor.shape[0], tensor.shape[1]))
    return tensor


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Set the weight of a convolution such that it returns its input channels, with padding that keeps the size.

    Args:
        tensor: (out, in / groups, ...) with one to three spatial dimensions, best of odd size.
        groups: of the convolution; each hands its own first channels on.

    Raises:
        ValueError: for another rank, and groups that do not divide the output channels.

    Example:
        >>> weight = dirac_(minigrad.Parameter(np.ones((2, 2, 3))))
        >>> weight[0].tolist()
        [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    check_target("dirac_", tensor)
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(
            f"dirac_ needs the weight of a convolution, of 3, 4 or 5 dimensions, got shape {tensor.shape}; "
            "for a matrix use eye_"
        )
    out, channels = tensor.shape[:2]
    if groups < 1 or out % groups:
        raise ValueError(f"dirac_: the groups must divide the {out} output channels, got groups={groups}")
    values = np.zeros(tensor.shape)
    middle = tuple(n // 2 for n in tensor.shape[2:])
    for first in range(0, out, max(out // groups, 1)):
        for i in range(min(out // groups, channels)):
            values[(first + i, i, *middle)] = 1
    overwrite(tensor, values)
    return tensor
