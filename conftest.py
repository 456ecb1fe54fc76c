"""Names that every doctest may use without importing them."""

import numpy as np
import pytest

import minigrad

collect_ignore = ["tests/models/gpt.py"]  # it imports PyTorch; its test runs it


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace.update(np=np, minigrad=minigrad, Tensor=minigrad.Tensor)
