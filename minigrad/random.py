"""One explicit Generator for everything random, so that one seed fixes a run."""

from __future__ import annotations

import operator
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = [
    "Generator",
    "as_generator",
    "default_generator",
    "drawing_from",
    "get_rng_state",
    "get_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
    "set_state",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show

DEFAULT_SEED = 67280421310721  # PyTorch's: a new Generator draws the same numbers in every run, until it is seeded


class Generator(np.random.Generator):
    """A source of random numbers with PyTorch's methods, which is a ``numpy.random.Generator`` as well.

    It is taken wherever one of NumPy's is, and ``Generator().manual_seed(s)`` draws the numbers of
    ``numpy.random.default_rng(s)``.

    Args:
        device: "cpu".

    Raises:
        TypeError: for a seed that is not an integer.
        ValueError: for a negative seed, another device, and a state that is none.

    Example:
        >>> g = Generator().manual_seed(3)
        >>> state = g.get_state()
        >>> a = g.random()
        >>> g.set_state(state).random() == a
        True
    """

    def __init__(self, device: Any = "cpu") -> None:
        if str(device).split(":")[0] != "cpu":
            raise ValueError(f"random numbers are drawn on the CPU, not on {str(device)!r}; write Generator()")
        super().__init__(np.random.PCG64(DEFAULT_SEED))
        self._seed = DEFAULT_SEED
        self.device = device

    def manual_seed(self, seed: int) -> Generator:
        """Start anew from ``seed``; returns the Generator itself."""
        number = _as_seed(seed)
        super().__init__(np.random.PCG64(number))
        self._seed = number
        return self

    def seed(self) -> int:
        """Start anew from a number that the operating system draws; returns it."""
        self.manual_seed(secrets.randbits(64))
        return self._seed

    def initial_seed(self) -> int:
        """The seed that the Generator was last started from."""
        return self._seed

    def get_state(self) -> dict[str, Any]:
        """Where the random numbers stand, for ``set_state``; JSON can hold it."""
        return get_state(self)

    def set_state(self, state: dict[str, Any]) -> Generator:
        """Go back to where ``get_state`` was called; returns the Generator itself."""
        set_state(state, self)
        return self

    def clone_state(self) -> Generator:
        """Another Generator, which will draw the same numbers."""
        return _restored(type(self), self._seed, self.get_state())

    def spawn(self, n_children: int) -> list[np.random.Generator]:
        """As many independent Generators, all fixed by this one's seed."""
        seeds = self.bit_generator.seed_seq.spawn(n_children)  # type: ignore[attr-defined]
        return [np.random.Generator(np.random.PCG64(each)) for each in seeds]

    def __reduce__(self) -> Any:  # that of NumPy would lose the class, and with it the seed
        return _restored, (type(self), self._seed, self.get_state())

    def __repr__(self) -> str:
        return f"{type(self).__name__}(initial_seed={self._seed})"


def _restored(kind: type[Generator], seed: int, state: dict[str, Any]) -> Generator:
    return kind().manual_seed(seed).set_state(state)


def _as_seed(seed: Any) -> int:
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"a seed is an integer such as manual_seed(0), got {seed!r}") from None
    if number < 0:
        raise ValueError(f"a seed is at least 0, got {number}")
    return number


class _Own(threading.local):
    """What a thread has of its own; those that load data draw from a Generator of theirs."""

    generator: Generator | None = None


_generator = Generator()
_generator.seed()
_own = _Own()


def manual_seed(seed: int) -> Generator:
    """Start the random numbers of the library anew from ``seed``; returns the Generator.

    Raises:
        TypeError: for a seed that is not an integer. (None would mean another run every time.)
        ValueError: for a negative one.

    Example:
        >>> a = manual_seed(0).random()
        >>> a == manual_seed(0).random()
        True
    """
    global _generator
    new = Generator().manual_seed(seed)
    if _own.generator is None:
        _generator = new
    else:
        _own.generator = new
    return new


def seed() -> int:
    """Start the random numbers of the library anew from a number that the operating system draws; returns it."""
    return manual_seed(secrets.randbits(64)).initial_seed()


def initial_seed() -> int:
    """The seed that the random numbers of the library were last started from.

    Example:
        >>> generator = manual_seed(7)
        >>> initial_seed()
        7
    """
    return default_generator().initial_seed()


def default_generator() -> Generator:
    """The Generator that is used wherever none was given."""
    return _own.generator or _generator


@contextmanager
def drawing_from(generator: Generator) -> Iterator[Generator]:
    """Within it, this thread's Generator is ``generator``; other threads draw from the library's as before.

    Example:
        >>> with drawing_from(Generator().manual_seed(1)) as mine:
        ...     default_generator() is mine
        True
    """
    before, _own.generator = _own.generator, generator
    try:
        yield generator
    finally:
        _own.generator = before


def as_generator(generator: Any = None) -> np.random.Generator:
    """The Generator to draw from: the given one, or the library's own for None.

    Raises:
        TypeError: for anything else.
    """
    if generator is None:
        return default_generator()
    if not isinstance(generator, np.random.Generator):
        raise TypeError(
            f"generator must be a numpy.random.Generator, got {type(generator).__name__}; "
            "make one with np.random.default_rng(seed)"
        )
    return generator


def get_state(generator: np.random.Generator | None = None) -> dict[str, Any]:
    """Where the random numbers stand, for ``set_state``; JSON can hold that of the library's own Generator.

    Example:
        >>> state = get_state()
        >>> a = default_generator().random()
        >>> set_state(state)
        >>> a == default_generator().random()
        True
    """
    return dict(as_generator(generator).bit_generator.state)


def set_state(state: dict[str, Any], generator: np.random.Generator | None = None) -> None:
    """Go back to where ``get_state`` was called; whoever holds the Generator goes back too.

    Raises:
        TypeError: for what is no dictionary.
        ValueError: for the state of another kind of Generator.
    """
    bits = as_generator(generator).bit_generator
    kind = type(bits).__name__
    if not isinstance(state, dict):
        raise TypeError(f"a state is the dictionary that get_state() returned, got {type(state).__name__}")
    if state.get("bit_generator") != kind:
        raise ValueError(f"this is a state of {state.get('bit_generator')!r}, and the Generator is a {kind!r}")
    before = bits.state
    try:
        bits.state = state
    except (KeyError, TypeError, ValueError) as error:
        bits.state = before
        raise ValueError(f"this state of {kind} is damaged: {error!r}; use what get_state() returned") from None


get_rng_state = get_state  # PyTorch's names
set_rng_state = set_state
