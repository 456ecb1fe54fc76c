"""Kernels of attention beside its plain rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

from minigrad.core.primitive import REGISTRY  # noqa: E402 - after the skips
from minigrad.fast.kernels.attention import forward  # noqa: E402
from minigrad.fast.pool import settings  # noqa: E402
from minigrad.nn.kernels.attention import attention  # noqa: E402
from tests.fast.against_plain import (  # noqa: E402
    agree,
    declines,
    from_several_threads,
    numbers,
    same,
)

pytestmark = pytest.mark.usefixtures("enabled_throughout")


def seen(*shape: int) -> np.ndarray:
    """Booleans, most of them True, and a row in which nothing is."""
    mask = np.random.default_rng(7).random(shape) < 0.7
    mask[..., -1, :] = False
    return mask


def hidden(*shape: int) -> np.ndarray:
    """Numbers to be added, among them -inf."""
    return np.where(seen(*shape), numbers(*shape, seed=8), np.float32(-np.inf))


MASKS: dict[str, Callable[..., Any]] = {
    "none": lambda *shape: None,
    "boolean": seen,
    "numbers": lambda *shape: numbers(*shape, seed=8),
    "-inf": hidden,
    "one for all matrices": lambda *shape: np.broadcast_to(seen(*shape[-2:]), shape),
    "one for all queries": lambda *shape: np.broadcast_to(hidden(*shape[:-2], 2, shape[-1])[..., :1, :], shape),
}
SIZES = [(1, 1, 1, 1), (1, 7, 3, 2), (7, 1, 3, 2), (5, 5, 4, 4), (33, 65, 8, 3), (65, 33, 8, 3), (97, 97, 5, 9)]


def given(lead: tuple[int, ...], sizes: tuple[int, int, int, int]) -> list[np.ndarray]:
    """Query, key and value, and the gradient of the result, for (queries, keys, size, width)."""
    queries, keys, size, width = sizes
    shapes = [(queries, size), (keys, size), (keys, width), (queries, width)]
    return [numbers(*lead, *shape, seed=i) for i, shape in enumerate(shapes)]


def compare(query: Any, key: Any, value: Any, g: Any = None, bias: Any = None, **options: Any) -> Any:
    needed = (True, True, True, bias is not None)
    options = {"tolerance": 1e-5, "needed": needed, "scale": 0.5, **options}
    return agree("attention", query, key, value, bias, g=g, **options)


# --- what is computed -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("sizes", SIZES)
def test_masks(sizes: tuple[int, int, int, int], mask: str, causal: bool) -> None:
    for lead in ((), (3,)):
        compare(*given(lead, sizes), mask=MASKS[mask](*lead, *sizes[:2]), causal=causal)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", MASKS)
def test_weights_that_are_computed_again(mask: str, causal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (forward, attention):
        monkeypatch.setattr(module, "KEEP", 0)
    for sizes in SIZES:
        _, weights = compare(*given((2,), sizes), mask=MASKS[mask](2, *sizes[:2]), causal=causal)
        assert weights is None


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_any_number_of_threads(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than there are matrices: then several share the queries of one."""
    monkeypatch.setattr(settings, "threads", threads)
    for lead in ((), (2,), (3,), (5, 7)):
        for sizes in ((1, 3, 2, 2), (97, 60, 4, 3)):
            for causal in (False, True):
                compare(*given(lead, sizes), causal=causal)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", ["none", "boolean", "-inf"])
def test_dropout(mask: str, causal: bool) -> None:
    for sizes in SIZES:
        kept = np.random.default_rng(9).random((2, *sizes[:2])) < 0.6
        options = {"mask": MASKS[mask](2, *sizes[:2]), "causal": causal, "kept": kept, "gain": 1 / 0.6}
        compare(*given((2,), sizes), **options)
        compare(*given((2,), sizes), **{**options, "kept": np.zeros_like(kept)})


@pytest.mark.parametrize("causal", [False, True])
def test_scores_with_a_gradient(causal: bool) -> None:
    for sizes in SIZES:
        for lead in ((), (3,)):
            for bias in (numbers(*lead, *sizes[:2]), hidden(*sizes[:2]), numbers(sizes[1])):
                compare(*given(lead, sizes), bias, causal=causal)


@pytest.mark.parametrize("sizes", [(3, 4), (65, 7)])
def test_query_key_and_value_in_one_array(sizes: tuple[int, int]) -> None:
    length, size = sizes
    heads, batch_first, alone = (2, length, 3, 3, size), (2, 0, 3, 1, 4), (1, 0, 2)
    for shape, axes, result in (
        (heads, batch_first, (2, 3, length, size)),
        ((length, 2, 3, 3, size), (2, 1, 3, 0, 4), (2, 3, length, size)),
        ((length, 3, size), alone, (length, size)),
    ):
        for mask in (None, seen(*result[:-1], length)):
            agree("packed_attention", numbers(*shape), axes=axes, g=numbers(*result, seed=1), mask=mask, scale=0.5)
        kept = seen(*result[:-1], length)
        agree("packed_attention", numbers(*shape), axes=axes, g=numbers(*result), causal=True, kept=kept, gain=2.0)


@pytest.mark.slow
@pytest.mark.parametrize("causal", [False, True])
def test_long_sequences(causal: bool) -> None:
    for mask in (None, np.broadcast_to(seen(1500, 1500), (2, 1500, 1500))):
        _, weights = compare(*given((2,), (1500, 1500, 64, 32)), mask=mask, causal=causal, scale=0.125)
        assert weights is None


# --- memory -----------------------------------------------------------------------------------------------------------
LAYOUTS: dict[str, Callable[[np.ndarray], Any]] = {
    "heads of a layer": lambda a: a.swapaxes(1, 2).copy().swapaxes(1, 2),
    "sequence first": lambda a: a.transpose(2, 0, 1, 3).copy().transpose(1, 2, 0, 3),
    "columns": lambda a: a.swapaxes(2, 3).copy().swapaxes(2, 3),
    "gaps": lambda a: a.repeat(2, 2).repeat(2, 3)[:, :, ::2, ::2],
    "part of a row": lambda a: np.concatenate([a, a], -1)[..., : a.shape[-1]],
    "backwards": lambda a: np.flip(a.copy()),
    "one head for all": lambda a: np.broadcast_to(a[:, :1], a.shape),
    "one row for all": lambda a: np.broadcast_to(a[..., :1, :], a.shape),
    "one number for all": lambda a: np.broadcast_to(np.float32(0.5), a.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout(layout: str) -> None:
    turn = LAYOUTS[layout]
    arrays = given((2, 3), (7, 5, 4, 6))
    for place in range(4):
        compare(*[turn(a) if i == place else a for i, a in enumerate(arrays)])
    out, _ = compare(*map(turn, arrays), causal=True)
    compare(*arrays, mask=turn(seen(2, 3, 7, 5)) if layout == "one head for all" else None)
    assert out.strides == attention.attention.plain(*map(turn, arrays[:3]))[0].strides


# --- numbers ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 100, -100, 1e-40])
def test_special_numbers(special: float) -> None:
    for place in range(4):
        for causal in (False, True):
            arrays = given((2,), (7, 7, 4, 3))
            arrays[place][0, 6] = special
            out, _ = compare(*arrays, causal=causal, tolerance=3e-5)
            assert np.isfinite(out[1]).all()  # matrices never meet
            if place == 0 or causal and place == 1:
                assert np.isfinite(out[0, :6]).all()  # nor does a query with others, or with keys behind it


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_what_is_hidden_does_not_matter(special: float) -> None:
    query, key, value, g = given((2,), (5, 6, 4, 3))
    mask = np.ones((2, 5, 6), bool)
    mask[:, :, 3] = False
    out, _ = compare(query, key, value, g, mask=mask)
    spoilt = key.copy()
    spoilt[:, 3] = special
    same(compare(query, spoilt, value, mask=mask)[0], out)
    added = np.zeros((2, 5, 6), np.float32)
    added[:, 0, 5] = special  # behind the first query
    same(compare(query, key, value, g, mask=added, causal=True)[0], compare(query, key, value, g, causal=True)[0])


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 100, -1e30])
def test_masks_of_special_numbers(special: float) -> None:
    mask = numbers(2, 5, 6)
    mask[0, 1, 2] = special
    out, _ = compare(*given((2,), (5, 6, 4, 3))[:3], mask=mask)
    assert np.isfinite(out[1]).all() and np.isfinite(out[0, [0, 2, 3, 4]]).all()


def test_large_scores_and_all_alike() -> None:
    query, key, value, g = given((2,), (7, 9, 4, 3))
    for factor in (0, 1e-30, 30, 1000):
        compare(np.float32(factor) * query, key, value, g, tolerance=1e-4, mask=seen(2, 7, 9))


def test_queries_that_see_nothing_get_zero_and_pass_nothing_on() -> None:
    query, key, value, g = given((2,), (5, 6, 4, 3))
    for mask in (np.zeros((2, 5, 6), bool), np.full((2, 5, 6), -np.inf, np.float32)):
        out, weights = compare(query, key, value, g, mask=mask)
        assert not out.any() and not weights.any()
        joint = REGISTRY["attention"].kernels["joint"]
        parts = joint(g, query, key, value, out, weights, mask, False, 0.5, None, 1.0, (True, True, True, False))
        assert not any(part.any() for part in parts[:3])


# --- gradients --------------------------------------------------------------------------------------------------------
def test_some_inputs_only() -> None:
    arrays, bias = given((2,), (7, 5, 4, 3)), numbers(2, 7, 5)
    for place in range(4):
        needed = tuple(i == place for i in range(4))
        compare(*arrays, bias, needed=needed)
        compare(*arrays, bias, needed=tuple(not need for need in needed))


# --- what is left to the plain rule -----------------------------------------------------------------------------------
def test_what_is_left_to_the_plain_rule() -> None:
    arrays = given((2,), (7, 5, 4, 3))[:3]
    for place in range(3):
        for wrong in (lambda a: a.astype(np.float64), lambda a: a[:, :0], lambda a: a[:1], lambda a: a[:, :-1]):
            others = [wrong(a) if i == place else a for i, a in enumerate(arrays)]
            assert declines("attention", *others) or (place == 0 and others[0].shape == (2, 6, 4))
    whole = seen(2, 7, 5)
    one_key = np.broadcast_to(whole[..., :1], whole.shape)
    for mask in (whole.astype(np.float64), one_key, whole.astype(np.int8), numbers(2, 7, 10)[..., ::2]):
        assert declines("attention", *arrays, mask=mask)
    assert declines("attention", *arrays, numbers(2, 7, 5), mask=whole)
    assert declines("attention", *arrays, numbers(7, 1))
    assert declines("attention", *arrays, kept=numbers(2, 7, 5))
    out, weights = REGISTRY["attention"].kernels["forward"](*arrays)
    g, options = out.astype(np.float64), (None, False, 1.0, None, 1.0, (True, True, True, False))
    assert declines("attention", g, *arrays, out, weights, *options, of="joint")


def test_several_threads_at_once() -> None:
    arrays = given((3,), (40, 40, 8, 8))
    from_several_threads(lambda: compare(*arrays, causal=True))
