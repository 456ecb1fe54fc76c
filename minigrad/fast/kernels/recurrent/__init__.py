"""Recurrent networks: each thread carries its part of the batch through all time steps, since its rows never meet."""

from . import gru, lstm, rnn

__all__ = ["gru", "lstm", "rnn"]
