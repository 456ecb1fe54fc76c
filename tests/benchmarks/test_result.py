"""What is kept of a run: medians, ratios, exponents, and the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.result import Curve, Result, Row, exponent, load

ROW = Row("cnn", "CNN", "training steps", {"PyTorch": [1e-3, 2e-3, 4e-3], "minigrad": [9e-4, 2e-3, 4.4e-3]})
PEAK = Row("memory_cnn", "CNN", "peak memory", {"PyTorch": [20.0, 16.0], "minigrad": [8.0, 9.0]}, "MiB", True)


def result(**fields: object) -> Result:
    machine = {"processor": "Some", "cores": 2, "threads": 2, "vectors": "AVX2", "memory": "8 GiB", "system": "Linux"}
    machine |= {"python": "3.11.7", "blas": "openblas 0.3 (Haswell)", "environment": {}}
    return Result("2025-11-22T10:00:00+00:00", machine, {"numpy": "2.4.6", "torch": "2.13.0"}, {}, **fields)


def test_ratios_are_taken_within_rounds() -> None:
    """A machine that becomes four times as slow does so for all."""
    found = ROW.ratio("minigrad")
    assert (found.low, found.middle, found.high) == pytest.approx((0.95, 1.0, 1.05))
    assert found.spread == pytest.approx(0.05)
    assert ROW.value("minigrad") == 2e-3


def test_of_memory_the_smallest_counts() -> None:
    assert PEAK.value("PyTorch") == 16.0
    assert PEAK.ratio("minigrad").middle == 0.5


def test_without_pytorch_the_first_is_the_base() -> None:
    row = Row("cnn", "CNN", "training steps", {"minigrad": [2.0], "NumPy by hand": [1.0]})
    assert row.base == "minigrad"
    assert row.ratio("NumPy by hand").middle == 0.5


@pytest.mark.parametrize("power", [0.5, 1.0, 1.3])
def test_the_exponent_is_that_of_the_upper_half(power: float) -> None:
    sizes = [10**i for i in range(2, 7)]
    rng = np.random.default_rng(0)
    times = [[1e-6 * size**power * rng.uniform(0.97, 1.03) for _ in range(5)] for size in sizes]
    times[:2] = [[1.0]] * 2  # a fixed cost, which says nothing about growth
    curve = Curve("graph", "nodes", sizes, {"minigrad": times})
    assert curve.exponent("minigrad") == pytest.approx(power, abs=0.02)


def test_an_exponent_of_exact_powers_is_exact() -> None:
    assert exponent([1, 10, 100], [3.0, 30.0, 300.0]) == pytest.approx(1.0)
    assert exponent([2, 4, 8], [4.0, 16.0, 64.0]) == pytest.approx(2.0)


def test_a_result_comes_back_from_its_file(tmp_path: Path) -> None:
    curve = Curve("depth", "layers", [1, 2, 4], {"minigrad": [[1.0, 1.1], [2.0, 2.1], [4.0, 4.1]]})
    before = result(rows=[ROW, PEAK], curves=[curve], notes=["JAX: not installed"], control={"speeds": {"copy": 9.5}})
    path = tmp_path / "deeper" / "result.json"
    before.save(path)
    assert load(path) == before


def test_the_file_holds_what_follows_from_its_numbers(tmp_path: Path) -> None:
    result(rows=[ROW, PEAK]).save(tmp_path / "result.json")
    stored = json.loads((tmp_path / "result.json").read_text())
    for row in stored["rows"]:
        base, mine = (np.array(row["values"][name]) for name in (row["base"], "minigrad"))
        expected = mine.min() / base.min() if row["smallest"] else np.median(mine / base)
        assert row["ratios"]["minigrad"]["middle"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": 0}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(ValueError, match="other.json is no result of format 1"):
        load(tmp_path / "other.json")
