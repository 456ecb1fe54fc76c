"""The corpus: importing it declares all cases."""

from . import data, gradients, labels, leaks, loop, modes, outputs, rates, structure, units, values

__all__ = [
    "data", "gradients", "labels", "leaks", "loop", "modes", "outputs", "rates", "structure", "units", "values",
]  # fmt: skip
