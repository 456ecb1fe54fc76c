"""Where ``save`` writes: what it refuses to replace, permissions, links, and what killed saves leave behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

safetensors = pytest.importorskip("safetensors.numpy", reason="files need safetensors")
posix = pytest.mark.skipif(os.name != "posix", reason="devices, pipes and permissions as in POSIX")
pytestmark = posix

STATE = {"x": Tensor([1.0, 2.0]), "step": 3}


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- what is no regular file ------------------------------------------------------------------------------------------
def pipe(path: Path) -> None:
    os.mkfifo(path)


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))  # as /dev/null
    except PermissionError:
        pytest.skip("only root makes devices")


@pytest.mark.parametrize(("make", "kind"), [(pipe, "a pipe"), (bound, "a socket"), (device, "a device")])
@pytest.mark.parametrize("through_a_link", [False, True])
def test_other_than_regular_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], kind: str, through_a_link: bool
) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    special = Path("special")
    make(special)
    before = special.lstat()
    path = special
    if through_a_link:
        path = Path("link")
        path.symlink_to(special)
    listed = sorted(os.listdir())
    with pytest.raises(OSError, match=f"cannot save '{path}': it is {kind}, which the new file would replace"):
        mg.save(STATE, path)
    after = special.lstat()
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode) and sorted(os.listdir()) == listed


def test_standard_output_that_is_a_pipe() -> None:
    code = "import minigrad as mg; mg.save({}, '/dev/stdout')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "it is a pipe" in done.stderr and done.stdout == ""


def test_names_of_directories(tmp_path: Path) -> None:
    for path in (str(tmp_path), f"{tmp_path}{os.sep}", os.path.join(tmp_path, "new", ""), ""):
        with pytest.raises((IsADirectoryError, FileNotFoundError), match="add the name of a file|no directory"):
            mg.save(STATE, path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="no directory"):
        mg.save(STATE, tmp_path / "file" / "model")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write to all files")
def test_a_write_protected_file(tmp_path: Path) -> None:
    path = tmp_path / "model"
    mg.save(STATE, path)
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="write-protected"):
        mg.save({}, path)
    assert mg.load(path)["step"] == 3


def test_write_protection_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model"
    mg.save(STATE, path)
    monkeypatch.setattr(os, "access", lambda path, right: right != os.W_OK)
    with pytest.raises(PermissionError, match="write-protected"):
        mg.save({}, path)
    mg.save({}, tmp_path / "new")


# --- links ------------------------------------------------------------------------------------------------------------
def test_links_are_written_through(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    target, link, second = tmp_path / "runs" / "model", tmp_path / "latest", tmp_path / "best"
    link.symlink_to(Path("runs") / "model")  # relative, and of a file that does not exist yet
    second.symlink_to(link)
    mg.save({"step": 1}, second)
    assert second.is_symlink() and link.is_symlink() and not target.is_symlink()
    mg.save({"step": 2}, link)
    assert [mg.load(path)["step"] for path in (target, link, second)] == [2, 2, 2]
    assert sorted(os.listdir(tmp_path)) == ["best", "latest", "runs"] and os.listdir(tmp_path / "runs") == ["model"]


def test_a_link_to_nowhere_and_a_link_to_itself(tmp_path: Path) -> None:
    nowhere, knot = tmp_path / "nowhere", tmp_path / "knot"
    nowhere.symlink_to(tmp_path / "missing" / "model")
    with pytest.raises(FileNotFoundError, match="no directory"):
        mg.save(STATE, nowhere)
    knot.symlink_to(knot)
    with pytest.raises(OSError, match="symbolic links"):
        mg.save(STATE, knot)
    assert nowhere.is_symlink() and knot.is_symlink()


# --- permissions ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077, 0o002])
def test_a_new_file_has_the_mode_that_open_would_give(tmp_path: Path, mask: int) -> None:
    os.umask(mask)
    (tmp_path / "plain").write_bytes(b"")
    mg.save(STATE, tmp_path / "model")
    assert mode(tmp_path / "model") == mode(tmp_path / "plain") == 0o666 & ~mask


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o664, 0o755])
def test_a_replaced_file_keeps_its_mode(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "model"
    mg.save(STATE, path)
    path.chmod(kept)
    mg.save({"step": 4}, path)
    assert mode(path) == kept and mg.load(path)["step"] == 4


def test_what_replaces_a_private_file_is_never_readable_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    mg.save(STATE, path)
    path.chmod(0o600)
    seen: list[int] = []
    real = os.fsync

    def looking(handle: int) -> None:
        seen.extend(mode(tmp_path / name) for name in os.listdir(tmp_path))
        real(handle)

    monkeypatch.setattr(os, "fsync", looking)
    mg.save({}, path)
    assert seen and set(seen) == {0o600}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_replaced_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "model"
    mg.save(STATE, path)
    os.chown(path, 1234, 2345)
    mg.save({}, path)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_an_owner_that_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model"
    mg.save(STATE, path)
    real = os.stat

    def of_another(name: object, **options: object) -> os.stat_result:
        found = list(real(name, **options))  # type: ignore[call-overload]
        if os.fspath(name) == str(path):  # type: ignore[call-overload]
            found[4:6] = [4321, 4321]
        return os.stat_result(found)

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "stat", of_another)
    monkeypatch.setattr(os, "chown", refused)
    mg.save({"step": 9}, path)
    monkeypatch.undo()
    assert mg.load(path)["step"] == 9


# --- what killed saves leave behind -----------------------------------------------------------------------------------
KILLED = """
import os, sys, time
import numpy as np
import minigrad as mg
def wait(*_):
    print("waiting", flush=True)
    time.sleep(60)
os.{where} = wait
mg.save({{"x": np.zeros(1000)}}, sys.argv[1])
"""


def killed(path: Path, where: str) -> subprocess.Popen[str]:
    """A process that stands still in the middle of a save."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED.format(where=where), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "waiting\n"
    return process


@pytest.mark.parametrize("where", ["fsync", "replace"])
@pytest.mark.parametrize("name", ["model.safetensors", "名" * 80, "a" * 250], ids=["short", "wide", "long"])
def test_the_next_save_removes_what_a_killed_one_left(tmp_path: Path, where: str, name: str) -> None:
    path = tmp_path / name
    mg.save(STATE, path)
    processes = [killed(path, where) for _ in range(2)]
    assert len(os.listdir(tmp_path)) == 3
    mg.save(STATE, path)
    assert len(os.listdir(tmp_path)) == 3, "those that are being written must stay"
    for process in processes:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert mg.load(path)["step"] == 3 and len(os.listdir(tmp_path)) == 3
    mg.save({"step": 4}, path)
    assert os.listdir(tmp_path) == [name] and mg.load(path)["step"] == 4


def test_only_our_own_leftovers_are_removed(tmp_path: Path) -> None:
    stale = f".model.{'0' * 32}.tmp"
    others = [".model.tmp", ".model.notes.tmp", f".other.{'0' * 32}.tmp", f"model.{'0' * 32}.tmp", f"{stale}x"]
    for name in (stale, *others):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / f".model.{'1' * 32}.tmp").mkdir()
    (tmp_path / f".model.{'2' * 32}.tmp").symlink_to(tmp_path / ".model.tmp")
    os.mkfifo(tmp_path / f".model.{'3' * 32}.tmp")
    before = set(os.listdir(tmp_path)) - {stale}
    mg.save(STATE, tmp_path / "model")
    assert set(os.listdir(tmp_path)) == before | {"model"}


def test_threads_that_save_to_one_path(tmp_path: Path) -> None:
    path = tmp_path / "model"
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(20):
                mg.save({"x": np.full(1000, number), "number": number}, path)
                state = mg.load(path)
                assert (state["x"] == state["number"]).all()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and os.listdir(tmp_path) == ["model"]


def test_a_full_disk(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "model"
    mg.save(STATE, path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match="could not write .* as it was before"):
            mg.save({"x": np.zeros(10_000)}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert mg.load(path)["step"] == 3 and os.listdir(tmp_path) == ["model"]


# --- the format -------------------------------------------------------------------------------------------------------
def test_the_package_reads_what_is_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    dtypes = "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 bool".split()
    shapes = [(), (0,), (3,), (2, 0, 3), (2, 3, 1)]
    state = {
        f"{dtype}{shape} ü\n\"'": np.asarray(rng.standard_normal(shape) * 9).astype(dtype)
        for dtype in dtypes
        for shape in shapes
    }
    path = tmp_path / "model"
    mg.save(state, path, metadata={"note": "ü\n"})
    found = safetensors.load_file(path)
    assert found.keys() == state.keys()
    for name, array in state.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()
    length = int.from_bytes(path.read_bytes()[:8], "little")
    assert length % 8 == 0


# --- numbers that do not fit ------------------------------------------------------------------------------------------
WIDE = np.dtype(np.longdouble).itemsize > 8


@pytest.mark.skipif(not WIDE, reason="longdouble is float64 here")
def test_numbers_wider_than_float64(tmp_path: Path) -> None:
    wide = np.ones(2, np.longdouble)
    for value in (wide, wide[0], np.asarray(wide[0])):
        with pytest.raises(ValueError, match=r"at 'a\.b' is float\d+, .*\.astype\(np\.float64\)"):
            mg.save({"a": {"b": value}}, tmp_path / "model")
    assert os.listdir(tmp_path) == []


def test_integers_of_any_size_that_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "model"
    for number in (2**63, 2**64 + 1, -(10**4000), 2**13_999):
        mg.save({"n": number}, path)
        assert mg.load(path)["n"] == number
    for number in (2**14_000, -(10**5000)):
        with pytest.raises(ValueError, match=r"at 'n' is an integer of \d+ bits; save it as a string"):
            mg.save({"n": number}, path)


def test_states_nested_too_deeply_and_headers_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        mg.save({"deep": deep}, tmp_path / "model")
    monkeypatch.setattr(mg.serialization, "_LONGEST_HEADER", 100)
    with pytest.raises(ValueError, match=r"names, numbers and strings of the state take \d+ bytes.*in arrays"):
        mg.save({"list": list(range(100))}, tmp_path / "model")
    assert os.listdir(tmp_path) == []
