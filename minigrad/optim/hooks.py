"""Hooks of optimizers: functions that are called before and after a step, or when state is saved and loaded."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..core.hooks import RemovableHandle

Hook = Callable[..., Any]
_before_all: OrderedDict[int, Hook] = OrderedDict()  # of every optimizer there is
_after_all: OrderedDict[int, Hook] = OrderedDict()


def hooked(step: Hook) -> Hook:
    """``step`` with the hooks of its optimizer around it; one that calls another's, as its parent's, has them once."""

    @functools.wraps(step)
    def within(self: Hooked, *args: Any, **kwargs: Any) -> Any:
        if self._stepping or not (self._hooks or _before_all or _after_all):
            return step(self, *args, **kwargs)
        for hook in [*_before_all.values(), *self._called("step_pre")]:
            changed = hook(self, args, kwargs)
            if changed is None:
                continue
            if not isinstance(changed, tuple) or len(changed) != 2:
                raise RuntimeError(f"a hook before a step returns None or (args, kwargs), got {changed!r}")
            args, kwargs = changed
        self._stepping = True
        try:
            result = step(self, *args, **kwargs)
        finally:
            self._stepping = False
        for hook in [*self._called("step_post"), *_after_all.values()]:
            hook(self, args, kwargs)
        return result

    return within


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before every step of every optimizer, before the hooks of its own."""
    return RemovableHandle(_before_all, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after every step of every optimizer, after the hooks of its own."""
    return RemovableHandle(_after_all, hook)


class Hooked:
    """Keeps hooks, and puts those of ``step`` around the ``step`` of every subclass."""

    _hooks: dict[str, OrderedDict[int, Hook]] = {}  # an instance has its own once a hook is registered
    _stepping = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls):
            cls.step = hooked(vars(cls)["step"])  # type: ignore[attr-defined]

    def _called(self, kind: str) -> list[Hook]:
        return list(self._hooks.get(kind, {}).values())

    def _add_hook(self, kind: str, hook: Hook, prepend: bool = False) -> RemovableHandle:
        if "_hooks" not in vars(self):
            self._hooks = {}
        hooks = self._hooks.setdefault(kind, OrderedDict())
        handle = RemovableHandle(hooks, hook)
        if prepend:
            hooks.move_to_end(next(reversed(hooks)), last=False)
        return handle

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before every step; it may return other ``(args, kwargs)``."""
        return self._add_hook("step_pre", hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after every step.

        Example:
            >>> from minigrad import optim
            >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=0.1)
            >>> handle = optimizer.register_step_post_hook(lambda optimizer, args, kwargs: print("one step"))
            >>> optimizer.param_groups[0]["params"][0].grad = Tensor([1.0])
            >>> optimizer.step()
            one step
            >>> handle.remove()
        """
        return self._add_hook("step_post", hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` before every ``state_dict()``."""
        return self._add_hook("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after every ``state_dict()``; it may change it, or return another."""
        return self._add_hook("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before a state is loaded; it may return another to load."""
        return self._add_hook("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` after a state was loaded."""
        return self._add_hook("load_state_dict_post", hook, prepend)
