"""Files that are replaced as a whole: whatever happens, there is all of the old one or all of the new one."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO

try:
    import fcntl
except ImportError:  # on Windows, where leftovers stay: nothing tells them from files that are being written
    fcntl = None  # type: ignore[assignment]

_KINDS = {stat.S_ISCHR: "a device", stat.S_ISBLK: "a device", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}


def file_to_replace(path: str) -> str:
    """The full path of a file to be made or replaced, links followed.

    Raises:
        OSError: for what is no regular file, may not be written to, or lies in no directory.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = None
    target = os.path.realpath(path)
    directory = os.path.dirname(target)
    if not os.path.isdir(directory):
        raise FileNotFoundError(
            f"cannot save {path!r}: there is no directory {directory!r}; "
            "make it first: os.makedirs(os.path.dirname(path), exist_ok=True)"
        )
    if (mode is not None and stat.S_ISDIR(mode)) or os.path.basename(path) == "":
        raise IsADirectoryError(f"cannot save {path!r}: it is a directory; add the name of a file")
    if mode is not None and not stat.S_ISREG(mode):
        kind = next((name for matches, name in _KINDS.items() if matches(mode)), "no regular file")
        raise OSError(f"cannot save {path!r}: it is {kind}, which the new file would replace; take another name")
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(
            f"cannot save {path!r}: the file is write-protected; take another name, or allow it first"
        )
    return target


@contextlib.contextmanager
def replacing(target: str) -> Iterator[BinaryIO]:
    """A binary file, whose contents are those of ``target`` once the block has ended without an error.

    They are written beside ``target``, down to the disk, and moved there in one step. The file has the permissions of
    the one it replaces, or of one that ``open`` would make. What an earlier attempt that was killed left is removed.

    Args:
        target: from ``file_to_replace``.

    Raises:
        OSError: if the file cannot be written; then ``target`` is as it was.
    """
    directory, name = os.path.split(target)
    stem = f".{name[:50]}."  # names have a limit of 255 bytes, and a character may take four
    _remove_leftovers(directory, stem)
    temporary = os.path.join(directory, f"{stem}{uuid.uuid4().hex}.tmp")
    try:
        old = os.stat(target) if os.path.exists(target) else None
        with os.fdopen(_locked(temporary, 0o666 if old is None else 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if old is not None:
                _take_over(temporary, old)
            if fcntl is None:  # Windows renames no open file; elsewhere the lock is held to the end
                file.close()
            os.replace(temporary, target)
    except BaseException as error:  # an interrupt too must leave nothing behind
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            message = f"could not write {target!r}, which is as it was before: {error}"
            raise (type(error)(message) if error.errno is None else type(error)(error.errno, message)) from error
        raise
    _settle(directory)


def keep_older(target: str, older: list[str]) -> None:
    """Give what is ``target`` the name ``older[0]`` as well, what had that one ``older[1]``, and so on.

    ``target`` itself stays where it is, so that one whole file has its name at every moment. Where files cannot have
    two names, it is moved, and ``older[0]`` is whole.
    """
    for name, next_name in reversed(list(zip(older, older[1:], strict=False))):
        if os.path.exists(name):
            os.replace(name, next_name)
    directory, name = os.path.split(target)
    second = os.path.join(directory, f".{name[:50]}.{uuid.uuid4().hex}.tmp")  # if left behind, replacing() removes it
    try:
        os.link(target, second)
    except OSError:  # no such links on this file system
        os.replace(target, older[0])
        return
    os.replace(second, older[0])
    with contextlib.suppress(OSError):  # it is still there if both were names of one file already
        os.unlink(second)


def _locked(path: str, mode: int) -> int:
    """The handle of a new file, locked as long as it is open: the lock says that somebody is writing it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    if fcntl is not None:
        with contextlib.suppress(OSError):  # some network drives know no locks: there leftovers stay as well
            fcntl.flock(handle, fcntl.LOCK_EX)
        if not os.path.exists(path):  # another process took it for a leftover before it was locked
            os.close(handle)
            return _locked(path, mode)
    return handle


def _remove_leftovers(directory: str, stem: str) -> None:
    """Remove the files of attempts that were killed: those whose lock nobody holds."""
    if fcntl is None:
        return
    shape = re.compile(re.escape(stem) + r"[0-9a-f]{32}\.tmp")
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if shape.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    _remove_unlocked(entry.path)


def _remove_unlocked(path: str) -> None:
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    finally:
        os.close(handle)


def _take_over(path: str, old: Any) -> None:
    """Give a file the group and the owner, as far as we may, and the mode of another."""
    new = os.stat(path)
    if new.st_gid != old.st_gid:
        with contextlib.suppress(OSError):
            os.chown(path, -1, old.st_gid)
    if new.st_uid != old.st_uid:
        with contextlib.suppress(OSError):
            os.chown(path, old.st_uid, -1)
    os.chmod(path, stat.S_IMODE(old.st_mode))


def _settle(directory: str) -> None:
    """Bring the new name down to the disk, on systems where a directory can be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
