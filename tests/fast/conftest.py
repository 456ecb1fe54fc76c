"""Kernels for everything, and as it was before afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import minigrad as mg


@pytest.fixture
def enabled() -> Iterator[None]:
    """Kernels run for arrays of every size."""
    pytest.importorskip("numba")
    pytest.importorskip("scipy")
    before = mg.fast.is_enabled()
    mg.fast.enable(0)
    yield
    if not before:
        mg.fast.disable()
