"""The setting of the C library's allocator, and its opt-out."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from minigrad.core import memory

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting exists in glibc only")


@glibc
def test_a_large_array_reuses_freed_memory() -> None:
    """Page faults tell: a second array of 64 MiB must not fault its 16,384 pages in again."""
    code = (
        "import resource, minigrad, numpy as np\n"
        "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "for _ in range(2):\n"
        "    before = faults(); a = np.full(2**23, 1.0); del a\n"
        "print(faults() - before)"
    )
    faults = {
        setting: int(
            subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=True,
                env={"MINIGRAD_MALLOC": setting},
            ).stdout
        )
        for setting in ("", "default")
    }
    assert faults[""] < 100, faults


def test_opt_out_and_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIGRAD_MALLOC", "default")
    assert memory.keep_freed_memory() is False
    monkeypatch.delenv("MINIGRAD_MALLOC")
    monkeypatch.setattr(memory.platform, "system", lambda: "Darwin")
    assert memory.keep_freed_memory() is False
    monkeypatch.setattr(memory.platform, "system", lambda: "Linux")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    assert memory.keep_freed_memory() is False
