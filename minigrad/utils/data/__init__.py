"""``minigrad.data`` under PyTorch's path."""

from ... import data
from ...data import *  # noqa: F403 - the same names, whichever they are
from . import dataloader, dataset, sampler

__all__ = [*data.__all__, "dataloader", "dataset", "sampler"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
