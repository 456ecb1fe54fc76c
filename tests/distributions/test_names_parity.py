"""The import lines of programs written for PyTorch: every family stands in the submodule of the same name."""

from __future__ import annotations

import importlib

import pytest

from minigrad import distributions

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
NAMES = [name for name in torch.distributions.__all__ if hasattr(distributions, name)]


@pytest.mark.parametrize("name", NAMES)
def test_submodules(name: str) -> None:
    path = getattr(torch.distributions, name).__module__.removeprefix("torch.")
    if not path.startswith("distributions."):  # an object, such as identity_transform
        return
    assert getattr(importlib.import_module(f"minigrad.{path}"), name) is getattr(distributions, name)


def test_how_many_there_are() -> None:
    assert len(NAMES) >= 55
