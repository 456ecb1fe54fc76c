"""Optimizer: parameter groups, their options and state, and the step that every algorithm shares."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..core.caller import warn
from ..core.graph import Array
from ..core.modes import Mode, grad_enabled
from ..core.tensor import Tensor, wrap
from .flat import Block, Flat

Group = dict[str, Any]  # "params" and the options, as in PyTorch

_PLAIN = {bool, float, int, str, tuple, type(None)}
_LOOP = "for group in optimizer.param_groups:"


class Optimizer(ABC):
    """Changes parameters by their gradients.

    An algorithm says which options are valid (``_check``), which buffers it keeps for every parameter (``_buffers``),
    which numbers a step needs (``_coefficients``), and how arrays of gradients become changes (``_update``).

    Args:
        params: Tensors, as from ``model.parameters()``; or dicts, each with ``"params"`` and options of its own.
        defaults: the options of groups that do not set them.

    Attributes:
        param_groups: a dict for each group: ``"params"`` and the options. Options may be changed between steps, and are
            checked by the next one.

    Raises:
        TypeError: for what is not a floating-point Tensor, and options that do not exist.
        ValueError: without parameters, for a Tensor inside a graph, one given twice, and options out of range.
    """

    def __init__(self, params: Iterable[Tensor] | Iterable[Group], defaults: Group) -> None:
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self._members: list[list[Tensor]] = []
        self._flats: list[list[Flat]] = []
        self._checked: list[tuple[Any, ...] | None] = []  # the options of each group when they were last checked
        self._without_gradients = True  # until a step finds one, or has warned that there is none
        if isinstance(params, (Tensor, Mapping)):
            raise TypeError(
                f"params must be a list of Tensors or of groups, got one {type(params).__name__}; write [it]"
            )
        if not isinstance(params, Iterable):
            cure = "call it: model.parameters()" if callable(params) else "pass model.parameters()"
            raise TypeError(f"params must be a list of Tensors or of groups, got {type(params).__name__}; {cure}")
        given = list(params)
        if not given:
            raise ValueError(
                f"{type(self).__name__} got no parameters; a generator such as model.parameters() can be used only once"
            )
        for group in given if isinstance(given[0], Mapping) else [{"params": given}]:
            self.add_param_group(group)  # type: ignore[arg-type]

    # --- options ------------------------------------------------------------------------------------------------------
    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self).get("defaults", ()):
            raise AttributeError(self._where_options_are(name) + f"; write: {_LOOP} group[{name!r}] = {value!r}")
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name in vars(self).get("defaults", ()):
            raise AttributeError(self._where_options_are(name) + f": optimizer.param_groups[0][{name!r}]")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _where_options_are(self, name: str) -> str:
        return f"{type(self).__name__} has {name} in its parameter groups, since each may have its own"

    def _check_options(self, number: int) -> None:
        """Check the options of a group, if they are not those that were checked before."""
        group = self.param_groups[number]
        try:
            options = tuple([group[name] for name in self.defaults])
        except KeyError as error:
            raise KeyError(
                f"group {number} of {type(self).__name__} has no option {error} any more; set it again: "
                f"optimizer.param_groups[{number}][{error}] = ..."
            ) from None
        if options != self._checked[number]:
            self._check(group)
            plain = all(type(value) in _PLAIN for value in options)  # what can change without notice is checked always
            self._checked[number] = options if plain else None

    # --- groups -------------------------------------------------------------------------------------------------------
    def add_param_group(self, param_group: Group) -> None:
        """Add parameters with options of their own: ``{"params": [...], "lr": 0.01}``."""
        number = len(self.param_groups)
        if not isinstance(param_group, Mapping) or "params" not in param_group:
            raise TypeError(
                f'group {number} must be a dict like {{"params": [...], "lr": 0.01}}, got {type(param_group).__name__}'
            )
        members = param_group["params"]
        members = [members] if isinstance(members, Tensor) else list(members)
        known = {id(parameter) for group in self._members for parameter in group}
        for position, parameter in enumerate(members):
            _check_parameter(f"parameter {position} of group {number}", parameter)
            if id(parameter) in known:
                raise ValueError(f"parameter {position} of group {number} was given before; give every parameter once")
            known.add(id(parameter))
        if unknown := set(param_group) - {"params", *self.defaults}:
            raise TypeError(
                f"{type(self).__name__} has no option {sorted(unknown)}, only {sorted(self.defaults)}; entries of "
                f"your own can be added afterwards: optimizer.param_groups[{number}][...] = ..."
            )
        group = {**self.defaults, **param_group, "params": members}
        self._check(group)
        dtypes: dict[Any, list[int]] = {}
        for position, parameter in enumerate(members):
            dtypes.setdefault(parameter.dtype, []).append(position)
        self.param_groups.append(group)
        self._checked.append(None)
        self._members.append(list(members))
        self._flats.append([Flat([members[i] for i in positions], positions) for positions in dtypes.values()])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients: ``.grad`` becomes None, or zeros where there was one, if ``set_to_none`` is false."""
        for members in self._members:
            for parameter in members:
                if set_to_none:
                    parameter._grad = None
                elif parameter._grad is None:
                    continue
                else:
                    parameter.grad = wrap(np.zeros_like(parameter._array), None)

    # --- the step -----------------------------------------------------------------------------------------------------
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; those whose ``.grad`` is None stay as they are.

        Args:
            closure: computes the loss anew and calls its ``backward()``; gradients are recorded while it runs.

        Returns:
            What the closure returned, or None.

        Raises:
            KeyError, TypeError, ValueError: for options that were changed to what the constructor refuses; then
                nothing has changed.
            RuntimeError: if groups or their parameters were changed by hand; then nothing has changed.
        """
        loss = Mode(grad_enabled, True)(closure)() if closure is not None else None
        if len(self.param_groups) != len(self._members):
            raise RuntimeError("parameter groups were added or removed by hand; use add_param_group")
        work = []
        for number, group in enumerate(self.param_groups):
            members = self._members[number]
            if len(members) != len(group["params"]) or not all(map(operator.is_, members, group["params"])):
                raise RuntimeError(f"the parameters of group {number} were changed; use add_param_group")
            self._check_options(number)
            work += [(group, flat, flat.gradients()) for flat in self._flats[number]]
        if self._without_gradients:
            self._look_for_gradients([gradients for _, _, gradients in work])
        for group, flat, gradients in work:
            self._step(group, flat, gradients)
        return loss

    def _look_for_gradients(self, gradients: list[list[Array | None]]) -> None:
        """Warn, once, if no parameter has had a gradient so far."""
        self._without_gradients = False
        if all(gradient is None for some in gradients for gradient in some):
            warn(
                f"{type(self).__name__}.step() had nothing to do: no parameter has had a gradient so far. Is "
                "backward() called before it, do the parameters require grad, and are they those of the model that "
                "computes the loss?"
            )

    def _step(self, group: Group, flat: Flat, gradients: list[Array | None]) -> None:
        names = self._buffers(group)
        step, coefficients = -1, tuple[float, ...]()
        coupled, kept = self._decay(group)
        for block in flat.blocks(names, gradients):
            if flat.steps[block.pieces[0].member] != step:
                step = flat.steps[block.pieces[0].member]
                coefficients = self._coefficients(group, step + 1)
            gradient = _gathered(block, gradients, coupled, group["maximize"])
            self._update(coefficients, gradient, block.change, *block.state)
            for _, _, values, _, change in block.pieces:
                if kept != 1:
                    np.multiply(values, kept, out=values)
                np.subtract(values, change, out=values)
        if names:
            flat.advance(gradients)
        flat.stamp(gradients)

    def _decay(self, group: Group) -> tuple[float, float]:
        """The share of the values that is added to the gradient, and the share of them that a step keeps."""
        return float(group["weight_decay"]), 1.0

    @abstractmethod
    def _check(self, group: Group) -> None:
        """Refuse options that make no sense."""

    @abstractmethod
    def _buffers(self, group: Group) -> tuple[str, ...]:
        """Names of what is kept for every parameter, as in PyTorch."""

    @abstractmethod
    def _coefficients(self, group: Group, step: int) -> tuple[float, ...]:
        """The numbers that the update needs in step ``step``, counted from 1, as Python floats."""

    @abstractmethod
    def _update(self, coefficients: tuple[float, ...], gradient: Array, change: Array, *state: Array) -> None:
        """Bring ``state`` up to date and write into ``change`` what is to be subtracted; leave ``gradient`` alone."""

    # --- state --------------------------------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """A copy of options and state in PyTorch's layout: ``{"state": {number: ...}, "param_groups": [...]}``.

        Parameters are numbered over all groups; one that was never updated has no state.
        """
        state: dict[int, dict[str, Any]] = {}
        groups: list[Group] = []
        first = 0
        for group, members, flats in zip(self.param_groups, self._members, self._flats, strict=True):
            groups.append({**group, "params": list(range(first, first + len(members)))})
            for flat in flats:
                for member, (position, step) in enumerate(zip(flat.positions, flat.steps, strict=True)):
                    if step:
                        copies = {name: wrap(flat.view(name, member).copy(), None) for name in self._buffers(group)}
                        state[first + position] = {"step": step, **copies}
            first += len(members)
        return {"state": dict(sorted(state.items())), "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from what ``state_dict()`` returned; everything is checked before anything changes.

        Args:
            state_dict: from an optimizer of the same kind, for parameters of the same shapes in the same order.

        Raises:
            ValueError: if groups or shapes differ.
        """
        if not isinstance(state_dict, Mapping) or not {"state", "param_groups"} <= set(state_dict):
            raise TypeError(
                "load_state_dict takes what optimizer.state_dict() returned, with 'state' and 'param_groups'"
            )
        groups = state_dict["param_groups"]
        sizes, own = [len(g["params"]) for g in groups], [len(members) for members in self._members]
        if sizes != own:
            raise ValueError(
                f"the state has groups of {sizes} parameters, this {type(self).__name__} has groups of {own}"
            )
        options = [{**g, **saved, "params": g["params"]} for g, saved in zip(self.param_groups, groups, strict=True)]
        news = []
        for group, saved, flats in zip(options, groups, self._flats, strict=True):
            self._check(group)
            for flat in flats:
                for member, position in enumerate(flat.positions):
                    number = saved["params"][position]
                    entry = state_dict["state"].get(number, {})
                    news.append(
                        (flat, member, *_restored(number, entry, flat.parameters[member], self._buffers(group)))
                    )
        for saved in groups:
            if missing := set(self.defaults) - set(saved):
                raise ValueError(
                    f"the state has not the options {sorted(missing)} of {type(self).__name__}; is it from another "
                    "kind of optimizer?"
                )
        for group, option in zip(self.param_groups, options, strict=True):
            group.update(option)
        for flat, member, step, values in news:
            flat.restore(member, step, values)

    def __repr__(self) -> str:
        lines = []
        for number, (group, members) in enumerate(zip(self.param_groups, self._members, strict=True)):
            options = ", ".join(f"{name}={value!r}" for name, value in group.items() if name != "params")
            count = sum(parameter._array.size for parameter in members)
            lines.append(f"  group {number}: {len(members)} Tensors of {count} numbers, {options}\n")
        return f"{type(self).__name__}(\n{''.join(lines)})"


def refuse_options(optimizer: str, **options: bool) -> None:
    """Refuse options of PyTorch's that would change what a step does, and do not exist here."""
    for name, value in options.items():
        if value:
            raise ValueError(f"{optimizer} has no {name}=True: a step writes into the parameters; leave it out")


def _gathered(block: Block, gradients: list[Array | None], decay: float, maximize: bool) -> Array:
    """The gradients of a block side by side: negated to maximize, and with the decay's share of the values added."""
    if len(block.pieces) == 1 and not decay and not maximize:
        piece = block.pieces[0]
        return gradients[piece.member][piece.rows]  # type: ignore[index] # only those with a gradient are in a block
    for member, rows, values, room, _ in block.pieces:
        gradient = gradients[member][rows]  # type: ignore[index]
        if decay:
            np.multiply(values, decay, out=room)
            (np.subtract if maximize else np.add)(room, gradient, out=room)
        elif maximize:
            np.negative(gradient, out=room)
        else:
            room[...] = gradient
    return block.gradient


def _restored(
    number: Any, entry: Mapping[str, Any], parameter: Tensor, names: tuple[str, ...]
) -> tuple[int, dict[str, Array]]:
    """How often a parameter was updated, and its buffers, from its entry in a state."""
    values = {name: as_array(value) for name, value in entry.items() if name != "step" and value is not None}
    if values and set(values) != set(names):
        raise ValueError(f"the state of parameter {number} is {sorted(values)}, and should be {sorted(names)}")
    for name, value in values.items():
        if value.shape != parameter.shape:
            raise ValueError(f"{name} of parameter {number} has shape {value.shape}, the parameter {parameter.shape}")
    return int(entry.get("step", 1)) if values else 0, values


def _check_parameter(place: str, parameter: Any) -> None:
    if not isinstance(parameter, Tensor):
        raise TypeError(f"{place} is no Tensor but {type(parameter).__name__}; pass model.parameters()")
    if parameter.dtype.kind != "f":
        raise TypeError(f"{place} is {parameter.dtype}, which has no gradient; convert it to floating point")
    if not parameter.is_leaf:
        raise ValueError(
            f"{place}, of shape {parameter.shape}, is inside a graph, so that changing it would have no effect; pass "
            "the leaf that it was computed from, or .detach().requires_grad_()"
        )


def check_range(name: str, value: Any, low: float, below: float = np.inf) -> None:
    """Refuse an option that is not a number in [low, below)."""
    try:
        fits = low <= value < below
    except (TypeError, ValueError):  # of a string or an array
        raise TypeError(f"{name} must be a number, got {value!r}") from None
    if not fits:
        limit = f"at least {low}" if below == np.inf else f"at least {low} and below {below}"
        raise ValueError(f"{name} must be {limit}, got {value}")
