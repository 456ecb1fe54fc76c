"""Names that every doctest may use without importing them."""

import numpy as np
import pytest

import minigrad


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace.update(np=np, minigrad=minigrad, Tensor=minigrad.Tensor)
