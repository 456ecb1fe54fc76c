"""Matrix factorisation by gradients, with the objective of WALS estimated from samples."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.tensor import Tensor, raw
from ..nn import init
from ..nn.embedding import Embedding
from ..nn.module.module import Module
from ..nn.parameter import Parameter
from ..random import as_generator
from .observations import Numbers, numbered, refuse_bad


class UniformSampler:
    """Draws items with equal chances.

    Args:
        items: how many there are.
        generator: by default the library's own.
    """

    def __init__(self, items: int, generator: np.random.Generator | None = None) -> None:
        self.items, self.generator = items, generator

    def sample(self, shape: Any) -> Numbers:
        """Item numbers of this shape."""
        return np.asarray(as_generator(self.generator).integers(self.items, size=shape))


class MatrixFactorization(Module):
    """A learned vector for every user and every item, whose product is the score of a pair.

    Shapes:
        users, items: integers of shapes that broadcast.
        result: their common shape.

    Args:
        users: how many there are.
        items: how many there are.
        dim: the size of the vectors.
        bias: add a number for every user, every item, and all: some rate everything high, some are liked by all.
        scale: the standard deviation of the vectors at the start, by default 1 / √dim.
        dtype: of the vectors, by default the default dtype (float32).

    Raises:
        ValueError: for sizes below 1.

    Example:
        >>> from minigrad import optim
        >>> model = MatrixFactorization(3, 4, dim=2)
        >>> model([0, 1], [3, 3]).shape
        (2,)
        >>> optimizer = optim.Adam(model.parameters(), lr=0.1)
        >>> loss = model.loss([0, 1, 2], [3, 3, 0], [5.0, 4.0, 1.0], unobserved_weight=0.1, negatives=4)
        >>> loss.backward()
        >>> optimizer.step()
    """

    def __init__(
        self,
        users: int,
        items: int,
        dim: int,
        bias: bool = True,
        *,
        scale: float | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.user_factors = Embedding(users, dim, dtype=dtype)
        self.item_factors = Embedding(items, dim, dtype=dtype)
        self.user_bias = Embedding(users, 1, dtype=dtype) if bias else None
        self.item_bias = Embedding(items, 1, dtype=dtype) if bias else None
        self.offset = Parameter(np.zeros((), self.user_factors.weight.dtype)) if bias else None
        self.scale = 1 / math.sqrt(dim) if scale is None else scale
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new vectors; the biases start as 0."""
        for factors in (self.user_factors, self.item_factors):
            init.normal_(factors.weight, std=self.scale)
        for table in (self.user_bias, self.item_bias):
            if table is not None:
                init.zeros_(table.weight)
        if self.offset is not None:
            init.zeros_(self.offset)

    def forward(self, users: Any, items: Any) -> Tensor:
        """The scores of pairs."""
        scores: Tensor = (self.user_factors(users) * self.item_factors(items)).sum(-1)
        if self.user_bias is not None and self.item_bias is not None:
            scores = scores + self.user_bias(users)[..., 0] + self.item_bias(items)[..., 0] + self.offset
        return scores

    def loss(
        self,
        users: Any,
        items: Any,
        targets: Any,
        weights: Any = None,
        *,
        share: float = 1.0,
        unobserved_weight: float = 0.0,
        negatives: int = 1,
        regularization: float = 0.0,
        sampler: Any = None,
        generator: np.random.Generator | None = None,
    ) -> Tensor:
        """An unbiased estimate of the objective of ``WALS`` from a batch of observations and sampled pairs.

        With a learning rate that falls, its minimum is that of WALS. For the implicit form, give the targets 1 and the
        weights 1 + alpha · count.

        Math:
            1/share · Σ_batch [w (t - s)² - w0 s²] + w0 · users · items / n · Σ_n s² + λ (Σ |x|² + Σ |y|² + Σ b²),
            the second sum over n sampled pairs.

        Args:
            users: (B,) of the batch.
            items: (B,).
            targets: (B,).
            weights: (B,), or one number; by default 1.
            share: the part of all observations that the batch is, drawn evenly.
            unobserved_weight: w0.
            negatives: how many pairs are sampled for every observation in the batch.
            regularization: λ.
            sampler: anything with ``sample(shape)`` that gives item numbers; by default all have equal chances, as the
                objective has it. With other chances, likely items weigh more.
            generator: draws the pairs; by default the library's own.

        Raises:
            ValueError: for shapes that differ, targets that are not finite, and options out of range.
            IndexError: for users and items that do not exist.
        """
        count_users, count_items = self.user_factors.num_embeddings, self.item_factors.num_embeddings
        rows, columns = numbered("users", users, count_users), numbered("items", items, count_items)
        wanted = np.asarray(raw(targets), self.user_factors.weight.dtype)
        if not rows.shape == columns.shape == wanted.shape or rows.ndim != 1:
            raise ValueError(
                f"users, items, targets are lists of one length, got {rows.shape}, {columns.shape} and {wanted.shape}"
            )
        refuse_bad("targets", wanted)
        weigh = np.asarray(1 if weights is None else raw(weights), wanted.dtype)
        if weigh.ndim and weigh.shape != wanted.shape:
            raise ValueError(f"weights are one number or as many as targets, got {weigh.shape} for {wanted.shape}")
        if not 0 < share <= 1:
            raise ValueError(f"share is the part of all observations that the batch is, in (0, 1], got {share}")
        if not (unobserved_weight >= 0 and regularization >= 0):
            raise ValueError(
                f"unobserved_weight and regularization are at least 0, got {unobserved_weight} and {regularization}"
            )
        scores = self(rows, columns)
        total: Tensor = (weigh * (wanted - scores) ** 2 - unobserved_weight * scores**2).sum() / share
        if unobserved_weight:
            if operator.index(negatives) < 1:
                raise ValueError(f"negatives must be at least 1 for an unobserved_weight above 0, got {negatives}")
            number = negatives * len(rows)
            some = UniformSampler(count_users, generator).sample((number,))
            others = (UniformSampler(count_items, generator) if sampler is None else sampler).sample((number,))
            factor = unobserved_weight * count_users * count_items / number
            total = total + factor * (self(some, others) ** 2).sum()
        if regularization:
            for parameter in self.parameters():
                if parameter is not self.offset:
                    total = total + regularization * (parameter**2).sum()
        return total

    def extra_repr(self) -> str:
        """Sizes, and whether there are biases."""
        factors = self.user_factors
        sizes = f"{factors.num_embeddings}, {self.item_factors.num_embeddings}, {factors.embedding_dim}"
        return f"{sizes}, bias={self.user_bias is not None}"
