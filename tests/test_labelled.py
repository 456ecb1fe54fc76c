"""Labelled arrays beside a Tensor, as pandas and xarray have them, bring their labels to the result."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod, operator.lt, operator.eq,
]  # fmt: skip
UFUNCS = [np.add, np.subtract, np.multiply, np.less]  # pandas refuses np.maximum of what it does not know


def labelled(kind):
    values = [4.0, 5.0, 6.0]
    if kind == "DataArray":
        return pytest.importorskip("xarray").DataArray(values, dims="place", coords={"place": [7, 8, 9]})
    pandas = pytest.importorskip("pandas")
    if kind == "DataFrame":
        return pandas.DataFrame({"a": [4.0], "b": [5.0], "c": [6.0]})
    return pandas.Series(values, index=[7, 8, 9], name="place")


@pytest.mark.parametrize("function", OPERATORS + UFUNCS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("kind", ["Series", "DataFrame", "DataArray"])
def test_the_labels_stay(kind, function):
    other, values = labelled(kind), np.array([1.0, 2.0, 3.0])
    for ours, plain in (
        (lambda: function(Tensor(values), other), lambda: function(values, other)),
        (lambda: function(other, Tensor(values)), lambda: function(other, values)),
    ):
        got, expected = ours(), plain()
        assert type(got) is type(expected) is type(other)
        np.testing.assert_array_equal(np.asarray(got), np.asarray(expected))


@pytest.mark.parametrize("function", [operator.add, np.multiply], ids=lambda f: f.__name__)
def test_no_gradient_is_lost(function):
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    for kind in ("Series", "DataFrame"):
        for pair in ((x, labelled(kind)), (labelled(kind), x)):
            with pytest.raises(TypeError, match="cut the graph"):
                function(*pair)
    kept = function(x, labelled("DataArray")).data  # which xarray keeps as what it is
    kept.sum().backward()
    assert x.grad is not None


def test_what_else_stands_beside_a_tensor():
    assert (Tensor([1.0]) == None) is False  # noqa: E711
    with pytest.raises(TypeError, match="NoneType"):
        np.add(Tensor([1.0]), None)
    with pytest.raises(TypeError):
        Tensor([1.0]) + "a"


def test_labelled_arrays_as_arguments_of_functions() -> None:
    """A function called by its name gives a Tensor; what stands in a frame counts as its array."""
    pandas = pytest.importorskip("pandas")
    series = pandas.Series([1.0, 2.0])
    x = mg.ones(2, dtype=np.float64, requires_grad=True)
    y = mg.multiply(x, series)
    y.sum().backward()
    assert y.tolist() == [1.0, 2.0] and x.grad is not None and x.grad.tolist() == [1.0, 2.0]
    frame = pandas.DataFrame({"a": [1.0], "b": [2.0]}, dtype="float32")
    assert mg.nn.Linear(2, 3)(frame).shape == (1, 3)


def test_divmod_of_tensors() -> None:
    assert [t.item() for t in divmod(mg.tensor(7), 2)] == [3, 1]
    assert [t.item() for t in divmod(7, mg.tensor(2))] == [3, 1]
