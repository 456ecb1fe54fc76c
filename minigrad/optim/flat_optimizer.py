"""FlatOptimizer: the step of all algorithms that treat every number alike, over buffers for many parameters at once."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from ..core.arrays import as_array
from ..core.caller import warn
from ..core.graph import Array
from ..core.tensor import Tensor
from .flat import Flat
from .optimizer import Group, Optimizer, check_parameter, loaded, loss_of
from .options import PLAIN, check_betas, check_range
from .reading import Text
from .run import Part
from .state import FlatState, number

_LOOP = "for group in optimizer.param_groups:"


class FlatOptimizer(Optimizer):
    """An algorithm given by its update rule, over arrays that hold many parameters side by side.

    A subclass names its ``buffers`` and writes ``rule``, which returns a *text*, the formulas of the step as its paper
    has them, and the numbers in it. A text is a function of arrays, in which every element is treated alike: of the
    parameters ``p``, the gradients ``g`` and the buffers, and of numbers by name. It returns the new parameters and
    buffers. It is read once: NumPy computes it block by block in memory at hand, ``minigrad.fast`` compiles it. So it
    consists of operators, NumPy's functions of single numbers (``np.sqrt``, ``np.maximum``) and ``np.where``.

    Before the text gets them, the base negates gradients to maximize, adds ``weight_decay * p`` to them, or shrinks the
    parameters with ``decoupled_weight_decay``; and it checks options. Arrays in a text are in single precision where
    parameters are in half: the squares of small gradients, and ``eps``, would be 0.

    Attributes:
        ranges: option -> the range [low, below) that it must be in; ``betas`` are checked wherever they exist.
        shows_step: whether ``state[p]`` has a ``"step"``, as most have in PyTorch.

    Example:
        >>> from minigrad import optim
        >>> def momentum(p, g, velocity, *, rate, share):
        ...     velocity = share * velocity + g
        ...     return p - rate * velocity, velocity
        >>> class Momentum(optim.FlatOptimizer):
        ...     def __init__(self, params, lr=0.1, momentum=0.9):
        ...         super().__init__(params, {"lr": lr, "momentum": momentum})
        ...     def buffers(self, group):
        ...         return {"velocity": 0.0}  # its name, and what it is filled with at first
        ...     def rule(self, group, numbers):  # numbers["step"] is 1 in the first step
        ...         return momentum, {"rate": group["lr"], "share": group["momentum"]}
        >>> w = Tensor([1.0], requires_grad=True)
        >>> w.grad = Tensor([2.0])
        >>> Momentum([w]).step()
        >>> w
        Tensor([0.8], requires_grad=True)
    """

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"lr": (0, np.inf), "weight_decay": (0, np.inf)}
    shows_step: ClassVar[bool] = True
    state: FlatState

    def __init__(self, params: Iterable[Any], defaults: Group) -> None:
        self._members: list[list[Tensor]] = []
        self._flats: list[list[Flat]] = []
        self._checked: list[tuple[Any, ...] | None] = []  # the options of each group when they were last checked
        self._without_gradients = True  # until a step finds one, or has warned that there is none
        super().__init__(params, defaults)

    def _new_state(self) -> FlatState:
        names = frozenset(self.numbers(self.defaults))
        return FlatState(self._flats, names, frozenset() if self.shows_step else names)

    # --- what an algorithm says ---------------------------------------------------------------------------------------
    def buffers(self, group: Group) -> dict[str, float]:
        """The arrays that are kept for every parameter, by PyTorch's names, and what fills them at first."""
        return {}

    def numbers(self, group: Group) -> dict[str, Any]:
        """The numbers that are kept for every parameter, before its first step; ``step`` counts by itself."""
        return {"step": 0}

    def rule(self, group: Group, numbers: dict[str, Any]) -> tuple[Text, dict[str, Any]]:
        """The text of the step, and the numbers in it.

        Args:
            group: the options.
            numbers: of the parameters concerned; it may change those other than ``step``.

        Returns:
            A function of parameters, gradients and buffers, in the order of ``buffers``, which returns new parameters
            and buffers; and its numbers by name, computed for this step. Where options lead to other formulas, there
            are several functions to choose from.
        """
        raise NotImplementedError(f"{type(self).__name__} has no rule; define rule(self, group, numbers)")

    def decay(self, group: Group) -> tuple[float, float]:
        """The share of the values that is added to the gradient, and the share of them that a step keeps."""
        share = float(group.get("weight_decay", 0))
        return (0.0, 1 - float(group["lr"]) * share) if group.get("decoupled_weight_decay") else (share, 1.0)

    # --- options ------------------------------------------------------------------------------------------------------
    def _check(self, group: Group) -> None:
        for name, (low, below) in self.ranges.items():
            if name in group:
                check_range(name, group[name], low, below)
        if "betas" in group:
            check_betas(group["betas"])

    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self).get("defaults", ()):
            raise AttributeError(
                f"{type(self).__name__} has {name} in its parameter groups, since each may have its own; "
                f"write: {_LOOP} group[{name!r}] = {value!r}"
            )
        if name == "state" and not isinstance(value, FlatState):  # as defaultdict(dict), to begin anew
            self.state.clear()
            self.state.update(value)
        else:
            super().__setattr__(name, value)

    def _check_options(self, place: int) -> None:
        """Check the options of a group, if they are not those that were checked before."""
        group = self.param_groups[place]
        try:
            options = tuple([group[name] for name in self.defaults])
        except KeyError as error:
            raise KeyError(
                f"group {place} of {type(self).__name__} has no option {error} any more; set it again: "
                f"optimizer.param_groups[{place}][{error}] = ..."
            ) from None
        if options != self._checked[place]:
            self._check(group)
            self.state.known |= set(self.buffers(group))
            plain = all(type(value) in PLAIN for value in options)  # what can change without notice is checked always
            self._checked[place] = options if plain else None

    # --- groups -------------------------------------------------------------------------------------------------------
    def add_param_group(self, param_group: Group) -> None:
        """Add parameters with options of their own: ``{"params": [...], "lr": 0.01}``."""
        super().add_param_group(param_group)
        self.state.known |= set(self.buffers(self.param_groups[-1]))
        self._lay_out(self.param_groups[-1]["params"])
        self.state.adopt()

    def _lay_out(self, members: list[Tensor]) -> None:
        dtypes: dict[Any, list[int]] = {}
        for position, parameter in enumerate(members):
            dtypes.setdefault(parameter.dtype, []).append(position)
        self._checked.append(None)
        self._members.append(list(members))
        self._flats.append([Flat([members[i] for i in positions], positions) for positions in dtypes.values()])

    def _follow_groups(self) -> None:
        """Lay out the parameters anew if the groups were changed by hand; the state of those that stay is kept."""
        groups = [group["params"] for group in self.param_groups]
        if all(map(_are_the_same, groups, self._members)) and len(groups) == len(self._members):
            return
        known: set[int] = set()
        for place, members in enumerate(groups):
            for position, parameter in enumerate(members):
                check_parameter(f"parameter {position} of group {place}", parameter)
                if id(parameter) in known:
                    raise ValueError(f"parameter {position} of group {place} is in the groups twice")
                known.add(id(parameter))
        before = dict(self.state)
        self.state.clear()  # then the entries have copies of their own
        for held in (self._members, self._flats, self._checked):
            held.clear()
        for members in groups:
            self._lay_out(members)
        self.state.adopt()
        self.state.update({key: entry for key, entry in before.items() if id(key) in known})

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
        """
        loss = loss_of(closure)
        self._follow_groups()
        work = []
        for place, group in enumerate(self.param_groups):
            self._check_options(place)
            work += [(group, flat, flat.gradients()) for flat in self._flats[place]]
        if self._without_gradients:
            self._look_for_gradients([gradients for _, _, gradients in work])
        with np.errstate(all="ignore"):  # what overflows shows in the loss; PyTorch is silent, too
            for group, flat, gradients in work:
                flat.update(gradients, functools.partial(self._parts, group), self.numbers(group), self.buffers(group))
        return loss

    def _parts(self, group: Group, numbers: dict[str, Any]) -> list[Part]:
        """What happens to values and gradients before the rule, and the rule."""
        coupled, kept = self.decay(group)
        parts: list[Part] = [(ascent, {})] if group.get("maximize") else []
        if coupled:
            parts.append((penalty, {"weight_decay": coupled}))
        if kept != 1:
            parts.append((shrinkage, {"kept": kept}))
        found = self.rule(group, numbers)
        if not isinstance(found, tuple) or len(found) != 2 or not callable(found[0]):
            raise TypeError(
                f"{type(self).__name__}.rule returns a function, from p, g and buffers to new p and buffers, and its "
                f"numbers, as in: return update, {{'rate': group['lr']}}; got {found!r}"
            )
        return [*parts, found]

    def _look_for_gradients(self, gradients: list[list[Any]]) -> None:
        """Warn, once, if no parameter has had a gradient so far."""
        self._without_gradients = False
        if all(gradient is None for some in gradients for gradient in some):
            warn(
                f"{type(self).__name__}.step() had nothing to do: no parameter has had a gradient so far. Is "
                "backward() called before it, do the parameters require grad, and are they those of the model that "
                "computes the loss?"
            )

    def _restored(self, place: Any, entry: Mapping[str, Any], parameter: Tensor, group: Group) -> dict[str, Any]:
        numbers, buffers = self.numbers(group), self.buffers(group)
        self.state.known |= set(buffers)
        values = {name: value for name, value in entry.items() if value is not None}
        arrays = {name: as_array(values[name]) for name in values if name in buffers}
        others = {name for name in values if name not in buffers and name not in numbers}
        if set(arrays) != set(buffers) and (arrays or others):
            raise ValueError(
                f"the state of parameter {place} is {sorted({*arrays, *others})}, and should be {sorted(buffers)}"
            )
        for name, value in arrays.items():
            if value.shape != parameter.shape:
                raise ValueError(
                    f"{name} of parameter {place} has shape {value.shape}, the parameter {parameter.shape}"
                )
        counts = {
            name: number(name, values.get(name, 1 if name == "step" else start)) for name, start in numbers.items()
        }
        if not arrays or not counts["step"] and self.shows_step:
            return {}
        return {**counts, **arrays, **{name: loaded(values[name], parameter.dtype) for name in others}}


def ascent(p: Array, g: Array) -> tuple[Array, Array]:
    """To maximize, go down the negated gradient."""
    return p, -g


def penalty(p: Array, g: Array, *, weight_decay: float) -> tuple[Array, Array]:
    """The gradient of ``weight_decay / 2 * p²`` joins that of the loss."""
    return p, g + weight_decay * p


def shrinkage(p: Array, g: Array, *, kept: float) -> tuple[Array, Array]:
    """Decoupled from the gradient, a step keeps a share of the parameters."""
    return kept * p, g


def _are_the_same(some: list[Tensor], others: list[Tensor]) -> bool:
    return len(some) == len(others) and all(map(operator.is_, some, others))
