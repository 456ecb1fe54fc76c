"""Hooks of Modules: functions called around ``forward`` and with the gradients of its inputs and outputs.

A Module without hooks never comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...autograd.trees import sequence
from ...core.caller import warn
from ...core.graph import tick
from ...core.hooks import RemovableHandle, register_hook
from ...core.modes import grad_enabled
from ...core.tensor import Tensor, raw, wrap
from ...ops.shape.reshape import reshape

if TYPE_CHECKING:
    from .module import Module

Gradients = tuple[Any, ...]  # a Tensor for every input or output that has a gradient, else None


class PreHook(NamedTuple):
    """A function that sees the arguments before ``forward`` does, and may replace them."""

    function: Callable[..., Any]
    with_kwargs: bool

    def __call__(self, module: Module, args: Any, kwargs: Any) -> tuple[Any, Any]:
        """The arguments to go on with."""
        if not self.with_kwargs:
            new = self.function(module, args)
            return (args if new is None else new if isinstance(new, tuple) else (new,)), kwargs
        new = self.function(module, args, kwargs)
        if new is None:
            return args, kwargs
        if not isinstance(new, tuple) or len(new) != 2 or not isinstance(new[1], dict):
            raise RuntimeError(
                f"a forward pre-hook with_kwargs=True returns None or (args, kwargs), got {type(new).__name__}; "
                "write: return args, kwargs"
            )
        return (new[0] if isinstance(new[0], tuple) else (new[0],)), new[1]


class ForwardHook(NamedTuple):
    """A function that sees what ``forward`` returned, and may replace it."""

    function: Callable[..., Any]
    with_kwargs: bool
    always_call: bool

    def __call__(self, module: Module, args: Any, kwargs: Any, output: Any) -> Any:
        """The output to go on with."""
        given = (module, args, kwargs) if self.with_kwargs else (module, args)
        new = self.function(*given, output)
        return output if new is None else new


class ModuleHooks:
    """The hooks of one Module, each kind in the order in which they are called."""

    KINDS = ("forward_pre", "forward", "backward_pre", "backward")
    __slots__ = KINDS

    def __init__(self) -> None:
        self.forward_pre: dict[int, PreHook] = {}
        self.forward: dict[int, ForwardHook] = {}
        self.backward_pre: dict[int, Callable[..., Any]] = {}
        self.backward: dict[int, Callable[..., Any]] = {}

    def __getstate__(self) -> dict[str, list[Any]]:
        return {kind: list(getattr(self, kind).values()) for kind in self.KINDS}

    def __setstate__(self, state: dict[str, list[Any]]) -> None:
        for kind in self.KINDS:  # new keys: those of another process could meet ours
            setattr(self, kind, {tick(): hook for hook in state[kind]})


def register(hooks: dict[int, Any], hook: Callable[..., Any], entry: Any, prepend: bool) -> RemovableHandle:
    """Add ``entry``, which calls ``hook``, as the last, or the first, of its kind."""
    if not callable(hook):
        raise TypeError(f"a hook is a function, got {type(hook).__name__}; pass it without calling it")
    before = list(hooks.items())
    if prepend:
        hooks.clear()
    handle = RemovableHandle(hooks, entry)
    hooks.update(before)
    return handle


def call(module: Module, hooks: ModuleHooks, args: Any, kwargs: Any) -> Any:
    """``module.forward(*args, **kwargs)`` with all hooks."""
    if not any(getattr(hooks, kind) for kind in ModuleHooks.KINDS):
        module._call_hooks = None  # all were removed: from now on calls cost nothing again
    called: set[int] = set()
    output = None
    try:
        for hook in tuple(hooks.forward_pre.values()):
            args, kwargs = hook(module, args, kwargs)
        watch = _Backward(module, hooks) if (hooks.backward or hooks.backward_pre) and grad_enabled.get() else None
        if watch is not None:
            args = watch.inputs(args)
        output = module.forward(*args, **kwargs)
        for key, after in tuple(hooks.forward.items()):
            called.add(key)
            output = after(module, args, kwargs, output)
        return output if watch is None else watch.outputs(output)
    except Exception:
        for key, after in tuple(hooks.forward.items()):
            if after.always_call and key not in called:
                _call_anyway(after, module, args, kwargs, output)
        raise


def _call_anyway(hook: ForwardHook, module: Module, args: Any, kwargs: Any, output: Any) -> None:
    try:
        hook(module, args, kwargs, output)
    except Exception as error:  # the first error is the one to be raised
        warn(
            f"a forward hook of {type(module).__name__} with always_call=True failed while another error was on its "
            f"way: {error!r}"
        )


def _hooks_of(module: Hooked) -> ModuleHooks:
    if module._call_hooks is None:
        module._call_hooks = ModuleHooks()
    return module._call_hooks


class Hooked:
    """What a Module can have hooks by."""

    _call_hooks: ModuleHooks | None = None  # made with the first hook; the class attribute costs a call nothing

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before every ``forward``; what it returns, if anything, replaces the arguments.

        Args:
            hook: the function; ``args`` is a tuple.
            prepend: call it before the hooks that are there, instead of after them.
            with_kwargs: call ``hook(module, args, kwargs)``; it returns None or ``(args, kwargs)``.

        Returns:
            A handle, whose ``remove()`` takes the hook away.
        """
        return register(_hooks_of(self).forward_pre, hook, PreHook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after every ``forward``; what it returns, if anything, is the output.

        Args:
            hook: the function.
            prepend: call it before the hooks that are there, instead of after them.
            with_kwargs: call ``hook(module, args, kwargs, output)``.
            always_call: call it also, with the output so far or None, when ``forward`` or another hook failed.

        Returns:
            A handle, whose ``remove()`` takes the hook away.

        Example:
            >>> from minigrad import nn
            >>> layer, seen = nn.Linear(3, 2), []
            >>> handle = layer.register_forward_hook(lambda module, args, output: seen.append(output.shape))
            >>> _ = layer([1.0, 2.0, 3.0])
            >>> handle.remove()
            >>> seen
            [(2,)]
        """
        return register(_hooks_of(self).forward, hook, ForwardHook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known, before they go on.

        Args:
            hook: the function; ``grad_output`` is a tuple with an entry for each output, None where it has no
                gradient. What it returns, if anything, goes on instead.
            prepend: call it before the hooks that are there, instead of after them.

        Returns:
            A handle, whose ``remove()`` takes the hook away.
        """
        return register(_hooks_of(self).backward_pre, hook, hook, prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are known.

        Args:
            hook: the function; both gradients are tuples with an entry for each positional argument and each output,
                None where it has no gradient. What it returns, if anything, goes on as the gradients of the inputs.
            prepend: call it before the hooks that are there, instead of after them.

        Returns:
            A handle, whose ``remove()`` takes the hook away.
        """
        return register(_hooks_of(self).backward, hook, hook, prepend)


# --- gradients --------------------------------------------------------------------------------------------------------
class _Backward:
    """Shows the gradients of one call of a Module to its hooks: of the outputs first, and then of the inputs."""

    def __init__(self, module: Module, hooks: ModuleHooks) -> None:
        self._module = module
        self._before, self._after = tuple(hooks.backward_pre.values()), tuple(hooks.backward.values())
        self._grad_output: Gradients | None = None  # between the outputs' gradients and the inputs'
        self._positions: list[int] = []  # of the inputs that have a gradient
        self._kinds: list[tuple[Any, Any] | None] = []  # shape and dtype of every input that is a Tensor

    def inputs(self, args: Any) -> Any:
        """The arguments, such that their gradients pass by."""
        if not self._after:
            return args
        self._kinds = [(arg.shape, arg.dtype) if isinstance(arg, Tensor) else None for arg in args]
        self._positions = [i for i, arg in enumerate(args) if _has_gradient(arg)]
        return _replaced(args, self._positions, meet([args[i] for i in self._positions], self._input_gradients))

    def outputs(self, output: Any) -> Any:
        """The output, such that its gradients pass by."""
        items = list(output) if isinstance(output, (tuple, list)) else [output]
        positions = [i for i, item in enumerate(items) if _has_gradient(item)]

        def look(gradients: list[Tensor | None]) -> list[Any]:
            return _picked(self._output_gradients(_spread(len(items), positions, gradients)), positions)

        met = meet([items[i] for i in positions], look)
        return _replaced(output, positions, met) if isinstance(output, (tuple, list)) else [*met, output][0]

    def _output_gradients(self, grad_output: Gradients) -> Gradients:
        for hook in self._before:
            grad_output = _after_hook("pre-hook", hook(self._module, grad_output), grad_output)
        self._grad_output = grad_output
        if not self._positions:  # then no gradient of an input will come
            self._call_hooks((None,) * len(self._kinds))
        return grad_output

    def _input_gradients(self, gradients: list[Tensor | None]) -> list[Any]:
        like = next(g for g in gradients if g is not None)._array
        spread = _spread(len(self._kinds), self._positions, gradients)
        full = tuple(  # zeros where none arrived, as in PyTorch, so that a hook need not ask for each
            wrap(np.zeros_like(like, shape=kind[0], dtype=kind[1]), None) if g is None and kind is not None else g
            for g, kind in zip(spread, self._kinds, strict=True)
        )
        return _picked(self._call_hooks(full), self._positions)

    def _call_hooks(self, grad_input: Gradients) -> Gradients:
        grad_output, self._grad_output = self._grad_output, None
        if grad_output is None:  # a second derivative, which reaches the inputs without passing the outputs
            return grad_input
        for hook in self._after:
            grad_input = _after_hook("hook", hook(self._module, grad_input, grad_output), grad_input)
        return grad_input


def _picked(gradients: Gradients, positions: list[int]) -> list[Any]:
    return [gradients[i] for i in positions]


def _has_gradient(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def _spread(count: int, positions: list[int], gradients: Sequence[Any]) -> Gradients:
    found = dict(zip(positions, gradients, strict=True))
    return tuple(found.get(i) for i in range(count))


def _replaced(values: Any, positions: list[int], new: list[Tensor]) -> Any:
    found = dict(zip(positions, new, strict=True))
    return sequence(values, [found.get(i, value) for i, value in enumerate(values)])


def _after_hook(kind: str, new: Any, old: Gradients) -> Gradients:
    """The gradients after a hook, which returned ``new``."""
    if new is None:
        return old
    gradients: Gradients = new if isinstance(new, tuple) else (new,)
    if [g is None for g in gradients] != [g is None for g in old]:
        raise RuntimeError(
            f"a full backward {kind} got {_kinds(old)} and returned {_kinds(gradients)}; return None, or a tuple with "
            "a gradient for each of them"
        )
    return gradients


def _kinds(gradients: Gradients) -> str:
    return f"({', '.join('None' if g is None else 'a gradient' for g in gradients)})"


def meet(tensors: list[Tensor], look: Callable[[list[Tensor | None]], list[Any]]) -> list[Tensor]:
    """The same values, whose gradients meet on their way back and go on as what ``look`` makes of all of them.

    That needs two steps of the graph for each: gradients are complete in the order opposite to that of creation, so all
    have arrived at the second steps before any of the first steps is reached. None stands for one that did not come.
    """
    shapes = [tensor.shape for tensor in tensors]
    first = [reshape(tensor, tensor.shape) for tensor in tensors]
    second = [reshape(tensor, tensor.shape) for tensor in first]
    arrived: dict[int, Tensor] = {}
    leaving: dict[int, Any] = {}

    def arrive(position: int, gradient: Tensor) -> None:
        arrived[position] = gradient

    def leave(position: int, gradient: Tensor) -> Any:
        if arrived:
            results = look([arrived.get(i) for i in range(len(shapes))])
            for i, result in enumerate(results):
                if i not in arrived and result is not None and np.any(raw(result)):
                    raise RuntimeError(
                        f"a hook gave a gradient to input {i}, of shape {shapes[i]}, which had no part in the "
                        "result; return zeros or None for it"
                    )
            leaving.update({i: results[i] for i in arrived})
            arrived.clear()
        return leaving.pop(position)

    for position, (outer, inner) in enumerate(zip(first, second, strict=True)):
        register_hook(outer, partial(leave, position))
        register_hook(inner, partial(arrive, position))
    return second
