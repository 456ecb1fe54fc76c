"""Signal: what a recorded pass tells about layers with weights, and about the activations behind them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import theory
from ...core.graph import Leaf, Node, Output
from ...core.tensor import Tensor
from ...nn import functional as F
from ..trace import Step
from .numbers import Array, rms

if TYPE_CHECKING:
    from .examination import Examination

MOVES = frozenset({"reshape", "transpose", "broadcast_to", "clone", "astype", "pad", "getitem"})
NORMS = frozenset({"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"})
SATURATING = frozenset({"tanh", "sigmoid", "softsign", "hardtanh", "hardsigmoid"})
ACTIVATIONS = SATURATING | {"relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "mish"}
BEFORE_ACTIVATION = MOVES | NORMS | {"add", "multiply", "max_pool", "avg_pool"}


@dataclass(eq=False)
class Layer:
    """One use of a matrix or a kernel of weights.

    Attributes:
        step: the operation that used it.
        place: its number among the operations of the model.
        name: of the Parameter.
        units: the weights, one row for each unit.
        unit_gradients: their gradients; None where none arrived.
    """

    step: Step
    place: int
    name: str
    units: Array
    unit_gradients: Array | None

    @property
    def fan_in(self) -> int:
        """How many numbers each unit sums up."""
        return int(self.units.shape[1])

    @property
    def spread(self) -> float:
        """The root mean square of the weights."""
        return rms(self.units)

    @property
    def scale(self) -> float:
        """The weights' size where 1 keeps the variance of a signal of mean 0: that of 1 / √fan_in."""
        return self.spread * math.sqrt(self.fan_in)


@dataclass(eq=False)
class Activation:
    """One application of an activation function.

    Attributes:
        step: the operation.
        layer: whose output it was applied to, where there is one.
        normalized: whether a normalisation stands between.
        hidden: whether layers with weights come after it.
    """

    step: Step
    layer: Layer | None
    normalized: bool
    hidden: bool

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.step.name

    @property
    def where(self) -> str:
        """The layer in words."""
        return f"{self.name} behind {self.layer.name}" if self.layer is not None else self.name


class Signal:
    """The layers and the activations of the first pass.

    Args:
        exam: the examination.
    """

    def __init__(self, exam: Examination) -> None:
        self.exam = exam
        self.steps = exam.first.model_steps

    @cached_property
    def layers(self) -> list[Layer]:
        """Every use of weights, in the order of the forward pass."""
        return list(self._layers())

    @cached_property
    def activations(self) -> list[Activation]:
        """Every activation function, in the order of the forward pass."""
        by_node = {layer.step.node: layer for layer in self.layers}
        last = self.layers[-1].place if self.layers else -1
        found = []
        for place, step in enumerate(self.steps):
            if step.name in ACTIVATIONS:
                layer, normalized = _weights_before(step.node, by_node)
                found.append(Activation(step, layer, normalized, place < last))
        return found

    @cached_property
    def normalized(self) -> bool:
        """Whether the model normalises anywhere."""
        return any(step.name in NORMS for step in self.steps)

    @cached_property
    def depth(self) -> int:
        """How many different weights the signal passes, one after the other or side by side."""
        return len({layer.name for layer in self.layers})

    def _layers(self) -> Iterator[Layer]:
        for place, step in enumerate(self.steps):
            for i, axis in {"linear": [(1, 0)], "convolve": [(1, 0)], "matmul": [(1, -1), (0, 0)]}.get(step.name, []):
                name = self._name(step, i)
                if name is None:
                    continue
                weight = step.inputs[i]
                gradient = self.exam.first.gradients.get(name)
                if gradient is not None and gradient.shape != weight.shape:
                    gradient = gradient.T if gradient.T.shape == weight.shape else None
                yield Layer(step, place, name, _rows(weight, axis), None if gradient is None else _rows(gradient, axis))
                break

    def _name(self, step: Step, i: int) -> str | None:
        """Which Parameter was the i-th input, as it is or transposed."""
        weight = step.inputs[i]
        if not isinstance(weight, np.ndarray) or weight.ndim < 2:
            return None
        node = step.node.parents[i]
        while node is not None and node.name in MOVES:
            node = node.parents[0]
        leaf = node.tensor() if isinstance(node, Leaf) else None
        for name, p in self.exam.parameters.items():
            same = p is leaf or (node is None and p._array.size == weight.size and np.shares_memory(p._array, weight))
            if same and p._array.size == weight.size:
                return name
        return None


def _weights_before(node: Node, layers: dict[Node, Layer]) -> tuple[Layer | None, bool]:
    """The layer whose output an activation was applied to, and whether it was normalised on the way."""
    normalized = False
    parent = node.parents[0]
    for _ in range(6):
        while isinstance(parent, Output):
            parent = parent.parents[0]
        if parent is None:
            break
        if parent in layers:
            return layers[parent], normalized
        if parent.name not in BEFORE_ACTIVATION:
            break
        normalized |= parent.name in NORMS
        parent = next((p for p in parent.parents if p is not None and not isinstance(p, Leaf)), None)
    return None, normalized


def _rows(weight: Array, axis: int) -> Array:
    """One row for each unit."""
    rows: Array = np.moveaxis(weight, axis, 0)
    return rows.reshape(len(rows), -1)


def unit_axis(array: Array) -> int:
    """Where the units are: the channels of images, the last dimension of everything else."""
    return 1 if array.ndim == 4 else -1


def by_unit(array: Array) -> Array:
    """One row for each unit, with its values for all samples and places."""
    return _rows(array, unit_axis(array))


def place_of(step: Step, exam: Examination) -> str:
    """Where an operation is, in words: the Module, and the line where the user wrote it."""
    module = exam.modules.get(step.path or "")
    ours = type(module).__module__.startswith("minigrad.")
    return f"{step.name} in {step.path or 'the model'}" + ("" if ours else f", {step.site}")


def in_code(name: str) -> str:
    """A Parameter as the user's code would name it: ``model.blocks[0].weight``."""
    return "model" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in name.split("."))


def function(name: str) -> Callable[[Tensor], Any]:
    """The activation function of an operation's name."""
    found: Callable[[Tensor], Any] = getattr(F, name)
    return found


def best_gain(name: str) -> float:
    """The factor on 1 / √fan_in that keeps the signal's variance behind an activation."""
    return theory.gain(function(name))
