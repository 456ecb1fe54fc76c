"""Rows of a table by number, one by one or combined in bags: what turns words into vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import writes
from ...core.arrays import as_array, one_precision, refuse_gradient
from ...core.graph import Array
from ...core.tensor import Tensor, raw, to_tensor
from ...ops.elementwise import where
from ...ops.index.basic import take_along_axis
from ...ops.shape.reshape import expand_dims, reshape
from ..kernels.embedding import add_rows, take_rows
from .arguments import floating


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of ``weight`` whose numbers stand in ``input``.

    Shapes:
        input: integers of any shape.
        weight: (V, C), for V words.
        result: the input's shape, then C.

    Args:
        input: numbers from 0 to V - 1.
        weight: the table.
        padding_idx: a row that gets no gradient, counted from the end if negative.
        max_norm: shorten the rows in use, in place in the table, to at most this norm.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide the gradient of a row by the number of times that it was used here.
        sparse: not supported; gradients are dense.

    Raises:
        IndexError: for a number that is no row, naming it, its position and the size of the table.
        TypeError: for numbers that are not integers.
        ValueError: for a table that is no matrix, a padding_idx outside it, and ``sparse=True``.

    Example:
        >>> from minigrad.nn import functional as F
        >>> F.embedding([[1, 0]], Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[[3.0, 4.0], [1.0, 2.0]]]
    """
    weight = _table("embedding", weight, sparse)
    padding = row_number("embedding", padding_idx, weight.shape[0])
    index = _index("embedding", input, weight.shape)
    _shorten_(weight, index, max_norm, norm_type)
    return take_rows(weight, index=index, padding=padding, by_frequency=scale_grad_by_freq)  # type: ignore[no-any-return]


def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or largest values of the rows of each bag of numbers.

    Shapes:
        input: (B, N) for bags of one size, or (N,) with offsets.
        weight: (V, C).
        offsets: (B,), where each bag starts; (B + 1,) with ``include_last_offset``.
        per_sample_weights: the input's shape.
        result: (B, C); an empty bag gives 0.

    Args:
        input: numbers from 0 to V - 1.
        weight: the table.
        offsets: integers that start with 0 and do not fall; only for input of one dimension.
        max_norm: shorten the rows in use, in place in the table, to at most this norm.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide the gradient of a row by the number of times that it was used; not for "max".
        mode: "sum", "mean" or "max".
        sparse: not supported; gradients are dense.
        per_sample_weights: factors of the rows; for "sum" only.
        include_last_offset: whether offsets end with the length of the input.
        padding_idx: entries with this number count as absent.

    Raises:
        IndexError: for a number that is no row.
        TypeError: for numbers that are not integers.
        ValueError: for shapes, offsets and options that do not fit.

    Example:
        >>> from minigrad.nn import functional as F
        >>> F.embedding_bag([0, 1, 1], Tensor([[1.0], [3.0]]), offsets=[0, 1], mode="sum").tolist()
        [[1.0], [6.0]]
    """
    weight = _table("embedding_bag", weight, sparse)
    check_bag_mode(mode, scale_grad_by_freq)
    padding = row_number("embedding_bag", padding_idx, weight.shape[0])
    index = _index("embedding_bag", input, weight.shape)
    shares = _shares(per_sample_weights, index.shape, mode)
    one_precision("embedding_bag", weight, "weight", per_sample_weights=shares)
    sizes = _bag_sizes(index.shape, offsets, include_last_offset)
    bags = np.repeat(np.arange(sizes.size, like=index), sizes)
    index = np.reshape(index, (-1,))
    _shorten_(weight, index, max_norm, norm_type)
    shares = None if shares is None else reshape(shares, -1)
    if padding is not None:
        present = index != padding
        index, bags = index[present], bags[present]
        shares = None if shares is None else shares[present]
    count = np.bincount(bags, minlength=sizes.size)
    if mode == "max":
        return _largest(weight, index, bags, count)
    rows = take_rows(weight, index=index, by_frequency=scale_grad_by_freq)
    if shares is not None:
        rows = rows * expand_dims(shares, 1)
    total = add_rows(rows, index=bags, rows=sizes.size)
    return total if mode == "sum" else total / np.maximum(count, 1)[:, None].astype(total.dtype)  # type: ignore[no-any-return]


# --- checks -----------------------------------------------------------------------------------------------------------
def refuse_sparse(name: str, sparse: bool) -> None:
    """Refuse gradients that store the rows in use only."""
    if sparse:
        raise ValueError(f"{name}: sparse=True is not supported, gradients are dense arrays; leave it out")


def check_bag_mode(mode: str, scale_grad_by_freq: bool) -> None:
    """Refuse what is not "sum", "mean" or "max", and "max" with gradients divided by frequency."""
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"embedding_bag: mode is 'sum', 'mean' or 'max', got {mode!r}")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("embedding_bag: scale_grad_by_freq has no meaning for mode='max'; leave it out")


def row_number(name: str, padding_idx: int | None, rows: int) -> int | None:
    """The row that is padding, counted from the front."""
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise ValueError(f"{name}: padding_idx={padding_idx} is no row of a table with {rows} rows")
    return int(padding_idx) % rows


def _table(name: str, weight: Any, sparse: bool) -> Tensor:
    refuse_sparse(name, sparse)
    weight = floating(name, weight, "weight", "is it the input?")
    if weight.ndim != 2:
        raise ValueError(f"{name}: the weight must be a table (num_embeddings, embedding_dim), got {weight.shape}")
    return weight  # type: ignore[no-any-return]


def _index(name: str, input: Any, table: tuple[int, ...]) -> Array:
    """The numbers as an array of our own, all of them rows of the table."""
    given = as_array(input)
    if given.dtype.kind not in "iu" and given.size:
        raise TypeError(
            f"{name}: the input holds numbers of rows, which are integers, got {given.dtype}; convert it: "
            "input.astype(np.int64)"
        )
    index = given.astype(np.intp)  # a copy: the caller may write into the input before backward
    rows = table[0]
    if index.size and not (np.min(index) >= 0 and np.max(index) < rows):
        position = int(np.argmax((index < 0) | (index >= rows)))
        where = ", ".join(str(int(i)) for i in np.unravel_index(position, index.shape))
        wrong = int(np.reshape(index, (-1,))[position])
        raise IndexError(
            f"{name}: {wrong} at input[{where or '()'}] is no row of a table of shape {table}; rows go from 0 to "
            f"{rows - 1}, so it needs num_embeddings of at least {wrong + 1}"
            if wrong >= 0
            else f"{name}: {wrong} at input[{where or '()'}] is no row of a table of shape {table}; rows go from 0 to "
            f"{rows - 1}, and are not counted from the end"
        )
    return index


def _shares(shares: Any, shape: tuple[int, ...], mode: str) -> Any:
    if shares is None:
        return None
    if mode != "sum":
        raise ValueError(f"embedding_bag: per_sample_weights need mode='sum', got mode={mode!r}")
    shares = to_tensor(shares)
    if shares.shape != shape:
        raise ValueError(f"embedding_bag: per_sample_weights need the input's shape {shape}, got {shares.shape}")
    return shares


def _bag_sizes(shape: tuple[int, ...], offsets: Any, include_last: bool) -> Array:
    """How many entries each bag has."""
    if len(shape) == 2:
        if offsets is not None:
            raise ValueError(f"embedding_bag: an input of shape {shape} has a bag in every row; offsets are for (N,)")
        return np.full(shape[0], shape[1])
    if len(shape) != 1:
        raise ValueError(f"embedding_bag: the input must be (B, N), or (N,) with offsets; got shape {shape}")
    if offsets is None:
        raise ValueError(f"embedding_bag: an input of shape {shape} needs offsets, where each bag starts, such as [0]")
    starts = as_array(offsets)
    if starts.ndim != 1 or (starts.dtype.kind not in "iu" and starts.size):
        raise ValueError(f"embedding_bag: offsets are a row of integers, got {starts.dtype} {starts.shape}")
    ends = starts.astype(np.intp) if include_last else np.append(starts.astype(np.intp), shape[0])
    sizes = np.diff(ends)
    if ends.size == 0 or (ends.size > 1 and ends[0] != 0) or np.any(sizes < 0) or ends[-1] > shape[0]:
        raise ValueError(
            f"embedding_bag: offsets start with 0, do not fall, and stay within the {shape[0]} entries of the input; "
            f"got {starts.tolist()}" + (" with include_last_offset" if include_last else "")
        )
    return sizes


# --- parts ------------------------------------------------------------------------------------------------------------
def _shorten_(weight: Tensor, index: Array, max_norm: float | None, norm_type: float) -> None:
    """Bring the rows in use to at most ``max_norm``, in place; as in PyTorch a little below."""
    refuse_gradient("embedding", max_norm=max_norm, norm_type=norm_type)
    if max_norm is None or not index.size:
        return
    used = np.unique(index)
    rows = raw(weight)[used]
    norms = np.linalg.norm(rows, ord=norm_type, axis=1)
    long = norms > max_norm
    if np.any(long):
        weight._array[used[long]] = rows[long] * (max_norm / (norms[long] + 1e-7))[:, None]
        writes.stamp(weight._array)


def _largest(weight: Tensor, index: Array, bags: Array, count: Array) -> Tensor:
    """The largest value of every column in each bag; of equal ones the first gets the gradient."""
    longest = int(np.max(count, initial=0))
    if not longest:
        return weight.sum() * 0 + np.zeros_like(raw(weight), shape=(count.size, weight.shape[1]))  # type: ignore[no-any-return]
    inside = np.arange(index.size, like=index) - (np.cumsum(count) - count)[bags]
    lined_up = np.zeros_like(index, shape=(count.size, longest))
    lined_up[bags, inside] = index
    values = raw(weight)[lined_up]
    values[np.arange(longest, like=index) >= count[:, None]] = -np.inf
    winners = np.take_along_axis(lined_up, np.argmax(values, axis=1), axis=1)
    largest = take_along_axis(weight, indices=winners, axis=0)
    return where((count > 0)[:, None], largest, 0.0)  # type: ignore[no-any-return]
