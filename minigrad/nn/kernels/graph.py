"""Sums along the edges of a graph: what message passing is made of, without a matrix of nodes by nodes.

The edges are sorted once by the node that they end in. Nodes with the same number of edges are handled together, by one
stacked matrix product. For single numbers, and in small graphs, ``np.add.reduceat`` over sorted edges takes less time.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from ...core.declare import primitive
from ...core.tensor import raw

BLOCK = 1 << 16  # elements that are gathered at a time, so that they are still in the cache when they are summed
FEW = 1 << 12  # elements below which the overhead of a group counts for more than its speed
SHORT = 1 << 16  # integers below this fit 16 bits, which NumPy sorts in linear time


class Ends:
    """For every edge the node at one of its ends, and for every node, on demand, the edges that have it there.

    Args:
        index: one integer in [0, size) for every edge.
        size: how many nodes there are.
    """

    def __init__(self, index: Any, size: int) -> None:
        self.index = index
        self.size = size

    @cached_property
    def runs(self) -> tuple[Any, Any, Any]:
        """The edges in the order of their nodes, where the run of each node begins, and the nodes that have one."""
        order = _stable_order(self.index)
        nodes = self.index[order]
        starts = np.flatnonzero(np.diff(nodes, prepend=-1))
        return order, starts, nodes[starts]

    @cached_property
    def groups(self) -> list[tuple[Any, Any]]:
        """Nodes that are the end of equally many edges, together: ``(nodes, edges)`` of shapes (n,) and (n, edges)."""
        order = self.runs[0]
        counts = np.bincount(self.index, minlength=self.size)
        starts = np.cumsum(counts) - counts
        by_count = _stable_order(counts)
        bounds = np.flatnonzero(np.diff(counts[by_count], prepend=0)).tolist()  # nodes without edges come before
        groups = []
        for first, last in itertools.pairwise([*bounds, self.size]):
            nodes = by_count[first:last]
            groups.append((nodes, order[starts[nodes][:, None] + np.arange(counts[nodes[0]])]))
        return groups


class OneEach(Ends):
    """As many nodes as edges, each the end of one, in order."""

    def __init__(self, size: int) -> None:
        super().__init__(np.arange(size), size)

    @cached_property
    def runs(self) -> tuple[Any, Any, Any]:
        """Runs of one edge."""
        return self.index, self.index, self.index

    @cached_property
    def groups(self) -> list[tuple[Any, Any]]:
        """A single group of all nodes."""
        return [(self.index, self.index[:, None])] if self.size else []


class Edges:
    """Directed edges, each from a node of one set to a node of another (or the same) set.

    Args:
        source: where the edges begin.
        target: where they end.
    """

    def __init__(self, source: Ends, target: Ends) -> None:
        self.source = source
        self.target = target

    @classmethod
    def between(cls, edge_index: Any, num_nodes: int) -> Edges:
        """Those of a checked array (2, edges) with sources in the first row, targets in the second."""
        source, target = edge_index
        return cls(Ends(source, num_nodes), Ends(target, num_nodes))

    def reversed(self) -> Edges:
        """The same edges, each from its target to its source."""
        return Edges(self.target, self.source)

    def at_source(self) -> Edges:
        """From every source to the edges themselves: propagating along them reads what stands at each edge's source."""
        return Edges(self.source, OneEach(len(self)))

    def at_target(self) -> Edges:
        """The same for targets; reversed, propagating sums what stands at the edges into their targets."""
        return Edges(self.target, OneEach(len(self)))

    def __len__(self) -> int:
        return len(self.source.index)

    def __repr__(self) -> str:
        return f"<{len(self)} edges from {self.source.size} to {self.target.size} nodes>"


def into(index: Any, size: int) -> Edges:
    """From every position of ``index`` to the node that stands there: propagating along them sums by node."""
    return Edges(OneEach(len(index)), Ends(index, size))


def _stable_order(keys: Any) -> Any:
    """``np.argsort(keys, kind="stable")`` of integers >= 0: 16 bits at a time, which NumPy sorts in linear time."""
    low = np.argsort((keys % SHORT).astype(np.uint16), kind="stable")
    if keys.size == 0 or keys.max() < SHORT:
        return low
    return low[_stable_order((keys // SHORT)[low])]


# --- primitives -------------------------------------------------------------------------------------------------------
@primitive(cure="x has one row for each node that edges start from, weight one for each edge")
def propagate(x: Any, weight: Any = None, *, edges: Edges) -> Any:
    """For every target the sum, over the edges that end there, of the row of ``x`` at the source, times ``weight``.

    This is the product of a sparse matrix, whose values are ``weight``, with ``x``.

    Shapes:
        x: (sources, ...).
        weight: (edges, ...) with as many of the further dimensions of ``x`` as it should vary along, or None for 1.
        result: (targets, ...), zero where no edge ends.
    """
    if len(x) != edges.source.size or (weight is not None and len(weight) != len(edges)):
        raise ValueError(f"the rows do not fit {edges}")
    if weight is not None and weight.shape[1:] != x.shape[1 : weight.ndim]:
        raise ValueError("the weight must have the leading shape of x behind its first dimension")
    tail = x.shape[1:]
    if weight is None and isinstance(edges.target, OneEach):
        return np.take(x, _beside(x, edges.source.index), axis=0)
    if weight is not None and x.dtype != weight.dtype:
        dtype = np.result_type(x.dtype, weight.dtype)
        x, weight = x.astype(dtype), weight.astype(dtype)
    lead = 1 if weight is None else math.prod(weight.shape[1:])
    rest = math.prod(tail) // lead if lead else 0
    rows = np.reshape(x, (len(x), lead, rest))
    factors = None if weight is None else np.reshape(weight, (len(weight), lead))
    if _few(edges, lead * rest):
        return np.reshape(_by_runs(np.add, rows, factors, edges), (edges.target.size, *tail))
    out = np.zeros_like(rows, shape=(edges.target.size, lead, rest))
    for nodes, positions, starts in _blocks(rows, edges):
        near = np.take(rows, starts, axis=0)  # (nodes, edges, lead, rest)
        if factors is None:
            factor = np.ones_like(rows, shape=(1, 1, 1, positions.shape[1]))
        else:
            factor = np.swapaxes(np.take(factors, positions, axis=0), 1, 2)[:, :, None, :]
        out[nodes] = np.matmul(factor, np.swapaxes(near, 1, 2))[:, :, 0, :]
    return np.reshape(out, (edges.target.size, *tail))


@primitive(cure="x has one row for each node that edges start from, y one for each node that they end in")
def along_edges(x: Any, y: Any, *, edges: Edges, rank: int) -> Any:
    """For every edge the products of ``x`` at its source with ``y`` at its target, summed over the last dimensions.

    Shapes:
        x: (sources, ...).
        y: (targets, ...), with the same further dimensions.
        result: (edges, ...) with ``rank`` dimensions, the first of ``x``.
    """
    kept = x.shape[1:rank]
    lead, rest = math.prod(kept), math.prod(x.shape[rank:])
    sources = np.reshape(x, (len(x), lead, rest))
    targets = np.reshape(y, (len(y), lead, rest))
    out = np.zeros_like(sources, shape=(len(edges), lead))
    for nodes, positions, starts in _blocks(sources, edges):
        near = np.swapaxes(np.take(sources, starts, axis=0), 1, 2)
        own = np.take(targets, nodes, axis=0)[:, :, :, None]
        out[positions] = np.swapaxes(np.matmul(near, own)[..., 0], 1, 2)
    return np.reshape(out, (len(edges), *kept))


def _few(edges: Edges, width: int) -> bool:
    """Whether runs of sorted edges are faster than groups, whose overhead is larger: for narrow rows, and few."""
    return width == 1 or width * len(edges) < FEW


def _by_runs(combine: Any, rows: Any, factors: Any, edges: Edges) -> Any:
    """The rows (sources, lead, rest) at the edges of each target, combined by a ufunc; factors are (edges, lead)."""
    order, starts, nodes = edges.target.runs
    out = np.zeros_like(rows, shape=(edges.target.size, *rows.shape[1:]))
    if len(nodes):
        near = np.take(rows, _beside(rows, edges.source.index[order]), axis=0)
        if factors is not None:
            near *= np.take(factors, _beside(rows, order), axis=0)[:, :, None]
        near = np.reshape(near, (-1,)) if near.size == len(order) else near  # NumPy has a loop of its own for vectors
        total = combine.reduceat(near, _beside(rows, starts), axis=0)
        out[_beside(rows, nodes)] = np.reshape(total, (len(nodes), *rows.shape[1:]))
    return out


def _blocks(rows: Any, edges: Edges) -> Iterator[tuple[Any, Any, Any]]:
    """Targets that have equally many edges, these edges, and where they start: no more than a cache can hold."""
    width = math.prod(rows.shape[1:])
    for nodes, positions in edges.target.groups:
        step = max(1, BLOCK // max(1, positions.shape[1] * width))
        for first in range(0, len(nodes), step):
            block = positions[first : first + step]
            starts = edges.source.index[block]
            yield _beside(rows, nodes[first : first + step]), _beside(rows, block), _beside(rows, starts)


def _beside(x: Any, index: Any) -> Any:
    """The index on the device of ``x``."""
    return index if type(x) is np.ndarray else np.asarray(index.tolist(), like=x)


propagate.rule(
    x=lambda g, weight, edges: propagate(g, weight, edges=edges.reversed()),
    weight=lambda g, x, edges, weight_shape: along_edges(x, g, edges=edges, rank=len(weight_shape)),
)
along_edges.rule(
    x=lambda g, y, edges: propagate(y, g, edges=edges.reversed()),
    y=lambda g, x, edges: propagate(x, g, edges=edges),
)


@primitive(shown="scatter", cure="x has one row for each node that edges start from")
def segment_extreme(x: Any, *, edges: Edges, largest: bool) -> Any:
    """For every target the largest (or smallest) values of ``x`` at the sources of its edges; 0 without any edge.

    Shapes:
        x: (sources, ...).
        result: (targets, ...).
    """
    rows = np.reshape(x, (len(x), math.prod(x.shape[1:])))
    out = np.zeros_like(rows, shape=(edges.target.size, rows.shape[1]))
    extreme = np.maximum if largest else np.minimum
    if _few(edges, rows.shape[1]):
        return np.reshape(_by_runs(extreme, rows[:, None, :], None, edges), (edges.target.size, *x.shape[1:]))
    for nodes, _, starts in _blocks(rows, edges):
        best = np.take(rows, starts[:, 0], axis=0)
        for column in range(1, min(starts.shape[1], 32)):  # NumPy's reduction over a dimension in the middle is slow
            best = extreme(best, np.take(rows, starts[:, column], axis=0))
        if starts.shape[1] > 32:
            best = extreme(best, extreme.reduce(np.take(rows, starts[:, 32:], axis=0), axis=1))
        out[nodes] = best
    return np.reshape(out, (edges.target.size, *x.shape[1:]))


def _segment_extreme_x(g: Any, x: Any, out: Any, edges: Edges) -> Any:
    """Equal extremes share the gradient."""
    attained = np.equal(propagate(raw(x), edges=edges.at_source()), propagate(raw(out), edges=edges.at_target()))
    attained = attained.astype(g.dtype)
    count = propagate(attained, edges=edges.at_target().reversed())
    return propagate(g / np.maximum(count, 1), attained, edges=edges.reversed())


segment_extreme.rule(x=_segment_extreme_x)


@primitive(cure="x has one row for each edge")
def segment_softmax(x: Any, *, edges: Edges) -> Any:
    """The softmax over the rows of ``x`` that belong to edges with the same target, without overflow.

    Shapes:
        x: (edges, ...), where every edge has a source of its own, as in ``into``.
        result: as x.
    """
    back = edges.reversed()
    top = segment_extreme(x, edges=edges, largest=True)
    e = np.exp(x - propagate(np.where(np.isfinite(top), top, 0), edges=back))
    total = propagate(e, edges=edges)
    e /= propagate(np.where(np.equal(total, 0), 1, total), edges=back)  # rows of -inf alone: 0
    return e


def _segment_softmax_x(g: Any, out: Any, edges: Edges) -> Any:
    mean = propagate(g * out, edges=edges)
    return out * (g - propagate(mean, edges=edges.reversed()))


segment_softmax.rule(x=_segment_softmax_x)
