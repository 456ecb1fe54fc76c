"""Every workload, with sizes that take no time: all contestants that are installed do the same work."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import measure
from benchmarks.contestants import BASE, CONTESTANTS
from benchmarks.measure import assert_equal_work, numbers
from benchmarks.workloads import ALL
from benchmarks.workloads.products import attention, convolution, linear, products
from benchmarks.workloads.workload import Workload

SLOW_TO_START = {"PyTorch compiled", "minigrad fast"}  # these compile first; the command runs them


def results(workload: Workload, name: str) -> list[np.ndarray]:
    with CONTESTANTS[name].around():
        step = workload.builders(tiny=True)[name]()
        return [numbers(step()) for _ in range(3)]


@pytest.mark.parametrize("workload", ALL, ids=lambda workload: workload.name)
def test_all_contestants_do_the_same_work(workload: Workload) -> None:
    names = [n for n in workload.builders(tiny=True) if n not in SLOW_TO_START and CONTESTANTS[n].why_not() is None]
    assert "minigrad" in names
    found = {name: results(workload, name) for name in names if CONTESTANTS[name].checked}
    assert_equal_work(workload.name, found)
    assert all(np.isfinite(result).all() for found_by_one in found.values() for result in found_by_one)
    for name in set(names) - set(found):
        workload.builders(tiny=True)[name]()()


@pytest.mark.slow
def test_compiled_kernels_do_the_same_work() -> None:
    reason = CONTESTANTS["minigrad fast"].why_not()
    if reason:
        pytest.skip(reason)
    for one in ALL:
        assert_equal_work(one.name, {name: results(one, name) for name in ("minigrad", "minigrad fast")})


def test_names_and_titles_are_unique_and_contestants_are_known() -> None:
    assert len({one.name for one in ALL}) == len({(one.part, one.title) for one in ALL}) == len(ALL)
    assert {name for one in ALL for name in one.builders()} <= set(CONTESTANTS)


def test_the_rows_that_are_asked_of_every_change_are_there() -> None:
    names = [one.name for one in ALL]
    assert names[:7] == ["scalar", "mlp_small", "mlp_big", "tanh", "cnn", "gpt", "lstm"]
    assert {"norms", "vocabulary", "resnet", "attention_256", "attention_2048", "overhead_1M", "adam_1000"} <= {*names}
    assert {"mlp_big", "cnn", "gpt"} <= {one.name for one in ALL if one.memory}


@pytest.mark.parametrize("one", [one for one in ALL if "products alone" in one.builders()], ids=lambda one: one.name)
def test_the_floor_of_a_row_multiplies_matrices_that_fit(one: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []
    monkeypatch.setattr(np, "matmul", lambda x, y: done.append((x.shape, y.shape)))
    one.builders(tiny=True)["products alone"]()()
    assert done
    assert all(x[-1] == y[-2] and x[:-2] == y[:-2] for x, y in done)


def test_operations_of_the_floor_are_those_of_the_layers() -> None:
    def multiplications(needed: list) -> int:
        return sum(int(np.prod(x)) * y[-1] for x, y, *_ in needed)

    assert multiplications(linear(32, 64, 128)) == 3 * 32 * 64 * 128
    assert multiplications(linear(32, 64, 128, first=True)) == 2 * 32 * 64 * 128
    assert multiplications(convolution(8, 14, 16, 32)) == 3 * 8 * 14 * 14 * 16 * 9 * 32
    assert multiplications(attention(4, 100, 16)) == 6 * 4 * 100 * 100 * 16
    half = multiplications(attention(4, 1024, 16, block=1)) / (6 * 4 * 1024 * 1024 * 16)
    assert half == pytest.approx(0.5, abs=0.001)
    products(attention(2, 6, 3, block=4))()()


def test_unequal_work_is_refused() -> None:
    equal, other = [np.array([1.0, 2.0])] * 3, [np.array([1.0, 2.0])] * 2 + [np.array([1.0, 2.001])]
    assert_equal_work("w", {"PyTorch": equal, "minigrad": [1.00001 * result for result in equal]})
    with pytest.raises(AssertionError, match="w: step 3 of minigrad is 5.0e-04 away from that of PyTorch"):
        assert_equal_work("w", {"PyTorch": equal, "minigrad": other})
    with pytest.raises(AssertionError, match="nan away"):
        assert_equal_work("w", {"PyTorch": equal, "minigrad": [np.full(2, np.nan)] * 3})


def test_a_contestant_that_fails_is_a_note_and_minigrad_that_fails_is_an_error() -> None:
    def broken() -> None:
        raise RuntimeError("no such kernel\nand more")

    def build() -> dict:
        return {"minigrad": lambda: lambda: 1.0, "JAX": broken}

    row, notes = measure.measure(Workload("w", "a row", "a part", build), ["minigrad", "JAX"], measure.TINY)
    assert list(row.values) == ["minigrad"]
    assert len(row.values["minigrad"]) == measure.TINY.rounds
    assert notes == ["JAX on w: RuntimeError: no such kernel"]
    with pytest.raises(RuntimeError, match="no such kernel"):
        measure.measure(Workload("w", "a row", "a part", lambda: {"minigrad": broken}), ["minigrad"], measure.TINY)


def test_who_takes_part_and_why_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.contestants.installed", lambda module: module in ("minigrad", "numpy"))
    names, notes = measure.taking_part(CONTESTANTS, compiled=False)
    assert names == ["minigrad", "NumPy by hand", "products alone"]
    assert "JAX: jax is not installed: pip install jax" in notes
    assert f"{BASE}: torch is not installed: pip install torch==2.13.0" in notes
    assert sum(note.startswith("PyTorch") for note in notes) == 1  # its other forms need no line of their own
