"""New Tensors from sizes, ranges and other data, in PyTorch's spelling.

All of them take ``dtype``, ``requires_grad`` and ``device`` (``"cpu"``) by name. Python floats become the default dtype
(float32), Python integers int64, and arrays keep theirs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import as_array, as_dtype, get_default_dtype, held, is_array, refuse_gradient, shape_of
from ..core.declare import constant, register
from ..core.tensor import Tensor, wrap
from .convert import device as device_named
from .convert import to
from .dims import by_name, sizes_of


def checked_sizes(name: str, sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given one by one or as one sequence, if an array can have them."""
    try:
        shape = sizes_of(sizes)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    if any(n < 0 for n in shape):
        raise ValueError(f"{name}: a size is at least 0, got {shape}")
    return shape


def finished(array: Any, requires_grad: bool, device: Any) -> Tensor:
    """A new array as a Tensor, after a look at the last two arguments that all creation functions take."""
    device_named(device)
    tensor = wrap(array, None)
    return tensor if requires_grad is False else tensor.requires_grad_(requires_grad)


def _number(name: str, what: str, value: Any) -> Any:
    """A Python number from a number or from an array or Tensor of one element."""
    refuse_gradient(name, **{what: value})
    if math.prod(shape_of(value)) != 1:
        raise TypeError(f"{name}: {what} is one number, got shape {shape_of(value)}")
    value = value.item() if hasattr(value, "item") else value
    if not isinstance(value, (bool, int, float)):
        raise TypeError(f"{name}: {what} is a number, got {value!r}")
    return value


def _dtype_for(dtype: Any, *numbers: Any) -> Any:
    """The dtype asked for, or the one that these Python numbers become."""
    if dtype is not None:
        return as_dtype(dtype)
    if any(isinstance(n, float) for n in numbers):
        return get_default_dtype()
    return np.dtype(np.bool_ if numbers and all(isinstance(n, bool) for n in numbers) else np.int64)


# --- by size ----------------------------------------------------------------------------------------------------------
def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None, **named: Any) -> Tensor:
    """A Tensor of zeros; sizes one by one or as a tuple.

    Example:
        >>> zeros(2, 3)
        Tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """
    size = by_name("zeros", "size", size, named) if named else size
    return finished(np.zeros(checked_sizes("zeros", size), _dtype_for(dtype, 0.0)), requires_grad, device)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None, **named: Any) -> Tensor:
    """A Tensor of ones; sizes one by one or as a tuple.

    Example:
        >>> ones((2,), dtype=np.int64)
        Tensor([1, 1])
    """
    size = by_name("ones", "size", size, named) if named else size
    return finished(np.ones(checked_sizes("ones", size), _dtype_for(dtype, 0.0)), requires_grad, device)


def empty(*size: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None, **named: Any) -> Tensor:
    """A Tensor of whatever stood in memory, to be overwritten."""
    size = by_name("empty", "size", size, named) if named else size
    return finished(np.empty(checked_sizes("empty", size), _dtype_for(dtype, 0.0)), requires_grad, device)


def full(size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    """A Tensor of one value everywhere, whose type decides the dtype.

    Example:
        >>> full((2,), 7), full((2,), 7.0)
        (Tensor([7, 7]), Tensor([7., 7.]))
    """
    value = _number("full", "fill_value", fill_value)
    shape = checked_sizes("full", (size,))
    target = _dtype_for(dtype, value)
    return finished(np.full(shape, held(value, target), target), requires_grad, device)


def eye(n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    """The matrix of ``n`` rows and ``m`` (by default n) columns with ones on its diagonal.

    Example:
        >>> eye(2)
        Tensor([[1., 0.],
                [0., 1.]])
    """
    rows, columns = checked_sizes("eye", (n, n if m is None else m))
    return finished(np.eye(rows, columns, dtype=_dtype_for(dtype, 0.0)), requires_grad, device)


# --- like another -----------------------------------------------------------------------------------------------------
# What PyTorch's programs give as memory_format. It changes no value, so that it has no effect here.
preserve_format, contiguous_format, channels_last = "preserve_format", "contiguous_format", "channels_last"


def zeros_like(
    input: Any, *, dtype: Any = None, requires_grad: bool = False, device: Any = None, memory_format: Any = None
) -> Tensor:
    """Zeros of the shape and dtype of ``input``, where its array lives."""
    return finished(np.zeros_like(as_array(input), dtype=_like(input, dtype)), requires_grad, device)


def ones_like(
    input: Any, *, dtype: Any = None, requires_grad: bool = False, device: Any = None, memory_format: Any = None
) -> Tensor:
    """Ones of the shape and dtype of ``input``, where its array lives.

    Example:
        >>> ones_like(Tensor([[3, 4]]))
        Tensor([[1, 1]])
    """
    return finished(np.ones_like(as_array(input), dtype=_like(input, dtype)), requires_grad, device)


def empty_like(
    input: Any, *, dtype: Any = None, requires_grad: bool = False, device: Any = None, memory_format: Any = None
) -> Tensor:
    """Memory of the shape and dtype of ``input``, to be overwritten."""
    return finished(np.empty_like(as_array(input), dtype=_like(input, dtype)), requires_grad, device)


def full_like(
    input: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    requires_grad: bool = False,
    device: Any = None,
    memory_format: Any = None,
) -> Tensor:
    """One value everywhere, in the shape and dtype of ``input``."""
    value, like = _number("full_like", "fill_value", fill_value), as_array(input)
    held(value, like.dtype if dtype is None else as_dtype(dtype))
    return finished(np.full_like(like, value, dtype=_like(input, dtype)), requires_grad, device)


def _like(input: Any, dtype: Any) -> Any:
    return None if dtype is None else as_dtype(dtype)


# --- ranges -----------------------------------------------------------------------------------------------------------
def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    requires_grad: bool = False,
    device: Any = None,
) -> Tensor:
    """The numbers ``start``, ``start + step`` ... before ``end``; of integers int64, else the default dtype.

    Raises:
        ValueError: if ``step`` is 0 or leads away from ``end``.

    Example:
        >>> arange(3), arange(1, 2, 0.5)
        (Tensor([0, 1, 2]), Tensor([1. , 1.5]))
    """
    first, last = (0, start) if end is None else (start, end)
    first, last, step = (
        _number("arange", name, value) for name, value in (("start", first), ("end", last), ("step", step))
    )
    if step == 0 or (last - first) * step < 0 or not all(map(math.isfinite, (first, last, step))):
        raise ValueError(f"arange({first}, {last}, {step}): no finite number of such steps leads from start to end")
    target = _dtype_for(dtype, first, last, step, 0)
    if all(isinstance(n, int) for n in (first, last, step)):
        values = np.arange(first, last, step, dtype=np.int64)
    else:  # counted first, so that rounding cannot add a number
        values = first + step * np.arange(math.ceil((last - first) / step))
    return finished(values.astype(target, copy=False), requires_grad, device)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """``steps`` numbers at equal distances from ``start`` to ``end``, both included.

    Example:
        >>> linspace(0, 1, 5)
        Tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    return finished(_spaced("linspace", start, end, steps).astype(_dtype_for(dtype, 0.0)), requires_grad, device)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    requires_grad: bool = False,
    device: Any = None,
) -> Tensor:
    """``base`` raised to ``steps`` exponents at equal distances from ``start`` to ``end``, both included.

    Example:
        >>> logspace(0, 2, 3)
        Tensor([  1.,  10., 100.])
    """
    values = np.power(float(_number("logspace", "base", base)), _spaced("logspace", start, end, steps))
    return finished(values.astype(_dtype_for(dtype, 0.0)), requires_grad, device)


def _spaced(name: str, start: Any, end: Any, steps: Any) -> Any:
    (count,) = checked_sizes(name, (steps,))
    return np.linspace(_number(name, "start", start), _number(name, "end", end), count)


# --- from data --------------------------------------------------------------------------------------------------------
def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A new Tensor with a copy of ``data``: numbers, nested lists, an array or a Tensor.

    Example:
        >>> tensor([1, 2, 3])
        Tensor([1, 2, 3])
    """
    device_named(device)
    return Tensor(data, requires_grad, dtype)


def from_numpy(ndarray: Any) -> Tensor:
    """The Tensor on the memory of an ndarray: what is written into one shows in the other.

    A write into the array itself goes unnoticed by the graph: write through the Tensor between forward and backward. A
    read-only array makes a Tensor that refuses to be written.

    Example:
        >>> a = np.zeros(2)
        >>> t = from_numpy(a)
        >>> a[0] = 1
        >>> t
        Tensor([1., 0.], dtype=float64)
    """
    if not is_array(ndarray):
        raise TypeError(f"from_numpy takes an ndarray, got {type(ndarray).__name__}; minigrad.tensor(data) copies")
    return wrap(as_array(ndarray), None)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` as a Tensor, without a copy where that is possible: a Tensor itself, an array on its own memory.

    A Tensor that only changes its dtype stays in its graph.

    Example:
        >>> as_tensor([1.0, 2.0])
        Tensor([1., 2.])
    """
    device_named(device)
    if isinstance(data, Tensor):
        return data if dtype is None else to(data, dtype)
    return wrap(as_array(data, dtype), None)


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """Like ``as_tensor``, with a say on copying.

    Args:
        obj: numbers, nested lists, an array or a Tensor.
        dtype: the dtype to convert to.
        device: ``"cpu"``.
        copy: True for a copy in any case, False for an error where one would be needed, None for one if needed.
        requires_grad: whether the result, if it is a new leaf, shall require grad.

    Raises:
        ValueError: if a copy is needed and ``copy`` is False.
    """
    result = as_tensor(obj, dtype, device)
    shared = result is obj or (is_array(obj) and np.shares_memory(obj, result._array))
    if copy is False and not shared:
        raise ValueError(f"asarray: a copy of this {type(obj).__name__} is needed for {result.dtype}; allow copy=None")
    if copy is True and shared:
        result = result.clone()
    if requires_grad and not result.requires_grad:
        result = wrap(result._array, None).requires_grad_()
    return result


# --- new ones beside a Tensor -----------------------------------------------------------------------------------------
def _new(name: str, make: Any, input: Tensor, size: Any, dtype: Any, requires_grad: bool, device: Any) -> Tensor:
    target = input.dtype if dtype is None else as_dtype(dtype)
    return finished(
        make(input._array, shape=checked_sizes(name, size), dtype=target, subok=False), requires_grad, device
    )


@register()
def new_zeros(
    input: Tensor, *size: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None, **named: Any
) -> Tensor:
    """Zeros of another size, with the dtype of this Tensor."""
    size = by_name("new_zeros", "size", size, named) if named else size
    return _new("new_zeros", np.zeros_like, input, size, dtype, requires_grad, device)


@register()
def new_ones(
    input: Tensor, *size: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None, **named: Any
) -> Tensor:
    """Ones of another size, with the dtype of this Tensor."""
    size = by_name("new_ones", "size", size, named) if named else size
    return _new("new_ones", np.ones_like, input, size, dtype, requires_grad, device)


@register()
def new_empty(
    input: Tensor, *size: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None, **named: Any
) -> Tensor:
    """Memory of another size, with the dtype of this Tensor, to be overwritten."""
    size = by_name("new_empty", "size", size, named) if named else size
    return _new("new_empty", np.empty_like, input, size, dtype, requires_grad, device)


@register()
def new_full(
    input: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """One value everywhere, of another size, with the dtype of this Tensor.

    Example:
        >>> Tensor([1.0]).new_full((2,), 3)
        Tensor([3., 3.])
    """
    value = _number("new_full", "fill_value", fill_value)

    def filled(array: Any, **options: Any) -> Any:
        held(value, options["dtype"])
        return np.full_like(array, value, **options)

    return _new("new_full", filled, input, (size,), dtype, requires_grad, device)


@register()
def new_tensor(
    input: Tensor, data: Any, *, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """A copy of ``data``, with the dtype of this Tensor.

    Example:
        >>> Tensor([1.0]).new_tensor([1, 2])
        Tensor([1., 2.])
    """
    return tensor(data, dtype=input.dtype if dtype is None else dtype, requires_grad=requires_grad, device=device)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = np.int64, device: Any = None) -> Tensor:
    """The rows and the columns of the elements of a lower triangle, as a (2, N) Tensor.

    Example:
        >>> tril_indices(2, 2)
        Tensor([[0, 1, 1],
                [0, 0, 1]])
    """
    return finished(np.stack(np.tril_indices(row, offset, col)).astype(as_dtype(dtype)), False, device)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = np.int64, device: Any = None) -> Tensor:
    """The rows and the columns of the elements of an upper triangle, as a (2, N) Tensor.

    Example:
        >>> triu_indices(2, 2)
        Tensor([[0, 0, 1],
                [0, 1, 1]])
    """
    return finished(np.stack(np.triu_indices(row, offset, col)).astype(as_dtype(dtype)), False, device)


# What NumPy tells of arrays, and makes without derivative.
for _function in (np.zeros_like, np.ones_like, np.arange, np.shape, np.ndim, np.size, np.result_type):
    constant(_function)
