"""Rprop: steps that grow while a gradient keeps its sign, and shrink when it turns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.graph import Array
from .flat_optimizer import FlatOptimizer
from .optimizer import Group
from .options import check_pair, refuse_options
from .reading import Text


class Rprop(FlatOptimizer):
    """Follows the signs of the gradient with steps that grow as long as a sign stays; for full batches.

    Where a sign turns, the step shrinks, and the gradient counts as 0 this time and as unknown the next. Signs are
    compared, not products of gradients as in PyTorch, which are 0 for tiny gradients.

    Math:
        s = η+ · s where g · g_before > 0, η- · s where it is < 0, within step_sizes; there also g = 0
        p -= sign(g) · s.

    Args:
        params: Tensors or parameter groups.
        lr: the first steps.
        etas: η- and η+, with 0 < η- < 1 < η+.
        step_sizes: the shortest and the longest step.
        maximize: go up instead of down.
        foreach: accepted for PyTorch's sake; every step here is computed over flat blocks.
        capturable, differentiable: what PyTorch offers beyond; True is refused.

    Source:
        Riedmiller & Braun 1993; the variant without back-tracking: Igel & Hüsken 2000, iRprop-.

    Example:
        >>> from minigrad import optim
        >>> w = Tensor([3.0, -5.0], requires_grad=True)
        >>> optimizer = optim.Rprop([w], lr=0.1)
        >>> for _ in range(2):
        ...     optimizer.zero_grad()
        ...     (w * w).sum().backward()
        ...     optimizer.step()  # by 0.1, then by 0.12
        >>> np.round(w.detach(), 3)
        Tensor([ 2.78, -4.78])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_options("Rprop", capturable=capturable, differentiable=differentiable)
        super().__init__(params, {"lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize})

    def _check(self, group: Group) -> None:
        super()._check(group)
        for name, example in (("etas", "(0.5, 1.2)"), ("step_sizes", "(1e-6, 50)")):
            check_pair(name, group[name], example)
        (smaller, larger), (shortest, longest) = group["etas"], group["step_sizes"]
        if not 0 < smaller < 1 < larger:
            raise ValueError(f"etas must be a number between 0 and 1 and one above 1, got {group['etas']}")
        if not 0 <= shortest <= longest:
            raise ValueError(f"step_sizes must be the shortest and the longest step, got {group['step_sizes']}")

    def buffers(self, group: Group) -> dict[str, float]:
        """The gradient before, and the steps."""
        return {"prev": 0.0, "step_size": float(group["lr"])}

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """Down the signs of the gradient."""
        (smaller, larger), (shortest, longest) = group["etas"], group["step_sizes"]
        return rprop, {"smaller": smaller, "larger": larger, "shortest": shortest, "longest": longest}


def rprop(
    p: Array, g: Array, before: Array, size: Array, *, smaller: float, larger: float, shortest: float, longest: float
) -> tuple[Array, Array, Array]:
    """The steps grow or shrink; where the sign turned, none is taken."""
    agree = np.sign(g) * np.sign(before)
    size = np.where(agree > 0, larger * size, np.where(agree < 0, smaller * size, size))
    size = np.clip(size, shortest, longest)
    g = np.where(agree < 0, 0, g)
    return p - np.sign(g) * size, g, size
