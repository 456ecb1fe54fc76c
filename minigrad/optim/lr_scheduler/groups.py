"""Numbers in the parameter groups of an optimizer: reading, setting, and one for every group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...core.tensor import Tensor
from ..optimizer import Optimizer

Group = dict[str, Any]


def check_optimizer(scheduler: str, optimizer: Any) -> None:
    """Refuse what has no parameter groups."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"{scheduler} takes an optimizer, got {type(optimizer).__name__}; write {scheduler}(optimizer, ...)"
        )


def copied(value: Any) -> Any:
    """The number itself, or a copy of the Tensor that stands for one."""
    return value.clone() if isinstance(value, Tensor) else value


def values(optimizer: Any, name: str = "lr") -> list[Any]:
    """An option of all groups."""
    return [copied(group[name]) for group in optimizer.param_groups]


def set_value(group: Group, name: str, value: Any) -> None:
    """Set an option; a Tensor that stands for a number is filled, since others may hold it."""
    if isinstance(group[name], Tensor):
        group[name].fill_(float(value))
    else:
        group[name] = float(value) if isinstance(value, Tensor) else value


def for_each(scheduler: Any, name: str, given: Sequence[Any]) -> Iterator[tuple[Group, Any]]:
    """Every group with its entry of ``given``, which is called ``name``.

    Raises:
        ValueError: unless there is one for each.
    """
    groups = scheduler.optimizer.param_groups
    if len(given) != len(groups):
        raise ValueError(
            f"{type(scheduler).__name__} has {len(given)} {name} for {len(groups)} parameter groups; after "
            "add_param_group, give its scheduler an entry too, such as scheduler.base_lrs.append(0.01), or make a new "
            "scheduler"
        )
    return zip(groups, given, strict=True)


def spread(name: str, optimizer: Optimizer, given: Any) -> list[Any]:
    """One number for every group: those of a list, or the same one for all."""
    count = len(optimizer.param_groups)
    if not isinstance(given, (list, tuple)):
        return [copied(given) for _ in range(count)]
    if len(given) != count:
        raise ValueError(
            f"{name} must be one number, or as many as there are parameter groups: {count}; got {len(given)}"
        )
    return [copied(value) for value in given]


# --- momentum, which two schedules move against the rate ------------------------------------------------------------
def has_beta1(scheduler: str, optimizer: Optimizer) -> bool:
    """Whether the momentum of an optimizer is called ``betas[0]``, and not ``momentum``.

    Raises:
        ValueError: if it has none.
    """
    if not {"momentum", "betas"} & set(optimizer.defaults):
        raise ValueError(
            f"{type(optimizer).__name__} has neither momentum nor betas, which {scheduler} would move against the "
            "rate; pass cycle_momentum=False"
        )
    return "betas" in optimizer.defaults


def set_momentum(group: Group, use_beta1: bool, value: Any) -> None:
    """Set the momentum of a group, whatever it is called."""
    if use_beta1:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value
