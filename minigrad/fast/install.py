"""Putting compiled functions in the place of forwards and rules, and taking them out again."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from ..core.primitive import Primitive
from ..optim import run
from . import kernels, optimizers  # noqa: F401 - kernels declares those that have structure
from .elementwise import Elementwise
from .guard import guarded


def install(primitives: Iterable[Primitive]) -> None:
    """Run kernels: those declared with ``@primitive.fast``, and loops compiled from what is elementwise."""
    run.compiled = optimizers.Update
    for op in primitives:
        for of, plain in _parts(op).items():
            kernel = op.kernels.get(of)
            give_up = functools.partial(op.run, of, None)
            if kernel is not None:
                op.run(of, guarded(kernel, plain, give_up))
            else:
                loops = Elementwise(f"{op.name}-{of}", plain, _options(op, of, plain), give_up)
                op.run(of, guarded(loops, plain, give_up, loops.least))


def remove(primitives: Iterable[Primitive]) -> None:
    """Run what was declared."""
    run.compiled = None
    for op in primitives:
        for of in _parts(op):
            op.run(of, None)


def _parts(op: Primitive) -> dict[str, Callable[..., Any]]:
    rules = op.rules if op.joint_rule is None else {"joint": op.joint_rule}
    return {"forward": op.plain, **rules}


def _options(op: Primitive, of: str, plain: Callable[..., Any]) -> set[int]:
    """Which arguments of a rule are static; those of a forward have names only."""
    if of == "forward":
        return set()
    return {place for place, name in enumerate(inspect.signature(plain).parameters) if name in op.static}
