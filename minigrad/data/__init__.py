"""Datasets, the loader that goes through them in batches, and draws of negatives."""

from . import readers, transforms
from .collate import default_collate, default_convert
from .combine import StackDataset, Subset, random_split
from .dataset import ChainDataset, ConcatDataset, Dataset, IterableDataset
from .loader import DataLoader
from .negative import NegativeSampler
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)  # fmt: skip
from .tensors import TensorDataset
from .workers import WorkerInfo, get_worker_info

collate = default_collate

__all__ = [
    "BatchSampler", "ChainDataset", "ConcatDataset", "DataLoader", "Dataset", "IterableDataset", "NegativeSampler",
    "RandomSampler", "Sampler", "SequentialSampler", "StackDataset", "Subset", "SubsetRandomSampler", "TensorDataset",
    "WeightedRandomSampler", "WorkerInfo", "collate", "default_collate", "default_convert", "get_worker_info",
    "random_split", "readers", "transforms",
]  # fmt: skip
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
