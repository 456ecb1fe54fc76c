"""The layers of a model as a table: shapes, Parameters, multiply-adds and memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import random
from ..autograd.trees import leaves
from ..core.modes import Mode, grad_enabled
from ..core.tensor import Tensor, overwrite
from ..nn.module.module import Module
from .multiply_adds import Shape, rule_for
from .table import COLUMNS, rendered


@dataclass
class Layer:
    """One call of a Module, or a Module that was not called.

    Attributes:
        path: the name of the Module in the model; empty for the model itself.
        kind: the name of its class.
        depth: how far inside the model it stands; 0 for the model itself.
        index: its number among those of equal depth, from 1.
        input_shapes: of the Tensors and arrays among its arguments.
        output_shapes: of those that it returned.
        parameters: how many numbers its own Parameters hold; 0 for those that stood in a layer before.
        trainable: how many of them require grad.
        repeated: whether this Module was called before; its Parameters are counted there.
        shared: whether other Modules before it have its Parameters too.
        called: whether ``forward`` ran; a ModuleList, for example, is only looked into.
        mult_adds: multiply-adds of this call, without those of the layers inside.
        counted: whether there is a rule for its multiply-adds.
        children: the calls inside this one.
    """

    path: str
    kind: str
    depth: int
    module: Module = field(repr=False)
    index: int = 0
    input_shapes: list[Shape] = field(default_factory=list)
    output_shapes: list[Shape] = field(default_factory=list)
    output_bytes: int = 0
    parameters: int = 0
    trainable: int = 0
    parameter_bytes: int = 0
    repeated: bool = False
    shared: bool = False
    called: bool = False
    mult_adds: int = 0
    counted: bool = False
    children: list[Layer] = field(default_factory=list, repr=False)

    def walk(self) -> Iterator[Layer]:
        """This layer and all inside it, in the order of calls."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(repr=False)
class ModelSummary:
    """What ``summary`` found; printed, it is the table.

    Attributes:
        layers: all calls in order, the model itself first.
        total_params: numbers in all Parameters, shared ones once.
        trainable_params: those that require grad.
        total_mult_adds: multiply-adds of one forward pass.
        input_bytes: memory of the inputs.
        output_bytes: memory of the outputs of the innermost layers with Parameters, twice: with their gradients.
        param_bytes: memory of the Parameters.
        notes: what the numbers leave out.
    """

    layers: list[Layer]
    total_params: int
    trainable_params: int
    total_mult_adds: int
    input_bytes: int
    output_bytes: int
    param_bytes: int
    notes: list[str]
    depth: int
    col_names: tuple[str, ...]

    @property
    def non_trainable_params(self) -> int:
        """Numbers in Parameters that do not require grad."""
        return self.total_params - self.trainable_params

    @property
    def total_bytes(self) -> int:
        """Estimated memory: inputs, outputs with their gradients, and Parameters."""
        return self.input_bytes + self.output_bytes + self.param_bytes

    def __str__(self) -> str:
        return rendered(self)

    __repr__ = __str__


def summary(
    model: Module,
    input: Any = None,
    *,
    input_size: Any = None,
    dtypes: Sequence[Any] | None = None,
    depth: int = 3,
    col_names: Sequence[str] = ("output_size", "num_params", "mult_adds"),
    mode: str = "eval",
    **kwargs: Any,
) -> ModelSummary:
    """Call a model once, without gradients, and list its layers in the order in which they were called.

    Nothing remains of the call: the mode of training, buffers such as running statistics, the library's random numbers
    and hooks are as before, also if it fails. Multiply-adds are those of Modules; products that a ``forward`` computes
    itself, such as ``q @ k.mT``, are not seen (see ``debug/multiply_adds.py`` for the rules). Memory follows torchinfo.

    Args:
        model: the Module.
        input: a Tensor or array, a tuple of several, or a dict of keyword arguments; a tuple of integers is a size.
        input_size: the shape of the input, or a list of the shapes of several, which are then made up.
        dtypes: of the inputs that are made up, by default float32.
        depth: how many levels to print; what is deeper is added to the level above.
        col_names: columns: "input_size", "output_size", "num_params", "kernel_size", "mult_adds", "trainable".
        mode: "eval", "train", or "same" to leave the Module as it is.
        **kwargs: further arguments of ``forward``.

    Returns:
        An object that prints as the table and has the numbers as attributes.

    Raises:
        TypeError: for what is no Module.
        ValueError: for options that do not exist, and a missing or doubly given input.

    Source:
        The layout, and the rules for memory, are those of torchinfo 1.8.

    Example:
        >>> from minigrad import nn
        >>> result = summary(nn.Sequential(nn.Linear(8, 4), nn.ReLU()), input_size=(2, 8))
        >>> result.total_params, result.total_mult_adds
        (36, 72)
    """
    if not isinstance(model, Module):
        cure = f"make an object of it: {model.__name__}(...)" if isinstance(model, type) else "pass an nn.Module"
        raise TypeError(f"summary takes a Module, got {type(model).__name__}; {cure}")
    if unknown := [name for name in col_names if name not in COLUMNS]:
        raise ValueError(f"there are no columns {unknown}; choose from {list(COLUMNS)}")
    if mode not in ("eval", "train", "same"):
        raise ValueError(f"mode is 'eval', 'train' or 'same', got {mode!r}")
    if depth < 0:
        raise ValueError(f"depth is at least 0, got {depth}; 0 prints the model alone")
    args, named = _arguments(input, input_size, dtypes)
    named.update(kwargs)
    root = _watched(model, args, named, mode)
    layers = list(root.walk())
    _add_what_was_not_called(model, layers)
    layers = list(root.walk())
    _number(layers)
    _count_parameters(layers)
    return ModelSummary(
        layers=layers,
        total_params=sum(layer.parameters for layer in layers),
        trainable_params=sum(layer.trainable for layer in layers),
        total_mult_adds=sum(layer.mult_adds for layer in layers),
        input_bytes=sum(_bytes(leaf) for leaf in leaves([list(args), dict(named)])),
        output_bytes=2 * sum(layer.output_bytes for layer in layers if _keeps_output(layer)),
        param_bytes=sum(layer.parameter_bytes for layer in layers),
        notes=_notes(layers),
        depth=depth,
        col_names=tuple(col_names),
    )


# --- the inputs -------------------------------------------------------------------------------------------------------
def _arguments(input: Any, input_size: Any, dtypes: Sequence[Any] | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional and keyword arguments for ``forward``."""
    if input is not None and input_size is not None:
        raise ValueError("give either the input or input_size, not both")
    if isinstance(input, (tuple, list)) and input and all(map(_is_size, input)):
        input, input_size = None, input
    if input_size is not None:
        sizes = [input_size] if all(isinstance(n, (int, np.integer)) for n in input_size) else list(input_size)
        if not all(map(_is_size, sizes)):
            raise ValueError(f"input_size is a shape such as (32, 784), or a list of shapes, got {input_size!r}")
        kinds = [np.float32] * len(sizes) if dtypes is None else list(dtypes)
        if len(kinds) != len(sizes):
            raise ValueError(f"{len(kinds)} dtypes for {len(sizes)} inputs; give one for each")
        draw = np.random.default_rng(0)  # not the library's own numbers
        return tuple(Tensor(draw.random(size).astype(kind)) for size, kind in zip(sizes, kinds, strict=True)), {}
    if dtypes is not None:
        raise ValueError("dtypes are for inputs that are made up: give input_size, not the input")
    if isinstance(input, Mapping):
        return (), dict(input)
    if isinstance(input, tuple):
        return input, {}
    return ((input,) if input is not None else ()), {}


def _is_size(value: Any) -> bool:
    """Whether ``value`` is an integer of a shape, or a shape."""
    if isinstance(value, (tuple, list)):
        return all(not isinstance(n, (tuple, list)) and _is_size(n) for n in value)
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= 0


# --- the call ---------------------------------------------------------------------------------------------------------
def _watched(model: Module, args: tuple[Any, ...], kwargs: dict[str, Any], mode: str) -> Layer:
    """The model's own layer, with all calls inside it."""
    paths = {id(module): path for path, module in reversed(list(model.named_modules()))}
    parents = {id(child): module for module in model.modules() for child in module.children()}
    root = Layer("", type(model).__name__, 0, model)
    stack: list[Layer] = []

    def enter(module: Module, args: Any, kwargs: Any) -> None:
        layer = root if not stack else _placed(module, stack[-1], parents, paths)
        layer.called = True
        layer.input_shapes = _shapes([list(args), kwargs])
        stack.append(layer)

    def leave(module: Module, args: Any, output: Any) -> None:
        layer = stack.pop()
        while layer.module is not module:  # calls that failed, and whose error the model caught
            layer = stack.pop()
        layer.output_shapes = _shapes(output)
        layer.output_bytes = sum(map(_bytes, leaves(output)))
        rule = rule_for(module)
        layer.counted = rule is not None
        if rule is not None and layer.input_shapes and layer.output_shapes:
            inside = sum(inner.mult_adds for inner in layer.walk())  # an attention may call its own projections
            layer.mult_adds = max(rule(module, layer.input_shapes, layer.output_shapes[0]) - inside, 0)

    with ExitStack() as undo:
        undo.enter_context(_unchanged(model))
        for module in list(model.modules()):
            undo.callback(module.register_forward_pre_hook(enter, with_kwargs=True).remove)
            undo.callback(module.register_forward_hook(leave, prepend=True).remove)
        if mode != "same":
            model.train(mode == "train")
        try:
            with Mode(grad_enabled, False):
                model(*args, **kwargs)
        except Exception as error:
            shapes = ", ".join(map(str, _shapes([list(args), kwargs]))) or "none"
            inner = next((layer.path for layer in reversed(stack)), "")
            error.add_note(f"in summary(...), in the layer {inner or 'model'!r}, with inputs of shape {shapes}")
            raise
    return root


def _placed(module: Module, caller: Layer, parents: Mapping[int, Module], paths: Mapping[int, str]) -> Layer:
    """A new layer inside ``caller``, below what stands between and is not called itself, such as a ModuleList."""
    between: list[Module] = []
    parent = parents.get(id(module))
    while parent is not None and parent is not caller.module:
        between.insert(0, parent)
        parent = parents.get(id(parent))
    for container in between if parent is not None else ():
        last = caller.children[-1] if caller.children else None
        if last is None or last.module is not container or last.called:
            last = _inside(caller, container, paths)
        caller = last
    return _inside(caller, module, paths)


def _inside(parent: Layer, module: Module, paths: Mapping[int, str]) -> Layer:
    layer = Layer(paths[id(module)], type(module).__name__, parent.depth + 1, module)
    parent.children.append(layer)
    return layer


@contextmanager
def _unchanged(model: Module) -> Iterator[None]:
    """Put modes, buffers and random numbers back at the end."""
    modes = [(module, module.training) for module in model.modules()]
    buffers = [
        (module, name, buffer, np.array(buffer.detach().numpy(), copy=True))
        for module in model.modules()
        for name, buffer in module.named_buffers(recurse=False)
    ]
    state = random.get_state()
    try:
        yield
    finally:
        random.set_state(state)
        for module, training in modes:
            if module.training is not training:
                module.training = training
        for module, name, buffer, values in buffers:
            setattr(module, name, buffer)
            if not np.array_equal(buffer.detach().numpy(), values, equal_nan=values.dtype.kind == "f"):
                overwrite(buffer, values)


# --- the numbers ------------------------------------------------------------------------------------------------------
def _shapes(values: Any) -> list[Shape]:
    return [tuple(leaf.shape) for leaf in leaves(values) if hasattr(leaf, "shape")]


def _bytes(leaf: Any) -> int:
    return math.prod(leaf.shape) * int(leaf.dtype.itemsize) if hasattr(leaf, "shape") and hasattr(leaf, "dtype") else 0


def _add_what_was_not_called(model: Module, layers: list[Layer]) -> None:
    """A layer for every Module with Parameters of its own that no call reached."""
    first: dict[int, Layer] = {}
    for layer in layers:
        first.setdefault(id(layer.module), layer)
    paths = {id(module): path for path, module in reversed(list(model.named_modules()))}
    for module in model.modules():
        for child in module.children():
            if id(child) not in first and next(child.parameters(), None) is not None:
                first[id(child)] = _inside(first[id(module)], child, paths)


def _number(layers: list[Layer]) -> None:
    known: dict[int, int] = {}
    for layer in layers:
        layer.index = known[layer.depth] = known.get(layer.depth, 0) + 1


def _count_parameters(layers: list[Layer]) -> None:
    """Give every Parameter to the first layer that has it."""
    modules: set[int] = set()
    seen: set[int] = set()
    for layer in layers:
        own = list(layer.module.parameters(recurse=False))
        layer.repeated = id(layer.module) in modules
        layer.shared = not layer.repeated and any(id(parameter) in seen for parameter in own)
        modules.add(id(layer.module))
        for parameter in own:
            if id(parameter) not in seen:
                seen.add(id(parameter))
                size = math.prod(parameter.shape)
                layer.parameters += size
                layer.trainable += size if parameter.requires_grad else 0
                layer.parameter_bytes += _bytes(parameter)


def _keeps_output(layer: Layer) -> bool:
    called_inside = any(child.called for child in layer.children)
    return layer.called and not called_inside and next(layer.module.parameters(), None) is not None


def _notes(layers: list[Layer]) -> list[str]:
    modules = {id(layer.module): layer for layer in reversed(layers)}.values()
    uncounted = [layer for layer in modules if layer.called and layer.parameters and not layer.counted]
    plain = [
        f"{layer.path}.{name}".lstrip(".")
        for layer in modules
        for name, value in vars(layer.module).items()
        if type(value) is Tensor and value.requires_grad and value.is_leaf
    ]
    notes = []
    if uncounted:
        kinds = ", ".join(sorted({layer.kind for layer in uncounted}))
        notes.append(f"Mult-adds count products with weights of known layers; those of {kinds} count 0")
    if plain:
        notes.append(f"Not trained, as only a Parameter is: {', '.join(plain)}; write nn.Parameter(values)")
    return notes
