"""PyTorch's Tensors beside this library's: refused, with the cure, whichever comes first."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")

REFUSED = r"torch\.Tensor takes no part in operations of minigrad.*convert it first: minigrad\.tensor\(t\)"
OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.matmul, operator.eq, operator.ne, operator.lt, operator.ge,
]  # fmt: skip


@pytest.mark.parametrize("operate", OPERATORS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("recorded", [False, True], ids=["plain", "recorded"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_operators_refuse_pytorchs_tensors_on_either_side(
    operate: Callable[..., Any], recorded: bool, dtype: str
) -> None:
    mine = minigrad.ones(2, requires_grad=recorded)
    other = torch.ones(2, dtype=getattr(torch, dtype))
    for args in ((mine, other), (other, mine)):
        with pytest.raises(TypeError, match=REFUSED):
            operate(*args)


def test_updates_functions_and_layers_refuse_them() -> None:
    mine, other = minigrad.ones(2), torch.ones(2)
    with pytest.raises(TypeError, match=REFUSED):
        mine += other
    with pytest.raises(TypeError, match=REFUSED):
        mine.mul_(other)
    for call in (lambda: minigrad.add(mine, other), lambda: np.multiply(mine, other), lambda: mine.maximum(other)):
        with pytest.raises(TypeError, match=REFUSED):
            call()
    with pytest.raises(TypeError, match=REFUSED):
        nn.Linear(2, 1)(other)
    with pytest.raises(TypeError, match=REFUSED):
        mine * torch.ones(2, requires_grad=True)
    assert mine.tolist() == [1.0, 1.0]


def test_the_cures_work() -> None:
    mine, other = minigrad.ones(2), torch.tensor([2.0, 3.0], requires_grad=True)
    assert (mine * minigrad.tensor(other.detach())).tolist() == [2.0, 3.0]
    with pytest.raises(TypeError, match=r"t\.detach\(\)"):
        minigrad.tensor(other)


def test_arrays_and_numbers_take_part() -> None:
    mine = Tensor([1.0, 2.0])
    for value in (np.float32(2), np.array([2.0, 2.0], np.float32), 2, True, [2.0, 2.0]):
        assert (mine + value).dtype == np.float32
