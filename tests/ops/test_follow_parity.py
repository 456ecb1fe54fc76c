"""Random programs of views and in-place updates inside a graph, beside PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

Rng = np.random.Generator


def place(rng: Rng, t: Any) -> int:
    return int(rng.integers(t.shape[0]))


VIEWS: dict[str, Any] = {
    "row": lambda rng, t: t[place(rng, t)] if t.ndim and t.shape[0] else t,
    "column": lambda rng, t: t[:, int(rng.integers(t.shape[1]))] if t.ndim > 1 and t.shape[1] else t,
    "rest": lambda rng, t: t[1:] if t.ndim else t,
    "transpose": lambda rng, t: t.transpose(0, 1) if t.ndim > 1 else t,
    "view": lambda rng, t: t.view(*t.shape, 1),  # possible in any memory order, which updates may change here
    "diagonal": lambda rng, t: t.diagonal() if t.ndim > 1 else t,
    "unsqueeze": lambda rng, t: t.unsqueeze(0),
    "number": lambda rng, t: t[(0,) * t.ndim] if t.ndim and min(t.shape) else t,
}


def update(rng: Rng, t: Any, x: Any) -> None:
    c = float(rng.standard_normal())
    match rng.integers(7):
        case 0:
            t.mul_(1 + c)
        case 1:
            t.add_(x[0, 0, 0] * c)
        case 2:
            t.tanh_()
        case 3 if t.ndim and t.shape[0]:
            t[place(rng, t)] = x[1, 0, 1] * c
        case 4 if t.ndim and t.shape[0]:
            i = place(rng, t)
            t[i] += x[1, 0, 1] * c
        case 5 if t.ndim:
            t[...] = x[0, 1, 1] + c
        case _:
            t.sub_(c)


def program(library: Any, x: Any, seed: Any) -> tuple[list[Any], Any]:
    """The Tensors that are left at the end, and a number made of them."""
    rng = np.random.default_rng(seed)
    held = [library.ones(x.shape, dtype=library.float64) * 1.5 if rng.random() < 0.3 else x * 1.5]
    for _ in range(int(rng.integers(3, 10))):
        t = held[int(rng.integers(len(held)))]
        if rng.random() < 0.5:
            held.append(VIEWS[str(rng.choice(list(VIEWS)))](rng, t))
        else:
            update(rng, t, x)
        if len(held) > 1 and rng.random() < 0.25:
            held.pop(int(rng.integers(len(held))))
        del t
    total = 0
    for i, t in enumerate(held):
        total = total + (t * t).sum() * (i + 1)
    return held, total


def outcome(seed: Any) -> str:
    """How one program ends in both libraries; asserts that values and gradients agree."""
    array = np.random.default_rng(seed).standard_normal((3, 3, 2))
    x, y = Tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
    try:
        expected, their_total = program(torch, y, seed)
    except RuntimeError as error:
        assert "leaf Variable" in str(error)  # its plain Tensors whose views have joined a graph
        return "refused by PyTorch"
    try:
        held, total = program(mg, x, seed)
    except RuntimeError as error:
        assert "would not follow" in str(error)
        return "refused here"
    for a, b in zip(held, expected, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-12)
        assert b.requires_grad or not a.requires_grad  # theirs joins a graph with views that have no element in common
    if not total.requires_grad:
        return "plain"
    try:
        (right,) = torch.autograd.grad(their_total, y, allow_unused=True)
    except RuntimeError as error:
        assert "modified by an inplace operation" in str(error)  # earlier uses keep their values here
        return "refused by PyTorch"
    (grad,) = mg.autograd.grad(total, x, allow_unused=True)
    got, expected = (np.zeros(array.shape) if g is None else g.numpy() for g in (grad, right))
    np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-10)
    return "equal"


def run(start: int, programs: int) -> None:
    ends = [outcome([start, i]) for i in range(programs)]
    assert ends.count("equal") > 0.5 * programs
    assert ends.count("refused here") <= 0.08 * programs  # overlapping views whose whole is gone


@pytest.mark.parametrize("start", range(5))
def test_random_programs(start: int) -> None:
    run(start, 100)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(100, 110))
def test_many_random_programs(start: int) -> None:
    run(start, 1500)
