"""Rates, momenta and betas are PyTorch's, for every class over the product of its arguments, with changes by hand."""

from __future__ import annotations

import itertools
import json
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import lr_scheduler as ours

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")
theirs = torch.optim.lr_scheduler

STEPS = 200
Build = Callable[[Any, Any], Any]  # (library's lr_scheduler, optimizer) -> scheduler


class Remembering:
    """A function of the step that is an object with a memory."""

    def __init__(self, factor: float) -> None:
        self.factor, self.calls = factor, 0

    def __call__(self, step: int) -> float:
        self.calls += 1
        return self.factor ** (step + self.calls % 3)


class Power:
    def __init__(self, base: float) -> None:
        self.base = base

    def __call__(self, x: float) -> float:
        return self.base**x


def optimizers(kind: str = "SGD") -> tuple[Any, Any]:
    """One of each library, with two groups that have rates of their own, after a first step."""
    made = []
    for library in (mg, torch):
        weights = [library.tensor([1.0, 2.0], requires_grad=True) for _ in range(2)]
        for weight in weights:
            (weight * weight).sum().backward()
        groups = [{"params": [weights[0]]}, {"params": [weights[1]], "lr": 0.03}]
        options = {"momentum": 0.5} if kind == "SGD" else {}
        made.append(getattr(library.optim, kind)(groups, lr=0.2, **options))
    return made[0], made[1]


def numbers(optimizer: Any) -> list[float]:
    found: list[float] = []
    for group in optimizer.param_groups:
        found += [group["lr"], group.get("momentum", 0.0), *group.get("betas", ())]
    return [float(value) for value in found]


def trace(
    build: Build,
    library: Any,
    optimizer: Any,
    steps: int = STEPS,
    by_hand: dict[int, Callable[[Any], None]] | None = None,
    reload_at: int | None = None,
    jump: dict[int, int] | None = None,
) -> np.ndarray:
    """What the optimizer is told at every step."""
    scheduler = build(library, optimizer)
    optimizer.step()
    rows = [numbers(optimizer)]
    for step in range(1, steps):
        if by_hand and step in by_hand:
            by_hand[step](optimizer)
        if step == reload_at:
            state, groups = scheduler.state_dict(), [dict(group) for group in optimizer.param_groups]
            scheduler = build(library, optimizer)  # which changes rates
            for group, saved in zip(optimizer.param_groups, groups, strict=True):
                group.clear()
                group.update(saved)
            scheduler.load_state_dict(state)
        if jump and step in jump:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                scheduler.step(jump[step])
        else:
            scheduler.step()
        assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
        rows.append(numbers(optimizer))
    return np.array(rows)


def agree(build: Build, kind: str = "SGD", **options: Any) -> None:
    mine, other = optimizers(kind)
    got, expected = trace(build, ours, mine, **options), trace(build, theirs, other, **options)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14, err_msg=str(build.__defaults__))


def product(name: str, **choices: list[Any]) -> list[Build]:
    """Every combination of arguments of a class."""
    cases = []
    for values in itertools.product(*choices.values()):
        options = dict(zip(choices, values, strict=True))

        def build(library: Any, optimizer: Any, options: dict[str, Any] = options, name: str = name) -> Any:
            return getattr(library, name)(optimizer, **options)

        cases.append(build)
    return cases


def by_class(*builds: Build) -> Any:
    """The combinations, one test for every class."""
    found: dict[str, list[Build]] = {}
    for build in builds:
        found.setdefault(_call(build)[0], []).append(build)
    return pytest.mark.parametrize("builds", found.values(), ids=found)


def _call(build: Build) -> tuple[str, dict[str, Any]]:
    """The name of the class and the arguments that ``product`` gave it."""
    options, name = build.__defaults__
    return name, options


CHAINABLE = [
    *product("MultiplicativeLR", lr_lambda=[lambda t: 0.98, [lambda t: 1 / (1 + t % 3), lambda t: 1.01]]),
    *product("StepLR", step_size=[1, 7, 300], gamma=[0.1, 0.9, 1.1, 0.0]),
    *product("MultiStepLR", milestones=[[], [3], [50, 9, 9], [0, 1]], gamma=[0.1, 2]),
    *product("ConstantLR", factor=[1 / 3, 1.0, 0.001], total_iters=[1, 5, 300]),
    *product("LinearLR", start_factor=[1e-3, 1 / 3, 1.0], end_factor=[0.0, 0.7, 1.0], total_iters=[1, 5, 150, 300]),
    *product("ExponentialLR", gamma=[0.9, 1.0, 1.02]),
    *product("PolynomialLR", total_iters=[1, 5, 150, 300], power=[0.5, 1.0, 2, 3.5]),
    *product("CosineAnnealingLR", T_max=[1, 2, 7, 40, 300, 10.5], eta_min=[0.0, 0.01]),
]
FROM_BASE = [
    *product("LambdaLR", lr_lambda=[lambda t: 0.95**t, [lambda t: t % 5, lambda t: t**0.5]]),
    *product("CosineAnnealingWarmRestarts", T_0=[1, 7, 50], T_mult=[1, 2, 3], eta_min=[0.0, 0.01]),
]
CYCLIC = [
    *product(
        "OneCycleLR",
        max_lr=[0.1, [0.2, 0.5]],
        total_steps=[STEPS, 251],
        pct_start=[0.0, 0.3, 1.0],
        anneal_strategy=["cos", "linear"],
        three_phase=[False, True],
        base_momentum=[0.85, [0.7, 0.8]],
    ),
    *product("OneCycleLR", max_lr=[0.1], epochs=[10], steps_per_epoch=[30], div_factor=[5], final_div_factor=[10]),
    *product(
        "CyclicLR",
        base_lr=[0.01, [0.0, 0.1]],
        max_lr=[0.1, [0.3, 0.2]],
        step_size_up=[7, 60],
        step_size_down=[None, 13],
        mode=["triangular", "triangular2", "exp_range"],
        gamma=[0.99],
        max_momentum=[0.9, [0.95, 0.9]],
    ),
    *product(
        "CyclicLR", base_lr=[0.1], max_lr=[1.0], step_size_up=[5], scale_fn=[lambda x: 1 / x], scale_mode=["cycle"]
    ),
    *product("CyclicLR", base_lr=[0.1], max_lr=[1], scale_fn=[lambda x: 0.9**x], scale_mode=["iterations"]),
]


@by_class(*CHAINABLE, *FROM_BASE)
def test_rates(builds: list[Build]) -> None:
    for build in builds:
        agree(build)


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_cycles_of_rates_and_momenta(kind: str) -> None:
    for build in CYCLIC:
        agree(build, kind)
    for name, options in (("OneCycleLR", {"total_steps": 300}), ("CyclicLR", {"base_lr": 0.0})):
        agree(
            lambda library, optimizer, n=name, o=options: getattr(library, n)(
                optimizer, max_lr=1, cycle_momentum=False, **o
            )
        )


def halve(optimizer: Any) -> None:
    for group in optimizer.param_groups:
        group["lr"] *= 0.5


def set_one(optimizer: Any) -> None:
    optimizer.param_groups[1]["lr"] = 0.7


BY_HAND = {2: set_one, 9: halve, 41: halve, 60: set_one}


@by_class(*CHAINABLE, *FROM_BASE)
def test_changes_by_hand_last_where_rates_are_multiplied(builds: list[Build]) -> None:
    for build in builds:
        agree(build, by_hand=BY_HAND)


@by_class(*CHAINABLE, *FROM_BASE, *CYCLIC[::17])
def test_state_saved_and_loaded_in_the_middle(builds: list[Build]) -> None:
    for build in builds:
        agree(build, by_hand=BY_HAND, reload_at=50)
        agree(build, reload_at=1)


@pytest.mark.parametrize("build", [*CHAINABLE[::5], *FROM_BASE[::3], *CYCLIC[::17]])
def test_a_state_goes_from_one_library_to_the_other(build: Build) -> None:
    mine, other = optimizers()
    my_schedule, their_schedule = build(ours, mine), build(theirs, other)
    assert set(my_schedule.state_dict()) >= set(their_schedule.state_dict()) - {
        "_get_lr_called_within_step",
        "_is_initial",
    }
    for optimizer, schedule in ((mine, my_schedule), (other, their_schedule)):
        optimizer.step()
        for _ in range(5):
            schedule.step()
    my_state, their_state = my_schedule.state_dict(), their_schedule.state_dict()
    my_schedule.load_state_dict(their_state)
    their_schedule.load_state_dict(my_state)
    for _ in range(30):
        my_schedule.step()
        their_schedule.step()
        np.testing.assert_allclose(numbers(mine), numbers(other), rtol=1e-12, atol=1e-14)


@by_class(*CHAINABLE, *FROM_BASE)
def test_jumping_to_a_step(builds: list[Build]) -> None:
    for build in builds:
        agree(build, steps=80, jump={3: 10, 20: 0, 40: 33})


@pytest.mark.parametrize("at", [0, 1, 6, 30])
@by_class(*CHAINABLE, *FROM_BASE, *CYCLIC)
def test_resuming_at_a_step(builds: list[Build], at: int) -> None:
    """As old programs do: the number of the last step in place of a state."""
    low = {"max_lr": 0.5, "min_lr": 1e-3, "max_momentum": 0.9, "base_momentum": 0.8}
    for build in builds:
        name, options = _call(build)
        if options.get("T_mult", 1) > 1 and at >= options["T_0"]:
            continue  # PyTorch is in the wrong cycle then; see test_schedulers.py
        mine, other = optimizers()
        for optimizer in (mine, other):
            for group, rate in zip(optimizer.param_groups, (0.4, 0.05), strict=True):
                group.update({"initial_lr": rate, **low})

        def resumed(library: Any, optimizer: Any, name: str = name, options: Any = options) -> Any:
            return getattr(library, name)(optimizer, **options, last_epoch=at)

        got, expected = trace(resumed, ours, mine, steps=100), trace(resumed, theirs, other, steps=100)
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14, err_msg=f"{name} {options}")


def test_an_object_for_a_function_keeps_its_memory() -> None:
    for name in ("LambdaLR", "MultiplicativeLR"):
        agree(lambda library, optimizer, name=name: getattr(library, name)(optimizer, Remembering(0.99)), reload_at=31)
    powers = itertools.cycle([Power(0.9), Power(0.5)])  # the one that is made later takes over the state of the first
    agree(lambda library, optimizer: library.CyclicLR(optimizer, 0.1, 1.0, 9, scale_fn=next(powers)), reload_at=31)


# --- compositions -----------------------------------------------------------------------------------------------------
PARTS: dict[str, Build] = {
    "constant": lambda L, o: L.ConstantLR(o, factor=0.1, total_iters=4),
    "linear": lambda L, o: L.LinearLR(o, start_factor=0.1, total_iters=9),
    "exponential": lambda L, o: L.ExponentialLR(o, gamma=0.97),
    "step": lambda L, o: L.StepLR(o, step_size=6, gamma=0.5),
    "multi": lambda L, o: L.MultiStepLR(o, milestones=[2, 20], gamma=0.5),
    "cosine": lambda L, o: L.CosineAnnealingLR(o, T_max=30, eta_min=1e-3),
    "restarts": lambda L, o: L.CosineAnnealingWarmRestarts(o, T_0=5, T_mult=2),
    "polynomial": lambda L, o: L.PolynomialLR(o, total_iters=60, power=2),
    "lambda": lambda L, o: L.LambdaLR(o, lambda t: 0.9**t),
    "multiplicative": lambda L, o: L.MultiplicativeLR(o, lambda t: 0.99),
    "one cycle": lambda L, o: L.OneCycleLR(o, max_lr=0.3, total_steps=400),
    "cyclic": lambda L, o: L.CyclicLR(o, base_lr=0.1, max_lr=0.2, step_size_up=11),
}


@pytest.mark.parametrize("names", [*itertools.permutations(PARTS, 2)], ids="-".join)
def test_one_after_another(names: tuple[str, ...]) -> None:
    first, second = (PARTS[name] for name in names)

    def build(library: Any, optimizer: Any) -> Any:
        return library.SequentialLR(optimizer, [first(library, optimizer), second(library, optimizer)], [7])

    agree(build, steps=60, by_hand={5: halve, 20: set_one}, reload_at=15)


@pytest.mark.parametrize("milestones", [[3, 9], [0, 5], [5, 5], [1, 300]])
def test_three_after_another(milestones: list[int]) -> None:
    def build(library: Any, optimizer: Any) -> Any:
        parts = [PARTS[name](library, optimizer) for name in ("linear", "cosine", "exponential")]
        return library.SequentialLR(optimizer, parts, milestones)

    agree(build)
    agree(build, reload_at=4)


@pytest.mark.parametrize("names", [*itertools.permutations(PARTS, 2), ("linear", "cosine", "step")], ids="-".join)
def test_several_at_once(names: tuple[str, ...]) -> None:
    def build(library: Any, optimizer: Any) -> Any:
        return library.ChainedScheduler([PARTS[name](library, optimizer) for name in names])

    agree(build, steps=60, by_hand={5: halve, 20: set_one}, reload_at=15)


def test_a_sequence_within_a_chain() -> None:
    def build(library: Any, optimizer: Any) -> Any:
        parts = [PARTS[name](library, optimizer) for name in ("linear", "exponential")]
        return library.ChainedScheduler(
            [library.SequentialLR(optimizer, parts, [9]), PARTS["step"](library, optimizer)]
        )

    agree(build)


# --- plateau ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_plateau(mode: str, threshold_mode: str) -> None:
    rng = np.random.default_rng(0)
    metrics = [*(2 + np.exp(-np.arange(STEPS) / 20) * rng.uniform(0.5, 1.5, STEPS) * (-1 if mode == "max" else 1))]
    metrics[30] = math.nan
    rows = itertools.product([0.1, 0.5], [0, 3], [0.0, 1e-4, 0.1], [0, 4], [0, 1e-3, [1e-2, 0]], [1e-8, 1e-2])
    for factor, patience, threshold, cooldown, min_lr, eps in rows:
        found = []
        for library, optimizer in zip((ours, theirs), optimizers(), strict=True):
            arguments = (optimizer, mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps)
            scheduler = library.ReduceLROnPlateau(*arguments)
            found.append([])
            for step, metric in enumerate(metrics):
                if step == 50:
                    state = json.loads(json.dumps(scheduler.state_dict()))
                    scheduler = library.ReduceLROnPlateau(optimizer)
                    scheduler.load_state_dict(state)
                if step == 70:
                    halve(optimizer)
                scheduler.step(metric)
                found[-1].append(scheduler.get_last_lr())
        np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


# --- the order of the first steps -------------------------------------------------------------------------------------
@pytest.mark.parametrize("build", [CHAINABLE[2], CHAINABLE[-3], FROM_BASE[0], CYCLIC[3]])
def test_both_orders_of_the_first_step(build: Build) -> None:
    found, messages = [], []
    for library, tensors in ((ours, mg), (theirs, torch)):
        weight = tensors.tensor([1.0, 2.0], requires_grad=True)
        optimizer = tensors.optim.SGD([weight], lr=0.1, momentum=0.9)
        try:
            scheduler = build(library, optimizer)
        except ValueError:  # of arguments for two groups
            return
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(20):
                scheduler.step()
                optimizer.zero_grad()
                (weight * weight).sum().backward()
                optimizer.step()
        messages.append([str(warning.message) for warning in caught])
        found.append(weight.detach().numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
    assert [len(some) for some in messages] == [1, 1]
    assert "optimizer.step(); scheduler.step()" in messages[0][0]


# --- schedules of users' own ------------------------------------------------------------------------------------------
def own_classes(library: Any) -> list[type]:
    class Noam(library.LRScheduler):
        def __init__(self, optimizer: Any, warmup: int, last_epoch: int = -1) -> None:
            self.warmup = warmup
            super().__init__(optimizer, last_epoch)

        def get_lr(self) -> list[float]:
            step = max(1, self.last_epoch)
            return [base * min(step**-0.5, step * self.warmup**-1.5) for base in self.base_lrs]

    class Shrinking(library._LRScheduler):
        def __init__(self, optimizer: Any, last_epoch: int = -1) -> None:
            super().__init__(optimizer, last_epoch)

        def get_lr(self) -> list[float]:
            if not self._get_lr_called_within_step:
                raise AssertionError
            if self.last_epoch == 0 or self._step_count < 2:
                return [group["lr"] for group in self.optimizer.param_groups]
            return [group["lr"] * 0.9 for group in self.optimizer.param_groups]

    class Closed(library.LRScheduler):
        def get_lr(self) -> list[float]:
            return self._get_closed_form_lr()

        def _get_closed_form_lr(self) -> list[float]:
            return [base / (1 + self.last_epoch) for base in self.base_lrs]

    return [lambda o: Noam(o, 20), Shrinking, Closed]


@pytest.mark.parametrize("which", range(3))
def test_schedules_of_users_own(which: int) -> None:
    agree(lambda library, optimizer: own_classes(library)[which](optimizer), by_hand=BY_HAND, reload_at=50)
    if which == 2:
        agree(lambda library, optimizer: own_classes(library)[which](optimizer), jump={5: 50})

    def sequential(library: Any, optimizer: Any) -> Any:
        return library.SequentialLR(
            optimizer, [library.LinearLR(optimizer), own_classes(library)[which](optimizer)], milestones=[4]
        )

    agree(sequential)
