"""Einstein's summation against PyTorch, against NumPy's own, and its messages."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor, autograd
from minigrad.core import graph as engine
from minigrad.ops.einsum import einsum
from tests.parity import DTYPES, LAYOUTS, compare, leaf, random, torch

hypothesis = pytest.importorskip("hypothesis", reason="examples are drawn with hypothesis")
st = pytest.importorskip("hypothesis.strategies")
CASES = {
    "ij->ji": [(2, 3)],
    "ba": [(2, 3)],
    "ij->": [(2, 3)],
    "ij->j": [(2, 3)],
    "ii": [(3, 3)],
    "ii->i": [(3, 3)],
    "iij->ji": [(3, 3, 2)],
    "iji->j": [(2, 3, 2)],
    "iii->i": [(2, 2, 2)],
    "ijij->ij": [(2, 3, 2, 3)],
    "...i->...": [(2, 3)],
    "...ij->...ji": [(4, 2, 3)],
    "...ii->...i": [(2, 3, 3)],
    "...->...": [()],
    "->": [()],
    "i,i": [(3,), (3,)],
    "i,j": [(3,), (2,)],
    ",": [(), ()],
    ",ij->ij": [(), (2, 3)],
    "ij,jk": [(2, 3), (3, 4)],
    " i j , j k -> i k ": [(2, 3), (3, 4)],
    "ij,jk->ki": [(2, 3), (3, 4)],
    "ij,kj->ik": [(2, 3), (4, 3)],
    "ij,ij->ij": [(2, 3), (2, 3)],
    "ij,ij->i": [(2, 3), (2, 3)],
    "ij,kl->": [(2, 3), (4, 2)],
    "ij,k->i": [(2, 3), (4,)],
    "iji,jk->k": [(2, 3, 2), (3, 4)],
    "ii,ii->i": [(3, 3), (3, 3)],
    "bhid,bhjd->bhij": [(2, 3, 4, 5), (2, 3, 2, 5)],
    "bij,bjk->bik": [(2, 3, 4), (2, 4, 2)],
    "...ij,...jk->...ik": [(5, 2, 3), (3, 4)],
    "...ij,...jk": [(2, 1, 2, 3), (4, 3, 2)],
    "...,...->...": [(2, 1, 3), (4, 1)],
    "b...,b...->b": [(2, 3), (2, 3)],
    "i...j,j->i...": [(2, 4, 5, 3), (3,)],
    "ij,jk->ik": [(2, 1), (3, 4)],  # a size of 1 fits every other
    "ij,j->i": [(1, 3), (1,)],
    "i,j,k->kji": [(2,), (3,), (4,)],
    "ij,jk,kl->il": [(2, 3), (3, 4), (4, 5)],
    "ij,jk,kl,lm->im": [(2, 3), (3, 4), (4, 2), (2, 3)],
    "ij,ij,ij->": [(2, 3), (2, 3), (2, 3)],
    "bi,oij,bj->bo": [(4, 2), (5, 2, 3), (4, 3)],
    "i,i,i,i->i": [(3,), (3,), (1,), (3,)],
    "Ab,bA->A": [(2, 3), (3, 2)],
    "ij,jk->": [(0, 3), (3, 4)],
    "ij,jl->il": [(2, 0), (0, 4)],
}


@DTYPES
@pytest.mark.parametrize("equation", CASES)
def test_value_and_gradients(equation, dtype):
    arrays = [random(shape, dtype, seed=i) for i, shape in enumerate(CASES[equation])]
    compare(lambda *x: einsum(equation, *x), lambda *x: torch.einsum(equation, *x), *arrays)


@pytest.mark.parametrize("equation", ["ij,jk->ik", "ij,ij->i", "ij,kl->ijl", "ij,jk,kl->il", "ii,ij->j"])
def test_third_order(equation):
    terms = equation.split("->")[0].split(",")
    arrays = [random((2,) * len(term), seed=i) for i, term in enumerate(terms)]
    compare(lambda *x: einsum(equation, *x).tanh(), lambda *x: torch.einsum(equation, *x).tanh(), *arrays, order=3)


@pytest.mark.parametrize("layout", ["transposed", "strided", "reversed", "repeated"])
def test_any_layout(layout):
    x = LAYOUTS[layout](random)
    compare(lambda t: einsum("...j,...j->j", t, t), lambda t: torch.einsum("...j,...j->j", t, t), x)
    compare(lambda t: einsum("...j,...k->jk", t, t), lambda t: torch.einsum("...j,...k->jk", t, t), x)


@pytest.mark.parametrize("equation", ["bij,bkj->kbi", "iij,jk->ki", "ij,jk,kl->li"])
def test_gradient_of_einsum_is_einsum(equation):
    """Nothing else is recorded, but for what brings an operand into form."""
    terms = equation.split("->")[0].split(",")
    x = [leaf(random((2,) * len(term), seed=i)) for i, term in enumerate(terms)]
    out = einsum(equation, *x)
    grads = autograd.grad(out, x, Tensor(np.ones(out.shape)), create_graph=True)
    new = engine.reachable(g._node for g in grads) - engine.reachable([out._node])
    assert "einsum" in {node.name for node in new} <= {"einsum", "from_diagonals", "transpose", "clone"}


def test_doors():
    a, b = random((2, 3)), random((3, 4), seed=1)
    expected = np.einsum("ij,jk->ik", a, b)
    for out in (
        np.einsum("ij,jk->ik", leaf(a), b),
        np.einsum("ij,jk->ik", a, leaf(b), optimize=True),
        np.einsum(leaf(a), [0, 1], b, [1, 2], [0, 2]),
        einsum(leaf(a), [0, 1], leaf(b), [1, 2]),
        einsum("ij,jk->ik", [leaf(a), leaf(b)]),
        einsum(leaf(a), [..., 1], leaf(b), [1, 2], [..., 2]),
    ):
        assert type(out) is Tensor and out.requires_grad
        np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-14)
    assert type(einsum("ij,jk->ik", a, b)) is np.ndarray
    np.testing.assert_allclose(einsum("i,i", [1.0, 2.0], Tensor([3.0, 4.0])).item(), 11)


def test_the_array_may_be_overwritten_before_backward():
    x, a = leaf(random((3,))), random((3,), seed=1)
    before = a.copy()
    out = einsum("i,i->", x, a)
    a[:] = 0
    out.backward()
    np.testing.assert_array_equal(x.grad.numpy(), before)


letters = st.sampled_from("abcd")


@st.composite
def equations(draw):
    """Any equation of up to three operands of up to three letters, diagonals included."""
    terms = draw(st.lists(st.lists(letters, max_size=3).map("".join), min_size=1, max_size=3))
    known = sorted(set("".join(terms)))
    out = "".join(draw(st.lists(st.sampled_from(known), unique=True))) if known else ""
    sizes = {c: draw(st.integers(1, 3)) for c in known}
    arrow = draw(st.booleans())
    return ",".join(terms) + (f"->{out}" if arrow else ""), [tuple(sizes[c] for c in term) for term in terms]


@hypothesis.settings(max_examples=150)
@hypothesis.given(equations())
def test_any_equation_agrees_with_numpy_and_finite_differences(case):
    equation, shapes = case
    arrays = [random(shape, seed=i) for i, shape in enumerate(shapes)]
    inputs = [leaf(a) for a in arrays]
    out = einsum(equation, *inputs)
    np.testing.assert_allclose(out.detach().numpy(), np.einsum(equation, *arrays), rtol=1e-10, atol=1e-12)
    pushed = random(out.shape, seed=9)
    grads = autograd.grad(out, inputs, Tensor(pushed))
    for i, g in enumerate(grads):  # the product is linear in each operand, so a step of 1 is exact
        direction = random(arrays[i].shape, seed=20 + i)
        moved = [a + direction if i == k else a for k, a in enumerate(arrays)]
        change = np.sum(pushed * (np.einsum(equation, *moved) - np.einsum(equation, *arrays)))
        np.testing.assert_allclose(np.sum(g.numpy() * direction), change, rtol=1e-8, atol=1e-9)
