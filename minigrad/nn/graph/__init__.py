"""Graph convolutions on lists of edges, under PyTorch Geometric's names.

A graph is ``edge_index``, integers of shape (2, edges): where each edge starts, and where it ends. Every layer computes
new features of the nodes from those of their neighbours, at a cost that grows with the number of edges, never with the
square of the number of nodes. An edge that is listed twice counts twice.
"""

from .gat import GATConv
from .gcn import GCNConv
from .sage import SAGEConv

__all__ = ["GATConv", "GCNConv", "SAGEConv"]
