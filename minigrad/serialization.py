"""Safe files: states and whole checkpoints as safetensors, without pickle, so that loading a file runs no code.

A file holds the Tensors, which any other program can read, and next to them as JSON how they were nested, what else
was there (numbers, strings, None, lists, tuples), and a checksum.

Example:
    >>> import os, tempfile
    >>> from minigrad import Tensor
    >>> path = os.path.join(tempfile.mkdtemp(), "checkpoint.safetensors")
    >>> save({"model": {"weight": Tensor([1.0, 2.0])}, "step": 3, "betas": (0.9, 0.999)}, path)
    >>> load(path)
    {'model': {'weight': Tensor([1., 2.])}, 'step': 3, 'betas': (0.9, 0.999)}
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .core.arrays import as_dtype, is_array
from .core.caller import warn
from .core.graph import Array
from .core.tensor import Tensor, wrap
from .files import file_to_replace, replacing

__all__ = ["load", "read_metadata", "save"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show

Path = str | os.PathLike[str]

_STRUCTURE, _CHECKSUM = "minigrad.structure", "minigrad.crc32"  # our entries in the metadata of a file
_DTYPES = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BOOL": np.bool_,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8,
    "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8,
}  # fmt: skip
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}
_LONGEST_INTEGER = 14_000  # bits: Python reads no more than 4,300 digits, unless told to
_LONGEST_HEADER = 100_000_000  # bytes; readers refuse longer ones


# --- writing ----------------------------------------------------------------------------------------------------------
def save(state: Any, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a state to a safetensors file, whose names for the Tensors are those of the state, joined by dots.

    The file is written under another name beside ``path`` and then moved there: whatever happens on the way, ``path``
    holds either all of the old or all of the new. It has the permissions of the file that it replaces, or those that
    ``open`` would give; a link is followed, and what a save that was killed left behind is removed by the next one.
    Tensors that share memory (tied weights) are written under each of their names, so that every reader finds all
    names; a model that ties them is tied after loading too.

    Args:
        state: what ``model.state_dict()`` returned; or a Tensor, an array, and nested dicts, lists and tuples of them,
            of numbers, strings, booleans and None: ``{"model": model.state_dict(), "step": 3}``.
        path: the file, whose directory exists; the usual ending is ``.safetensors``.
        metadata: strings by name for ``read_metadata`` and other programs.

    Raises:
        TypeError: for what such a file cannot hold, such as a Module, naming its place.
        ValueError: for numbers that are too large for such a file, and states that contain themselves.
        OSError: if the file cannot be written (then the old one is as it was), or is no regular file, such as a device.
    """
    _check_state(state)
    target = file_to_replace(_checked_path("save", path))
    pieces = encoded(state, metadata)
    with replacing(target) as file:
        file.writelines(pieces)


def encoded(state: Any, metadata: Mapping[str, str] | None = None) -> list[Any]:
    """The bytes of a file in pieces, the values of Tensors on their own memory; arguments and errors of ``save``."""
    tensors: dict[str, Array] = {}
    try:
        structure = json.dumps(_packed(state, (), tensors, ()), allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise ValueError("the state is nested too deeply for a file; keep lists of lists flatter") from None
    metadata = _checked_metadata(metadata)
    arrays = ((name, array.dtype, array.shape, array) for name, array in tensors.items())
    checksum = _checksum(structure, metadata, arrays)
    return _pieces(tensors, {**metadata, _STRUCTURE: structure, _CHECKSUM: checksum})


def _check_state(state: Any) -> None:
    if isinstance(state, (str, os.PathLike)):
        raise TypeError("the state comes first: minigrad.save(model.state_dict(), path)")
    if hasattr(state, "state_dict"):
        raise TypeError(
            f"save takes a state, got {type(state).__name__}, which is code as well; write "
            "minigrad.save(it.state_dict(), path), and after loading it.load_state_dict(minigrad.load(path))"
        )


def _checked_path(name: str, path: Any) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name} takes the path of a file, got {type(path).__name__}")
    return os.fsdecode(path)


def _checked_metadata(metadata: Mapping[str, str] | None) -> dict[str, str]:
    metadata = {} if metadata is None else dict(metadata)
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"metadata are strings by name, got {key!r}: {value!r}; other values belong into the state")
        if key in (_STRUCTURE, _CHECKSUM):
            raise ValueError(f"the metadata {key!r} is written by save itself; take another name")
    return metadata


def _pieces(tensors: dict[str, Array], metadata: dict[str, str]) -> list[Any]:
    """A safetensors file: how long the header is, the header, and the arrays one after the other.

    The package's own ``save_file`` goes through a file whose name is unknown if it is killed, and that only its owner
    may read.
    """
    order = sorted(tensors, key=lambda name: -tensors[name].itemsize)  # so that each begins at a multiple of its size
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name in order:
        array, start = tensors[name], end
        end += array.nbytes
        header[name] = {"dtype": _NAMES[array.dtype], "shape": array.shape, "data_offsets": [start, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _LONGEST_HEADER:
        raise ValueError(
            f"names, numbers and strings of the state take {len(text)} bytes, and such a file holds {_LONGEST_HEADER}; "
            "keep long lists of numbers in arrays"
        )
    arrays = (tensors[name] for name in order)
    little = (array.astype(array.dtype.newbyteorder("<"), copy=False) for array in arrays)
    return [len(text).to_bytes(8, "little") + text, *[np.ravel(array).view(np.uint8).data for array in little]]


def _safetensors() -> Any:
    """The package, which only reading needs."""
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError("files are read by the package safetensors: pip install safetensors") from error
    return safetensors


# --- reading ----------------------------------------------------------------------------------------------------------
def load(path: Path, map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Read what ``save`` wrote, or any safetensors file, for example one from PyTorch.

    A file of another program gives a dict from names to Tensors. bfloat16, which NumPy does not have, becomes float32
    without loss, with a warning.

    Args:
        path: the file.
        map_location: None or ``"cpu"``; here because PyTorch has it.
        weights_only: True; here because PyTorch has it. These files never hold code.

    Raises:
        ImportError: without the package safetensors: ``pip install safetensors``.
        FileNotFoundError: if there is no such file.
        ValueError: if the file is empty, cut off, damaged or of another kind, which is said.
    """
    if map_location is not None and str(map_location) != "cpu":
        raise ValueError(f"Tensors are loaded into the memory of the CPU; there is no {map_location!r} here")
    if not weights_only:
        raise ValueError("weights_only=False would run code from the file (pickle), which is never done here")
    entries, metadata = _read(_checked_path("load", path))
    tensors: dict[str, Array] = {}
    widened = []
    for name, entry in entries:
        if entry["dtype"] == "BF16":
            widened.append(name)
        tensors[name] = _array(path, name, entry)
    if widened:
        warn(
            f"{os.fspath(path)!r} holds {len(widened)} Tensor(s) in bfloat16, which NumPy does not have, such as "
            f"{widened[0]!r}; they became float32, without loss"
        )
    if _STRUCTURE not in metadata:
        return {name: wrap(array, None) for name, array in tensors.items()}
    try:
        state = _unpacked(json.loads(metadata[_STRUCTURE]), tensors)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"{os.fspath(path)!r} is damaged: its structure does not fit its Tensors: {error!r}") from None
    if _CHECKSUM not in metadata:  # save always writes one
        raise ValueError(f"{os.fspath(path)!r} is damaged: its checksum is missing; use another copy")
    return state


def read_metadata(path: Path) -> dict[str, str]:
    """The strings that ``save`` was given as ``metadata``, or that another program wrote; fails as ``load`` does."""
    metadata = _read(_checked_path("read_metadata", path))[1]
    return {key: value for key, value in metadata.items() if key not in (_STRUCTURE, _CHECKSUM)}


def _read(path: str) -> tuple[list[tuple[str, Any]], dict[str, str]]:
    """The entries of a file, as the package gives them, and its metadata."""
    package = _safetensors()
    with open(path, "rb") as file:
        data = file.read()
    try:
        entries = package.deserialize(data)
    except package.SafetensorError as error:
        raise ValueError(f"cannot load {path!r}: {_what_is_wrong(path, data, error)}") from None
    metadata = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]).get("__metadata__") or {}
    given = ((name, _DTYPES.get(entry["dtype"]), entry["shape"], entry["data"]) for name, entry in entries)
    others = {key: value for key, value in metadata.items() if key not in (_STRUCTURE, _CHECKSUM)}
    if _CHECKSUM in metadata and _checksum(metadata.get(_STRUCTURE, ""), others, given) != metadata[_CHECKSUM]:
        raise ValueError(
            f"{path!r} is damaged: its contents are not those that were saved (the checksum differs); use another copy"
        )
    return entries, metadata


def _what_is_wrong(path: str, data: bytes, error: Exception) -> str:
    """What a file that the package refused is instead, as well as its first bytes tell."""
    if not data:
        return "it is empty; was its writing interrupted?"
    if data.startswith(b"PK\x03\x04"):
        with contextlib.suppress(zipfile.BadZipFile):
            if any(name.endswith("data.pkl") for name in zipfile.ZipFile(path).namelist()):
                return f"it is a file of torch.save, and {_PICKLE}"
        return "it is a zip archive; read .npz files with numpy.load"
    if data[0] == 0x80 and len(data) > 1 and data[1] < 6:
        return f"it is a pickle, and {_PICKLE}"
    if data.startswith(b"\x93NUMPY"):
        return "it is a .npy file; read it with numpy.load"
    if data.startswith(b"\x89HDF\r\n"):
        return "it is an HDF5 file; convert it to safetensors"
    length = int.from_bytes(data[:8], "little")
    if data[8:9] == b"{" and length < 100_000_000:
        held = len(data) - 8
        if held < length:
            return f"it is cut off: {held} of the {length} bytes of its header are there; copy or download it again"
        with contextlib.suppress(ValueError, TypeError, AttributeError, LookupError):
            header = json.loads(data[8 : 8 + length])
            end = max((entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"), default=0)
            if held - length < end:
                return f"it is cut off: {held - length} of {end} bytes are there; copy or download it again"
        return f"it is damaged ({error}); copy or download it again"
    return f"it is no safetensors file ({error}); only such files are loaded here"


_PICKLE = (
    "loading a pickle can run any code; convert it where it came from, in PyTorch: "
    "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')"
)


def _array(path: Path, name: str, entry: Any) -> Array:
    """The array of an entry, on the memory that was read."""
    shape, data = tuple(entry["shape"]), entry["data"]
    if entry["dtype"] == "BF16":  # the upper half of a float32
        upper = np.ndarray(shape, np.dtype("<u2"), buffer=data).astype(np.uint32)
        return np.left_shift(upper, np.uint32(16)).view(np.float32)
    if entry["dtype"] not in _DTYPES:
        raise ValueError(
            f"{os.fspath(path)!r} holds {name!r} as {entry['dtype']}, which NumPy does not have; convert it to float32 "
            "where it came from"
        )
    dtype = np.dtype(_DTYPES[entry["dtype"]])
    return np.ndarray(shape, dtype.newbyteorder("<"), buffer=data).astype(dtype, copy=False)


def _checksum(structure: str, metadata: Mapping[str, str], tensors: Iterator[tuple[str, Any, Any, Any]]) -> str:
    """A number that changes when the structure, the metadata, a name, a dtype, a shape or a byte does."""
    total = zlib.crc32(structure.encode("utf-8", "surrogatepass"))
    if metadata:
        total = zlib.crc32(json.dumps(sorted(metadata.items())).encode(), total)
    for name, dtype, shape, data in sorted(tensors, key=lambda tensor: tensor[0]):
        kind = np.dtype(dtype).name if dtype is not None else ""
        total = zlib.crc32(f"{name}:{kind}:{list(shape)};".encode("utf-8", "surrogatepass"), total)
        memory: Any = np.ravel(data).view(np.uint8) if isinstance(data, np.ndarray) else data
        total = zlib.crc32(memory, total)
    return f"{total:08x}"


# --- the structure ----------------------------------------------------------------------------------------------------
# Numbers, strings, None and lists stand for themselves; all else is an object with one name, which says what it is.
def _packed(value: Any, path: tuple[str, ...], tensors: dict[str, Array], within: tuple[int, ...]) -> Any:
    """``value`` as JSON, its Tensors and arrays added to ``tensors``."""
    if isinstance(value, Tensor) or is_array(value):
        name = _free_name(".".join(path) if path else "value", tensors)
        tensors[name] = _host(value, path)
        return {"tensor" if isinstance(value, Tensor) else "array": name}
    if isinstance(value, np.str_):
        return str(value)
    if isinstance(value, np.generic) and value.dtype.kind in "fiub":
        _check_width(value.dtype, path)
        return {"scalar": [as_dtype(value.dtype).name, _packed(value.item(), path, tensors, within)]}
    if type(value) is int and value.bit_length() > _LONGEST_INTEGER:
        raise ValueError(f"{_place(path)} is an integer of {value.bit_length()} bits; save it as a string: hex(it)")
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if id(value) in within:
        raise ValueError(f"{_place(path)} contains itself, and would never end")
    within = (*within, id(value))
    if type(value) in (list, tuple):
        items = [_packed(item, (*path, str(i)), tensors, within) for i, item in enumerate(value)]
        return items if type(value) is list else {"tuple": items}
    if isinstance(value, Mapping):
        pairs = [[_key(key, path), _packed(part, (*path, str(key)), tensors, within)] for key, part in value.items()]
        return {"dict": dict(pairs)} if all(type(key) is str for key, _ in pairs) else {"pairs": pairs}
    raise TypeError(f"{_place(path)} is of type {type(value).__name__}, which such a file cannot hold; {_cure(value)}")


def _unpacked(node: Any, tensors: dict[str, Array]) -> Any:
    """The inverse of ``_packed``."""
    if isinstance(node, list):
        return [_unpacked(item, tensors) for item in node]
    if not isinstance(node, dict):
        return node
    ((kind, value),) = node.items()
    if kind == "dict":
        return {key: _unpacked(part, tensors) for key, part in value.items()}
    if kind == "pairs":
        return {_unpacked(key, tensors): _unpacked(part, tensors) for key, part in value}
    if kind == "tuple":
        return tuple(_unpacked(item, tensors) for item in value)
    if kind == "tensor":
        return wrap(tensors[value], None)
    if kind == "array":
        return tensors[value]
    if kind == "scalar":
        return as_dtype(value[0]).type(_unpacked(value[1], tensors))
    if kind == "float":
        return float(value)
    raise ValueError(f"unknown kind {kind!r}; was it written by a newer version?")


def _key(key: Any, path: tuple[str, ...]) -> Any:
    if isinstance(key, (np.str_, np.bool_, np.integer)):  # equal to Python's, and found by them
        return key.item()
    if key is None or type(key) in (bool, int, str):
        return key
    raise TypeError(
        f"{_place(path)} has the key {key!r} of type {type(key).__name__}; keys are strings, integers, booleans or None"
    )


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    """``name``, or with a number behind it where another path reads the same, as "a.b" in one dict and b in a."""
    if name != "__metadata__" and name not in taken:
        return name
    return next(other for n in range(2, len(taken) + 3) if (other := f"{name}#{n}") not in taken)


def _host(value: Any, path: tuple[str, ...]) -> Array:
    """The values of a Tensor or array as the file holds them: in NumPy, in one piece, in the byte order of here."""
    array = value._array if isinstance(value, Tensor) else value
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{_place(path)} is not in the memory of the CPU; bring it there first: .detach().cpu()")
    _check_width(array.dtype, path)
    if array.dtype.newbyteorder("=") not in _NAMES:
        raise TypeError(f"{_place(path)} is {array.dtype}, which such a file cannot hold; convert it to float64")
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")


def _check_width(dtype: Any, path: tuple[str, ...]) -> None:
    if dtype.kind == "f" and dtype.itemsize > 8:
        raise ValueError(f"{_place(path)} is {dtype}, which such a file cannot hold; convert it: .astype(np.float64)")


def _place(path: tuple[str, ...]) -> str:
    return f"what stands at {'.'.join(path)!r}" if path else "the state"


def _cure(value: Any) -> str:
    if hasattr(value, "state_dict"):
        return "save its state: .state_dict()"
    if isinstance(value, np.random.Generator):
        return "save minigrad.get_rng_state(generator)"
    if isinstance(value, (set, frozenset)):
        return "make it a list"
    if isinstance(value, (tuple, list, int, float, str)):
        return (
            f"convert it to a plain {next(k.__name__ for k in (tuple, list, int, float, str) if isinstance(value, k))}"
        )
    return "save the numbers and strings that it is made from"
