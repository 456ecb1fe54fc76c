"""Recurrent networks: each thread carries its part of the batch through all time steps, since its rows never meet."""

from . import lstm

__all__ = ["lstm"]
