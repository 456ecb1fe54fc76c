"""What callers see and may write: signatures, help, names, and arguments under PyTorch's keywords."""

from __future__ import annotations

import copy
import inspect
import pickle
import pydoc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F

X = mg.arange(6.0).reshape(2, 3)
KEYWORDS: list[tuple[Callable[[], Any], Any]] = [
    (lambda: mg.flip(X, dims=(0, 1)), [[5, 4, 3], [2, 1, 0]]),
    (lambda: X.permute(dims=(1, 0)), X.T.tolist()),
    (lambda: X.reshape(shape=(3, 2)), [[0, 1], [2, 3], [4, 5]]),
    (lambda: X.view(size=(6,)), [0, 1, 2, 3, 4, 5]),
    (lambda: X[:1].expand(size=(2, -1)), [[0, 1, 2]] * 2),
    (lambda: X[:1].repeat(repeats=(2, 1)), [[0, 1, 2]] * 2),
    (lambda: X[0].tile(dims=(2,)), [0, 1, 2] * 2),
    (lambda: mg.ones(size=(2,)), [1, 1]),
    (lambda: mg.zeros(size=(1, 2)), [[0, 0]]),
    (lambda: X.new_zeros(size=(2,)), [0, 0]),
    (lambda: mg.empty(size=(2, 0)), [[], []]),
    (lambda: mg.rand(size=(0,)), []),
    (lambda: mg.matmul(X, other=mg.ones(3)), [3, 12]),
    (lambda: F.linear(X, mg.ones(1, 3), bias=mg.ones(1)), [[4], [13]]),
    (lambda: mg.maximum(input=X, other=4.0), [[4, 4, 4], [4, 4, 5]]),
    (lambda: mg.exp(input=mg.zeros(1)), [1]),
    (lambda: mg.eq(X[0], other=1), [False, True, False]),
    (lambda: mg.zeros(2).fill_(value=3), [3, 3]),
    (lambda: mg.zeros(2).copy_(src=mg.ones(2), non_blocking=True), [1, 1]),
    (lambda: mg.clip(input=X[0], min=1, max=1), [1, 1, 1]),
    (lambda: mg.swapaxes(X, axis0=0, axis1=1), X.T.tolist()),
    (lambda: X.swapdims(dim0=1, dim1=0), X.T.tolist()),
    (lambda: mg.moveaxis(input=X, source=0, destination=1), X.T.tolist()),
    (lambda: mg.tril_indices(2, 2, dtype=np.int32), [[0, 1, 1], [0, 0, 1]]),
]


@pytest.mark.parametrize(("call", "expected"), KEYWORDS, ids=range(len(KEYWORDS)))
def test_arguments_by_keyword(call: Callable[[], Any], expected: Any) -> None:
    assert call().tolist() == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: X.flip(0, dims=(1,)), "flip got dims twice"),
        (lambda: X.permute(axes=(1, 0)), "permute does not take axes"),
        (lambda: mg.zeros(2, size=3), "zeros got size twice"),
        (lambda: mg.exp(X, base=2), "exp"),
        (lambda: mg.matmul(X), "matmul takes the inputs \\(input, other\\)"),
    ],
)
def test_wrong_keywords(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_signatures_are_shown() -> None:
    assert list(inspect.signature(mg.exp).parameters) == ["input"]
    assert str(inspect.signature(F.linear)) == "(input, weight, bias=None)"
    assert list(inspect.signature(Tensor.add_).parameters) == list(inspect.signature(mg.add).parameters)
    assert "linear(input, weight, bias=None)" in pydoc.plain(pydoc.render_doc(F.linear))
    assert (mg.exp.__name__, mg.abs.__name__, mg.exp.__module__) == ("exp", "abs", "minigrad.ops.elementwise")


@pytest.mark.parametrize("name", mg.__all__)
def test_every_public_function_has_a_signature(name: str) -> None:
    public = getattr(mg, name)
    if callable(public) and not isinstance(public, type):
        assert isinstance(inspect.signature(public), inspect.Signature)
        assert public.__name__.rstrip("_") and inspect.getdoc(public)


def test_primitives_are_copied_and_pickled_by_name() -> None:
    assert copy.deepcopy(mg.relu) is mg.relu
    assert pickle.loads(pickle.dumps(mg.exp)) is mg.exp


def test_backward_into_some_inputs() -> None:
    x, y = mg.ones(2, requires_grad=True), mg.ones(2, requires_grad=True)
    (x * y * 3).sum().backward(inputs=[x])
    assert x.grad is not None and x.grad.tolist() == [3, 3] and y.grad is None


def test_numpy_by_force() -> None:
    x = mg.ones(2, requires_grad=True)
    assert x.numpy(force=True).tolist() == [1, 1]
