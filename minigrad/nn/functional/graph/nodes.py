"""What graph networks are made of: sums, means, maxima and softmax by node, and pooling by graph.

Names and arguments are those of PyTorch Geometric (``torch_geometric.utils`` and ``torch_geometric.nn``). Edges, their
self loops and weights are in ``edges.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.arrays import as_array, as_dtype, get_default_dtype
from ....core.tensor import Tensor, raw, to_tensor, wrap
from ....ops.dims import one_dim
from ....ops.index.select import within
from ....ops.shape.permute import movedim
from ...kernels.graph import Edges, into, propagate, segment_extreme
from ...kernels.graph import segment_softmax as softmax_by_target
from ..sizes import at_least

REDUCTIONS = ("sum", "add", "mean", "max", "min")


# --- checks -----------------------------------------------------------------------------------------------------------
def _checked_index(name: str, index: Any, count: int | None, size: int | None) -> tuple[Any, int]:
    """An index that names one group for each of ``count`` rows, and the number of groups."""
    index = as_array(raw(index))
    index = index.astype(np.int64) if not index.size else index
    if index.ndim != 1 or (count is not None and len(index) != count):
        rows = "each row" if count is None else f"each of the {count} rows"
        raise ValueError(f"{name}: the index is a vector with one number for {rows}, got shape {index.shape}")
    if size is None:
        size = max(0, int(np.max(index)) + 1) if index.size else 0
    return within(name, index, size), size


def _fixed(name: str, index: Any, count: int | None, **size: Any) -> tuple[Any, int]:
    """The checked index, with the size that was asked for by name, or None."""
    ((_, given),) = size.items()
    return _checked_index(name, index, count, None if given is None else at_least(name, 0, **size)[0])


# --- sums and their kin by group --------------------------------------------------------------------------------------
def scatter(src: Any, index: Any, dim: int = 0, dim_size: int | None = None, reduce: str = "sum") -> Tensor:
    """Combine the slices of ``src`` along ``dim`` that have the same number in ``index``.

    PyTorch Geometric's function; PyTorch's, which differ, are ``minigrad.scatter`` and ``minigrad.scatter_add``.

    Shapes:
        src: (..., slices, ...) with the slices along ``dim``.
        index: (slices,).
        result: (..., dim_size, ...), zero where the index names no slice.

    Args:
        src: array or Tensor.
        index: for every slice the group that it belongs to.
        dim: the dimension along which the slices lie.
        dim_size: how many groups there are, by default one more than the largest in the index.
        reduce: "sum" (or "add"), "mean", "max" or "min"; equal extremes share the gradient.

    Raises:
        ValueError: for another reduction, and an index that is no vector of as many integers as there are slices.
        IndexError: for a group that is negative or not below ``dim_size``.

    Example:
        >>> scatter(Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), [0, 2, 0])
        Tensor([[6., 8.],
                [0., 0.],
                [3., 4.]])
    """
    src = to_tensor(src)
    dim = one_dim("scatter", dim, src.shape)
    index, size = _fixed("scatter", index, src.shape[dim], dim_size=dim_size)
    out = combined("scatter", movedim(src, dim, 0) if dim else src, into(index, size), reduce)
    return movedim(out, 0, dim) if dim else out


def combined(name: str, x: Tensor, edges: Edges, reduce: str) -> Tensor:
    """For every target the sum, mean, maximum or minimum of ``x`` at the sources of the edges that end there."""
    if reduce not in REDUCTIONS:
        raise ValueError(f"{name}: neighbours are combined by {', '.join(REDUCTIONS)}, got {reduce!r}")
    if reduce in ("max", "min"):
        return segment_extreme(x, edges=edges, largest=reduce == "max")  # type: ignore[no-any-return]
    total = propagate(x, edges=edges)
    if reduce != "mean":
        return total  # type: ignore[no-any-return]
    if x.dtype.kind != "f":
        raise TypeError(f"{name}: the mean of {x.dtype} is no integer; convert to float first: .float()")
    count = np.maximum(np.bincount(edges.target.index, minlength=edges.target.size), 1)
    share = (1 / count).astype(x.dtype).reshape((-1,) + (1,) * (x.ndim - 1))
    return total * share  # type: ignore[no-any-return]


def segment_softmax(src: Any, index: Any, num_nodes: int | None = None, dim: int = 0) -> Tensor:
    """Softmax along ``dim`` over the slices that have the same number in ``index``, without overflow.

    PyTorch Geometric calls it ``torch_geometric.utils.softmax``.

    Shapes:
        src: (..., slices, ...) with the slices along ``dim``.
        index: (slices,).
        result: as src; what belongs to one group sums to 1.

    Args:
        src: array or Tensor.
        index: for every slice the group that it belongs to: for attention the target of an edge.
        num_nodes: how many groups there are, by default one more than the largest in the index.
        dim: the dimension along which the slices lie.

    Example:
        >>> segment_softmax([0.0, 0.0, 1000.0], [1, 1, 0])
        Tensor([0.5, 0.5, 1. ])
    """
    src = to_tensor(src)
    if src.dtype.kind != "f":
        raise TypeError(f"segment_softmax takes floating-point numbers, got {src.dtype}; use src.float()")
    dim = one_dim("segment_softmax", dim, src.shape)
    index, size = _fixed("segment_softmax", index, src.shape[dim], num_nodes=num_nodes)
    out = softmax_by_target(movedim(src, dim, 0) if dim else src, edges=into(index, size))
    return movedim(out, 0, dim) if dim else out  # type: ignore[no-any-return]


def degree(index: Any, num_nodes: int | None = None, dtype: Any = None) -> Tensor:
    """How often every node stands in ``index``, a row of ``edge_index``: the second gives the in-degrees.

    Args:
        index: (edges,) integers.
        num_nodes: the length of the result, by default one more than the largest node.
        dtype: of the result, by default the default dtype (float32).

    Example:
        >>> degree([0, 2, 0], num_nodes=4)
        Tensor([2., 0., 1., 0.])
    """
    index, size = _fixed("degree", index, None, num_nodes=num_nodes)
    counts = np.bincount(index, minlength=size)
    return wrap(counts.astype(get_default_dtype() if dtype is None else as_dtype(dtype)), None)


# --- pooling: one row for each graph of a batch -----------------------------------------------------------------------
def global_add_pool(x: Any, batch: Any = None, size: int | None = None) -> Tensor:
    """The sum of the nodes of each graph.

    Shapes:
        x: (nodes, channels) of all graphs, one below the other.
        batch: (nodes,) the graph to which each node belongs; None for a single graph.
        result: (graphs, channels), zero for a graph without nodes.

    Args:
        x: array or Tensor.
        batch: integers.
        size: the number of graphs, by default one more than the largest in ``batch``.

    Example:
        >>> global_add_pool([[1.0], [2.0], [4.0]], [0, 0, 1])
        Tensor([[3.],
                [4.]])
    """
    return _pooled("global_add_pool", x, batch, size, "sum")


def global_mean_pool(x: Any, batch: Any = None, size: int | None = None) -> Tensor:
    """The mean of the nodes of each graph; shapes and arguments as for ``global_add_pool``.

    Example:
        >>> global_mean_pool([[1.0], [2.0], [4.0]], [0, 0, 1])
        Tensor([[1.5],
                [4. ]])
    """
    return _pooled("global_mean_pool", x, batch, size, "mean")


def global_max_pool(x: Any, batch: Any = None, size: int | None = None) -> Tensor:
    """The largest value over the nodes of each graph; shapes and arguments as for ``global_add_pool``.

    Example:
        >>> global_max_pool([[1.0], [2.0], [4.0]], [0, 0, 1])
        Tensor([[2.],
                [4.]])
    """
    return _pooled("global_max_pool", x, batch, size, "max")


def _pooled(name: str, x: Any, batch: Any, size: int | None, reduce: str) -> Tensor:
    x = to_tensor(x)
    if x.ndim != 2:
        raise ValueError(f"{name}: x has shape (nodes, channels), got {x.shape}")
    index, graphs = _fixed(name, np.zeros(len(x), np.int64) if batch is None else batch, len(x), size=size)
    return combined(name, x, into(index, max(graphs, 1) if batch is None else graphs), reduce)
