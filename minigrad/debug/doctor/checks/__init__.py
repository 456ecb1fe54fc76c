"""What the doctor knows: one function for each thing that goes wrong, grouped by where the evidence is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..examination import Examination
from ..finding import Finding
from . import (
    batch,
    errors,
    gradients,
    initial,
    labels,
    leaks,
    loop,
    modes,
    outputs,
    rates,
    registration,
    structure,
    units,
    values,
)

Check = Callable[[Examination], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    *batch.CHECKS, *labels.CHECKS, *outputs.CHECKS, *values.CHECKS, *leaks.CHECKS, *structure.CHECKS,
    *registration.CHECKS, *errors.CHECKS,
    *loop.CHECKS, *modes.CHECKS, *units.CHECKS, *initial.CHECKS, *gradients.CHECKS, *rates.CHECKS,
)  # fmt: skip
