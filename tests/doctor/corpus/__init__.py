"""The corpus: importing it declares all cases."""

from . import loop, outputs

__all__ = ["loop", "outputs"]
