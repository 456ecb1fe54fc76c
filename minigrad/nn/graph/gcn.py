"""The graph convolution of Kipf and Welling."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from .. import init
from ..functional.graph.edges import checked_edges, checked_values, gcn_norm
from ..functional.sizes import at_least
from ..kernels.graph import Edges, propagate
from ..linear import Linear
from ..module.module import Module
from ..parameter import unset
from .inputs import KnownEdges, checked_nodes


class GCNConv(Module):
    """Graph convolution: every node gets the weighted mean of its neighbours and itself, times a weight matrix.

    With A the matrix of edge weights and D its degrees, both with self loops, ``D^-1/2 A D^-1/2 X Wᵀ + b``. The weight
    starts Xavier-uniform, the bias at 0.

    Shapes:
        x: (nodes, in_channels).
        edge_index: (2, edges) integers.
        edge_weight: (edges,), by default 1.
        result: (nodes, out_channels).
        lin.weight: (out_channels, in_channels).
        bias: (out_channels,).

    Args:
        in_channels: features of a node that comes in.
        out_channels: features of a node that goes out.
        improved: self loops of weight 2 instead of 1.
        cached: keep the edges and their weights of the first call for all that follow, whatever they are given: for a
            graph that never changes. (What is expensive about edges is remembered from call to call without it, too.)
        add_self_loops: let every node without a self loop have one; None means only if ``normalize``.
        normalize: divide by the roots of the degrees; otherwise the neighbours' features are summed.
        bias: whether to add a bias; without one the attribute ``bias`` is None.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for sizes below 1, features or weights that do not fit, and self loops without ``normalize``.
        IndexError: for an edge to a node that does not exist.

    Source:
        Kipf & Welling 2017, "Semi-supervised classification with graph convolutional networks", equation 8.

    Example:
        >>> path = [[0, 1, 1, 2], [1, 0, 2, 1]]  # 0 - 1 - 2, each edge in both directions
        >>> GCNConv(4, 2)(np.ones((3, 4), np.float32), path).shape
        (3, 2)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        improved: bool = False,
        cached: bool = False,
        add_self_loops: bool | None = None,
        normalize: bool = True,
        bias: bool = True,
        *,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = at_least("GCNConv", 1, in_channels=in_channels, out_channels=out_channels)
        if add_self_loops and not normalize:
            raise ValueError(
                "GCNConv: self loops are added while normalizing; with normalize=False add them yourself: "
                "edge_index, edge_weight = F.add_self_loops(edge_index, edge_weight)"
            )
        self.in_channels, self.out_channels = sizes
        self.improved = improved
        self.cached = cached
        self.add_self_loops = normalize if add_self_loops is None else add_self_loops
        self.normalize = normalize
        self.bias = unset((self.out_channels,), device, dtype) if bias else None
        self.lin = Linear(self.in_channels, self.out_channels, bias=False, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw a new weight, set the bias to 0, and forget cached edges."""
        init.xavier_uniform_(self.lin.weight)
        if self.bias is not None:
            init.zeros_(self.bias)
        self._known = KnownEdges()
        self._cache: tuple[int, Edges, Tensor | None] | None = None

    def forward(self, x: Any, edge_index: Any, edge_weight: Any = None) -> Tensor:
        """The new features of all nodes."""
        x = checked_nodes("GCNConv", x, self.in_channels, self.lin.weight.dtype)
        edges, weight = self._prepared(edge_index, edge_weight, x.shape[0])
        if weight is not None and weight.dtype != x.dtype:
            weight = weight.astype(x.dtype)
        if self.in_channels < self.out_channels:  # along the edges goes what is narrower
            out = self.lin(propagate(x, weight, edges=edges))
        else:
            out = propagate(self.lin(x), weight, edges=edges)
        return out if self.bias is None else out + self.bias  # type: ignore[no-any-return]

    def _prepared(self, edge_index: Any, edge_weight: Any, nodes: int) -> tuple[Edges, Tensor | None]:
        """The edges and their weights, normalized if so wished."""
        if self._cache is not None:
            known, edges, weight = self._cache
            if known != nodes:
                raise ValueError(
                    f"GCNConv: the edges that cached=True kept belong to {known} nodes, x has {nodes}; make the layer "
                    "with cached=False for graphs that change"
                )
            return edges, weight
        if edge_weight is None:
            edges, weight = self._known.recall(
                "GCNConv", edge_index, nodes, lambda e: self._normalized(e, None, nodes),
                self.improved, self.normalize, self.add_self_loops, self.lin.weight.dtype,
            )  # fmt: skip
        else:
            array, _ = checked_edges("GCNConv", edge_index, nodes)
            given = checked_values("GCNConv", "edge_weight", edge_weight, array.shape[1], rank=1)
            if self.cached and given is not None and given.requires_grad:
                raise ValueError(
                    "GCNConv: cached=True would keep the graph of the first edge_weight; make the layer with "
                    "cached=False, or give edge_weight.detach()"
                )
            edges, weight = self._normalized(array, given, nodes)
        if self.cached:
            self._cache = nodes, edges, weight
        return edges, weight

    def _normalized(self, array: Any, weight: Tensor | None, nodes: int) -> tuple[Edges, Tensor | None]:
        if self.normalize:
            dtype = self.lin.weight.dtype if weight is None else None
            looped, weight = gcn_norm(array, weight, nodes, self.improved, self.add_self_loops, dtype=dtype)
            array = looped._array
        return Edges.between(array, nodes), weight

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.in_channels}, {self.out_channels}"
