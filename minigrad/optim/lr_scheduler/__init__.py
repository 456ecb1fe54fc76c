"""Learning rates that change during training, under PyTorch's names.

A schedule is a plain function of the step, in ``schedules``; the classes put it before an optimizer. Make one after the
optimizer, and call ``scheduler.step()`` after ``optimizer.step()``.
"""

from . import schedules
from .base import LRScheduler
from .compose import ChainedScheduler, SequentialLR
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .cyclic import CyclicLR
from .decay import ExponentialLR, MultiStepLR, PolynomialLR, StepLR
from .functions import LambdaLR, MultiplicativeLR
from .one_cycle import OneCycleLR
from .plateau import ReduceLROnPlateau
from .plot import plot_schedule, preview
from .warmup import ConstantLR, LinearLR, WarmupLR, warmup_cosine

_LRScheduler = LRScheduler  # PyTorch's older name, which programs import

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "WarmupLR",
    "plot_schedule",
    "preview",
    "schedules",
    "warmup_cosine",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
