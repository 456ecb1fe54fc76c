"""Whether operations are recorded: for a block, for a function, or from now on."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

grad_enabled: ContextVar[bool] = ContextVar("grad_enabled", default=True)


class Mode:
    """Sets a mode within a ``with`` block, or within every call of the function that it decorates.

    One object can be used by many threads and tasks at once, and within itself: each resets what it set itself.
    """

    def __init__(self, flag: ContextVar[Any], value: Any) -> None:
        self._flag, self._value = flag, value
        self._tokens: list[Token[Any]] = []  # one for each block that is open now, in whatever context

    def __enter__(self) -> None:
        self._tokens.append(self._flag.set(self._value))

    def __exit__(self, *_: object) -> None:
        token = self._tokens[-1]
        try:
            self._flag.reset(token)
        except (RuntimeError, ValueError):  # that of another context
            self._exit_here()
        else:
            self._tokens.remove(token)

    def _exit_here(self) -> None:
        """Reset what was set last in this context; what was set in others stays, and so does this mode then."""
        for token in self._tokens[::-1]:  # a copy: other threads add and remove theirs
            try:
                self._flag.reset(token)
            except (RuntimeError, ValueError):
                continue
            self._tokens.remove(token)
            break

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return ``function`` with the mode set while it runs."""
        _check_decorated(function)
        if inspect.isgeneratorfunction(function):
            return self._steps(function)
        if inspect.isasyncgenfunction(function):
            return self._awaited_steps(function)
        if inspect.iscoroutinefunction(function):
            return self._awaited(function)

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

    def _awaited(self, function: Callable[P, Any]) -> Callable[P, Any]:
        """A coroutine function whose body has the mode set; other tasks have modes of their own."""

        @functools.wraps(function)
        async def within(*args: P.args, **kwargs: P.kwargs) -> Any:
            with Mode(self._flag, self._value):
                return await function(*args, **kwargs)

        return within

    def _awaited_steps(self, function: Callable[P, Any]) -> Callable[P, Any]:
        """An asynchronous generator function whose body has the mode set at every step, and its caller has not."""

        @functools.wraps(function)
        async def within(*args: P.args, **kwargs: P.kwargs) -> Any:
            generator = function(*args, **kwargs)
            step = generator.__anext__()
            while True:
                try:
                    with Mode(self._flag, self._value):
                        item = await step
                except StopAsyncIteration:
                    return
                try:
                    sent = yield item
                    step = generator.asend(sent)
                except GeneratorExit:
                    with Mode(self._flag, self._value):
                        await generator.aclose()
                    raise
                except BaseException as error:
                    step = generator.athrow(error)

        return within


def _check_decorated(function: Any) -> None:
    if inspect.isclass(function):
        raise TypeError(
            f"a mode decorates functions, not classes such as {function.__name__}: is its constructor meant, or every "
            "method? Decorate these"
        )
    if not callable(function):
        raise TypeError(
            f"a mode decorates functions, got {type(function).__name__}; below @classmethod or @property it finds one"
        )


class _AtOnce(Mode):
    """A mode that is set when it is made; a ``with`` block or a decorator takes that back, and sets it within."""

    def __init__(self, value: bool) -> None:
        super().__init__(grad_enabled, value)
        self._at_once: Token[bool] | None = grad_enabled.set(value)

    def __enter__(self) -> None:
        self._take_back()
        super().__enter__()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``function`` with the mode set while it runs; outside it, the mode is as it was before."""
        self._take_back()
        return super().__call__(function)

    def _take_back(self) -> None:
        token, self._at_once = self._at_once, None
        if token is not None:
            with contextlib.suppress(ValueError):  # made in another thread, whose mode stays
                grad_enabled.reset(token)


class Ready(Mode):
    """A function that makes a mode, and is one itself: ``with no_grad:`` is ``with no_grad():``.

    Args:
        make: called without arguments, it returns the mode; its name and docstring are taken over.
    """

    def __init__(self, make: Callable[[], Mode]) -> None:
        mode = make()
        super().__init__(mode._flag, mode._value)
        functools.update_wrapper(self, make)
        self.__signature__ = inspect.signature(self.__call__)

    def __call__(self, function: Callable[..., Any] | None = None) -> Any:
        """A mode for a ``with`` block; or the function, with the mode set while it runs."""
        return Mode(self._flag, self._value) if function is None else super().__call__(function)

    def __reduce__(self) -> str:
        return self.__name__  # type: ignore[attr-defined,no-any-return] # pickled and copied by name, as functions are

    def __repr__(self) -> str:
        return f"<mode {self.__name__}>"  # type: ignore[attr-defined]


class _InferenceMode(Ready):
    def __call__(self, mode: Any = True) -> Any:
        """A mode that does not record, or with False one that does; or a function with the mode set while it runs."""
        return super().__call__(mode) if callable(mode) else Mode(self._flag, not mode)


@Ready
def no_grad() -> Mode:
    """Do not record what happens inside: a ``with`` block, or a function decorated with it.

    Example:
        >>> x = Tensor(1.0, requires_grad=True)
        >>> with no_grad():
        ...     y = x * 2
        >>> y.requires_grad
        False
    """
    return Mode(grad_enabled, False)


@Ready
def enable_grad() -> Mode:
    """Record what happens inside, even within ``no_grad``."""
    return Mode(grad_enabled, True)


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


@_InferenceMode
def inference_mode() -> Mode:
    """PyTorch's stricter relative of ``no_grad``; here the two are the same.

    Args:
        mode: False records after all; or the function to decorate.
    """
    return Mode(grad_enabled, False)


def is_grad_enabled() -> bool:
    """Whether operations are being recorded."""
    return grad_enabled.get()
