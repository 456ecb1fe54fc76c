"""Products, standard deviations and norms against PyTorch: every choice of dimensions, zeros, kinks."""

from __future__ import annotations

import pytest

import minigrad as mg
from minigrad import Tensor


def test_std_of_one_value():
    with pytest.raises(ValueError, match=r"std of 1 value\(s\) with correction=1 divides by zero; pass correction=0"):
        mg.std(Tensor([1.0]))


def test_bad_arguments():
    t = Tensor([[1.0, 2.0]])
    for name in ("prod", "std", "norm", "nansum", "ptp", "count_nonzero"):
        with pytest.raises(IndexError, match=r"dimension 2 does not exist in a Tensor of shape \(1, 2\)"):
            getattr(mg, name)(t, dim=2)
    with pytest.raises(ValueError, match="norm takes p as a number, math.inf or 'fro', got 'nuc'"):
        mg.norm(t, "nuc")
