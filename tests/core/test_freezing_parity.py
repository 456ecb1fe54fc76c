"""Random sequences of forward, freezing, thawing, hooks and backward, beside PyTorch.

One difference is left out on purpose. Whether a leaf counts in a second derivative is decided in PyTorch when the first
one is recorded, here when the leaf is used: what was frozen in the forward is a constant to all derivatives of it.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import minigrad as mg

torch = pytest.importorskip("torch")


class Play:
    """The same game in one library: leaves, losses made from them, and what hooks saw."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.leaves = [library.tensor([1.0 + i, 2.0], requires_grad=True) for i in range(3)]
        self.losses: list[tuple[Any, Any]] = []  # each with what required grad when it was computed
        self.handles: list[Any] = []
        self.log: list[Any] = []

    def forward(self, a: int, b: int, power: int) -> None:
        self.losses.append(((self.leaves[a] ** power * self.leaves[b]).sum(), self.flags()))

    def flags(self) -> list[bool]:
        return [x.requires_grad for x in self.leaves]

    def toggle(self, a: int, on: bool) -> None:
        self.leaves[a].requires_grad = on

    def backward(self, which: int) -> None:
        if self.losses:
            self.losses[which % len(self.losses)][0].backward(retain_graph=True)

    def grad(self, which: int, a: int, create: bool) -> Any:
        if not self.losses:
            return None
        loss, flags = self.losses[which % len(self.losses)]
        create = create and flags == self.flags()
        (found,) = self.library.autograd.grad(
            loss, self.leaves[a], retain_graph=True, create_graph=create, allow_unused=True
        )
        if create and found is not None and found.requires_grad:
            self.losses.append((found.sum(), None))  # differentiated no further
        return None if found is None else found.tolist()

    def hook(self, a: int) -> None:
        self.handles.append(self.leaves[a].register_hook(lambda grad: self.log.append((a, grad.tolist()))))

    def after(self, a: int) -> None:
        self.handles.append(self.leaves[a].register_post_accumulate_grad_hook(lambda _: self.log.append((a, "after"))))

    def doubling(self, a: int) -> None:
        self.handles.append(self.leaves[a].register_hook(lambda grad: grad * 2))

    def remove(self, which: int) -> None:
        if self.handles:
            self.handles[which % len(self.handles)].remove()

    def clear(self, a: int) -> None:
        self.leaves[a].grad = None

    def state(self) -> Any:
        return [(x.requires_grad, x.is_leaf, None if x.grad is None else x.grad.tolist()) for x in self.leaves]


def moves(seed: int) -> list[tuple[str, tuple[Any, ...]]]:
    rng = random.Random(seed)
    some = {
        "forward": lambda: (rng.randrange(3), rng.randrange(3), rng.randint(2, 3)),
        "toggle": lambda: (rng.randrange(3), rng.random() < 0.5),
        "backward": lambda: (rng.randrange(9),),
        "grad": lambda: (rng.randrange(9), rng.randrange(3), rng.random() < 0.5),
        "hook": lambda: (rng.randrange(3),),
        "after": lambda: (rng.randrange(3),),
        "doubling": lambda: (rng.randrange(3),),
        "remove": lambda: (rng.randrange(9),),
        "clear": lambda: (rng.randrange(3),),
    }
    weights = [4, 5, 4, 3, 1, 1, 1, 1, 1]
    return [(name, some[name]()) for name in rng.choices(list(some), weights, k=40)]


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_random_sequences(start: int) -> None:
    for seed in range(start, start + 50):
        ours, theirs = Play(mg), Play(torch)
        for name, arguments in moves(seed):
            results = []
            for play in (ours, theirs):
                try:
                    results.append(getattr(play, name)(*arguments))
                except RuntimeError:
                    results.append("refused")
            context = f"seed {seed}, {name}{arguments}"
            assert results[0] == results[1], context
            mine, other = ours.state(), theirs.state()
            assert [m[:2] for m in mine] == [o[:2] for o in other], context
            for (_, _, a), (_, _, b) in zip(mine, other, strict=True):
                assert (a is None) == (b is None), context
                np.testing.assert_allclose(a or 0.0, b or 0.0, rtol=1e-6, err_msg=context)
            # The order in which independent leaves are reached is each library's own.
            assert sorted(map(repr, ours.log)) == sorted(map(repr, theirs.log)), context
