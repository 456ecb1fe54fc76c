"""Keeping freed memory for the next array, where the C library allows it.

A training step frees and allocates the same large arrays over and over. By default glibc hands every freed block above
128 KiB back to the system, and the next array of that size starts with a page fault for each of its 4 KiB pages,
which can double the time of a step.

The setting belongs to the whole process, so freed memory stays with it. Set ``MINIGRAD_MALLOC=default`` in the
environment before importing minigrad to leave the C library as it is.
"""

from __future__ import annotations

import ctypes
import os
import platform

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # names of settings in glibc's malloc.h


def keep_freed_memory() -> bool:
    """Let blocks of up to 256 MiB be reused instead of returned to the system; returns whether that was possible.

    Source: mallopt(3).
    """
    if platform.system() != "Linux" or os.environ.get("MINIGRAD_MALLOC") == "default":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    # Both or neither: without the first, the second doubles the time of a step.
    return bool(mallopt(_MMAP_THRESHOLD, 256 * 2**20)) and bool(mallopt(_TRIM_THRESHOLD, 2**31 - 1))
