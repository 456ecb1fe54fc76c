"""PyTorch's and NumPy's names for products against theirs: values, gradients to second order, messages."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.ops import chains, products


def test_beta_0_ignores_even_nan():
    nan = Tensor(np.full((1, 1), np.nan, np.float32))
    assert products.addmm(nan, Tensor([[2.0]]), Tensor([[3.0]]), beta=0).item() == 6


def ones(*shape):
    return Tensor(np.ones(shape, np.float32), requires_grad=True)


@pytest.mark.parametrize(
    ("name", "shapes", "mentions"),
    [
        ("mm", [(2, 3), (4, 5)], ["columns of input", "3 and 4", r"\(2, 3\)", r"\(4, 5\)"]),
        ("mm", [(2, 3, 1), (4, 5)], ["input must be a matrix", r"\(2, 3, 1\)", "matmul"]),
        ("bmm", [(2, 3, 1), (4, 5)], ["mat2 must be a stack", r"\(4, 5\)"]),
        ("bmm", [(2, 3, 1), (3, 1, 5)], ["number of matrices", "2 and 3"]),
        ("bmm", [(2, 3, 1), (2, 2, 5)], ["rows of mat2", "1 and 2"]),
        ("mv", [(2, 3), (2,)], ["length of vec", "3 and 2"]),
        ("dot", [(2, 3), (2,)], ["input must be a vector", "@"]),
        ("dot", [(3,), (2,)], ["lengths", "3 and 2"]),
        ("vdot", [(3,), (2,)], ["lengths", "3 and 2"]),
        ("inner", [(2, 3), (2,)], ["last sizes", "3 and 2"]),
        ("outer", [(2, 3), (2,)], ["input must be a vector", "np.outer"]),
        ("cross", [(2,), (2,)], ["size 3", r"\(2,\)"]),
        ("vecdot", [(2, 3), (2,)], ["dimension -1", "3 and 2"]),
        ("addmm", [(3,), (2, 3), (3, 4)], ["addmm", r"\(3,\)", r"\(2, 4\)"]),
        ("addmm", [(5, 2, 4), (2, 3), (3, 4)], [r"\(5, 2, 4\)", r"\(2, 4\)"]),
        ("addmv", [(2,), (2, 3), (2,)], ["addmv", "3 and 2"]),
        ("baddbmm", [(2,), (2, 3, 4), (3, 4, 2)], ["number of matrices", "2 and 3"]),
        ("addbmm", [(2,), (2, 3, 4), (2, 3, 2)], ["rows of batch2", "4 and 3"]),
        ("bilinear", [(4, 2), (4, 3), (5, 3, 2)], ["bilinear", r"\(4, 2\)", r"\(5, 3, 2\)"]),
        ("bilinear", [(4, 2), (4, 3), (5, 2, 3), (4,)], ["bias", r"\(5,\)", r"\(4,\)"]),
        ("tensordot", [(2, 3), (4, 2)], ["dimension 0 of a and 0 of b", "2 and 4"]),
    ],
)
def test_messages(name, shapes, mentions):
    with pytest.raises(ValueError, match=name) as error:
        getattr(products, name)(*[ones(*shape) for shape in shapes])
    for mention in mentions:
        assert error.match(mention)


def test_more_messages():
    with pytest.raises(ValueError, match=r"chain_matmul: factor 1 must be a matrix, got shape \(3,\)"):
        chains.chain_matmul(ones(2, 3), ones(3))
    with pytest.raises(ValueError, match="at least two"):
        chains.multi_dot([ones(2, 2)])
    with pytest.raises(ValueError, match=r"factor 1 must be a matrix .*\(3,\)"):
        chains.multi_dot([ones(2, 3), ones(3), ones(3)])
    with pytest.raises(ValueError, match=r"factors 0 and 1 of shapes \(2, 3\) and \(2, 2\)"):
        chains.multi_dot([ones(2, 3), ones(2, 2)])
    with pytest.raises(ValueError, match=r"square .*\(2, 3\)"):
        chains.matrix_power(ones(2, 3), 2)
    with pytest.raises(ValueError, match="at least 0"):
        chains.matrix_power(ones(2, 2), -1)
    with pytest.raises(ValueError, match="not so many"):
        products.tensordot(ones(2), ones(2), 2)
    with pytest.raises(ValueError, match="as many different dimensions"):
        products.tensordot(ones(2, 2), ones(2, 2), ([0, 0], [0, 1]))
    with pytest.raises(ValueError, match="the pair"):
        products.tensordot(ones(2, 2), ones(2, 2), [0])
    with pytest.raises(IndexError, match="tensordot: dimension 2"):
        products.tensordot(ones(2, 2), ones(2, 2), ([2], [0]))
    with pytest.raises(ValueError, match=r"np.dot.* 3 and 2"):
        np.dot(ones(3), np.ones((4, 2, 2)))
