"""Updates of views inside a graph reach all that look at the same memory; where they cannot, they are refused."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.core.views import views_on


def leaf(*values):
    return Tensor(list(values), requires_grad=True)


def gradient(y, x):
    return mg.autograd.grad(y, x)[0].tolist()


# --- single numbers are views -----------------------------------------------------------------------------------------
def test_a_single_number_is_a_view():
    bias = Tensor([1.0, 2.0, 3.0])
    bias[0].fill_(-7)
    for value in bias:
        value.mul_(2)
    bias[Tensor(2)].add_(1)
    bias.select(0, 1).add_(1)
    bias.unbind()[1].add_(1)
    bias[np.int64(1), ...].add_(1)
    assert bias.tolist() == [-14, 7, 7]
    matrix = Tensor([[1.0, 2.0], [3.0, 4.0]])
    matrix[0, 1].zero_()
    matrix[Tensor(1), np.array(0)].zero_()
    matrix[()].mul_(2)
    matrix[1][1] = 5.0
    assert matrix.tolist() == [[2, 0], [0, 5]]
    number = Tensor(1.0)
    number[()].add_(1)
    number[...].add_(1)
    assert number.item() == 3


@pytest.mark.parametrize("index", [0, (0, 1), (), ..., np.array(0), Tensor(0), (0, ..., 1), (Tensor(0), Tensor(1))])
def test_a_write_through_a_number_is_noticed_by_the_graph_that_needs_the_old_one(index):
    w = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = (w * w).sum()
    with mg.no_grad():
        w[index].add_(1.0)
    with pytest.raises(RuntimeError, match="overwritten in place"):
        y.backward()


# --- inside a graph ---------------------------------------------------------------------------------------------------
UPDATES = {
    # an update of h, and what h is then
    "h[0].mul_": (lambda h, v: h[0].mul_(10), lambda h, v: mg.stack([h[0] * 10, h[1], h[2]])),
    "h[1] +=": (lambda h, v: h.__setitem__(1, h[1].add_(v)), lambda h, v: mg.stack([h[0], h[1] + v, h[2]])),
    "for v in h": (lambda h, v: [part.mul_(v) for part in h], lambda h, v: h * v),
    "h[1:]": (lambda h, v: h[1:].tanh_(), lambda h, v: mg.cat([h[:1], h[1:].tanh()])),
    "view[0] =": (lambda h, v: h.view(3, 1)[2].__setitem__(0, v), lambda h, v: mg.stack([h[0], h[1], v])),
    "flat[i] =": (lambda h, v: h.reshape(-1).__setitem__([0, 1], v), lambda h, v: mg.stack([v, v, h[2]])),
    "T": (lambda h, v: h.unsqueeze(0).T[1].fill_(v), lambda h, v: mg.stack([h[0], v.reshape(()), h[2]])),
    "diagonal": (lambda h, v: h.reshape(1, 3).diagonal().mul_(v), lambda h, v: mg.stack([h[0] * v, h[1], h[2]])),
    "split": (lambda h, v: h.split(1)[1].mul_(v), lambda h, v: mg.stack([h[0], h[1] * v, h[2]])),
    "unfold": (lambda h, v: h.unfold(0, 1, 2).mul_(v), lambda h, v: mg.stack([h[0] * v, h[1], h[2] * v])),
}


@pytest.mark.parametrize("name", UPDATES)
def test_the_whole_follows_its_views(name):
    update, functional = UPDATES[name]
    x, v = leaf(1.0, 2.0, 3.0), Tensor(0.5, requires_grad=True)
    h = x * x
    earlier = h * h  # saved the old values: the update must not reach them
    update(h, v)
    right = functional(x * x, v)
    np.testing.assert_allclose(h.detach().numpy(), right.detach().numpy(), rtol=1e-6)
    got = mg.autograd.grad((h * h * h + earlier).sum(), [x, v], create_graph=True, allow_unused=True)
    expected = mg.autograd.grad((right**3 + (x * x) ** 2).sum(), [x, v], create_graph=True, allow_unused=True)
    for a, b in zip(got, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5)
    second, right = (mg.autograd.grad(g[0].sum(), x)[0].numpy() for g in (got, expected))
    np.testing.assert_allclose(second, right, rtol=1e-5)


def test_the_statement_itself():
    x = leaf(1.0, 2.0, 3.0)
    h = x * 1
    h[1] += x[2] * 10
    h[:2] *= 2.0
    assert h.tolist() == [2, 64, 3] and gradient(h.sum(), x) == [2, 2, 21]
    rows = x.reshape(3, 1) * 1
    rows[0] += x[1:2]
    rows[1][0] *= 3.0
    assert rows.tolist() == [[3], [6], [3]] and gradient(rows.sum(), x) == [1, 4, 1]


def test_views_follow_the_whole_and_one_another():
    x = leaf(1.0, 2.0, 3.0, 4.0)
    h = x * 1
    first, last, square = h[:2], h[-1], h.view(2, 2)
    column = square.T[1]  # of a view that is gone
    h.mul_(2)
    assert [t.tolist() for t in (first, last, square, column)] == [[2, 4], 8, [[2, 4], [6, 8]], [4, 8]]
    column.add_(1)
    assert [t.tolist() for t in (h, first, last)] == [[2, 5, 6, 9], [2, 5], 9]
    last.zero_()
    assert h.tolist() == [2, 5, 6, 0] and square.tolist() == [[2, 5], [6, 0]] and column.tolist() == [5, 0]
    assert gradient((h + 10 * square.reshape(-1)).sum() + column.sum(), x) == [22, 24, 22, 0]


def test_a_plain_tensor_joins_the_graph_with_all_its_views():
    x, total = leaf(1.0, 2.0), mg.zeros(2, 2)
    row = total[0]
    for i in range(2):
        total[i, i] += x[i] * 3
        total[1] += x
    assert total.tolist() == [[3, 0], [2, 10]] and row.tolist() == [3, 0]
    assert total.requires_grad and row.requires_grad and gradient((total.sum() + row.sum()), x) == [8, 5]


def test_what_does_not_overlap_stays_where_it_is():
    qkv = leaf(1.0, 2.0, 3.0, 4.0, 5.0, 6.0).reshape(2, 3) * 1
    q, k, v = qkv.split(1, dim=1)
    x = qkv
    del qkv, x
    q *= 2.0
    assert [t.tolist() for t in (q, k, v)] == [[[2], [8]], [[2], [5]], [[3], [6]]]


def test_a_value_may_be_a_view_of_its_place():
    x = leaf(1.0, 2.0, 3.0)
    h = x * 1
    last = h[2]
    h[0] = last
    h[1:] = h[:2]
    h += h[1]
    assert h.tolist() == [6, 6, 5] and last.item() == 5 and gradient(h.sum() + last, x) == [0, 2, 6]


def test_a_tensor_that_took_other_memory_is_no_longer_a_parent():
    whole, other = Tensor([1.0, 2.0]), Tensor([5.0, 6.0])
    first = whole[0]
    layer = mg.nn.Linear(1, 2)
    layer.bias = mg.Parameter(whole)
    part = layer.bias.detach()[0]
    layer.load_state_dict({"weight": layer.weight, "bias": other}, assign=True)
    first += leaf(3.0)[0]
    part += leaf(3.0)[0]
    assert first.item() == part.item() == 4 and layer.bias.tolist() == other.tolist() == [5, 6]


def test_retained_gradients_follow():
    x = leaf(1.0, 2.0)
    h = x * 1
    part = h[0]
    h.retain_grad()
    part.retain_grad()
    h[1].mul_(5)
    (h * 3 + part).sum().backward()
    assert h.grad.tolist() == [5, 3] and part.grad.item() == 2 and x.grad.tolist() == [5, 15]


def test_layouts_other_than_the_usual_keep_their_views():
    x = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    h = (x * 1).T * 1  # in the order of columns
    flat = h.T.reshape(-1)
    assert flat.detach().numpy().base is not None
    h[0] = x[:, 2]
    flat[1] += 10.0
    assert h.tolist() == [[2, 5], [11, 4], [2, 5]] and flat.tolist() == [2, 11, 2, 5, 4, 5]


# --- what is refused --------------------------------------------------------------------------------------------------
SHARES = r"shares, which would not follow.*\.clone\(\)"


def test_an_alias_outside_the_graph_cannot_follow():
    x = leaf(4.0, 5.0, 6.0)
    h = x * 2
    kept = h.detach()
    for update in (lambda: h.add_(1.0), lambda: h[0].zero_(), lambda: h.__setitem__(0, x[1])):
        with pytest.raises(RuntimeError, match=SHARES):
            update()
    assert h.tolist() == kept.tolist() == [8, 10, 12]
    kept = None
    h.add_(1.0)
    assert h.tolist() == [9, 11, 13]


def test_a_view_made_without_recording_cannot_follow():
    h = leaf(4.0, 5.0) * 2
    with mg.no_grad():
        first = h[0]
    for update in (lambda: h.add_(1.0), lambda: first.add_(h[1])):
        with pytest.raises(RuntimeError, match=SHARES):
            update()
    assert first.item() == 8


def test_overlapping_views_of_what_is_gone_cannot_follow():
    h = leaf(4.0, 5.0, 6.0) * 2
    front, back = h[:2], h[1:]
    h = None
    with pytest.raises(RuntimeError, match=SHARES):
        front.add_(1.0)
    assert back.tolist() == [10, 12]


def test_a_view_of_a_leaf_is_not_updated_while_recording():
    w = leaf(4.0, 5.0)
    for update in (lambda: w[0].mul_(2), lambda: w.view(1, 2)[0, 1].zero_(), lambda: w[:1].__setitem__(0, 3.0)):
        with pytest.raises(RuntimeError, match="view of shape .* of a leaf that requires grad.*no_grad"):
            update()
    with mg.no_grad():
        w[0].mul_(2)
        w[1] += 1
    assert w.tolist() == [8, 6] and w.is_leaf


def test_repeated_elements_are_not_written():
    x = leaf(1.0, 2.0)
    for view in (x.reshape(2, 1).expand(2, 3), (x * 2).expand(3, 2), (x * 2).unfold(0, 1, 1).expand(2, 2)):
        with pytest.raises(RuntimeError, match=r"several times.*\.clone\(\)"):
            view.mul_(2)
    wide = (x * 2).expand(3, 2)
    row = wide[0]
    with pytest.raises(RuntimeError, match="several times"):
        row.mul_(2)


# --- what is remembered -----------------------------------------------------------------------------------------------
def test_views_are_remembered_weakly_and_forgotten():
    whole = Tensor(np.zeros(4))
    for _ in range(1000):
        whole[0]
    views, tensors = views_on(whole._array)
    assert views == [] and tensors == [whole]
    h = leaf(1.0, 2.0) * 2
    reference = weakref.ref(h)
    part = h[0]
    h = None
    assert reference() is None and part.item() == 2
    gc.collect()
