"""Two receipts of one command, entry by entry."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """What became of one entry: ``verdict`` is "same", "close" (within its tolerance), "differs" or "not compared"."""

    kind: str
    name: str
    verdict: str
    detail: str

    def __str__(self) -> str:
        what = f"{self.kind} {self.name}".rstrip()
        return f"{self.verdict:12}  {what}{': ' if self.detail else ''}{self.detail}"


def compare(receipt: Mapping[str, Any], again: Mapping[str, Any]) -> list[Entry]:
    """Every result of a receipt beside that of another run, with the tolerances of the first.

    Args:
        receipt: from ``read``.
        again: that of the other run.

    Example:
        >>> one = {"values": {"loss": 0.5}, "tolerances": {"loss": {"relative": 0.1, "absolute": 0}}}
        >>> print(*compare(one, {"values": {"loss": 0.52}}))
        close         value loss: by at most 0.02
    """
    entries = []
    for kind, plural in (("seed", "seed"), ("configuration", "configuration"), *_KINDS):
        ours, theirs = receipt.get(plural), again.get(plural)
        if kind in ("seed", "configuration"):
            ours, theirs = ({} if value is None else {"": value} for value in (ours, theirs))
        for name in {**(ours or {}), **(theirs or {})}:
            if name in receipt.get("not_compared", ()):
                entries.append(Entry(kind, name, "not compared", ""))
            elif name not in (theirs or {}):
                entries.append(Entry(kind, name, "differs", "there is none now"))
            elif name not in (ours or {}):
                entries.append(Entry(kind, name, "differs", "there is none in the receipt"))
            else:
                tolerance = receipt.get("tolerances", {}).get(name, {"relative": 0.0, "absolute": 0.0})
                entries.append(_compared(kind, name, (ours or {})[name], (theirs or {})[name], tolerance))
    return entries


_KINDS = (("value", "values"), ("curve", "curves"), ("table", "tables"), ("array", "arrays"))


def _compared(kind: str, name: str, ours: Any, theirs: Any, tolerance: Mapping[str, float]) -> Entry:
    if kind == "array":
        differing = [part for part in ("dtype", "shape", "sha256") if ours.get(part) != theirs.get(part)]
        if not differing:
            return Entry(kind, name, "same", "")
        if differing == ["sha256"]:
            return Entry(kind, name, "differs", "dtype and shape are the same, the numbers are not")
        return Entry(kind, name, "differs", f"{_kind(ours)} in the receipt, {_kind(theirs)} now")
    if kind == "curve":  # steps are as they are
        if ours["steps"] != theirs["steps"]:
            counts = len(ours["steps"]), len(theirs["steps"])
            return Entry(kind, name, "differs", f"the steps are others: {counts[0]} in the receipt, {counts[1]} now")
        ours, theirs = ours["values"], theirs["values"]
    largest, wrong = 0.0, []
    for place, one, other in _leaves(ours, theirs, ""):
        if one == other:
            continue
        if not (_is_number(one) and _is_number(other)):
            wrong.append((place, one, other))
            continue
        distance = abs(float(one) - float(other))
        largest = max(largest, distance)
        if not distance <= tolerance["absolute"] + tolerance["relative"] * abs(float(one)):
            wrong.append((place, one, other))
    if wrong:
        place, one, other = wrong[0]
        more = f"; {len(wrong)} such places" if len(wrong) > 1 else ""
        allowed = f", allowed {dict(tolerance)}" if any(tolerance.values()) else ""
        return Entry(
            kind, name, "differs", f"{place and place + ' '}{one!r} in the receipt, {other!r} now{allowed}{more}"
        )
    return Entry(kind, name, "close", f"by at most {largest:.3g}") if largest else Entry(kind, name, "same", "")


def _leaves(ours: Any, theirs: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """The parts of two values that are no lists and dicts, in pairs; what has no partner, with all that is in it."""
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _leaves(one, other, f"{place}[{number}]")
    elif isinstance(ours, dict) and isinstance(theirs, dict) and set(ours) == set(theirs):
        for key, one in ours.items():
            yield from _leaves(one, theirs[key], f"{place}[{key!r}]")
    else:
        yield place, ours, theirs


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _kind(array: Mapping[str, Any]) -> str:
    return f"{array.get('dtype')} of shape {tuple(array.get('shape', ()))}"
