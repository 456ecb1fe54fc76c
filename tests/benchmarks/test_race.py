"""Races: everybody gets a turn in each round, and what surrounds a turn is entered and left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from benchmarks import race as module
from benchmarks.race import race, table


def test_everybody_has_one_number_for_each_round() -> None:
    times = race({"a": lambda: None, "b": lambda: None}, rounds=3, slice_seconds=0.0, pause=0.0)
    assert {name: len(values) for name, values in times.items()} == {"a": 3, "b": 3}
    assert all(value > 0 for values in times.values() for value in values)


def test_rounds_go_forth_and_back_and_every_turn_is_surrounded() -> None:
    seen: list[str] = []

    def around(name: str):
        @contextlib.contextmanager
        def turn() -> Iterator[None]:
            seen.append(f"+{name}")
            yield
            seen.append(f"-{name}")

        return turn

    steps = {name: lambda name=name: seen.append(name) for name in "ab"}
    race(steps, rounds=2, slice_seconds=0.0, pause=0.0, around={name: around(name) for name in steps})
    turns = [entry for entry in seen if entry[0] in "+-"]
    assert turns == ["+a", "-a", "+b", "-b"] + ["+a", "-a", "+b", "-b"] + ["+b", "-b", "+a", "-a"]
    assert all(seen[i - 1] not in ("-a", "-b") for i, entry in enumerate(seen) if entry in ("a", "b") and i)


def test_a_very_long_step_is_not_repeated_to_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now, calls = [0.0], []

    def step() -> None:
        calls.append(None)
        now[0] += 2.0

    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    times = race({"long": step}, rounds=2, slice_seconds=0.1, pause=0.0)
    assert times == {"long": [2.0, 2.0]}
    assert len(calls) == 3


def test_a_turn_ends_when_the_machine_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    now, calls = [0.0], []

    def step() -> None:
        calls.append(None)
        now[0] += 0.001 if len(calls) < 10 else 0.5

    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    assert module.clock(step, 8, limit=1.0) == pytest.approx(0.001)
    calls.extend([None] * 10)
    assert module.clock(step, 100, limit=1.0) == pytest.approx(0.5)
    assert len(calls) < 30


def test_the_short_table_shows_medians_and_ratios() -> None:
    lines = table("losses", {"NumPy": [2e-6, 1e-6, 3e-6], "minigrad": [4e-6]}, "NumPy").splitlines()
    assert lines[0] == "losses"
    assert lines[1].split() == ["NumPy", "2.0", "us", "1.00", "x", "NumPy"]
    assert lines[2].split() == ["minigrad", "4.0", "us", "2.00", "x", "NumPy"]
