"""The comparison with PyTorch must itself be able to fail: on values, dtypes, shapes and gradients of every order."""

from __future__ import annotations

import numpy as np
import pytest

from tests.parity import compare, random, torch


def test_equal_functions_agree():
    compare(lambda x, y: x * x * y, lambda x, y: x * x * y, random((3,)), random((3,), seed=1))


@pytest.mark.parametrize(
    ("ours", "what"),
    [
        (lambda x: x * x * x + 1e-6, "the value"),
        (lambda x: x * x.detach() * x.detach(), "gradient of order 1"),
        (lambda x: x * (x * x * 3).detach() - (2 * x * x * x).detach(), "gradient of order 2"),
        (lambda x: (x * x * x).reshape(3, 1), "shape"),
        (lambda x: (x * x * x).astype(np.float32), "float32"),
    ],
    ids=["value", "first", "second", "shape", "dtype"],
)
def test_a_difference_is_found(ours, what):
    with pytest.raises(AssertionError, match=what):
        compare(ours, lambda x: x * x * x, random((3,)))


def test_layouts_reach_both_libraries_with_equal_values():
    array = random((4, 3)).T
    compare(lambda x: x * 1, lambda x: x * 1, array)
    assert not torch.tensor(np.array(array)).requires_grad
