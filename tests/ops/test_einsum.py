"""Einstein's summation against PyTorch, against NumPy's own, and its messages."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.ops.einsum import einsum, path


def test_integers_and_mixed_precision():
    assert einsum("i,i->", Tensor([1, 2]), Tensor([3, 4])).dtype == np.int64
    assert einsum("i,i->", Tensor([1.0, 2.0]), Tensor([3, 4])).dtype == np.float32
    assert einsum("i,i->", Tensor([1.0]), Tensor(np.array([3.0]))).dtype == np.float64


def test_path_avoids_large_intermediates():
    sizes = {"i": 1000, "j": 2, "k": 1000, "l": 2}
    steps = path(("ij", "jk", "kl"), "il", tuple(sorted(sizes.items())))
    assert steps[0] == (1, 2)  # (1000 x 2)(2 x 1000) first would have a million elements
    sizes["i"], sizes["k"] = 2, 1000
    assert path(("ki", "kj", "kl"), "ijl", tuple(sorted(sizes.items())))


def ones(*shape):
    return Tensor(np.ones(shape, np.float32), requires_grad=True)


@pytest.mark.parametrize(
    ("call", "mentions"),
    [
        (lambda: einsum("ij,jk->ik", ones(2, 3), ones(4, 5)), ["'ij,jk->ik'", "'j' is 3", r"\(2, 3\).* 4 .*\(4, 5\)"]),
        (lambda: einsum("ii", ones(2, 3)), ["'ii'", "'i' is 2", r"\(2, 3\)"]),
        (lambda: einsum("ii", ones(1, 3)), ["'ii'", "'i' is 1", r"\(1, 3\)"]),
        (lambda: einsum("ij,jk->ik", ones(2, 3)), ["'ij,jk->ik'", "2 operands", "got 1"]),
        (lambda: einsum("ij->i", ones(2)), ["'ij'", "2 dimensions", "operand 0 has 1"]),
        (lambda: einsum("i->i", ones(2, 3)), ["'i'", "1 dimensions", "operand 0 has 2"]),
        (lambda: einsum("...ij->i", ones(2)), ["2 dimensions or more", "has 1"]),
        (lambda: einsum("ij->k", ones(2, 3)), ["'k' of the result stands in no operand"]),
        (lambda: einsum("ij->ii", ones(2, 3)), ["'i' stands twice in the result"]),
        (lambda: einsum("i1->i", ones(2, 3)), ["'1' cannot stand there"]),
        (lambda: einsum("ij->i->j", ones(2, 3)), ["cannot stand there"]),
        (lambda: einsum("i.j->i", ones(2, 3)), ["'.' cannot stand there"]),
        (lambda: einsum("...i...->i", ones(2, 3)), ["at most one ellipsis"]),
        (lambda: einsum("i->i,i", ones(2)), ["one result"]),
        (lambda: einsum("->"), ["no operands"]),
        (lambda: einsum("ij,ij,ik->", ones(2, 3), ones(2, 3), ones(3, 3)), ["operand 2", r"\(3, 3\)"]),
    ],
)  # fmt: skip
def test_messages(call, mentions):
    with pytest.raises(ValueError) as error:
        call()
    for mention in mentions:
        assert error.match(mention)


def test_messages_of_the_numpy_door():
    with pytest.raises(TypeError, match="does not take dtype"):
        np.einsum("i->i", ones(2), dtype=np.float64)
    with pytest.raises(TypeError, match="out="):
        np.einsum("i->i", ones(2), out=np.zeros(2))
    with pytest.raises(TypeError, match="lists of 0 to 51"):
        einsum(ones(2), ["a"])
