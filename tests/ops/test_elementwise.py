"""Elementwise operations against PyTorch: values, gradients, second derivatives; layouts, broadcasting, kinks."""

from __future__ import annotations

import operator

import numpy as np

import minigrad as mg
from minigrad import Tensor


def test_where_of_a_tensor_condition_alone_is_a_tensor():
    got = mg.where(Tensor([True, False]), 1.0, 0.0)
    assert type(got) is Tensor and got.dtype == np.float32
    assert got.tolist() == [1.0, 0.0]


# --- calls ------------------------------------------------------------------------------------------------------------
# Name -> the same call through the function, the method and NumPy (or an operator).
CALLS = {
    "exp": (mg.exp, Tensor.exp, np.exp),
    "log": (mg.log, Tensor.log, np.log),
    "sqrt": (mg.sqrt, Tensor.sqrt, np.sqrt, lambda x: x**0.5),
    "abs": (mg.abs, Tensor.abs, np.abs, np.absolute, abs),
    "tanh": (mg.tanh, Tensor.tanh, np.tanh),
    "sigmoid": (mg.sigmoid, Tensor.sigmoid),
    "relu": (mg.relu, Tensor.relu),
    "sign": (mg.sign, Tensor.sign, np.sign),
    "square": (mg.square, Tensor.square, np.square, lambda x: x**2, lambda x: mg.pow(x, 2)),
    "negative": (operator.neg, np.negative),
    "positive": (operator.pos, np.positive),
    "clamp": (
        lambda x: mg.clamp(x, 0.5, 1),
        lambda x: x.clamp(min=0.5, max=1),
        lambda x: mg.clip(x, 0.5, 1),
        lambda x: x.clip(0.5, 1),
        lambda x: np.clip(x, 0.5, 1),
        lambda x: np.clip(x, min=0.5, max=1),
        lambda x: np.clip(x, a_min=0.5, a_max=1),
    ),
}
BINARY_CALLS = {
    "add": (mg.add, operator.add, np.add),
    "subtract": (mg.subtract, operator.sub, np.subtract),
    "multiply": (mg.multiply, operator.mul, np.multiply),
    "divide": (mg.divide, operator.truediv, np.divide, np.true_divide),
    "power": (mg.pow, Tensor.pow, operator.pow, np.power),
    "floor_divide": (operator.floordiv, np.floor_divide),
    "remainder": (operator.mod, np.remainder, np.mod),
    "maximum": (mg.maximum, Tensor.maximum, np.maximum, lambda x, y: x.max(y), mg.max),
    "minimum": (mg.minimum, Tensor.minimum, np.minimum, lambda x, y: x.min(y), mg.min),
    "where": (lambda x, y: mg.where(x > y, x, y), lambda x, y: np.where(x > y, x, y)),
}


def test_plain_arrays_stay_plain():
    for function, *_ in (*CALLS.values(), *BINARY_CALLS.values()):
        arguments = [np.array([0.6, 0.9])] * (1 if any(function is d[0] for d in CALLS.values()) else 2)
        assert not isinstance(function(*arguments), Tensor)
