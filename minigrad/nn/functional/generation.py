"""Drawing from scores: how a model that gives scores for what comes next chooses it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.arrays import as_array
from ...core.graph import Array
from ...core.tensor import Tensor, wrap
from ...random import as_generator
from .arguments import numbers
from .sizes import at_least


def sample(
    logits: Any,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: Any = None,
) -> Tensor:
    """One index for every row of scores, drawn with the probabilities softmax(logits / temperature).

    The order is: temperature, then ``top_k``, then ``top_p`` on what is left, whose probabilities again sum to 1. Of
    equal scores the one with the smaller index counts as the more likely. No gradient flows through drawing.

    Shapes:
        logits: (..., n). A score of -inf is never drawn.
        result: (...), int64.

    Args:
        logits: the scores.
        temperature: below 1 likely indices become more likely; 0 takes the largest score, the first of equals.
        top_k: draw only from the ``top_k`` most likely ones (from all where there are fewer).
        top_p: draw only from the nucleus: the smallest set of most likely ones whose probability reaches ``top_p``,
            in (0, 1], and always at least one.
        generator: a ``numpy.random.Generator``; by default the library's own.

    Raises:
        ValueError: for rows without a score above -inf, NaN or +inf among the scores, and arguments out of range.

    Source:
        Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020, section 3.1, for the nucleus.

    Example:
        >>> sample(Tensor([[0.0, 9.0, 3.0], [2.0, 1.0, 0.0]]), temperature=0)
        Tensor([1, 0])
        >>> sample(Tensor([5.0, 0.0, 0.0]), top_p=0.5)
        Tensor(0)
    """
    scores = as_array(logits)
    _check_scores(scores)
    check_sampling("sample", temperature, top_k, top_p)
    generator = as_generator(generator)
    rows = np.reshape(scores, (math.prod(scores.shape[:-1]), scores.shape[-1]))
    if temperature == 0:
        drawn = np.argmax(rows, axis=-1)
    elif top_k is None and top_p is None:
        drawn = _draw(_probabilities(rows, temperature), generator)
    else:
        order = np.argsort(-rows, axis=-1, kind="stable")[:, :top_k]
        likely = _nucleus(_probabilities(np.take_along_axis(rows, order, -1), temperature), top_p)
        drawn = np.take_along_axis(order, _draw(likely, generator)[:, None], -1)
    return wrap(np.reshape(drawn, scores.shape[:-1]).astype(np.int64), None)


def check_sampling(name: str, temperature: float, top_k: Any, top_p: Any) -> None:
    """Refuse arguments of ``sample`` that are out of range."""
    (temperature,) = numbers(name, temperature=temperature)
    if not 0 <= temperature < math.inf:
        raise ValueError(f"{name}: a temperature is at least 0 and finite, got {temperature}")
    if top_k is not None:
        at_least(name, 1, top_k=top_k)
    if top_p is not None and not 0 < numbers(name, top_p=top_p)[0] <= 1:
        raise ValueError(f"{name}: top_p is a probability in (0, 1], got {top_p}; None draws from all")


def _check_scores(scores: Array) -> None:
    if scores.ndim == 0 or scores.shape[-1] == 0:
        raise ValueError(f"sample: the last dimension holds the scores, at least one, got shape {scores.shape}")
    if scores.dtype.kind != "f":
        raise TypeError(f"sample: scores are floating-point, got {scores.dtype}; are these indices already?")
    wrong = np.argwhere(np.isnan(scores) | (scores == np.inf))
    if wrong.size:
        position = tuple(wrong[0].tolist())
        raise ValueError(f"sample: the score at {position} is {scores[position]}; scores are finite or -inf")
    void = np.argwhere(np.max(scores, axis=-1) == -np.inf)
    if len(void):
        position = tuple(void[0].tolist())
        raise ValueError(
            f"sample: all scores of row {position} are -inf, so there is nothing to draw; was everything masked?"
        )


def _probabilities(rows: Array, temperature: float) -> Array:
    """The softmax of every row, in double precision: sums over a large vocabulary decide what is drawn."""
    rows = rows.astype(np.float64)
    with np.errstate(over="ignore"):  # to -inf, whose probability is 0
        weights = np.exp((rows - np.max(rows, axis=-1, keepdims=True)) / temperature)
    return weights / np.sum(weights, axis=-1, keepdims=True)


def _nucleus(probabilities: Array, top_p: float | None) -> Array:
    """Falling probabilities, with 0 for those that come after ``top_p`` has been reached."""
    if top_p is None or top_p == 1:
        return probabilities
    inside = np.ones_like(probabilities, dtype=bool)
    inside[:, 1:] = np.cumsum(probabilities, axis=-1)[:, :-1] < top_p
    return np.where(inside, probabilities, 0)


def _draw(weights: Array, generator: np.random.Generator) -> Array:
    """Where a uniform number falls among the running sums of each row."""
    edges = np.cumsum(weights, axis=-1)
    drawn_at = generator.random((len(weights), 1)) * edges[:, -1:]
    drawn = np.count_nonzero(edges <= drawn_at, axis=-1)
    last = weights.shape[-1] - 1 - np.argmax(weights[:, ::-1] > 0, axis=-1)  # rounding may reach the last edge
    return np.minimum(drawn, last)
