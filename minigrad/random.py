"""One explicit Generator for everything random, so that one seed fixes a run."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

__all__ = [
    "as_generator",
    "default_generator",
    "get_rng_state",
    "get_state",
    "manual_seed",
    "set_rng_state",
    "set_state",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show

_generator = np.random.default_rng()


def manual_seed(seed: int) -> np.random.Generator:
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
    try:
        seed = operator.index(seed)
    except TypeError:
        raise TypeError(f"a seed is an integer such as manual_seed(0), got {seed!r}") from None
    if seed < 0:
        raise ValueError(f"a seed is at least 0, got {seed}")
    _generator = np.random.default_rng(seed)
    return _generator


def default_generator() -> np.random.Generator:
    """The Generator that is used wherever none was given."""
    return _generator


def as_generator(generator: Any = None) -> np.random.Generator:
    """The Generator to draw from: the given one, or the library's own for None.

    Raises:
        TypeError: for anything else.
    """
    if generator is None:
        return _generator
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
