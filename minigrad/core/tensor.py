"""Tensor: an array plus its place in the graph. It knows no operation; NumPy's dispatch finds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .arrays import as_array, get_default_dtype, shape_of
from .caller import warn
from .dispatch import NUMPY, dispatch, full_name, refuse
from .grad import check_gradient, warn_not_retained
from .graph import Array, Leaf, Node
from .methods import Methods
from .operators import binary, labelled, unary, updating
from .views import share
from .writes import owner_of, refuse_repeated, stamp


class Tensor(Methods):
    """A multi-dimensional array that remembers how it was computed.

    Args:
        data: a number, a nested list, an array or a Tensor; always copied. Python floats become the default dtype
            (float32), arrays, data frames and buffers keep theirs.
        requires_grad: whether ``backward()`` shall fill ``.grad`` of this Tensor.
        dtype: the dtype to convert to; numbers become it directly, 0.1 in double precision with all of its digits.

    Raises:
        TypeError: for data that are not numbers, and for integers that shall require grad.
        ValueError: for numbers that the dtype cannot hold.

    Example:
        >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        Tensor([2., 4., 6.])
    """

    # Not "_data", which numpy.ma takes from any object. "_leaf" is set once gradients were asked for.
    __slots__ = ("__weakref__", "_array", "_grad", "_leaf", "_node")

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        if type(requires_grad) is not bool:
            _check_flag(requires_grad, data, dtype)
        array = as_array(data, dtype)
        self._array: Array = np.array(array, copy=True) if isinstance(array, np.ndarray) else array.copy()
        self._node: Node | None = None
        self._grad: Tensor | None = None
        if requires_grad:
            self.requires_grad = True

    # --- what it is ---------------------------------------------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, ...]:
        """The size along every dimension."""
        return self._array.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:
        """The NumPy dtype of the elements."""
        return self._array.dtype

    @property
    def is_leaf(self) -> bool:
        """Whether this Tensor was made by the user rather than computed inside a recorded graph."""
        return self._node is None or self._node.op is None

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to or through this Tensor."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not self.is_leaf:
            raise RuntimeError(
                f"requires_grad can be set only on leaves, and this Tensor is the output of {_name(self)}; "
                "use .detach() for a Tensor outside the graph"
            )
        if type(value) is not bool:
            _check_flag(value)
        if not value:
            self._node = None
        elif self._node is None:
            if self.dtype.kind != "f":
                raise TypeError(
                    f"only floating-point Tensors can require grad, got {self.dtype}; write 1.0 instead of 1, "
                    "or convert: Tensor(data, dtype=np.float32, requires_grad=True)"
                )
            if not hasattr(self, "_leaf"):  # after a time without gradients it is the same one, with its hooks
                self._leaf = Leaf(self, self._array)
            self._node = self._leaf

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set ``requires_grad`` and return the Tensor itself, which need not be a leaf if that changes nothing."""
        if requires_grad is not True or self._node is None:
            self.requires_grad = requires_grad
        return self

    @property
    def data(self) -> Tensor:
        """A Tensor on the same memory, outside the graph."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        overwrite(self, value)

    @property
    def T(self) -> Tensor:  # noqa: N802 - the field's name for it
        """The Tensor with its dimensions reversed."""
        return NUMPY[np.transpose](self)  # type: ignore[no-any-return]

    @property
    def mT(self) -> Tensor:  # noqa: N802
        """The Tensor with its last two dimensions swapped: the transpose of each matrix."""
        return NUMPY[np.swapaxes](self, -1, -2)  # type: ignore[no-any-return]

    # --- out of the graph ---------------------------------------------------------------------------------------------
    def detach(self) -> Tensor:
        """The same values on the same memory, outside the graph."""
        alias = wrap(self._array, None)
        share(owner_of(self._array), alias, self)
        return alias

    def numpy(self, *, force: bool = False) -> Array:
        """The array itself, not a copy. Writing into it goes unnoticed: write through the Tensor instead.

        Args:
            force: also of a Tensor that requires grad, as ``detach().numpy()``.

        Raises:
            RuntimeError: if the Tensor requires grad, since NumPy would cut the graph silently.
        """
        if self._node is not None and not force:
            raise RuntimeError("numpy() of a Tensor that requires grad would cut the graph; use .detach().numpy()")
        return self._array

    def item(self) -> Any:
        """The value of a Tensor of one element as a Python number."""
        if self._array.size != 1:
            raise ValueError(f"item() needs a Tensor of one element, got shape {self.shape}; use .tolist()")
        return self._array.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self._array.tolist()

    # --- gradients ----------------------------------------------------------------------------------------------------
    @property
    def grad(self) -> Tensor | None:
        """What backward has added up for this Tensor; None before, and for Tensors that are no leaves.

        Raises:
            TypeError: on assignment of anything but a Tensor or None.
            RuntimeError: on assignment of a Tensor of another shape or dtype.
        """
        grad = self._grad
        if grad is None and not self.is_leaf:
            warn_not_retained(self._node)
        return grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            check_gradient(self, value)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    # --- NumPy's protocols --------------------------------------------------------------------------------------------
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            answer = NUMPY.get(ufunc)
            if answer is not None:
                if len(inputs) > 1 and any([labelled(type(x)) for x in inputs]):
                    return NotImplemented  # they bring their labels to the result
                return answer(*inputs)
        name = full_name(ufunc) if method == "__call__" else f"{full_name(ufunc)}.{method}"
        refuse(name, kwargs, known=method == "__call__" and ufunc in NUMPY)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return dispatch(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self._node is not None:
            raise TypeError(
                "turning a Tensor that requires grad into an ndarray would silently cut the graph; "
                "use .detach().numpy() for its values"
            )
        return np.array(self._array, dtype=dtype, copy=copy)

    # --- Python's protocols -------------------------------------------------------------------------------------------
    def __getitem__(self, index: Any) -> Tensor:
        return NUMPY["getitem"](self, index)  # type: ignore[no-any-return]

    def __setitem__(self, index: Any, value: Any) -> None:
        NUMPY["setitem"](self, index, value)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a 0-d Tensor; a single number has no length")
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d Tensor; use .item() for its value")
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(self._array == raw(value)))

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ValueError(f"the truth value of a Tensor of shape {self.shape} is ambiguous; use .all() or .any()")
        return bool(self._array)

    def __float__(self) -> float:
        self._warn_cut("float")
        return float(self.item())

    def __int__(self) -> int:
        self._warn_cut("int")
        return int(self.item())

    def _warn_cut(self, target: str) -> None:
        if self._node is not None:
            warn(
                f"a Tensor that requires grad became a Python {target}, which carries no gradient (as math.exp(t) "
                "would do); use .item() if you want the value, and minigrad's or NumPy's functions if you want the "
                "gradient"
            )

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self._array.size != 1:
            raise TypeError(f"only an integer Tensor of one element can be an index, got {self.dtype} {self.shape}")
        return int(self._array.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.ndim == 0 else format(repr(self), spec)

    def __repr__(self) -> str:
        name = type(self).__name__
        values = np.array2string(np.asarray(self._array), separator=", ", prefix=f"{name}(")
        notes = [values]
        if self._array.size == 0 and self.ndim != 1:
            notes.append(f"shape={self.shape}")
        if self.dtype not in (get_default_dtype(), np.dtype(np.int64), np.dtype(bool)):
            notes.append(f"dtype={self.dtype}")
        if self._node is not None:
            notes.append("requires_grad=True" if self.is_leaf else f"op={self._node.shown}")
        return f"{name}({', '.join(notes)})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        new = memo[id(self)] = self._copy()
        new._grad = None if self._grad is None else self._grad._copy()
        return new

    def _copy(self) -> Tensor:
        """A Tensor of the same class with its own memory and, as a leaf, its own place in the graph."""
        if not self.is_leaf:
            raise RuntimeError(
                f"only leaves can be copied or pickled, and this Tensor is the output of {_name(self)}; "
                "use .clone() for a differentiable copy, .detach().numpy() for its values, also to plot them"
            )
        return _rebuild(type(self), self._array.copy(), self.requires_grad)

    def __reduce__(self) -> Any:
        self._copy()  # refuses what has no meaning outside its graph
        return _rebuild, (type(self), self._array, self.requires_grad)

    # --- operators: NumPy's functions, looked up without the detour through NumPy ------------------------------------
    __add__, __radd__ = binary(np.add)
    __sub__, __rsub__ = binary(np.subtract)
    __mul__, __rmul__ = binary(np.multiply)
    __truediv__, __rtruediv__ = binary(np.divide)
    __floordiv__, __rfloordiv__ = binary(np.floor_divide)
    __divmod__, __rdivmod__ = binary(np.divmod)
    __mod__, __rmod__ = binary(np.remainder)
    __pow__, __rpow__ = binary(np.power)
    __matmul__, __rmatmul__ = binary(np.matmul)
    __lt__, _ = binary(np.less)
    __le__, _ = binary(np.less_equal)
    __gt__, _ = binary(np.greater)
    __ge__, _ = binary(np.greater_equal)
    __eq__, _ = binary(np.equal)
    __ne__, _ = binary(np.not_equal)
    __and__, __rand__ = binary(np.bitwise_and)
    __or__, __ror__ = binary(np.bitwise_or)
    __xor__, __rxor__ = binary(np.bitwise_xor)
    __lshift__, __rlshift__ = binary(np.left_shift)
    __rshift__, __rrshift__ = binary(np.right_shift)
    __invert__ = unary(np.invert)
    __iadd__ = updating(np.add)
    __isub__ = updating(np.subtract)
    __imul__ = updating(np.multiply)
    __itruediv__ = updating(np.divide)
    __ifloordiv__ = updating(np.floor_divide)
    __imod__ = updating(np.remainder)
    __ipow__ = updating(np.power)
    __iand__ = updating(np.bitwise_and)
    __ior__ = updating(np.bitwise_or)
    __ixor__ = updating(np.bitwise_xor)
    __ilshift__ = updating(np.left_shift)
    __irshift__ = updating(np.right_shift)
    __neg__ = unary(np.negative)
    __abs__ = unary(np.absolute)
    __pos__ = unary(np.positive)
    __hash__ = object.__hash__  # identity: elementwise == must not make Tensors unhashable
    del _


# --- in and out of a Tensor -------------------------------------------------------------------------------------------
_new = object.__new__


def wrap(data: Array, node: Node | None) -> Tensor:
    """Build a Tensor without the checks and the copy of ``__init__``."""
    tensor = _new(Tensor)
    tensor._array = data
    tensor._node = node
    tensor._grad = None
    return tensor


def to_tensor(value: Any, copy: bool = True) -> Tensor:
    """A Tensor as it is; anything else as a Tensor of its own, or with ``copy=False`` on the same memory."""
    if isinstance(value, Tensor):
        return value
    return Tensor(value) if copy else wrap(as_array(value), None)


def as_operand(value: Any) -> Any:
    """A Tensor or an array as it is, anything else as an array."""
    return value if isinstance(value, Tensor) else as_array(value)


def raw(x: Any) -> Any:
    """Strip Tensors out of a (nested) argument."""
    if isinstance(x, Tensor):
        return x._array
    if type(x) in (list, tuple):
        return type(x)(map(raw, x))
    if isinstance(x, dict):
        return {key: raw(value) for key, value in x.items()}
    return x


def overwrite(tensor: Tensor, value: Any) -> None:
    """Replace the values of ``tensor`` in place, whatever the grad mode, and stamp the clock."""
    value = raw(value)
    if shape_of(value) not in (tensor.shape, ()):
        raise ValueError(f"values of shape {shape_of(value)} cannot replace those of a Tensor of shape {tensor.shape}")
    refuse_repeated("a write", tensor._array)
    tensor._array[...] = value
    stamp(tensor._array)


def _rebuild(cls: type[Tensor], data: Array, requires_grad: bool) -> Tensor:
    tensor = cls.__new__(cls)
    tensor._array, tensor._node, tensor._grad = data, None, None
    tensor.requires_grad = requires_grad
    return tensor


def _check_flag(value: Any, data: Any = None, dtype: Any = None) -> None:
    """Refuse a ``requires_grad`` that is neither True nor False: most often a size, as in ``torch.Tensor(2, 3)``."""
    if isinstance(value, (bool, np.bool_)):
        return
    sizes = [data, value] if dtype is None else [data, value, dtype]
    if all(type(size) is int for size in sizes):
        cure = f"for a Tensor of that shape write minigrad.empty({', '.join(map(str, sizes))})"
    else:
        cure = "the data come first, as one array or list"
    raise TypeError(f"requires_grad must be True or False, got {value!r}; {cure}")


def _name(tensor: Tensor) -> str:
    return tensor._node.shown if tensor._node is not None else "no operation"


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A new Tensor with a copy of ``data``, in PyTorch's spelling.

    Example:
        >>> tensor([1, 2, 3])
        Tensor([1, 2, 3])
    """
    return Tensor(data, requires_grad, dtype)
