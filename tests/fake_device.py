"""An array type that follows CuPy's rules: it joins in NumPy's dispatch and refuses to meet a host array.

Rules that create host arrays (``np.zeros(n)`` instead of ``np.zeros_like(x, shape=n)``) fail on it as they would fail
on a GPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class DeviceArray(NDArrayOperatorsMixin):
    """An ndarray that pretends to live elsewhere."""

    def __init__(self, host: np.ndarray) -> None:
        self._host = np.asarray(host)

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    base = property(lambda self: self._host.base)
    T = property(lambda self: DeviceArray(self._host.T))

    def get(self) -> np.ndarray:
        """The values on the host, as in CuPy."""
        return self._host

    def copy(self, order: Any = "C") -> DeviceArray:
        return DeviceArray(self._host.copy(order))

    def astype(self, dtype: Any, copy: bool = True) -> DeviceArray:
        return DeviceArray(self._host.astype(dtype, copy=copy))

    def reshape(self, shape: tuple[int, ...]) -> DeviceArray:
        return DeviceArray(self._host.reshape(shape))

    def sum(self, axis: Any = None, keepdims: bool = False) -> DeviceArray:
        return _wrap(self._host.sum(axis=axis, keepdims=keepdims))

    def item(self) -> Any:
        return self._host.item()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError("implicit conversion of a device array to a host array")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(hasattr(x, "__array_ufunc__") and not isinstance(x, HOST_OR_DEVICE) for x in inputs):
            return NotImplemented  # a type that CuPy does not know either, such as Tensor
        if method == "at":
            target, *rest = inputs
            ufunc.at(target._host, *_unwrap(rest))
            return None
        if "out" in kwargs:
            kwargs["out"] = _unwrap(kwargs["out"])
        return _wrap(getattr(ufunc, method)(*_unwrap(inputs), **kwargs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(t, HOST_OR_DEVICE) for t in types):
            return NotImplemented
        return _wrap(function(*_unwrap(args), **_unwrap(kwargs)))

    def __getitem__(self, index: Any) -> DeviceArray:
        return _wrap(self._host[_unwrap(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._host[_unwrap(index)] = _unwrap(value)

    def __len__(self) -> int:
        return len(self._host)

    def __bool__(self) -> bool:
        return bool(self._host)


HOST_OR_DEVICE = (DeviceArray, np.ndarray, np.generic)


def to_device(x: Any) -> Any:
    """Move every array of a nested argument to the pretended device."""
    if isinstance(x, np.ndarray):
        return DeviceArray(x)
    if isinstance(x, (list, tuple)):
        return type(x)(map(to_device, x))
    if isinstance(x, dict):
        return {key: to_device(value) for key, value in x.items()}
    return x


def _unwrap(x: Any) -> Any:
    if isinstance(x, DeviceArray):
        return x._host
    if isinstance(x, np.ndarray):
        raise TypeError(f"a host array of shape {x.shape} meets a device array")
    if isinstance(x, (list, tuple)):
        return type(x)(map(_unwrap, x))
    if isinstance(x, dict):
        return {key: _unwrap(value) for key, value in x.items()}
    return x


def _wrap(x: Any) -> Any:
    if isinstance(x, (np.ndarray, np.generic)):
        return DeviceArray(x)
    if isinstance(x, (list, tuple)):
        return type(x)(map(_wrap, x))
    return x
