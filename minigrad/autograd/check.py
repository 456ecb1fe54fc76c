"""gradcheck: is a derivative what small differences of the function say it is?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.modes import Mode, grad_enabled
from ..core.tensor import Tensor, wrap
from .gradients import grad


class GradcheckError(RuntimeError):
    """A derivative is wrong, or cannot be checked."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    fast_mode: bool = False,
) -> bool:
    """Compare the gradients of ``func`` with small differences of its values.

    Every element of every input is moved by ``eps`` and ``2 * eps`` to both sides. The inner two values give the
    numeric derivative; all five together tell whether the function has a kink or a jump there, where no derivative
    could be right. The function is called as ``func(*inputs)``, and may use the inputs also in other ways: they are
    moved in place and put back.

    Args:
        func: a function of Tensors that returns one Tensor or several.
        inputs: its arguments; those that require grad are checked, and must be float64.
        eps: how far an input is moved.
        atol: the absolute difference that is allowed.
        rtol: the allowed difference relative to the numeric derivative.
        raise_exception: raise at the first failure, instead of returning False.
        nondet_tol: how much two calls with the same inputs may differ.
        fast_mode: check one random direction instead of every element: for large inputs.

    Returns:
        Whether all is right.

    Raises:
        GradcheckError: naming the input, the element and both derivatives; if the function has a kink or jump there;
            if it gives other results when called again.
        TypeError: if an input that requires grad is not float64.

    Example:
        >>> x = Tensor([0.5, 2.0], dtype=np.float64, requires_grad=True)
        >>> gradcheck(lambda x: x.log() * x, [x])
        True
        >>> gradcheck(lambda x: x.detach() * x, [x])
        Traceback (most recent call last):
        minigrad.autograd.check.GradcheckError: gradcheck: the derivative of output[1] by input 0 at [1] is wrong: ...
    """
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    check = _Check("gradcheck", func, given, eps, atol, rtol, nondet_tol)
    return check.answer(fast_mode, raise_exception)


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    fast_mode: bool = False,
) -> bool:
    """Compare the second derivatives of ``func`` with small differences of its gradients; see ``gradcheck``.

    Args:
        func: a function of Tensors that returns one Tensor or several.
        inputs: its arguments; those that require grad are checked, and must be float64.
        grad_outputs: what to push back from each output, random numbers by default; the gradient is also checked as
            a function of these.
        eps: how far an input is moved.
        atol: the absolute difference that is allowed.
        rtol: the allowed difference relative to the numeric derivative.
        raise_exception: raise at the first failure, instead of returning False.
        nondet_tol: how much two calls with the same inputs may differ.
        fast_mode: check one random direction instead of every element.

    Example:
        >>> x = Tensor([0.5, 2.0], dtype=np.float64, requires_grad=True)
        >>> gradgradcheck(lambda x: x.exp() * x, x)
        True
    """
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    _checked_inputs("gradgradcheck", given)
    outputs = _outputs("gradgradcheck", func(*given))
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        grad_outputs = [Tensor(rng.uniform(0.5, 1.5, o.shape)) for o in outputs]
    pushed = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    pushed = [wrap(g._array.astype(np.float64), None).requires_grad_() for g in pushed]
    if len(pushed) != len(outputs):
        raise ValueError(f"gradgradcheck: the function has {len(outputs)} outputs, got {len(pushed)} grad_outputs")

    def gradients(*arguments: Any) -> tuple[Tensor, ...]:
        args, seeds = arguments[: len(given)], arguments[len(given) :]
        recorded = [
            (o, g) for o, g in zip(_outputs("gradgradcheck", func(*args)), seeds, strict=True) if o.requires_grad
        ]
        wanted = [a for a in args if isinstance(a, Tensor) and a.requires_grad]
        found: Sequence[Tensor | None] = [None] * len(wanted)
        if recorded:
            outs, pushes = zip(*recorded, strict=True)
            found = grad(outs, wanted, pushes, create_graph=True, allow_unused=True)
        return tuple(
            wrap(np.zeros_like(x._array), None) if g is None else g for x, g in zip(wanted, found, strict=True)
        )

    check = _Check("gradgradcheck", gradients, (*given, *pushed), eps, atol, rtol, nondet_tol)
    check.outputs_called = "the gradient by input"
    check.inputs_called = [
        *(f"input {i}" for i in range(len(given))),
        *(f"grad_output {i}" for i in range(len(pushed))),
    ]
    return check.answer(fast_mode, raise_exception)


# --- one check --------------------------------------------------------------------------------------------------------
class _Five(NamedTuple):
    """The outputs at -2, -1, 0, 1 and 2 steps along a line, flattened into one row each."""

    values: np.ndarray
    step: float

    def slope(self) -> np.ndarray:
        """The derivative by central differences."""
        slope: np.ndarray = (self.values[3] - self.values[1]) / (2 * self.step)
        return slope

    def kink(self, atol: float, rtol: float) -> np.ndarray:
        """Where the slope jumps by more than would be allowed as an error.

        The third and fourth differences of a smooth function vanish like step**3 and step**4. At a kink the fourth is
        as large as the jump of the slope times the step; at a jump one of them is as large as the jump (the third where
        the values on both sides are opposite). What rounding alone can give is left out.
        """
        before, left, middle, right, after = self.values
        bend = np.abs(before - 4 * left + 6 * middle - 4 * right + after) / (2 * self.step)
        twist = np.abs(after - 2 * right + 2 * left - before) / (2 * self.step)
        sides = np.maximum(np.abs(after - middle), np.abs(middle - before)) / (2 * self.step)
        rounding = 64 * np.finfo(np.float64).eps * np.abs(self.values).max(0) / self.step
        found: np.ndarray = np.maximum(bend, twist) > atol + rtol * sides + rounding
        return found


class _Check:
    """The function, its inputs and tolerances, and the comparisons."""

    outputs_called = "output"

    def __init__(
        self,
        name: str,
        func: Callable[..., Any],
        inputs: tuple[Any, ...],
        eps: float,
        atol: float,
        rtol: float,
        nondet: float,
    ) -> None:
        self.name, self.func, self.inputs = name, func, inputs
        self.eps, self.atol, self.rtol, self.nondet = eps, atol, rtol, nondet
        self.inputs_called = [f"input {i}" for i in range(len(inputs))]
        self.wanted = _checked_inputs(name, inputs)

    def answer(self, fast: bool, raise_exception: bool) -> bool:
        """Run all comparisons."""
        try:
            with Mode(grad_enabled, True):
                self.run(fast)
        except GradcheckError:
            if raise_exception:
                raise
            return False
        return True

    def run(self, fast: bool) -> None:
        """Raise at the first thing that is wrong."""
        self.outputs = _outputs(self.name, self.func(*self.inputs))
        self.middle = self._flat(self.outputs)
        if not np.isfinite(self.middle).all():
            self._fail("the function is not finite at these inputs; move them to where it is")
        self._refuse_chance()
        for number in self.wanted:
            if fast:
                self._one_direction(number)
            else:
                self._every_element(number)

    def _every_element(self, number: int) -> None:
        x = self.inputs[number]
        analytic = self._jacobian(x)  # a row for each element of the outputs, a column for each of x
        wrong = []
        for column, position in enumerate(np.ndindex(x.shape)):
            numeric = self._slope(number, position, self._five(x, functools.partial(_moved, x, position)))
            for row in np.flatnonzero(~self._close(analytic[:, column], numeric)).tolist():
                wrong.append((row, position, analytic[row, column], numeric[row]))
        if wrong:
            row, position, ours, theirs = max(wrong, key=lambda entry: abs(entry[2] - entry[3]))
            self._fail(
                f"the derivative of {self._output_name(row)} by {self.inputs_called[number]} at {list(position)} is "
                f"wrong: analytic {ours:.8g}, numeric {theirs:.8g}, where the input is {x._array[position]:.8g} "
                f"({len(wrong)} of {analytic.size} derivatives by this input differ; the worst is shown)"
            )

    def _one_direction(self, number: int) -> None:
        x = self.inputs[number]
        rng = np.random.default_rng(number)
        direction = rng.standard_normal(x.shape)
        direction /= max(float(np.sqrt(np.sum(direction**2))), 1e-300)
        numeric = self._slope(number, None, self._five(x, lambda step: x._array + step * direction))
        row = 0
        for i, output in enumerate(self.outputs):
            rows = slice(row, row + output._array.size)
            pushed = rng.uniform(0.5, 1.5, output.shape)
            ours = float(np.sum(self._pulled(x, i, pushed) * direction))
            theirs = float(np.sum(numeric[rows] * pushed.reshape(-1)))
            row += output._array.size
            if not self._close(ours, theirs):
                if x._array.size * self.middle.size <= 2**16:
                    self._every_element(number)  # names the element
                self._fail(
                    f"the derivative of {self.outputs_called} {i} by {self.inputs_called[number]} along a random "
                    f"direction is wrong: analytic {ours:.8g}, numeric {theirs:.8g}; fast_mode=False names the element"
                )

    def _slope(self, number: int, position: Any, five: _Five) -> np.ndarray:
        """The numeric derivative; refuses where there is none."""
        at = "along a random direction" if position is None else f"at {list(position)}"
        if not np.isfinite(five.values).all():
            self._fail(f"the function is not finite within {2 * self.eps:g} of {self.inputs_called[number]} {at}")
        kinks = np.flatnonzero(five.kink(self.atol, self.rtol))
        if kinks.size:
            row = kinks[0]
            before, _, middle, _, after = five.values[:, row]
            slopes = (middle - before) / (2 * five.step), (after - middle) / (2 * five.step)
            value = "" if position is None else f", where the input is {self.inputs[number]._array[position]:.8g}"
            self._fail(
                f"{self._output_name(row)} has a kink or jump by {self.inputs_called[number]} {at}{value}: its slope "
                f"is {slopes[0]:.6g} on one side and {slopes[1]:.6g} on the other: there is no derivative to compare "
                "with; move the input away from it"
            )
        return five.slope()

    def _five(self, x: Tensor, moved: Callable[[float], Any]) -> _Five:
        """The outputs at five points of a line; ``moved`` gives the values of ``x`` at a distance along it."""
        kept = x._array.copy()
        rows = []
        try:
            for steps in (-2, -1, 0, 1, 2):
                if steps == 0:
                    rows.append(self.middle)
                    continue
                x._array[...] = moved(steps * self.eps)
                rows.append(self._flat(_outputs(self.name, self.func(*self.inputs))))
                x._array[...] = kept
        finally:
            x._array[...] = kept
        if any(row.shape != self.middle.shape for row in rows):
            self._fail("the function changes the shape of its outputs with the values of its inputs")
        return _Five(np.stack(rows), self.eps)

    def _jacobian(self, x: Tensor) -> np.ndarray:
        rows = []
        for i, output in enumerate(self.outputs):
            for position in np.ndindex(output.shape):
                pushed = np.zeros(output.shape)
                pushed[position] = 1
                rows.append(self._pulled(x, i, pushed).reshape(-1))
        return np.stack(rows) if rows else np.zeros((0, x._array.size))

    def _pulled(self, x: Tensor, i: int, pushed: np.ndarray) -> np.ndarray:
        """The gradient of x that comes of ``pushed`` at output ``i``; zeros where it does not depend on x."""
        if not self.outputs[i].requires_grad:
            return np.zeros(x.shape)
        (found,) = grad(self.outputs[i], x, wrap(pushed, None), retain_graph=True, allow_unused=True)
        return np.zeros(x.shape) if found is None else np.asarray(found.detach()._array)

    def _refuse_chance(self) -> None:
        """Raise if a second call gives other values or gradients."""
        again = _outputs(self.name, self.func(*self.inputs))
        values = self._flat(again)
        if values.shape != self.middle.shape or np.abs(values - self.middle).max(initial=0) > self.nondet:
            difference = np.abs(values - self.middle).max(initial=0) if values.shape == self.middle.shape else np.nan
            self._fail(
                f"the function gives other values when it is called again (they differ by {difference:.3g}); fix its "
                "random numbers: minigrad.manual_seed(0) at its beginning, or model.eval()"
            )
        for number in self.wanted:
            x = self.inputs[number]
            first = self._total(x, self.outputs)
            if np.abs(first - self._total(x, again)).max(initial=0) > self.nondet:
                self._fail(f"two calls give the same values, but other gradients by {self.inputs_called[number]}")

    def _total(self, x: Tensor, outputs: list[Tensor]) -> np.ndarray:
        live = [o for o in outputs if o.requires_grad]
        if not live:
            return np.zeros(x.shape)
        ones = [wrap(np.ones(o.shape), None) for o in live]
        (found,) = grad(live, x, ones, retain_graph=True, allow_unused=True)
        return np.zeros(x.shape) if found is None else np.asarray(found.detach()._array)

    def _close(self, analytic: Any, numeric: Any) -> Any:
        return np.abs(analytic - numeric) <= self.atol + self.rtol * np.abs(numeric)  # false for NaN

    def _flat(self, outputs: list[Tensor]) -> np.ndarray:
        flat = [np.asarray(o._array, dtype=np.float64).reshape(-1) for o in outputs]
        return np.concatenate(flat) if flat else np.zeros(0)

    def _output_name(self, row: int) -> str:
        """The name of an element of the flattened outputs."""
        for i, output in enumerate(self.outputs):
            if row < output._array.size:
                position = [int(k) for k in np.unravel_index(row, output.shape)]
                return f"{self.outputs_called}{f' {i}' if len(self.outputs) > 1 else ''}{position if position else ''}"
            row -= output._array.size
        raise AssertionError("an element of no output")

    def _fail(self, problem: str) -> None:
        raise GradcheckError(f"{self.name}: {problem}")


def _checked_inputs(name: str, inputs: tuple[Any, ...]) -> list[int]:
    """The numbers of the inputs to check; refuses what small differences cannot be taken of."""
    wanted = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not wanted:
        raise ValueError(
            f"{name}: none of the {len(inputs)} inputs requires grad; "
            "create them with Tensor(values, dtype=np.float64, requires_grad=True)"
        )
    for i in wanted:
        if inputs[i].dtype != np.float64:
            raise TypeError(
                f"{name}: input {i} is {inputs[i].dtype}, too coarse for small differences; use float64: "
                "Tensor(values, dtype=np.float64, requires_grad=True), and model.double() for a Module"
            )
        if not getattr(inputs[i]._array.flags, "writeable", True) or 0 in _strides_of(inputs[i]):
            raise ValueError(f"{name}: input {i} shares memory between its elements; pass its .clone()")
    return wanted


def _strides_of(x: Tensor) -> Iterator[int]:
    return (stride for stride, n in zip(x._array.strides, x.shape, strict=True) if n > 1 and x._array.size)


def _moved(x: Tensor, position: tuple[int, ...], step: float) -> Any:
    values = x._array.copy()
    values[position] += step
    return values


def _outputs(name: str, out: Any) -> list[Tensor]:
    """The floating-point Tensors that the function returned."""
    several = list(out) if isinstance(out, (list, tuple)) else [out]
    for i, tensor in enumerate(several):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name}: the function must return Tensors, got {type(tensor).__name__} as output {i}")
    return [tensor for tensor in several if tensor.dtype.kind == "f"]
