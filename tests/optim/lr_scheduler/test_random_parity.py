"""Training runs put together at random, an optimizer with schedules: the same parameters and rates as in PyTorch.

Each run draws an algorithm and its options, one schedule or several in a row or at once or one within another, whether
the schedule or the optimizer steps first, gradients that are missing, a change of rates by hand, and a moment at which
all is made anew from the saved states.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import lr_scheduler as ours
from tests.optim.pairs import MATRICES, SHAPES, Pair, torch
from tests.optim.test_algorithms_parity import OPTIONS, RATE, RATES

theirs = torch.optim.lr_scheduler
Choice = tuple[str, Any]
CYCLIC = {"OneCycleLR", "CyclicLR"}  # move the momentum too, and set the rate


@pytest.fixture(autouse=True)
def double(monkeypatch: pytest.MonkeyPatch) -> Any:
    """PyTorch keeps numbers of the state in its default dtype, and orthogonalises in bfloat16: here in double."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: tensor.clone())
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(threads)


def single(rng: np.random.Generator, cycles: bool) -> Choice:
    """A class with arguments."""
    factor, few, many = float(rng.uniform(0.3, 1.1)), int(rng.integers(1, 12)), int(rng.integers(1, 90))
    choices: dict[str, dict[str, Any]] = {
        "StepLR": {"step_size": few, "gamma": factor},
        "MultiStepLR": {"milestones": sorted(rng.integers(0, 60, 3).tolist()), "gamma": factor},
        "ConstantLR": {"factor": min(factor, 1.0), "total_iters": many},
        "LinearLR": {"start_factor": min(factor, 1.0), "end_factor": float(rng.uniform(0, 1)), "total_iters": many},
        "ExponentialLR": {"gamma": 0.9 + factor / 10},
        "PolynomialLR": {"total_iters": many, "power": float(rng.uniform(0.5, 3))},
        "CosineAnnealingLR": {"T_max": many},  # with eta_min, in a chain, rates may become negative: refused here
        "CosineAnnealingWarmRestarts": {"T_0": few, "T_mult": int(rng.integers(1, 3))},
        "LambdaLR": {"lr_lambda": lambda step: factor ** (step % 5)},
        "MultiplicativeLR": {"lr_lambda": lambda step: 0.97 + (step % 3) * 0.01},
        "OneCycleLR": {"max_lr": 0.05, "total_steps": 300, "pct_start": 0.1, "three_phase": bool(rng.integers(2))},
        "CyclicLR": {"base_lr": 0.01, "max_lr": 0.04, "step_size_up": few, "mode": "triangular2"},
    }
    for name in CYCLIC:
        choices[name]["cycle_momentum"] = cycles
    name = str(rng.choice(list(choices)))
    return name, choices[name]


def composed(rng: np.random.Generator, cycles: bool, depth: int = 0) -> Choice:
    """One schedule, or several."""
    way = rng.choice(["single", "single", "SequentialLR", "ChainedScheduler"]) if depth < 2 else "single"
    if way == "single":
        return single(rng, cycles)
    if way == "ChainedScheduler":
        return str(way), [composed(rng, cycles, 2) for _ in range(rng.integers(1, 4))]
    parts = [composed(rng, cycles, depth + 1 if depth else 2) for _ in range(rng.integers(2, 4))]
    return str(way), (parts, sorted(rng.choice(np.arange(1, 50), len(parts) - 1, replace=False).tolist()))


def build(choice: Choice, library: Any, optimizer: Any) -> Any:
    name, arguments = choice
    if name == "ChainedScheduler":
        return library.ChainedScheduler([build(part, library, optimizer) for part in arguments])
    if name == "SequentialLR":
        parts, milestones = arguments
        return library.SequentialLR(optimizer, [build(part, library, optimizer) for part in parts], milestones)
    return getattr(library, name)(optimizer, **arguments)


def compare(seed: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    name = str(rng.choice(list(OPTIONS)))
    options = OPTIONS[name][rng.integers(len(OPTIONS[name]))]
    cycles = bool(options.get("momentum") or "betas" in options) and name not in ("RMSprop", "Muon")
    choice, plateau = composed(rng, cycles), rng.random() < 0.3
    rates = RATES.get(name, RATE)
    pair = Pair(MATRICES if name == "Muon" else SHAPES, seed=seed)
    early, anew, by_hand = bool(rng.integers(2)), int(rng.integers(2, steps)), int(rng.integers(1, steps))

    def make() -> list[tuple[Any, list[Any]]]:
        made = []
        for groups, optimizers, schedulers in zip(
            pair.groups(split=2, second={"lr": rates[1]}), (mg.optim, torch.optim), (ours, theirs), strict=True
        ):
            optimizer = getattr(optimizers, name)(groups, lr=rates[0], **options)
            made.append((optimizer, [build(choice, schedulers, optimizer)]))
            if plateau:
                made[-1][1].append(schedulers.ReduceLROnPlateau(optimizer, factor=0.7, patience=2, cooldown=1))
        return made

    runs = make()
    for step in range(steps):
        if step == anew:
            saved = [(optimizer.state_dict(), [s.state_dict() for s in schedules]) for optimizer, schedules in runs]
            runs = make()
            for (optimizer, schedules), (state, states) in zip(runs, saved, strict=True):
                for schedule, one in zip(schedules, states, strict=True):
                    schedule.load_state_dict(one)
                optimizer.load_state_dict(state)
        pair.push(np.flatnonzero(rng.random(5) < 0.3) if step % 3 else ())
        metric = float(rng.standard_normal())
        for optimizer, schedules in runs:
            calls = [optimizer.step, schedules[0].step]
            for call in reversed(calls) if early else calls:
                call()
            if plateau:
                schedules[1].step(metric)
            if step == by_hand:
                optimizer.param_groups[1]["lr"] *= 0.5
        told = [[group["lr"] for group in optimizer.param_groups] for optimizer, _ in runs]
        np.testing.assert_allclose(told[0], told[1], rtol=1e-9, atol=1e-15, err_msg=f"{name} {choice} step {step}")
        if max(abs(weight._array).max() for weight in pair.ours) > 30:  # uphill, where rounding grows without bound
            return
        if step % 10 == 9:
            pair.check(rtol=1e-6, atol=1e-9)


def agree(seed: int, steps: int) -> None:
    with warnings.catch_warnings():  # of both libraries, about the order of the first steps, which some runs turn round
        warnings.filterwarnings("ignore", ".*lr_scheduler.step.*")
        warnings.filterwarnings("ignore", ".*scheduler.step.*")
        warnings.filterwarnings("ignore", ".*optimizer.step.*")
        compare(seed, steps)


@pytest.mark.parametrize("seed", range(24))
def test_a_random_run(seed: int) -> None:
    agree(seed, 60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1400))
def test_many_random_runs(seed: int) -> None:
    agree(seed, 200)
