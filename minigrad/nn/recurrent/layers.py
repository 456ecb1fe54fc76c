"""Recurrent layers: they read a sequence step by step and carry a state along."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import Tensor, raw, wrap
from ...ops.index.basic import put
from ...ops.join import concatenate
from ..kernels.recurrent import gru, lstm, rnn
from .base import RNNBase
from .cells import check_nonlinearity, two_states


class RNN(RNNBase):
    """A plain recurrent layer: h ← tanh(W x + a + U h + b) at every step. LSTM and GRU remember for longer.

    All Parameters start uniform in ±1/√hidden_size, as in PyTorch.

    Shapes:
        input: (time, batch, input_size); (batch, time, input_size) with ``batch_first``; (time, input_size) for one
            sequence; or a PackedSequence for sequences of different lengths (``nn.utils.rnn``).
        hx: (num_layers * directions, batch, hidden_size), by default zeros; without batch for one sequence.
        result: ``(output, h_n)``: the states of the last layer at all steps, shaped like the input with
            directions * hidden_size as last size; and the last state of all layers and directions, shaped like ``hx``.

    Args:
        input_size: the size of the last dimension of the input.
        hidden_size: the size of the state.
        num_layers: how many layers stand on one another.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        bias: whether there are biases.
        batch_first: whether the batch comes first in input and output; states keep the layers first.
        dropout: the probability of dropping an element between layers, in training.
        bidirectional: whether a second run goes from the end to the start; both results are joined.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        TypeError: for options and states of the wrong kind.
        ValueError: for sizes below 1, dropout outside [0, 1], and shapes that do not fit.

    Source:
        Elman 1990.

    Example:
        >>> layer = RNN(3, 5, batch_first=True)
        >>> output, h_n = layer(minigrad.ones(2, 7, 3))
        >>> output.shape, h_n.shape
        ((2, 7, 5), (1, 2, 5))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_nonlinearity("RNN", nonlinearity)
        self.nonlinearity = nonlinearity
        mode = f"RNN_{nonlinearity.upper()}"
        super().__init__(
            mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )

    def _apply(self, *arrays: Any, **static: Any) -> tuple[Tensor, ...]:
        return rnn(*arrays, relu=self.nonlinearity == "relu", **static)  # type: ignore[no-any-return]


class LSTM(RNNBase):
    """Long short-term memory: gates decide what a cell takes in, forgets and shows, so that it can remember for long.

    All Parameters start uniform in ±1/√hidden_size, as in PyTorch. (A larger start for the forget gate's bias, the
    second quarter of ``bias_ih_l0``, often helps to learn long dependencies.)

    Shapes:
        input: (time, batch, input_size); (batch, time, input_size) with ``batch_first``; (time, input_size) for one
            sequence; or a PackedSequence for sequences of different lengths (``nn.utils.rnn``).
        hx: ``(h_0, c_0)``, each (num_layers * directions, batch, hidden_size), by default zeros; without batch for one
            sequence. With ``proj_size`` that is the last size of h_0, and of the hidden states in the result.
        result: ``(output, (h_n, c_n))``: the hidden states of the last layer at all steps, shaped like the input with
            directions * hidden_size as last size; and the last states of all layers and directions, shaped like
            ``hx``.

    Math:
        i, f, o = σ(W x + a + U h + b), g = tanh(W x + a + U h + b), each with rows of its own in W, U, a and b, in
        the order i, f, g, o; c ← f c + i g; h ← o tanh(c), or h ← P (o tanh(c)) with a projection P.

    Args:
        input_size: the size of the last dimension of the input.
        hidden_size: the size of hidden state and cell state.
        num_layers: how many layers stand on one another.
        bias: whether there are biases.
        batch_first: whether the batch comes first in input and output; states keep the layers first.
        dropout: the probability of dropping an element between layers, in training.
        bidirectional: whether a second run goes from the end to the start; both results are joined.
        proj_size: project the hidden state down to this size, by a weight ``weight_hr_l0``; 0 for no projection.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        TypeError: for options and states of the wrong kind, such as one Tensor instead of ``(h_0, c_0)``.
        ValueError: for sizes below 1, dropout outside [0, 1], and shapes that do not fit.

    Source:
        Hochreiter & Schmidhuber 1997; the forget gate is from Gers et al. 2000, the projection from Sak et al. 2014.

    Example:
        >>> layer = LSTM(3, 5, num_layers=2)
        >>> output, (h_n, c_n) = layer(minigrad.ones(7, 2, 3))
        >>> output.shape, h_n.shape, c_n.shape
        ((7, 2, 5), (2, 2, 5), (2, 2, 5))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size, device,
            dtype,
        )  # fmt: skip

    def _apply(self, *arrays: Any, **static: Any) -> tuple[Tensor, ...]:
        return lstm(*arrays, **static)  # type: ignore[no-any-return]

    def _run(
        self, x: Tensor, sizes: tuple[int, ...], states: list[Any], weights: list[Any], ending: str, time: Any
    ) -> tuple[Tensor, list[Tensor]]:
        """A projected state P h is an unprojected one for the weight U P.

        Only the initial state was never projected: it is part of the input, with the weight U, of every first step.
        """
        if not self.proj_size:
            return super()._run(x, sizes, states, weights, ending, time)
        first, cells = states
        w_ih, w_hh, *biases, projection = weights
        shape = (x.shape[0], self.proj_size)
        both = concatenate([x, put(first, index=_first_rows(sizes, bool(ending)), shape=shape)], -1)
        weights = [concatenate([w_ih, w_hh], 1), w_hh @ projection, *biases]
        zeros = wrap(np.zeros_like(raw(cells)), None)
        out, (h, c) = super()._run(both, sizes, [zeros, cells], weights, ending, time)
        return out @ projection.T, [h @ projection.T, c]

    def _widths(self) -> dict[str, int]:
        return {"h_0": self.proj_size or self.hidden_size, "c_0": self.hidden_size}

    def _taken(self, hx: Any) -> tuple[Any, ...]:
        return two_states("LSTM", hx)

    def _handed(self, last: list[Tensor]) -> Any:
        return last[0], last[1]


class GRU(RNNBase):
    """Gated recurrent units: nearly as good a memory as an LSTM with one state and three quarters of the weights.

    All Parameters start uniform in ±1/√hidden_size, as in PyTorch. Shapes and arguments are those of ``RNN``, without
    ``nonlinearity``.

    Math:
        r, z = σ(W x + a + U h + b), n = tanh(W x + a + r (U h + b)), each with rows of its own in W, U, a and b, in
        the order r, z, n; h ← (1 - z) n + z h.

    Source:
        Cho et al. 2014, with the reset gate behind the product, as in PyTorch and cuDNN.

    Example:
        >>> layer = GRU(3, 5, bidirectional=True)
        >>> output, h_n = layer(minigrad.ones(7, 2, 3))
        >>> output.shape, h_n.shape
        ((7, 2, 10), (2, 2, 5))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )

    def _apply(self, *arrays: Any, **static: Any) -> tuple[Tensor, ...]:
        return gru(*arrays, **static)  # type: ignore[no-any-return]


def _first_rows(sizes: tuple[int, ...], reverse: bool) -> Any:
    """In which row of packed steps the run over each sequence starts."""
    numbers = np.arange(sizes[0])
    if not reverse:
        return numbers
    steps = np.asarray(sizes)
    lengths = (steps[:, None] > numbers).sum(0)
    return (np.cumsum(steps) - steps)[lengths - 1] + numbers
