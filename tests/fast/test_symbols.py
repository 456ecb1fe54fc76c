"""Functions read as text for one number: what becomes a line, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minigrad.fast.symbols import NotElementwiseError, Program, Symbol, literal


def read(function: Callable[..., Any], *dtypes: Any) -> list[tuple[str, str]]:
    """The lines for the result of a function of as many arrays as there are dtypes."""
    program = Program()
    symbols = [Symbol(program, f"a{i}[i]", dtype) for i, dtype in enumerate(dtypes or (np.float32,))]
    return program.leading_to([function(*symbols).name])


def test_a_rule_becomes_lines_and_equal_ones_are_written_once() -> None:
    lines = read(lambda g, out: g * (1 - out * out) + out * out, np.float32, np.float32)
    assert [text for _, text in lines] == [
        "a1[i] * a1[i]", "f32(1.0) - v0", "a0[i] * v1", "v2 + v0"
    ]  # fmt: skip


def test_what_the_result_does_not_need_is_left_out() -> None:
    def wasteful(x: Any) -> Any:
        np.exp(x)
        return x + 1

    assert read(wasteful) == [("v1", "a0[i] + f32(1.0)")]


def test_writing_into_a_value_gives_it_a_new_one() -> None:
    def choreographed(x: Any) -> Any:
        y = x * 2
        y += 1
        np.sqrt(y, out=y)
        np.copyto(y, x, where=np.less(x, 0))
        return y

    assert [text for _, text in read(choreographed)] == [
        "a0[i] * f32(2.0)", "v0 + f32(1.0)", "np.sqrt(v1)", "a0[i] < f32(0.0)", "a0[i] if v3 else v2"
    ]  # fmt: skip


def test_truth_values_become_numbers_in_arithmetic() -> None:
    assert [text for _, text in read(lambda x: x * np.logical_not(np.greater(x, 0)))] == [
        "a0[i] > f32(0.0)", "not v0", "one_if(v1)", "a0[i] * v2"
    ]  # fmt: skip
    assert read(lambda x, c: np.where(c, x, 0), np.float32, bool) == [("v0", "a0[i] if a1[i] else f32(0.0)")]


def test_branches_on_options_are_gone() -> None:
    def scaled(x: Any, factor: float) -> Any:
        return x if factor == 1 else x * factor

    assert read(lambda x: scaled(x, 3.0)) == [("v0", "a0[i] * f32(3.0)")]


REFUSED = {
    "a sum": lambda x: x - np.sum(x),
    "a reduction": lambda x: x - np.add.reduce(x),
    "a maximum": lambda x: x - x.max(),
    "a shape": lambda x: x / x.shape[0],
    "a size": lambda x: x / np.size(x),
    "a shape with a default": lambda x: x * len(getattr(x, "shape", ())),
    "a branch": lambda x: x if x > 0 else -x,
    "an index": lambda x: x[0],
    "a matrix product": lambda x: x @ x,
    "double precision": lambda x: x * np.float64(0.5),
    "an array": lambda x: x * np.ones(3, np.float32),
    "an unknown function": lambda x: np.arctan(x),
    "a whole number's function": lambda x: np.left_shift(x, 1),
    "a number out of it": lambda x: x * float(x),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_function_of_single_numbers_is_refused(what: str) -> None:
    with pytest.raises((NotElementwiseError, TypeError)):
        read(REFUSED[what])


def test_constants_are_float32() -> None:
    assert literal(0.1) == f"f32({float(np.float32(0.1))!r})"
    assert [literal(x) for x in (np.inf, -np.inf, np.nan, 1e300)] == ["INFINITY", "-INFINITY", "NAN", "INFINITY"]
