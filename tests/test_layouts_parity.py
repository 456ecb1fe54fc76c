"""Whole programs against PyTorch; and the comparison itself must be able to fail, in every way that it looks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests.parity import LAYOUTS, compare, leaf, random, torch

hypothesis = pytest.importorskip("hypothesis", reason="examples are drawn with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

# Smooth functions that keep numbers small, of one tensor and of two; the first argument is the library.
ONE: list[Any] = [
    lambda lib, x: lib.tanh(x),
    lambda lib, x: lib.sigmoid(x),
    lambda lib, x: lib.exp(-x * x),
    lambda lib, x: lib.log(x * x + 1.5),
    lambda lib, x: lib.sqrt(x * x + 0.5),
    lambda lib, x: (x * x + 1) ** -0.5,
    lambda lib, x: lib.softmax(x, -1),
    lambda lib, x: lib.log_softmax(x, 0) * 0.2,
    lambda lib, x: lib.logsumexp(x, (0, 1), True),
    lambda lib, x: lib.mean(x, 0, True),
    lambda lib, x: lib.sum(x, 1, True) * 0.3,
    lambda lib, x: x[[0, 0, -1]],
    lambda lib, x: x[:, [0, -1, 0, 0]],
    lambda lib, x: x[-1:],
    lambda lib, x: lib.broadcast_to(x[:1, :1], (3, 4)),
    lambda lib, x: (x - x.detach() * 0.5) * x,
    lambda lib, x: lib.tanh(x @ x.T @ x),
    lambda lib, x: lib.stack([x, x * 2])[1, :, :1],
]
TWO: list[Any] = [
    lambda lib, x, y: x + y,
    lambda lib, x, y: x - y,
    lambda lib, x, y: x * y,
    lambda lib, x, y: x / (y * y + 1),
    lambda lib, x, y: (x * x + 0.5) ** lib.tanh(y),
    lambda lib, x, y: lib.where(x.detach() > 0, x, y),
    lambda lib, x, y: lib.reshape(lib.reshape(x * y, (-1,)), (x * y).shape),
]
SHAPES = [(3, 4), (1, 4), (3, 1)]  # of the inputs; whatever the steps make of them broadcasts to (3, 4)
step = st.one_of(
    st.tuples(st.sampled_from(range(len(ONE))), st.integers(0, 9)),
    st.tuples(st.sampled_from(range(len(TWO))), st.integers(0, 9), st.integers(0, 9)),
)


@hypothesis.settings(max_examples=120)
@hypothesis.given(st.lists(step, min_size=1, max_size=8), st.integers(0, 1000))
def test_random_programs_to_second_order(steps, seed):
    def program(lib, *inputs):
        made = list(inputs)
        for which, *operands in steps:
            function = (ONE if len(operands) == 1 else TWO)[which]
            made.append(function(lib, *(made[-1 - i % len(made)] for i in operands)))
        total = 0
        for i, value in enumerate(made):
            total = total + (value * value * (i + 1)).sum()
        return total

    arrays = [random(shape, seed=seed + i) for i, shape in enumerate(SHAPES)]
    compare(lambda *t: program(mg, *t), lambda *t: program(torch, *t), *arrays)


def test_equal_functions_agree():
    compare(lambda x, y: x * x * y, lambda x, y: x * x * y, random((3,)), random((3,), seed=1))


@pytest.mark.parametrize(
    ("ours", "what"),
    [
        (lambda x: x * x * x + 1e-6, "the value"),
        (lambda x: x * x.detach() * x.detach(), "gradient of order 1"),
        (lambda x: x * (x * x * 3).detach() - (2 * x * x * x).detach(), "gradient of order 2"),
        (lambda x: (x * x * x).reshape(3, 1), "shape"),
        (lambda x: (x * x * x).astype(np.float32), "float32"),
    ],
    ids=["value", "first", "second", "shape", "dtype"],
)
def test_a_difference_is_found(ours, what):
    with pytest.raises(AssertionError, match=what):
        compare(ours, lambda x: x * x * x, random((3,)))


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_reaches_the_tensor_as_it_is(name):
    array = LAYOUTS[name](random)
    assert leaf(array).detach().numpy().strides == array.strides
