"""Memory shared with other array libraries through DLPack, the protocol that NumPy, PyTorch, CuPy and JAX speak.

Into minigrad: ``from_dlpack(x)``, or ``minigrad.from_numpy(x)`` for an ndarray such as ``torch_tensor.numpy()``. Out of
it: ``np.asarray(t)``, ``np.from_dlpack(t)`` or ``torch.from_dlpack(t)`` of a Tensor outside the graph (``t.detach()``).
None of them copies, so a write on one side shows on the other; the graph does not notice those of the other side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import as_dtype, is_array
from ..core.declare import register
from ..core.tensor import Tensor, wrap

_ON_THE_HOST = 1  # DLPack's number of main memory


@register(method="__dlpack__")
def exported(tensor: Tensor, **options: Any) -> Any:
    """What another library's ``from_dlpack`` takes: the memory of a Tensor outside the graph.

    Raises:
        BufferError: if the Tensor requires grad.
    """
    if tensor.requires_grad:
        raise BufferError("another library would not see the graph of a Tensor that requires grad; use .detach()")
    return tensor.numpy().__dlpack__(**options)


@register(method="__dlpack_device__")
def device_number(tensor: Tensor) -> tuple[int, int]:
    """The kind and the number of the device, as DLPack counts them."""
    return tensor._array.__dlpack_device__()  # type: ignore[no-any-return]


def from_dlpack(x: Any) -> Tensor:
    """The Tensor on the memory of an array of another library.

    Args:
        x: anything with ``__dlpack__``: an ndarray, a PyTorch tensor, another Tensor. Arrays on a GPU that take part in
            NumPy's dispatch, such as CuPy's, stay there.

    Raises:
        TypeError: for what does not speak DLPack, and for elements that are no real numbers or booleans.
        ValueError: for memory that NumPy cannot reach.

    Example:
        >>> a = np.arange(3.0)
        >>> t = from_dlpack(a)
        >>> a[0] = 5
        >>> t
        Tensor([5., 1., 2.], dtype=float64)
    """
    if not (hasattr(x, "__dlpack__") and hasattr(x, "__dlpack_device__")):
        raise TypeError(f"{type(x).__name__} does not speak DLPack; minigrad.tensor(data) copies lists and arrays")
    if isinstance(x, (Tensor, np.ndarray)) or is_array(x):
        array = x.numpy() if isinstance(x, Tensor) else x
    else:
        array = _taken(x)
    as_dtype(array.dtype)
    return wrap(array, None)


def _taken(x: Any) -> Any:
    """The ndarray on the memory of a foreign array."""
    kind, number = x.__dlpack_device__()
    if kind != _ON_THE_HOST:
        raise ValueError(
            f"from_dlpack: this {type(x).__name__} lives on device ({kind}, {number}), out of NumPy's reach; "
            "bring it to main memory first, with .cpu() in PyTorch"
        )
    try:
        return np.from_dlpack(x)
    except (BufferError, RuntimeError, TypeError) as error:
        raise TypeError(f"from_dlpack: NumPy cannot share this {type(x).__name__} ({error})") from error
