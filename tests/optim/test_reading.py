"""What the text of an update rule may be, and what is said about one that is none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from minigrad import Parameter, Tensor, optim
from minigrad.optim.reading import read, selected

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
HISTORY = np.ones(3)


def momentum(p: Any, g: Any, b: Any, *, rate: float, share: float) -> Any:
    b = share * b + (1 - share) * g
    return p - rate * b, b


def test_a_text_is_the_list_of_its_calls() -> None:
    reading, given, outputs = read([(momentum, ("rate", "share"))], 3, F32)
    calls = [(call.function.__name__, call.inputs, call.result) for call in reading.calls]
    assert calls == [
        ("multiply", (4, 2), 5),
        ("subtract", (6, 4), 7),
        ("multiply", (7, 1), 8),
        ("add", (5, 8), 9),
        ("multiply", (3, 9), 10),
        ("subtract", (0, 10), 11),
    ]
    assert given == [3, 4] and outputs == [11, 9] and reading.constants == {6: 1.0}
    assert [reading.is_array(place) for place in (2, 3, 6, 7, 8)] == [True, False, False, False, True]
    assert all(example.dtype == F32 for example in reading.examples)


def test_texts_continue_with_what_the_one_before_returned() -> None:
    reading, given, outputs = read([(lambda p, g, *, c: (c * p, -g), ("c",)), (lambda p, g: p - g, ())], 2, F32)
    assert [call.function.__name__ for call in reading.calls] == ["multiply", "negative", "subtract"]
    assert reading.calls[-1].inputs == (3, 4) and given == [2] and outputs == [5]


def test_what_is_returned_twice_or_as_it_came_is_copied() -> None:
    reading, _, outputs = read([(lambda p, g, a, b, c: (p, g, p, p), ())], 5, F32)
    assert [call.function for call in reading.calls] == [np.positive] * 3
    assert outputs == [0, 5, 6, 7]
    reading, _, outputs = read([(lambda p, g, a, b: (a, a, b), ())], 4, F32)
    assert outputs == [4, 2, 3]


def test_conditions_are_of_bool_and_squares_are_squares() -> None:
    reading, _, _ = read([(lambda p, g: np.where(g > 0, p**2, np.clip(p, -1, 1)), ())], 2, F64)
    assert [call.function for call in reading.calls] == [np.greater, np.square, np.clip, selected]
    assert reading.examples[reading.calls[0].result].dtype == bool
    assert reading.examples[reading.calls[-1].result].dtype == F64


def in_place(p: Any, g: Any) -> Any:
    p -= g
    return p


def into(p: Any, g: Any) -> Any:
    return np.subtract(p, g, out=p)


def branch(p: Any, g: Any) -> Any:
    return p - g if g > 0 else p


def cut(p: Any, g: Any) -> Any:
    p[0] = 0
    return p


def outside(p: Any, g: Any) -> Any:
    return p - g * HISTORY


REFUSED = [
    (in_place, "written into; write m = m \\+ g"),
    (into, "written into; .* leave out= away"),
    (branch, "asked whether it is true; use np.where"),
    (cut, "was indexed"),
    (lambda p, g: p[1:], "was indexed"),
    (outside, "met ndarray from outside; rule returns what it needs, as numbers"),
    (lambda p, g: p - g * Tensor([1.0]), "met Tensor from outside"),
    (lambda p, g: p - math.sqrt(g), "made a number of Python's; use NumPy's functions"),
    (lambda p, g: p - float(g), "made a number of Python's"),
    (lambda p, g: p - g.mean(), r"was asked for \.mean"),
    (lambda p, g: p.reshape(g.shape), r"was asked for \.reshape"),
    (lambda p, g: p - np.add.reduce(g), "went through np.add in a way"),
    (lambda p, g: p - np.sum(g), r"went through sum; write it with ufuncs, np.where\(c, x, y\)"),
    (lambda p, g: np.where(g > 0), "selected"),
    (lambda p, g: np.clip(p, a_min=0, a_max=1), r"went through clip; .* np.clip\(x, low, high\)"),
    (lambda p, g: p @ g, "went through np.matmul in a way"),
    (lambda p, g: np.modf(p), "went through np.modf in a way"),
    (lambda p, g: np.sqrt(p, where=g > 0), "went through np.sqrt in a way"),
    (lambda p, g: (p, g), r"<lambda> returns \(an array, an array\), and should return new arrays .* and 0 buffers"),
    (lambda p, g: None, r"returns \(NoneType\)"),
    (lambda p, g: 0.0, r"returns \(float\)"),
    (len, "must be a plain function, got len"),
    ("momentum", "must be a plain function, got 'momentum'"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_is_no_formula_is_refused(text: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        read([(text, ())], 2, F32)


def test_numbers_alone_are_no_arrays() -> None:
    with pytest.raises(TypeError, match=r"returns \(an array\)"):
        read([(lambda p, g, *, rate: rate * 2, ("rate",))], 2, F32)


def test_a_text_of_something_else_in_every_step_is_refused() -> None:
    """It is read once: what it takes from outside would stay what it was."""
    share = 0.5

    class Nested(optim.FlatOptimizer):
        def rule(self, group: Any, numbers: Any) -> Any:
            return lambda p, g: p - g, {}

    class Method(optim.FlatOptimizer):
        def update(self, p: Any, g: Any) -> Any:
            return p - g

        def rule(self, group: Any, numbers: Any) -> Any:
            return self.update, {}

    w = Parameter([1.0])
    w.grad = Tensor([1.0])
    for kind in (Nested, Method):
        with pytest.raises(TypeError, match=r"define it outside of rule, with what changes as named|a plain function"):
            kind([w], {"lr": 0.1}).step()
    with pytest.raises(TypeError, match=r"is read once.*return update, {'rate': group\['lr'\]}"):
        read([(lambda p, g: p - share * g, ())], 2, F32)
    assert w.tolist() == [1.0]


def test_functions_from_outside_are_part_of_the_text() -> None:
    def half(x: Any) -> Any:
        return 0.5 * x

    reading, _, _ = read([(lambda p, g: p - half(g), ())], 2, F32)
    assert [call.function for call in reading.calls] == [np.multiply, np.subtract]


def test_the_form_of_before_is_told_the_new_one() -> None:
    class Old(optim.FlatOptimizer):
        def rule(self, group: Any, numbers: Any) -> Any:
            return group["lr"], lambda gradient: gradient

    w = Parameter([1.0])
    w.grad = Tensor([1.0])
    with pytest.raises(TypeError, match=r"Old.rule returns a function, .*return update, {'rate': group\['lr'\]}; got"):
        Old([w], {"lr": 0.1}).step()


SPECIAL = [0.0, -0.0, 1.5, -100.0, np.inf, -np.inf, np.nan, 5e-324, 1e-40, np.finfo(np.float32).max]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("shape", [(), (1,), (0,), (10, 7), (3, 0)])
def test_selected_is_where_bit_for_bit(dtype: Any, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        x, y = (np.asarray(rng.choice(SPECIAL, shape), dtype) for _ in range(2))
    number = np.asarray(-0.0, dtype)
    for condition in (np.asarray(rng.random(shape) < 0.5), np.asarray(rng.choice([0.0, np.nan, 2.0], shape), dtype)):
        for this, other in ((x, y), (x.T.copy().T, y), (number, y), (x, number), (number, number)):
            want = np.where(condition, this, other)
            out = np.empty(shape, dtype)
            assert selected(condition, this, other, out) is out
            assert np.array_equal(out, want, equal_nan=True) and np.array_equal(np.signbit(out), np.signbit(want))
