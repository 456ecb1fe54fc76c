"""Enabling and disabling: by call, block and environment; what a fork, Ctrl-C and a missing package do."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import debug
from minigrad.core.primitive import REGISTRY


def run(program: str, **environment: str) -> str:
    """What a program of its own prints; it must end well."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("MINIGRAD_FAST", "NUMBA"))}
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", textwrap.dedent(program)],
        env={**known, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


ALL_IN_KERNELS = {"MINIGRAD_FAST": "1", "MINIGRAD_FAST_MINIMUM": "0"}


def test_nothing_is_imported_before_it_is_enabled() -> None:
    program = """
        import sys, minigrad as mg
        assert not mg.fast.is_enabled()
        mg.fast.disable()
        print(sorted({"numba", "scipy", "threadpoolctl", "llvmlite"} & set(sys.modules)))
    """
    assert run(program) == "[]\n"


MISSING = """
    import sys
    sys.modules[{!r}] = None
    import minigrad as mg
    try:
        mg.fast.enable()
    except ImportError as error:
        print(error)
    print(mg.fast.is_enabled(), (mg.ones(20000) * 2).sum().item())
"""


@pytest.mark.parametrize("package", ["numba", "scipy", "threadpoolctl"])
def test_a_missing_package_is_named_and_the_environment_variable_goes_on_without(package: str) -> None:
    told = f"{package} is missing; install them: pip install numba scipy threadpoolctl"
    for before in ("numba", "scipy", "threadpoolctl"):  # the first that is missing is named
        if before == package:
            break
        pytest.importorskip(before)
    assert told in run(MISSING.format(package))
    shown = run(MISSING.format(package), MINIGRAD_FAST="1")
    assert "UserWarning: MINIGRAD_FAST is set, but" in shown and shown.count(told) == 2
    assert "False 40000.0" in shown


BROKEN = """
    import sys

    class Broken:
        def find_spec(self, name, *rest):
            if name == "numba":
                raise {}("needs NumPy 1.0 or less\\nand so on")

    sys.meta_path.insert(0, Broken())
    import minigrad as mg
    try:
        mg.fast.enable()
    except ImportError as error:
        print(error)
    print(mg.fast.is_enabled())
"""


@pytest.mark.parametrize("error", ["ImportError", "OSError"])
def test_a_package_that_does_not_run_here_is_not_called_missing(error: str) -> None:
    program = BROKEN.format(error)
    told = "numba cannot be imported: needs NumPy 1.0 or less; bring them up to date: pip install --upgrade numba"
    assert told in run(program)
    shown = run(program, MINIGRAD_FAST="1")
    assert "UserWarning: MINIGRAD_FAST is set, but" in shown and shown.count(told) == 2
    assert "False" in shown and "missing" not in shown


def needs_numba() -> None:
    pytest.importorskip("numba")
    pytest.importorskip("scipy")


def test_disabled_runs_the_plain_functions_and_enables_again(enabled: None) -> None:
    op = REGISTRY["tanh"]
    assert op.forward is not np.tanh
    with mg.fast.disabled():
        assert op.forward is np.tanh and not mg.fast.is_enabled()
        with mg.fast.disabled():
            assert not mg.fast.is_enabled()
        assert not mg.fast.is_enabled()
    assert mg.fast.is_enabled() and op.forward is not np.tanh
    with pytest.raises(ZeroDivisionError), mg.fast.disabled():
        raise ZeroDivisionError
    assert mg.fast.is_enabled()


def test_kernels_wait_for_the_last_block_of_several_threads(enabled: None) -> None:
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
        first.enter_context(mg.fast.disabled())
        second.enter_context(mg.fast.disabled())
        first.close()
        assert not mg.fast.is_enabled()
        second.close()
        assert mg.fast.is_enabled()
    with mg.fast.disabled():
        mg.fast.enable(0)  # the last word counts
        with mg.fast.disabled():
            assert not mg.fast.is_enabled()
        assert mg.fast.is_enabled()
    assert mg.fast.is_enabled()


def test_what_was_enabled_in_a_disabled_block_stays(enabled: None) -> None:
    from minigrad.fast.pool import settings

    with mg.fast.disabled():
        mg.fast.enable(123)
    assert mg.fast.is_enabled() and settings.minimum == 123


def test_every_forward_and_rule_is_what_was_declared_after_disabling() -> None:
    needs_numba()
    before = {name: (op.forward, list(op._rules)) for name, op in REGISTRY.items()}
    was = mg.fast.is_enabled()
    mg.fast.enable(0)
    mg.fast.enable(100)  # twice is once
    (mg.ones(300, requires_grad=True) * 2).sum().backward()
    mg.fast.disable()
    mg.fast.disable()
    after = {name: (op.forward, list(op._rules)) for name, op in REGISTRY.items()}
    assert was or after == before
    if was:
        mg.fast.enable()


def test_the_environment_variable_enables_and_sets_the_minimum() -> None:
    needs_numba()
    program = """
        import minigrad as mg
        from minigrad.fast.pool import settings
        print(mg.fast.is_enabled(), settings.minimum, settings.threads)
    """
    assert run(program, MINIGRAD_FAST="1", MINIGRAD_FAST_MINIMUM="7", OMP_NUM_THREADS="1") == "True 7 1\n"
    assert run("import minigrad as mg; print(mg.fast.is_enabled())", MINIGRAD_FAST="0") == "False\n"


@pytest.mark.parametrize(
    "environment",
    [{"NUMBA_THREADING_LAYER": "nonsense"}, {"NUMBA_DISABLE_JIT": "1"}, {"NUMBA_NUM_THREADS": "0"}],
    ids=str,
)
def test_where_nothing_can_be_compiled_it_is_said_and_the_plain_functions_run(environment: dict[str, str]) -> None:
    needs_numba()
    program = """
        import minigrad as mg
        from threadpoolctl import threadpool_info
        print(mg.fast.is_enabled(), mg.tanh(mg.zeros(5)).sum().item())
        assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {2}
        try:
            mg.fast.enable()
        except (ImportError, RuntimeError) as error:
            print("refused")
    """
    shown = run(program, MINIGRAD_FAST="1", OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2", **environment)
    assert "False 0.0\nrefused\n" in shown and "UserWarning: MINIGRAD_FAST is set, but minigrad.fast" in shown


def test_words_in_the_environment_that_are_no_answer() -> None:
    program = "import minigrad as mg; print(mg.fast.is_enabled())"
    shown = run(program, MINIGRAD_FAST="off")
    assert "False\n" in shown and "MINIGRAD_FAST is 1 to enable kernels, or 0, got 'off'; they stay disabled" in shown
    needs_numba()
    assert run(program, MINIGRAD_FAST="1", OMP_NUM_THREADS="0").startswith("True\n")  # OpenMP takes it for none


def test_libraries_of_products_have_one_thread_and_get_theirs_back() -> None:
    needs_numba()
    program = """
        import minigrad as mg, scipy.linalg, threading, time
        from threadpoolctl import threadpool_info
        threads = lambda: {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
        before = threads()
        mg.fast.enable()
        print(threads())
        with mg.fast.disabled():
            assert threads() == before
        def blocks():
            for _ in range(20):
                with mg.fast.disabled():
                    time.sleep(0.001)
        several = [threading.Thread(target=blocks) for _ in range(4)]
        for thread in several:
            thread.start()
        for thread in several:
            thread.join()
        assert mg.fast.is_enabled() and threads() == {1}
        mg.fast.disable()
        assert threads() == before
    """
    assert run(program, OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2") == "{1}\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_child_after_a_fork_takes_the_plain_functions() -> None:
    needs_numba()
    program = """
        import os, warnings, minigrad as mg
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads beside a fork
        mg.fast.enable(0)
        x = mg.rand(300, 300)
        want = (mg.tanh(x) @ x).sum().item()
        child = os.fork()
        if not child:
            same = abs((mg.tanh(x) @ x).sum().item() - want) < 1
            os._exit(0 if same and not mg.fast.is_enabled() else 1)
        print(os.waitpid(child, 0)[1], mg.fast.is_enabled(), abs((mg.tanh(x) @ x).sum().item() - want) < 1)
    """
    assert run(program) == "0 True True\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_child_after_a_fork_is_refused_kernels_and_not_ended() -> None:
    needs_numba()
    program = """
        import os, sys, warnings, minigrad as mg
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads beside a fork
        mg.fast.enable(0)
        with mg.fast.disabled():
            child = os.fork()
        if not child:
            try:
                mg.fast.enable()
            except RuntimeError as error:
                print(mg.fast.is_enabled(), error)
            sys.stdout.flush()
            os._exit(0)
        print(os.waitpid(child, 0)[1], mg.fast.is_enabled())
    """
    refused, status = run(program).splitlines()
    assert refused.startswith("False kernels cannot be enabled in a child by fork") and "'spawn'" in refused
    assert status == "0 True"


def test_ctrl_c_between_kernels_leaves_everything_usable() -> None:
    needs_numba()
    program = """
        import os, signal, threading, minigrad as mg
        signal.signal(signal.SIGINT, signal.default_int_handler)
        mg.fast.enable(0)
        x = mg.rand(400, 400, requires_grad=True)
        for _ in range(2):  # compiles; Python may lose an interrupt inside a callback of the compiler
            (mg.tanh(x) @ x).sum().backward()
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            while True:
                (mg.tanh(x) @ x).sum().backward()
        except KeyboardInterrupt:
            print("interrupted")
        x.grad = None
        (x * 2).sum().backward()
        print(x.grad.min().item(), x.grad.max().item())
    """
    assert run(program) == "interrupted\n2.0 2.0\n"


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_said_once() -> None:
    needs_numba()
    program = """
        import minigrad as mg
        mg.fast.enable(0)
        print((mg.tanh(mg.zeros(5)) + 1).sum().item(), mg.exp(mg.zeros(5)).sum().item())
    """
    shown = run(program, MINIGRAD_CACHE="/dev/null")
    assert "5.0 5.0" in shown and shown.count("minigrad.fast cannot write to /dev/null") == 1
    assert "MINIGRAD_CACHE" in shown


def test_who_has_no_home_is_told_so_too() -> None:
    needs_numba()
    shown = run("import minigrad as mg; mg.fast.enable()", MINIGRAD_CACHE="~nobody-of-this-name/kernels")
    assert "minigrad.fast cannot write to ~nobody-of-this-name/kernels" in shown


@pytest.mark.slow
def test_a_cache_that_is_cleared_while_a_program_runs_is_made_anew(tmp_path: Path) -> None:
    needs_numba()
    program = """
        import shutil, minigrad as mg
        from minigrad.fast.compiler import folder
        mg.fast.enable(0)
        x = mg.zeros(5)
        mg.tanh(x)
        shutil.rmtree(folder())
        print(mg.exp(x).sum().item(), any(folder().rglob("exp*.nbc")))
        shutil.rmtree(folder())
        folder().write_text("in the way")
        print(mg.expm1(x).sum().item())
    """
    assert run(program, MINIGRAD_CACHE=str(tmp_path)) == "5.0 True\n0.0\n"


@pytest.mark.slow
def test_what_was_compiled_is_kept_for_the_next_run(tmp_path: Path) -> None:
    needs_numba()
    program = """
        import minigrad as mg
        mg.fast.enable(0)
        print(mg.tanh(mg.ones(5)).sum().item())
    """
    first = run(program, MINIGRAD_CACHE=str(tmp_path))
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.nb*")}
    assert run(program, MINIGRAD_CACHE=str(tmp_path)) == first
    assert kept and kept == {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.nb*")}


@pytest.mark.slow
def test_a_damaged_cache_is_said_once_and_the_plain_function_serves(tmp_path: Path) -> None:
    needs_numba()
    program = """
        import minigrad as mg
        mg.fast.enable(0)
        print(mg.tanh(mg.zeros(5)).sum().item(), mg.tanh(mg.zeros(5)).sum().item())
    """
    run(program, MINIGRAD_CACHE=str(tmp_path))
    for pattern, said in (("tanh*.nbc", "could not compile a kernel"), ("*.nbi", "cannot compile on this machine")):
        for file in tmp_path.rglob(pattern):
            file.write_bytes(file.read_bytes()[:20])
        shown = run(program.replace("mg.fast.enable(0)", ""), MINIGRAD_CACHE=str(tmp_path), **ALL_IN_KERNELS)
        assert "0.0 0.0" in shown and shown.count(said) == 1 and "is damaged; delete that folder" in shown


def test_a_kernel_that_cannot_be_compiled_is_said_once_and_the_plain_function_serves(
    enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from numba.core.errors import UnsupportedError

    from minigrad.fast import elementwise, pool

    def broken(*arguments: object) -> None:
        raise UnsupportedError("no such machine")

    monkeypatch.setattr(pool.settings, "_warned", False)
    with monkeypatch.context() as patch:
        patch.setattr(elementwise, "loop", lambda *_: elementwise.Loop(broken, None, 1, work=1000))
        x = mg.tensor([1.0, 2.0, 3.0])
        mg.fast.disable()
        mg.fast.enable(0)
        with pytest.warns(UserWarning, match="could not compile a kernel.*no such machine"):
            y = mg.exp(x)
        assert np.allclose(y.numpy(), np.exp(x.numpy())) and np.allclose((x * x).numpy(), x.numpy() ** 2)
    mg.fast.disable()
    mg.fast.enable(0)


def test_warming_up_needs_kernels_and_leaves_random_numbers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_numba()
    was = mg.fast.is_enabled()
    mg.fast.disable()
    with pytest.raises(RuntimeError, match="call minigrad.fast.enable"):
        mg.fast.warm_up()
    mg.fast.enable()
    try:
        from minigrad.fast import warm

        monkeypatch.setattr(warm, "_STEPS", {"losses": warm._losses})
        mg.manual_seed(3)
        want = mg.rand(3).tolist()
        mg.manual_seed(3)
        with mg.no_grad():
            mg.fast.warm_up(progress=False)
        assert mg.rand(3).tolist() == want and mg.get_default_dtype() == np.float32
    finally:
        if not was:
            mg.fast.disable()


def test_what_changes_rules_for_a_while_leaves_the_kernels_where_they_were(enabled: None) -> None:
    x = mg.tensor(np.linspace(-1, 1, 5, dtype=np.float32), requires_grad=True)
    before = {name: op.running() for name, op in REGISTRY.items()}
    with debug.profile() as profiled:
        (x.tanh() * x).sum().backward()
    assert {cost.operation for cost in profiled.costs} >= {"tanh", "multiply"}
    assert {name: op.running() for name, op in REGISTRY.items()} == before
    sigmoid = REGISTRY["sigmoid"]
    with debug.broken("sigmoid"):
        assert not mg.fast.is_enabled() and sigmoid.running()["x"] is sigmoid.rules["x"]
    assert mg.fast.is_enabled() and sigmoid.running()["x"] is not sigmoid.rules["x"]


@pytest.mark.parametrize("asked", ["many", "-1"])
def test_a_least_size_that_is_none(asked: str) -> None:
    needs_numba()
    program = """
        import minigrad as mg
        try:
            mg.fast.enable()
        except ValueError as error:
            print(error)
    """
    told = run(program, MINIGRAD_FAST_MINIMUM=asked).strip()
    assert told == f"MINIGRAD_FAST_MINIMUM is a number of elements, 0 or more, got {asked!r}; unset it for the default"
    with pytest.raises(ValueError, match="minimum is a number of elements, 0 or more, got -5"):
        mg.fast.enable(-5)
