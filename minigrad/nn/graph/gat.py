"""Graph attention, which learns how much each neighbour counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.tensor import Tensor, wrap
from .. import init
from ..functional.dropout import dropout as drop
from ..functional.graph.edges import add_self_loops as with_self_loops
from ..functional.graph.edges import checked_edges, checked_values, remove_self_loops
from ..functional.graph.nodes import REDUCTIONS
from ..functional.sizes import at_least
from ..kernels.graph import Edges, propagate, segment_softmax
from ..linear import Linear
from ..module.module import Module
from ..parameter import unset
from .inputs import KnownEdges, checked_nodes


class GATConv(Module):
    """Graph attention: every node gets the mean of its neighbours, weighted by what it pays attention to.

    With h = W x, the edge from j to i has the score ``leaky_relu(att_src · h_j + att_dst · h_i)``; its weight is the
    softmax of the scores over all edges that end in i. All weights start Xavier-uniform, the bias at 0.

    Shapes:
        x: (nodes, in_channels).
        edge_index: (2, edges) integers.
        edge_attr: (edges, edge_dim), or (edges,) for edge_dim = 1.
        result: (nodes, heads * out_channels), or (nodes, out_channels) without ``concat``.
        lin.weight: (heads * out_channels, in_channels).
        att_src, att_dst: (1, heads, out_channels).
        bias: the last size of the result.

    Args:
        in_channels: features of a node that comes in.
        out_channels: features of a node that goes out, for each head.
        heads: how many attentions there are side by side.
        concat: put the heads one behind the other; otherwise take their mean.
        negative_slope: of the leaky ReLU.
        dropout: share of the edges' weights that are set to 0 in training.
        add_self_loops: let every node attend to itself, by exactly one self loop, whatever loops there are.
        edge_dim: features of an edge that join in its score (``lin_edge``, ``att_edge``); None for none.
        fill_value: edge features of the self loops: a number or a row, or "mean", "sum", "max" or "min" of those of
            the edges that end in the node.
        bias: whether to add a bias; without one the attribute ``bias`` is None.
        residual: whether to add ``res(x)``, a linear layer without bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for sizes below 1, features that do not fit, and edge features without ``edge_dim``.
        IndexError: for an edge to a node that does not exist.

    Source:
        Veličković et al. 2018, "Graph attention networks", equations 1 to 6 (without the nonlinearity around them).

    Example:
        >>> layer = GATConv(4, 2, heads=3)
        >>> layer(np.ones((3, 4), np.float32), [[0, 1], [1, 2]]).shape
        (3, 6)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        heads: int = 1,
        concat: bool = True,
        negative_slope: float = 0.2,
        dropout: float = 0.0,
        add_self_loops: bool = True,
        edge_dim: int | None = None,
        fill_value: Any = "mean",
        bias: bool = True,
        residual: bool = False,
        *,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = at_least("GATConv", 1, in_channels=in_channels, out_channels=out_channels, heads=heads)
        self.in_channels, self.out_channels, self.heads = sizes
        if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
            raise ValueError(f"GATConv: dropout is a share between 0 and 1, got {dropout!r}")
        if isinstance(fill_value, str) and fill_value not in REDUCTIONS:
            raise ValueError(f"GATConv: fill_value is a number or one of {', '.join(REDUCTIONS)}, got {fill_value!r}")
        self.concat = concat
        self.negative_slope = negative_slope
        self.dropout = dropout
        self.add_self_loops = add_self_loops
        self.edge_dim = None if edge_dim is None else at_least("GATConv", 1, edge_dim=edge_dim)[0]
        self.fill_value = fill_value
        self.residual = residual
        options = {"device": device, "dtype": dtype}
        width = self.heads * self.out_channels
        attention = (1, self.heads, self.out_channels)
        result = width if concat else self.out_channels
        self.att_src = unset(attention, **options)
        self.att_dst = unset(attention, **options)
        self.att_edge = None if self.edge_dim is None else unset(attention, **options)
        self.bias = unset((result,), **options) if bias else None
        self.lin = Linear(self.in_channels, width, bias=False, **options)
        self.lin_edge = None if self.edge_dim is None else Linear(self.edge_dim, width, bias=False, **options)
        self.res = Linear(self.in_channels, result, bias=False, **options) if residual else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to 0."""
        for part in (self.lin, self.lin_edge, self.res):
            if part is not None:
                init.xavier_uniform_(part.weight)
        bound = math.sqrt(6 / (self.heads + self.out_channels))  # Xavier's, of a matrix (heads, out_channels)
        for attention in (self.att_src, self.att_dst, self.att_edge):
            if attention is not None:
                init.uniform_(attention, -bound, bound)
        if self.bias is not None:
            init.zeros_(self.bias)
        self._known = KnownEdges()

    def forward(self, x: Any, edge_index: Any, edge_attr: Any = None, return_attention_weights: bool = False) -> Any:
        """The new features of all nodes.

        Args:
            x: features of the nodes.
            edge_index: the edges.
            edge_attr: features of the edges, for a layer made with ``edge_dim``.
            return_attention_weights: return ``(result, (edge_index, weights))``, with the self loops among the edges,
                and weights of shape (edges, heads).
        """
        x = checked_nodes("GATConv", x, self.in_channels, self.lin.weight.dtype)
        edges, looped, attributes = self._prepared(edge_index, edge_attr, x.shape[0])
        h = self.lin(x).reshape(-1, self.heads, self.out_channels)
        weights = self._attention(h, edges, attributes)
        out = propagate(h, weights, edges=edges)
        out = out.reshape(-1, self.heads * self.out_channels) if self.concat else out.mean(1)
        if self.res is not None:
            out = out + self.res(x)
        if self.bias is not None:
            out = out + self.bias
        return (out, (wrap(looped.copy(), None), weights)) if return_attention_weights else out

    def _attention(self, h: Tensor, edges: Edges, attributes: Tensor | None) -> Tensor:
        """The weight of every edge, for every head."""
        both = np.stack([self.att_src[0], self.att_dst[0]], axis=-1)
        scores = np.swapaxes(h, 0, 1) @ both  # (heads, nodes, 2)
        at_source, at_target = scores[..., 0].mT, scores[..., 1].mT
        score = propagate(at_source, edges=edges.at_source()) + propagate(at_target, edges=edges.at_target())
        if attributes is not None and self.lin_edge is not None:
            features = self.lin_edge(attributes).reshape(-1, self.heads, self.out_channels)
            score = score + (features * self.att_edge).sum(-1)
        score = np.where(score > 0, score, score * self.negative_slope)
        weights = segment_softmax(score, edges=edges.at_target().reversed())
        return drop(weights, self.dropout, training=self.training) if self.dropout else weights

    def _prepared(self, edge_index: Any, edge_attr: Any, nodes: int) -> tuple[Edges, Any, Tensor | None]:
        """The edges, also as an array, and their attributes, with self loops if so wished."""
        if edge_attr is None:
            edges, looped = self._known.recall(
                "GATConv", edge_index, nodes, lambda e: self._looped(e, None, nodes)[:2], self.add_self_loops
            )
            return edges, looped, None
        if self.edge_dim is None:
            raise ValueError("GATConv: edge_attr is used by a layer that was made with edge_dim=... only")
        array, _ = checked_edges("GATConv", edge_index, nodes)
        attributes = checked_values("GATConv", "edge_attr", edge_attr, array.shape[1])
        if attributes is not None and attributes.ndim == 1:
            attributes = attributes.reshape(-1, 1)
        if attributes is None or attributes.shape != (array.shape[1], self.edge_dim):
            raise ValueError(
                f"GATConv: edge_attr has the shape (edges, edge_dim) = {(array.shape[1], self.edge_dim)}, got "
                f"{edge_attr.shape if hasattr(edge_attr, 'shape') else np.shape(edge_attr)}"
            )
        return self._looped(array, attributes, nodes)

    def _looped(self, array: Any, attributes: Tensor | None, nodes: int) -> tuple[Edges, Any, Tensor | None]:
        if self.add_self_loops:
            apart, attributes = remove_self_loops(array, attributes)
            looped, attributes = with_self_loops(apart, attributes, self.fill_value, nodes)
            array = looped._array
        return Edges.between(array, nodes), array, attributes

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.in_channels}, {self.out_channels}, heads={self.heads}"
