"""What programs for PyTorch ask of accelerators: there are none here, so that they go on with the CPU."""

from __future__ import annotations

from typing import Any

__all__ = ["current_accelerator", "device_count", "is_available", "synchronize"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show


def is_available() -> bool:
    """Whether there is an accelerator: no.

    Example:
        >>> is_available()
        False
    """
    return False


def current_accelerator(check_available: bool = False) -> None:
    """The accelerator in use: None."""


def device_count() -> int:
    """How many accelerators can be used: 0."""
    return 0


def synchronize(device: Any = None) -> None:
    """Do nothing: every operation has ended when it returns."""
