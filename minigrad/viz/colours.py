"""Colours for a measure, and the legend that says what they mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .labels import bold, plain
from .values import MEASURES

_ENDS = {"grad": "#0072B2", "activation": "#009E73", "saturation": "#D55E00", "time": "#E69F00"}
_LIGHT = (255, 255, 255)
_STRONGEST = 0.5  # black text stays readable on it
_STEPS = 5


class Scale:
    """From a measure to a colour: linear for shares, logarithmic for all others.

    Args:
        what: one of ``MEASURES``.
        values: all that are shown.
    """

    def __init__(self, what: str, values: Sequence[float]) -> None:
        self.what = what
        self._linear = what == "saturation"
        positive = [value for value in values if value > 0]
        if self._linear:
            self.low, self.high = 0.0, 1.0
        else:
            self.low, self.high = (min(positive), max(positive)) if positive else (1.0, 1.0)

    def colour(self, value: float | None) -> str | None:
        """The colour of a value; None for none."""
        if value is None:
            return None
        if not self._linear and value <= 0:
            return "#ffffff"
        return self._tint(self._place(value))

    def _place(self, value: float) -> float:
        if self._linear:
            return min(max(value, 0.0), 1.0)
        wide = math.log(self.high / self.low)
        return math.log(value / self.low) / wide if wide else 1.0

    def _tint(self, place: float) -> str:
        strong = _STRONGEST * (0.1 + 0.9 * place)
        end = [int(_ENDS[self.what][i : i + 2], 16) for i in (1, 3, 5)]
        return "#" + "".join(f"{round(a + (b - a) * strong):02x}" for a, b in zip(_LIGHT, end, strict=True))

    def stripes(self) -> tuple[str, ...]:
        """The colours of the legend."""
        return tuple(self._tint(i / (_STEPS - 1)) for i in range(_STEPS))

    def words(self) -> list[str]:
        """The legend without colours."""
        values = [quantity(self.what, value) for value in self._marks()]
        return [bold(MEASURES[self.what]), plain(" · ".join(values))]

    def _marks(self) -> list[float]:
        """The values that stand in the legend."""
        places = [i / (_STEPS - 1) for i in range(_STEPS)]
        return places if self._linear else [self.low * (self.high / self.low) ** place for place in places]

    def legend(self) -> str:
        """A table of the colours, as a label of Graphviz."""
        marks = zip(self.stripes(), self._marks(), strict=True)
        cells = [f'<td bgcolor="{colour}">{plain(quantity(self.what, value))}</td>' for colour, value in marks]
        title = f'<tr><td colspan="{_STEPS}">{bold(MEASURES[self.what])}</td></tr>'
        return f'<<table border="0" cellspacing="0" cellpadding="4">{title}<tr>{"".join(cells)}</tr></table>>'


def quantity(what: str, value: float) -> str:
    """A measure in words."""
    if what == "time":
        return f"{value * 1e3:.3g} ms" if value >= 1e-3 else f"{value * 1e6:.3g} µs"
    return f"{value:.0%}" if what == "saturation" else f"{value:.2g}"
