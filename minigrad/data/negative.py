"""Negatives: classes drawn by chance, among which a model is to find the right one."""

from __future__ import annotations

import math
import operator
from typing import Any, Self

import numpy as np

from ..core.arrays import as_array
from ..random import as_generator

TRIES = 16  # rounds in which excluded draws are repeated, before the rest is drawn from what is left


class NegativeSampler:
    """Draws class numbers with replacement, each with a probability proportional to its weight.

    By the alias method: all probabilities are cut into columns of equal height, each with at most two classes, so that
    a draw is a column and a coin, however many classes there are. Drawn numbers come as arrays, not as Tensors.

    Args:
        weights: one number, at least 0, for each class, such as how often it occurs.
        power: of the weights. 0.75, word2vec's, draws rare classes more often than they occur; 0 draws evenly.
        generator: what to draw from; by default the library's own Generator, which ``manual_seed`` starts anew.

    Raises:
        TypeError: for weights that are no numbers, and for another kind of generator.
        ValueError: for weights that are no vector, negative, not finite, or all 0.

    Source: M. Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE Transactions on
    Software Engineering 17 (1991). T. Mikolov et al., "Distributed representations of words and phrases and their
    compositionality", NeurIPS (2013), for the power of ¾.

    Example:
        >>> sampler = NegativeSampler([1.0, 0.0, 3.0], generator=np.random.default_rng(0))
        >>> sampler.probabilities
        array([0.25, 0.  , 0.75])
        >>> sampler.sample((2, 3)).shape
        (2, 3)
        >>> NegativeSampler([16.0, 1.0], power=0.75).probabilities
        array([0.88888889, 0.11111111])
    """

    def __init__(self, weights: Any, *, power: float = 1.0, generator: Any = None) -> None:
        found = as_array(weights, np.float64)
        if found.ndim != 1 or not found.size:
            raise ValueError(f"NegativeSampler: weights holds one number for each class, got shape {found.shape}")
        wrong = ~(np.isfinite(found) & (found >= 0))
        if wrong.any():
            first = int(wrong.argmax())
            raise ValueError(f"NegativeSampler: weights[{first}] is {found[first]}; a weight is finite and at least 0")
        top = found.max()
        if top == 0:
            raise ValueError(f"NegativeSampler: all {found.size} weights are 0; at least one class must be possible")
        if isinstance(power, str) or not math.isfinite(power):
            raise ValueError(f"NegativeSampler: power must be a finite number, got {power!r}")
        if generator is not None:
            as_generator(generator)
        self.power = power
        self.generator = generator
        powered = np.zeros_like(found)
        np.power(found / top, power, out=powered, where=found > 0)  # what never occurs is never drawn
        self.probabilities: Any = powered / powered.sum()
        self.probabilities.flags.writeable = False
        self._kept, self._alias = _table(self.probabilities)

    @classmethod
    def uniform(cls, classes: int, *, generator: Any = None) -> Self:
        """A sampler of ``classes`` classes that are equally probable.

        Example:
            >>> NegativeSampler.uniform(4).probabilities
            array([0.25, 0.25, 0.25, 0.25])
        """
        return cls(np.ones(operator.index(classes)), generator=generator)

    def __len__(self) -> int:
        return int(self.probabilities.size)

    def sample(self, size: Any = (), *, exclude: Any = None) -> Any:
        """Class numbers, of this size.

        Args:
            size: an integer or a tuple.
            exclude: class numbers that must not be drawn, such as the right ones: for a size of (N, ...), N of them, or
                (N, k) for several in each row; the others keep their proportions.

        Raises:
            IndexError: for an excluded number that is no class.
            ValueError: for another shape of ``exclude``, and where nothing is left to draw.

        Example:
            >>> NegativeSampler.uniform(3).sample((2, 4), exclude=[[0, 1], [1, 2]])
            array([[2, 2, 2, 2],
                   [0, 0, 0, 0]])
        """
        shape = tuple(map(operator.index, size)) if isinstance(size, (tuple, list)) else (operator.index(size),)
        drawn = self._draw(shape)
        if exclude is None:
            return drawn
        banned = self._numbers("exclude", exclude)
        banned = banned[:, None] if banned.ndim == 1 else banned
        if banned.ndim != 2 or not shape or banned.shape[0] != shape[0]:
            raise ValueError(
                f"NegativeSampler.sample: exclude has one number, or one row of them, for each of the {shape[:1]} "
                f"first indices of size={shape}, got shape {np.shape(exclude)}"
            )
        flat = drawn.reshape(shape[0], math.prod(shape[1:]))
        for _ in range(TRIES):
            rows, columns = np.nonzero((flat[:, :, None] == banned[:, None, :]).any(axis=2))
            if not rows.size:
                return drawn
            flat[rows, columns] = self._draw(rows.shape)
        hit = (flat[:, :, None] == banned[:, None, :]).any(axis=2)
        for row in np.flatnonzero(hit.any(axis=1)):
            flat[row, hit[row]] = self._draw_others(banned[row], int(hit[row].sum()), int(row))
        return drawn

    def log_prob(self, indices: Any) -> Any:
        """The logarithm of the probability of each class number; -inf for what is never drawn.

        Raises:
            IndexError: for a number that is no class.
            TypeError: for numbers that are not integers.

        Example:
            >>> np.exp(NegativeSampler([1.0, 3.0]).log_prob([1, 0]))
            array([0.75, 0.25])
        """
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.probabilities[self._numbers("indices", indices)]))

    def _draw(self, shape: tuple[int, ...]) -> Any:
        generator = as_generator(self.generator)
        columns = generator.integers(len(self), size=shape)
        return np.where(generator.random(shape) < self._kept[columns], columns, self._alias[columns])

    def _draw_others(self, banned: Any, count: int, row: int) -> Any:
        """Draws from what is left without the banned classes, exactly, which takes time for all classes."""
        left = self.probabilities.copy()
        left[banned] = 0
        total = left.cumsum()
        if total[-1] == 0:
            raise ValueError(f"NegativeSampler.sample: exclude leaves no class to draw in row {row}")
        drawn = np.searchsorted(total, as_generator(self.generator).random(count) * total[-1], side="right")
        return np.minimum(drawn, np.flatnonzero(left)[-1])  # a product may round up to the total

    def _numbers(self, what: str, value: Any) -> Any:
        numbers: Any = as_array(value)
        if numbers.size and numbers.dtype.kind not in "iu":
            raise TypeError(f"NegativeSampler: {what} must be integers, got {numbers.dtype}")
        wrong = (numbers < 0) | (numbers >= len(self))
        if wrong.any():
            raise IndexError(
                f"NegativeSampler: {numbers[wrong][0]} in {what} is no class; they go from 0 to {len(self) - 1}"
            )
        return numbers.astype(np.intp)

    def __repr__(self) -> str:
        power = "" if self.power == 1 else f", power={self.power}"
        return f"<NegativeSampler of {len(self)} classes{power}>"


def _table(probabilities: Any) -> tuple[Any, Any]:
    """For every column, how much of it is its own class, and which class has the rest.

    Classes below the mean leave room in their columns, which those above it fill, one after the other. What one by one
    is a loop over all classes, sums over all before say at once: a light column is filled by the first heavy class
    whose surplus the room before it has not used up; and a heavy class that gave away too much gets that much back
    from the next one.
    """
    heights = probabilities * probabilities.size
    light, heavy = np.flatnonzero(heights < 1), np.flatnonzero(heights >= 1)
    kept, alias = np.minimum(heights, 1), np.arange(heights.size)
    if not light.size or not heavy.size:
        return np.ones_like(heights), alias
    room, surplus = (1 - heights[light]).cumsum(), (heights[heavy] - 1).cumsum()
    last = heavy.size - 1
    before = np.concatenate([[0.0], room[:-1]])
    alias[light] = heavy[np.minimum(np.searchsorted(surplus, before, side="right"), last)]
    ends = np.searchsorted(room, surplus, side="left")
    overdrawn = np.where(ends < room.size, room[np.minimum(ends, room.size - 1)] - surplus, 0)
    overdrawn[last] = 0  # but for rounding, nothing is left
    kept[heavy] = np.maximum(1 - overdrawn, 0)
    alias[heavy] = heavy[np.minimum(np.arange(heavy.size) + 1, last)]
    return kept, alias
