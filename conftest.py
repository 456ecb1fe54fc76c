"""Names that every doctest may use without importing them."""

import numpy as np
import pytest

import minigrad

# Models that import PyTorch; their tests run them.
collect_ignore = ["tests/models/gpt.py", "tests/models/networks.py", "tests/models/transformers.py"]


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
NEEDED = {"minigrad.serialization": "safetensors"}


@pytest.fixture(autouse=True)
def _doctest_names(request: pytest.FixtureRequest, doctest_namespace: dict[str, object]) -> None:
    for module, package in NEEDED.items():
        if request.node.name.startswith(module):
            pytest.importorskip(package, reason=f"the examples of {module} need {package}")
    doctest_namespace.update(np=np, minigrad=minigrad, Tensor=minigrad.Tensor)
