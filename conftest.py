"""Names that every doctest may use without importing them."""

import numpy as np
import pytest

import minigrad

# Models that import PyTorch; their tests run them.
collect_ignore = ["tests/models/gpt.py", "tests/models/networks.py", "tests/models/transformers.py"]


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace.update(np=np, minigrad=minigrad, Tensor=minigrad.Tensor)
