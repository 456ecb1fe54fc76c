"""Tracebacks in notebooks, and modules that are loaded when they are first used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F
from minigrad.notebook import shorten_tracebacks, shortened

ROOT = Path(mg.__file__).parents[1]


def traceback_of(run):
    try:
        run()
    except Exception as error:
        return error.__traceback__
    raise AssertionError("it did not fail")


def files(trace):
    found = []
    while trace is not None:
        found.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    return found


def test_the_frames_of_the_package_go():
    trace = traceback_of(lambda: F.cross_entropy(mg.randn(2, 3), Tensor([0, 7])))
    assert sum("minigrad" in Path(file).parts and "tests" not in file for file in files(trace)) > 0
    assert set(files(shortened(trace))) == {__file__}


def test_an_error_of_somebody_else_is_shown_whole():
    def hook(grad):
        raise KeyError("mine")

    x = mg.randn(2, requires_grad=True)
    x.register_hook(hook)
    trace = traceback_of(lambda: x.sum().backward())
    assert files(shortened(trace)) == files(trace)
    assert shortened(None) is None


def test_where_there_is_no_shell():
    assert shorten_tracebacks() is False


class Shell:
    custom_exceptions = ()

    def set_custom_exc(self, kinds, handler):
        self.kinds, self.handler = kinds, handler

    def showtraceback(self, found, tb_offset=None):
        self.shown = found


def test_what_the_shell_shows(monkeypatch):
    shell = Shell()
    assert shorten_tracebacks(shell)
    try:
        Tensor([1, 2]).backward()
    except RuntimeError as error:
        shell.handler(shell, RuntimeError, error, error.__traceback__)
    assert files(shell.shown[2]) == [__file__] and shell.shown[0] is RuntimeError
    monkeypatch.setenv("MINIGRAD_TRACEBACK", "full")
    assert not shorten_tracebacks(Shell())
    monkeypatch.delenv("MINIGRAD_TRACEBACK")
    other = Shell()
    other.custom_exceptions = (KeyError,)
    assert not shorten_tracebacks(other)


@pytest.mark.slow
def test_in_ipython():
    pytest.importorskip("IPython", reason="it is about IPython")
    code = (
        "import minigrad as mg\nfrom minigrad.nn import functional as F\n"
        "F.cross_entropy(mg.randn(2, 3), mg.Tensor([0, 7]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=NoColor", "--no-banner", "-c", code],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "7" in said and "F.cross_entropy(mg.randn(2, 3)" in said
    assert "/minigrad/nn/" not in said and len(said.splitlines()) < 20, said


def test_modules_are_loaded_when_they_are_first_used():
    code = (
        "import sys, minigrad as mg; assert 'minigrad.debug' not in sys.modules; mg.debug.lint; mg.theory.gain; "
        "mg.viz.draw_graph\ntry:\n    mg.nonsense\nexcept AttributeError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "module 'minigrad' has no attribute 'nonsense'\n"
