"""Compiled kernels behind the same rules, for those who want them: ``pip install numba scipy threadpoolctl``.

Nothing here is imported, and nothing changes, before ``enable()``, or the environment variable ``MINIGRAD_FAST=1``.
"""

from .switch import disable, disabled, enable, is_enabled, warm_up

__all__ = ["disable", "disabled", "enable", "is_enabled", "warm_up"]


def __dir__() -> list[str]:
    return __all__
