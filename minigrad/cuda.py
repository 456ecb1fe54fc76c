"""What programs for PyTorch ask of CUDA devices: there are none here, so that they go on with the CPU."""

from __future__ import annotations

from typing import Any

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "manual_seed_all", "synchronize"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show


def is_available() -> bool:
    """Whether arrays can live on a CUDA device: no.

    Example:
        >>> is_available()
        False
    """
    return False


def device_count() -> int:
    """How many CUDA devices can be used: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Do nothing: no device has random numbers of its own. ``minigrad.manual_seed`` is what counts."""


def manual_seed_all(seed: int) -> None:
    """Do nothing, as ``manual_seed``."""


def empty_cache() -> None:
    """Do nothing: no device has memory."""


def synchronize(device: Any = None) -> None:
    """Do nothing: every operation has ended when it returns."""
