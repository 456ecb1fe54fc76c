"""Recurrent cells: one step of a recurrent layer, for loops of one's own. A layer over a whole sequence is faster."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.arrays import one_precision
from ...core.tensor import Tensor, raw, to_tensor, wrap
from .. import init
from ..functional.sizes import at_least
from ..kernels.recurrent import gru, lstm, rnn
from ..module.module import Module
from ..parameter import unset


class RNNCellBase(Module):
    """What the cells have in common; use one of them."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        name = type(self).__name__
        self.input_size, self.hidden_size = at_least(name, 1, input_size=input_size, hidden_size=hidden_size)
        if not isinstance(bias, bool):
            raise TypeError(f"{name}: bias must be True or False, got {bias!r}")
        self.bias = bias
        rows = num_chunks * self.hidden_size
        self.weight_ih = unset((rows, self.input_size), device, dtype)
        self.weight_hh = unset((rows, self.hidden_size), device, dtype)
        self.bias_ih = unset((rows,), device, dtype) if bias else None
        self.bias_hh = unset((rows,), device, dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new Parameters, uniform in ±1/√hidden_size."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _step(self, operation: Any, input: Any, states: tuple[Any, ...] | None, count: int, **options: Any) -> Any:
        """The states after one step."""
        name = type(self).__name__
        x = to_tensor(input)
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size:
            raise ValueError(
                f"{name}: the input must be (batch, input_size) or (input_size,) with input_size={self.input_size}, "
                f"got shape {x.shape}"
            )
        alone = x.ndim == 1
        batch = 1 if alone else x.shape[0]
        wanted = (self.hidden_size,) if alone else (batch, self.hidden_size)
        if states is None:
            zeros = wrap(np.zeros_like(raw(self.weight_hh), shape=wanted), None)
            states = (zeros,) * count
        states = tuple(to_tensor(state) for state in states)
        for state in states:
            if state.shape != wanted:
                raise ValueError(
                    f"{name}: a state of shape {state.shape} does not fit an input of shape {x.shape}; it must be "
                    f"{wanted}, or be left out to start from zeros"
                )
            one_precision(name, state, "hx", weight_hh=self.weight_hh)
        one_precision(name, x, weight_ih=self.weight_ih)
        if alone:
            x, states = x.reshape(1, -1), tuple(state.reshape(1, -1) for state in states)
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        _, *news = operation(x, *states, *weights, sizes=(batch,), **options)
        return [new[0] for new in news] if alone else news

    def extra_repr(self) -> str:
        """Sizes, and the options that differ from their defaults."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(RNNCellBase):
    """One step of a plain recurrent layer: the new state tanh(W x + a + U h + b).

    Shapes:
        input: (batch, input_size), or (input_size,).
        hx: (batch, hidden_size), or (hidden_size,); by default zeros.
        result: shaped like ``hx``.

    Args:
        input_size: the size of the last dimension of the input.
        hidden_size: the size of the state.
        bias: whether there are biases; without them ``bias_ih`` and ``bias_hh`` are None.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Example:
        >>> cell = RNNCell(3, 5)
        >>> h = None
        >>> for x in np.ones((7, 2, 3), np.float32):
        ...     h = cell(x, h)
        >>> h.shape
        (2, 5)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_nonlinearity("RNNCell", nonlinearity)
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Tensor:
        """The new state."""
        relu = self.nonlinearity == "relu"
        (new,) = self._step(rnn, input, None if hx is None else (hx,), 1, relu=relu)
        return new  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Sizes, and the options that differ from their defaults."""
        other = "" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}"
        return super().extra_repr() + other


class LSTMCell(RNNCellBase):
    """One step of an LSTM: the new hidden state and cell state; see ``LSTM`` for what it computes.

    Shapes:
        input: (batch, input_size), or (input_size,).
        hx: ``(h, c)``, each (batch, hidden_size) or (hidden_size,); by default zeros.
        result: ``(h, c)``, shaped alike.

    Args:
        input_size: the size of the last dimension of the input.
        hidden_size: the size of hidden state and cell state.
        bias: whether there are biases; without them ``bias_ih`` and ``bias_hh`` are None.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Example:
        >>> cell = LSTMCell(3, 5)
        >>> h, c = cell(Tensor([[1.0, 2.0, 3.0]]))
        >>> h, c = cell(Tensor([[4.0, 5.0, 6.0]]), (h, c))
        >>> h.shape, c.shape
        ((1, 5), (1, 5))
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> tuple[Tensor, Tensor]:
        """The new hidden state and cell state."""
        h, c = self._step(lstm, input, None if hx is None else two_states("LSTMCell", hx), 2)
        return h, c


class GRUCell(RNNCellBase):
    """One step of a GRU: the new state; see ``GRU`` for what it computes.

    Shapes and arguments are those of ``LSTMCell``, with one state instead of two.

    Example:
        >>> cell = GRUCell(3, 5)
        >>> cell(Tensor([1.0, 2.0, 3.0])).shape
        (5,)
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Tensor:
        """The new state."""
        (new,) = self._step(gru, input, None if hx is None else (hx,), 1)
        return new  # type: ignore[no-any-return]


# --- checks that the layers share -------------------------------------------------------------------------------------
def check_nonlinearity(name: str, nonlinearity: Any) -> None:
    """Refuse what is neither ``"tanh"`` nor ``"relu"``."""
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"{name}: nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")


def two_states(name: str, hx: Any) -> tuple[Any, Any]:
    """Hidden state and cell state of an LSTM, which come as a pair."""
    if isinstance(hx, (tuple, list)) and len(hx) == 2:
        if hx[0] is None or hx[1] is None:
            raise TypeError(f"{name}: give both h_0 and c_0, or leave the state out to start from zeros; one is None")
        return hx[0], hx[1]
    got = f"{len(hx)} of them" if isinstance(hx, (tuple, list)) else f"a {type(hx).__name__}"
    raise TypeError(f"{name}: the initial state is a pair of Tensors, {name.lower()}(input, (h_0, c_0)), got {got}")
