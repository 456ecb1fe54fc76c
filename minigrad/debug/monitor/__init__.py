"""The monitor: activations, gradients and updates of every layer in the course of training."""

from .monitor import Monitor
from .records import LayerRecord, WeightRecord

__all__ = ["LayerRecord", "Monitor", "WeightRecord"]
