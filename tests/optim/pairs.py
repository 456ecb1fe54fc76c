"""The same parameters in both libraries, pushed by the same gradients, for tests of trajectories."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

SHAPES = [(3, 4), (4,), (), (2, 1, 3), (5,)]
MATRICES = [(3, 4), (5, 2), (4, 4), (1, 3), (6, 1)]


def product(**values: list[Any]) -> list[dict[str, Any]]:
    """All combinations of options."""
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def thinned(options: list[Any], most: int = 3) -> list[Any]:
    """Some of the combinations, the first and the last among them, the others spread."""
    if len(options) <= most:
        return options
    order = np.random.default_rng(len(options)).permutation(np.arange(1, len(options) - 1))[: most - 2]
    return [options[0], *[options[i] for i in sorted(order)], options[-1]]


class Pair:
    """Parameters, and gradients that depend on where they are.

    Args:
        shapes: of the parameters.
        dtypes: of the parameters, in turns.
        seed: of everything.
    """

    def __init__(self, shapes: Any = SHAPES, dtypes: tuple[str, ...] = ("float64",), seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        kinds = list(itertools.islice(itertools.cycle(dtypes), len(shapes)))
        values = [self.rng.standard_normal(shape).astype(kind) for shape, kind in zip(shapes, kinds, strict=True)]
        self.ours = [Tensor(value, requires_grad=True) for value in values]
        self.theirs = [torch.tensor(value, requires_grad=True) for value in values]

    def push(self, without: Any = ()) -> None:
        """Set all gradients but those of some parameters, which become None."""
        for i, (ours, theirs) in enumerate(zip(self.ours, self.theirs, strict=True)):
            noise = self.rng.standard_normal(ours.shape)
            if i in without:
                ours.grad = theirs.grad = None
                continue
            values = np.sin(3 * ours._array.astype(np.float64)) + noise
            ours.grad = Tensor(values, dtype=ours.dtype)
            values = np.sin(3 * theirs.detach().numpy().astype(np.float64)) + noise
            theirs.grad = torch.tensor(values).to(theirs.dtype)

    def check(self, rtol: float = 1e-7, atol: float = 1e-10) -> None:
        """All parameters agree."""
        for ours, theirs in zip(self.ours, self.theirs, strict=True):
            np.testing.assert_allclose(ours._array, theirs.detach().numpy(), rtol=rtol, atol=atol)

    def groups(self, *, split: int, first: Any = None, second: Any = None) -> Any:
        """Two groups with options of their own, for both libraries."""
        for tensors in (self.ours, self.theirs):
            yield [{"params": tensors[:split], **(first or {})}, {"params": tensors[split:], **(second or {})}]


def plain(value: Any) -> Any:
    """Tensors of either library as arrays, all the way down."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value)
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().copy()
    return np.array(value) if isinstance(value, Tensor) else value


def for_torch(state: dict[str, Any], groups: list[dict[str, Any]]) -> dict[str, Any]:
    """A plain state as PyTorch wants it: tensors, also for numbers that it keeps in tensors."""

    def tensor(value: Any) -> Any:
        return torch.tensor(value, dtype=torch.float64 if isinstance(value, (int, float)) else None)

    entries = {i: {name: tensor(v) for name, v in entry.items()} for i, entry in state["state"].items()}
    options = [{**theirs, **ours} for ours, theirs in zip(state["param_groups"], groups, strict=True)]
    return {"state": entries, "param_groups": options}


def exchanged(ours: Any, theirs: Any, pair: Pair, make: Any) -> tuple[Any, Any]:
    """New optimizers for both libraries, each with the state of the other."""
    states = plain(ours.state_dict()), plain(theirs.state_dict())
    new_ours, new_theirs = make(pair)
    new_theirs.load_state_dict(for_torch(states[0], new_theirs.state_dict()["param_groups"]))
    new_ours.load_state_dict(states[1])
    return new_ours, new_theirs
