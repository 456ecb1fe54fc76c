"""Whether operations are recorded: for a block, for a function, or from now on."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

grad_enabled: ContextVar[bool] = ContextVar("grad_enabled", default=True)


class Mode:
    """Sets a mode within a ``with`` block, or within every call of the function that it decorates."""

    def __init__(self, flag: ContextVar[Any], value: Any) -> None:
        self._flag, self._value = flag, value
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> None:
        self._tokens.append(self._flag.set(self._value))

    def __exit__(self, *_: object) -> None:
        self._flag.reset(self._tokens.pop())

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return ``function`` with the mode set while it runs."""
        if inspect.isgeneratorfunction(function):
            return self._steps(function)

        @functools.wraps(function)
        def within(*args: P.args, **kwargs: P.kwargs) -> R:
            with Mode(self._flag, self._value):
                return function(*args, **kwargs)

        return within

    def _steps(self, function: Callable[P, Any]) -> Callable[P, Any]:
        """A generator function whose body has the mode set at every step, and its caller in between has not."""

        @functools.wraps(function)
        def within(*args: P.args, **kwargs: P.kwargs) -> Any:
            generator = function(*args, **kwargs)
            step: Callable[[], Any] = functools.partial(next, generator)
            while True:
                try:
                    with Mode(self._flag, self._value):
                        item = step()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield item
                    step = functools.partial(generator.send, sent)
                except GeneratorExit:
                    with Mode(self._flag, self._value):
                        generator.close()
                    raise
                except BaseException as error:
                    step = functools.partial(generator.throw, error)

        return within


class _AtOnce(Mode):
    """A mode that is set when it is made; a ``with`` block only puts the old one back."""

    def __init__(self, value: bool) -> None:
        super().__init__(grad_enabled, value)
        super().__enter__()

    def __enter__(self) -> None:
        if not self._tokens:  # a second block with the same object
            super().__enter__()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``function`` with the mode set while it runs; outside it, the mode is as it was before."""
        self.__exit__()
        return super().__call__(function)


def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """Do not record what happens inside: a ``with`` block, or a function decorated with it.

    Example:
        >>> x = Tensor(1.0, requires_grad=True)
        >>> with no_grad():
        ...     y = x * 2
        >>> y.requires_grad
        False
    """
    return _mode(False, function)


def enable_grad(function: Callable[..., Any] | None = None) -> Any:
    """Record what happens inside, even within ``no_grad``."""
    return _mode(True, function)


def set_grad_enabled(mode: bool) -> Mode:
    """Record from now on, or stop recording; as a ``with`` block or a decorator, within that only.

    Example:
        >>> x, training = Tensor(1.0, requires_grad=True), False
        >>> with set_grad_enabled(training):
        ...     y = x * 2
        >>> y.requires_grad, is_grad_enabled()
        (False, True)
    """
    if not isinstance(mode, bool):
        raise TypeError(f"set_grad_enabled takes True or False, got {mode!r}")
    return _AtOnce(mode)


def inference_mode(mode: Any = True) -> Any:
    """PyTorch's stricter relative of ``no_grad``; here the two are the same.

    Args:
        mode: False records after all; or the function to decorate.
    """
    if callable(mode):
        return _mode(False, mode)
    return Mode(grad_enabled, not mode)


def is_grad_enabled() -> bool:
    """Whether operations are being recorded."""
    return grad_enabled.get()


def _mode(value: bool, function: Callable[..., Any] | None) -> Any:
    mode = Mode(grad_enabled, value)
    return mode if function is None else mode(function)
