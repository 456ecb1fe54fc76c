"""GraphSAGE, which treats a node and its neighbours separately."""

from __future__ import annotations

from typing import Any

from ...core.tensor import Tensor
from ..functional.graph.nodes import REDUCTIONS, combined
from ..functional.normalization.layer import normalize as to_length_1
from ..functional.sizes import at_least
from ..kernels.graph import Edges
from ..linear import Linear
from ..module.module import Module
from .inputs import KnownEdges, checked_nodes


class SAGEConv(Module):
    """GraphSAGE: a weight matrix for the node itself, and another for the mean (or so) of its neighbours.

    ``lin_l(mean of neighbours) + lin_r(x)``, where neighbours are the sources of the edges that end in a node; a node
    without any has the mean 0. Both start as in ``nn.Linear``.

    Shapes:
        x: (nodes, in_channels).
        edge_index: (2, edges) integers.
        result: (nodes, out_channels).
        lin_l.weight, lin_r.weight: (out_channels, in_channels).
        lin_l.bias: (out_channels,).

    Args:
        in_channels: features of a node that comes in.
        out_channels: features of a node that goes out.
        aggr: how neighbours are combined: "mean", "sum" (or "add"), "max" or "min".
        normalize: scale the result of every node to length 1.
        root_weight: whether the node itself counts; without it there is no ``lin_r``.
        project: first pass the neighbours' features through a layer of their own, ``relu(lin(x))``.
        bias: whether ``lin_l`` has a bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for sizes below 1, an unknown ``aggr``, and features that do not fit.
        IndexError: for an edge to a node that does not exist.

    Source:
        Hamilton, Ying & Leskovec 2017, "Inductive representation learning on large graphs", algorithm 1, and for
        ``project`` with "max" equation 3.

    Example:
        >>> SAGEConv(4, 2)(np.ones((3, 4), np.float32), [[0, 1], [1, 2]]).shape
        (3, 2)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        aggr: str = "mean",
        normalize: bool = False,
        root_weight: bool = True,
        project: bool = False,
        bias: bool = True,
        *,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = at_least("SAGEConv", 1, in_channels=in_channels, out_channels=out_channels)
        if aggr not in REDUCTIONS:
            raise ValueError(f"SAGEConv: aggr is one of {', '.join(REDUCTIONS)}, got {aggr!r}")
        self.in_channels, self.out_channels = sizes
        self.aggr = aggr
        self.normalize = normalize
        self.root_weight = root_weight
        self.project = project
        options = {"device": device, "dtype": dtype}
        if project:
            self.lin = Linear(self.in_channels, self.in_channels, **options)
        self.lin_l = Linear(self.in_channels, self.out_channels, bias=bias, **options)
        if root_weight:
            self.lin_r = Linear(self.in_channels, self.out_channels, bias=False, **options)
        self._known = KnownEdges()

    def reset_parameters(self) -> None:
        """Draw new Parameters."""
        for part in self.children():
            if isinstance(part, Linear):
                part.reset_parameters()

    def forward(self, x: Any, edge_index: Any) -> Tensor:
        """The new features of all nodes."""
        x = checked_nodes("SAGEConv", x, self.in_channels, self.lin_l.weight.dtype)
        nodes = x.shape[0]
        edges = self._known.recall("SAGEConv", edge_index, nodes, lambda e: Edges.between(e, nodes))
        near = self.lin(x).relu() if self.project else x
        out = self.lin_l(combined("SAGEConv", near, edges, self.aggr))
        if self.root_weight:
            out = out + self.lin_r(x)
        return to_length_1(out, p=2.0, dim=-1) if self.normalize else out

    def extra_repr(self) -> str:
        """The sizes, and how neighbours are combined."""
        return f"{self.in_channels}, {self.out_channels}, aggr={self.aggr}"
