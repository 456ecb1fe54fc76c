"""Optimizer: parameter groups, state, and what is saved of both; whoever writes ``step()`` has an algorithm."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..core.graph import Array
from ..core.modes import Mode, grad_enabled
from ..core.tensor import Tensor, wrap
from .hooks import Hooked, register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from .options import Required, refuse_misspelt, required

__all__ = [
    "Group", "Optimizer", "ParamsT", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook",
    "required",
]  # fmt: skip

Group = dict[str, Any]  # "params" and the options, as in PyTorch
ParamsT = Iterable[Any]  # Tensors, pairs of a name and a Tensor, or groups; PyTorch's name for it


class Optimizer(Hooked):
    """Changes parameters by their gradients: the base of all optimizers, and of one's own.

    A subclass implements ``step()`` over ``param_groups`` and ``state[p]``; groups, saving, loading and hooks are here.
    An algorithm whose step is the same formula for every number is shorter, and faster for many parameters, as a
    ``FlatOptimizer``.

    Args:
        params: Tensors, as from ``model.parameters()``, or pairs, as from ``model.named_parameters()``; or dicts, each
            with ``"params"`` and options of its own.
        defaults: the options of groups that do not set them.

    Attributes:
        param_groups: a dict for each group: ``"params"`` and the options, which may be changed between steps.
        state: parameter -> a dict of what is kept for it.
        defaults: what the constructor was given.

    Raises:
        TypeError: for what is not a floating-point Tensor, and for options that are misspelt.
        ValueError: without parameters, for a Tensor inside a graph, one given twice, and options out of range.

    Example:
        >>> from minigrad import no_grad, optim, zeros_like
        >>> class Heavy(optim.Optimizer):
        ...     def __init__(self, params, lr=0.1, momentum=0.9):
        ...         super().__init__(params, {"lr": lr, "momentum": momentum})
        ...     @no_grad()
        ...     def step(self, closure=None):
        ...         for group in self.param_groups:
        ...             for p in group["params"]:
        ...                 if p.grad is None:
        ...                     continue
        ...                 state = self.state[p]
        ...                 if "buffer" not in state:
        ...                     state["buffer"] = zeros_like(p)
        ...                 state["buffer"].mul_(group["momentum"]).add_(p.grad)
        ...                 p.add_(state["buffer"], alpha=-group["lr"])
        >>> w = Tensor([1.0], requires_grad=True)
        >>> w.grad = Tensor([2.0])
        >>> Heavy([w]).step()
        >>> w
        Tensor([0.8], requires_grad=True)
    """

    state: MutableMapping[Any, Any]

    def __init__(self, params: ParamsT, defaults: Group) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state = self._new_state()
        if isinstance(params, (Tensor, Mapping)):
            raise TypeError(
                f"params must be a list of Tensors or of groups, got one {type(params).__name__}; write [it]"
            )
        if not isinstance(params, Iterable):
            cure = "call it: model.parameters()" if callable(params) else "pass model.parameters()"
            raise TypeError(f"params must be a list of Tensors or of groups, got {type(params).__name__}; {cure}")
        _refuse_set("params", params)
        given = list(params)
        if not given:
            raise ValueError(
                f"{type(self).__name__} got no parameters; a generator such as model.parameters() can be used only once"
            )
        for group in given if isinstance(given[0], Mapping) else [{"params": given}]:
            self.add_param_group(group)

    def _new_state(self) -> MutableMapping[Any, Any]:
        return defaultdict(dict)

    def _check(self, group: Group) -> None:
        """Refuse options that make no sense."""

    # --- groups -------------------------------------------------------------------------------------------------------
    def add_param_group(self, param_group: Group) -> None:
        """Add parameters with options of their own: ``{"params": [...], "lr": 0.01}``."""
        number, name = len(self.param_groups), type(self).__name__
        if not isinstance(param_group, Mapping) or "params" not in param_group:
            raise TypeError(
                f'group {number} must be a dict like {{"params": [...], "lr": 0.01}}, got {type(param_group).__name__}'
            )
        members = param_group["params"]
        _refuse_set(f"params of group {number}", members)
        members = [members] if isinstance(members, Tensor) else list(members)
        named = [pair for pair in members if isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)]
        if named and len(named) < len(members):
            raise ValueError(
                f"group {number} has names for {len(named)} of {len(members)} parameters; name all, or none"
            )
        names = {"param_names": [key for key, _ in named]} if named else {}
        members = [parameter for _, parameter in named] if named else members
        known = {id(parameter) for group in self.param_groups for parameter in group["params"]}
        for position, parameter in enumerate(members):
            check_parameter(f"parameter {position} of group {number}", parameter)
            if id(parameter) in known:
                raise ValueError(f"parameter {position} of group {number} was given before; give every parameter once")
            known.add(id(parameter))
        refuse_misspelt(name, param_group, self.defaults)
        group = {**self.defaults, **param_group, "params": members, **names}
        for option, value in group.items():
            if isinstance(value, Required):
                raise ValueError(f"group {number} of {name} needs {option}: {{'params': ..., {option!r}: ...}}")
        self._check(group)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients: ``.grad`` becomes None, or zeros where there was one, if ``set_to_none`` is false."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none:
                    parameter._grad = None
                elif parameter._grad is not None:
                    parameter.grad = wrap(np.zeros_like(parameter._array), None)

    # --- the step -----------------------------------------------------------------------------------------------------
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters; a subclass says how.

        Args:
            closure: computes the loss anew and calls its ``backward()``.
        """
        raise NotImplementedError(f"{type(self).__name__} has no step; define step(self, closure=None)")

    # --- state --------------------------------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """A copy of options and state in PyTorch's layout: ``{"state": {number: ...}, "param_groups": [...]}``.

        Parameters are numbered over all groups; one that was never updated has no state.
        """
        for hook in self._called("state_dict_pre"):
            hook(self)
        numbers: dict[int, int] = {}
        groups: list[Group] = []
        for group in self.param_groups:
            own = [numbers.setdefault(id(parameter), len(numbers)) for parameter in group["params"]]
            groups.append({**{key: _copied(value) for key, value in group.items() if key != "params"}, "params": own})
        state = {
            numbers.get(id(parameter), parameter): {name: _copied(value) for name, value in entry.items()}
            for parameter, entry in self.state.items()
            if id(parameter) in numbers or not isinstance(parameter, Tensor)
        }
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in self._called("state_dict_post"):
            changed = hook(self, result)
            result = result if changed is None else changed
        return result

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from what ``state_dict()`` returned; everything is checked before anything changes.

        Args:
            state_dict: from an optimizer of the same kind, for parameters of the same shapes in the same order.
                PyTorch's are taken as well.

        Raises:
            TypeError: for what is no such state.
            ValueError: if groups, options or shapes differ.
        """
        for hook in self._called("load_state_dict_pre"):
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        if not isinstance(state_dict, Mapping) or not {"state", "param_groups"} <= set(state_dict):
            raise TypeError(
                "load_state_dict takes what optimizer.state_dict() returned, with 'state' and 'param_groups'"
            )
        saved, own = state_dict["param_groups"], self.param_groups
        sizes = [[len(group["params"]) for group in groups] for groups in (saved, own)]
        if sizes[0] != sizes[1]:
            raise ValueError(
                f"the state has groups of {sizes[0]} parameters, this {type(self).__name__} has groups of {sizes[1]}"
            )
        options = [{**g, **_copied(dict(s)), "params": g["params"]} for g, s in zip(own, saved, strict=True)]
        entries: list[tuple[Any, dict[str, Any]]] = []
        known: set[Any] = set()
        for group, before in zip(options, saved, strict=True):
            self._check(group)
            for parameter, number in zip(group["params"], before["params"], strict=True):
                known.add(number)
                if number in state_dict["state"]:
                    entry = state_dict["state"][number]
                    entries.append((parameter, self._restored(number, entry, parameter, group)))
        for before in saved:
            absent = {name for name, value in self.defaults.items() if name not in before and value is not False}
            if missing := {name for name in absent if self.defaults[name] is not None}:
                raise ValueError(
                    f"the state has not the options {sorted(missing)} of {type(self).__name__}; is it from another "
                    "kind of optimizer?"
                )
        entries += [(number, _copied(entry)) for number, entry in state_dict["state"].items() if number not in known]
        for group, option in zip(own, options, strict=True):
            group.update(option)
        self.state.clear()
        for key, entry in entries:
            self.state[key] = entry
        for hook in self._called("load_state_dict_post"):
            hook(self)

    def _restored(self, number: Any, entry: Mapping[str, Any], parameter: Tensor, group: Group) -> dict[str, Any]:
        """The state of one parameter from what was saved: a copy, in its precision."""
        dtype = self._state_dtype(parameter)
        return {name: loaded(value, None if name == "step" else dtype) for name, value in entry.items()}

    def _state_dtype(self, parameter: Tensor) -> Any:
        """The dtype that the state of a parameter is loaded in."""
        return parameter.dtype

    def __getstate__(self) -> dict[str, Any]:
        """Without hooks, which are functions of a program that may be another one then."""
        return {name: value for name, value in vars(self).items() if name not in ("_hooks", "_stepping")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def __repr__(self) -> str:
        lines = []
        for number, group in enumerate(self.param_groups):
            shown = {name: value for name, value in group.items() if name not in ("params", "param_names")}
            options = ", ".join(f"{name}={value!r}" for name, value in shown.items())
            count = sum(parameter._array.size for parameter in group["params"])
            lines.append(f"  group {number}: {len(group['params'])} Tensors of {count} numbers, {options}\n")
        return f"{type(self).__name__}(\n{''.join(lines)})"


def loss_of(closure: Callable[[], Any] | None) -> Any:
    """What a closure returns, with gradients recorded while it runs; None without one."""
    return None if closure is None else Mode(grad_enabled, True)(closure)()


def gradient_of(parameter: Tensor, maximize: bool = False) -> Array | None:
    """The array of the gradient of a parameter, negated to maximize; None for one that is passed over."""
    gradient = parameter._grad
    if gradient is None:
        return None
    return -gradient._array if maximize else gradient._array


def check_parameter(place: str, parameter: Any) -> None:
    """Refuse what cannot be optimized."""
    if not isinstance(parameter, Tensor):
        raise TypeError(f"{place} is no Tensor but {type(parameter).__name__}; pass model.parameters()")
    if parameter.dtype.kind != "f":
        raise TypeError(f"{place} is {parameter.dtype}, which has no gradient; convert it to floating point")
    if not parameter.is_leaf:
        raise ValueError(
            f"{place}, of shape {parameter.shape}, is inside a graph, so that changing it would have no effect; pass "
            "the leaf that it was computed from, or .detach().requires_grad_()"
        )


def _refuse_set(what: str, params: Any) -> None:
    if isinstance(params, (set, frozenset)):
        raise TypeError(f"{what} must be in an order that the next run has too, and a set has none; pass a list")


def _copied(value: Any) -> Any:
    """A copy, all the way down; Tensors as constants."""
    if isinstance(value, Tensor):
        return wrap(value._array.copy(), None)
    if isinstance(value, Mapping):
        return {name: _copied(item) for name, item in value.items()}
    return type(value)(map(_copied, value)) if type(value) in (list, tuple) else copy.deepcopy(value)


def loaded(value: Any, dtype: Any) -> Any:
    """A copy, all the way down; arrays of any kind as Tensors, those of floating point in ``dtype``."""
    if hasattr(value, "__array__") and not isinstance(value, np.generic):
        array = as_array(value)
        return wrap(np.array(array, dtype if array.dtype.kind == "f" else None), None)
    if isinstance(value, Mapping):
        return {name: loaded(item, None if name == "step" else dtype) for name, item in value.items()}
    return type(value)(loaded(item, dtype) for item in value) if type(value) in (list, tuple) else _copied(value)
