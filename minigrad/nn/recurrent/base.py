"""What recurrent layers have in common: layers and directions, packed and padded input, initial states."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.arrays import one_precision
from ...core.caller import warn
from ...core.tensor import Tensor, raw, to_tensor, wrap
from ...ops.join import concatenate, stack
from .. import init
from ..functional.dropout import dropout
from ..functional.sizes import at_least
from ..module.module import Module
from ..parameter import Parameter, unset
from ..utils.rnn import PackedSequence

_GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


class RNNBase(Module):
    """What RNN, LSTM and GRU have in common; use one of them.

    Attributes:
        weight_ih_l0, weight_hh_l0: weights of the input and of the state in layer 0; ``weight_ih_l0_reverse`` and so
            on are those of the direction from the end, and ``l1`` those of the next layer.
        bias_ih_l0, bias_hh_l0: their biases.
        weight_hr_l0: the projection of an LSTM with ``proj_size``.
    """

    weight_ih_l0: Parameter
    weight_hh_l0: Parameter
    bias_ih_l0: Parameter
    bias_hh_l0: Parameter

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
            warn(
                f"{name}: dropout={dropout} acts between layers, and num_layers=1 has no between; "
                "put nn.Dropout behind the layer instead"
            )
        (self.proj_size,) = at_least(name, 0, proj_size=proj_size)
        if self.proj_size >= self.hidden_size:
            raise ValueError(
                f"{name}: proj_size={proj_size} must be smaller than hidden_size={hidden_size}, which it projects down"
            )
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        self.dropout = float(dropout)
        directions = 2 if bidirectional else 1
        rows, out = _GATES[mode] * self.hidden_size, self.proj_size or self.hidden_size
        for layer, suffix in self._runs():
            width = self.input_size if layer == 0 else out * directions
            shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, out)}
            if bias:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
            if self.proj_size:
                shapes["weight_hr"] = (out, self.hidden_size)
            for kind, shape in shapes.items():
                setattr(self, f"{kind}_l{layer}{suffix}", unset(shape, device, dtype))
        self.reset_parameters()

    def _runs(self) -> list[tuple[int, str]]:
        """Layer, and the ending of the names, of every run along the time."""
        endings = ("", "_reverse") if self.bidirectional else ("",)
        return [(layer, ending) for layer in range(self.num_layers) for ending in endings]

    def _weights(self, layer: int, ending: str) -> list[Parameter]:
        biases = ("bias_ih", "bias_hh") if self.bias else ()
        projection = ("weight_hr",) if self.proj_size else ()
        return [getattr(self, f"{kind}_l{layer}{ending}") for kind in ("weight_ih", "weight_hh", *biases, *projection)]

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The Parameters of every layer and direction."""
        return [self._weights(*run) for run in self._runs()]

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
        x = to_tensor(input)
        name = type(self).__name__
        if x.ndim not in (2, 3):
            layout = "(batch, time, input_size)" if self.batch_first else "(time, batch, input_size)"
            raise ValueError(
                f"{name}: the input must be {layout}, or (time, input_size) for one sequence, got shape {x.shape}"
            )
        self._check_rows(x)
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
        self._check_rows(data)
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
        for k, (layer, ending) in enumerate(self._runs()):
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
        self, x: Tensor, sizes: tuple[int, ...], states: list[Any], weights: list[Any], ending: str, time: Any
    ) -> tuple[Tensor, list[Tensor]]:
        """One layer in one direction: the hidden states at all steps, and the last states."""
        out, *last = self._apply(x, *states, *weights, sizes=sizes, reverse=bool(ending))
        return out if time is None else out.reshape(time, sizes[0], self.hidden_size), last

    def _apply(self, *arrays: Any, **static: Any) -> tuple[Tensor, ...]:
        """The states at all steps and the last ones, from the primitive; each kind of layer has its own."""
        raise NotImplementedError(f"{type(self).__name__} computes nothing; use nn.RNN, nn.LSTM or nn.GRU")

    # --- states -------------------------------------------------------------------------------------------------------
    def _initial(self, hx: Any, batch: int, batched: bool) -> list[Any]:
        """The initial states, each (layers * directions, batch, hidden_size)."""
        runs = len(self._runs())
        if hx is None:
            like = raw(self.weight_hh_l0)
            return [wrap(np.zeros_like(like, shape=(runs, batch, width)), None) for width in self._widths().values()]
        states = [to_tensor(state) for state in self._taken(hx)]
        for (what, width), state in zip(self._widths().items(), states, strict=True):
            wanted = (runs, batch, width) if batched else (runs, width)
            if state.shape != wanted:
                size = "hidden_size" if width == self.hidden_size else "proj_size"
                meaning = f"(layers * directions, {'batch, ' if batched else ''}{size})"
                raise ValueError(
                    f"{type(self).__name__}: {what} must have shape {wanted}, {meaning}, got {state.shape}; "
                    "leave it out to start from zeros"
                )
            one_precision(type(self).__name__, state, what, weight_hh_l0=self.weight_hh_l0)
        return states if batched else [state.reshape(runs, 1, state.shape[1]) for state in states]

    def _widths(self) -> dict[str, int]:
        """What a step hands on to the next, and the size of each."""
        return {"h_0": self.hidden_size}

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

    def _check_rows(self, x: Tensor) -> None:
        if x.shape[-1] != self.input_size:
            raise ValueError(
                f"{type(self).__name__}: the last dimension of the input must be input_size={self.input_size}, "
                f"got shape {x.shape}"
            )
        one_precision(type(self).__name__, x, weight_ih_l0=self.weight_ih_l0)

    def extra_repr(self) -> str:
        """Sizes, and the options that differ from their defaults."""
        parts = [f"{self.input_size}, {self.hidden_size}"] + [f"proj_size={self.proj_size}"] * (self.proj_size != 0)
        defaults = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        parts += [f"{name}={getattr(self, name)}" for name, value in defaults.items() if getattr(self, name) != value]
        return ", ".join(parts)
