"""Random programs in minigrad and in PyTorch: after every statement both hold the same, but for a table of reasons."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")

import minigrad  # noqa: E402 - nothing here runs without PyTorch
from minigrad.nn import functional  # noqa: E402
from tests.fuzz.catalogue import ATTRIBUTES, FAMILIES, NOT_DRAWN  # noqa: E402
from tests.fuzz.catalogue.functional import ARGUMENTS  # noqa: E402
from tests.fuzz.differences import TABLE  # noqa: E402
from tests.fuzz.examples import EXAMPLES  # noqa: E402
from tests.fuzz.programs import Run, explore, quiet, shrink  # noqa: E402


def check(seeds: range) -> int:
    """Run a program for every seed; return the number of statements."""
    steps = 0
    for seed in seeds:
        run = explore(seed)
        steps += len(run.program)
        if run.unknown is not None:
            pytest.fail(f"seed {seed}: {shrink(run.program, run.unknown)}", pytrace=False)
    return steps


def test_programs_use_every_function():
    drawn = {name for arguments, _ in FAMILIES for name in arguments} | set(ARGUMENTS) | set(ATTRIBUTES)
    left_out = {name for names in NOT_DRAWN.values() for name in names.split()}
    shared = {name for name in minigrad.__all__ if callable(getattr(minigrad, name)) and hasattr(torch, name)}
    shared |= {name for name in dir(minigrad.Tensor) if name[0] != "_" and hasattr(torch.Tensor, name)}
    shared |= {name for name in functional.__all__ if hasattr(torch.nn.functional, name)}
    assert {name for name in shared if name.removesuffix("_") not in drawn} == left_out


def test_every_known_difference_has_an_example():
    assert list(EXAMPLES) == list(TABLE)


@pytest.mark.parametrize("reason", EXAMPLES)
def test_a_known_difference_is_still_there(reason):
    run = Run()
    with quiet():
        for statement in EXAMPLES[reason].strip().splitlines():
            assert not run.reasons and not run.over, f"too early: {statement}"
            run.step(statement)
    assert run.unknown is None and reason in run.reasons, run.unknown


def test_some_programs():
    assert check(range(12)) > 400


@pytest.mark.slow
def test_many_programs():
    assert check(range(100, 1100)) > 50_000
