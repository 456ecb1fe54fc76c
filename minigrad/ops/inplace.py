"""In-place operations: real writes outside the graph; inside it, an update that moves the Tensor to a new node.

Arrays that take part in a graph are never overwritten by it. ``h += x`` on a recorded ``h`` computes a new array and
a new node, and makes the handle ``h`` refer to them, so that earlier uses of ``h`` keep the values they saw. Views of
``h``, and what ``h`` is a view of, follow.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.arrays import as_array, held, refuse_foreign, shape_of
from ..core.declare import add_method
from ..core.dispatch import NUMPY
from ..core.modes import grad_enabled
from ..core.tensor import Tensor, raw
from ..core.writes import refuse_repeated, repeats, stamp
from .elementwise import where
from .follow import family_of, moved
from .index.basic import assign, in_steps, is_basic, pick, settled_index, write


# --- assignment -------------------------------------------------------------------------------------------------------
def setitem(self: Tensor, index: Any, value: Any) -> None:
    """``t[index] = value``, for the indices that ``t[index]`` takes."""
    views, index = (None, index) if is_basic(index) else in_steps(settled_index(index), self.shape)
    if not _inside_a_graph(self, "assignment", (value,)):
        array = self._array if views is None else pick(self._array, index=views)
        place = pick(array, index=index) if repeats(array) and is_basic(index) else array
        _write(self, "assignment", place, lambda: write(array, index, _checked(value, self.dtype)))
    elif not _is_there(self, views, index, value):
        _move(self, "assignment", lambda: _assigned(self, views, index, _like(self, value)))


def _assigned(self: Tensor, views: Any, index: Any, value: Any) -> Tensor:
    if views is not None:
        value, index = assign(pick(self, index=views), value, index=index), views
    return assign(self, value, index=index)  # type: ignore[no-any-return]


def _is_there(self: Tensor, views: Any, index: Any, value: Any) -> bool:
    """Whether ``value`` is the view ``self[index]`` already, as at the end of ``self[index] += 1``."""
    node = value._node if isinstance(value, Tensor) else None
    if node is None or node.op is not pick or node.parents != [self._node] or not is_basic(index):
        return False
    return views is None and bool(node.static["index"] == index)


def _checked(value: Any, dtype: Any) -> Any:
    """The values of what is written; a number only if ``dtype`` can hold it.

    NumPy itself refuses what integers cannot hold, and makes infinite what floats cannot.
    """
    modest = isinstance(value, (int, float)) and -65504 <= value <= 65504
    if not modest and isinstance(value, (int, float, np.generic)) or type(value) is np.float64:
        return held(value, dtype).item()
    return raw(value)


def _like(target: Any, value: Any) -> Any:
    """A value that is assigned takes the dtype of where it goes."""
    if isinstance(value, (int, float, np.generic)):
        return held(value, target.dtype)
    if hasattr(value, "astype"):
        return value if value.dtype == target.dtype else value.astype(target.dtype)
    return as_array(value, target.dtype)


# --- methods that end in an underscore, and the operators -------------------------------------------------------------
def update(function: Any, self: Tensor, other: Any) -> Tensor:
    """``t op= other``, for the NumPy function of the operator: the in-place method of that name."""
    return replace_values(self, function.__name__, NUMPY[function], (other,), {})


def replace_values(self: Tensor, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Tensor:
    """Replace the values of ``self`` by those of ``function(self, *args)``."""
    if _inside_a_graph(self, name, (*args, *kwargs.values())):
        _move(self, name, lambda: function(self, *args, **kwargs))
    else:
        _write(
            self, name, self._array, lambda: _overwrite(self, name, function(self._array, *raw(args), **raw(kwargs)))
        )
    return self


def _overwrite(self: Tensor, name: str, new: Any) -> None:
    if type(new) is not np.ndarray:
        refuse_foreign((new,))
    _require_fit(self, name, shape_of(new), np.result_type(new))
    self._array[...] = new


def _method(name: str, function: str | Callable[..., Any]) -> None:
    """Offer ``name`` as the in-place form of a function, or of the method of that name."""
    doc = f"The in-place form of ``{name.rstrip('_')}``: replaces the values, and returns the Tensor itself."

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        chosen = getattr(Tensor, function) if isinstance(function, str) else function
        return replace_values(self, name, chosen, args, kwargs)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = doc
    known = getattr(Tensor, function, None) if isinstance(function, str) else function
    if known is not None:
        method.__signature__ = inspect.signature(known)  # type: ignore[attr-defined]
    add_method(name, method)


def _copied(input: Any, src: Any, non_blocking: bool = False) -> Any:
    """``src`` in the shape and dtype of ``input``, to whose old values the gradient 0 flows."""
    return where(False, input, _like(input, src))


def _filled(input: Any, value: Any) -> Any:
    return _copied(input, value)


# --- the two ways -----------------------------------------------------------------------------------------------------
def recorded(value: Any) -> bool:
    """Whether gradients flow to or through ``value``."""
    return isinstance(value, Tensor) and value._node is not None


def _inside_a_graph(target: Tensor, what: str, values: tuple[Any, ...]) -> bool:
    """Whether the update has to be recorded; refuses it where that cannot be right."""
    if not grad_enabled.get():
        return False
    if target._node is None and not any(map(recorded, values)):
        return False
    if target._node is not None and target.is_leaf:
        raise RuntimeError(
            f"{what} on a leaf that requires grad of shape {target.shape} would lose the values that its gradient is "
            "for; for an update that shall not be differentiated, such as a training step, do it inside "
            "`with minigrad.no_grad():`, else compute a new Tensor: np.where(mask, value, w), or w = w - step"
        )
    return True


def _move(target: Tensor, what: str, compute: Callable[[], Tensor]) -> None:
    """Make the handle, and all that are views of the same memory, refer to the new array and its node."""
    family = family_of(target, what)
    new = compute()
    _require_fit(target, what, new.shape, new.dtype)
    moved(family, what, new if new.dtype == target.dtype else new.astype(target.dtype), target)


def _require_fit(target: Tensor, what: str, shape: tuple[int, ...], dtype: Any) -> None:
    if shape != target.shape:
        raise ValueError(f"the result of {what} has shape {shape}, and cannot stay in a Tensor of shape {target.shape}")
    if not np.can_cast(dtype, target.dtype, "same_kind"):
        raise TypeError(f"the result of {what} is {dtype}, and cannot stay in a Tensor of {target.dtype}")


def _write(target: Tensor, what: str, place: Any, write: Callable[[], Any]) -> None:
    """Carry out a write into ``place`` in the memory of ``target``, and stamp it."""
    refuse_repeated(what, place)
    try:
        write()
    except (IndexError, OverflowError, TypeError, ValueError) as error:
        kind = next((k for k in (IndexError, TypeError) if isinstance(error, k)), ValueError)
        cure = "; convert the Tensor to a larger dtype first, such as t.to(np.int64)"
        wide = cure if isinstance(error, OverflowError) else ""
        raise kind(f"{what} into a Tensor of {target.dtype}, of shape {target.shape}: {error}{wide}") from None
    stamp(target._array)


NUMPY["setitem"] = setitem
NUMPY["update"] = update
_method("copy_", _copied)
_method("fill_", _filled)
_method("zero_", lambda input: _copied(input, 0))
for _name in (  # fmt: skip
    "abs",
    "acos",
    "acosh",
    "add",
    "addbmm",
    "addcdiv",
    "addcmul",
    "addmm",
    "addmv",
    "addr",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "baddbmm",
    "ceil",
    "clamp",
    "clip",
    "copysign",
    "cos",
    "cosh",
    "cumprod",
    "cumsum",
    "deg2rad",
    "digamma",
    "div",
    "divide",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "floor_divide",
    "fmod",
    "frac",
    "hypot",
    "i0",
    "igamma",
    "igammac",
    "index_add",
    "index_copy",
    "index_fill",
    "index_put",
    "lerp",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "logit",
    "masked_fill",
    "masked_scatter",
    "mul",
    "multiply",
    "mvlgamma",
    "nan_to_num",
    "neg",
    "negative",
    "polygamma",
    "pow",
    "rad2deg",
    "reciprocal",
    "relu",
    "remainder",
    "round",
    "rsqrt",
    "scatter",
    "scatter_add",
    "scatter_reduce",
    "sgn",
    "sigmoid",
    "sign",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "square",
    "sub",
    "subtract",
    "tan",
    "tanh",
    "tril",
    "triu",
    "true_divide",
    "trunc",
    "xlogy",
):
    _method(f"{_name}_", _name)
