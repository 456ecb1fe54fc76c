"""Recurrent cells against PyTorch's."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, nn
from tests.module_parity import pair, same_modules, torch
from tests.parity import random

KINDS: dict[str, dict[str, Any]] = {
    "RNNCell": {}, "RNNCell relu": {"nonlinearity": "relu"}, "LSTMCell": {}, "GRUCell": {},
}  # fmt: skip
BOTH = (False, True)


class WithStates:
    """A cell that takes its states one by one, so that their gradients are compared as those of inputs are."""

    def __init__(self, cell: Any, name: str) -> None:
        self.cell, self.name = cell, name

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cell, name)

    def __call__(self, x: Any, *hx: Any) -> Any:
        if not hx:
            return self.cell(x)
        return self.cell(x, hx if self.name == "LSTMCell" else hx[0])


@pytest.mark.parametrize("shape", [(), (1,), (3,), (0,)])
@pytest.mark.parametrize("given", BOTH)
@pytest.mark.parametrize("bias", BOTH)
@pytest.mark.parametrize("kind", KINDS)
def test_cell(kind: str, bias: bool, given: bool, shape: tuple[int, ...]) -> None:
    name = kind.split()[0]
    ours, theirs = pair(name, 3, 4, bias=bias, **KINDS[kind])
    count = (2 if name == "LSTMCell" else 1) * given
    inputs = [(*shape, 3), *[random((*shape, 4), seed=5 + i) for i in range(count)]]
    same_modules(WithStates(ours, name), WithStates(theirs, name), inputs=inputs, modes=(True,))


@pytest.mark.parametrize("kind", KINDS)
def test_loop_over_time(kind: str) -> None:
    """Gradients through several calls of one cell."""
    name = kind.split()[0]
    ours, theirs = pair(name, 3, 4, **KINDS[kind])
    x = random((6, 2, 3))
    leaves = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    for cell, leaf in zip((ours, theirs), leaves, strict=True):
        state = None
        for t in range(6):
            state = cell(leaf[t], state)
        (state[0] * state[1]).sum().backward()
    mine, reference = [leaf.grad.numpy() for leaf in leaves]
    np.testing.assert_allclose(mine, reference, rtol=1e-9, atol=1e-12)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_signature_display_and_precision(kind: str) -> None:
    name = kind.split()[0]
    mine, theirs = [inspect.signature(getattr(library, name)).parameters for library in (nn, torch.nn)]
    assert [(p.name, p.default) for p in mine.values()] == [(p.name, p.default) for p in theirs.values()]
    ours, reference = getattr(nn, name)(3, 4, False, **KINDS[kind]), getattr(torch.nn, name)(3, 4, False, **KINDS[kind])
    assert repr(ours) == repr(reference)
    assert ours.bias_ih is None and ours.bias_hh is None
    out = ours(np.ones((2, 3), np.float32))
    assert (out[0] if name == "LSTMCell" else out).dtype == np.float32
