"""Kernels for everything, and as it was before afterwards."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

import minigrad as mg

asked = os.environ.get("OMP_NUM_THREADS", "")
if asked.isdigit() and "numba" not in sys.modules:  # as enable() does, which comes after what looks for Numba
    os.environ.setdefault("NUMBA_NUM_THREADS", asked)


def _enabled() -> Iterator[None]:
    pytest.importorskip("numba")
    pytest.importorskip("scipy")
    before = mg.fast.is_enabled()
    mg.fast.enable(0)
    yield
    if not before:
        mg.fast.disable()


@pytest.fixture
def enabled() -> Iterator[None]:
    """Kernels run for arrays of every size."""
    yield from _enabled()


@pytest.fixture(scope="module")
def enabled_throughout() -> Iterator[None]:
    """The same for all tests of a file, which is faster: what is elementwise is compiled anew after enabling."""
    yield from _enabled()
