"""How a result is compared with PyTorch's: the value, its dtype, and the gradients up to any order.

A case is one function written for both libraries and the arrays to call it with. Importing this skips the module that
does so where PyTorch is not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, autograd
from minigrad.core.tensor import wrap

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")

Arrays = list[np.ndarray]
TOLERANCES = {"float64": (1e-9, 1e-11), "float32": (1e-5, 1e-6), "float16": (2e-3, 2e-3)}
DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])


def random(shape: Sequence[int], dtype: str = "float64", low: float = -2.0, high: float = 2.0, seed: int = 0) -> Any:
    """Numbers between ``low`` and ``high``, the same for the same arguments."""
    return np.random.default_rng([seed, *shape]).uniform(low, high, shape).astype(dtype)


# Name of a layout -> an array of that layout, from a function of a shape that makes contiguous ones.
LAYOUTS: dict[str, Callable[[Callable[..., Any]], Any]] = {
    "0-d": lambda make: make(()),
    "one": lambda make: make((1,)),
    "vector": lambda make: make((5,)),
    "ones around": lambda make: make((1, 3, 1)),
    "cube": lambda make: make((2, 3, 4)),
    "transposed": lambda make: make((4, 3)).T,
    "strided": lambda make: make((6, 5))[1::2, ::3],
    "reversed": lambda make: make((3, 4))[::-1, ::-2],
    "repeated": lambda make: np.broadcast_to(make((3, 1)), (2, 3, 4)),
    "empty": lambda make: make((0,)),
    "empty matrix": lambda make: make((2, 0, 3)),
}


def leaf(array: np.ndarray) -> Tensor:
    """A Tensor on that very array, strides included; floating-point ones require grad."""
    return wrap(array, None).requires_grad_(array.dtype.kind == "f")


def weights(shape: Sequence[int], dtype: Any, seed: int) -> Any:
    """What is pushed back from an output: positive numbers, all different."""
    return random(shape, dtype, 0.5, 1.5, seed=1000 + seed)


def theirs_from(array: np.ndarray) -> Any:
    tensor = torch.tensor(np.array(array))
    return tensor.requires_grad_(array.dtype.kind == "f")


def our_derivatives(function: Callable[..., Any], arrays: Sequence[np.ndarray], order: int) -> list[Arrays]:
    """The value of ``function``, and the gradients by all arrays of order 1, 2 ... by minigrad."""
    leaves = [leaf(array) for array in arrays]
    out = function(*leaves)
    assert type(out) is Tensor
    return [[out.detach().numpy()], *_orders(out, leaves, order, autograd.grad, lambda t: t.detach().numpy(), Tensor)]


def their_derivatives(function: Callable[..., Any], arrays: Sequence[np.ndarray], order: int) -> list[Arrays]:
    """The same by PyTorch."""
    leaves = [theirs_from(array) for array in arrays]
    out = function(*leaves)

    def numpy(tensor: Any) -> np.ndarray:
        return tensor.detach().numpy(force=True)  # PyTorch has zeros without memory

    return [[numpy(out)], *_orders(out, leaves, order, torch.autograd.grad, numpy, torch.tensor)]


def _orders(out: Any, leaves: Sequence[Any], order: int, grad: Any, values: Any, constant: Any) -> list[Arrays]:
    """Gradients of the weighted sum of the gradients of the order before; what is not connected counts as 0."""
    inputs = [t for t in leaves if t.requires_grad]
    outputs = {0: out}
    found: list[Arrays] = []
    for level in range(order):
        live = {i: o for i, o in outputs.items() if o.requires_grad}
        grads: Sequence[Any] = [None] * len(inputs)
        if live:
            seeds = [constant(weights(o.shape, values(o).dtype, seed=10 * level + i)) for i, o in live.items()]
            grads = grad(list(live.values()), inputs, seeds, create_graph=level + 1 < order, allow_unused=True)
        found.append([np.zeros_like(values(t)) if g is None else values(g) for t, g in zip(inputs, grads, strict=True)])
        outputs = {i: g for i, g in enumerate(grads) if g is not None}
    return found


def compare(
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    *arrays: np.ndarray,
    static: Sequence[Any] = (),
    order: int | None = None,
) -> None:
    """Assert that both functions give the same value and the same gradients of these arrays.

    Both are called with the arrays' tensors and then ``static``. Gradients go up to ``order``: by default 2, and 1 in
    single precision, whose tolerance is not made for more.
    """
    precision = min((str(a.dtype) for a in arrays if a.dtype.kind == "f"), key=lambda name: int(name[5:]))
    if order is None:
        order = 2 if precision == "float64" else 1
    relative, absolute = TOLERANCES[precision]
    expected = their_derivatives(lambda *tensors: theirs(*tensors, *static), arrays, order)
    got = our_derivatives(lambda *tensors: ours(*tensors, *static), arrays, order)
    for level, (mine, reference) in enumerate(zip(got, expected, strict=True)):
        for i, (a, b) in enumerate(zip(mine, reference, strict=True)):
            what = "the value" if level == 0 else f"the gradient of order {level} by input {i}"
            assert a.dtype == b.dtype, f"{what} is {a.dtype}, PyTorch's {b.dtype}"
            assert a.shape == b.shape, f"{what} has shape {a.shape}, PyTorch's {b.shape}"
            scale = max(1.0, float(np.max(np.abs(b[np.isfinite(b)]), initial=0.0)))
            np.testing.assert_allclose(a, b, rtol=relative, atol=absolute * scale, err_msg=f"{what} differs")
