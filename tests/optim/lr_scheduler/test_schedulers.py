"""Schedules: what differs from PyTorch on purpose, compositions within compositions, copies, and pictures."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import sys
import weakref
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import SGD, Adam
from minigrad.optim import lr_scheduler as L
from minigrad.optim.lr_scheduler import schedules


def optimizer(kind: type = SGD, lr: float = 1.0, groups: int = 1, **options: Any) -> Any:
    """After its first step."""
    weights = [mg.tensor([1.0], requires_grad=True) for _ in range(groups)]
    made = kind([{"params": [weight]} for weight in weights], lr=lr, **options)
    for weight in weights:
        weight.grad = mg.tensor([0.0])
    return made


def rates(scheduler: Any, steps: int) -> list[float]:
    found = []
    for _ in range(steps):
        found.append(scheduler.get_last_lr()[0])
        scheduler.optimizer.step()
        scheduler.step()
    return found


SOME = [
    lambda o: L.ChainedScheduler([L.WarmupLR(o, 3), L.StepLR(o, 6)]),
    lambda o: L.SequentialLR(o, [L.WarmupLR(o, 3), L.ExponentialLR(o, 0.9)], [3]),
    lambda o: L.warmup_cosine(o, 3, 30),
]


# --- a schedule is a function of the step -----------------------------------------------------------------------------
PAIRS = [
    (lambda o: L.ConstantLR(o, 0.2, 3), lambda t: schedules.constant(t, 0.2, 3)),
    (lambda o: L.LinearLR(o, 0.2, 0.9, 7), lambda t: schedules.linear(t, 0.2, 0.9, 7)),
    (lambda o: L.WarmupLR(o, 5), lambda t: schedules.warmup(t, 5)),
    (lambda o: L.WarmupLR(o, 0), lambda t: 1.0),
    (lambda o: L.StepLR(o, 4, 0.3), lambda t: schedules.step_decay(t, 4, 0.3)),
    (lambda o: L.MultiStepLR(o, [2, 2, 9], 0.3), lambda t: schedules.multi_step(t, [9, 2, 2], 0.3)),
    (lambda o: L.ExponentialLR(o, 0.8), lambda t: schedules.exponential(t, 0.8)),
    (lambda o: L.PolynomialLR(o, 9, 2), lambda t: schedules.polynomial(t, 9, 2)),
    (lambda o: L.CosineAnnealingLR(o, 9, 0.1), lambda t: schedules.cosine(t, 9, 1.0, 0.1)),
    (
        lambda o: L.CosineAnnealingWarmRestarts(o, 3, 2, 0.1),
        lambda t: schedules.cosine_restarts(t, 3, 2, 1.0, 0.1),
    ),
    (lambda o: L.warmup_cosine(o, 4, 20, 0.1), lambda t: schedules.warmup_cosine(t, 4, 20, 0.1)),
    (
        lambda o: L.OneCycleLR(o, 1.0, 30, three_phase=True, cycle_momentum=False),
        lambda t: schedules.one_cycle(t, 30, three_phase=True),
    ),
    (
        lambda o: L.OneCycleLR(o, 1.0, 30, pct_start=0.1, anneal_strategy="linear", cycle_momentum=False),
        lambda t: schedules.one_cycle(t, 30, 0.1, "linear"),
    ),
    *[
        (
            lambda o, mode=mode: L.CyclicLR(o, 0.1, 2.0, 4, 7, mode, 0.9, cycle_momentum=False),
            lambda t, mode=mode: schedules.cyclic(t, 0.1, 2.0, 4, 7, mode, 0.9),
        )
        for mode in ("triangular", "triangular2", "exp_range")
    ],
]


@pytest.mark.parametrize(("make", "function"), PAIRS)
def test_a_class_is_the_face_of_a_function(make: Any, function: Any) -> None:
    expected = [function(step) for step in range(30)]
    np.testing.assert_allclose(rates(make(optimizer()), 30), expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(rates(L.LambdaLR(optimizer(), function), 30), expected, rtol=1e-12, atol=1e-15)


def test_warm_up_and_cosine_in_one_line() -> None:
    found = rates(L.warmup_cosine(optimizer(Adam, lr=2.0), warmup_steps=4, total_steps=20, min_ratio=0.1), 30)
    np.testing.assert_allclose(found[:5], [0.4, 0.8, 1.2, 1.6, 2.0])
    assert all(np.diff(found[4:21]) < 0)
    np.testing.assert_allclose(found[20:], 0.2)


# --- where PyTorch is wrong -------------------------------------------------------------------------------------------
def test_a_warm_up_of_no_steps_is_none() -> None:
    """PyTorch stays at the first factor for ever."""
    assert rates(L.LinearLR(optimizer(), 0.1, total_iters=0), 4) == [1.0] * 4
    assert rates(L.ConstantLR(optimizer(), 0.1, total_iters=0), 4) == [1.0] * 4


def test_a_rate_of_zero_for_some_steps() -> None:
    """PyTorch divides by zero at the end of it."""
    assert rates(L.ConstantLR(optimizer(lr=0.3), 0.0, total_iters=2), 4) == [0.0, 0.0, 0.3, 0.3]


def test_restarts_are_counted_exactly() -> None:
    """PyTorch's logarithm is a bit less than 5 where the sixth cycle begins, and gives the lowest rate there."""
    assert math.log(3**5, 3) < 5
    scheduler = L.CosineAnnealingWarmRestarts(optimizer(), T_0=2, T_mult=3)
    for epoch in (2 * (3**5 - 1) // 2, 5.25, 1.5, 500):
        scheduler.step(epoch)
        assert scheduler.get_last_lr() == [pytest.approx(schedules.cosine_restarts(epoch, 2, 3), abs=1e-12)]
    assert scheduler.last_epoch == 500
    scheduler.step()
    assert scheduler.get_last_lr() == [pytest.approx(schedules.cosine_restarts(501, 2, 3))]


def test_restarts_are_resumed_in_the_right_cycle() -> None:
    """PyTorch takes the second cycle, whatever the step."""
    made = optimizer()
    made.param_groups[0]["initial_lr"] = 1.0
    found = rates(L.CosineAnnealingWarmRestarts(made, 10, 2, last_epoch=50), 40)
    np.testing.assert_allclose(found, [schedules.cosine_restarts(51 + t, 10, 2) for t in range(40)], atol=1e-12)


def test_a_first_phase_of_one_step_is_its_end() -> None:
    """PyTorch divides by zero."""
    assert rates(L.OneCycleLR(optimizer(momentum=0.9), 1.0, 10, pct_start=0.1), 1) == [1.0]


@pytest.mark.parametrize(("mode", "sign"), [("min", 1), ("max", -1)])
def test_a_plateau_of_negative_metrics(mode: str, sign: int) -> None:
    """For PyTorch a value equal to the best is better than it, if that is negative, so that the rate never falls."""
    for best in (-10.0, 10.0):
        scheduler = L.ReduceLROnPlateau(optimizer(), mode, factor=0.5, patience=1)
        for metric in [best, best, best - sign * 1e-4, best]:  # the third is better, by less than the threshold
            scheduler.step(metric)
        assert scheduler.get_last_lr() == [0.5]
        scheduler.step(best - sign * 1e-2)
        assert scheduler.num_bad_epochs == 0
        assert scheduler.best == best - sign * 1e-2


# --- compositions within compositions ---------------------------------------------------------------------------------
def test_a_chain_within_a_sequence() -> None:
    made = optimizer()
    chain = L.ChainedScheduler([L.ConstantLR(made, 0.1, 2), L.ExponentialLR(made, 0.5)])
    both = L.SequentialLR(made, [chain, L.StepLR(made, 2, 0.1)], [4])
    np.testing.assert_allclose(rates(both, 8), [0.1, 0.05, 0.25, 0.125, 1, 1, 0.1, 0.1])
    made = optimizer()
    chain = L.ChainedScheduler([L.ConstantLR(made, 0.1, 2), L.ExponentialLR(made, 0.5)])
    both = L.SequentialLR(made, [L.StepLR(made, 2, 0.1), chain], [4])
    np.testing.assert_allclose(rates(both, 8), [1, 1, 0.1, 0.1, 0.1, 0.05, 0.25, 0.125])


def test_a_sequence_within_a_sequence() -> None:
    def inner(made: Any) -> Any:
        return L.SequentialLR(made, [L.ConstantLR(made, 0.5, 9), L.ExponentialLR(made, 0.1)], [2])

    expected = [0.5, 0.5, 1, 0.1]
    made = optimizer()
    outer = L.SequentialLR(made, [inner(made), L.PolynomialLR(made, 4)], [4])
    np.testing.assert_allclose(rates(outer, 8), [*expected, 1, 0.75, 0.5, 0.25])
    made = optimizer()
    outer = L.SequentialLR(made, [L.PolynomialLR(made, 4), inner(made)], [4])
    np.testing.assert_allclose(rates(outer, 8), [1, 0.75, 0.5, 0.25, *expected])
    made = optimizer()
    outer = L.SequentialLR(made, [L.PolynomialLR(made, 4), inner(made)], [4])
    rates(outer, 6)
    state, rate = copy.deepcopy(outer.state_dict()), made.param_groups[0]["lr"]
    made = optimizer()
    again = L.SequentialLR(made, [L.PolynomialLR(made, 4), inner(made)], [4])
    again.load_state_dict(state)
    made.param_groups[0]["lr"] = rate
    np.testing.assert_allclose(rates(again, 2), expected[2:])


# --- the optimizer that is watched ------------------------------------------------------------------------------------
def test_the_order_of_the_calls_is_looked_at_once() -> None:
    made = optimizer()
    scheduler, other = L.StepLR(made, 3), L.ExponentialLR(made, 0.9)
    with pytest.warns(UserWarning, match=r"never used. Write, in this order: .*optimizer.step\(\); scheduler.step\(\)"):
        scheduler.step()
    scheduler.step()
    other.step()  # a second warning would be an error
    made = optimizer()
    scheduler = L.StepLR(made, 3)
    made.step()
    scheduler.step()
    made.step = lambda: None
    scheduler = L.StepLR(optimizer(), 3)
    scheduler.optimizer.step = lambda: None
    with pytest.warns(UserWarning, match="SGD.step was replaced after the scheduler was made"):
        scheduler.step()


def test_a_step_of_the_users_own_is_kept() -> None:
    made, called = optimizer(), []
    made.step = lambda: called.append(1)
    scheduler = L.StepLR(made, 3)
    made.step()
    scheduler.step()
    assert called == [1]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_a_copy_steps_its_own_weights(copied: Any) -> None:
    made = optimizer(lr=0.1)
    scheduler = L.ExponentialLR(made, 0.5)
    twin_scheduler = copied(scheduler)
    twin = twin_scheduler.optimizer
    assert twin is not made
    weight, other = (o.param_groups[0]["params"][0] for o in (made, twin))
    other.grad = mg.tensor([1.0])
    twin.step()
    twin_scheduler.step()
    assert (weight.item(), other.item()) == (1.0, pytest.approx(0.9))
    assert (made.param_groups[0]["lr"], twin.param_groups[0]["lr"]) == (0.1, 0.05)
    alone = copied(made)
    alone.param_groups[0]["params"][0].grad = mg.tensor([1.0])
    alone.step()
    assert weight.item() == 1.0


def test_a_scheduler_does_not_keep_its_optimizer_alive() -> None:
    made = optimizer()
    L.StepLR(made, 3)
    gone = weakref.ref(made)
    gc.disable()
    try:
        del made
        assert gone() is None
    finally:
        gc.enable()


def test_a_rate_that_is_a_tensor_is_filled() -> None:
    made = optimizer()
    rate = made.param_groups[0]["lr"] = mg.tensor(1.0)
    scheduler = L.ExponentialLR(made, 0.5)
    made.step()
    scheduler.step()
    assert made.param_groups[0]["lr"] is rate
    assert (rate.item(), scheduler.base_lrs[0].item()) == (0.5, 1.0)


def test_a_state_is_a_copy() -> None:
    made = optimizer()
    scheduler = L.MultiStepLR(made, [1, 2])
    state = scheduler.state_dict()
    made.step()
    scheduler.step()
    assert (state["last_epoch"], state["_last_lr"]) == (0, [1.0])
    state["milestones"] = {"5": 1}  # as JSON gives it back
    scheduler.load_state_dict(state)
    assert dict(scheduler.milestones) == {5: 1}
    state["base_lrs"].append(3)
    assert scheduler.base_lrs == [1.0]


@pytest.mark.parametrize("make", [lambda o: L.OneCycleLR(o, 0.1, 40), lambda o: L.CosineAnnealingLR(o, 7), *SOME])
def test_a_run_goes_on_bit_for_bit_from_both_states(make: Any) -> None:
    def run(steps: int, states: Any = None) -> Any:
        weight = mg.tensor([1.0, -2.0], requires_grad=True)
        made = Adam([{"params": [weight], "lr": 0.3}])
        scheduler = make(made)
        if states is not None:
            weight = mg.tensor(states[2], requires_grad=True)
            made = Adam([{"params": [weight], "lr": 0.3}])
            scheduler = make(made)
            made.load_state_dict(states[0])
            scheduler.load_state_dict(states[1])
        for _ in range(steps):
            made.zero_grad()
            (weight * weight).sum().backward()
            made.step()
            scheduler.step()
        return made.state_dict(), scheduler.state_dict(), weight.detach().tolist()

    whole, part = run(20), run(13)
    again = run(7, part)
    assert whole[2] == again[2]
    assert whole[1] == again[1]
    assert whole[0]["param_groups"] == again[0]["param_groups"]


# --- preview and picture ----------------------------------------------------------------------------------------------
def test_a_preview_leaves_everything_as_it_is() -> None:
    made = optimizer(groups=2, momentum=0.9)
    made.param_groups[1]["lr"] = 0.5
    chain = L.ChainedScheduler([L.WarmupLR(made, 2), L.StepLR(made, 3, 0.1)])
    before = copy.deepcopy((chain.state_dict(), [{**g, "params": 0} for g in made.param_groups]))
    found = L.preview(chain, 6)
    np.testing.assert_allclose(found, [[1 / 3, 2 / 3, 1, 0.1, 0.1, 0.1], [1 / 6, 1 / 3, 0.5, 0.05, 0.05, 0.05]])
    assert before == (chain.state_dict(), [{**g, "params": 0} for g in made.param_groups])
    assert L.preview(chain, 1) == [[1 / 3], [1 / 6]]
    cycle = L.OneCycleLR(made, 1.0, 9)
    before = [{**g, "params": 0} for g in made.param_groups]
    L.preview(cycle, 9)
    assert before == [{**g, "params": 0} for g in made.param_groups]
    assert not vars(made).get("_opt_called")


def test_picture() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    made = optimizer(groups=2)
    axes = L.plot_schedule(L.StepLR(made, 3), 8)
    assert [line.get_xydata().shape for line in axes.lines] == [(8, 2), (8, 2)]
    assert axes.get_legend() is not None
    assert L.plot_schedule(lambda t: 0.9**t, 5, axes=axes) is axes
    assert axes.lines[2].get_ydata().tolist() == pytest.approx([0.9**t for t in range(5)])
    plt.close(axes.figure)


def test_a_picture_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        L.plot_schedule(math.sqrt, 3)
