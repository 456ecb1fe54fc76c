"""Putting compiled functions in the place of forwards and rules, and taking them out again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from numpy import ndarray

from ..core.primitive import Primitive
from . import kernels  # noqa: F401 - declares the kernels that have structure
from .elementwise import Elementwise
from .pool import settings


def install(primitives: Iterable[Primitive]) -> None:
    """Run kernels: those declared with ``@primitive.fast``, and loops compiled from what is elementwise."""
    for op in primitives:
        for of, plain in _parts(op).items():
            kernel = op.kernels.get(of)
            give_up = functools.partial(op.run, of, None)
            stand_in = Elementwise(f"{op.name}-{of}", plain, give_up) if kernel is None else _guarded(kernel, plain)
            op.run(of, stand_in)


def remove(primitives: Iterable[Primitive]) -> None:
    """Run what was declared."""
    for op in primitives:
        for of in _parts(op):
            op.run(of, None)


def _parts(op: Primitive) -> dict[str, Callable[..., Any]]:
    rules = op.rules if op.joint_rule is None else {"joint": op.joint_rule}
    return {"forward": op.plain, **rules}


def _guarded(kernel: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel for large arrays of NumPy's own, unless it declines; the plain function for all else."""

    def either(*values: Any, **options: Any) -> Any:
        first = values[0]
        if type(first) is ndarray and first.size >= settings.minimum:
            result = kernel(*values, **options)
            if result is not NotImplemented:
                return result
        return plain(*values, **options)

    return either
