"""Trajectories of 200 steps of every algorithm, against PyTorch's, in double precision.

Each goes through two groups, patterns of missing gradients, a rate that changes, and a change of places in the middle,
where each library goes on from the state of the other.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, optim
from minigrad.optim import block as blocks
from tests.optim.pairs import MATRICES, SHAPES, Pair, exchanged, product, thinned, torch

STEPS = 200
B = [(0.9, 0.999), (0.5, 0.7)]
FLAGS = {"weight_decay": [0, 0.1], "maximize": [False, True]}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        o
        for o in product(momentum=[0, 0.9], dampening=[0, 0.3], nesterov=[False, True], **FLAGS)
        if not o["nesterov"] or (o["momentum"] and not o["dampening"])
    ],
    "Adam": product(betas=B, eps=[1e-8, 1e-2], amsgrad=[False, True], decoupled_weight_decay=[False, True], **FLAGS),
    "AdamW": product(betas=B, eps=[1e-8, 1e-2], amsgrad=[False, True], **FLAGS),
    "RMSprop": product(alpha=[0.99, 0.5], eps=[1e-8, 1e-2], momentum=[0, 0.9], centered=[False, True], **FLAGS),
    "Adagrad": product(lr_decay=[0, 0.1], initial_accumulator_value=[0, 0.5], eps=[1e-10, 1e-2], **FLAGS),
    "Adadelta": product(rho=[0.9, 0.5], eps=[1e-6, 1e-2], **FLAGS),
    "Adamax": product(betas=B, eps=[1e-8, 1e-2], **FLAGS),
    "NAdam": product(
        betas=B, eps=[1e-8, 1e-2], momentum_decay=[4e-3, 0.1], decoupled_weight_decay=[False, True], **FLAGS
    ),
    "RAdam": product(betas=B, eps=[1e-8, 1e-2], decoupled_weight_decay=[False, True], **FLAGS),
    "Rprop": product(etas=[(0.5, 1.2), (0.8, 1.5)], step_sizes=[(1e-6, 50), (1e-2, 0.05)], maximize=[False, True]),
    "ASGD": product(lambd=[1e-4, 0.1], alpha=[0.75, 0.5], t0=[1e6, 20, 0], **FLAGS),
    "Adafactor": product(
        beta2_decay=[-0.8, -0.3], eps=[(None, 1e-3), (1e-3, 0.1)], d=[1.0, 1.5], **FLAGS
    ),
    "Muon": product(
        weight_decay=[0, 0.1], momentum=[0.95, 0.5], nesterov=[True, False], ns_steps=[5, 2], eps=[1e-7, 1e-2],
        adjust_lr_fn=[None, "original", "match_rms_adamw"],
    ),
}  # fmt: skip
RATES = {"Adadelta": (1.0, 0.5), "Adafactor": (0.05, 0.02)}  # of the groups; all others:
RATE = (0.02, 0.05)
SAMPLE = [(name, options) for name, all_options in OPTIONS.items() for options in thinned(all_options)]
ALL = [(name, options) for name, all_options in OPTIONS.items() for options in all_options]
EVERY = pytest.mark.parametrize("name", OPTIONS)


@pytest.fixture(autouse=True)
def double(monkeypatch: pytest.MonkeyPatch) -> Any:
    """PyTorch keeps numbers of the state in its default dtype, and orthogonalises in bfloat16: here in double."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # its idle threads spin, which makes tiny operations slow where cores are busy
    torch.set_default_dtype(torch.float64)
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: tensor.clone())
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(threads)


def shapes_for(name: str) -> Any:
    return MATRICES if name == "Muon" else SHAPES


def both(name: str, ours: Any, theirs: Any, **options: Any) -> tuple[Any, Any]:
    return getattr(optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)


def run(name: str, options: dict[str, Any], steps: int = STEPS) -> None:
    pair, rates = Pair(shapes_for(name)), RATES.get(name, RATE)
    gaps = np.random.default_rng(1)

    def make(pair: Pair) -> tuple[Any, Any]:
        return both(name, *pair.groups(split=3, second={"lr": rates[1]}), **{"lr": rates[0], **options})

    ours, theirs = make(pair)
    for step in range(steps):
        if step == steps // 2:
            ours, theirs = exchanged(ours, theirs, pair, make)
        without = [4] if step < 5 else [] if step % 4 else np.flatnonzero(gaps.random(5) < 0.4)
        pair.push(without)
        for optimizer in (ours, theirs):
            optimizer.param_groups[1]["lr"] = rates[1] / (1 + 0.1 * (step % 7))
            optimizer.step()
        if step % 10 == 9 or step < 10:
            pair.check()


@pytest.mark.parametrize(("name", "options"), SAMPLE)
def test_trajectory(name: str, options: dict[str, Any]) -> None:
    run(name, options)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), ALL)
def test_all_trajectories(name: str, options: dict[str, Any]) -> None:
    run(name, options)


@EVERY
def test_small_blocks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters are cut, and the others not all packed together."""
    monkeypatch.setattr(blocks, "BLOCK", 5)
    run(name, OPTIONS[name][-1], 30)


@EVERY
def test_signature(name: str) -> None:
    ours = inspect.signature(getattr(optim, name)).parameters
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for kind in (positional, inspect.Parameter.KEYWORD_ONLY):
        mine = {n: p.default for n, p in ours.items() if p.kind is kind}
        assert mine == {n: p.default for n, p in theirs.items() if p.kind is kind}
    assert [n for n, p in ours.items() if p.kind is positional] == [
        n for n, p in theirs.items() if p.kind is positional
    ]


@EVERY
def test_defaults(name: str) -> None:
    pair = Pair(shapes_for(name))
    ours, theirs = both(name, pair.ours, pair.theirs)
    assert {key: theirs.defaults[key] for key in ours.defaults} == ours.defaults
    for _ in range(30):
        pair.push()
        ours.step()
        theirs.step()
    pair.check()


@EVERY
def test_the_layout_of_the_state_is_the_same(name: str) -> None:
    pair = Pair(shapes_for(name))
    ours, theirs = both(name, pair.ours, pair.theirs, **OPTIONS[name][-1])
    for _ in range(3):
        pair.push([1])
        ours.step()
        theirs.step()
    entries, expected = ours.state_dict()["state"], theirs.state_dict()["state"]
    if name == "Adagrad":
        del expected[1]  # PyTorch has it from the beginning
    assert set(entries) == set(expected)
    for number, entry in entries.items():
        assert set(entry) == set(expected[number])
        assert entry.keys() == dict(ours.state[pair.ours[number]]).keys()
        for key, value in entry.items():
            np.testing.assert_allclose(np.asarray(value), np.asarray(expected[number][key]), rtol=1e-9, atol=1e-12)
            np.testing.assert_array_equal(np.asarray(ours.state[pair.ours[number]][key]), np.asarray(value))


@EVERY
def test_parameters_of_several_dtypes(name: str) -> None:
    pair = Pair(shapes_for(name), ("float32", "float64"))
    ours, theirs = both(name, pair.ours, pair.theirs, **{**OPTIONS[name][-1], "lr": RATES.get(name, RATE)[0]})
    for _ in range(30):
        pair.push()
        ours.step()
        theirs.step()
    for a, b in zip(pair.ours, pair.theirs, strict=True):
        tolerance = 2e-3 if a.dtype == np.float32 else 1e-9  # rounding turns signs: of Rprop, of Muon's directions
        np.testing.assert_allclose(a._array, b.detach().numpy(), rtol=tolerance, atol=tolerance)
        assert a.dtype == a._array.dtype


@EVERY
def test_half_precision(name: str) -> None:
    """Steps of single precision, where PyTorch's are of half; after few steps they still agree."""
    pair, single = Pair(shapes_for(name), ("float16",)), Pair(shapes_for(name), ("float16",))
    options = {"lr": RATES.get(name, RATE)[0]}
    ours = getattr(optim, name)(pair.ours, **options)
    wide = [Tensor(p._array, requires_grad=True, dtype=np.float32) for p in single.ours]
    reference = getattr(optim, name)(wide, **options)
    for step in range(5):
        rng = np.random.default_rng(step)
        for a, b in zip(pair.ours, wide, strict=True):
            gradient = rng.standard_normal(a.shape).astype(np.float16)
            a.grad, b.grad = Tensor(gradient), Tensor(gradient, dtype=np.float32)
        ours.step()
        reference.step()
    for a, b in zip(pair.ours, wide, strict=True):
        assert a.dtype == np.float16
        np.testing.assert_allclose(a._array, b._array, rtol=1e-2, atol=1e-2)
    state = ours.state_dict()["state"]
    assert all(v.dtype == np.float32 for e in state.values() for v in e.values() if isinstance(v, Tensor))
