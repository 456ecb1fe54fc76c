"""Pictures of what minigrad recorded."""

from .animation import BackwardAnimation, animate_backward
from .graph import draw_graph
from .picture import GraphPicture

__all__ = ["BackwardAnimation", "GraphPicture", "animate_backward", "draw_graph"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
