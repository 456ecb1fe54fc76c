"""Functions of two or three inputs that are alike, such as the outputs of two encoders: one precision for all."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ...core.arrays import as_operands
from ...core.tensor import Tensor
from .arguments import floating

F = TypeVar("F", bound=Callable[..., Tensor])


def in_one_precision(*names: str) -> Callable[[F], F]:
    """Hand these arguments over as Tensors of the precision that they have together, as operators would.

    float16 is computed in float32, and comes back as float16: the squares of a few numbers add up to more than 65504.
    Python numbers take the precision of what they stand beside. An argument that is None stays None.

    Raises:
        TypeError: of the function, for integers and truth values, naming the argument.
    """

    def decorate(function: F) -> F:
        order = list(inspect.signature(function).parameters)
        places = [(order.index(name), name) for name in names]

        @functools.wraps(function)
        def computing(*args: Any, **kwargs: Any) -> Tensor:
            given = {name: args[i] for i, name in places if i < len(args)}
            given |= {name: kwargs[name] for _, name in places if name in kwargs}
            given = {name: value for name, value in given.items() if value is not None}
            tensors = [
                floating(function.__name__, value, name)
                for name, value in zip(given, as_operands(*given.values()), strict=True)
            ]
            common = np.result_type(*[tensor.dtype for tensor in tensors]) if tensors else None
            dtype = np.dtype(np.float32) if common == np.float16 else common
            found = {
                name: tensor if tensor.dtype == dtype else tensor.astype(dtype)
                for name, tensor in zip(given, tensors, strict=True)
            }
            positional = list(args)
            for i, name in places:
                if i < len(args) and name in found:
                    positional[i] = found[name]
            out = function(*positional, **{name: found.get(name, value) for name, value in kwargs.items()})
            return out if dtype == common else out.astype(common)

        return computing  # type: ignore[return-value]

    return decorate
