"""A program computes what its text does, bit for bit: for every optimizer's, and for texts drawn at random."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minigrad import optim
from minigrad.optim import adam, block, flat_optimizer
from minigrad.optim.block import Room
from minigrad.optim.program import program_of
from minigrad.optim.run import Run

MODULES = [importlib.import_module(f"minigrad.optim.{found.name}") for found in pkgutil.iter_modules(optim.__path__)]
TEXTS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": text
    for module in MODULES
    for name, text in inspect.getmembers(module, inspect.isfunction)
    if text.__module__ == module.__name__ and list(inspect.signature(text).parameters)[:2] == ["p", "g"]
    if module is not flat_optimizer
}
BEFORE = {
    "": [],
    "ascent": [(flat_optimizer.ascent, {})],
    "both": [(flat_optimizer.penalty, {"weight_decay": 0.1}), (flat_optimizer.shrinkage, {"kept": 0.9})],
}
NUMBERS = {"smaller": 0.5, "larger": 1.2, "shortest": 1e-6, "longest": 50.0, "eps": 1e-8, "rate": 0.1}
SPECIAL = [0.0, -0.0, 1.5, -100.0, 100.0, np.inf, -np.inf, np.nan, 1e-40, 3e-20, 1e30]
SHAPES = ((3, 2), (2,), (), (0, 2), (17, 1), (5, 3), (1,))


def signature(text: Any) -> tuple[int, dict[str, float]]:
    """How many arrays a text is of, and numbers for it."""
    kinds = [(name, parameter.kind) for name, parameter in inspect.signature(text).parameters.items()]
    names = [name for name, kind in kinds if kind is inspect.Parameter.KEYWORD_ONLY]
    return len(kinds) - len(names), {name: NUMBERS.get(name, 0.9) for name in names}


def as_numpy_reads_it(parts: Any, p: Any, g: Any, state: list[Any]) -> Iterator[Any]:
    """New parameters and buffers, by running the texts on arrays."""
    *before, (text, numbers) = parts
    for one, named in before:
        p, g = one(p, g, **named)
    results = text(p, g, *state, **numbers)
    return iter(results if isinstance(results, tuple) else (results,))


def check(parts: Any, buffers: int, arrays: Any, dtype: Any) -> None:
    """Update parameters of several shapes, twice, and compare with NumPy's reading of the text."""
    like = np.empty(0, dtype)
    values, gradients = ([np.asarray(arrays(shape), dtype) for shape in SHAPES] for _ in range(2))
    values[0] = values[0].T.copy().T  # in another order of memory
    sizes = [value.size for value in values]
    state = [np.abs(arrays(sum(sizes))).astype(dtype) for _ in range(buffers)]
    run = Run({}, slice(0, len(values)), values, state, Room(like))
    for _ in range(2):
        ends = np.cumsum(sizes)
        expected = []
        for i, (value, gradient) in enumerate(zip(values, gradients, strict=True)):
            own = [buffer[ends[i] - value.size : ends[i]].reshape(value.shape).copy() for buffer in state]
            expected.append([np.asarray(x) for x in as_numpy_reads_it(parts, value.copy(), gradient, own)])
        given = [gradient.copy() for gradient in gradients]
        run.update(parts, given)
        for i, (value, want) in enumerate(zip(values, expected, strict=True)):
            own = [buffer[ends[i] - value.size : ends[i]].reshape(value.shape) for buffer in state]
            for found, right in zip([value, *own], want, strict=True):
                assert found.dtype == dtype
                np.testing.assert_array_equal(found, right.astype(dtype), strict=True)
            assert np.array_equal(given[i], gradients[i], equal_nan=True)


@pytest.mark.parametrize("size", [131072, 7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("name", TEXTS)
def test_every_text(name: str, before: str, dtype: Any, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block, "BLOCK", size)
    rng = np.random.default_rng(0)
    count, numbers = signature(TEXTS[name])
    parts = [*BEFORE[before], (TEXTS[name], numbers)]
    with np.errstate(all="ignore"):
        check(parts, count - 2, lambda shape: rng.standard_normal(shape), dtype)
        check(parts, count - 2, lambda shape: rng.choice(SPECIAL, shape), dtype)


UNARY = ["-{0}", "np.sqrt({0})", "np.sign({0})", "abs({0})", "{0} ** 2", "np.clip({0}, -1, x)", "({0} > 0) * {0}"]
BINARY = [
    "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "np.maximum({0}, {1})", "np.where({0} > {1}, {0}, {1})",
    "np.where({1} < 0.5, x, {0})", "np.hypot({0}, {1})",
]  # fmt: skip


def drawn(seed: int) -> tuple[Any, int]:
    """A text of several buffers, which may return anything it has, in any order."""
    rng = np.random.default_rng(seed)
    buffers = int(rng.integers(0, 4))
    arrays = ["p", "g", *[f"b{i}" for i in range(buffers)]]
    lines, known = [], list(arrays)
    for i in range(int(rng.integers(0, 14))):
        # the latest are likelier, so that the formulas are deep; numbers are among them
        pool = [*known[-5:], *rng.choice(known, 3), "x", "y", "2.5"]
        form = str(rng.choice(UNARY if rng.random() < 0.3 else BINARY))
        first, second = rng.choice(known if "where" in form or "{1}" not in form else pool), rng.choice(pool)
        lines.append(f"    t{i} = {form.format(first, second)}")
        if set(lines[-1].split(" = ")[1].replace("(", " ").replace(")", " ").replace(",", " ").split()) & set(known):
            known.append(f"t{i}")
        else:
            pool.append(f"t{i}")
    results = rng.choice(known[-6:] + arrays, buffers + 1)
    source = [f"def text({', '.join(arrays)}, *, x, y):", *lines, f"    return {', '.join(results)}"]
    names: dict[str, Any] = {"np": np}
    exec("\n".join(source), names)
    return names["text"], buffers


@pytest.mark.parametrize("some", range(10))
def test_texts_drawn_at_random(some: int) -> None:
    for seed in range(20 * some, 20 * some + 20):
        text, buffers = drawn(seed)
        rng = np.random.default_rng(seed)
        with np.errstate(all="ignore"):
            check(
                [(text, {"x": 0.7, "y": -1.3})], buffers, lambda shape, rng=rng: rng.standard_normal(shape), np.float64
            )


# --- memory -----------------------------------------------------------------------------------------------------------
def test_every_optimizers_text_is_here() -> None:
    assert {name.partition(".")[0] for name in TEXTS} == {
        *("adadelta", "adagrad", "adam", "adamax", "asgd", "lion", "nadam", "radam", "rmsprop", "rprop", "sgd")
    }


def test_adam_needs_one_array_for_what_lies_between() -> None:
    program = program_of(((adam.adam, ("beta1", "beta2", "rate", "eps")),), 4, np.dtype(np.float32))
    assert program.scratch == [np.float32] and program.apart == len(program.steps) - 1


def test_only_what_comes_of_a_buffer_is_written_into_it() -> None:
    """So that a step that was interrupted leaves no other buffer's numbers in it, and gradients are never changed."""
    for text in TEXTS.values():
        count, numbers = signature(text)
        steps = program_of(((text, tuple(numbers)),), count, np.dtype(np.float64)).steps
        for i, (_, inputs, out) in enumerate(steps):
            last = all(step.out != out for step in steps[i + 1 :])
            assert out != 1 and (out >= count or out in inputs or last)


def test_an_update_makes_no_arrays() -> None:
    values, gradients, m, v = np.random.default_rng(0).random((4, 400_000), dtype=np.float32)
    run = Run({}, slice(0, 2), [values[:100], values[100:]], [m, v], Room(values))
    parts = [(adam.adam, {"beta1": 0.9, "beta2": 0.999, "rate": 0.1, "eps": 1e-8})]
    run.update(parts, [gradients[:100], gradients[100:]])
    tracemalloc.start()
    run.update(parts, [gradients[:100], gradients[100:]])
    assert tracemalloc.get_traced_memory()[1] < 20_000
    tracemalloc.stop()


def test_parameters_that_do_not_change() -> None:
    def averaged(p: Any, g: Any, mean: Any, *, share: float) -> Any:
        return p, mean + share * (p - mean)

    check([(averaged, {"share": 0.1})], 1, np.random.default_rng(0).standard_normal, np.float64)


def test_numbers_are_computed_once_in_double_precision() -> None:
    def text(p: Any, g: Any, *, beta: float) -> Any:
        return p - np.sqrt((1 - beta) / 3) * g

    program = program_of(((text, ("beta",)),), 2, np.dtype(np.float32))
    assert program.numbers([np.float64(0.9)]) == [0.9, 1.0, 3.0, 1 - 0.9, (1 - 0.9) / 3, ((1 - 0.9) / 3) ** 0.5]
    assert len(program.steps) == 2
