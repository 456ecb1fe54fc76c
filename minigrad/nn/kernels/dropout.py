"""Dropout, once it has been drawn what is kept."""

from __future__ import annotations

from typing import Any

from ...core.declare import primitive


@primitive(shown="dropout")
def thinned(x: Any, *, mask: Any) -> Any:
    """Values times a mask of zeros and one scale, which broadcasts to them: it is no input, and has no gradient."""
    return x * mask


thinned.rule(x=lambda g, mask: thinned(g, mask=mask))
