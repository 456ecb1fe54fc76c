"""Borders of width 0; the others are compared with PyTorch's and NumPy's in shape/test_arranged_parity.py."""

from __future__ import annotations

import pytest

from minigrad import Tensor
from minigrad.nn import functional as F


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_no_border_is_a_copy_all_the_same(mode):
    x = Tensor([1.0, 2.0, 3.0])
    y = F.pad(x, (0, 0), mode=mode)
    y[0] = 9.0
    assert x.tolist() == [1.0, 2.0, 3.0]
