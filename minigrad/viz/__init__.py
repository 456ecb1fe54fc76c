"""Pictures of what minigrad recorded."""

from .graph import draw_graph
from .picture import GraphPicture

__all__ = ["GraphPicture", "draw_graph"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
