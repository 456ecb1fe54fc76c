"""Recurrent layers: they read a sequence step by step and carry a state along."""

from __future__ import annotations

import math
import warnings
from typing import Any, ClassVar

import numpy as np

from ..ops.recurrent import gru, lstm, rnn
from ..ops.shape import concatenate, stack
from ..tensor import Tensor, raw, wrap
from . import init
from .cells import check_nonlinearity, two_states
from .functional.dropout import dropout
from .module import Module
from .parameter import Parameter, unset
from .sizes import at_least
from .utils.rnn import PackedSequence

_GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


class RNNBase(Module):
    """What RNN, LSTM and GRU have in common; use one of them.

    Attributes:
        weight_ih_l0, weight_hh_l0: weights of the input and of the state in layer 0; ``weight_ih_l0_reverse`` and so
            on are those of the direction from the end, and ``l1`` those of the next layer.
        bias_ih_l0, bias_hh_l0: their biases.
    """

    weight_ih_l0: Parameter
    weight_hh_l0: Parameter
    bias_ih_l0: Parameter
    bias_hh_l0: Parameter
    _states: ClassVar[tuple[str, ...]] = ("h_0",)  # what a step hands on to the next

    def __init__(
        self,
        mode: str,
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
        name = type(self).__name__
        self.mode = mode
        self.input_size, self.hidden_size, self.num_layers = at_least(
            name, 1, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers
        )
        for option, value in {"bias": bias, "batch_first": batch_first, "bidirectional": bidirectional}.items():
            if not isinstance(value, bool):
                raise TypeError(f"{name}: {option} must be True or False, got {value!r}; name it: {option}=...")
        if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
            raise ValueError(f"{name}: dropout is a probability between 0 and 1, got {dropout!r}")
        if dropout > 0 and self.num_layers == 1:
            warnings.warn(
                f"{name}: dropout={dropout} acts between layers, and num_layers=1 has no between; "
                "put nn.Dropout behind the layer instead",
                stacklevel=3,
            )
        if proj_size != 0:
            raise ValueError(f"{name}: proj_size={proj_size} is not supported; put a Linear behind the layer instead")
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        self.dropout = float(dropout)
        self.proj_size = 0
        directions = 2 if bidirectional else 1
        rows = _GATES[mode] * self.hidden_size
        for layer, suffix in self._places():
            width = self.input_size if layer == 0 else self.hidden_size * directions
            shapes = {"weight_ih": (rows, width), "weight_hh": (rows, self.hidden_size)}
            if bias:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}  # type: ignore[dict-item]
            for kind, shape in shapes.items():
                setattr(self, f"{kind}_l{layer}{suffix}", unset(shape, device, dtype))
        self.reset_parameters()

    def _places(self) -> list[tuple[int, str]]:
        """Layer, and the ending of the names, of every run along the time."""
        endings = ("", "_reverse") if self.bidirectional else ("",)
        return [(layer, ending) for layer in range(self.num_layers) for ending in endings]

    def _weights(self, layer: int, ending: str) -> list[Parameter]:
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if self.bias else ("weight_ih", "weight_hh")
        return [getattr(self, f"{kind}_l{layer}{ending}") for kind in kinds]

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The Parameters of every layer and direction."""
        return [self._weights(*place) for place in self._places()]

    def flatten_parameters(self) -> None:
        """Nothing: PyTorch arranges memory for the GPU with it, and code written for PyTorch calls it."""

    def reset_parameters(self) -> None:
        """Draw new Parameters, uniform in ±1/√hidden_size."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    # --- computing ----------------------------------------------------------------------------------------------------
    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """The hidden states of the last layer at all steps, and the last states of all layers."""
        if isinstance(input, PackedSequence):
            return self._of_packed(input, hx)
        x = input if isinstance(input, Tensor) else Tensor(input)
        name = type(self).__name__
        if x.ndim not in (2, 3):
            layout = "(batch, time, input_size)" if self.batch_first else "(time, batch, input_size)"
            raise ValueError(
                f"{name}: the input must be {layout}, or (time, input_size) for one sequence, got shape {x.shape}"
            )
        self._check_width(x)
        batched = x.ndim == 3
        if not batched:
            x = x.reshape(x.shape[0], 1, x.shape[1])
        elif self.batch_first:
            x = x.swapaxes(0, 1)
        time, batch, width = x.shape
        if time == 0:
            raise ValueError(f"{name}: the input of shape {raw(input).shape} has no time step; at least one is needed")
        states = self._initial(hx, batch, batched)
        y, last = self._layers(x.reshape(time * batch, width), (batch,) * time, states, time)
        if not batched:
            return y[:, 0], self._handed([state[:, 0] for state in last])
        return (y.swapaxes(0, 1) if self.batch_first else y), self._handed(last)

    def _of_packed(self, input: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        data, batch_sizes, order, back = input
        if data.ndim != 2:
            raise ValueError(f"{type(self).__name__}: packed data must be (rows, input_size), got shape {data.shape}")
        self._check_width(data)
        sizes = tuple(batch_sizes.tolist())
        states = self._initial(hx, sizes[0], True)
        if order is not None and hx is not None:
            states = [state[:, raw(order)] for state in states]
        y, last = self._layers(data, sizes, states, None)
        if back is not None:
            last = [state[:, raw(back)] for state in last]
        return PackedSequence(y, batch_sizes, order, back), self._handed(last)

    def _layers(
        self, x: Tensor, sizes: tuple[int, ...], states: list[Any], time: int | None
    ) -> tuple[Tensor, list[Tensor]]:
        """Run all layers.

        Args:
            x: packed rows (rows, width).
            sizes: how many rows each step has.
            states: of every layer and direction, stacked.
            time: the number of steps if all have equally many rows, and the result shall be (time, batch, width).
        """
        lasts: list[list[Tensor]] = []
        y = x
        for k, (layer, ending) in enumerate(self._places()):
            if not ending:
                if layer > 0:
                    y = dropout(y, self.dropout, self.training)
                    x = y.reshape(x.shape[0], y.shape[-1])
                outs: list[Tensor] = []
            out, last = self._run(x, sizes, [state[k] for state in states], self._weights(layer, ending), ending, time)
            outs.append(out)
            lasts.append(last)
            y = out if len(outs) == 1 else concatenate(outs, -1)
        return y, [stack(state) for state in zip(*lasts, strict=True)]

    def _run(
        self, x: Tensor, sizes: tuple[int, ...], states: list[Any], weights: list[Parameter], ending: str, time: Any
    ) -> tuple[Tensor, list[Tensor]]:
        """One layer in one direction: the hidden states at all steps, and the last states."""
        static = {"sizes": sizes, "reverse": bool(ending), "input_gradient": x.requires_grad}
        out = self._apply(x, *states, *weights, **static)
        rows, batch = x.shape[0], sizes[0]
        if time is None:
            ends = [rows + i * batch for i in range(len(states) + 1)]
            return out[:rows], [out[a:b] for a, b in zip(ends[:-1], ends[1:], strict=True)]
        out = out.reshape(time + len(states), batch, self.hidden_size)
        return out[:time], [out[time + i] for i in range(len(states))]

    def _apply(self, *arrays: Any, **static: Any) -> Tensor:
        """Call the primitive."""
        raise NotImplementedError

    # --- states -------------------------------------------------------------------------------------------------------
    def _initial(self, hx: Any, batch: int, batched: bool) -> list[Any]:
        """The initial states, each (layers * directions, batch, hidden_size)."""
        runs = len(self._places())
        if hx is None:
            zeros = np.zeros_like(raw(self.weight_hh_l0), shape=(runs, batch, self.hidden_size))
            return [wrap(zeros, None)] * len(self._states)
        wanted = (runs, batch, self.hidden_size) if batched else (runs, self.hidden_size)
        given = self._taken(hx)
        states = [state if isinstance(state, Tensor) else Tensor(state) for state in given]
        for what, state in zip(self._states, states, strict=True):
            if state.shape != wanted:
                meaning = (
                    "(layers * directions, batch, hidden_size)" if batched else "(layers * directions, hidden_size)"
                )
                raise ValueError(
                    f"{type(self).__name__}: {what} must have shape {wanted}, {meaning}, got {state.shape}; "
                    "leave it out to start from zeros"
                )
        return states if batched else [state.reshape(runs, 1, self.hidden_size) for state in states]

    def _taken(self, hx: Any) -> tuple[Any, ...]:
        """The states in what the caller handed over."""
        if isinstance(hx, tuple):
            raise TypeError(
                f"{type(self).__name__}: the initial state is one Tensor, got a tuple of {len(hx)}; only LSTM has two"
            )
        return (hx,)

    def _handed(self, last: list[Tensor]) -> Any:
        """The last states in the form that the caller gets."""
        return last[0]

    def _check_width(self, x: Tensor) -> None:
        if x.shape[-1] != self.input_size:
            raise ValueError(
                f"{type(self).__name__}: the last dimension of the input must be input_size={self.input_size}, "
                f"got shape {x.shape}"
            )

    def extra_repr(self) -> str:
        """Sizes, and the options that differ from their defaults."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        defaults = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        parts += [f"{name}={getattr(self, name)}" for name, value in defaults.items() if getattr(self, name) != value]
        return ", ".join(parts)


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
        >>> output, h_n = layer(Tensor(np.ones((2, 7, 3))))
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

    def _apply(self, *arrays: Any, **static: Any) -> Tensor:
        return rnn(*arrays, relu=self.nonlinearity == "relu", **static)  # type: ignore[no-any-return]


class LSTM(RNNBase):
    """Long short-term memory: gates decide what a cell takes in, forgets and shows, so that it can remember for long.

    All Parameters start uniform in ±1/√hidden_size, as in PyTorch. (A larger start for the forget gate's bias, the
    second quarter of ``bias_ih_l0``, often helps to learn long dependencies.)

    Shapes:
        input: (time, batch, input_size); (batch, time, input_size) with ``batch_first``; (time, input_size) for one
            sequence; or a PackedSequence for sequences of different lengths (``nn.utils.rnn``).
        hx: ``(h_0, c_0)``, each (num_layers * directions, batch, hidden_size), by default zeros; without batch for one
            sequence.
        result: ``(output, (h_n, c_n))``: the hidden states of the last layer at all steps, shaped like the input with
            directions * hidden_size as last size; and the last states of all layers and directions, shaped like
            ``hx``.

    Math:
        i, f, o = σ(W x + a + U h + b), g = tanh(W x + a + U h + b), each with rows of its own in W, U, a and b, in
        the order i, f, g, o; c ← f c + i g; h ← o tanh(c).

    Args:
        input_size: the size of the last dimension of the input.
        hidden_size: the size of hidden state and cell state.
        num_layers: how many layers stand on one another.
        bias: whether there are biases.
        batch_first: whether the batch comes first in input and output; states keep the layers first.
        dropout: the probability of dropping an element between layers, in training.
        bidirectional: whether a second run goes from the end to the start; both results are joined.
        proj_size: PyTorch's projection of the hidden state; not supported, and refused.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        TypeError: for options and states of the wrong kind, such as one Tensor instead of ``(h_0, c_0)``.
        ValueError: for sizes below 1, dropout outside [0, 1], and shapes that do not fit.

    Source:
        Hochreiter & Schmidhuber 1997; the forget gate is from Gers et al. 2000.

    Example:
        >>> layer = LSTM(3, 5, num_layers=2)
        >>> output, (h_n, c_n) = layer(Tensor(np.ones((7, 2, 3))))
        >>> output.shape, h_n.shape, c_n.shape
        ((7, 2, 5), (2, 2, 5), (2, 2, 5))
    """

    _states = ("h_0", "c_0")

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

    def _apply(self, *arrays: Any, **static: Any) -> Tensor:
        return lstm(*arrays, **static)  # type: ignore[no-any-return]

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
        >>> output, h_n = layer(Tensor(np.ones((7, 2, 3))))
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

    def _apply(self, *arrays: Any, **static: Any) -> Tensor:
        return gru(*arrays, **static)  # type: ignore[no-any-return]
