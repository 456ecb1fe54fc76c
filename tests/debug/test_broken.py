"""The break-it lab: every mistake is caught, by a check that passes without it; the suite itself catches them too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad import Tensor, debug
from minigrad.core.primitive import REGISTRY
from minigrad.debug.broken import BUGS, CHECKS, caught_by, shown

ROOT = Path(debug.__file__).parents[2]
# The part of the suite that should notice: for a mistake in one operation what is about that, else what is small enough
# to run once for each mistake.
REGISTRY_TEST = "tests/test_registry.py"
PARTS = {
    "softmax": [REGISTRY_TEST, "-k", "softmax"],
    "mean": [REGISTRY_TEST, "-k", "mean"],
    "transpose": [REGISTRY_TEST, "-k", "matmul"],
    "mask": [REGISTRY_TEST, "-k", "relu"],
    "sigmoid": [REGISTRY_TEST, "-k", "sigmoid"],
    "index": [REGISTRY_TEST, "-k", "getitem"],
    "batch-norm": ["tests/nn/test_normalization.py"],
}
SUITE = [
    "tests/core", "tests/ops/index", "tests/ops/test_products.py", "tests/autograd/test_check.py",
    "tests/nn/test_normalization.py", REGISTRY_TEST,
]  # fmt: skip
PLUGIN = """
import os
from minigrad.debug.broken import broken
block = broken(os.environ["MISTAKE"])
block.__enter__()
"""


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_passes(name):
    assert CHECKS[name]()
    assert CHECKS[name].__doc__


@pytest.mark.parametrize("name", BUGS)
def test_every_mistake_is_caught_and_goes_away(name):
    rules = {op: dict(primitive.rules) for op, primitive in REGISTRY.items()}
    assert caught_by(name)
    assert {op: dict(primitive.rules) for op, primitive in REGISTRY.items()} == rules
    assert all(check() for check in CHECKS.values())


def test_a_mistake_goes_away_after_an_error():
    with pytest.raises(ZeroDivisionError), debug.broken("mean"):
        raise ZeroDivisionError
    x = Tensor([1.0, 3.0], requires_grad=True)
    x.mean().backward()
    assert x.grad.tolist() == [0.5, 0.5]


def test_what_it_says():
    with debug.broken("order") as bug:
        assert str(bug).startswith("order: depth first instead of topological order")
    assert [line.split()[0] for line in shown().splitlines()] == list(BUGS)
    assert "nothing catches it" not in shown()
    with (
        pytest.raises(ValueError, match="no mistake 'nonsense' in the lab; there are accumulate, "),
        debug.broken("nonsense"),
    ):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_the_suite_catches_it(name, tmp_path):
    (tmp_path / "planted.py").write_text(PLUGIN)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "planted",
            "-p",
            "no:cacheprovider",
            *PARTS.get(name, SUITE),
        ],
        cwd=ROOT,
        env={**os.environ, "MISTAKE": name, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    assert "1 failed" in done.stdout
