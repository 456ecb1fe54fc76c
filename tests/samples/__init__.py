"""Arguments for every primitive, away from kinks: what the registry test feeds to each of them.

A sample is the tuple of array inputs (float64) and the dictionary of static arguments. The samples of a module stand in
the file of that name: those of ``ops/special/`` in ``samples/special.py``, and so on.
"""

from __future__ import annotations

import importlib
import pkgutil

from tests.samples.arrays import Sample

SAMPLES: dict[str, list[Sample]] = {}
for _module in pkgutil.iter_modules(__path__):
    _found = getattr(importlib.import_module(f"{__name__}.{_module.name}"), "SAMPLES", {})
    assert not SAMPLES.keys() & _found.keys(), f"{_module.name} repeats samples"
    SAMPLES |= _found

__all__ = ["SAMPLES", "Sample"]
