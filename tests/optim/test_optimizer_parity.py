"""Options and groups that change while optimizers run, against PyTorch, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import optim
from minigrad.optim import block as blocks
from tests.optim.pairs import SHAPES, Pair, torch

STEPS = 100


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    """Idle threads of PyTorch spin, which makes tiny operations slow where cores are busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def both(name: str, ours: Any, theirs: Any, **options: Any) -> tuple[Any, Any]:
    return getattr(optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)


@pytest.mark.parametrize("block", [65536, 5])
@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("SGD", {"momentum": 0.9, "dampening": 0.5}, {"lr": 0.1, "weight_decay": 0.1}),
        ("SGD", {"momentum": 0.9, "nesterov": True}, {"momentum": 0.5, "maximize": True}),
        ("Adam", {"weight_decay": 0.2}, {"lr": 0.1, "betas": (0.8, 0.9), "amsgrad": True}),
        ("AdamW", {"weight_decay": 0.2}, {"lr": 0.1, "weight_decay": 0, "maximize": True}),
    ],
)
def test_two_groups_with_gaps_and_a_changing_rate(name, first, second, block, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", block)
    pair = Pair()
    optimizers = both(name, *pair.groups(split=3, first=first, second=second), lr=0.02)
    gaps = np.random.default_rng(1)
    for step in range(STEPS):
        without = [4] if step < 5 else [] if step % 3 else np.flatnonzero(gaps.random(len(SHAPES)) < 0.4)
        pair.push(without)
        for optimizer in optimizers:
            optimizer.param_groups[1]["lr"] = 0.1 / (1 + step)
            optimizer.step()
        pair.check()


@pytest.mark.parametrize(
    ("name", "option", "values"),
    [
        ("SGD", "momentum", [0, 0.9, 0.5, 0.5, 0.9]),
        ("SGD", "weight_decay", [0, 0.1]),
        ("RMSprop", "alpha", [0.9, 0.5]),
        ("Rprop", "etas", [(0.5, 1.2), (0.7, 1.1)]),
        ("NAdam", "momentum_decay", [0.0, 0.1]),
        ("RAdam", "betas", [(0.9, 0.99), (0.5, 0.9)]),
        ("Adamax", "lr", [0.1, 0.01]),
        ("Adam", "betas", [(0.9, 0.99), (0.5, 0.9), (0.0, 0.99)]),
        ("Adam", "eps", [1e-8, 0.1]),
    ],
)
def test_every_option_can_be_changed_between_steps(name, option, values):
    pair = Pair()
    optimizers = both(name, pair.ours, pair.theirs, **{"lr": 0.02} if name != "Adamax" else {})
    for step in range(STEPS):
        pair.push()
        for optimizer in optimizers:
            optimizer.param_groups[0][option] = values[step % len(values)]
            optimizer.step()
    pair.check()


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_group_added_later(name):
    pair = Pair()
    optimizers = both(name, pair.ours[:2], pair.theirs[:2], lr=0.02, **({"momentum": 0.9} if name == "SGD" else {}))
    for step in range(STEPS):
        if step == 10:
            optimizers[0].add_param_group({"params": pair.ours[2:], "lr": 0.1})
            optimizers[1].add_param_group({"params": pair.theirs[2:], "lr": 0.1})
        pair.push()
        for optimizer in optimizers:
            optimizer.step()
    pair.check()


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_options_without_effect_are_accepted_and_others_refused(name):
    pair = Pair()
    optimizers = both(name, pair.ours, pair.theirs, foreach=False, fused=None, differentiable=False)
    pair.push()
    for optimizer in optimizers:
        optimizer.step()
    pair.check()
    with pytest.raises(ValueError, match=f"{name} has no differentiable=True"):
        getattr(optim, name)(pair.ours, differentiable=True)
