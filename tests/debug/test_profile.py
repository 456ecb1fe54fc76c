"""profile: every operation is counted once, forward and backward, in its Module; nothing is left behind."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.core.graph import anomaly
from minigrad.core.primitive import REGISTRY
from minigrad.debug import profile
from minigrad.nn import functional as F


def model_and_step():
    model = nn.Sequential(nn.Linear(8, 16), nn.Sequential(nn.LayerNorm(16), nn.ReLU()), nn.Linear(16, 3))
    optimizer = optim.Adam(model.parameters())
    x, y = mg.randn(32, 8), mg.Tensor(np.arange(32) % 3)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return model, step


def test_what_is_counted():
    model, step = model_and_step()
    with profile(model) as profiled:
        for _ in range(3):
            step()
    calls = {cost.operation: cost.calls for cost in profiled.operations}
    assert calls == {"linear": 6, "layer_norm": 3, "relu": 3, "cross_entropy": 3}
    assert all(cost.forward > 0 and cost.backward > 0 for cost in profiled.operations)
    assert {cost.module for cost in profiled.modules} == {"0", "1.0", "1.1", "2", ""}
    assert profiled.optimizer > 0 and profiled.rest >= 0
    whole = sum(cost.seconds for cost in profiled.costs) + profiled.optimizer + profiled.rest
    assert whole == pytest.approx(profiled.seconds)
    seconds = [cost.seconds for cost in profiled.operations]
    assert seconds == sorted(seconds, reverse=True)


def test_memory_is_counted_once():
    x = mg.randn(1000, 4, requires_grad=True)
    with profile() as profiled:
        y = x.exp()  # saves its own output
        z = y.reshape(4000)  # a view
    kept = {cost.operation: cost.kept for cost in profiled.operations}
    assert kept == {"exp": 16000, "reshape": 0} and z.shape == (4000,)


def test_results_are_the_same_and_nothing_is_left_behind():
    forwards = {name: op.forward for name, op in REGISTRY.items()}
    rules = {name: (dict(op.rules), op.joint_rule) for name, op in REGISTRY.items()}
    losses = []
    for profiled in (False, True):
        mg.manual_seed(0)
        model, step = model_and_step()
        if profiled:
            with profile(model):
                losses.append([step() for _ in range(3)])
        else:
            losses.append([step() for _ in range(3)])
    assert losses[0] == losses[1]
    with pytest.raises(ZeroDivisionError), profile(model):
        raise ZeroDivisionError
    assert {name: op.forward for name, op in REGISTRY.items()} == forwards
    assert {name: (dict(op.rules), op.joint_rule) for name, op in REGISTRY.items()} == rules
    assert anomaly.get() is None
    assert step() < 10


def test_graphs_from_before_and_second_order():
    x = mg.randn(3, requires_grad=True)
    y = (x * x).sum()
    with profile() as profiled:
        (g,) = mg.autograd.grad(y, [x], create_graph=True)
        g.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.ones(3))
    assert profiled.costs


def test_the_table_and_the_picture():
    pytest.importorskip("matplotlib", reason="a profile is drawn with matplotlib")
    model, step = model_and_step()
    with profile(model) as profiled:
        step()
    text = str(profiled)
    assert text.splitlines()[0].endswith("ms in all")
    for word in ("linear", "(optimizer)", "(everything else)", "module", "1.0", "(outside)", "KiB"):
        assert word in text
    axes = profiled.plot()
    assert "everything else" in [t.get_text() for t in axes.texts] or len(axes.patches) > 8
