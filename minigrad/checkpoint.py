"""Checkpoints: all that a training run needs to go on, bit for bit, in one file that no crash can spoil.

(``autograd.checkpoint``, which computes activations again to save memory, is something else.)

A trainer that can be killed at any moment and goes on where it was takes three lines::

    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler, "loader": loader}
    step = checkpoint.resume(path, **parts, step=0)["step"] if arguments.resume else 0
    ...
    checkpoint.save(path, **parts, step=step)  # every so often

Example:
    >>> import os, tempfile
    >>> from minigrad import checkpoint, nn, optim
    >>> path = os.path.join(tempfile.mkdtemp(), "run.safetensors")
    >>> model = nn.Linear(3, 1)
    >>> parts = {"model": model, "optimizer": optim.Adam(model.parameters())}
    >>> checkpoint.save(path, **parts, step=7, losses=[0.5, 0.25])
    >>> checkpoint.resume(path, **parts, step=0)
    {'step': 7, 'losses': [0.5, 0.25]}
"""

from __future__ import annotations

import copy
import os
import random as python_random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from . import random
from .core.arrays import is_array
from .core.caller import warn
from .core.tensor import Tensor
from .files import file_to_replace, keep_older, replacing
from .serialization import encoded
from .serialization import load as load_file

__all__ = ["load", "resume", "save"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show

Path = str | os.PathLike[str]

_MARK = "minigrad.checkpoint"  # the entry that says what is a state, and of what
_RANDOM = "random"
_IN_FOLDER = "checkpoint.safetensors"
_whole: dict[str, tuple[int, ...]] = {}  # files that this process has written or read, and so knows to be whole


def save(path: Path, /, *, keep: int = 2, **parts: Any) -> None:
    """Write all that a run needs to go on into one file, and keep the one before as ``path + ".previous"``.

    The random state of the library, of Python and of NumPy's old global functions is always part of it. The file
    takes its place in one step, when all of it is on the disk: whatever happens, and whenever, a whole one is there.

    Args:
        path: the file, in a directory that exists; in a folder, ``checkpoint.safetensors``.
        keep: how many checkpoints stay: this one, ``.previous``, ``.previous2`` and so on.
        parts: by name, whatever has a ``state_dict()`` (model, optimizer, schedule, loader, metric, receipt) and random
            Generators, whose states are saved; and plain values, as ``minigrad.save`` takes them.

    Raises:
        TypeError: for a part that is neither, naming it.
        ValueError: for ``keep`` below 1.
        OSError: if the file cannot be written; then the old ones are as they were.
    """
    if not isinstance(keep, int) or keep < 1:
        raise ValueError(f"keep says how many checkpoints stay, at least 1, got {keep!r}")
    target = file_to_replace(_file(path))
    _check_names(parts)
    kinds = {name: type(part).__name__ for name, part in parts.items() if _has_state(part)}
    contents = {name: _state(part) if name in kinds else part for name, part in parts.items()}
    pieces = encoded({_MARK: {"version": 1, "states": kinds}, **contents, _RANDOM: _random_state()})
    with replacing(target) as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())  # if the disk is full, then before anything is moved
        if keep > 1 and _is_whole(target):
            keep_older(target, _older(target, keep - 1))
    _whole[target] = _stamp(target)


def load(path: Path, /) -> dict[str, Any]:
    """The contents of one checkpoint: states and values by name, and the random state as ``"random"``.

    To go on with a run, use ``resume``; this is to take parts out: ``model.load_state_dict(load(path)["model"])``.

    Raises:
        ImportError: without the package safetensors: ``pip install safetensors``.
        FileNotFoundError: if there is no such file.
        ValueError: if the file is cut off, has a changed bit anywhere, or is no checkpoint.
    """
    return _read(_file(path))[1]


def resume(path: Path, /, *, required: bool = True, **parts: Any) -> dict[str, Any]:
    """Bring all parts back to where ``save`` was called, or change nothing at all.

    If the newest checkpoint is damaged, the one before it is taken, with a warning.

    Args:
        path: as given to ``save``.
        required: refuse to start without a checkpoint; otherwise the values given are returned, and the run begins.
        parts: the parts that were saved, under the same names; and values for names that the file does not have.

    Returns:
        The values by name: those of the file, and those given that it does not have.

    Raises:
        FileNotFoundError: if there is no checkpoint, unless ``required`` is false.
        ValueError: if no checkpoint is whole, or it is one of other parts: a model with other layers, shapes or
            dtypes, another kind of optimizer. Then nothing has changed.
    """
    _check_names(parts)
    used, kinds, contents = _newest(_file(path), required)
    values = {name: part for name, part in parts.items() if not _has_state(part)}
    if used is None:
        return values
    states = {name: part for name, part in parts.items() if _has_state(part)}
    _check_parts(used, states, kinds, contents)
    before = {name: copy.deepcopy(_state(part)) for name, part in states.items()}
    randomness = _random_state()
    for name, state in before.items():
        for place, kept, now in _differences(contents[name], state, name):
            raise ValueError(f"cannot resume from {used!r}: {place} is {kept} there, {now} here; nothing has changed")
    touched = []
    try:
        for name, part in states.items():
            touched.append(name)
            _restore(part, contents[name])
            for place, kept, now in _differences(contents[name], _state(part), name):
                raise ValueError(f"{place} is {kept} in the file, and {now} when loaded")
        touched.append(_RANDOM)
        _set_random_state(contents[_RANDOM])
    except BaseException as error:
        name = touched[-1]
        for other in touched:
            if other != _RANDOM:
                _restore(states[other], before[other])
        _set_random_state(randomness)
        if not isinstance(error, Exception):  # an interrupt
            raise
        raise ValueError(
            f"cannot resume from {used!r}: its {name!r}, of {kinds.get(name, 'Generators')}, was refused, and nothing "
            f"has changed: {error}"
        ) from error
    return values | {name: value for name, value in contents.items() if name not in kinds and name != _RANDOM}


# --- files ------------------------------------------------------------------------------------------------------------
def _file(path: Any) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"a checkpoint needs the path of a file first, got {type(path).__name__}")
    path = os.fsdecode(path)
    return os.path.join(path, _IN_FOLDER) if os.path.isdir(path) or path.endswith(os.sep) else path


def _older(path: str, count: int) -> list[str]:
    return [f"{path}.previous{'' if i == 1 else i}" for i in range(1, count + 1)]


def _stamp(path: str) -> tuple[int, ...]:
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _is_whole(path: str) -> bool:
    """Whether there is a checkpoint that deserves to be kept: a damaged one must not push out a good one."""
    try:
        if _whole.get(path) != _stamp(path):
            _read(path)
    except (FileNotFoundError, ValueError):
        return False
    except ImportError:  # without the package that reads
        return True
    return True


def _read(path: str) -> tuple[dict[str, str], dict[str, Any]]:
    """What was a state, with its kind, and the contents of a file."""
    path = os.path.realpath(path)
    contents = load_file(path)
    if not isinstance(contents, dict) or _MARK not in contents:
        raise ValueError(f"{path!r} is no checkpoint; read it with minigrad.load")
    mark = contents.pop(_MARK)
    version = mark.get("version") if isinstance(mark, dict) else None
    if version != 1:
        raise ValueError(f"{path!r} is a checkpoint of version {version}; was it written by a newer minigrad?")
    kinds = mark.get("states")
    if not isinstance(kinds, dict) or not {*kinds, _RANDOM} <= set(contents):  # not written by save
        raise ValueError(f"{path!r} is no checkpoint of minigrad: states are missing")
    _whole[path] = _stamp(path)
    return kinds, contents


def _newest(path: str, required: bool) -> tuple[str | None, dict[str, str], dict[str, Any]]:
    """The newest checkpoint that is whole: its path, what was a state, and the contents."""
    target, problems = os.path.realpath(path), []
    for file in _existing(target):
        try:
            kinds, contents = _read(file)
        except ValueError as error:
            problems.append(str(error))
            continue
        if file != target:
            problems = problems or [f"there is no {target!r}"]
            warn(f"resumed from {file!r}, the newest checkpoint that is whole: {'; '.join(problems)}")
        return file, kinds, contents
    if problems:
        raise ValueError(f"no checkpoint is whole: {'; '.join(problems)}")
    if required:
        raise FileNotFoundError(
            f"there is no checkpoint {path!r} to resume from; start without, or allow it: resume(..., required=False)"
        )
    return None, {}, {}


def _existing(target: str) -> Iterator[str]:
    if os.path.exists(target):
        yield target
    missing = 0
    for file in _older(target, 10_000):
        if os.path.exists(file):
            yield file
        else:
            missing += 1
        if missing > 1:  # a crash between two renames leaves one gap
            return


# --- parts ------------------------------------------------------------------------------------------------------------
def _check_names(parts: Mapping[str, Any]) -> None:
    for name in (_RANDOM, _MARK):
        if name in parts:
            raise ValueError(f"{name!r} is the name of what checkpoints hold anyway; take another one")


def _has_state(part: Any) -> bool:
    if isinstance(part, type):
        raise TypeError(f"a part of a checkpoint is a thing or a value, got the class {part.__name__}; make one")
    return (
        isinstance(part, np.random.Generator)
        or (hasattr(part, "state_dict") and hasattr(part, "load_state_dict"))
        or (hasattr(part, "get_state") and hasattr(part, "set_state"))
    )


def _state(part: Any) -> Any:
    if isinstance(part, np.random.Generator):
        return random.get_state(part)
    return part.state_dict() if hasattr(part, "state_dict") else part.get_state()


def _restore(part: Any, state: Any) -> None:
    if isinstance(part, np.random.Generator):
        random.set_state(state, part)
    elif hasattr(part, "load_state_dict"):
        part.load_state_dict(state)
    else:
        part.set_state(state)


def _check_parts(path: str, states: Mapping[str, Any], kinds: Mapping[str, str], contents: Mapping[str, Any]) -> None:
    """Refuse a checkpoint of other parts."""
    for name, part in states.items():
        if name not in kinds:
            held = "holds a value" if name in contents else "holds nothing"
            raise ValueError(
                f"cannot resume from {path!r}: {held} for {name!r}, a {type(part).__name__} here, but states of "
                f"{sorted(kinds)}; nothing has changed"
            )
        if kinds[name] != type(part).__name__:
            raise ValueError(
                f"cannot resume from {path!r}: {name!r} is the state of {kinds[name]} there, {type(part).__name__} "
                "here; nothing has changed"
            )
    if missing := sorted(set(kinds) - set(states)):
        raise ValueError(
            f"cannot resume from {path!r}: it holds the state of {missing}, which was not given, so that the run would "
            "go another way; give it, or take out single parts with checkpoint.load; nothing has changed"
        )


def _differences(kept: Any, now: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """Tensors that would not come back bit for bit, since the dtype differs: their place and both dtypes."""
    if isinstance(kept, Mapping) and isinstance(now, Mapping):
        for name in kept:
            if name in now:
                yield from _differences(kept[name], now[name], f"{place}.{name}")
    elif isinstance(kept, (list, tuple)) and isinstance(now, (list, tuple)):
        for number, (one, other) in enumerate(zip(kept, now, strict=False)):
            yield from _differences(one, other, f"{place}.{number}")
    elif all(isinstance(value, Tensor) or is_array(value) for value in (kept, now)) and kept.dtype != now.dtype:
        yield place, kept.dtype, now.dtype


# --- random numbers ---------------------------------------------------------------------------------------------------
def _random_state() -> dict[str, Any]:
    version, numbers, following = python_random.getstate()
    # What np.random.rand and the like draw from belongs to it: datasets of users do.
    return {
        "minigrad": random.get_state(),
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002
        "python": {"version": version, "numbers": np.array(numbers, np.uint32), "following": following},
    }


def _set_random_state(state: dict[str, Any]) -> None:
    python = state["python"]
    random.set_state(state["minigrad"])
    np.random.set_state(state["numpy"])  # noqa: NPY002
    python_random.setstate((python["version"], tuple(python["numbers"].tolist()), python["following"]))
