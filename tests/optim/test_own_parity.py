"""Optimizers that users write: the same source for both libraries, only the imports differ."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np
import pytest

import minigrad
from tests.optim.pairs import Pair, exchanged, torch

HEAVY_BALL = """
class HeavyBall(Optimizer):
    def __init__(self, params, lr=required, momentum=0.0, weight_decay=0.0, nesterov=False):
        if lr is not required and lr < 0.0:
            raise ValueError("Invalid learning rate: {}".format(lr))
        defaults = dict(lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov)
        super(HeavyBall, self).__init__(params, defaults)

    def __setstate__(self, state):
        super(HeavyBall, self).__setstate__(state)
        for group in self.param_groups:
            group.setdefault("nesterov", False)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                d_p = p.grad
                if group["weight_decay"] != 0:
                    d_p = d_p.add(p, alpha=group["weight_decay"])
                if group["momentum"] != 0:
                    param_state = self.state[p]
                    if "momentum_buffer" not in param_state:
                        buf = param_state["momentum_buffer"] = torch.clone(d_p).detach()
                    else:
                        buf = param_state["momentum_buffer"]
                        buf.mul_(group["momentum"]).add_(d_p)
                    d_p = d_p.add(buf, alpha=group["momentum"]) if group["nesterov"] else buf
                p.add_(d_p, alpha=-group["lr"])
        return loss
"""

ADA_BELIEF = """
class AdaBelief(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})
        self.lr_at_start = lr

    def step(self, closure=None):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                grad = p.grad.data
                state = self.state[p]
                if len(state) == 0:
                    state["step"] = 0
                    state["exp_avg"] = torch.zeros_like(p.data)
                    state["exp_avg_var"] = torch.zeros_like(p.data)
                state["step"] += 1
                mean, var = state["exp_avg"], state["exp_avg_var"]
                mean.mul_(beta1).add_(grad, alpha=1 - beta1)
                residual = grad - mean
                var.mul_(beta2).add_(residual * residual * (1 - beta2))
                denom = (var.sqrt() / math.sqrt(1 - beta2 ** state["step"])).add_(group["eps"])
                p.data.add_(mean / denom * (-group["lr"] / (1 - beta1 ** state["step"])))
"""

LOOKAHEAD = '''
class LookaheadAdam(Adam):
    """Keeps slow weights beside the state of its parent."""

    def step(self, closure=None):
        loss = super().step(closure)
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "slow" not in state:
                    state["slow"] = p.data.clone()
                if int(state["step"]) % 5 == 0:
                    state["slow"] += 0.5 * (p.data - state["slow"])
                    p.data.copy_(state["slow"])
        return loss
'''
SOURCES = {"HeavyBall": HEAVY_BALL, "AdaBelief": ADA_BELIEF, "LookaheadAdam": LOOKAHEAD}
CASES = [
    ("HeavyBall", {"lr": 0.02}),
    ("HeavyBall", {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.1}),
    ("HeavyBall", {"lr": 0.02, "momentum": 0.9, "nesterov": True}),
    ("AdaBelief", {"lr": 0.02}),
    ("LookaheadAdam", {"lr": 0.02, "weight_decay": 0.1}),
]


def written(name: str, library: Any) -> Any:
    names = {"torch": library, "math": math, "Optimizer": library.optim.Optimizer, "Adam": library.optim.Adam}
    module = importlib.import_module(f"{library.__name__}.optim.optimizer")
    names["required"] = module.required
    exec(SOURCES[name], names)
    return names[name]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_class_of_a_users_own(name: str, options: dict[str, Any]) -> None:
    """Two groups, missing gradients, and states exchanged in the middle."""
    kinds = written(name, minigrad), written(name, torch)
    pair, gaps = Pair(), np.random.default_rng(0)

    def make(pair: Pair) -> tuple[Any, Any]:
        groups = pair.groups(split=2, second={"lr": 0.05})
        return tuple(kind(group, **options) for kind, group in zip(kinds, groups, strict=True))  # type: ignore[return-value]

    ours, theirs = make(pair)
    for step in range(200):
        if step == 100:
            ours, theirs = exchanged(ours, theirs, pair, make)
        pair.push([] if step % 3 else np.flatnonzero(gaps.random(5) < 0.4))
        ours.step()
        theirs.step()
        if step % 10 == 9:
            pair.check()


def test_a_required_option_that_is_missing() -> None:
    with pytest.raises(ValueError, match="group 0 of HeavyBall needs lr"):
        written("HeavyBall", minigrad)([minigrad.ones(2, requires_grad=True)])


def test_hooks_around_the_step_of_ones_own_class_run_once() -> None:
    calls: list[str] = []
    for library in (minigrad, torch):
        w = library.ones(2, requires_grad=True)
        w.sum().backward()
        optimizer = written("LookaheadAdam", library)([w], lr=0.5)
        optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: calls.append("before"))
        optimizer.register_step_post_hook(lambda optimizer, args, kwargs: calls.append("after"))
        optimizer.step()
        assert library is torch or calls == ["before", "after"]
