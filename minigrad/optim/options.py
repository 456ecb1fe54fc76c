"""Options of optimizers: what each may be, and what is said about one that it may not."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any

PLAIN = {bool, float, int, str, tuple, type(None)}  # what cannot change without being replaced
_ALIASES = {"learning_rate": "lr", "rate": "lr", "wd": "weight_decay", "decay": "weight_decay", "epsilon": "eps"}


class Required:
    """The default of an option that every group has to set; PyTorch's name for its only one is ``required``."""

    def __repr__(self) -> str:
        return "<required option>"


required = Required()


def check_range(name: str, value: Any, low: float, below: float = math.inf) -> None:
    """Refuse an option that is not a number in [low, below)."""
    try:
        fits = low <= value < below
        known = bool(fits)
    except (TypeError, ValueError, RuntimeError):  # of a string or an array
        raise TypeError(f"{name} must be a number, got {value!r}") from None
    if not known:
        limit = f"at least {low}" if below == math.inf else f"at least {low} and below {below}"
        raise ValueError(f"{name} must be {limit}, got {value}")


def check_pair(name: str, pair: Any, example: str) -> None:
    """Refuse what is not two numbers."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{name} must be two numbers such as {example}, got {pair!r}")


def check_betas(betas: Any) -> None:
    """Refuse shares of running means that are not two numbers in [0, 1)."""
    check_pair("betas", betas, "(0.9, 0.999)")
    for i, value in enumerate(betas):
        check_range(f"betas[{i}]", value, 0, below=1)


def refuse_options(optimizer: str, **options: bool) -> None:
    """Refuse options of PyTorch's that would change what a step does, and do not exist here."""
    for name, value in options.items():
        if value:
            raise ValueError(f"{optimizer} has no {name}=True: a step writes into the parameters; leave it out")


def refuse_misspelt(optimizer: str, group: Mapping[str, Any], options: Iterable[str]) -> None:
    """Refuse entries of a group that look like an option that exists; users may have any others of their own."""
    known = sorted(options)
    for name in group:
        if name in known or name in ("params", "param_names") or not isinstance(name, str):
            continue
        near = [_ALIASES[name]] if name in _ALIASES else difflib.get_close_matches(name, known, 1, 0.85)
        if near and near[0] in known and near[0] not in group:
            raise TypeError(f"{optimizer} has no option {[name]}, only {known}; did you mean {near[0]!r}?")
