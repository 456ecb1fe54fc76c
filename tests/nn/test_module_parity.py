"""The comparison of Modules with PyTorch's, tried on the simplest one."""

from __future__ import annotations

import pytest

from tests.module_parity import compare_modules, pair, same_modules


@pytest.mark.parametrize("bias", [True, False])
def test_linear(bias: bool) -> None:
    compare_modules("Linear", 3, 2, bias, inputs=[(4, 3)])


def test_the_comparison_finds_a_difference() -> None:
    ours, theirs = pair("Linear", 3, 2)
    ours.weight.detach()[0, 0] += 1e-3
    with pytest.raises(AssertionError, match="output 0"):
        same_modules(ours, theirs, inputs=[(4, 3)])
