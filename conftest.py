"""Names that every doctest may use without importing them."""

import importlib.util
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import minigrad

# A shell that starts the tests in the background has them ignore Ctrl-C, and with them the programs that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

TESTS = Path(__file__).parent / "tests"
FAST = Path(__file__).parent / "minigrad" / "fast"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Pass over what cannot be searched for doctests: what tests import, and kernels where Numba is missing.

    One that skips without PyTorch would stay half loaded.
    """
    if FAST in collection_path.parents and importlib.util.find_spec("numba") is None:
        return True
    helper = TESTS in collection_path.parents and collection_path.suffix == ".py"
    return True if helper and not collection_path.name.startswith("test_") else None


try:
    import hypothesis
except ImportError:
    pass  # the tests that use it skip
else:  # the same examples in every run, so that a failure is one everywhere; no clock, since machines differ
    hypothesis.settings.register_profile(
        "everywhere",
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("everywhere")

# Modules whose doctests need a package that only an extra brings.
NEEDED = {"minigrad.checkpoint": "safetensors", "minigrad.serialization": "safetensors"}


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    """Every test draws the same numbers in every run, whichever ran before, so that a failure is one everywhere."""
    minigrad.manual_seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(autouse=True)
def _plain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without compiled kernels, for what is true of NumPy's functions only."""
    if request.node.get_closest_marker("plain"):
        monkeypatch.delenv("MINIGRAD_FAST", raising=False)  # for programs that the test starts
        with minigrad.fast.disabled():
            yield
    else:
        yield


@pytest.fixture(autouse=True)
def _doctest_names(request: pytest.FixtureRequest, doctest_namespace: dict[str, object]) -> None:
    for module, package in NEEDED.items():
        if request.node.name.startswith(module):
            pytest.importorskip(package, reason=f"the examples of {module} need {package}")
    doctest_namespace.update(np=np, minigrad=minigrad, Tensor=minigrad.Tensor)
