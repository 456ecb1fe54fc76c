"""Schedules given by a function of the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, restore_function, state_of_function
from .groups import check_optimizer, for_each, values

Function = Callable[[int], float]


class _OfFunctions(LRScheduler):
    """What both have in common: a function for every group."""

    lr_lambdas: list[Function]

    def __init__(self, optimizer: Optimizer, lr_lambda: Function | Sequence[Function], last_epoch: int = -1) -> None:
        check_optimizer(type(self).__name__, optimizer)
        groups = len(optimizer.param_groups)
        functions: list[Any] = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        if len(functions) != groups:
            raise ValueError(
                f"{type(self).__name__} got {len(functions)} functions for {groups} parameter groups; pass one for "
                "all, or one for each"
            )
        for function in functions:
            if not callable(function):
                raise TypeError(
                    f"lr_lambda must be a function of the step such as lambda step: 0.9**step, got "
                    f"{type(function).__name__}"
                )
        self.lr_lambdas = functions
        super().__init__(optimizer, last_epoch)

    def _factors(self) -> list[float]:
        factors = [function(self.last_epoch) for function in self.lr_lambdas]
        if None in [factor if factor is None else 0 for factor in factors]:
            raise TypeError(f"lr_lambda returned None for step {self.last_epoch}; it must return a factor")
        return factors

    def state_dict(self) -> dict[str, Any]:
        """As ever; of functions only what objects that stand for one remember."""
        functions = [state_of_function(function) for function in self.lr_lambdas]
        return {**self._state_without("lr_lambdas"), "lr_lambdas": functions}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict()`` returned, with functions that were given to the constructor again."""
        super().load_state_dict({name: state_dict[name] for name in state_dict if name != "lr_lambdas"})
        for function, state in zip(self.lr_lambdas, state_dict.get("lr_lambdas", ()), strict=False):
            restore_function(function, state)


class LambdaLR(_OfFunctions):
    """The base rate times a function of the step.

    Math:
        lr = base · lr_lambda(step)

    Args:
        optimizer: whose rates are set.
        lr_lambda: takes the number of the step, from 0, and returns a factor; or a list of such, one for each group.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=0.5)
        >>> preview(LambdaLR(optimizer, lambda step: 1 / (step + 1)), 4)
        [[0.5, 0.25, 0.16666666666666666, 0.125]]
    """

    def get_lr(self) -> list[Any]:
        """The base rates times the functions' values."""
        self._warn_outside_step()
        bases = for_each(self, "base_lrs", self.base_lrs)
        return [base * factor for (_, base), factor in zip(bases, self._factors(), strict=True)]


class MultiplicativeLR(_OfFunctions):
    """The rate of the step before times a function of the step; the first step has the base rate.

    Math:
        lr = lr of the step before · lr_lambda(step)

    Args:
        optimizer: whose rates are set.
        lr_lambda: takes the number of the step, from 1, and returns a factor; or a list of such, one for each group.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> preview(MultiplicativeLR(optimizer, lambda step: 0.5), 4)
        [[1.0, 0.5, 0.25, 0.125]]
    """

    def get_lr(self) -> list[Any]:
        """The rates of the groups times the functions' values."""
        self._warn_outside_step()
        if self._is_initial:
            return values(self.optimizer)
        factors = for_each(self, "functions", self._factors())
        return [group["lr"] * factor for group, factor in factors]
