"""What an experiment expects, and whether the measurement agrees."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Expectation:
    """A measured number, and the bounds in which theory, literature or many earlier runs expect it.

    Args:
        name: what was measured.
        measured: the number.
        at_least: the lower bound, or None for none.
        at_most: the upper bound, or None for none.
        form: how the numbers are written, as in ``format(number, form)``.
        source: where the bounds come from.

    Raises:
        ValueError: without any bound, and for bounds the wrong way round.

    Example:
        >>> Expectation("accuracy", 0.9861, at_least=0.97, form=".1%").expected
        'at least 97.0%'
        >>> Expectation("accuracy", float("nan"), at_least=0.97).ok
        False
    """

    name: str
    measured: float
    at_least: float | None = None
    at_most: float | None = None
    form: str = ".4g"
    source: str = ""

    def __post_init__(self) -> None:
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"{self.name!r} expects nothing: give at_least=, at_most= or both")
        if self.at_least is not None and self.at_most is not None and not self.at_least <= self.at_most:
            raise ValueError(f"{self.name!r} expects at least {self.at_least} and at most {self.at_most}: nothing fits")

    @property
    def ok(self) -> bool:
        """Whether the measured number lies in the bounds; NaN lies nowhere."""
        above = self.at_least is None or self.measured >= self.at_least
        return above and (self.at_most is None or self.measured <= self.at_most) and self.measured == self.measured

    @property
    def expected(self) -> str:
        """The bounds in words."""
        if self.at_least is None:
            return f"at most {self._written(self.at_most)}"
        if self.at_most is None:
            return f"at least {self._written(self.at_least)}"
        if self.at_least == self.at_most:
            return f"exactly {self._written(self.at_least)}"
        return f"{self._written(self.at_least)} to {self._written(self.at_most)}"

    @property
    def found(self) -> str:
        """The measured number in words."""
        return self._written(self.measured)

    def _written(self, number: float | None) -> str:
        return "" if number is None else format(number, self.form)
