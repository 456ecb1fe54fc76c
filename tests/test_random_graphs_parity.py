"""Random graphs with shared, duplicated and unused nodes: gradients against finite differences and PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")
import minigrad as mg  # noqa: E402
from minigrad import Tensor  # noqa: E402
from tests.test_random_graphs import BINARY, UNARY  # noqa: E402


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_third_derivatives_agree_with_pytorch(name: str) -> None:
    arrays = [np.random.default_rng([7, i]).standard_normal((3, 3)) for i in range(2)]
    found = []
    for lib, make in (
        (mg, lambda a: Tensor(a, requires_grad=True)),
        (torch, lambda a: torch.tensor(a, requires_grad=True)),
    ):
        a, b = map(make, arrays)
        y = UNARY[name](lib, a) if name in UNARY else BINARY[name](lib, a, b)
        total = (lib.sin(y) * y).sum()  # composed, so that no derivative vanishes by itself
        orders = []
        for _ in range(3):
            (g,) = lib.autograd.grad(total, a, create_graph=True)
            orders.append(g.detach().numpy())
            total = (g * lib.cos(a.detach())).sum()
        found.append(orders)
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-8 * (1 + np.abs(theirs).max()))
