"""What every graph convolution is given: the features of the nodes, and the edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.arrays import as_array
from ...core.tensor import Tensor, raw, to_tensor
from ..functional.graph.edges import checked_edges


class KnownEdges:
    """What was last worked out for some edges: most graphs stay the same from step to step."""

    def __init__(self) -> None:
        self.edge_index: Any = None
        self.settings: Any = None
        self.result: Any = None

    def recall(self, name: str, edge_index: Any, nodes: int, work_out: Callable[[Any], Any], *settings: Any) -> Any:
        """The result of ``work_out``, called with the checked edges unless all is as in the last call.

        Args:
            name: the layer, for errors.
            edge_index: the edges as they were given.
            nodes: how many there are.
            work_out: takes the checked edges.
            settings: what else the result depends on.
        """
        given = as_array(raw(edge_index))
        settings = (nodes, *settings)
        if settings != self.settings or given.dtype.kind not in "iu" or not np.array_equal(given, self.edge_index):
            array, _ = checked_edges(name, given, nodes)
            self.result = work_out(array)
            self.edge_index, self.settings = array, settings
        return self.result


def checked_nodes(layer: str, x: Any, channels: int, dtype: Any) -> Tensor:
    """The features of all nodes, in a floating-point dtype."""
    if isinstance(x, tuple):
        raise TypeError(f"{layer} takes the features of one set of nodes, a Tensor (nodes, {channels}), not a tuple")
    x = to_tensor(x)
    if x.ndim != 2 or x.shape[1] != channels:
        cure = f"; the last dimension must be in_channels={channels}" if x.ndim == 2 else ""
        raise ValueError(f"{layer} takes x of shape (nodes, {channels}), one row for each node, got {x.shape}{cure}")
    return x if x.dtype.kind == "f" else x.astype(dtype)  # type: ignore[no-any-return]
