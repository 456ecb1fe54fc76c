"""Connectionist temporal classification: the probability of all ways in which a sequence can be spelled out in time.

A target y1 y2 ... is written with blanks around its labels, ␣ y1 ␣ y2 ␣ ..., a chain of states. At every time step a
path stays, goes to the next state, or over a blank between two different labels. The recursion over time runs for all
samples and states at once, in logarithms and in double precision, whose sum over thousands of steps keeps its digits.
Its counterpart, which runs backwards from the end, is the same recursion for time and target turned round.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ....core.declare import primitive
from ....core.tensor import raw
from ....ops.convert import astype
from ....ops.index.basic import pick, put
from ....ops.reduce.sums import sum_

NEVER = -1e30  # the logarithm of 0 in here: differences of it are numbers, those of -inf are not


# --- the chain of states ----------------------------------------------------------------------------------------------
class Chain(NamedTuple):
    """The states of every sample, and where their emissions stand.

    Attributes:
        places: (T, states, N) positions in the log-probabilities, flat.
        skip: (states, N), 0 where a state can be reached from the one before the last, and else NEVER.
    """

    places: Any
    skip: Any


class Lattice(NamedTuple):
    """Both chains, and how states of one lie in the other.

    Attributes:
        ahead: time and target as they are.
        back: both turned round.
        turned: for every time and state of ``ahead``, the same ones in what was computed along ``back``.
        inside: (T, states, N) whether time and state are within the sample's lengths.
        last: index of the last time step and state of every sample, of which a path may end in the one before.
        empty: (N,) whether there is no input.
        spoken: (N,) whether there is a target.
    """

    ahead: Chain
    back: Chain
    turned: tuple[Any, Any, Any]
    inside: Any
    last: tuple[Any, Any, Any]
    empty: Any
    spoken: Any


def _chain(shape: tuple[int, int, int], times: Any, targets: Any, blank: int, like: Any) -> Chain:
    _, samples, classes = shape
    labels = targets.T
    states = 2 * labels.shape[0] + 1
    symbols = np.full_like(targets, blank, shape=(states, samples))
    symbols[1::2] = labels
    skip = np.full_like(like, NEVER, shape=(states, samples), dtype=np.float64)
    skip[1:2] = 0  # from the start, which comes before the first blank
    skip[3::2] = np.where(np.equal(labels[1:], labels[:-1]), NEVER, 0)
    columns = symbols + classes * np.arange(samples, like=targets)
    return Chain(times[:, None, :] * (samples * classes) + columns, skip)


def _lattice(log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int) -> Lattice:
    shape = log_probs.shape
    times = np.arange(shape[0], like=targets)[:, None]
    samples = np.arange(shape[1], like=targets)
    letters = np.arange(targets.shape[1], like=targets)
    states = np.arange(2 * targets.shape[1] + 1, like=targets)[:, None]
    ends = 2 * target_lengths
    reversed_times = np.maximum(input_lengths - 1 - times, 0)  # (T, N)
    reversed_states = np.maximum(ends - states, 0)  # (states, N)
    reversed_targets = np.take_along_axis(targets, np.maximum(target_lengths[:, None] - 1 - letters, 0), axis=1)
    return Lattice(
        _chain(shape, times, targets, blank, log_probs),
        _chain(shape, reversed_times, reversed_targets, blank, log_probs),
        (reversed_times[:, None, :], reversed_states, samples),
        np.less(times, input_lengths)[:, None, :] & np.less_equal(states, ends),
        (np.maximum(input_lengths - 1, 0), ends, samples),
        np.equal(input_lengths, 0),
        np.greater(target_lengths, 0),
    )


# --- the recursion ----------------------------------------------------------------------------------------------------
def _emissions(log_probs: Any, chain: Chain) -> Any:
    """The log-probability of every state at every time, (T, states, N)."""
    flat = np.reshape(log_probs, (-1,))
    return np.maximum(astype(pick(flat, index=chain.places), np.float64), NEVER)


def _paths(emissions: Any, skip: Any) -> Any:
    """The logarithm of the probability of all paths that are in a state at a time, (T, states, N)."""
    times, states, samples = emissions.shape
    reached = np.full_like(emissions, NEVER, shape=(times + 1, states + 2, samples))
    reached[0, 1] = 0  # the start, where nothing was emitted yet
    ways = np.empty_like(emissions, shape=(3, states, samples))
    for time in range(times):
        before, now = reached[time], reached[time + 1, 2:]
        ways[0], ways[1] = before[2:], before[1:-1]
        np.add(before[:-2], skip, out=ways[2])
        top = np.maximum.reduce(ways, axis=0)
        np.exp(np.subtract(ways, top, out=ways), out=ways)
        np.log(np.add.reduce(ways, axis=0), out=now)
        now += top
        now += emissions[time]
    return reached[1:, 2:]


def _paths_and_rates(emissions: Any, rates: Any, skip: Any) -> tuple[Any, Any]:
    """The same, and its directional derivative for emissions that change at these rates; differentiable."""
    times, states, samples = emissions.shape
    pad = np.full_like(raw(emissions), NEVER, shape=(2, samples))
    start = np.full_like(pad, NEVER, shape=(states + 2, samples))
    start[1] = 0
    still = np.zeros_like(pad)
    before, moving = start, np.zeros_like(start)
    paths, changes = [], []
    for time in range(times):
        ways = np.stack([before[2:], before[1:-1], before[:-2] + skip])
        moves = np.stack([moving[2:], moving[1:-1], moving[:-2]])
        top = np.max(raw(ways), axis=0)
        chances = np.exp(ways - top)
        total = sum_(chances, dim=0)
        paths.append(np.log(total) + top + emissions[time])
        changes.append(sum_(chances * moves, dim=0) / total + rates[time])
        before, moving = np.concatenate([pad, paths[-1]]), np.concatenate([still, changes[-1]])
    return np.stack(paths), np.stack(changes)


def _ends(paths: Any, lattice: Lattice) -> tuple[Any, Any, Any]:
    """The log-probability of every target, and how many of its paths end in the last state and in the one before."""
    times, states, samples = lattice.last
    blank = pick(paths, index=lattice.last)
    label = pick(paths, index=(times, np.maximum(states - 1, 0), samples))
    label = np.where(lattice.spoken, label, NEVER)
    top = np.maximum(raw(blank), raw(label))
    of_blank, of_label = np.exp(blank - top), np.exp(label - top)
    total = of_blank + of_label
    whole = np.where(lattice.empty, np.where(lattice.spoken, NEVER, 0.0), np.log(total) + top)
    return whole, of_blank / total, of_label / total


def _occupied(ahead: Any, back: Any, emissions: Any, whole: Any, lattice: Lattice) -> Any:
    """The probability of being in a state at a time, given the target; 0 for a target that is impossible."""
    possible = np.greater(raw(whole), NEVER / 2)
    inside = np.logical_and(lattice.inside, possible)
    exponents = ahead + pick(back, index=lattice.turned) - emissions - np.where(possible, whole, 0)
    return np.exp(np.where(inside, exponents, NEVER))


# --- primitives -------------------------------------------------------------------------------------------------------
def _paths_ahead(log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int) -> Any:
    lattice = _lattice(log_probs, targets, input_lengths, target_lengths, blank)
    return _paths(_emissions(log_probs, lattice.ahead), lattice.ahead.skip)


@primitive()
def ctc_occupancy(
    log_probs: Any, *, targets: Any, input_lengths: Any, target_lengths: Any, blank: int, paths: Any = None
) -> Any:
    """How probable it is that a class is emitted at a time, given the target: minus the gradient of ``ctc``.

    Shapes:
        log_probs: (T, N, C), the shape of the result.

    Args:
        log_probs: see ``ctc``, as for the others.
        targets: labels.
        input_lengths: time steps.
        target_lengths: labels that count.
        blank: the class between labels.
        paths: what ``ctc`` computed on its way.
    """
    lattice = _lattice(log_probs, targets, input_lengths, target_lengths, blank)
    ahead, back = lattice.ahead, lattice.back
    emissions = _emissions(log_probs, ahead)
    paths = _paths(emissions, ahead.skip) if paths is None else paths
    turned = _paths(_emissions(log_probs, back), back.skip)
    occupied = _occupied(paths, turned, emissions, _ends(paths, lattice)[0], lattice)
    summed = put(occupied, index=(ahead.places,), shape=(log_probs.size,))
    return np.reshape(summed, log_probs.shape).astype(log_probs.dtype, copy=False)


def _rate_of_occupancy(
    g: Any, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int
) -> Any:
    """How the occupancy changes along ``g``: the matrix of its derivatives is symmetric, being a second derivative."""
    lattice = _lattice(raw(log_probs), targets, input_lengths, target_lengths, blank)
    ahead, back = lattice.ahead, lattice.back
    emissions, rates = _emissions(log_probs, ahead), astype(pick(np.reshape(g, (-1,)), index=ahead.places), np.float64)
    turned_rates = astype(pick(np.reshape(g, (-1,)), index=back.places), np.float64)
    paths, changes = _paths_and_rates(emissions, rates, ahead.skip)
    turned, turned_changes = _paths_and_rates(_emissions(log_probs, back), turned_rates, back.skip)
    whole, of_blank, of_label = _ends(paths, lattice)
    times, states, samples = lattice.last
    label_change = pick(changes, index=(times, np.maximum(states - 1, 0), samples))
    change = of_blank * pick(changes, index=lattice.last) + of_label * label_change
    occupied = _occupied(paths, turned, emissions, whole, lattice)
    flow = occupied * (changes + pick(turned_changes, index=lattice.turned) - rates - change)
    summed = put(flow, index=(ahead.places,), shape=(math.prod(g.shape),))
    return astype(np.reshape(summed, log_probs.shape), log_probs.dtype)


ctc_occupancy.rule(log_probs=_rate_of_occupancy)


@primitive(
    shown="ctc_loss",
    residuals={
        "paths": lambda log_probs, targets, input_lengths, target_lengths, blank: _paths_ahead(
            raw(log_probs), targets, input_lengths, target_lengths, blank
        )
    },
)
def ctc(log_probs: Any, *, targets: Any, input_lengths: Any, target_lengths: Any, blank: int) -> Any:
    """-log of the probability of a target, summed over all alignments; inf where there is none.

    Shapes:
        log_probs: (T, N, C).
        targets: (N, S) integers in [0, C) other than ``blank``, padded with whatever is in [0, C).
        input_lengths, target_lengths: (N,) integers up to T and S.
        result: (N,).
    """
    lattice = _lattice(log_probs, targets, input_lengths, target_lengths, blank)
    paths = _paths(_emissions(log_probs, lattice.ahead), lattice.ahead.skip)
    whole, _, _ = _ends(paths, lattice)
    losses = np.where(np.greater(whole, NEVER / 2), 0 - whole, np.inf)
    return losses.astype(log_probs.dtype, copy=False), paths


ctc.rule(
    log_probs=lambda g, log_probs, targets, input_lengths, target_lengths, blank, paths: (
        ctc_occupancy(
            log_probs,
            targets=targets,
            input_lengths=input_lengths,
            target_lengths=target_lengths,
            blank=blank,
            paths=paths,
        )
        * np.expand_dims(-g, 1)
    )
)
