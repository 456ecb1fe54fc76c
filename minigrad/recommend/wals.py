"""WALS: weighted alternating least squares."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from ..core.tensor import Tensor
from ..random import as_generator
from .observations import Numbers, Observations, Rows, confident, numbered, observations, real, refuse_bad
from .ranking import best
from .solves import objective, solve_rows


class WALS:
    """A factorisation of ratings into a vector for every user and every item, by least squares in turns.

    For fixed items the best users are found exactly, all at once, then the best items for these users: the objective
    never rises. Pairs that were not observed count as 0 with a small weight, at no cost: time and memory are those of
    the observations.

    Math:
        Σ_observed w (r - x·y)² + w0 Σ_unobserved (x·y)² + λ (Σ |x|² + Σ |y|²)

        With ``alpha``, the implicit form: r are counts, of purchases say; the target is 1, or 0 for a count of 0, with
        the weight w = 1 + alpha · r, and w0 is 1.

    Args:
        dim: the size of the vectors.
        regularization: λ.
        unobserved_weight: w0; by default 0, so that only what was observed counts, and 1 in the implicit form.
        alpha: how much a count adds to the confidence; None for ratings.
        iterations: how often ``fit`` goes over users and items.
        tolerance: ``fit`` stops when the objective falls by less than this share of it.
        generator: draws the first vectors.

    Attributes:
        user_factors: (users, dim).
        item_factors: (items, dim).
        objectives: the objective after every iteration.

    Raises:
        ValueError: for options out of range.

    Source:
        Hu, Koren & Volinsky 2008; the weight of what is unobserved in ratings: Pan et al. 2008.

    Example:
        >>> ratings = np.array([[5, 5, 0, 0], [4, 0, 1, 0], [0, 0, 5, 4], [0, 1, 5, 0]])  # 0: not rated
        >>> model = WALS(2, unobserved_weight=0.1, generator=np.random.default_rng(0)).fit(ratings)
        >>> model.recommend(1, k=1)[0]  # likes what user 0 likes
        array([1])
    """

    user_factors: Numbers
    item_factors: Numbers

    def __init__(
        self,
        dim: int,
        *,
        regularization: float = 0.1,
        unobserved_weight: float | None = None,
        alpha: float | None = None,
        iterations: int = 15,
        tolerance: float = 0.0,
        generator: np.random.Generator | None = None,
    ) -> None:
        if operator.index(dim) < 1 or operator.index(iterations) < 1:
            raise ValueError(f"dim and iterations must be at least 1, got {dim} and {iterations}")
        if unobserved_weight is None:
            unobserved_weight = 0.0 if alpha is None else 1.0
        options = {"regularization": regularization, "unobserved_weight": unobserved_weight, "tolerance": tolerance}
        for name, value in {**options, "alpha": alpha or 0.0}.items():
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be finite and at least 0, got {value}")
        self.dim, self.iterations, self.alpha = dim, iterations, alpha
        self.regularization, self.unobserved_weight, self.tolerance = map(float, options.values())
        self.generator = generator
        self.objectives: list[float] = []
        self._observed: Observations | None = None

    # --- fitting ------------------------------------------------------------------------------------------------------
    def fit(self, ratings: Any, weights: Any = None, *, shape: tuple[int, int] | None = None) -> Self:
        """Start anew and iterate over these ratings.

        Args:
            ratings: a tuple ``(users, items, values)`` of lists; a matrix of scipy.sparse; or an array (users, items),
                where NaN stands for what is unknown or, if it holds no NaN, 0.
            weights: w of every rating, in the form of the tuple's values or of the array; by default 1.
            shape: how many users and items there are, if the last ones have no ratings.

        Raises:
            TypeError, ValueError, IndexError: for ratings that are not numbers, pairs that occur twice (in the
                implicit form their counts add up), and numbers beyond the shape.
        """
        self._observed = observations(ratings, weights, shape, self.alpha)
        users, items = self._observed.shape
        generator = as_generator(self.generator)
        self.user_factors = np.zeros((users, self.dim))
        self.item_factors = generator.standard_normal((items, self.dim)) / math.sqrt(self.dim)
        self.objectives = []
        for _ in range(self.iterations):
            self._iterate()
            if len(self.objectives) > 1 and self.tolerance:
                before, now = self.objectives[-2:]
                if before - now < self.tolerance * abs(before):
                    break
        return self

    def partial_fit(self, ratings: Any, weights: Any = None) -> Self:
        """Go on from the vectors so far with one iteration over these ratings, of the same users and items.

        Raises:
            RuntimeError: before ``fit``.
        """
        self._observed = observations(ratings, weights, self._shape("partial_fit"), self.alpha)
        self._iterate()
        return self

    def _iterate(self) -> None:
        observed = self._seen("an iteration")
        how = self.unobserved_weight, self.regularization
        self.user_factors = solve_rows(self.item_factors, observed.by_user, *how)
        self.item_factors = solve_rows(self.user_factors, observed.by_item, *how)
        self.objectives.append(self.objective())

    def objective(self) -> float:
        """What is minimised, for the vectors as they are and the ratings of the last fit."""
        rows = self._seen("objective").by_user
        return objective(self.user_factors, self.item_factors, rows, self.unobserved_weight, self.regularization)

    def fold_in(self, items: Any, ratings: Any, weights: Any = None) -> Numbers:
        """The vector of a new user with these ratings, for the items as they are: what ``recommend`` takes.

        Example:
            >>> model = WALS(2, generator=np.random.default_rng(0)).fit(np.array([[5, 5, 1], [1, 1, 5], [5, 4, 1]]))
            >>> bool(model.fold_in([0], [5]) @ model.item_factors[1] > 4)
            True
        """
        known = numbered("items", items, self._shape("fold_in")[1])
        values = real("ratings", ratings)
        given = None if weights is None else real("weights", weights)
        if known.ndim != 1 or values.shape != known.shape or (given is not None and given.shape != known.shape):
            raise ValueError(f"items and ratings are lists of one length, got {known.shape} and {values.shape}")
        if len(np.unique(known)) != len(known):
            raise ValueError("an item occurs twice; give one rating for each")
        refuse_bad("ratings", values)
        rows = Rows(np.array([0, len(known)]), known, *confident(values, given, self.alpha))
        return np.asarray(solve_rows(self.item_factors, rows, self.unobserved_weight, self.regularization)[0])

    # --- use ----------------------------------------------------------------------------------------------------------
    def predict(self, users: Any, items: Any = None) -> Numbers:
        """The products of users and items, in pairs (which broadcast); by default every item for each user."""
        shape = self._shape("predict")
        rows = self.user_factors[numbered("users", users, shape[0])]
        if items is None:
            return np.asarray(rows @ self.item_factors.T)
        return np.asarray((rows * self.item_factors[numbered("items", items, shape[1])]).sum(-1))

    def recommend(
        self, users: Any, k: int = 10, *, exclude_seen: bool = True, exclude: Sequence[Any] = ()
    ) -> tuple[Numbers, Numbers]:
        """The k items with the largest products for each user, best first, and the products.

        Args:
            users: the number of a user, or several; or vectors from ``fold_in``.
            k: how many.
            exclude_seen: leave out what a user has rated.
            exclude: items to leave out for everybody.

        Returns:
            Items and scores, (k,) for one user, shorter where fewer items are left; (users, k) for several, where -1
            and -inf fill up the rows.
        """
        shape = self._shape("recommend")
        if operator.index(k) < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        others = numbered("exclude", exclude, shape[1]).ravel()
        given = np.asarray(users._array if isinstance(users, Tensor) else users)
        seen: Rows | None = None
        numbers = np.empty(0, np.int64)
        if given.dtype.kind == "f":
            if given.ndim not in (1, 2) or given.shape[-1] != self.dim:
                raise ValueError(f"vectors of users have {self.dim} numbers, got the shape {given.shape}")
            single, queries = given.ndim == 1, given.reshape(-1, self.dim)
        else:
            numbers = numbered("users", given, shape[0])
            if numbers.ndim > 1:
                raise ValueError(f"users are one number or a list, got the shape {numbers.shape}")
            single, numbers = not numbers.ndim, numbers.reshape(-1)
            queries = self.user_factors[numbers]
            if exclude_seen:
                seen = self._seen("recommend(exclude_seen=True)").by_user

        def excluded(row: int) -> Numbers:
            return others if seen is None else np.concatenate([others, seen.columns[seen.of(int(numbers[row]))]])

        chosen, scores = best(queries, self.item_factors, k, excluded if len(others) or seen is not None else None)
        if single:
            there = chosen[0] >= 0
            return chosen[0][there], scores[0][there]
        return chosen, scores

    # --- state --------------------------------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """The vectors and the objectives; not the ratings."""
        self._shape("state_dict")
        return {
            "user_factors": self.user_factors.copy(),
            "item_factors": self.item_factors.copy(),
            "objectives": [*self.objectives],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over vectors; ratings stay as they are, if they are of as many users and items.

        Raises:
            ValueError: for what is no such state, or vectors of another size.
        """
        names = ("user_factors", "item_factors", "objectives")
        if not isinstance(state_dict, Mapping) or set(state_dict) != set(names):
            raise ValueError(f"a state of WALS has {names}")
        users, items = (real(name, state_dict[name]) for name in names[:2])
        if not all(side.ndim == 2 and side.shape[1] == self.dim for side in (users, items)):
            raise ValueError(f"the vectors have the shapes {users.shape} and {items.shape}, and dim is {self.dim}")
        if self._observed is not None and self._observed.shape != (len(users), len(items)):
            self._observed = None
        self.user_factors, self.item_factors = users, items
        self.objectives = [*state_dict["objectives"]]

    def __repr__(self) -> str:
        names = ("regularization", "unobserved_weight", "alpha", "iterations", "tolerance")
        return f"WALS({self.dim}, {', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    def _shape(self, asked: str) -> tuple[int, int]:
        if not hasattr(self, "user_factors"):
            raise RuntimeError(f"{asked} needs vectors; call fit first")
        return len(self.user_factors), len(self.item_factors)

    def _seen(self, asked: str) -> Observations:
        self._shape(asked)
        if self._observed is None:
            raise RuntimeError(f"{asked} needs the ratings, which a state does not hold; call fit or partial_fit")
        return self._observed
