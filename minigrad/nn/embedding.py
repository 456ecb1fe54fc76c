"""Tables of vectors, looked up by number: words, positions, users, items."""

from __future__ import annotations

from typing import Any, Self

from ..core.tensor import Tensor, overwrite, raw
from . import init
from .functional.embedding import check_bag_mode, embedding, embedding_bag, refuse_sparse, row_number
from .functional.sizes import at_least
from .module.module import Module
from .parameter import Parameter, unset


class Embedding(Module):
    """A learned vector for every number from 0 to num_embeddings - 1.

    The table starts standard normal, its padding row 0, as in PyTorch. To use it as the last layer of a language model
    too, share the Parameter: ``head.weight = embedding.weight``.

    Shapes:
        input: integers of any shape.
        result: the input's shape, then embedding_dim.
        weight: (num_embeddings, embedding_dim).

    Args:
        num_embeddings: the number of rows of the table.
        embedding_dim: the size of each vector.
        padding_idx: a row that starts as 0 and gets no gradient, counted from the end if negative.
        max_norm: shorten the rows in use, in place, to at most this norm.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide the gradient of a row by the number of times that it was used in the batch.
        sparse: not supported; gradients are dense.
        _weight: a table to start from instead.
        _freeze: whether the table is not trained.
        device: None or ``"cpu"``.
        dtype: of the table, by default the default dtype (float32).

    Raises:
        IndexError: when called with a number that is no row, naming it, its position and the size of the table.
        TypeError: when called with numbers that are not integers.
        ValueError: for sizes below 1, a padding_idx outside the table, and ``sparse=True``.

    Example:
        >>> from minigrad import nn
        >>> table = nn.Embedding(10, 3)
        >>> table([[1, 2, 4, 5], [4, 3, 2, 9]]).shape
        (2, 4, 3)
    """

    _takes_arrays = frozenset({"_weight"})

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = at_least("Embedding", 1, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        refuse_sparse("Embedding", sparse)
        self.num_embeddings, self.embedding_dim = sizes
        self.padding_idx = row_number("Embedding", padding_idx, self.num_embeddings)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        self.weight = _table("Embedding", sizes, _weight, device, dtype)
        if _weight is None:
            self.reset_parameters()
        self.weight.requires_grad = not _freeze

    def reset_parameters(self) -> None:
        """Draw a new table."""
        init.normal_(self.weight)
        _clear(self.weight, self.padding_idx)

    def forward(self, input: Any) -> Tensor:
        """The rows whose numbers stand in ``input``."""
        return embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def extra_repr(self) -> str:
        """Sizes, and the options that are not the defaults."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}{_options(self)}"

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """An Embedding with a copy of a finished table of shape (num_embeddings, embedding_dim), not trained further.

        Example:
            >>> from minigrad import nn
            >>> nn.Embedding.from_pretrained([[1.0, 2.0], [3.0, 4.0]])(1)
            Tensor([3., 4.])
        """
        table = _finished("Embedding", embeddings)
        return cls(
            num_embeddings=table.shape[0],
            embedding_dim=table.shape[1],
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
            _weight=table,
            _freeze=freeze,
        )


class EmbeddingBag(Module):
    """The sum, mean or largest values of the vectors of a bag of numbers: of the words of a text, whatever their order.

    Shapes:
        input: (B, N) for bags of one size, or (N,) with offsets.
        offsets: (B,), where each bag starts; (B + 1,) with ``include_last_offset``.
        per_sample_weights: the input's shape.
        result: (B, embedding_dim); an empty bag gives 0.
        weight: (num_embeddings, embedding_dim).

    Args:
        num_embeddings: the number of rows of the table.
        embedding_dim: the size of each vector.
        max_norm: shorten the rows in use, in place, to at most this norm.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide the gradient of a row by the number of times that it was used; not for "max".
        mode: "sum", "mean" or "max".
        sparse: not supported; gradients are dense.
        _weight: a table to start from instead.
        include_last_offset: whether offsets end with the length of the input.
        padding_idx: a row that starts as 0 and counts as absent from every bag.
        device: None or ``"cpu"``.
        dtype: of the table, by default the default dtype (float32).

    Raises:
        IndexError: when called with a number that is no row.
        ValueError: for sizes below 1, and options that do not fit.

    Example:
        >>> from minigrad import nn
        >>> bag = nn.EmbeddingBag.from_pretrained([[1.0, 2.0], [3.0, 4.0]], mode="mean")
        >>> bag([[0, 1], [1, 1]])
        Tensor([[2., 3.],
                [3., 4.]])
    """

    _takes_arrays = frozenset({"_weight"})

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = at_least("EmbeddingBag", 1, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        refuse_sparse("EmbeddingBag", sparse)
        check_bag_mode(mode, scale_grad_by_freq)
        self.num_embeddings, self.embedding_dim = sizes
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.padding_idx = row_number("EmbeddingBag", padding_idx, self.num_embeddings)
        self.weight = _table("EmbeddingBag", sizes, _weight, device, dtype)
        if _weight is None:
            self.reset_parameters()
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset

    def reset_parameters(self) -> None:
        """Draw a new table."""
        init.normal_(self.weight)
        _clear(self.weight, self.padding_idx)

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Tensor:
        """One vector for each bag of ``input``."""
        return embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """Sizes, the mode, and the options that are not the defaults."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{_options(self)}, mode={self.mode!r}{padding}"

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """An EmbeddingBag with a copy of a finished table of shape (num_embeddings, embedding_dim), not trained."""
        table = _finished("EmbeddingBag", embeddings)
        bag = cls(
            num_embeddings=table.shape[0],
            embedding_dim=table.shape[1],
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            _weight=table,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
        bag.weight.requires_grad = not freeze
        return bag


def _table(layer: str, sizes: tuple[int, ...], given: Any, device: Any, dtype: Any) -> Parameter:
    table = unset(sizes, device, dtype)
    if given is None:
        return table
    given = _finished(layer, given)
    if given.shape != sizes:
        raise ValueError(f"{layer}: _weight must be a table of shape {sizes}, got {given.shape}")
    return Parameter(given, dtype=dtype)


def _finished(layer: str, embeddings: Any) -> Tensor:
    table = Tensor(raw(embeddings))
    if table.ndim != 2 or table.dtype.kind != "f":
        raise ValueError(
            f"{layer}: a finished table is a floating-point matrix (num_embeddings, embedding_dim), got {table.dtype} "
            f"{table.shape}"
        )
    return table


def _clear(weight: Parameter, padding_idx: int | None) -> None:
    if padding_idx is not None:
        overwrite(weight.detach()[padding_idx], 0)


def _options(layer: Any) -> str:
    shown = "" if layer.max_norm is None else f", max_norm={layer.max_norm}"
    if layer.norm_type != 2:
        shown += f", norm_type={layer.norm_type}"
    if layer.scale_grad_by_freq is not False:
        shown += f", scale_grad_by_freq={layer.scale_grad_by_freq}"
    return shown
