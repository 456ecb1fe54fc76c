"""Pictures of what minigrad recorded."""

from .graph import draw_graph
from .picture import GraphPicture

__all__ = ["GraphPicture", "draw_graph"]
