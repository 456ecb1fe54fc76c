"""Gradients on request, the modes of recording, and the tools that check and question a derivative."""

from ..core.modes import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .anomaly import detect_anomaly
from .check import GradcheckError, gradcheck, gradgradcheck
from .gradients import backward, grad
from .recompute import checkpoint
from .steps import BackwardStep, Contribution, backward_steps

__all__ = [
    "BackwardStep",
    "Contribution",
    "GradcheckError",
    "backward",
    "backward_steps",
    "checkpoint",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
