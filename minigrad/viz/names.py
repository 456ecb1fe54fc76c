"""What the parts of a graph are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..core.graph import Node
from ..core.tensor import Tensor


class Names:
    """Finds what a node, or an array outside the graph, is called; of several names the first counts.

    Args:
        source: a Module, a dict or pairs of names and Tensors.
    """

    def __init__(self, source: Any) -> None:
        self.of_node: dict[Node, tuple[str, Tensor]] = {}
        self.of_array: dict[int, tuple[str, Tensor]] = {}  # by id of the array, which the Tensor keeps alive
        # The locals() of a notebook hold results under names such as _ and _12 too: any other name is better.
        for name, tensor in sorted(_named(source), key=lambda pair: pair[0].startswith("_")):
            self.add(name, tensor)

    def add(self, name: str, tensor: Tensor) -> None:
        """One more name, for what has none yet."""
        if name.strip():
            self.of_array.setdefault(id(tensor._array), (name, tensor))
            if tensor._node is not None:
                self.of_node.setdefault(tensor._node, (name, tensor))

    def array(self, value: Any) -> Any:
        """The array with a name that this one is, or is a copy of, as functions make of labels and indices."""
        if id(value) in self.of_array:
            return value
        if getattr(value, "ndim", 0) > 0 and getattr(value, "dtype", np.dtype(float)).kind in "iu":
            for _, tensor in self.of_array.values():
                array = tensor._array
                if array.dtype.kind in "iu" and array.shape == value.shape and np.array_equal(array, value):
                    return array
        return None

    def add_parts(self, model: Any) -> None:
        """The names of Parameters and buffers, as in ``state_dict``."""
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            self.add(name, tensor)


def _named(source: Any, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every Tensor in a Module, a dict or pairs, with its name."""
    if source is None:
        return
    if hasattr(source, "named_parameters"):
        pairs: Any = source.named_parameters()
    elif isinstance(source, Mapping):
        pairs = source.items()
    elif isinstance(source, Iterable) and not isinstance(source, (str, Tensor, np.ndarray)):
        pairs = source
    else:
        raise TypeError(
            f"names comes from a Module, a dict or pairs of name and Tensor, got {type(source).__name__}; "
            "for example names={'x': x, 'model': model}"
        )
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise TypeError(
                f"names needs pairs of name and Tensor, got {type(pair).__name__}; a dict has them: {{'x': x}}"
            )
        name, value = pair
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        elif hasattr(value, "named_parameters") and not isinstance(value, type):
            yield from _named(value, f"{prefix}{name}.")
