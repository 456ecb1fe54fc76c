"""Module: Parameters and the function that uses them. It finds its parts by looking at its own attributes."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from ...core.tensor import Tensor, wrap
from ..parameter import Parameter
from .construct import take_options
from .convert import Convertible
from .hooks import Hooked, call
from .place import note_place
from .state import Stateful

T = TypeVar("T")


class Module(Hooked, Convertible, Stateful):
    """Base class of everything with trainable parts: define ``forward``, and call the object.

    Nothing has to be registered, and ``super().__init__()`` need not be called. A part is any Module or Parameter that
    is an attribute, or stands in a list, tuple or dict that is one; its name is the path to it, such as
    ``layers.0.weight``. A plain Tensor is no part, even if it requires grad: as in PyTorch, only a Parameter is, and
    what is not trained but belongs to the state is made with ``register_buffer``. A Module that is used but is no part,
    such as a teacher, can be kept in a function: ``self.teacher = lambda: teacher``; a list would not hide it.

    Attributes:
        training: whether layers that behave differently in training do so; set by ``train()`` and ``eval()``.

    Example:
        >>> from minigrad import nn
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         self.layers = [nn.Linear(4, 3), nn.Linear(3, 2, bias=False)]
        ...
        ...     def forward(self, x):
        ...         for layer in self.layers:
        ...             x = layer(x).tanh()
        ...         return x
        >>> net = Net()
        >>> [name for name, _ in net.named_parameters()]
        ['layers.0.weight', 'layers.0.bias', 'layers.1.weight']
        >>> net([1.0, 2.0, 3.0, 4.0]).shape
        (2,)
    """

    training: bool = True
    _takes_arrays: ClassVar[frozenset[str]] = frozenset()  # arguments of the constructor that may be arrays
    _persistence: dict[str, bool]  # name of a buffer -> whether it is part of the state; made with the first buffer

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        take_options(cls)

    # --- computing ----------------------------------------------------------------------------------------------------
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every Module defines its own."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward; define it in the class: def forward(self, input): ..."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward``; an error inside says which Module it came from."""
        try:
            if self._call_hooks is None:
                return self.forward(*args, **kwargs)
            return call(self, self._call_hooks, args, kwargs)
        except Exception as error:
            note_place(error, self)
            raise

    def __setattr__(self, name: str, value: Any) -> None:
        if value is not None and not isinstance(value, Parameter) and isinstance(vars(self).get(name), Parameter):
            raise TypeError(
                f"{name!r} of {type(self).__name__} is a Parameter, and a {type(value).__name__} in its place would "
                "not be trained; write nn.Parameter(values), or change the values of the one that is there: "
                f"with minigrad.no_grad(): {name}.copy_(values)"
            )
        super().__setattr__(name, value)

    # --- parts --------------------------------------------------------------------------------------------------------
    def named_modules(self, *, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """This Module (named ``prefix``) and all inside it, parents first.

        Args:
            prefix: what every name starts with.
            remove_duplicate: name a Module that stands in several places only once.
        """
        return _descend(self, prefix, set(), remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This Module and all inside it, each once."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The Modules directly inside this one, each once."""
        seen: set[int] = set()
        for name, part in _parts(self):
            if isinstance(part, Module) and id(part) not in seen:
                seen.add(id(part))
                yield name, part

    def children(self) -> Iterator[Module]:
        """The Modules directly inside this one, each once."""
        return (child for _, child in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every Parameter with its name, in the order of assignment; those of a Module come before its children's.

        Args:
            prefix: what every name starts with.
            recurse: whether to go into the Modules inside this one.
            remove_duplicate: name a Parameter that is shared between several places only once.
        """
        return _named(self, _parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every Parameter once: what an optimizer takes."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer with its name; arguments as for ``named_parameters``."""
        return _named(self, _buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Every buffer once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make ``tensor`` the attribute ``name``, and part of the state without being trained: a running mean.

        The attribute can be assigned anew later. Declare it in the class, ``running_mean: Tensor``, for type checkers.

        Args:
            name: name of the attribute, without a dot.
            tensor: the value; None for a buffer that is not in use.
            persistent: whether it is part of ``state_dict()``.

        Raises:
            KeyError: if the name is taken, empty or has a dot in it.
            TypeError: if ``tensor`` is not a plain Tensor.
        """
        known: dict[str, bool] = vars(self).setdefault("_persistence", {})
        if name not in known:
            checked_name(self, name)
        if isinstance(tensor, Parameter) or not isinstance(tensor, Tensor | None):
            raise TypeError(
                f"the buffer {name!r} must be a Tensor or None, got {type(tensor).__name__}; "
                "convert arrays with minigrad.tensor(values), and assign Parameters as plain attributes"
            )
        known[name] = persistent
        setattr(self, name, tensor)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Same as ``setattr(self, name, param)``, with a look at both first; here because PyTorch has it.

        Raises:
            KeyError: if the name is taken, empty or has a dot in it.
            TypeError: if ``param`` is neither a Parameter nor None.
        """
        if not isinstance(param, Parameter | None):
            kind = type(param).__name__
            raise TypeError(f"a Parameter or None can be {name!r}, not {kind}; write nn.Parameter(values)")
        if not isinstance(vars(self).get(name), Parameter):
            checked_name(self, name)
        setattr(self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """Same as ``setattr(self, name, module)``, with a look at both first; here because PyTorch has it.

        Raises:
            KeyError: if the name is taken, empty or has a dot in it.
            TypeError: if ``module`` is neither a Module nor None.
        """
        if not isinstance(module, Module | None):
            cure = f"make an object of it: {module.__name__}(...)" if isinstance(module, type) else "wrap it in one"
            raise TypeError(f"a Module or None can be {name!r}, not {type(module).__name__}; {cure}")
        if not isinstance(vars(self).get(name), Module):
            checked_name(self, name)
        setattr(self, name, module)

    register_module = add_module

    def get_submodule(self, target: str) -> Module:
        """The Module at a path such as ``"layers.0"``; the empty path is this Module itself.

        Raises:
            AttributeError: if there is none.
        """
        return _found(self, "Module", target, self.named_modules(remove_duplicate=False))

    def get_parameter(self, target: str) -> Parameter:
        """The Parameter at a path such as ``"layers.0.weight"``; fails as ``get_submodule`` does."""
        return _found(self, "Parameter", target, self.named_parameters(remove_duplicate=False))

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as ``"norm.running_mean"``; fails as ``get_submodule`` does."""
        return _found(self, "buffer", target, self.named_buffers(remove_duplicate=False))

    # --- modes and gradients ------------------------------------------------------------------------------------------
    def train(self, mode: bool = True) -> Self:
        """Set ``training`` of this Module and all inside it; returns the Module itself.

        A Module inside that has a ``train`` of its own, for example one that keeps a part frozen, is asked to do it.
        """
        if not isinstance(mode, bool):
            raise ValueError(f"train(mode) takes True or False, got {mode!r}")
        _set_training(self, mode, set())
        return self

    def eval(self) -> Self:
        """Same as ``train(False)``: behave as in use, not as in training."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set ``requires_grad`` of every Parameter, for example to freeze a Module; returns the Module itself."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients: ``.grad`` becomes None, or zeros where there was one, if ``set_to_none`` is false."""
        for parameter in self.parameters():
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad = wrap(np.zeros_like(parameter._array), None)

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call ``fn`` with every Module inside this one, each once, children first, and this one last.

        Example:
            >>> from minigrad import nn
            >>> net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
            >>> _ = net.apply(lambda module: isinstance(module, nn.Linear) and nn.init.zeros_(module.bias))
            >>> net[0].bias
            Parameter([0., 0.], requires_grad=True)
        """
        for module in _children_first(self, set()):
            fn(module)
        return self

    # --- display ------------------------------------------------------------------------------------------------------
    def extra_repr(self) -> str:
        """What stands between the parentheses of ``repr``, such as sizes; empty unless a Module defines it."""
        return ""

    @reprlib.recursive_repr("...")
    def __repr__(self) -> str:
        extra = self.extra_repr()
        inner = [f"({name}): {part!r}" for name, part in _parts(self) if isinstance(part, Module)]
        if not inner and "\n" not in extra:
            return f"{self._get_name()}({extra})"
        lines = "\n".join([extra, *inner] if extra else inner).split("\n")
        return "\n  ".join([f"{self._get_name()}(", *lines]) + "\n)"

    def _get_name(self) -> str:  # PyTorch's name for it, which Modules written for it call
        return self.__class__.__name__


# --- checks -----------------------------------------------------------------------------------------------------------
def checked_name(owner: Module, name: Any) -> str:
    """``name`` if ``owner`` can have a part of that name that it does not have yet."""
    kind = type(owner).__name__
    if not isinstance(name, str):
        raise TypeError(f"{kind} calls its parts by strings, got {name!r} of type {type(name).__name__}")
    if not name or "." in name or getattr(owner, name, None) is not None:
        raise KeyError(f"{kind} cannot call a part {name!r}: the name is taken, empty or has a dot")
    return name


# --- the walk ---------------------------------------------------------------------------------------------------------
def _parts(module: Module) -> Iterator[tuple[str, Any]]:
    """The Modules and Parameters among the attributes, and in containers that are attributes."""
    for name, value in vars(module).items():
        yield from _inside(name, value)


_PLAIN = {int, float, str, bool, type(None)}  # what long lists of an object that is no part of the model hold


def _inside(name: str, value: Any, within: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    if isinstance(value, (Module, Parameter)):
        yield name, value
    elif isinstance(value, (list, tuple, dict)) and id(value) not in within:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if type(item) not in _PLAIN:
                yield from _inside(f"{name}.{key}", item, (*within, id(value)))


def _descend(module: Module, name: str, seen: set[int], remove_duplicate: bool) -> Iterator[tuple[str, Module]]:
    if id(module) in seen:
        return
    seen.add(id(module))
    yield name, module
    for part_name, part in _parts(module):
        if isinstance(part, Module):
            yield from _descend(part, _join(name, part_name), seen, remove_duplicate)
    if not remove_duplicate:  # then only a Module inside itself is passed over: one that knows its parent
        seen.remove(id(module))


def _children_first(module: Module, seen: set[int]) -> Iterator[Module]:
    seen.add(id(module))
    for child in list(module.children()):
        if id(child) not in seen:
            yield from _children_first(child, seen)
    yield module


def _set_training(module: Module, mode: bool, seen: set[int]) -> None:
    seen.add(id(module))
    module.training = mode
    for child in list(module.children()):
        if id(child) in seen:
            continue
        if getattr(child.train, "__func__", None) is Module.train:
            _set_training(child, mode, seen)
        else:
            seen.add(id(child))
            child.train(mode)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _parameters(module: Module) -> Iterator[tuple[str, Parameter]]:
    return ((name, part) for name, part in _parts(module) if isinstance(part, Parameter))


def _buffers(module: Module) -> Iterator[tuple[str, Tensor]]:
    for name in vars(module).get("_persistence", {}):
        value = getattr(module, name, None)
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(
                f"the buffer {name!r} of {type(module).__name__} was replaced by {type(value).__name__}, which is no "
                f"part of the state; assign a Tensor: minigrad.tensor(values)"
            )
        if value is not None and not isinstance(value, Parameter):  # which may have taken the place of the buffer
            yield name, value


def _named(
    module: Module, own: Callable[[Module], Iterator[tuple[str, Any]]], prefix: str, recurse: bool, once: bool
) -> Iterator[tuple[str, Any]]:
    """What ``own`` finds in the Module and, if asked to, in those inside it."""
    seen: set[int] = set()
    modules = module.named_modules(prefix=prefix, remove_duplicate=once) if recurse else iter([(prefix, module)])
    for path, inner in modules:
        for name, tensor in own(inner):
            if not once or id(tensor) not in seen:
                seen.add(id(tensor))
                yield _join(path, name), tensor


def _found(module: Module, kind: str, target: str, named: Iterator[tuple[str, T]]) -> T:
    """The part of that name, or an error that says which names there are."""
    known = dict(named)
    if target not in known:
        close = difflib.get_close_matches(str(target), [*known], 3, 0.5)
        cure = f"did you mean {' or '.join(map(repr, close))}?" if close else f"there are {list(known)[:8]}"
        raise AttributeError(f"{module.__class__.__name__} has no {kind} {target!r}; {cure}")
    return known[target]
