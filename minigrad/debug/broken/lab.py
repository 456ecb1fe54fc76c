"""broken: a block in which a classic mistake is part of minigrad."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .bugs import BUGS, Bug


@contextmanager
def broken(name: str) -> Iterator[Bug]:
    """Plant one classic mistake of backpropagation for the length of a block; for learning, and for testing tests.

    It holds for the whole process: no other thread should compute meanwhile.

    Args:
        name: of the mistake, a key of ``debug.BUGS``.

    Raises:
        ValueError: for a name that is none.

    Example:
        >>> x = Tensor(3.0, requires_grad=True)
        >>> with broken("duplicates"):
        ...     (x * x).backward()
        >>> x.grad
        Tensor(3.)
    """
    if name not in BUGS:
        raise ValueError(f"there is no mistake {name!r} in the lab; there are {', '.join(BUGS)}")
    with BUGS[name].plant():
        yield BUGS[name]
