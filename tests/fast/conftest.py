"""Kernels for everything, and as it was before afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import minigrad as mg


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
