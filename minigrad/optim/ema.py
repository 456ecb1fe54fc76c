"""The exponential moving average of a model's weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .. import nn
from ..core.arrays import as_array
from ..core.graph import Array
from ..core.tensor import Tensor, overwrite, wrap

__all__ = ["EMA"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show


class EMA:
    """Averages of a model's Parameters in which those of the past count less and less.

    They often do better on held-out data than the last ones, which still wander. Kept in single precision at least,
    since a small share of a difference is lost in half precision. Buffers are not averaged.

    Math:
        average = decay · average + (1 - decay) · parameter, after every step; the first average is the first parameter

    Args:
        model: whose Parameters are averaged; their shapes and names stay.
        decay: the share of the average that is kept: 0.999 looks back over about 1000 steps.
        warmup: keep at most the share (1 + n) / (10 + n) in update n, so that the first weights are soon forgotten.

    Attributes:
        updates: how many there were.

    Raises:
        TypeError, ValueError: for what is no Module, one without Parameters, and a decay out of range.

    Example:
        >>> from minigrad import nn
        >>> model = nn.Linear(1, 1, bias=False)
        >>> _ = nn.init.zeros_(model.weight)
        >>> ema = EMA(model, decay=0.75)
        >>> _ = nn.init.constant_(model.weight, 4.0)  # a step of training
        >>> ema.update()
        >>> with ema.applied():
        ...     model(Tensor([1.0])).detach()
        Tensor([1.])
        >>> model(Tensor([1.0])).detach()
        Tensor([4.])
    """

    def __init__(self, model: nn.Module, decay: float = 0.999, *, warmup: bool = False) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"EMA takes a Module, got {type(model).__name__}")
        if not 0 <= decay <= 1:
            raise ValueError(f"decay is the share of the old average that is kept, between 0 and 1; got {decay}")
        self._parameters = dict(model.named_parameters())
        if not self._parameters:
            raise ValueError(f"{type(model).__name__} has no Parameters to average")
        self.decay = decay
        self.warmup = warmup
        self.updates = 0
        self._averages = {
            name: parameter._array.astype(np.result_type(parameter.dtype, np.float32))
            for name, parameter in self._parameters.items()
        }
        self._swapped = False

    def update(self) -> None:
        """Add what the Parameters are now: after every ``optimizer.step()``."""
        self._refuse_swapped("update")
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates)) if self.warmup else self.decay
        self.updates += 1
        for name, parameter in self._parameters.items():
            average = self._averages[name]
            average += (parameter._array - average) * (1 - decay)

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Within this block the model computes with the averages; afterwards its Parameters are what they were.

        What training changes within is lost at its end.

        Raises:
            RuntimeError: within another such block.
        """
        self._refuse_swapped("applied")
        kept = {name: parameter._array.copy() for name, parameter in self._parameters.items()}
        self._swapped = True
        try:
            self.copy_to()
            yield
        finally:
            self._write(kept)
            self._swapped = False

    def copy_to(self) -> None:
        """Give the model the averages for good, as at the end of training."""
        self._write(self._averages)

    def _write(self, values: Mapping[str, Array]) -> None:
        for name, parameter in self._parameters.items():
            overwrite(parameter, values[name])

    def _refuse_swapped(self, method: str) -> None:
        if self._swapped:
            raise RuntimeError(
                f"{method}() within `with ema.applied():` would take averages for weights; leave it first"
            )

    # --- state --------------------------------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """A copy of the averages, by the names of the Parameters, and how many updates there were."""
        averages = {name: wrap(array.copy(), None) for name, array in self._averages.items()}
        return {"decay": self.decay, "updates": self.updates, "averages": averages}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict()`` returned; everything is checked before anything changes.

        Raises:
            TypeError, ValueError: for what is no such state, and other names or shapes.
        """
        if not isinstance(state_dict, Mapping) or not {"decay", "updates", "averages"} <= set(state_dict):
            raise TypeError("load_state_dict takes what ema.state_dict() returned: decay, updates and averages")
        given: Mapping[str, Tensor] = state_dict["averages"]
        if set(given) != set(self._averages):
            different = sorted(set(given) ^ set(self._averages))
            raise ValueError(f"the averages are of another model: {different} are in one of them only")
        arrays = {name: as_array(given[name]) for name in self._averages}
        for name, array in arrays.items():
            if array.shape != self._averages[name].shape:
                raise ValueError(f"{name} has shape {array.shape} in the state, {self._averages[name].shape} here")
        self.decay, self.updates = float(state_dict["decay"]), int(state_dict["updates"])
        for name, array in arrays.items():
            self._averages[name][...] = array

    def __repr__(self) -> str:
        return f"EMA({len(self._averages)} Parameters, decay={self.decay}, {self.updates} updates)"
