"""The corpus: importing it declares all cases."""

from . import data, labels, leaks, loop, outputs, structure, values

__all__ = ["data", "labels", "leaks", "loop", "outputs", "structure", "values"]
