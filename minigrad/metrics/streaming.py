"""Metrics that see a batch at a time: ``update`` with every one, ``compute`` at the end, ``reset`` before the next."""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from .arrays import Numbers, numbers, predicted_labels
from .classification import confusion_matrix, from_counts, in_top_k
from .numbers import exponential, surprise


class Metric(ABC):
    """Something that is computed over batches, with a state that checkpoints can hold."""

    def __init__(self) -> None:
        self.reset()

    @abstractmethod
    def reset(self) -> None:
        """Forget all batches."""

    @abstractmethod
    def compute(self) -> Any:
        """The value over all batches so far.

        Raises:
            ValueError: before the first one.
        """

    def state_dict(self) -> dict[str, Any]:
        """What the batches so far came to."""
        return {name: np.copy(value) if isinstance(value, np.ndarray) else value for name, value in vars(self).items()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict()`` returned.

        Raises:
            ValueError: if it is from another kind of metric, or one with other options.
        """
        own = vars(self)
        if not isinstance(state_dict, Mapping) or set(state_dict) != set(own):
            raise ValueError(f"this is no state of {type(self).__name__}, which has {sorted(own)}")
        for name, value in state_dict.items():
            option = not name.startswith("_")
            if np.shape(value) != np.shape(own[name]) or (option and value != own[name]):
                raise ValueError(f"the state has {name}={value!r}, and this {type(self).__name__} {own[name]!r}")
        for name, value in state_dict.items():
            setattr(self, name, np.copy(value) if isinstance(value, np.ndarray) else value)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if not name.startswith("_"))
        return f"{type(self).__name__}({options})"

    def _divided(self, total: float, count: float) -> float:
        if not count:
            raise ValueError(f"{type(self).__name__} has seen no samples yet; call update first")
        return total / count


class Mean(Metric):
    """The mean of numbers, such as the losses of batches, each with a weight, such as the size of its batch.

    Example:
        >>> mean = Mean()
        >>> mean.update(0.5, weight=32)
        >>> mean.update(0.2, weight=16)
        >>> round(mean.compute(), 12)
        0.4
    """

    def reset(self) -> None:
        """Forget all numbers."""
        self._total, self._lost, self._weight = 0.0, 0.0, 0.0

    def update(self, value: Any, weight: Any = 1.0) -> None:
        """Add a number, or all numbers of a Tensor or array, each with ``weight``.

        Raises:
            ValueError: for weights below 0 or not finite.
        """
        values, weights = numbers("value", value).astype(np.float64), numbers("weight", weight).astype(np.float64)
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError(f"weights are finite and at least 0, got {weight!r}")
        if weights.ndim and weights.shape != values.shape:
            raise ValueError(f"value has the shape {values.shape} and weight {weights.shape}; they must be the same")
        terms = (values * weights).ravel()
        with np.errstate(invalid="ignore"):  # infinities of both signs have no sum: NaN
            self._add(math.fsum(terms) if np.isfinite(terms).all() else float(terms.sum()))
        self._weight += math.fsum(np.broadcast_to(weights, values.shape).ravel())

    def _add(self, term: float) -> None:
        """Add, and keep what rounding takes (Neumaier 1974): a mean over millions of batches stays exact."""
        total = self._total + term
        if math.isfinite(total):
            larger, smaller = (self._total, term) if abs(self._total) >= abs(term) else (term, self._total)
            self._lost += (larger - total) + smaller
        self._total = total

    def compute(self) -> float:
        """The mean so far."""
        return self._divided(self._total + self._lost, self._weight)


class Accuracy(Metric):
    """The share of samples whose class is right, or among the ``k`` that score highest.

    Example:
        >>> metric = Accuracy()
        >>> metric.update([0, 1], [0, 1])
        >>> metric.update([[0.9, 0.1]], [1])
        >>> metric.compute()
        0.6666666666666666
    """

    def __init__(self, k: int = 1) -> None:
        if operator.index(k) < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        self.k = k
        super().__init__()

    def reset(self) -> None:
        """Forget all batches."""
        self._right, self._count = 0, 0

    def update(self, predicted: Any, target: Any) -> None:
        """Count a batch: classes or scores, and the true classes, as ``accuracy`` and ``top_k_accuracy`` take them."""
        if self.k > 1:
            right = in_top_k(predicted, target, self.k)
        else:
            found, truth = predicted_labels(predicted, target)
            right = found == truth
        self._right += int(right.sum())
        self._count += right.size

    def compute(self) -> float:
        """The share so far."""
        return self._divided(self._right, self._count)


class ConfusionMatrix(Metric):
    """How often every true class (row) was taken for every class (column), and what follows from that.

    Example:
        >>> metric = ConfusionMatrix(2)
        >>> metric.update([0, 1], [0, 0])
        >>> metric.update([1], [1])
        >>> metric.compute().tolist(), metric.f1_score()
        ([[1, 1], [0, 1]], 0.6666666666666666)
    """

    def __init__(self, classes: int) -> None:
        if operator.index(classes) < 2:
            raise ValueError(f"there are at least 2 classes, got {classes}")
        self.classes = classes
        super().__init__()

    def reset(self) -> None:
        """Forget all batches."""
        self._counts = np.zeros((self.classes, self.classes), np.int64)

    def update(self, predicted: Any, target: Any) -> None:
        """Count a batch; arguments as for ``accuracy``."""
        self._counts += confusion_matrix(predicted, target, self.classes)

    def compute(self) -> Numbers:
        """The counts so far, (classes, classes)."""
        self._divided(0.0, self._counts.sum())
        return self._counts.copy()

    def accuracy(self) -> float:
        """The share of samples whose class is right."""
        return self._divided(int(np.trace(self._counts)), int(self._counts.sum()))

    def precision(self, average: str | None = "binary", positive: int = 1, zero_division: float = 0.0) -> Any:
        """The share of what was taken for a class that is of that class; see ``metrics.precision``."""
        return from_counts(self.compute(), "precision", average, positive, zero_division)

    def recall(self, average: str | None = "binary", positive: int = 1, zero_division: float = 0.0) -> Any:
        """The share of what is of a class that was found; see ``metrics.precision``."""
        return from_counts(self.compute(), "recall", average, positive, zero_division)

    def f1_score(self, average: str | None = "binary", positive: int = 1, zero_division: float = 0.0) -> Any:
        """The harmonic mean of precision and recall; see ``metrics.precision``."""
        return from_counts(self.compute(), "f1", average, positive, zero_division)


class Perplexity(Metric):
    """exp of the mean cross-entropy over all targets, however they fall into batches.

    Example:
        >>> metric = Perplexity()
        >>> metric.update(np.zeros((3, 7)), [0, 3, -100])
        >>> round(metric.compute(), 12)
        7.0
    """

    def __init__(self, ignore_index: int = -100) -> None:
        self.ignore_index = ignore_index
        super().__init__()

    def reset(self) -> None:
        """Forget all batches."""
        self._total, self._count = 0.0, 0

    def update(self, scores: Any, target: Any) -> None:
        """Count a batch; arguments as for ``perplexity``, but a batch may have nothing that counts."""
        total, count = surprise(scores, target, self.ignore_index)
        self._total += total
        self._count += count

    def compute(self) -> float:
        """The perplexity so far."""
        return exponential(self._divided(self._total, self._count))
