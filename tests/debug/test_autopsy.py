"""autopsy: what anomaly mode says, and where the values grew."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, debug, nn
from minigrad.core.graph import anomaly


def message(run, model=None):
    with pytest.raises(FloatingPointError) as caught, np.errstate(all="ignore"), debug.autopsy(model):
        run()
    assert anomaly.get() is None
    return str(caught.value)


def test_the_history_of_a_value():
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    with mg.no_grad():
        model[0].weight.copy_(Tensor([[1e20, 0.0], [0.0, 1.0]]))
        model[1].weight.copy_(Tensor([[1e19, 0.0], [0.0, 1.0]]))
    text = message(lambda: model(mg.ones(3, 2)), model)
    assert text.startswith("linear produced a non-finite value at ")
    assert "cause:" in text and "cure:" in text and "how the values got there (in 1):" in text
    lines = text.splitlines()
    assert lines[-2] == "    0.weight (2, 2): up to 1e+20"
    assert lines[-1].startswith("    linear in 0 (3, 2), ") and lines[-1].endswith(": up to 1e+20")


def test_the_history_of_a_derivative():
    x = Tensor([4.0, 0.0], requires_grad=True)
    text = message(lambda: (x * 1).sqrt().sum().backward())
    assert "the derivative of sqrt" in text and "the gradient that arrived: up to 1" in text
    assert text.endswith("up to 2") and "multiply (2,)" in text


def test_a_long_history_is_cut():
    def run():
        x = Tensor([2.0], requires_grad=True)
        for _ in range(40):
            x = x * 50

    lines = message(run).splitlines()
    start = next(i for i, line in enumerate(lines) if "how the values got there" in line)
    assert len(lines) - start - 1 <= 8 and any("more …" in line for line in lines)


def test_nothing_happens_where_all_is_finite():
    model, x = nn.Linear(2, 2), mg.ones(3, 2)
    with debug.autopsy(model):
        model(x).sum().backward()
    assert model.weight.grad is not None
    model(x)
