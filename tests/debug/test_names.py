"""The names of operations that lint, doctor and monitor look for exist: a renamed one must not go unseen."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from minigrad.core.primitive import REGISTRY
from minigrad.debug.doctor import signal, task
from minigrad.debug.doctor.checks import structure
from minigrad.debug.monitor import statistics
from minigrad.nn import functional as F

SETS = {
    "task.CROSS_ENTROPY": task.CROSS_ENTROPY, "task.BINARY": task.BINARY, "task.MOVES": task.MOVES,
    "task.WEIGHTED": task.WEIGHTED, "signal.MOVES": signal.MOVES, "signal.NORMS": signal.NORMS,
    "signal.ACTIVATIONS": signal.ACTIVATIONS, "structure.ACTIVATIONS": structure.ACTIVATIONS,
    "statistics.ACTIVATIONS": statistics.ACTIVATIONS,
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_operations_or_functions_of_these_names_exist(name: str) -> None:
    names: Collection[str] = SETS[name]
    missing = {each for each in names if each not in REGISTRY and not hasattr(F, each)}
    assert not missing - {"masked_fill"}  # a method of Tensor
