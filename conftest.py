"""Names that every doctest may use without importing them."""

import numpy as np
import pytest

import minigrad

collect_ignore = ["tests/models/gpt.py", "tests/models/networks.py"]  # they import PyTorch; their tests run them


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace.update(np=np, minigrad=minigrad, Tensor=minigrad.Tensor)
