"""NumPy's warnings about overflow, division by zero and invalid values point at the user's line."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, autograd
from minigrad.core.caller import warn

SCRIPT = """\
import numpy as np
import minigrad as mg
from minigrad.nn import functional as F
big, zero = mg.full((2, 2), 1e30), mg.tensor([0.0], requires_grad=True)
def step(x):
    return x.exp()  # WARNS overflow encountered in exp
step(big)
mg.log(zero)  # WARNS divide by zero encountered in log
mg.tensor([1.0]) / 0  # WARNS divide by zero encountered in divide
mg.sqrt(mg.tensor([-1.0]))  # WARNS invalid value encountered in sqrt
big @ big  # WARNS overflow encountered in matmul
np.exp(big)  # WARNS overflow encountered in exp
mg.remainder(mg.tensor([5.0]), 0)  # WARNS invalid value encountered in remainder
mg.tensor([5.0]) // 0  # WARNS divide by zero encountered in floor_divide
F.mse_loss(big, mg.zeros(2, 2))  # WARNS overflow encountered in square
F.linear(big, big)  # WARNS overflow encountered in matmul
F.conv1d(big.reshape(1, 2, 2), big.reshape(2, 2, 1))  # WARNS overflow encountered in matmul
root = zero.sqrt()
root.backward()  # WARNS divide by zero encountered in divide
step(mg.tensor([1.0]))  # nothing
with np.errstate(all="ignore"):
    big.exp()  # nothing
np.exp(np.float32(1000))  # WARNS overflow encountered in exp
"""


@pytest.mark.plain
@pytest.mark.parametrize("fast", ["0", "1"])
def test_warnings_point_at_the_line_that_led_to_them(fast: str, tmp_path: Path) -> None:
    """With Python's filters as they are by default: every line is shown, where the user wrote it.

    With compiled kernels too, for which these arrays are too small.
    """
    if fast == "1":
        pytest.importorskip("numba")
        pytest.importorskip("scipy")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(Path(minigrad.__file__).parents[1])}
    environment.update(MINIGRAD_FAST=fast, MINIGRAD_FAST_MINIMUM="")
    environment.pop("PYTHONWARNINGS", None)
    command = [sys.executable, str(script)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    shown = [line.removeprefix(f"{script}:") for line in result.stderr.splitlines() if ": RuntimeWarning: " in line]
    expected = [
        f"{number}: RuntimeWarning: {line.split('# WARNS ')[1]}"
        for number, line in enumerate(SCRIPT.splitlines(), 1)
        if "# WARNS " in line
    ]
    assert sorted(set(shown), key=lambda s: int(s.split(":")[0])) == expected
    assert len(shown) == len(set(shown)), "a line warns once"


@pytest.mark.plain
def test_values_and_gradients_are_those_without_the_warning() -> None:
    x = Tensor([1000.0, 1.0], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = x.exp()
        (slope,) = autograd.grad(y.sum(), x, create_graph=True)
        z = Tensor([0.0, 4.0], requires_grad=True)
        z.sqrt().sum().backward()
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(y.detach().numpy(), np.exp(x.detach().numpy()))
    assert slope.tolist() == y.tolist() and y.requires_grad
    assert z.grad.tolist() == [np.inf, 0.25]


@pytest.mark.plain
def test_who_asks_for_errors_gets_them_with_the_operation_undone() -> None:
    x = Tensor([1000.0])
    with warnings.catch_warnings(), pytest.raises(RuntimeWarning, match="overflow encountered in exp") as caught:
        warnings.simplefilter("error")
        x.exp()
    assert caught.value.__suppress_context__, "the traceback shows one error and not two"
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow encountered in exp"):
        x.exp()


def test_silence_is_silent() -> None:
    x = Tensor([0.0], requires_grad=True)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with np.errstate(all="ignore"):
            x.log().backward()
    assert not seen
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("ignore")
        x.log().backward()
    assert not seen


def test_warnings_of_users_rules_and_of_this_library_point_at_the_caller() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warn("look here", UserWarning)
    assert [(w.category, str(w.message), w.filename) for w in seen] == [(UserWarning, "look here", __file__)]
