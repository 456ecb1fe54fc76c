"""The comparison of Modules with PyTorch's, tried on the simplest one."""

from __future__ import annotations

import pytest

from minigrad import nn
from tests.module_parity import compare_modules, pair, same_modules
from tests.parity import torch


@pytest.mark.parametrize("bias", [True, False])
def test_linear(bias: bool) -> None:
    compare_modules("Linear", 3, 2, bias, inputs=[(4, 3)])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("lead", [(5,), (2, 3), ()])
def test_bilinear(bias: bool, lead: tuple[int, ...]) -> None:
    compare_modules("Bilinear", 3, 4, 2, bias=bias, inputs=[(*lead, 3), (*lead, 4)])
    assert repr(nn.Bilinear(3, 4, 2, bias)) == repr(torch.nn.Bilinear(3, 4, 2, bias))


def test_the_comparison_finds_a_difference() -> None:
    ours, theirs = pair("Linear", 3, 2)
    ours.weight.detach()[0, 0] += 1e-3
    with pytest.raises(AssertionError, match="output 0"):
        same_modules(ours, theirs, inputs=[(4, 3)])
