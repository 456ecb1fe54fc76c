"""Nothing that was declared is replaced without a word: operations, methods, and answers for NumPy's functions."""

from __future__ import annotations

from types import FunctionType

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.core.declare import constant, register
from minigrad.core.dispatch import NUMPY, Table
from minigrad.core.primitive import REGISTRY, Primitive


def test_a_second_operation_of_one_name_is_refused() -> None:
    known = REGISTRY["matmul"]
    with pytest.raises(ValueError, match=r"'matmul' exists already, declared in minigrad\.\S+; choose another name"):
        Primitive(lambda x: x, name="matmul")
    assert REGISTRY["matmul"] is known


def test_a_second_method_of_one_name_is_refused() -> None:
    known = vars(Tensor)["item"]

    def item(self: Tensor) -> Tensor:
        return self

    for decorate in (register(), register(method="item")):
        with pytest.raises(ValueError, match=r"method of Tensor 'item' exists already"):
            decorate(item)
    assert vars(Tensor)["item"] is known


def test_a_second_answer_for_a_function_of_numpys_is_refused() -> None:
    known = NUMPY[np.sort]
    with pytest.raises(ValueError, match=r"an answer for NumPy's function 'sort' exists already"):
        register(np.sort)(lambda x: x)
    with pytest.raises(ValueError, match="'sort' exists already"):
        constant(np.sort)
    assert NUMPY[np.sort] is known and np.sort(mg.tensor([2.0, 1.0])).tolist() == [1.0, 2.0]


def test_the_same_once_more_changes_nothing() -> None:
    NUMPY[np.sort] = NUMPY[np.sort]
    register(method="item")(vars(Tensor)["item"])


@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [("__main__", "__main__", True), ("__main__", "library", False), ("library", "__main__", False)],
)
def test_what_a_notebook_declared_it_may_declare_again(first: str, second: str, fits: bool) -> None:
    def declared(module: str) -> FunctionType:
        def function() -> None: ...

        function.__module__ = module
        return function

    table: Table[str, FunctionType] = Table("an entry")
    old, new = declared(first), declared(second)
    table["name"] = old
    if fits:
        table["name"] = new
    else:
        with pytest.raises(ValueError, match=f"an entry 'name' exists already, declared in {first}"):
            table["name"] = new
    assert table["name"] is (new if fits else old)
