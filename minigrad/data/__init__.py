"""Datasets, the loader that goes through them in batches, and draws of negatives."""

from .collate import collate
from .dataset import Dataset, Subset, TensorDataset, random_split
from .loader import DataLoader
from .negative import NegativeSampler

__all__ = ["DataLoader", "Dataset", "NegativeSampler", "Subset", "TensorDataset", "collate", "random_split"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
