"""Trajectories of 100 steps, against PyTorch's, in double precision."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, optim
from minigrad.optim import flat

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
torch.set_num_threads(1)  # its idle threads spin, which makes tiny operations slow where cores are busy

SHAPES = [(3, 4), (4,), (), (2, 1, 3), (5,)]
STEPS = 100


def product(**values: list[Any]) -> list[dict[str, Any]]:
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def valid(options: dict[str, Any]) -> bool:
    return not options["nesterov"] or (options["momentum"] > 0 and options["dampening"] == 0)


SGD = product(
    lr=[0.05], momentum=[0, 0.9], dampening=[0, 0.3], weight_decay=[0, 0.1], nesterov=[False, True],
    maximize=[False, True],
)  # fmt: skip
ADAM = product(
    lr=[0.05], betas=[(0.9, 0.999), (0.5, 0.7)], eps=[1e-8, 1e-2], weight_decay=[0, 0.1], amsgrad=[False, True],
    maximize=[False, True],
)  # fmt: skip
CASES = [("SGD", options) for options in SGD if valid(options)]
CASES += [(name, options) for name in ("Adam", "AdamW") for options in ADAM]


class Pair:
    """The same parameters twice, pushed by the same gradients, which depend on where the parameters are."""

    def __init__(self, shapes=SHAPES, seed=0):
        self.rng = np.random.default_rng(seed)
        values = [self.rng.standard_normal(shape) for shape in shapes]
        self.ours = [Tensor(value, requires_grad=True) for value in values]
        self.theirs = [torch.tensor(value, requires_grad=True) for value in values]

    def push(self, without=()):
        for i, (ours, theirs) in enumerate(zip(self.ours, self.theirs, strict=True)):
            noise = self.rng.standard_normal(ours.shape)
            values = ours.detach().numpy()
            ours.grad = None if i in without else Tensor(np.sin(3 * values) + noise)
            values = theirs.detach().numpy()
            theirs.grad = None if i in without else torch.tensor(np.sin(3 * values) + noise)

    def check(self):
        for ours, theirs in zip(self.ours, self.theirs, strict=True):
            np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-6, atol=1e-12)

    def groups(self, *, split, first=None, second=None):
        """Two groups with options of their own, for both libraries."""
        for tensors in (self.ours, self.theirs):
            yield [{"params": tensors[:split], **(first or {})}, {"params": tensors[split:], **(second or {})}]


def both(name, ours, theirs, **options):
    return getattr(optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)


@pytest.mark.parametrize("block", [65536, 5])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_trajectory(name, options, block, monkeypatch):
    monkeypatch.setattr(flat, "BLOCK", block)  # 5: parameters are cut, and the others not all packed together
    pair = Pair()
    optimizers = both(name, pair.ours, pair.theirs, **options)
    for _ in range(STEPS):
        pair.push()
        for optimizer in optimizers:
            optimizer.step()
        pair.check()


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_defaults(name):
    pair = Pair()
    optimizers = both(name, pair.ours, pair.theirs)
    for key, value in optimizers[0].defaults.items():
        assert optimizers[1].defaults[key] == value
    for _ in range(STEPS):
        pair.push()
        for optimizer in optimizers:
            optimizer.step()
    pair.check()


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
    monkeypatch.setattr(flat, "BLOCK", block)
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
        ("Adam", "betas", [(0.9, 0.99), (0.5, 0.9), (0.0, 0.99)]),
        ("Adam", "eps", [1e-8, 0.1]),
    ],
)
def test_every_option_can_be_changed_between_steps(name, option, values):
    pair = Pair()
    optimizers = both(name, pair.ours, pair.theirs, lr=0.02)
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


@pytest.mark.parametrize(("name", "options"), [CASES[0], *[c for c in CASES if c[1]["weight_decay"]]])
def test_states_are_exchanged_in_both_directions(name, options):
    """After 20 steps each library goes on from the state of the other."""
    pair = Pair()
    ours, theirs = both(name, pair.ours, pair.theirs, **options)
    for _ in range(20):
        pair.push([4])
        ours.step()
        theirs.step()
    state = ours.state_dict()
    expected = theirs.state_dict()
    assert set(state["state"]) == {
        key for key, entry in expected["state"].items() if entry.get("momentum_buffer", 1) is not None
    }
    assert state["param_groups"][0]["params"] == expected["param_groups"][0]["params"]
    from_theirs = getattr(optim, name)(pair.ours, lr=1.0)
    from_theirs.load_state_dict(expected)
    from_ours = getattr(torch.optim, name)(pair.theirs, lr=1.0)
    converted = {
        number: {
            key: torch.tensor(float(value)) if key == "step" else torch.tensor(value.numpy())
            for key, value in entry.items()
        }
        for number, entry in state["state"].items()
    }
    from_ours.load_state_dict(
        {"state": converted, "param_groups": [{**expected["param_groups"][0], **state["param_groups"][0]}]}
    )
    for _ in range(20):
        pair.push()
        from_theirs.step()
        from_ours.step()
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
