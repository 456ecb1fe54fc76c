"""PyTorch's names for arithmetic and comparisons, against PyTorch."""

from __future__ import annotations

import numpy as np

import minigrad as mg
from minigrad import Tensor


def test_a_factor_of_a_number_leaves_the_dtype():
    for dtype in ("int8", "int16", "float16", "float32"):
        assert mg.add(Tensor(np.ones(2, dtype)), 3, alpha=2).dtype == dtype
        assert mg.sub(Tensor(np.ones(2, dtype)), 1, alpha=-2).tolist() == [3, 3]


def test_closeness_and_equality():
    x, y = Tensor([1.0, np.nan, np.inf]), Tensor([1.0 + 1e-7, np.nan, np.inf])
    assert mg.isclose(x, y).tolist() == [True, False, True]
    assert x.isclose(y, equal_nan=True).tolist() == [True, True, True]
    assert not mg.allclose(x, y) and mg.allclose(x, y, equal_nan=True)
    assert mg.equal(Tensor([1.0, 2.0]), Tensor([1.0, 2.0]))
    assert not mg.equal(Tensor([1.0, 2.0]), Tensor([1.0]))
    assert mg.is_tensor(x) and not mg.is_tensor([1.0])


def test_numpys_other_names():
    x, y = Tensor([-7.0, 7.0]), Tensor([2.0, 2.0])
    for a, b in zip(np.divmod(x, y), np.divmod(x.numpy(), y.numpy()), strict=True):
        np.testing.assert_array_equal(a.numpy(), b)
    np.testing.assert_array_equal(np.fabs(x).numpy(), [7, 7])
    np.testing.assert_array_equal(np.float_power(y, 3).numpy(), [8, 8])
    assert np.gcd(Tensor([12]), Tensor([18])).tolist() == [6]
