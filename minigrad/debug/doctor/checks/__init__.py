"""What the doctor knows: one function for each thing that goes wrong, grouped by where the evidence is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..examination import Examination
from ..finding import Finding
from . import batch, loop, outputs

Check = Callable[[Examination], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (*batch.CHECKS, *outputs.CHECKS, *loop.CHECKS)
