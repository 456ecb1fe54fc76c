"""Running sums, products and extremes against PyTorch, with zeros and ties."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.autograd import grad
from minigrad.ops import scan

SCANS = ["cumsum", "cumprod", "logcumsumexp"]
EXTREMES = ["cummax", "cummin"]


def test_exponentials_far_out():
    x = np.array([-np.inf, -np.inf, -800.0, 900.0, 899.0, -np.inf])
    t = Tensor(x, requires_grad=True)
    out = scan.logcumsumexp(t, 0)
    assert out.detach().numpy()[[0, 1, 2, 3, 5]].tolist()[:4] == [-np.inf, -np.inf, -800, 900]
    (g,) = grad(out[2:].sum(), t)
    np.testing.assert_allclose(g.numpy(), [0, 0, 1, 1 + 2 * 0.7310585786, 2 * 0.2689414214, 0], rtol=1e-9)


def test_bad_arguments():
    t = Tensor([[1.0, 2.0]])
    for name in [*SCANS, *EXTREMES]:
        with pytest.raises(IndexError, match=rf"{name}: dimension 2 does not exist in a Tensor of shape \(1, 2\)"):
            getattr(scan, name)(t, 2)
        with pytest.raises(TypeError, match=f"{name} needs the dimension to run along"):
            getattr(scan, name)(t)
    with pytest.raises(ValueError, match="n at least 0, got -1"):
        scan.diff(t, -1)
    with pytest.raises(IndexError, match="diff: dimension -1 does not exist"):
        scan.diff(Tensor(1.0))
    with pytest.raises(ValueError, match=r"recurrence\(a: float64 \(2,\).*need the same shape"):
        scan.recurrence(np.ones(2), np.ones((3, 2)), axis=0)
