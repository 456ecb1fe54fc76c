"""Functions that make functions: derivatives of ``f`` by its arguments, which may be nested lists, tuples and dicts.

The argument that is differentiated becomes a fresh input of the graph; if it is part of a graph already, a copy of it
does. So the derivative is that by this argument alone, whatever else the function uses, and transforms can be nested.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import autograd
from .autograd.stateless import functional_call
from .autograd.trees import leaves, mapped, matched, rebuilt, sequence
from .core.arrays import as_array, is_array
from .core.graph import Leaf, reachable
from .core.modes import Mode, grad_enabled
from .core.tensor import Tensor, to_tensor, wrap
from .ops.convert import clone
from .ops.join import stack
from .ops.reduce.sums import sum_

__all__ = ["functional_call", "grad", "hessian", "hvp", "jacobian", "jacrev", "jvp", "value_and_grad", "vjp"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show


# --- gradients --------------------------------------------------------------------------------------------------------
def grad(func: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that computes the gradient of ``func``, a function to one number.

    Args:
        func: a function of arrays, Tensors, or nested lists, tuples and dicts of them.
        argnums: which argument to differentiate by; several give a tuple of gradients.
        has_aux: whether ``func`` returns ``(value, aux)``; then so does the result: ``(gradient, aux)``.

    Returns:
        A function with the arguments of ``func``. Its result has the structure of the argument.

    Raises:
        TypeError: for arguments and outputs that are no floating-point numbers.
        ValueError: if the output of ``func`` is not one number.

    Example:
        >>> from minigrad import func
        >>> func.grad(lambda x: x**3)(2.0)
        Tensor(12.)
        >>> func.grad(func.grad(func.grad(lambda x: x**3)))(2.0)
        Tensor(6.)
        >>> func.grad(lambda p, x: p["w"] * x + p["b"])({"w": 1.0, "b": 2.0}, 5.0)
        {'w': Tensor(5.), 'b': Tensor(1.)}
    """
    both = value_and_grad(func, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, result = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return _named(gradient, "grad", func)


def value_and_grad(
    func: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Like ``grad``, for a function that returns ``(value, gradient)``, or ``((value, aux), gradient)``.

    Example:
        >>> from minigrad import func
        >>> func.value_and_grad(lambda x: (x * x).sum())(np.array([1.0, 3.0]))
        (Tensor(10., dtype=float64), Tensor([2., 6.], dtype=float64))
    """

    def valued(*args: Any, **kwargs: Any) -> Any:
        call = _Call("grad", func, args, kwargs, argnums, has_aux)
        out = call.out
        if not isinstance(out, Tensor) and not is_array(out) and not isinstance(out, (int, float, np.generic)):
            raise TypeError(f"grad: {_title(func)} must return one number, got {type(out).__name__}{_aux_hint(out)}")
        out = _as_tensor(_floating("grad", func, out))
        if out._array.size != 1:
            raise ValueError(
                f"grad: {_title(func)} must return one number, got shape {out.shape}; "
                "reduce it, such as with .sum(), or use func.jacobian or func.vjp"
            )
        grads = call.pull([out], [None])
        result = call.results(grads)
        value = call.released(out)
        return ((value, call.released(call.aux)), result) if has_aux else (value, result)

    return _named(valued, "value_and_grad", func)


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of ``func``, and the function that pulls gradients of its output back to its arguments.

    Args:
        func: a function of arrays, Tensors, or nested lists, tuples and dicts of them.
        *primals: its arguments.
        has_aux: whether ``func`` returns ``(output, aux)``.

    Returns:
        ``(output, pull)``, with ``has_aux`` ``(output, pull, aux)``. ``pull(cotangents)`` takes the structure of the
        output and returns a tuple with one gradient for each argument; it can be called any number of times.

    Example:
        >>> from minigrad import func
        >>> out, pull = func.vjp(lambda x, y: x * y, Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
        >>> pull(Tensor([1.0, 10.0]))
        (Tensor([ 3., 40.]), Tensor([ 1., 20.]))
    """
    call = _Call("vjp", func, primals, {}, tuple(range(len(primals))), has_aux)
    outputs = leaves(call.out)

    def pull(cotangents: Any) -> Any:
        given = matched("vjp: cotangents", cotangents, call.out)
        return call.results(call.pull(outputs, given, again=True))

    value = call.released(call.out)
    return (value, pull, call.released(call.aux)) if has_aux else (value, pull)


def jvp(func: Callable[..., Any], primals: Any, tangents: Any, *, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of ``func``, and its directional derivative along ``tangents``: forward mode, by two pulls.

    The gradient pulled back from an output is linear in what is pushed; its own derivative by that is the answer.

    Args:
        func: a function of arrays, Tensors, or nested lists, tuples and dicts of them.
        primals: a tuple or list of its arguments.
        tangents: a tuple or list of directions, of the same structure.
        has_aux: whether ``func`` returns ``(output, aux)``.

    Returns:
        ``(output, derivative)``, with ``has_aux`` ``(output, derivative, aux)``; both have the output's structure.

    Example:
        >>> from minigrad import func
        >>> func.jvp(lambda x: x**2, (Tensor([1.0, 2.0]),), (Tensor([10.0, 1.0]),))
        (Tensor([1., 4.]), Tensor([20.,  4.]))
    """
    _check_sequences("jvp", primals, tangents)
    call = _Call("jvp", func, tuple(primals), {}, tuple(range(len(primals))), has_aux)
    directions = matched("jvp: tangents", tangents, primals)
    outputs = leaves(call.out)
    with Mode(grad_enabled, True):
        pushed = [wrap(np.ones_like(_values(o)), None) for o in outputs]
        for t in pushed:
            t.requires_grad = t.dtype.kind == "f"
        grads = call.pull(outputs, pushed, again=True)
        live = [(g, d) for g, d in zip(grads, directions, strict=True) if g is not None and g.requires_grad]
        along: Sequence[Any] = [None] * len(outputs)
        if live:
            wanted = [t for t in pushed if t.requires_grad]
            found = iter(
                autograd.grad(
                    [g for g, _ in live],
                    wanted,
                    [_as_tensor(d) for _, d in live],
                    create_graph=call.outer or any(_recorded(d) for d in directions),
                    allow_unused=True,
                )
            )
            along = [next(found) if t.requires_grad else None for t in pushed]
    inner = {t._node for t in pushed}
    zeroed = [
        wrap(np.zeros_like(_values(o)), None) if a is None else call.released(a, inner)
        for o, a in zip(outputs, along, strict=True)
    ]
    value, derivative = call.released(call.out), rebuilt(call.out, iter(zeroed))
    return (value, derivative, call.released(call.aux)) if has_aux else (value, derivative)


def hvp(func: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """The Hessian of ``func``, a function to one number, times ``tangents``; the Hessian itself is never formed.

    Args:
        func: a function to one number.
        primals: a tuple or list of its arguments.
        tangents: a tuple or list of directions, of the same structure.

    Returns:
        The product, for one argument with its structure, for several a tuple.

    Example:
        >>> from minigrad import func
        >>> func.hvp(lambda x: (x**3).sum(), (Tensor([1.0, 2.0]),), (Tensor([1.0, 10.0]),))
        Tensor([  6., 120.])
    """
    _check_sequences("hvp", primals, tangents)
    directions = matched("hvp: tangents", tangents, primals)
    numbers = tuple(range(len(primals)))

    def along(*args: Any) -> Any:
        slopes = leaves(grad(func, numbers)(*args))
        return sum(sum_(slope * direction) for slope, direction in zip(slopes, directions, strict=True))

    product = grad(along, numbers)(*primals)
    return product[0] if len(primals) == 1 else product


# --- matrices of derivatives ------------------------------------------------------------------------------------------
def jacobian(func: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that computes all derivatives of every element of the output of ``func``, one pull for each.

    Args:
        func: a function of arrays, Tensors, or nested lists, tuples and dicts of them.
        argnums: which argument to differentiate by; several give a tuple.
        has_aux: whether ``func`` returns ``(output, aux)``; then the result is ``(jacobian, aux)``.

    Returns:
        A function with the arguments of ``func``. Its result has the structure of the output, and in place of each
        array the structure of the argument, of arrays of the shape (*output's, *argument's).

    Example:
        >>> from minigrad import func
        >>> func.jacobian(lambda x: x**2)(Tensor([1.0, 2.0]))
        Tensor([[2., 0.],
                [0., 4.]])
    """

    def derivatives(*args: Any, **kwargs: Any) -> Any:
        call = _Call("jacobian", func, args, kwargs, argnums, has_aux)
        blocks = [_rows(call, _floating("jacobian", func, out)) for out in leaves(call.out)]
        result = rebuilt(call.out, iter([call.results(block) for block in blocks]))
        return (result, call.released(call.aux)) if has_aux else result

    return _named(derivatives, "jacobian", func)


jacrev = jacobian  # PyTorch's name


def hessian(func: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that computes all second derivatives of ``func``; of each, as for ``jacobian``, twice.

    Example:
        >>> from minigrad import func
        >>> func.hessian(lambda x: x[0] ** 2 * x[1])(Tensor([1.0, 2.0]))
        Tensor([[4., 2.],
                [2., 0.]])
    """
    return _named(jacobian(jacobian(func, argnums), argnums), "hessian", func)


def _rows(call: _Call, out: Any) -> list[Any]:
    """The derivatives of every element of one output by each input: arrays of shape (*out, *input)."""
    rows = []
    shape = _values(out).shape
    for position in np.ndindex(shape):
        seed = np.zeros_like(_values(out))
        seed[position] = 1
        rows.append(call.pull([out], [wrap(seed, None)], again=True))
    blocks: list[Any] = []
    for i, x in enumerate(call.inputs):
        column = [wrap(np.zeros_like(x._array), None) if row[i] is None else row[i] for row in rows]
        if not column:
            blocks.append(wrap(np.zeros_like(x._array, shape=shape + x.shape), None))
        else:
            blocks.append(stack(column).reshape(shape + x.shape))
    return blocks


def _floating(name: str, func: Callable[..., Any], out: Any) -> Any:
    """An output, unless it is an integer or a boolean, whose derivative would be 0 wherever it has one."""
    if (dtype := _values(out).dtype).kind != "f":
        raise TypeError(
            f"{name}: {_title(func)} must return floating-point numbers, got {dtype}, through which no gradient flows; "
            "for a comparison take a smooth function, such as minigrad.sigmoid, or the difference itself"
        )
    return out


# --- one call of the function, recorded -------------------------------------------------------------------------------
class _Call:
    """The function called once with fresh inputs, recorded, ready to be pulled back.

    Attributes:
        inputs: the Tensors to differentiate by.
        out: what the function returned, Tensors in the graph.
        outer: whether something outside this call is recorded that the output depends on: then derivatives are part of
            that outer graph.
    """

    def __init__(
        self, name: str, func: Callable[..., Any], args: Any, kwargs: Any, argnums: int | Sequence[int], aux: bool
    ) -> None:
        self._single = isinstance(argnums, int)
        numbers = [argnums] if isinstance(argnums, int) else list(argnums)
        for number in numbers:
            if not -len(args) <= number < len(args):
                raise ValueError(
                    f"{name}: argnums={argnums}, but {_title(func)} was called with {len(args)} positional argument(s)"
                )
        numbers = [number % len(args) for number in numbers]
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"{name}: argnums={argnums} names an argument twice")
        self._trees = [args[number] for number in numbers]
        self.inputs: list[Tensor] = []
        self._recording = grad_enabled.get()
        fresh = list(args)
        with Mode(grad_enabled, True):
            for number in numbers:
                fresh[number] = self._entered(f"{name}: argument {number}", args[number])
            self.out = func(*fresh, **kwargs)
        self._inner = {x._node for x in self.inputs if isinstance(x._node, Leaf)}
        self.aux = None
        if aux:
            if not isinstance(self.out, tuple) or len(self.out) != 2:
                raise TypeError(f"{name}: with has_aux=True {_title(func)} must return a pair (output, aux)")
            self.out, self.aux = self.out
        self.outer = self._recording and any(self._reaches_out(t) for t in leaves(self.out))

    def _entered(self, path: str, tree: Any) -> Any:
        """The argument with a fresh input in place of every array."""
        if tree is None:
            return None
        if isinstance(tree, dict):
            return {key: self._entered(f"{path}[{key!r}]", part) for key, part in tree.items()}
        if isinstance(tree, (list, tuple)):
            return sequence(tree, [self._entered(f"{path}[{i}]", part) for i, part in enumerate(tree)])
        if not isinstance(tree, (Tensor, int, float, np.generic)) and not is_array(tree):
            raise TypeError(f"{path} is of type {type(tree).__name__}; differentiate by arrays and Tensors only")
        x = to_tensor(tree, copy=False)
        if x.dtype.kind != "f":
            raise TypeError(
                f"{path} has dtype {x.dtype}, and only floating-point numbers have derivatives; "
                "write 1.0 instead of 1, convert it with .astype(np.float32), or leave it out of argnums"
            )
        x = clone(x) if self._recording and x.requires_grad else wrap(x._array, None).requires_grad_()
        self.inputs.append(x)
        return x

    def _reaches_out(self, out: Any, inner: set[Any] | None = None) -> bool:
        """Whether ``out`` depends on recorded Tensors that are not this call's own."""
        if not isinstance(out, Tensor) or out._node is None:
            return False
        own = self._inner | (inner or set())
        return any(node.op is None and node not in own for node in reachable([out._node]))

    def released(self, tree: Any, inner: set[Any] | None = None) -> Any:
        """Results for the caller: outside the graph, unless a graph of his is involved."""
        return mapped(lambda t: t if self._recording and self._reaches_out(t, inner) else t.detach(), tree)

    def pull(self, outputs: Sequence[Any], pushed: Sequence[Any], again: bool = False) -> list[Tensor | None]:
        """The gradients of the inputs; None for those that the outputs do not depend on."""
        live = [(o, p) for o, p in zip(outputs, pushed, strict=True) if isinstance(o, Tensor) and o._node is not None]
        if not live:
            return [None] * len(self.inputs)
        create = self.outer or (grad_enabled.get() and any(_recorded(p) for _, p in live))
        return list(
            autograd.grad(
                [o for o, _ in live],
                self.inputs,
                [None if p is None else _as_tensor(p) for _, p in live],
                retain_graph=again or create,
                create_graph=create,
                allow_unused=True,
            )
        )

    def results(self, grads: Sequence[Any]) -> Any:
        """The gradients in the structure of the arguments; zeros where there is none."""
        filled = iter(
            wrap(np.zeros_like(x._array), None) if g is None else self.released(g)
            for x, g in zip(self.inputs, grads, strict=True)
        )
        trees = [rebuilt(tree, filled) for tree in self._trees]
        return trees[0] if self._single else tuple(trees)


# --- small things -----------------------------------------------------------------------------------------------------
def _check_sequences(name: str, primals: Any, tangents: Any) -> None:
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(f"{name}: {what} must be a tuple with one entry for each argument, such as ({what[:-1]},)")


def _values(leaf: Any) -> Any:
    return leaf._array if isinstance(leaf, Tensor) else as_array(leaf)


def _as_tensor(leaf: Any) -> Tensor:
    return to_tensor(leaf, copy=False)


def _recorded(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf._node is not None


def _title(func: Any) -> str:
    return str(getattr(func, "__name__", type(func).__name__)).replace("<lambda>", "the function")


def _aux_hint(out: Any) -> str:
    return "; pass has_aux=True if it returns (value, aux)" if isinstance(out, tuple) else ""


def _named(function: Callable[..., Any], name: str, of: Any) -> Callable[..., Any]:
    function.__name__ = f"{name}({_title(of)})"
    return function
