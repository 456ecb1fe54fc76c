"""Recurrent networks: one primitive runs a whole layer, in one direction, over a whole batch of sequences.

Sequences may differ in length. They arrive packed: the rows of the first time step of all of them, then the rows of the
second step of those that have one, and so on, longest sequence first. ``sizes`` says how many rows each step has, so
sequences of one length are the special case of equal sizes.
"""

from .gru import gru
from .lstm import lstm
from .rnn import rnn

__all__ = ["gru", "lstm", "rnn"]
