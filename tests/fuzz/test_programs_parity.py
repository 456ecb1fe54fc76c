"""Random programs in minigrad and in PyTorch: after every statement both hold the same, but for a table of reasons."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")

from tests.fuzz.differences import TABLE  # noqa: E402 - only where PyTorch is
from tests.fuzz.programs import explore, shrink  # noqa: E402


def check(seeds: range) -> tuple[int, set[str]]:
    """Run a program for every seed; return the number of statements and the reasons for differences that were met."""
    steps, met = 0, set[str]()
    for seed in seeds:
        run = explore(seed, matched=met.add)
        steps += len(run.program)
        if run.unknown is not None:
            pytest.fail(f"seed {seed}: {shrink(run.program, run.unknown)}", pytrace=False)
    return steps, met


def test_some_programs():
    steps, _ = check(range(12))
    assert steps > 400


@pytest.mark.slow
def test_many_programs_and_that_every_known_difference_is_met():
    steps, met = check(range(100, 1600))
    assert steps > 20_000
    assert met == set(TABLE), f"never met, so take them out of the table: {sorted(set(TABLE) - met)}"
