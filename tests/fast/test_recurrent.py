"""Kernels of recurrent layers beside their plain rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

from minigrad.core.primitive import REGISTRY  # noqa: E402 - after the skips
from minigrad.fast.pool import settings  # noqa: E402
from tests.fast.against_plain import (  # noqa: E402
    agree,
    as_without_kernels,
    declines,
    derivatives,
    from_several_threads,
    numbers,
)

pytestmark = pytest.mark.usefixtures("enabled_throughout")
GATES = {"lstm": 4, "gru": 3, "rnn": 1}
STATES = {"lstm": 2, "gru": 1, "rnn": 1}
KINDS: dict[str, dict[str, Any]] = {"lstm": {}, "gru": {}, "rnn": {"relu": False}, "rnn relu": {"relu": True}}
RAGGED = (7, 4, 4, 1)


def layer(kind: str, sizes: tuple[int, ...], inputs: int, width: int, bias: bool = True) -> list[Any]:
    """The input, initial states, weights and biases of a layer."""
    name = kind.split()[0]
    rows, scale = GATES[name] * width, np.float32(1 / np.sqrt(width))
    return [
        numbers(sum(sizes), inputs),
        *numbers(STATES[name], sizes[0], width, seed=1),
        numbers(rows, inputs, seed=2) * scale,
        numbers(rows, width, seed=3) * scale,
        *(numbers(2, rows, seed=4) if bias else (None, None)),
    ]


def gradients(kind: str, sizes: tuple[int, ...], width: int) -> tuple[Any, ...]:
    """Those of the states of all steps, and of the last ones."""
    return (numbers(sum(sizes), width, seed=5), *numbers(STATES[kind.split()[0]], sizes[0], width, seed=6))


def compare(kind: str, inputs: list[Any], sizes: tuple[int, ...], **options: Any) -> Any:
    options = {"tolerance": 1e-5, "reverse": False, **KINDS[kind], **options}
    return agree(kind.split()[0], *inputs, sizes=sizes, **options)


# --- what is computed -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sizes", [(1,), (3,), (1, 1, 1, 1), (5, 5, 5), RAGGED, (2, 1, 0)])
@pytest.mark.parametrize("kind", KINDS)
def test_sequences(kind: str, sizes: tuple[int, ...], reverse: bool) -> None:
    for inputs, width in ((3, 5), (1, 1)):
        for bias in (True, False):
            given = layer(kind, sizes, inputs, width, bias)
            compare(kind, given, sizes, reverse=reverse, g=gradients(kind, sizes, width))


@pytest.mark.parametrize("width", [16, 33, 64, 70])
@pytest.mark.parametrize("kind", KINDS)
def test_widths(kind: str, width: int) -> None:
    """A panel of the recurrent weight has 64 columns."""
    sizes = (19, 19, 6)
    compare(kind, layer(kind, sizes, 130, width), sizes, g=gradients(kind, sizes, width))


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_threads(kind: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than there are sequences, too."""
    monkeypatch.setattr(settings, "threads", threads)
    for sizes in ((1, 1), (2, 2, 2), (17, 17, 3), RAGGED):
        for reverse in (False, True):
            compare(kind, layer(kind, sizes, 3, 5), sizes, reverse=reverse, g=gradients(kind, sizes, 5))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_large(kind: str) -> None:
    sizes = (64,) * 20 + (40,) * 20 + (3,) * 10
    compare(kind, layer(kind, sizes, 128, 256), sizes, g=gradients(kind, sizes, 256), tolerance=3e-5)


# --- gradients --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_some_outputs_only(kind: str) -> None:
    given, g = layer(kind, RAGGED, 3, 5), gradients(kind, RAGGED, 5)
    for used in range(1, 1 << len(g)):
        parts = tuple(part if used >> i & 1 else None for i, part in enumerate(g))
        compare(kind, given, RAGGED, g=parts)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_any_layout(kind: str) -> None:
    """That of a sum is one number, repeated; that of a transposed result lies in columns."""
    given, g = layer(kind, RAGGED, 3, 5), gradients(kind, RAGGED, 5)
    for turn in (
        lambda a: np.broadcast_to(np.float32(1), a.shape),
        np.asfortranarray,
        lambda a: a.repeat(2, 1)[:, ::2],
    ):
        compare(kind, given, RAGGED, g=tuple(map(turn, g)))


@pytest.mark.parametrize("kind", KINDS)
def test_some_inputs_only(kind: str) -> None:
    given, g = layer(kind, RAGGED, 3, 5), gradients(kind, RAGGED, 5)
    for wanted in range(len(given)):
        needed = tuple(i == wanted for i in range(len(given)))
        compare(kind, given, RAGGED, g=g, needed=needed)
        compare(kind, given, RAGGED, g=g, needed=tuple(not need for need in needed))


@pytest.mark.parametrize("kind", KINDS)
def test_second_derivatives(kind: str) -> None:
    op, sizes = REGISTRY[kind.split()[0]], (4, 4, 2)
    given = layer(kind, sizes, 3, 5)
    as_without_kernels(
        lambda: derivatives(lambda *leaves: op(*leaves, sizes=sizes, **KINDS[kind]), *given), tolerance=3e-5
    )


# --- numbers ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 100, -100, 1e-40])
@pytest.mark.parametrize("kind", KINDS)
def test_special_numbers(kind: str, special: float) -> None:
    sizes, width = (6, 6, 3), 5
    g = gradients(kind, sizes, width)
    for place in range(1 + STATES[kind.split()[0]]):
        given = layer(kind, sizes, 3, width)
        given[place][1] = special
        out, *_ = compare(kind, given, sizes)
        others = [i for i in range(sum(sizes)) if i not in (1, 7, 13)]
        assert np.isfinite(out[others]).all()  # sequences never meet
        if not np.isinf(special):
            compare(kind, given, sizes, g=g, tolerance=1e-3)  # 1 - h² loses digits where h is nearly 1
    for place in range(len(g)):
        spoilt = [part.copy() for part in g]
        spoilt[place][1] = special
        compare(kind, layer(kind, sizes, 3, width), sizes, g=tuple(spoilt))


# --- what is left to the plain rule -----------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_to_the_plain_rule(kind: str) -> None:
    name, sizes = kind.split()[0], (4, 4, 2)
    given = layer(kind, sizes, 3, 5)
    for i, array in enumerate(given):
        other = [*given]
        for wrong in (array.astype(np.float64), array.repeat(2, -1)[..., ::2], array[:-1], array[..., :-1], None):
            other[i] = wrong
            assert declines(name, *other, sizes=sizes), (i, wrong)
    assert declines(name, *given, sizes=(4, 4, 1)) and declines(name, *given, sizes=(4, 2, 4))
    empty = layer(kind, (0, 0), 3, 5)
    assert declines(name, *empty, sizes=(0, 0))
    assert declines(name, *layer(kind, sizes, 0, 5), sizes=sizes)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_another_dtype_are_left_to_the_plain_rule(kind: str) -> None:
    name, sizes = kind.split()[0], (4, 4, 2)
    given, g = layer(kind, sizes, 3, 5), gradients(kind, sizes, 5)
    kept = REGISTRY[name].kernels["forward"](*given, sizes=sizes, **KINDS[kind])
    residuals = [part for i, part in enumerate(kept) if not 0 < i < len(g)]  # all but the last states
    options = [sizes, False, *KINDS[kind].values(), (True,) * len(given)]
    inputs = given[: 1 + STATES[name] + 2]
    for i in range(len(g)):
        wrong = tuple(part.astype(np.float64) if i == j else None for j, part in enumerate(g))
        assert declines(name, wrong, *inputs, *residuals, *options, of="joint")


@pytest.mark.parametrize("kind", KINDS)
def test_small_layers_are_left_to_the_plain_rule(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "minimum", 1)
    given = layer(kind, (4, 4), 3, 5)
    assert declines(kind.split()[0], *given, sizes=(4, 4))


@pytest.mark.parametrize("kind", KINDS)
def test_several_threads_at_once(kind: str) -> None:
    given, g = layer(kind, RAGGED, 3, 20), gradients(kind, RAGGED, 20)
    from_several_threads(lambda: compare(kind, given, RAGGED, g=g))
