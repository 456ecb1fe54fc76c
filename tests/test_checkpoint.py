"""Checkpoints: what comes back, what is refused before anything changes, and what stays on the disk."""

from __future__ import annotations

import os
import pickle
import random as python_random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, checkpoint, files, nn, optim
from minigrad.nn import functional as F

pytest.importorskip("safetensors", reason="files need safetensors")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.safetensors"


def network(width: int = 4, dtype: Any = None) -> nn.Module:
    layers = nn.Linear(3, width), nn.BatchNorm1d(width), nn.Dropout(0.3), nn.Linear(width, 1)
    return nn.Sequential(*layers).to(dtype or np.float32)


class Halving:
    """A schedule, as users write one."""

    def __init__(self, optimizer: optim.Optimizer) -> None:
        self.optimizer, self.count = optimizer, 0

    def step(self) -> None:
        self.count += 1
        self.optimizer.param_groups[0]["lr"] *= 0.9

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.count = state["count"]


def parts(**options: Any) -> dict[str, Any]:
    model = network(**options)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    generator = np.random.default_rng(5)
    return {"model": model, "optimizer": optimizer, "scheduler": Halving(optimizer), "generator": generator}


def train(run: dict[str, Any], steps: int) -> None:
    for _ in range(steps):
        x = run["generator"].standard_normal((6, 3)).astype(np.float32)
        x += np.float32(0.01 * np.random.rand() + 0.01 * python_random.random())  # noqa: NPY002
        run["optimizer"].zero_grad()
        F.mse_loss(run["model"](Tensor(x)), Tensor(x[:, :1])).backward()
        run["optimizer"].step()
        run["scheduler"].step()


def fingerprint(run: dict[str, Any]) -> list[Any]:
    """Everything that a step depends on or changes, down to the bit."""
    optimizer = run["optimizer"].state_dict()
    states = [value for entry in optimizer["state"].values() for value in entry.values()]
    return [
        [value.numpy().tobytes() for value in run["model"].state_dict().values()],
        [value.numpy().tobytes() if isinstance(value, Tensor) else value for value in states],
        optimizer["param_groups"],
        run["scheduler"].count,
        run["generator"].bit_generator.state,
        mg.random.get_state(),
        python_random.getstate(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002
    ]


# --- what comes back --------------------------------------------------------------------------------------------------
def test_a_run_goes_on_bit_for_bit(path: Path) -> None:
    mg.manual_seed(0)
    run = parts()
    train(run, 5)
    checkpoint.save(path, **run, step=5, note=("text", None), best=Tensor([1.0]))
    train(run, 7)
    expected = fingerprint(run)

    mg.manual_seed(99)
    again = parts()
    train(again, 2)
    values = checkpoint.resume(path, **again, step=0, extra="default")
    assert values["step"] == 5 and values["note"] == ("text", None) and values["best"].tolist() == [1.0]
    assert values["extra"] == "default" and set(values) == {"step", "note", "best", "extra"}
    train(again, 7)
    assert fingerprint(again) == expected


def test_resuming_into_the_same_objects(path: Path) -> None:
    run = parts()
    train(run, 3)
    checkpoint.save(path, **run)
    before = fingerprint(run)
    train(run, 3)
    assert fingerprint(run) != before
    assert checkpoint.resume(path, **run) == {}
    assert fingerprint(run) == before


def test_load_gives_the_contents(path: Path) -> None:
    run = parts()
    checkpoint.save(path, **run, step=3)
    contents = checkpoint.load(path)
    assert set(contents) == {*run, "step", "random"} and contents["step"] == 3
    other = network()
    other.load_state_dict(contents["model"])
    for ours, theirs in zip(run["model"].parameters(), other.parameters(), strict=True):
        assert ours.tolist() == theirs.tolist()
    assert mg.load(path)["scheduler"] == {"count": 0}


def test_generators_of_every_kind(path: Path) -> None:
    kinds = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]
    generators = {kind.__name__: np.random.Generator(kind(3)) for kind in kinds}
    for generator in generators.values():
        generator.integers(10, dtype=np.uint32)  # keeps half of a drawn number for the next time
    checkpoint.save(path, **generators)
    expected = {name: generator.integers(1000, size=5).tolist() for name, generator in generators.items()}
    checkpoint.resume(path, **generators)
    assert {name: generator.integers(1000, size=5).tolist() for name, generator in generators.items()} == expected
    with pytest.raises(ValueError, match=r"its 'PCG64', of Generator, was refused.*a state of 'PCG64'"):
        checkpoint.resume(path, **{**generators, "PCG64": np.random.Generator(np.random.MT19937(3))})


def test_things_with_get_state_and_set_state(path: Path) -> None:
    class Counter:
        value = 3

        def get_state(self) -> Any:
            return self.value

        def set_state(self, state: Any) -> None:
            self.value = state

    counter = Counter()
    checkpoint.save(path, counter=counter)
    counter.value = 9
    checkpoint.resume(path, counter=counter)
    assert counter.value == 3


def test_folders(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, step=1)
    checkpoint.save(f"{tmp_path}{os.sep}", step=2)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.safetensors", "checkpoint.safetensors.previous"]
    assert checkpoint.resume(tmp_path)["step"] == checkpoint.load(tmp_path)["step"] == 2
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        checkpoint.save(tmp_path / "missing" / "run", step=1)


def test_links(tmp_path: Path) -> None:
    real = tmp_path / "disk"
    real.mkdir()
    (tmp_path / "run").symlink_to(real / "run")
    for step in range(3):
        checkpoint.save(tmp_path / "run", step=step)
    assert sorted(os.listdir(real)) == ["run", "run.previous"] and (tmp_path / "run").is_symlink()
    (real / "run").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"resumed from .*run\.previous"):
        assert checkpoint.resume(tmp_path / "run") == {"step": 1}


# --- older ones -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("keep", [1, 2, 3, 5])
def test_as_many_as_asked_for_are_kept(path: Path, keep: int) -> None:
    for step in range(7):
        checkpoint.save(path, keep=keep, step=step)
    names = [path, *[Path(f"{path}.previous{n or ''}") for n in (0, 2, 3, 4)]][:keep]
    assert sorted(os.listdir(path.parent)) == sorted(name.name for name in names)
    assert [checkpoint.load(name)["step"] for name in names] == [6, 5, 4, 3, 2][:keep]


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes({
        "truncated": data[:middle],
        "empty": b"",
        "flipped": data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :],
        "zeros": bytes(len(data)),
        "pickle": pickle.dumps({"step": 3}),
    }[how])  # fmt: skip


@pytest.mark.parametrize("how", ["truncated", "empty", "flipped", "zeros", "pickle"])
def test_a_damaged_file_is_refused_and_the_one_before_is_taken(path: Path, how: str) -> None:
    run = parts()
    train(run, 2)
    checkpoint.save(path, **run, step=2)
    expected = fingerprint(run)
    train(run, 2)
    checkpoint.save(path, **run, step=4)
    damage(path, how)
    with pytest.raises(ValueError, match="run.safetensors"):
        checkpoint.load(path)
    with pytest.warns(UserWarning, match=r"resumed from .*previous', the newest .* whole: .*run\.safetensors"):
        assert checkpoint.resume(path, **run)["step"] == 2
    assert fingerprint(run) == expected
    train(run, 1)
    checkpoint.save(path, **run, step=3)  # the damaged file does not push out the good one
    assert checkpoint.load(path)["step"] == 3 and checkpoint.load(f"{path}.previous")["step"] == 2
    for file in (path, Path(f"{path}.previous")):
        damage(file, how)
    before = fingerprint(run)
    with pytest.raises(ValueError, match=r"no checkpoint is whole: .*run\.safetensors.*; .*previous"):
        checkpoint.resume(path, **run)
    assert fingerprint(run) == before


def test_changed_bits_and_cuts_anywhere_are_refused(path: Path) -> None:
    checkpoint.save(path, **parts(), step=2)
    data, random = path.read_bytes(), np.random.default_rng(0)
    for place in random.choice(len(data), 300, replace=False):
        bit = 1 << int(random.integers(8))
        for damaged in (data[:place], data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]):
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match="run.safetensors"):
                checkpoint.load(path)
    path.write_bytes(data)
    assert checkpoint.load(path)["step"] == 2


def test_a_missing_file_with_one_before(path: Path) -> None:
    for step in range(4):
        checkpoint.save(path, keep=3, step=step)
    path.unlink()
    with pytest.warns(UserWarning, match=r"resumed from .*previous'.*there is no .*run\.safetensors"):
        assert checkpoint.resume(path) == {"step": 2}
    Path(f"{path}.previous").unlink()
    with pytest.warns(UserWarning, match=r"resumed from .*previous2'"):
        assert checkpoint.resume(path) == {"step": 1}


def test_where_files_have_one_name_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*args: Any) -> None:
        raise OSError("not here")

    monkeypatch.setattr(files.os, "link", no_links)
    for step in range(4):
        checkpoint.save(path, step=step)
    assert sorted(os.listdir(path.parent)) == [path.name, f"{path.name}.previous"]
    assert [checkpoint.load(name)["step"] for name in (path, f"{path}.previous")] == [3, 2]


def test_a_full_disk_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in range(2):
        checkpoint.save(path, step=step)
    before = {name: (path.parent / name).read_bytes() for name in os.listdir(path.parent)}

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="which is as it was before.*No space left"):
        checkpoint.save(path, step=2)
    assert {name: (path.parent / name).read_bytes() for name in os.listdir(path.parent)} == before


# --- refused before anything changes ----------------------------------------------------------------------------------
class Deeper(nn.Sequential):
    pass


def wrong_parts() -> list[Any]:
    deeper, sgd, two_groups, fewer, more = (parts() for _ in range(5))
    wide, double = parts(width=5), parts(dtype=np.float64)
    deeper["model"] = Deeper(*deeper["model"])
    sgd["optimizer"] = optim.SGD(sgd["model"].parameters(), lr=0.1)
    first, *rest = two_groups["model"].parameters()
    two_groups["optimizer"] = optim.Adam([{"params": [first]}, {"params": rest}], lr=0.1)
    del fewer["scheduler"]
    more["loader"] = Halving(more["optimizer"])
    value = parts() | {"scheduler": None}
    state_for_value = parts() | {"step": Halving(more["optimizer"])}
    return [
        pytest.param(wide, r"its 'model', of Sequential, was refused, and nothing has changed: .*shape", id="shapes"),
        pytest.param(double, r"model\.0\.weight is float32 there, float64 here; nothing has changed", id="dtypes"),
        pytest.param(deeper, "'model' is the state of Sequential there, Deeper here", id="kind of model"),
        pytest.param(sgd, "'optimizer' is the state of Adam there, SGD here", id="kind of optimizer"),
        pytest.param(two_groups, "its 'optimizer', of Adam, was refused.*groups of", id="groups"),
        pytest.param(fewer, r"holds the state of \['scheduler'\], which was not given", id="fewer"),
        pytest.param(more, "holds nothing for 'loader', a Halving here", id="more"),
        pytest.param(value, r"holds the state of \['scheduler'\], which was not given", id="value for a state"),
        pytest.param(state_for_value, "holds a value for 'step', a Halving here", id="state for a value"),
    ]


@pytest.mark.parametrize(("other", "message"), wrong_parts())
def test_a_checkpoint_of_other_parts_is_refused_before_anything_changes(
    path: Path, other: dict[str, Any], message: str
) -> None:
    run = parts()
    train(run, 2)
    checkpoint.save(path, **run, step=2)
    whole = {**other, "scheduler": other.get("scheduler") or run["scheduler"]}
    before = fingerprint(whole)
    with pytest.raises(ValueError, match=f"(?s)cannot resume from .*{message}"):
        checkpoint.resume(path, **other)
    assert fingerprint(whole) == before


def test_what_fails_late_is_undone(path: Path) -> None:
    class Stubborn(Halving):
        def load_state_dict(self, state: dict[str, Any]) -> None:
            super().load_state_dict(state)
            if state["count"] == 2:
                raise KeyboardInterrupt

    run = parts()
    run["scheduler"] = Stubborn(run["optimizer"])
    train(run, 2)
    checkpoint.save(path, **run)
    train(run, 1)
    before = fingerprint(run)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.resume(path, **run)
    assert fingerprint(run) == before


def test_what_would_not_come_back_bit_for_bit_is_refused(path: Path) -> None:
    class Rounding:
        """Takes over what it is given in single precision."""

        values: Any = ()

        def state_dict(self) -> dict[str, Any]:
            return {"values": [*self.values]}

        def load_state_dict(self, state: dict[str, Any]) -> None:
            self.values = [value.astype(np.float32) for value in state["values"]]

    part = Rounding()
    part.values = [np.zeros(2), np.ones(3)]
    checkpoint.save(path, part=part)
    part.values = []
    with pytest.raises(ValueError, match=r"part\.values\.0 is float64 in the file, and float32 when loaded"):
        checkpoint.resume(path, part=part)
    assert part.values == []


def test_no_checkpoint(path: Path) -> None:
    run = parts()
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .* to resume from; start without, or allow"):
        checkpoint.resume(path, **run, step=0)
    assert checkpoint.resume(path, **run, step=0, required=False) == {"step": 0}
    mg.save({"step": 3}, path)
    with pytest.raises(ValueError, match=r"is no checkpoint; read it with minigrad\.load"):
        checkpoint.resume(path)
    with pytest.raises(ValueError, match="is no checkpoint"):
        checkpoint.resume(path, required=False)


@pytest.mark.parametrize(
    "state",
    [
        {"minigrad.checkpoint": 3},
        {"minigrad.checkpoint": {"version": 2}},
        {"minigrad.checkpoint": {"version": 1, "states": {"model": "Linear"}}, "random": {}},
        {"minigrad.checkpoint": {"version": 1, "states": {}}},
        {"minigrad.checkpoint": {"version": 1, "states": 3}, "random": {}},
        [1],
    ],
    ids=repr,
)
def test_files_that_pretend(path: Path, state: Any) -> None:
    mg.save(state, path)
    with pytest.raises(ValueError, match="checkpoint"):
        checkpoint.resume(path, model=nn.Linear(1, 1))


def test_damaged_random_states_change_nothing(path: Path) -> None:
    run = parts()
    before = fingerprint(run)
    del run["generator"]
    states = {name: part.state_dict() for name, part in run.items()}
    mark = {"version": 1, "states": {name: type(part).__name__ for name, part in run.items()}}
    for state in ({}, {"minigrad": {}, "numpy": {}, "python": {}}, 3):
        mg.save({"minigrad.checkpoint": mark, **states, "random": state}, path)
        with pytest.raises(ValueError, match="its 'random', of Generators, was refused, and nothing has changed"):
            checkpoint.resume(path, **run)
        assert fingerprint({**run, "generator": np.random.default_rng(5)}) == before


def test_a_malicious_file_runs_nothing(path: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {tmp_path / 'executed'}",)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps(Evil(), protocol))
        with pytest.raises(ValueError):
            checkpoint.resume(path, model=nn.Linear(1, 1))
    assert not (tmp_path / "executed").exists()


def test_bad_arguments(path: Path) -> None:
    with pytest.raises(ValueError, match="keep says how many checkpoints stay, at least 1, got 0"):
        checkpoint.save(path, keep=0)
    with pytest.raises(ValueError, match="'random' is the name of what checkpoints hold anyway"):
        checkpoint.save(path, random=3)
    with pytest.raises(TypeError, match="needs the path of a file first, got Linear"):
        checkpoint.save(nn.Linear(1, 1))
    with pytest.raises(TypeError, match="got the class Linear; make one"):
        checkpoint.save(path, model=nn.Linear)
    with pytest.raises(TypeError, match="at 'thing' is of type object"):
        checkpoint.save(path, thing=object())
    assert not path.exists()


# --- every moment of a save -------------------------------------------------------------------------------------------
CRASHES = """
import os, sys
import numpy as np
from minigrad import checkpoint, files

path, keep = sys.argv[1], int(sys.argv[2])
arrays = [np.arange(5) + step for step in range(30)]
checkpoint.save(path, keep=keep, step=0, array=arrays[0])
checkpoint.save(path, keep=keep, step=1, array=arrays[1])
at, newest = 0, 1
while True:
    child = os.fork()
    if not child:
        calls = 0
        def dying(function):
            def call(*args, **kwargs):
                global calls
                calls += 1
                if calls == at:
                    os.kill(os.getpid(), 9)
                return function(*args, **kwargs)
            return call
        for name in "open stat fdopen fsync replace link unlink chmod close scandir".split():
            setattr(os, name, dying(getattr(os, name)))
        checkpoint.save(path, keep=keep, step=newest + 1, array=arrays[newest + 1])
        os._exit(0)
    died = os.waitpid(child, 0)[1]
    found = checkpoint.load(path)  # there, and whole
    assert found["step"] in (newest, newest + 1), (at, found["step"], newest)
    assert (found["array"] == arrays[found["step"]]).all()
    newest = found["step"]
    at += 1
    if not died and at > 1:
        break
print(at, newest)
left = sorted(os.listdir(os.path.dirname(path)))
assert len(left) == keep, left
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
@pytest.mark.parametrize("keep", [1, 2, 3])
def test_killed_at_every_call_of_the_system(path: Path, keep: int) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(mg.__file__).parents[1]), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CRASHES, str(path), str(keep)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    moments, saved = map(int, done.stdout.split())
    assert moments > 8 and saved > 2
