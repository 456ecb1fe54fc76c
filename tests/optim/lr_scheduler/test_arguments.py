"""Schedules: arguments out of range leave the optimizer as it was; groups that come later; PyTorch's signatures."""

from __future__ import annotations

import inspect
import math
import re
from typing import Any

import pytest

import minigrad as mg
from minigrad.optim import SGD
from minigrad.optim import lr_scheduler as L
from tests.optim.lr_scheduler.test_schedulers import optimizer, rates


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda o: L.StepLR(mg.tensor([1.0]), 3),
            TypeError,
            "StepLR takes an optimizer, got Tensor; write StepLR(optim",
        ),
        (lambda o: L.StepLR(o, 0), ValueError, "step_size is a number of steps and must be above 0, got 0"),
        (lambda o: L.StepLR(o, 3, last_epoch=4), KeyError, "group 0 has no 'initial_lr'"),
        (lambda o: L.MultiStepLR(o, 30), TypeError, "take StepLR(optimizer, 30)"),
        (lambda o: L.ConstantLR(o, 2.0), ValueError, "factor must be between 0 and 1, got 2.0"),
        (lambda o: L.LinearLR(o, 0.0), ValueError, "start_factor must be above 0 and at most 1, got 0.0"),
        (lambda o: L.LinearLR(o, 1.0, 1.1), ValueError, "end_factor must be between 0 and 1, got 1.1"),
        (lambda o: L.WarmupLR(o, -1), ValueError, "warmup_steps must be at least 0, got -1"),
        (lambda o: L.warmup_cosine(o, 10, 10), ValueError, "below total_steps, got 10 and 10"),
        (lambda o: L.warmup_cosine(o, 1, 10, 2.0), ValueError, "min_ratio is a share"),
        (lambda o: L.PolynomialLR(o, 0), ValueError, "total_iters is a number of steps and must be above 0"),
        (lambda o: L.PolynomialLR(o, 5, -1.0), ValueError, "power must be at least 0"),
        (lambda o: L.CosineAnnealingLR(o, 0), ValueError, "T_max is a number of steps and must be above 0"),
        (lambda o: L.CosineAnnealingWarmRestarts(o, 1.5), ValueError, "T_0 must be an integer of at least 1, got 1.5"),
        (lambda o: L.CosineAnnealingWarmRestarts(o, 1, 0), ValueError, "T_mult must be an integer of at least 1"),
        (lambda o: L.CosineAnnealingWarmRestarts(o, 1, 1, "0"), ValueError, "eta_min must be a number, got '0'"),
        (lambda o: L.CosineAnnealingWarmRestarts(o, 1).step(-1), ValueError, "epoch must be at least 0, got -1"),
        (lambda o: L.LambdaLR(o, 0.9), TypeError, "lr_lambda must be a function of the step"),
        (lambda o: L.LambdaLR(o, [math.sqrt] * 2), ValueError, "got 2 functions for 1 parameter groups"),
        (lambda o: L.LambdaLR(o, lambda t: None), TypeError, "lr_lambda returned None for step 0"),
        (lambda o: L.OneCycleLR(o, 1.0), ValueError, "needs total_steps, or epochs and steps_per_epoch=len(loader)"),
        (lambda o: L.OneCycleLR(o, 1.0, 1.5), ValueError, "total_steps must be an integer above 0, got 1.5"),
        (lambda o: L.OneCycleLR(o, 1.0, None, 3, 0), ValueError, "steps_per_epoch must be an integer above 0, got 0"),
        (lambda o: L.OneCycleLR(o, 1.0, 9, pct_start=30), ValueError, "pct_start is a share"),
        (lambda o: L.OneCycleLR(o, 1.0, 9, anneal_strategy="up"), ValueError, "'cos' or 'linear', got 'up'"),
        (lambda o: L.OneCycleLR(o, [1.0, 2.0], 9), ValueError, "max_lr must be one number, or as many"),
        (lambda o: L.CyclicLR(o, 0.1, 1.0, 0), ValueError, "step_size_up is a number of steps"),
        (lambda o: L.CyclicLR(o, 0.1, 1.0, 5, -1), ValueError, "step_size_down is a number of steps, at least 0"),
        (lambda o: L.CyclicLR(o, 0.1, 1.0, mode="saw"), ValueError, "mode must be one of 'triangular'"),
        (lambda o: L.CyclicLR(o, 0.1, 1.0, scale_fn=abs, scale_mode="x"), ValueError, "scale_mode must be"),
        (lambda o: L.ReduceLROnPlateau(o, "low"), ValueError, "mode must be 'min' or 'max', got 'low'"),
        (lambda o: L.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor must be at least 0 and below 1, got 1.0"),
        (lambda o: L.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold_mode must be"),
        (lambda o: L.ReduceLROnPlateau(o, min_lr=[0, 0]), ValueError, "min_lr has 2 rates for 1 parameter groups"),
        (lambda o: L.SequentialLR(o, [], []), ValueError, "SequentialLR needs at least one scheduler"),
        (lambda o: L.SequentialLR(o, [L.StepLR(o, 1)], [3]), ValueError, "1 schedulers and 1 milestones"),
        (lambda o: L.SequentialLR(o, [L.StepLR(o, 1)] * 3, [3, 1]), ValueError, "milestones must rise, got [3, 1]"),
        (lambda o: L.SequentialLR(o, [L.ReduceLROnPlateau(o)], []), ValueError, "call its step(metric) by itself"),
        (lambda o: L.ChainedScheduler([math.sqrt]), TypeError, "scheduler 0 of ChainedScheduler is builtin_function"),
        (
            lambda o: L.ChainedScheduler([L.StepLR(o, 1), L.StepLR(optimizer(), 1)]),
            ValueError,
            "scheduler 1 of ChainedScheduler belongs to another optimizer",
        ),
        (lambda o: L.StepLR(o, 1).load_state_dict(o.state_dict()), ValueError, "this is the state of an optimizer"),
        (lambda o: L.StepLR(o, 1).load_state_dict([1]), TypeError, "got list"),
        (lambda o: L.LRScheduler(o), NotImplementedError, "LRScheduler has no get_lr; define it"),
        (lambda o: L.preview(L.ReduceLROnPlateau(o), 3), TypeError, "depend on metrics"),
        (lambda o: L.preview(L.StepLR(o, 1), 0), ValueError, "steps must be at least 1, got 0"),
        (lambda o: L.preview(3, 3), TypeError, "a scheduler or a function of the step, got int"),
    ],
)
def test_errors(make: Any, kind: type[Exception], message: str) -> None:
    made = optimizer(momentum=0.9)
    with pytest.raises(kind, match=re.escape(message)):
        make(made)
    assert made.param_groups[0]["lr"] == 1.0


def test_errors_of_optimizers_without_momentum_and_after_the_end() -> None:
    class Plain(SGD):
        def __init__(self, params: Any) -> None:
            super().__init__(params)
            self.defaults = {name: value for name, value in self.defaults.items() if name != "momentum"}

    made = Plain([mg.tensor([1.0], requires_grad=True)])
    for make in (lambda: L.OneCycleLR(made, 1.0, 9), lambda: L.CyclicLR(made, 0.1, 1.0)):
        with pytest.raises(ValueError, match="neither momentum nor betas.*cycle_momentum=False"):
            make()
    scheduler = L.OneCycleLR(optimizer(momentum=0.9), 1.0, 2)
    with pytest.raises(
        ValueError, match=r"made for total_steps=2, and this would be step 3; .*epochs \* len\(loader\)"
    ):
        rates(scheduler, 4)


def test_groups_that_are_added_later() -> None:
    made = optimizer()
    multiplying, computing = L.StepLR(made, 1, 0.5), L.CosineAnnealingWarmRestarts(made, 4)
    made.add_param_group({"params": [mg.tensor([1.0], requires_grad=True)], "lr": 3.0})
    made.step()
    multiplying.step()
    assert made.param_groups[1]["lr"] == 1.5
    with pytest.raises(ValueError, match=r"1 base_lrs for 2 parameter groups; .*scheduler.base_lrs.append\(0.01\)"):
        computing.step()
    computing.base_lrs.append(2.0)
    computing.step()
    plateau = L.ReduceLROnPlateau(made, min_lr=[0.0, 0.0], patience=0)
    made.add_param_group({"params": [mg.tensor([1.0], requires_grad=True)]})
    with pytest.raises(RuntimeError, match=r"scheduler.min_lrs.append\(0.0\)"):
        [plateau.step(1.0) for _ in range(2)]


def test_get_lr_is_for_step_alone() -> None:
    scheduler = L.ExponentialLR(optimizer(), 0.5)
    with pytest.warns(UserWarning, match=r"the last rates are scheduler.get_last_lr\(\)"):
        scheduler.get_lr()


def test_signatures_are_pytorchs() -> None:
    theirs = pytest.importorskip("torch", reason="parity with PyTorch needs torch").optim.lr_scheduler
    for name in set(theirs.__all__) | {"_LRScheduler"}:
        for method in ("__init__", "step", "state_dict", "load_state_dict", "get_last_lr"):
            mine, other = (inspect.signature(getattr(getattr(place, name), method)) for place in (L, theirs))
            assert list(mine.parameters) == list(other.parameters), (name, method)
            for mine_of, other_of in zip(mine.parameters.values(), other.parameters.values(), strict=True):
                assert (mine_of.default, mine_of.kind) == (other_of.default, other_of.kind), (name, method)
