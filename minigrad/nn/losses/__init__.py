"""What losses mean: ``explain`` tells of each what it assumes of the data, where its optimum is, and how it pulls."""

from __future__ import annotations

import difflib
from typing import Any

from . import alignment, classification, divergence, regression, sequence
from .explanation import Explanation

__all__ = ["Explanation", "explain", "names"]

_FAMILIES = (regression, classification, divergence, alignment, sequence)
_ENTRIES: dict[str, Explanation] = {entry.name: entry for family in _FAMILIES for entry in family.ENTRIES}
_BY_MODULE = {entry.module: entry for entry in _ENTRIES.values() if entry.module}


def names() -> list[str]:
    """The losses that ``explain`` knows, by the names of their functions."""
    return sorted(_ENTRIES)


def explain(name: Any) -> Explanation:
    """What a loss stands for: noise model or geometry, optimum, output head, gradient, and its curves.

    Prints as text, shows itself with a picture in a notebook, and draws with ``.plot()``.

    Args:
        name: a function of ``nn.functional`` or a Module of ``nn``, as such or by its name, with or without dots.

    Raises:
        ValueError: for what is no loss, with the names that come close.

    Example:
        >>> explanation = explain("l1_loss")
        >>> explanation.optimum
        'the median of the targets'
        >>> print(explain("mse_loss"))
        mse_loss (nn.MSELoss)
          loss         J = (z - t)²
          stands for   Gaussian noise of constant variance: t ~ Normal(z, σ)
          optimum      the mean of the targets
          output head  any numbers: nn.LinearHead
          gradient     ∂J/∂z = 2 (z - t)
          note         An outlier pulls in proportion to its distance, without bound. With a sigmoid
                       before it the gradient gets a factor σ(z)(1 - σ(z)), which vanishes where the
                       network is most wrong.
        <BLANKLINE>
          loss and gradient from -3 to 3: the error z - t
            J  ██▇▇▆▆▅▅▅▄▄▃▃▃▃▂▂▂▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▂▂▂▂▃▃▃▃▄▄▅▅▅▆▆▇▇██  0 … 9
            g  ▁▁▁▁▁▁▁▂▂▂▂▂▂▂▃▃▃▃▃▃▃▄▄▄▄▄▄▄▅▅▅▅▅▅▅▆▆▆▆▆▆▆▇▇▇▇▇▇▇████████  -6 … 6
    """
    key = name.rpartition(".")[2] if isinstance(name, str) else getattr(name, "__name__", type(name).__name__)
    found = _ENTRIES.get(key) or _BY_MODULE.get(key)
    if found is None:
        close = difflib.get_close_matches(key, [*_ENTRIES, *_BY_MODULE], n=3, cutoff=0.5)
        cure = f"did you mean {' or '.join(map(repr, close))}?" if close else "see nn.losses.names()"
        raise ValueError(f"explain: {key!r} is no loss that it knows; {cure}")
    return found
