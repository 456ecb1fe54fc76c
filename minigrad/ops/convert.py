"""Other types, other memory, and what a Tensor says about its own: PyTorch's methods for them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.arrays import as_array, as_dtype
from ..core.declare import primitive, register
from ..core.tensor import Tensor, wrap
from ..core.writes import owner_of
from .dims import one_dim


class device(str):  # noqa: N801 - PyTorch's name for it
    """Where an array lives: the string ``"cpu"``, which also has PyTorch's ``type`` and ``index``.

    Raises:
        ValueError: for any other place. Nothing is moved: a Tensor computes where its array lives, and one made from a
            CuPy array stays on its GPU.

    Example:
        >>> device("cpu").type
        'cpu'
    """

    __slots__ = ()

    def __new__(cls, name: Any = "cpu") -> device:
        """Check the name; ``None`` stands for the default."""
        if name is not None and str(name) != "cpu":
            raise ValueError(
                f"there is no device {str(name)!r} here: NumPy computes on the CPU; leave the device out or say 'cpu'. "
                "For a GPU make Tensors from CuPy arrays: Tensor(cupy.asarray(values))"
            )
        return str.__new__(cls, "cpu")

    @classmethod
    def of(cls, array: Any) -> device:
        """The device of an array of any type."""
        if isinstance(array, np.ndarray):
            return str.__new__(cls, "cpu")
        kind, index = array.__dlpack_device__() if hasattr(array, "__dlpack_device__") else (0, 0)
        name = _DEVICES.get(kind, type(array).__name__)
        return str.__new__(cls, name if kind == 1 else f"{name}:{index}")

    @property
    def type(self) -> str:
        """The kind of device, without its number."""
        return str(self).partition(":")[0]

    @property
    def index(self) -> int | None:  # type: ignore[override]  # PyTorch's attribute hides the method of str
        """The number of the device; None for the CPU."""
        number = str(self).partition(":")[2]
        return int(number) if number else None

    def __repr__(self) -> str:
        return f"device({str(self)!r})"


_DEVICES = {1: "cpu", 2: "cuda", 10: "rocm"}  # DLPack's numbers of the kinds of devices


# --- another type -----------------------------------------------------------------------------------------------------
def _is_device(name: Any) -> bool:
    """Whether the first argument of ``to`` names a place rather than a type."""
    if isinstance(name, device) or type(name).__name__ == "device":
        return True
    if not isinstance(name, str):
        return False
    try:
        np.dtype(name)
    except TypeError:
        return True
    return False


@register()
def to(input: Tensor, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False, **options: Any) -> Tensor:
    """The Tensor in another dtype: itself, unless something changes or a ``copy`` is asked for.

    Gradients flow through conversions between floating-point types; integers and booleans carry none.

    Args:
        input: any Tensor.
        *args: a dtype, a device, both (device first), or another Tensor whose dtype is meant.
        dtype: the same by name.
        device: ``"cpu"``.
        copy: make a copy in any case.
        **options: ``non_blocking`` and ``memory_format`` of PyTorch, without effect.

    Example:
        >>> Tensor([1.7, -1.7]).to(np.int64)
        Tensor([ 1, -1])
    """
    if unknown := options.keys() - {"non_blocking", "memory_format"}:
        raise TypeError(f"to() takes dtype, device and copy, not {', '.join(sorted(unknown))}")
    for arg in args:
        if isinstance(arg, Tensor):
            dtype = arg.dtype
        elif isinstance(arg, bool) or arg is None:  # PyTorch's non_blocking by position, and None for "as it is"
            continue
        elif _is_device(arg):
            device = arg
        else:
            dtype = arg
    if device is not None and str(device) != device_of(input):
        _refuse_move(input, device)
    target = input.dtype if dtype is None else as_dtype(dtype)
    if target == input.dtype:
        return clone(input) if copy else input
    if input.dtype.kind != "f":  # outside any graph
        return wrap(input._array.astype(target), None)
    return astype(input, target)  # type: ignore[no-any-return]


def _refuse_move(input: Tensor, target: Any) -> None:
    here = device_of(input)
    device(target)  # refuses what does not exist
    raise ValueError(f"a Tensor on {here} is not moved to {target} by .to(); .detach().cpu() copies its values there")


@register(method="float")
def float_(input: Tensor) -> Tensor:
    """The Tensor in single precision, ``float32``."""
    return to(input, dtypes.float32)


@register()
def double(input: Tensor) -> Tensor:
    """The Tensor in double precision, ``float64``."""
    return to(input, dtypes.float64)


@register()
def half(input: Tensor) -> Tensor:
    """The Tensor in half precision, ``float16``."""
    return to(input, dtypes.float16)


@register()
def long(input: Tensor) -> Tensor:
    """The Tensor as ``int64``: floats are cut towards 0, and carry no gradient from here."""
    return to(input, dtypes.int64)


@register(method="int")
def int_(input: Tensor) -> Tensor:
    """The Tensor as ``int32``: floats are cut towards 0, and carry no gradient from here."""
    return to(input, dtypes.int32)


@register()
def short(input: Tensor) -> Tensor:
    """The Tensor as ``int16``."""
    return to(input, dtypes.int16)


@register()
def byte(input: Tensor) -> Tensor:
    """The Tensor as ``uint8``."""
    return to(input, dtypes.uint8)


@register(method="bool")
def bool_(input: Tensor) -> Tensor:
    """The Tensor as truth values: whether each element differs from 0."""
    return to(input, dtypes.bool_)


@register(method="type")
def type_(input: Tensor, dtype: Any = None) -> Any:
    """The Tensor as ``dtype``, or without one the name of the dtype that it has.

    Example:
        >>> Tensor([1.0]).type(), Tensor([1.0]).type("float64").type()
        ('float32', 'float64')
    """
    return str(input.dtype) if dtype is None else to(input, dtype=dtype)


@register()
def type_as(input: Tensor, other: Tensor) -> Tensor:
    """The Tensor in the dtype of ``other``."""
    if not isinstance(other, Tensor):
        raise TypeError(f"type_as takes another Tensor, got {type(other).__name__}; use .to(dtype)")
    return to(input, other)


# --- other memory -----------------------------------------------------------------------------------------------------
@register()
def is_contiguous(input: Tensor) -> bool:
    """Whether the elements lie in memory one after the other, the last dimension fastest."""
    return bool(input._array.flags.c_contiguous)


@register()
def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """The Tensor with its elements one after the other in memory: itself where they are, else a copy."""
    return input if is_contiguous(input) else clone(input)


@register()
def cpu(input: Tensor) -> Tensor:
    """The Tensor itself; for one on a GPU, a copy of its values in the memory of the host.

    Raises:
        RuntimeError: for a Tensor on a GPU that requires grad, since a host copy would be outside its graph.
    """
    if isinstance(input._array, np.ndarray):
        return input
    if input.requires_grad:
        raise RuntimeError(f"cpu() of a Tensor on {device_of(input)} that requires grad; use .detach().cpu()")
    return wrap(input._array.get(), None)


# --- what it is -------------------------------------------------------------------------------------------------------
@register()
def dim(input: Tensor) -> int:
    """The number of dimensions; ``ndim`` in NumPy."""
    return input.ndim


@register()
def size(input: Tensor, dim: int | None = None) -> Any:
    """The size along every dimension, or along one; ``np.size(t)`` and ``t.numel()`` count the elements.

    Example:
        >>> Tensor([[1.0, 2.0]]).size(), Tensor([[1.0, 2.0]]).size(-1)
        ((1, 2), 2)
    """
    return input.shape if dim is None else input.shape[one_dim("size", dim, input.shape)]


@register()
def numel(input: Tensor) -> int:
    """The number of elements; ``np.size`` in NumPy.

    Example:
        >>> Tensor([[1.0, 2.0]]).numel()
        2
    """
    return math.prod(input.shape)


@register()
def nelement(input: Tensor) -> int:
    """The number of elements; another name of ``numel``."""
    return math.prod(input.shape)


@register()
def element_size(input: Tensor) -> int:
    """The memory of one element, in bytes."""
    return int(input.dtype.itemsize)


@register()
def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are floating-point numbers, and so may require grad."""
    return bool(input.dtype.kind == "f")


def device_of(input: Tensor) -> device:
    """Where the Tensor's array lives; ``"cpu"`` for every NumPy array."""
    return device.of(input._array)


def bytes_of(input: Tensor) -> int:
    """The memory that all elements take together, in bytes."""
    return numel(input) * element_size(input)


register(method="device")(property(device_of))  # type: ignore[type-var]
register(method="nbytes")(property(bytes_of))  # type: ignore[type-var]


# --- values -----------------------------------------------------------------------------------------------------------
@primitive(name="astype")
def _astype(x: Any, *, dtype: Any) -> Any:
    return x.astype(dtype)


_astype.rule(x=lambda g: g)  # the engine converts every gradient to the dtype of what it belongs to


@register()
def astype(input: Any, dtype: Any) -> Any:
    """A copy in another dtype; gradients flow through floating-point types only.

    Example:
        >>> astype(Tensor([1.7, -1.7]), int)
        Tensor([ 1, -1])
    """
    dtype = as_dtype(dtype)
    if dtype.kind != "f" or input.dtype.kind != "f":  # nothing to differentiate
        return Tensor(input, dtype=dtype) if isinstance(input, Tensor) else input.astype(dtype)
    return _astype(input, dtype=dtype)


def cast(name: str, input: Any, dtype: Any, *, floating: bool = False) -> Any:
    """The input of ``name`` in the dtype that its argument ``dtype`` asks for; None leaves it as it is."""
    if dtype is None:
        return input
    dtype = as_dtype(dtype)
    if floating and dtype.kind != "f":
        raise TypeError(f"{name}: dtype is a floating-point type such as np.float32, got {dtype}")
    if not isinstance(input, Tensor):
        return as_array(input, dtype)
    return input if input.dtype == dtype else astype(input, dtype)


@register()
@primitive()
def clone(x: Any) -> Any:
    """A copy with its own memory, through which gradients flow.

    Example:
        >>> clone(Tensor([1.0], requires_grad=True))
        Tensor([1.], op=clone)
    """
    return x.copy()


clone.rule(x=lambda g: g)


def fresh(result: Any, input: Any) -> Any:
    """``result``, copied if it looks at the memory of ``input``: for functions that never give a view."""
    return clone(result) if owner_of(as_array(result)) is owner_of(as_array(input)) else result
