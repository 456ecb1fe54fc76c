"""Norms of numbers whose powers do not fit their dtype, beside the same in a wider one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigrad import Tensor, autograd, norm

WIDER = {"float16": np.float64, "float32": np.float64, "float64": np.longdouble}
P = [0.5, 1, 1.5, 2, 3, 7, -1, -2, math.inf, -math.inf]


def magnitudes(dtype: str) -> list[float]:
    limits = np.finfo(dtype)
    return [float(limits.max) / 64, float(limits.tiny) * 16, float(limits.tiny), 1.0]


def reference(x: np.ndarray, p: float, axis: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The norm and its gradient, computed in a wider type and brought back at the end."""
    wide = x.astype(WIDER[str(x.dtype)])
    size = np.abs(wide)
    if math.isinf(p):
        extreme = (np.max if p > 0 else np.min)(size, axis=axis, keepdims=True)
        hit = size == extreme
        return extreme, np.sign(wide) * hit / hit.sum(axis=axis, keepdims=True)
    scale = np.max(size, axis=axis, keepdims=True)
    out = scale * ((size / scale) ** p).sum(axis=axis, keepdims=True) ** (1 / p)
    return out, np.sign(wide) * (size / out) ** (p - 1)


@pytest.mark.parametrize("dtype", sorted(WIDER))
@pytest.mark.parametrize("p", P)
@pytest.mark.parametrize("count", [1, 4])
def test_huge_and_tiny_numbers(dtype: str, p: float, count: int) -> None:
    rng = np.random.default_rng(0)
    tolerance = 40 * np.finfo(dtype).eps
    for magnitude in magnitudes(dtype):
        values = (rng.uniform(1, 3, (3, count)) * rng.choice([-1, 1], (3, count)) * magnitude).astype(dtype)
        for axis in (1, None):
            expected, slope = reference(values, p, axis)
            if np.any(expected > np.finfo(dtype).max):  # 0.5 adds a factor up to the square of the count
                continue
            x = Tensor(values, requires_grad=True)
            out = norm(x, p, axis, True)
            assert out.dtype == np.dtype(dtype)
            np.testing.assert_allclose(out.detach().numpy(), expected.astype(dtype), rtol=tolerance)
            (g,) = autograd.grad(out, x, np.ones(out.shape))
            np.testing.assert_allclose(g.numpy(), slope.astype(dtype), rtol=2 * tolerance, atol=tolerance)


def test_rows_that_fit_stay_beside_rows_that_do_not() -> None:
    rows = np.array([[3e30, 4e30], [3e-30, 4e-30], [3.0, 4.0], [0.0, 0.0], [np.inf, 1.0], [np.nan, 1.0]], np.float32)
    expected = [5e30, 5e-30, 5.0, 0.0, np.inf, np.nan]
    np.testing.assert_allclose(norm(Tensor(rows), 2, 1).numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(norm(Tensor(rows), 3, 1).numpy()[3:], [0.0, np.inf, np.nan])
    assert norm(Tensor(rows), 2, 1).shape == (6,)
    assert norm(Tensor(rows), 2).shape == ()
    assert norm(Tensor(rows[:0]), 2, 1).shape == (0,)
    assert norm(Tensor(rows[:, :0]), 2, 1).tolist() == [0.0] * 6


def test_second_derivatives_of_small_numbers() -> None:
    x = Tensor(np.array([3e-160, 4e-160]), requires_grad=True)
    (first,) = autograd.grad(norm(x), x, create_graph=True)
    np.testing.assert_allclose(first.detach().numpy(), [0.6, 0.8])
    (second,) = autograd.grad(first[0], x)
    np.testing.assert_allclose(second.numpy(), np.array([0.64, -0.48]) / 5e-160)


def test_nan_counts_as_not_zero() -> None:
    assert norm(Tensor([0.0, np.nan, 2.0]), 0).item() == np.linalg.norm([0.0, np.nan, 2.0], 0) == 2
