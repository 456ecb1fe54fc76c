"""Walks through arguments at random, holding each call to what PyTorch does with it: the same result, or an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tests.parity import compare, torch

ERRORS = (IndexError, TypeError, ValueError)


def theirs_of(value: Any) -> Any:
    """Arrays inside arguments as PyTorch's tensors."""
    if isinstance(value, (tuple, list)):
        return type(value)(map(theirs_of, value))
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def agree(
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    *arrays: np.ndarray,
    static: Sequence[Any] = (),
    order: int | None = None,
) -> bool:
    """Assert that both give the same value and gradients, or that both refuse; return whether they gave a value.

    Arrays among ``static`` (indices, masks) are given to PyTorch as its own tensors.
    """
    try:
        theirs(*[torch.tensor(array) for array in arrays], *map(theirs_of, static))
    except (IndexError, RuntimeError, TypeError, ValueError):
        with pytest.raises(ERRORS):
            compare(ours, lambda *tensors: tensors[0] * 1, *arrays, static=static)
        return False
    compare(lambda *t: ours(*t, *static), lambda *t: theirs(*t, *map(theirs_of, static)), *arrays, order=order)
    return True
