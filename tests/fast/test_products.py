"""Kernels of products of matrices, with or without a bias, beside their plain rules."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from minigrad.core.primitive import REGISTRY  # noqa: E402
from minigrad.fast.pool import settings  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from tests.fast.against_plain import (  # noqa: E402
    agree,
    as_without_kernels,
    declines,
    derivatives,
    from_several_threads,
    numbers,
    same,
)

pytestmark = pytest.mark.usefixtures("enabled_throughout")

# Layouts in which the rows or the columns of a matrix are runs of memory.
RUNS: dict[str, Callable[[np.ndarray], Any]] = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "rows apart": lambda a: np.concatenate([a, a], 1)[:, : a.shape[1]],
    "columns apart": lambda a: np.concatenate([a, a], 0)[: len(a)].T.copy().T,
    "every other row": lambda a: a.repeat(2, 0)[::2],
}
OTHERS: dict[str, Callable[[np.ndarray], Any]] = {
    "gaps": lambda a: a.repeat(2, 0).repeat(2, 1)[::2, ::2],
    "backwards": lambda a: np.flip(a.copy()),
    "one row for all": lambda a: np.broadcast_to(a[:1], a.shape),
    "one number for all": lambda a: np.broadcast_to(a[:1, :1], a.shape),
}
SIZES = [(1, 1, 1), (1, 7, 3), (65, 1, 5), (5, 1, 65), (3, 40, 1), (33, 17, 40), (100, 3, 20)]  # (m, k, n)


def factors(m: int, k: int, n: int) -> list[np.ndarray]:
    return [numbers(m, k), numbers(k, n, seed=1), numbers(m, n, seed=2)]


# --- two matrices -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("second", RUNS)
@pytest.mark.parametrize("first", RUNS)
def test_two_matrices(first: str, second: str) -> None:
    for sizes in SIZES:
        a, b, g = factors(*sizes)
        agree("matmul", RUNS[first](a), RUNS[second](b), g=RUNS[second](g))
        agree("matmul", *[RUNS[first](x.astype(np.float64)) for x in (a, b)], g=g.astype(np.float64))


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_any_number_of_threads(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "threads", threads)
    for m, k, n in SIZES:
        a, b, g = factors(m, k, n)
        agree("matmul", a, b, g=g)
        agree("linear", a, b.T.copy(), numbers(n, seed=3), g=g)


@pytest.mark.parametrize("layout", OTHERS)
def test_layouts_that_are_left_to_numpy(layout: str) -> None:
    a, b, g = [OTHERS[layout](x) for x in factors(6, 5, 7)]
    assert declines("matmul", a, b) and declines("linear", a, b.T)
    as_without_kernels(lambda: REGISTRY["matmul"](mg.tensor(a), mg.tensor(b)).numpy())
    for rule in ("x", "y"):
        assert declines("matmul", g, b if rule == "x" else a, (6, 5) if rule == "x" else (5, 7), of=rule)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 100, -100, 1e-40, 1e30])
def test_special_numbers(special: float) -> None:
    for place in range(3):
        arrays = factors(9, 6, 7)
        arrays[place][2, 3] = special
        agree("matmul", *arrays[:2], g=arrays[2])
        a, b, g = arrays
        agree("linear", a, b.T.copy(), numbers(7), g=g)
    bias = numbers(7)
    bias[2] = special
    out = agree("linear", a, b.T.copy(), bias, g=numbers(9, 7))
    assert np.isfinite(np.delete(out, 2, 1)).all()


# Shapes that NumPy multiplies: vectors, stacks, stacks that broadcast, nothing at all.
SHAPES = [
    ((5,), (5,)), ((5,), (5, 4)), ((3, 5), (5,)), ((2, 3, 5), (5,)), ((5,), (2, 5, 4)), ((2, 3, 5), (5, 4)),
    ((3, 5), (2, 5, 4)), ((2, 3, 5), (2, 5, 4)), ((6, 1, 3, 5), (2, 5, 4)), ((1, 5), (5, 1)), ((3, 1), (1, 4)),
    ((0, 5), (5, 4)), ((3, 0), (0, 4)), ((3, 5), (5, 0)), ((2, 0, 5), (5, 4)),
]  # fmt: skip


@pytest.mark.parametrize("shapes", SHAPES)
def test_shapes(shapes: Any) -> None:
    arrays = [numbers(*shape, seed=i) for i, shape in enumerate(shapes)]
    as_without_kernels(lambda: derivatives(REGISTRY["matmul"], *arrays))
    as_without_kernels(lambda: derivatives(REGISTRY["matmul"], *[a.astype(np.float64) for a in arrays]))


def test_other_dtypes_are_left_to_numpy() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a kernel that cannot be compiled says so
        for dtype in ("float16", "longdouble", "int32", "complex64", ">f4", ">f8", "bool"):
            x = np.ones((4, 4), dtype)
            assert declines("matmul", x, x) and declines("linear", x, x), dtype
        x = np.ones((4, 4), np.float32)
        assert declines("matmul", x, x.astype(np.float64)) and declines("linear", x, x, np.ones(4))


# --- with a weight and a bias -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("lead", [(1,), (65,), (2, 3), (4, 1, 9)])
def test_linear(lead: tuple[int, ...], bias: bool) -> None:
    for inputs, outputs in ((1, 1), (7, 1), (1, 7), (33, 20)):
        x, weight, g = numbers(*lead, inputs), numbers(outputs, inputs, seed=1), numbers(*lead, outputs, seed=2)
        out = agree("linear", x, weight, *([numbers(outputs, seed=3)] if bias else []), g=g)
        assert out.flags.c_contiguous


def test_linear_of_any_layout() -> None:
    x, weight, g, bias = numbers(4, 3, 5), numbers(6, 5, seed=1), numbers(4, 3, 6, seed=2), numbers(6, seed=3)
    for turn in (np.asfortranarray, lambda a: a.repeat(2, 0)[::2], np.flip, lambda a: np.broadcast_to(a[:1], a.shape)):
        for place in range(4):
            arrays = [turn(a) if i == place else a for i, a in enumerate((x, weight, bias, g))]

            def run(arrays: Any = arrays) -> list[Any]:
                with np.errstate(all="ignore"):
                    op = REGISTRY["linear"]
                    out = op.forward(*arrays[:3])
                    rules = [rule for rule, _ in op._rules]
                    return [out, rules[0](arrays[3], arrays[1]), rules[1](arrays[3], arrays[0]), F.linear(*arrays[:3])]

            as_without_kernels(run)


@pytest.mark.parametrize("g", [np.abs(numbers(300_000, 3)), np.full((300_000, 3), 0.1, np.float32)])
def test_columns_of_many_rows_lose_no_digits(g: np.ndarray) -> None:
    """Errors of equal numbers all go one way."""
    got = REGISTRY["linear"].kernels["bias"](g)
    np.testing.assert_allclose(got, g.sum(0, dtype=np.float64), rtol=5e-6)


def test_what_of_linear_is_left_to_the_plain_rule() -> None:
    x, weight, bias = numbers(4, 5), numbers(6, 5), numbers(6)
    assert declines("linear", x[0], weight, bias) and declines("linear", x[:0], weight, bias)
    assert declines("linear", x, weight[:0], bias[:0]) and declines("linear", x[:, :0], weight[:, :0], bias)
    assert declines("linear", x, weight, bias[:1]) and declines("linear", x, weight[:, 1:], bias)
    assert declines("linear", numbers(6), of="bias") and declines("linear", numbers(0, 6), of="bias")
    assert declines("linear", numbers(4, 6).astype(np.float64), of="bias")


def test_small_products_are_left_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "minimum", 1)
    assert declines("matmul", numbers(9, 9), numbers(9, 9)) and declines("linear", *numbers(2, 9, 9), numbers(9))


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 3, 5), (0, 5)])
@pytest.mark.parametrize("bias", [False, True])
def test_second_derivatives_of_linear(shape: tuple[int, ...], bias: bool) -> None:
    arrays = [numbers(*shape), numbers(6, 5, seed=1), *([numbers(6)] if bias else [])]
    as_without_kernels(lambda: derivatives(F.linear, *arrays))


@pytest.mark.parametrize("frozen", range(3))
def test_some_inputs_only(frozen: int) -> None:
    arrays = [numbers(4, 5), numbers(6, 5, seed=1), numbers(6, seed=2)]

    def run() -> list[Any]:
        leaves = [mg.tensor(a, requires_grad=i != frozen) for i, a in enumerate(arrays)]
        out = F.linear(*leaves)
        out.backward(mg.tensor(numbers(4, 6, seed=3)))
        return [leaf.grad.numpy() for leaf in leaves if leaf.grad is not None]

    as_without_kernels(run)


def test_as_pytorch() -> None:
    torch = pytest.importorskip("torch")
    x, weight, bias, g = numbers(3, 33, 20), numbers(17, 20, seed=1), numbers(17, seed=2), numbers(3, 33, 17, seed=3)

    def run(library: Any, linear: Callable[..., Any]) -> list[np.ndarray]:
        leaves = [library.tensor(a, requires_grad=True) for a in (x, weight, bias)]
        out = linear(*leaves)
        out.backward(library.tensor(g))
        return [part.detach().numpy() for part in (out, *[leaf.grad for leaf in leaves])]

    same(run(mg, F.linear), run(torch, torch.nn.functional.linear), 1e-5)


def test_several_threads_at_once() -> None:
    a, b, g = factors(65, 33, 40)
    from_several_threads(lambda: agree("matmul", a, b, g=g))
    from_several_threads(lambda: agree("linear", a, b.T.copy(), numbers(40), g=g))
