"""Padding with widths of both signs, in every mode, over empty batches too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad.nn import functional as F
from tests.parity import torch
from tests.walk import agree


def hostile(mode: str, sizes: tuple[int, ...], widths: tuple[int, ...]) -> bool:
    """Whether PyTorch reads memory that it did not write: circular borders wider than what negative widths leave."""
    if mode != "circular":
        return False
    pairs = zip(sizes[::-1], widths[::2], widths[1::2], strict=False)
    return any(max(a, b) > n + min(a, 0) + min(b, 0) for n, a, b in pairs)


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("rank", [1, 2])
def test_any_widths(mode: str, rank: int) -> None:
    rng = np.random.default_rng(rank)
    given = 0
    for _ in range(400):
        sizes = tuple(rng.integers(1, 6, rank).tolist())
        shape = (int(rng.integers(0, 3)), int(rng.integers(1, 3)), *sizes)
        widths = tuple(rng.integers(-2, 4, 2 * rank).tolist())
        if hostile(mode, sizes, widths):
            with pytest.raises(ValueError, match="circular|cut off"):
                F.pad(np.ones(shape), widths, mode)
            continue
        empty = any(n + a + b < 1 for n, a, b in zip(sizes[::-1], widths[::2], widths[1::2], strict=True))
        over = any(
            n + min(a, 0) + min(b, 0) < 1 for n, a, b in zip(sizes[::-1], widths[::2], widths[1::2], strict=True)
        )
        if empty or over:
            continue

        def ours(x: Any, widths: Any = widths) -> Any:
            return F.pad(x, widths, mode)

        def theirs(x: Any, widths: Any = widths) -> Any:
            return torch.nn.functional.pad(x, widths, mode)

        given += agree(ours, theirs, rng.normal(size=shape))
    assert given > 80


def test_a_circular_border_continues_with_what_is_left() -> None:
    assert F.pad(np.array([1.0, 2.0, 3.0, 4.0]), (-1, 2), "circular").tolist() == [2, 3, 4, 2, 3]
    with pytest.raises(ValueError, match="at most 2"):
        F.pad(np.ones(4), (-2, 3), "circular")
