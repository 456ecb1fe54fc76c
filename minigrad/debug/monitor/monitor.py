"""Monitor: watches a model while it trains."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

import numpy as np

from ...autograd.trees import leaves
from ...core.graph import Array, Node, anomaly
from ...core.tensor import Tensor, raw
from ...files import replacing
from ...nn.module.module import Module
from . import plots, tensorboard
from .records import LayerRecord, WeightRecord
from .statistics import ACTIVATIONS, dead_share, flat_share, histogram, moments, norm, sampled
from .table import table


class Monitor:
    """Records, every few steps, how activations, gradients and weights of a model fare.

    Forward passes in training mode are watched. A step ends with the optimizer's ``step()`` or, without an optimizer,
    where the next forward pass begins after a backward pass. Activation functions are seen as Modules are.

    Args:
        model: the model; its hooks and those of the optimizer are taken away by ``close()`` or at the end of the block.
        optimizer: the optimizer, for the sizes of updates.
        every: look at every so many steps; the others cost next to nothing.
        histograms: whether to keep histograms too.

    Attributes:
        layers: a record for every layer and step that was looked at.
        weights: a record for every Parameter and step that was looked at.

    Raises:
        ValueError: for ``every`` below 1.

    Example:
        >>> from minigrad import nn, optim, randn
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
        >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
        >>> with Monitor(model, optimizer, every=1) as monitor:
        ...     for _ in range(3):
        ...         loss = model(randn(16, 4)).pow(2).mean()
        ...         optimizer.zero_grad()
        ...         loss.backward()
        ...         optimizer.step()
        >>> [record.layer for record in monitor.layers if record.step == 2]
        ['0', '1', '2']
        >>> monitor.weights[-1].name, monitor.weights[-1].ratio > 0
        ('2.bias', True)
    """

    def __init__(self, model: Module, optimizer: Any = None, *, every: int = 10, histograms: bool = True) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1, got {every}")
        self.model, self.every, self.histograms = model, every, histograms
        self.layers: list[LayerRecord] = []
        self.weights: list[WeightRecord] = []
        self.step = 0
        self._optimizer = optimizer
        self._names = dict(model.named_parameters())
        self._modules = dict(model.named_modules())
        self._paths = {id(module): path for path, module in self._modules.items()}
        self._running: list[str] = []
        self._seen: dict[str, int] = {}  # how often a layer was met in this step
        self._inside: tuple[str, LayerRecord] | None = None  # an activation that the running Module has computed
        self._backward = False
        self._undo: Any = None
        self._before: dict[str, Array] = {}
        self._gradients: dict[str, float] = {}  # where there is no optimizer
        self._stack = ExitStack()
        for module in model.modules():
            self._stack.enter_context(module.register_forward_pre_hook(self._enter, prepend=True))
            self._stack.enter_context(module.register_forward_hook(self._leave, always_call=True))
        if optimizer is not None:
            self._stack.enter_context(optimizer.register_step_pre_hook(self._before_step))
            self._stack.enter_context(optimizer.register_step_post_hook(self._after_step))
        else:  # the user may drop the gradients before the next forward pass says that the step is over
            for name, p in self._names.items():
                if p.requires_grad:
                    self._stack.enter_context(p.register_post_accumulate_grad_hook(self._grown(name)))

    # --- forward and backward -----------------------------------------------------------------------------------------
    @property
    def _looking(self) -> bool:
        return self.step % self.every == 0 and self.model.training

    def _enter(self, module: Module, inputs: Any) -> None:
        if module is self.model and not self._running:
            if self._optimizer is None and self._backward:
                self._weights_now()
                self._next()
            if self._looking:
                outer = anomaly.get()
                token = anomaly.set(lambda site: _Watch(self, None if outer is None else outer(site)))
                self._undo = lambda: anomaly.reset(token)
        self._running.append(self._paths[id(module)])
        self._inside = None

    def _leave(self, module: Module, inputs: Any, output: Any) -> None:
        path = self._running.pop()
        if self._looking and next(module.children(), None) is None:
            for tensor in leaves(output)[:1]:
                if isinstance(tensor, Tensor) and tensor.dtype.kind == "f":
                    self._output(path, type(module).__name__, tensor)
        if not self._running and self._undo is not None:
            self._undo()
            self._undo = None

    def _output(self, path: str, kind: str, tensor: Tensor) -> None:
        """Note what a layer returned; where an activation inside it was noted already, that is the same."""
        values = raw(tensor)
        if self._inside is not None and self._inside[0] == path:
            record = self._inside[1]
            record.layer, record.kind = self._counted(path), kind
        else:
            record = self._record(self._counted(path), kind, kind.lower(), values)
        if tensor.requires_grad:
            tensor.register_hook(lambda gradient: self._arrived(record, gradient))

    def _activation(self, name: str, out: Array) -> LayerRecord:
        """Note what an activation function computed."""
        path = self._running[-1] if self._running else ""
        function = f"{path}.{name}()" if path else f"{name}()"
        if path and next(self._modules[path].children(), None) is None:  # its Module is about to return it, perhaps
            record = self._record(function, name, name, out)
            self._inside = path, record
            return record
        return self._record(self._counted(function), name, name, out)

    def _record(self, layer: str, kind: str, name: str, values: Array) -> LayerRecord:
        rows = sampled(values)
        mean, std = moments(rows)
        record = LayerRecord(self.step, layer, kind, mean, std, flat_share(name, rows), dead_share(name, values))
        if self.histograms:
            record.histogram, record.low, record.high = histogram(rows)
        self.layers.append(record)
        return record

    def _counted(self, path: str) -> str:
        """The path, numbered where the Module is called again in the same step."""
        self._seen[path] = self._seen.get(path, 0) + 1
        return path if self._seen[path] == 1 else f"{path} ({self._seen[path]})"

    def _arrived(self, record: LayerRecord, gradient: Any) -> None:
        self._backward = True
        record.gradient = norm(raw(gradient))

    def _grown(self, name: str) -> Any:
        def note(tensor: Tensor) -> None:
            if self._looking and tensor.grad is not None:
                self._gradients[name] = norm(tensor.grad._array)

        return note

    # --- the step -----------------------------------------------------------------------------------------------------
    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self._looking:
            self._before = {name: p._array.copy() for name, p in self._names.items()}

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self._before:
            self._weights_now()
            self._before = {}
        self._next()

    def _weights_now(self) -> None:
        """Note all Parameters."""
        if not self._looking:
            return
        for name, p in self._names.items():
            before = self._before.get(name)
            gradient = self._gradients.get(name)
            if before is not None and p.grad is not None:
                gradient = norm(p.grad._array)
            size = norm(p._array if before is None else before)
            update = None
            if before is not None:
                np.subtract(p._array, before, out=before)
                update = norm(before)
            self.weights.append(WeightRecord(self.step, name, size, gradient, update))

    def _next(self) -> None:
        self.step += 1
        self._backward = False
        self._seen = {}
        self._gradients = {}

    # --- what came out ------------------------------------------------------------------------------------------------
    def __str__(self) -> str:
        return table(self.layers, self.weights)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """All records as JSON, also into a file."""
        record = {"layers": list(map(asdict, self.layers)), "weights": list(map(asdict, self.weights))}
        text = json.dumps(_finite(record), ensure_ascii=False)
        if path is not None:
            with replacing(os.fspath(path)) as file:
                file.write(text.encode())
        return text

    def plot(self, quantity: str = "saturated", axes: Any = None) -> Any:
        """A heat map, layer by step, of a column of the records.

        Args:
            quantity: "mean", "std", "saturated", "dead" or "gradient" of layers; "ratio", "size" or "weight gradient"
                of Parameters.
            axes: of matplotlib, to draw into; new ones if None.

        Returns:
            The axes: ``monitor.plot("gradient").figure.savefig("gradient.png")``.

        Raises:
            ValueError: for another quantity, and where nothing was recorded.
        """
        return plots.heat_map(self.layers, self.weights, quantity, axes)

    def plot_histograms(self, layer: str | None = None, axes: Any = None) -> Any:
        """Histograms as a ridge line: of all layers at the last step looked at, or of one layer over time."""
        return plots.ridges(self.layers, layer, axes)

    def write(self, folder: str | os.PathLike[str]) -> None:
        """Write everything in TensorBoard's format.

        Raises:
            ImportError: without tensorboardX.
        """
        tensorboard.write(self.layers, self.weights, os.fspath(folder))

    # --- checkpoints --------------------------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """The step and all records as plain values, so that a run which goes on from a checkpoint keeps them."""
        return {"step": self.step, "layers": list(map(asdict, self.layers)), "weights": list(map(asdict, self.weights))}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the step and the records of ``state_dict()``."""
        self.step = state["step"]
        self.layers[:] = [LayerRecord(**record) for record in state["layers"]]
        self.weights[:] = [WeightRecord(**record) for record in state["weights"]]

    # --- the end ------------------------------------------------------------------------------------------------------
    def close(self) -> None:
        """Take all hooks away; the records stay."""
        if self._undo is not None:
            self._undo()
            self._undo = None
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Watch:
    """Looks at one node of a forward pass, for the monitor and for whoever watched before."""

    __slots__ = ("_monitor", "_other", "_record")

    def __init__(self, monitor: Monitor, other: Any) -> None:
        self._monitor, self._other = monitor, other
        self._record: LayerRecord | None = None

    def value(self, node: Node, inputs: list[Any], out: Array) -> None:
        if node.name in ACTIVATIONS:
            self._record = self._monitor._activation(node.name, out)
        if self._other is not None:
            self._other.value(node, inputs, out)

    def gradient(self, node: Node, parent: Node, part: Any, g: Any) -> None:
        if self._record is not None and self._record.gradient is None:
            self._monitor._arrived(self._record, g)
        if self._other is not None:
            self._other.gradient(node, parent, part, g)


def _finite(value: Any) -> Any:
    """JSON has no numbers for infinity and NaN."""
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
