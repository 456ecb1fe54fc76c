"""Which gradients change when backward adds to them: the same ones as PyTorch's."""

from __future__ import annotations

from typing import Any

import pytest

import minigrad as mg

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")


def passes(library: Any, given: bool, create_graph: bool) -> list[Any]:
    """What a gradient that was read, or given, looks like after each of two further passes."""
    x = library.tensor([1.0, 2.0], requires_grad=True)
    if given:
        x.grad = library.tensor([1.0, 1.0])
    else:
        (x * x).sum().backward()
    held, seen = x.grad, []
    for _ in range(2):
        (x * x).sum().backward(create_graph=create_graph)
        seen += [held.tolist(), x.grad.tolist(), held is x.grad, x.grad.requires_grad]
    return seen


@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_gradient_that_somebody_holds(given: bool, create_graph: bool) -> None:
    assert passes(mg, given, create_graph) == passes(torch, given, create_graph)
