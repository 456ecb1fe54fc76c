"""Receipt: the record of a run."""

from __future__ import annotations

import copy
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import sys
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np

from ..core.tensor import Tensor
from ..files import file_to_replace, replacing

Path = str | os.PathLike[str]

FOLDER = "MINIGRAD_RECEIPTS"  # where verify lets the receipts of a run go that it repeats
ENVIRONMENT = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONHASHSEED")  # what changes results
FORMAT = "minigrad receipt"


class Receipt:
    """Writes down what a run is and what comes out of it, and at the end of its ``with`` block a file.

    The command, versions and the platform are found out by itself. Numbers may be Tensors and NumPy's. A receipt is
    part of a checkpoint like anything with a state, ``checkpoint.save(path, receipt=receipt, ...)``: a run that was
    killed and resumed has the receipt, and the command, of one that was not.

    Args:
        path: the file, in a directory that exists.
        seed: the seed of the run, which the caller sets.
        configuration: options by name: a dict, or what ``argparse`` gives.

    Raises:
        TypeError: for what JSON cannot hold, naming it.
        OSError: if the file could not be written later on.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "receipt.json")
        >>> with Receipt(path, seed=0, configuration={"lr": 0.1}) as receipt:
        ...     for step in range(3):
        ...         receipt.log(step, loss=1 / (1 + step))
        ...     receipt.value("accuracy", np.float32(0.5))
        >>> read(path)["curves"]["loss"]["values"]
        [1.0, 0.5, 0.3333333333333333]
    """

    def __init__(self, path: Path, *, seed: int | None = None, configuration: Any = None) -> None:
        path = os.fsdecode(path)
        if FOLDER in os.environ:  # a run that verify repeats must not touch the original
            path = os.path.join(os.environ[FOLDER], os.path.basename(path))
        self.path = file_to_replace(path)
        if configuration is not None and not isinstance(configuration, Mapping):
            if not hasattr(configuration, "__dict__"):
                raise TypeError(f"configuration is a dict or what argparse gives, got {type(configuration).__name__}")
            configuration = vars(configuration)
        self._record: dict[str, Any] = {
            "format": FORMAT,
            "version": 1,
            "status": "running",
            "command": _command(),
            "seed": _plain(seed, "seed"),
            "configuration": _plain(configuration or {}, "configuration"),
            "versions": _versions(),
            "platform": _platform(),
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "seconds": 0.0,
            "resumed": 0,
            "inputs": {},
            "values": {},
            "curves": {},
            "tables": {},
            "arrays": {},
            "tolerances": {},
            "not_compared": [],
        }
        self._since = time.perf_counter()

    # --- what comes out -----------------------------------------------------------------------------------------------
    def log(self, step: float, **values: Any) -> None:
        """Add a point to the curve of each name.

        Raises:
            TypeError: for what is not a number.
        """
        place = _number(step, "step")
        points = {name: _number(value, name) for name, value in values.items()}
        for name, value in points.items():
            curve = self._record["curves"].setdefault(name, {"steps": [], "values": []})
            curve["steps"].append(place)
            curve["values"].append(value)

    def value(self, name: str, value: Any) -> None:
        """Set a single result: a number, a string, or a list or dict of them."""
        self._record["values"][_name(name)] = _plain(value, name)

    def table(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Set a table: a dict of cells by column for each row."""
        table = [_plain(row, f"row {number} of {name}") for number, row in enumerate(rows)]
        if not all(isinstance(row, dict) for row in table):
            raise TypeError(f"the rows of {name} must be dicts, of cells by column")
        self._record["tables"][_name(name)] = table

    def array(self, name: str, array: Any) -> None:
        """Set a large result, such as all weights, of which dtype, shape and a hash of all bits are kept."""
        values = np.asarray(array._array if isinstance(array, Tensor) else array)
        if values.dtype.kind not in "fiub":
            raise TypeError(f"{name} must be an array of numbers, got {values.dtype}")
        data = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
        digest = hashlib.sha256(data.tobytes()).hexdigest()
        self._record["arrays"][_name(name)] = {
            "dtype": values.dtype.name,
            "shape": list(values.shape),
            "sha256": digest,
        }

    def input(self, path: Path) -> str:
        """Note a file that the run reads, and its hash; returns the path. ``verify`` copies it to where it runs."""
        path = os.fsdecode(path)
        self._record["inputs"][path] = {"bytes": os.path.getsize(path), "sha256": file_hash(path)}
        return path

    # --- how it is compared -------------------------------------------------------------------------------------------
    def allow(self, name: str, *, relative: float = 0.0, absolute: float = 0.0) -> None:
        """Let the numbers of a value, curve or table differ by absolute + relative · |number|, by default by nothing.

        Raises:
            ValueError: for bounds below 0.
        """
        if not all(math.isfinite(bound) and bound >= 0 for bound in (relative, absolute)):
            raise ValueError(f"tolerances are finite and at least 0, got {relative} and {absolute}")
        self._record["tolerances"][_name(name)] = {"relative": float(relative), "absolute": float(absolute)}

    def ignore(self, *names: str) -> None:
        """Leave results out of the comparison, such as times: they are there to be read."""
        kept = self._record["not_compared"]
        kept += [name for name in map(_name, names) if name not in kept]

    # --- the file -----------------------------------------------------------------------------------------------------
    def write(self) -> None:
        """Write the file as things stand; the end of the ``with`` block does it, too."""
        record = {**self._record, "seconds": round(self._seconds(), 3)}
        with replacing(self.path) as file:
            file.write(_text(_encoded(record)).encode() + b"\n")

    def __enter__(self) -> Self:
        self.write()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._record["status"] = "complete" if kind is None else f"failed: {kind.__name__}: {error}"
        self.write()

    def state_dict(self) -> dict[str, Any]:
        """All that was recorded so far; curves as arrays, where they are long and may be saved often."""
        curves = {name: {key: _short(part) for key, part in c.items()} for name, c in self._record["curves"].items()}
        others = {name: part for name, part in self._record.items() if name != "curves"}
        return {**copy.deepcopy({**others, "seconds": self._seconds()}), "curves": curves}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on with the record of a run that is resumed.

        Raises:
            ValueError: for what is no such record.
        """
        if not isinstance(state_dict, Mapping) or set(state_dict) != set(self._record):
            raise ValueError("this is no state of a Receipt")
        record = copy.deepcopy(dict(state_dict))
        record["curves"] = {
            name: {key: [*part] if isinstance(part, list) else part.tolist() for key, part in curve.items()}
            for name, curve in record["curves"].items()
        }
        self._record = {name: record[name] for name in self._record}
        self._record["resumed"] += 1
        self._since = time.perf_counter()

    def _seconds(self) -> float:
        return float(self._record["seconds"]) + time.perf_counter() - self._since

    def __repr__(self) -> str:
        return f"Receipt({self.path!r})"


def read(path: Path) -> dict[str, Any]:
    """The contents of a receipt.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: for another kind of file.
    """
    with open(path, encoding="utf-8") as file:
        try:
            record = json.load(file)
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)!r} is no receipt: {error}") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError(f"{os.fspath(path)!r} is no receipt of minigrad")
    if record.get("version") != 1:
        raise ValueError(
            f"{os.fspath(path)!r} is of version {record.get('version')}; was it written by a newer minigrad?"
        )
    return record


def file_hash(path: str) -> str:
    """The SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- where a run is from ----------------------------------------------------------------------------------------------
def _command() -> dict[str, Any]:
    """How this process was started: a script, a module, or code; None of them if somebody types."""
    main = sys.modules["__main__"]
    command: dict[str, Any] = {
        "script": None,
        "module": None,
        "code": None,
        "arguments": [*sys.argv[1:]],
        "folder": os.getcwd(),
        "environment": {name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
    }
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    if spec is not None:
        command["module"] = spec.name.removesuffix(".__main__")
    elif file is not None:
        command["script"] = os.path.abspath(file)
        command["sha256"] = file_hash(file) if os.path.exists(file) else None
    elif sys.argv[:1] == ["-c"]:
        command["code"] = sys.orig_argv[sys.orig_argv.index("-c") + 1] if "-c" in sys.orig_argv else None
    return command


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "numpy": np.__version__, "minigrad": "not installed"}
    try:
        versions["minigrad"] = importlib.metadata.version("minigrad")
    except importlib.metadata.PackageNotFoundError:
        pass
    return versions


def _platform() -> dict[str, str]:
    found = {"system": platform.platform(), "machine": platform.machine()}
    try:  # the library that multiplies matrices decides on last digits
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        found["blas"] = f"{blas['name']} {blas['version']}"
    except (KeyError, TypeError):
        pass
    return found


# --- what JSON holds --------------------------------------------------------------------------------------------------
def _plain(value: Any, place: str) -> Any:
    """A value made of Python's numbers, strings, lists and dicts."""
    if isinstance(value, Tensor):
        value = value._array
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fiub":
        value = value.tolist()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{place}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(item, f"{place}[{key!r}]") for key, item in value.items()}
    raise TypeError(f"{place} is of type {type(value).__name__}, which JSON cannot hold; give str(it), or its numbers")


def _number(value: Any, name: str) -> float:
    plain = _plain(value, name)
    if isinstance(plain, list) and len(plain) == 1:
        plain = plain[0]
    if isinstance(plain, bool) or not isinstance(plain, (int, float)):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}; name what is not with receipt.value")
    return plain


def _short(numbers: list[Any]) -> Any:
    """Numbers of one type as an array, which gives the same ones back; others as they are."""
    kinds = set(map(type, numbers))
    if kinds == {float} or (kinds == {int} and all(-(2**63) <= number < 2**63 for number in numbers)):
        return np.array(numbers, np.float64 if kinds == {float} else np.int64)
    return [*numbers]


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a result has a string as its name, got {name!r}")
    return name


def _encoded(value: Any) -> Any:
    """JSON has no numbers for infinity and NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [_encoded(item) for item in value]
    return {key: _encoded(item) for key, item in value.items()} if isinstance(value, dict) else value


def _text(value: Any, indent: str = "") -> str:
    """JSON to be read: what holds no further dicts and lists stands in one line."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(part, (dict, list)) for part in parts):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    inner = indent + "  "
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(key, ensure_ascii=False)}: {_text(part, inner)}" for key, part in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + _text(part, inner) for part in value) + f"\n{indent}]"
