"""Lists of edges: their checks, self loops, and the weights of a graph convolution.

A graph is ``edge_index``, integers of shape (2, edges): the first row says where each edge starts (its source), the
second where it ends (its target). Messages go from source to target; an undirected edge stands there twice, once in
each direction. Names and arguments are those of PyTorch Geometric (``torch_geometric.utils``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.arrays import as_array, as_dtype, get_default_dtype
from ....core.tensor import Tensor, raw, to_tensor, wrap
from ....ops.join import cat
from ...kernels.graph import Edges, into, propagate
from ..sizes import at_least
from .nodes import combined


# --- checks -----------------------------------------------------------------------------------------------------------
def checked_edges(name: str, edge_index: Any, num_nodes: int | None = None) -> tuple[Any, int]:
    """The edges as an array (2, edges) that nobody else can change, and the number of nodes.

    Args:
        name: what calls, for the error.
        edge_index: array, Tensor or nested list.
        num_nodes: by default one more than the largest node that an edge names.

    Raises:
        TypeError: for what are no integers.
        ValueError: for another shape.
        IndexError: for a node that does not exist, naming the edge.
    """
    array = as_array(raw(edge_index))
    if array.ndim != 2 or array.shape[0] != 2:
        cure = "; transpose it: edge_index.T" if array.ndim == 2 and array.shape[1] == 2 else ""
        raise ValueError(
            f"{name}: edge_index has two rows, the sources and the targets of all edges: (2, edges), got shape "
            f"{array.shape}{cure}"
        )
    if array.dtype.kind not in "iu" and array.size:
        cure = "write np.argwhere(matrix).T for a matrix of booleans" if array.dtype.kind == "b" else "convert it"
        raise TypeError(f"{name}: edge_index holds integers, the numbers of nodes, got {array.dtype}; {cure}")
    array = array.astype(np.int64)
    if num_nodes is None:
        num_nodes = int(array.max()) + 1 if array.size else 0
    if array.size and (array.min() < 0 or array.max() >= num_nodes):
        edge = int(np.argmax(np.logical_or(array < 0, array >= num_nodes).any(0)))
        raise IndexError(
            f"{name}: edge {edge} goes from node {array[0, edge]} to node {array[1, edge]}, but the {num_nodes} nodes "
            f"are numbered from 0 to {num_nodes - 1}"
        )
    return array, num_nodes


def checked_values(name: str, what: str, values: Any, edges: int, rank: int | None = None) -> Tensor | None:
    """One value (or row of values) for each edge; None stays None."""
    if values is None:
        return None
    values = to_tensor(values)
    if values.ndim == 0 or values.shape[0] != edges or (rank is not None and values.ndim != rank):
        needed = "one number" if rank == 1 else "one row"
        raise ValueError(f"{name}: {what} needs {needed} for each of the {edges} edges, got shape {values.shape}")
    return values  # type: ignore[no-any-return]


# --- self loops -------------------------------------------------------------------------------------------------------
def contains_self_loops(edge_index: Any) -> bool:
    """Whether an edge leads from a node to itself."""
    edges, _ = checked_edges("contains_self_loops", edge_index)
    return bool(np.any(edges[0] == edges[1]))


def remove_self_loops(edge_index: Any, edge_attr: Any = None) -> tuple[Tensor, Tensor | None]:
    """The edges between different nodes, with their attributes (None without).

    Example:
        >>> remove_self_loops([[0, 1, 1], [0, 0, 1]])
        (Tensor([[1],
                [0]]), None)
    """
    edges, _ = checked_edges("remove_self_loops", edge_index)
    attributes = checked_values("remove_self_loops", "edge_attr", edge_attr, edges.shape[1])
    kept = np.flatnonzero(edges[0] != edges[1])
    return wrap(edges[:, kept], None), None if attributes is None else attributes[kept]


def add_self_loops(
    edge_index: Any, edge_attr: Any = None, fill_value: Any = None, num_nodes: int | None = None
) -> tuple[Tensor, Tensor | None]:
    """The edges, and behind them one from every node to itself.

    Args:
        edge_index: (2, edges) integers, without self loops.
        edge_attr: weights (edges,) or attributes (edges, ...), or None.
        fill_value: attributes of the new edges: a number or a row (by default 1), or "mean", "sum", "max" or "min"
            of the attributes of the edges that end in the node.
        num_nodes: by default one more than the largest node that an edge names.

    Returns:
        The new ``edge_index`` and ``edge_attr``, None where there was none.

    Raises:
        ValueError: if a node has a self loop already. (PyTorch Geometric adds a second one, which counts twice.)

    Example:
        >>> add_self_loops([[0], [1]], [0.5])
        (Tensor([[0, 0, 1],
                [1, 0, 1]]), Tensor([0.5, 1. , 1. ]))
    """
    edges, nodes = _edges_and_nodes("add_self_loops", edge_index, num_nodes)
    loops = np.flatnonzero(edges[0] == edges[1])
    if loops.size:
        raise ValueError(
            f"add_self_loops: node {edges[0, loops[0]]} has a self loop already, edge {loops[0]}, and would get a "
            "second; use add_remaining_self_loops, or first remove_self_loops"
        )
    attributes = checked_values("add_self_loops", "edge_attr", edge_attr, edges.shape[1])
    if attributes is not None:
        attributes = cat([attributes, _loop_values("add_self_loops", edges, attributes, fill_value, nodes)])
    return wrap(_with_loops(edges, nodes), None), attributes


def add_remaining_self_loops(
    edge_index: Any, edge_attr: Any = None, fill_value: Any = None, num_nodes: int | None = None
) -> tuple[Tensor, Tensor | None]:
    """The edges between different nodes, and behind them one from every node to itself.

    A node that has a self loop keeps its attributes (the sum of them where it has several); the others get
    ``fill_value``. Arguments and result as for ``add_self_loops``.

    Example:
        >>> add_remaining_self_loops([[0, 1], [1, 1]], [0.5, 3.0])
        (Tensor([[0, 0, 1],
                [1, 0, 1]]), Tensor([0.5, 1. , 3. ]))
    """
    name = "add_remaining_self_loops"
    edges, nodes = _edges_and_nodes(name, edge_index, num_nodes)
    attributes = checked_values(name, "edge_attr", edge_attr, edges.shape[1])
    apart = edges[0] != edges[1]
    if attributes is not None:
        new = _loop_values(name, edges, attributes, fill_value, nodes)
        if not apart.all():
            old = np.flatnonzero(~apart)
            missing = np.bincount(edges[0, old], minlength=nodes) == 0
            kept = propagate(attributes[old], edges=into(edges[0, old], nodes))
            new = new * missing.astype(new.dtype).reshape((-1,) + (1,) * (new.ndim - 1)) + kept
            attributes = attributes[np.flatnonzero(apart)]
        attributes = cat([attributes, new])
    return wrap(_with_loops(edges[:, apart], nodes), None), attributes


def _edges_and_nodes(name: str, edge_index: Any, num_nodes: Any) -> tuple[Any, int]:
    return checked_edges(name, edge_index, None if num_nodes is None else at_least(name, 0, num_nodes=num_nodes)[0])


def _with_loops(edges: Any, nodes: int) -> Any:
    return np.concatenate([edges, np.tile(np.arange(nodes), (2, 1))], axis=1)


def _loop_values(name: str, edges: Any, attributes: Tensor, fill_value: Any, nodes: int) -> Tensor:
    """The attributes of one new self loop for every node."""
    if isinstance(fill_value, str):
        return combined(name, attributes, into(edges[1], nodes), fill_value)
    fill = 1.0 if fill_value is None else fill_value
    ones = np.ones((nodes, *attributes.shape[1:]), attributes.dtype)
    return (fill if isinstance(fill, Tensor) else Tensor(fill, dtype=attributes.dtype)) * ones  # type: ignore[no-any-return]


def gcn_norm(
    edge_index: Any,
    edge_weight: Any = None,
    num_nodes: int | None = None,
    improved: bool = False,
    add_self_loops: bool = True,
    flow: str = "source_to_target",
    dtype: Any = None,
) -> tuple[Tensor, Tensor]:
    """Edges with the weights of a graph convolution: A + I, divided by the roots of the degrees of both ends.

    Args:
        edge_index: (2, edges) integers.
        edge_weight: (edges,) numbers, by default 1; gradients flow to them.
        num_nodes: by default one more than the largest node that an edge names.
        improved: self loops of weight 2 instead of 1. (PyTorch Geometric heeds this only if there is an edge_weight.)
        add_self_loops: give every node without a self loop one.
        flow: "source_to_target" sums the degree of a node over the edges that end in it, "target_to_source" over
            those that start there.
        dtype: of the weights, by default that of ``edge_weight``, or the default dtype.

    Returns:
        ``edge_index`` with the self loops behind, and one weight for each edge; 0 where a node has degree 0.

    Raises:
        ValueError: for a node of negative degree, which has no root.

    Source:
        Kipf & Welling 2017, section 2, below equation 2 (the renormalisation trick) and equation 8.

    Example:
        >>> gcn_norm([[0, 1], [1, 0]], [3.0, 3.0])[1]
        Tensor([0.75, 0.75, 0.25, 0.25])
    """
    edges, nodes = _edges_and_nodes("gcn_norm", edge_index, num_nodes)
    weight = checked_values("gcn_norm", "edge_weight", edge_weight, edges.shape[1], rank=1)
    if flow not in ("source_to_target", "target_to_source"):
        raise ValueError(f"gcn_norm: flow is 'source_to_target' or 'target_to_source', got {flow!r}")
    if weight is None:
        weight = wrap(np.ones(edges.shape[1], get_default_dtype()), None)
    if dtype is not None or weight.dtype.kind != "f":
        weight = weight.astype(get_default_dtype() if dtype is None else as_dtype(dtype))
    if add_self_loops:
        looped, weight = add_remaining_self_loops(edges, weight, 2.0 if improved else 1.0, nodes)
        edges = looped._array
    at_end = into(edges[1 if flow == "source_to_target" else 0], nodes)
    total = propagate(weight, edges=at_end)
    if nodes and total._array.min() < 0:
        node = int(total._array.argmin())
        raise ValueError(f"gcn_norm: the weights at node {node} sum to {total._array[node]:g}, which has no root")
    empty = (total._array == 0).astype(total.dtype)
    root = (total + empty) ** -0.5 * (1 - empty)  # 0 for a node without edges
    ends = Edges.between(edges, nodes)
    scale = propagate(root, edges=ends.at_source()) * propagate(root, edges=ends.at_target())
    return wrap(edges, None), weight * scale
