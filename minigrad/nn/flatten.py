"""Layers that merge dimensions into one, cut one into several, or rearrange windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.tensor import Tensor, to_tensor
from ..ops.dims import one_dim
from ..ops.shape.reshape import flatten, reshape
from .functional.sizes import at_least, one_each
from .module.module import Module

_ANY = -(1 << 31)  # dimensions may be counted from the back


class Flatten(Module):
    """Merges dimensions into one, by default all but the first: what stands between convolutions and linear layers.

    Args:
        start_dim: the first that is merged.
        end_dim: the last.

    Example:
        >>> Flatten()(Tensor(np.zeros((2, 3, 4, 5)))).shape
        (2, 60)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = at_least("Flatten", _ANY, start_dim=start_dim, end_dim=end_dim)

    def forward(self, input: Any) -> Tensor:
        """The input with fewer dimensions."""
        return flatten(to_tensor(input), self.start_dim, self.end_dim)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Which dimensions are merged."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Cuts one dimension into several: the way back from linear layers to pictures.

    Args:
        dim: the dimension.
        unflattened_size: the sizes that take its place; one may be -1.

    Raises:
        ValueError: in the call, if the sizes do not multiply to that of the dimension.

    Example:
        >>> Unflatten(1, (3, 4))(Tensor(np.zeros((2, 12)))).shape
        (2, 3, 4)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        (self.dim,) = at_least("Unflatten", _ANY, dim=dim)
        if not isinstance(unflattened_size, (tuple, list)) or not unflattened_size:
            raise TypeError(f"Unflatten: unflattened_size must be a tuple of sizes, got {unflattened_size!r}")
        sizes = one_each("Unflatten", "unflattened_size", unflattened_size, len(unflattened_size), -1)
        if sizes.count(-1) > 1:
            raise ValueError(f"Unflatten: sizes are at least 0, and one may be -1, got {sizes}")
        self.unflattened_size = unflattened_size

    def forward(self, input: Any) -> Tensor:
        """The input with more dimensions."""
        input = to_tensor(input)
        shape = input.shape
        axis = one_dim("Unflatten", self.dim, shape)
        sizes = tuple(self.unflattened_size)
        known = 1
        for n in sizes:
            known *= 1 if n == -1 else n
        if (shape[axis] % known if -1 in sizes and known else shape[axis] - known) != 0:
            raise ValueError(f"Unflatten: size {shape[axis]} of dimension {axis} of {shape} cannot become {sizes}")
        return reshape(input, *shape[:axis], *sizes, *shape[axis + 1 :])  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """What becomes what."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
