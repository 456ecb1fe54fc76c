"""Tools that look at a model from outside, by hooks and by its public face: they change nothing in it."""

from .summary import Layer, ModelSummary, summary

__all__ = ["Layer", "ModelSummary", "summary"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
