"""A program runs in two libraries at once, and after every statement everything that it holds is compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import minigrad
from tests.fuzz.draw import dtype_of

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")

LIBRARIES = (minigrad, torch)

# What programs begin with. A gradient may be the very Tensor that was pushed back; a copy of it is a value like others.
PRELUDE = """
F = lib.nn.functional
def gradients(*args, **options):
    return [g if g is None else g.clone() for g in lib.autograd.grad(*args, allow_unused=True, **options)]
"""
# The share of the largest number around by which a result may differ.
TOLERANCES = {"float64": 1e-9, "float32": 1e-5, "float16": 4e-3}
LOOSER_FOR_GRADIENTS = 20  # they pass through many operations
Found = tuple[str, str, str, str]  # kind, where, ours, theirs
_NAME = r"v\d+(?:\[\d+\])*"
_OPERAND = rf"(?:{_NAME}|-?[\d.]+|True)"
_CALL = re.compile(rf"(?:lib\.|F\.|{_NAME}(?:\.grad)?\.)?(\w+)\(")


@dataclass
class Difference:
    """What one statement did differently in the two libraries.

    Args:
        kind: "raised" (only minigrad did), "accepted" (only PyTorch raised), "left" (both raised, and hold other values
            since), "type", "dtype", "shape", "values", "requires_grad", "is_leaf", or "memory" (shared in one only).
        statement: the text.
        where: the value that differs; empty where one library raised.
        ours: what minigrad did.
        theirs: what PyTorch did.
        inputs: expression -> PyTorch's tensor, for those that the statement names.
        values: minigrad's and PyTorch's of ``where``.
    """

    kind: str
    statement: str
    where: str
    ours: str
    theirs: str
    inputs: dict[str, Any]
    values: tuple[Any, Any] = (None, None)

    @property
    def operation(self) -> str:
        """The function, or the symbol of the operator, or ``[]`` or ``[]=``."""
        text = self.statement.removeprefix("with lib.no_grad(): ")
        if re.match(r"v\d+\[.*\] = ", text):
            return "[]="
        called = re.sub(r"^v\d+ = ", "", text)
        if found := _CALL.match(called):
            return found[1]
        symbol = re.match(rf"{_OPERAND} (\S+) {_OPERAND}$|([-+~]|abs)\(", called)
        return "[]" if symbol is None else symbol[1] or symbol[2]

    @property
    def dtypes(self) -> set[str]:
        """The dtypes of the tensors that the statement names."""
        return {dtype_of(tensor) for tensor in self.inputs.values()}

    def __str__(self) -> str:
        place = f" of {self.where}" if self.where else ""
        return f"{self.kind}{place} | minigrad: {self.ours} | PyTorch: {self.theirs}"


def defines(statement: str) -> str | None:
    """The name that a statement defines, if it does nothing else."""
    found = re.match(r"(?:with lib.no_grad\(\): )?(v\d+) = ", statement)
    return found[1] if found else None


class World:
    """One library, and the names that the program has defined in it."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.names: dict[str, Any] = {"lib": library}
        exec(PRELUDE, self.names)

    def run(self, statement: str) -> Exception | None:
        """Run a statement; return what it raised."""
        try:
            exec(statement, self.names)
        except Exception as error:
            return error.with_traceback(None)  # its frames would keep tensors alive
        return None

    def values(self) -> dict[str, Any]:
        """Expression -> value, for all that the program holds: tuples by their items, leaves with their gradients."""
        held = [(name, value) for name, value in self.names.items() if re.fullmatch(r"v\d+", name)]
        return {where: part for name, value in held for where, part in self._parts(name, value)}

    def _parts(self, name: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, (tuple, list)):
            yield f"len({name})", len(value)
            for i, item in enumerate(value):
                yield from self._parts(f"{name}[{i}]", item)
            return
        yield name, value
        if isinstance(value, self.library.Tensor) and value.is_leaf and value.grad is not None:
            yield f"{name}.grad", value.grad


class Worlds:
    """Both libraries, in the same state."""

    def __init__(self) -> None:
        self.ours, self.theirs = map(World, LIBRARIES)
        self.pool: dict[str, Any] = {}  # expression -> PyTorch's tensor
        self._coarsest = 0.0  # the tolerance of the lowest precision that any value of the program had

    def step(self, statement: str, known_refusal: Callable[[Difference], bool]) -> list[Difference]:
        """Run a statement in both libraries, and return what differs.

        A write that minigrad refuses, as it is known to do, does not run in PyTorch: both stay as they were.
        """
        inputs = {name: self.pool[name] for name in re.findall(_NAME, statement) if name in self.pool}
        before = set(self.pool)
        error = self.ours.run(statement)
        if error is not None and not defines(statement):
            refusal = Difference("raised", statement, "", _brief(error), "did not run", inputs)
            if known_refusal(refusal):
                return [refusal]
        refused = self.theirs.run(statement)
        found: list[Found] = []
        if (error is None) != (refused is None):
            kind = "accepted" if error is None else "raised"
            found = [(kind, "", _brief(error), _brief(refused))]
        try:
            if not found:
                found = list(self._compare(before, "gradients(" in statement or "backward(" in statement, inputs))
                if error is not None:
                    found = [("left", *said) for _, *said in found]
            self.refresh()
        except RuntimeError as broken:  # PyTorch may refuse to look at a tensor after a write
            self.pool = {}
            return [Difference("accepted", statement, "", "does not raise", _brief(broken), inputs)]
        ours, theirs = (world.values() if found else {} for world in (self.ours, self.theirs))
        return [
            Difference(kind, statement, where, *said, inputs, (ours.get(where), theirs.get(where)))
            for kind, where, *said in found
        ]

    def refresh(self) -> None:
        """See what the program holds now."""
        self.pool = {
            name: value
            for name, value in self.theirs.values().items()
            if isinstance(value, torch.Tensor) and not name.endswith(".grad")
        }
        used = (TOLERANCES.get(dtype_of(value), 0.0) for value in self.pool.values())
        self._coarsest = max(self._coarsest, *used, 0.0)

    def forget(self, statement: str) -> None:
        """Drop what a statement defined."""
        for world in (self.ours, self.theirs):
            world.names.pop(defines(statement) or "", None)
        self.refresh()

    # --- comparison ---------------------------------------------------------------------------------------------------
    def _compare(self, before: set[str], gradients: bool, inputs: dict[str, Any]) -> Iterator[Found]:
        ours, theirs = self.ours.values(), self.theirs.values()
        for where in sorted(ours.keys() ^ theirs.keys()):
            yield "type", where, _type(ours.get(where)), _type(theirs.get(where))
        shared = [where for where in theirs if where in ours]
        largest = max((_largest(_host(value)) for value in inputs.values()), default=0.0)
        for where in shared:
            yield from self._compare_values(where, ours[where], theirs[where], gradients, largest)
        for new in shared:
            if new not in before and _both_tensors(ours[new], theirs[new]) and not new.endswith(".grad"):
                for other in shared:
                    if other != new and _both_tensors(ours[other], theirs[other]):
                        yield from _compare_memory((ours[new], theirs[new]), (ours[other], theirs[other]), new, other)

    def _compare_values(self, where: str, ours: Any, theirs: Any, gradients: bool, largest: float) -> Iterator[Found]:
        if not _both_tensors(ours, theirs):
            if not _same_plain(ours, theirs):
                yield "type" if _type(ours) != _type(theirs) else "values", where, repr(ours), repr(theirs)
            return
        if str(ours.dtype) != dtype_of(theirs):
            yield "dtype", where, str(ours.dtype), dtype_of(theirs)
        elif ours.shape != tuple(theirs.shape):
            yield "shape", where, str(ours.shape), str(tuple(theirs.shape))
        else:
            mine, reference = _host(ours), _host(theirs)
            if mine.tobytes() != reference.tobytes():
                tolerance = TOLERANCES.get(str(ours.dtype), 0.0)
                if gradients or where.endswith(".grad"):
                    tolerance = max(tolerance, self._coarsest) * LOOSER_FOR_GRADIENTS
                if not np.allclose(mine, reference, tolerance, tolerance * max(1.0, largest), equal_nan=True):
                    yield "values", where, _text(mine), _text(reference)
                elif mine.flags.writeable:
                    mine[...] = reference  # else the last bits would grow to differences in a long program
        for kind in ("requires_grad", "is_leaf"):
            if getattr(ours, kind) != getattr(theirs, kind):
                yield kind, where, str(getattr(ours, kind)), str(getattr(theirs, kind))


def _compare_memory(new: tuple[Any, Any], old: tuple[Any, Any], where: str, other: str) -> Iterator[Found]:
    ours, theirs = (np.shares_memory(_host(a), _host(b)) for a, b in zip(new, old, strict=True))
    if ours != theirs:
        said = {True: f"shares memory with {other}", False: f"its own, not that of {other}"}
        yield "memory", where, said[ours], said[theirs]


def _both_tensors(ours: Any, theirs: Any) -> bool:
    return isinstance(ours, minigrad.Tensor) and isinstance(theirs, torch.Tensor)


def _host(tensor: Any) -> Any:
    if isinstance(tensor, torch.Tensor):
        return tensor.numpy(force=True)  # PyTorch has zeros without memory
    return tensor.detach().numpy()


def _largest(array: Any) -> float:
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    return float(np.max(np.abs(finite.astype(float)), initial=0.0))


def _same_plain(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return bool(np.isclose(ours, theirs, 1e-5, 1e-8, equal_nan=True))
    return type(ours) is type(theirs) and bool(ours == theirs)


def _type(value: Any) -> str:
    return "Tensor" if isinstance(value, (minigrad.Tensor, torch.Tensor)) else type(value).__name__


def _text(array: Any) -> str:
    return np.array2string(array, separator=", ", precision=9, threshold=40).replace("\n", "")


def _brief(error: Exception | None) -> str:
    return "does not raise" if error is None else f"{type(error).__name__}: {str(error)[:300]}"
