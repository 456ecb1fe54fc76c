"""What a Trace knows of every operation: the Module, the public function, the backward pass, and the time."""

from __future__ import annotations

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.debug import Trace

F = nn.functional


def leaf(*shape):
    return Tensor(np.ones(shape, np.float32), requires_grad=True)


def test_operations_of_one_call_of_a_function_share_it():
    with Trace() as trace:
        F.cross_entropy(leaf(2, 3), [0, 1], label_smoothing=0.1)
        F.cross_entropy(leaf(2, 3), [0, 1], label_smoothing=0.1)
    first, _, second, _ = [step.function for step in trace.steps]
    assert [step.function.name for step in trace.steps] == ["cross_entropy"] * 4
    assert trace.steps[0].function is trace.steps[1].function and first is not second


def test_the_outermost_function_counts_and_an_operation_of_its_own_has_none():
    with Trace() as trace:
        (F.avg_pool2d(leaf(1, 1, 4, 4), 2) * 2).flatten()
    names = [step.function and step.function.name for step in trace.steps]
    assert names[:3] == ["avg_pool2d"] * 3 and names[3:] == [None, "flatten"]


def test_functions_do_not_reach_beyond_the_module_that_calls_them():
    model = nn.Sequential(nn.Linear(2, 2), nn.MaxPool1d(1))
    with Trace(model) as trace:
        model(leaf(3, 2))
    assert [(step.path, step.function.name) for step in trace.steps if step.path == "1"][0] == ("1", "max_pool1d")


def test_what_a_backward_pass_records_is_marked():
    x = leaf(2)
    with Trace() as trace:
        y = x.tanh().sum()
        (g,) = mg.autograd.grad(y, [x], create_graph=True)
        g.sum()
    marks = [step.in_backward for step in trace.steps]
    assert marks[:2] == [False, False] and not marks[-1] and any(marks)


def test_time_is_taken_between_operations():
    a, b = leaf(400, 400), leaf(4, 4)
    with Trace() as trace:
        a @ a
        b @ b
    assert trace.steps[0].seconds > trace.steps[1].seconds > 0
