"""Assignments to ``.grad``, beside PyTorch."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import pytest

import minigrad as mg

torch = pytest.importorskip("torch")

DTYPES = ("float16", "float32", "float64", "int64", "uint8", "bool")
SHAPES = ((), (1,), (2,), (2, 1), (0,), (2, 0))


def outcome(library: Any, shape: Any, dtype: str, grad_shape: Any, grad_dtype: str) -> str:
    x = library.zeros(shape, dtype=getattr(library, dtype))
    try:
        x.grad = library.zeros(grad_shape, dtype=getattr(library, grad_dtype))
    except (RuntimeError, TypeError) as error:
        return type(error).__name__
    return "taken"


@pytest.mark.parametrize("shape", SHAPES)
def test_every_pair_of_shapes_and_dtypes(shape: tuple[int, ...]) -> None:
    for case in itertools.product([shape], DTYPES, SHAPES, DTYPES):
        assert outcome(mg, *case) == outcome(torch, *case), case


@pytest.mark.parametrize("value", [1, 1.0, [1.0], (1.0,), "x", object], ids=str)
def test_what_is_no_tensor(value: Any) -> None:
    for library in (mg, torch):
        x = library.zeros(1)
        with pytest.raises(TypeError):
            x.grad = value
        assert x.grad is None


def test_where_reading_warns() -> None:
    def reads(library: Any) -> list[bool]:
        x = library.tensor([1.0, 2.0], requires_grad=True)
        retained, assigned = x * 2, x * 2
        retained.retain_grad()
        assigned.grad = library.tensor([1.0, 1.0])
        with library.no_grad():
            unrecorded = x * 2
        found = []
        for tensor in (x, x * 2, x[:1], retained, assigned, unrecorded, x.detach()):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                _ = tensor.grad
            found.append(bool(caught))
        return found

    assert reads(mg) == reads(torch) == [False, True, True, False, False, False, False]
