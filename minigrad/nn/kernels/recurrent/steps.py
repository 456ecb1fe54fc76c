"""What the recurrent primitives share: the steps of packed sequences, and a state that walks along them."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from ....core.graph import Array
from ....core.tensor import Tensor, raw

Order = list[tuple[slice, int]]  # of every step, in the order of computation: its rows, and how many they are


def steps(sizes: tuple[int, ...], reverse: bool) -> Order:
    """The steps in the order in which they are computed."""
    ends = accumulate(sizes)
    order = [(slice(end - size, end), size) for size, end in zip(sizes, ends, strict=True)]
    return order[::-1] if reverse else order


def resized(state: Any, others: Any, size: int, left: list[Any]) -> Any:
    """The state of all sequences that take part in a step of ``size`` rows.

    Sequences that end before it are moved to ``left``; those that begin with it bring theirs from ``others``. In the
    order of time sequences only end, in the reverse order they only begin; backward sees it the other way round.
    """
    known = state.shape[0]
    if size < known:
        left.append(state[size:])
        return state[:size]
    if size > known:
        return np.concatenate([state, others[known:size]])
    return state


def plus(state: Any, of_steps: Any, rows: slice) -> Any:
    """The gradient of a state, with what arrives at the output of that step; None is 0."""
    return state if of_steps is None else state + of_steps[rows]


def or_zeros(g: Any, like: Any) -> Any:
    """The gradient of a last state; zeros where it was not used."""
    return np.zeros_like(like) if g is None else g


def copied(state: Any, left: list[Any]) -> Any:
    """``rejoined`` in memory of its own, as an output."""
    return np.concatenate([state, *left[::-1]])


def rejoined(state: Any, left: list[Any]) -> Any:
    """The states of all sequences: of those at work to the end, and of those that ``resized`` moved to ``left``."""
    return np.concatenate([state, *left[::-1]]) if left else state


def befores(states: Any, first: Any, order: Order) -> list[Any]:
    """The state before every step, in the order of computation.

    Args:
        states: the state after every step, packed.
        first: the initial state of every sequence.
        order: the steps.
    """
    found = [first[: order[0][1]]]
    for (rows, _), (_, size) in zip(order[:-1], order[1:], strict=True):
        found.append(resized(states[rows], first, size, []))
    return found


def packed(parts: list[Any], order: Order) -> Any:
    """One part for every step, in the order of computation, as packed rows."""
    backwards = order[0][0].start > 0
    return np.concatenate(parts[::-1] if backwards else parts)


def unfilled(shape: tuple[int, ...], *values: Any) -> Array | None:
    """An array for what a rule computes from ``values``; None if they are recorded, as a graph cannot be written to.

    NumPy takes ``out=None`` for no ``out`` at all, so one text serves both.
    """
    recorded = any(isinstance(value, Tensor) for value in values)
    return None if recorded else np.empty_like(values[0], shape=shape)


def gate_constants(like: Any, plain: int, gates: int) -> tuple[Array, Array]:
    """Factor and shift that make a logistic sigmoid of a tanh, for a row of gates of which number ``plain`` is a tanh.

    σ(z) = ½ + ½ tanh(z/2), so ``tanh(z * factor) * factor + shift`` serves all gates of a step in one go.
    """
    like = raw(like)
    width = like.shape[1] // gates
    factor = np.full_like(like, 0.5, shape=like.shape[1:])
    factor[plain * width : (plain + 1) * width] = 1
    return factor, 1 - factor


def check(gates: int, sizes: tuple[int, ...], states: dict[str, Any], w_hh: Any, *biases: Any) -> None:
    """Refuse shapes that would broadcast instead of failing."""
    width = w_hh.shape[-1]
    if w_hh.shape != (gates * width, width):
        raise ValueError(f"w_hh must have shape ({gates} * hidden size, hidden size)")
    for name, state in states.items():
        if state.shape != (sizes[0], width):
            raise ValueError(f"{name} must have shape {(sizes[0], width)}: one row for each sequence")
    if any(b is None for b in biases) and any(b is not None for b in biases):
        raise ValueError("b_ih and b_hh must both be given, or none of them")
    if any(b is not None and b.shape != (gates * width,) for b in biases):
        raise ValueError(f"a bias must have shape {(gates * width,)}")


def quarters(gates: Any) -> tuple[Any, Any, Any, Any]:
    """Four gates that lie side by side.

    Those of an LSTM are input gate, forget gate, candidate and output gate, PyTorch's order; those of a GRU candidate,
    reset gate, update gate, and the state's share in the candidate before the reset gate: the first three are what the
    input feeds, and the last three what the state feeds.
    """
    n = gates.shape[1] // 4
    return gates[:, :n], gates[:, n : 2 * n], gates[:, 2 * n : 3 * n], gates[:, 3 * n :]
