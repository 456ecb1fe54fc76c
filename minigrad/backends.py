"""What programs for PyTorch ask of backends, and set there: NumPy computes, whatever stands in these switches."""

from __future__ import annotations

__all__ = ["cuda", "cudnn", "mps"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show


class Backend:
    """A backend that is not there; its switches can be set, and have no effect.

    Example:
        >>> mps.is_available()
        False
        >>> cudnn.benchmark = True
    """

    def __init__(self, **switches: bool) -> None:
        vars(self).update(switches)

    def is_available(self) -> bool:
        """Whether it can be used: no."""
        return False

    def is_built(self) -> bool:
        """Whether the library has it: no."""
        return False


mps = Backend()
cuda = Backend()
cudnn = Backend(enabled=False, benchmark=False, deterministic=True, allow_tf32=False)
