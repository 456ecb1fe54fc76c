"""What Python itself asks of a Tensor: numbers, truth, length, iteration, membership, comparison, text."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad import Parameter, Tensor


def six():
    return Tensor(np.ones((2, 3), np.float32), requires_grad=True)


@pytest.mark.parametrize("cut", [float, int, math.exp, math.sqrt, lambda t: f"{math.floor(t)}"])
def test_a_python_number_made_from_a_graph_warns_and_names_the_cures(cut):
    t = (six() * six()).sum()
    with pytest.warns(UserWarning, match="no gradient.*item.*NumPy's functions"):
        value = cut(t)
    assert float(value) == float(cut(6.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cut(t.detach()) == value and t.item() == 6.0  # no warning where nothing is lost


def test_the_warning_points_at_the_line_that_cut_the_graph():
    with pytest.warns(UserWarning) as caught:
        float(six().sum())
    assert caught[0].filename == __file__


def test_comparison_with_what_is_no_number_is_a_plain_no():
    t = six()
    for other in (None, "abc", {}):
        assert (t == other) is False and (t != other) is True
    assert t not in [None, "abc"] and len({t, t}) == 1


def test_one_element_has_a_truth_value():
    assert Tensor(2.0) and not Tensor([[0.0]]) and (six().sum() > 5)


def test_length_and_iteration_follow_the_first_dimension():
    t = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert len(t) == 3 and [row.tolist() for row in t] == t.tolist()
    assert [row.tolist() for row in reversed(t)] == t.tolist()[::-1]
    first, *rest = t
    assert first.tolist() == [1, 2] and len(rest) == 2


def test_builtins_that_only_need_operators():
    t = Tensor([1.0, 3.0, 2.0], requires_grad=True)
    assert max(t).item() == 3 and min(t).item() == 1 and [v.item() for v in sorted(t)] == [1, 2, 3]
    total = sum(v * v for v in t)
    total.backward()
    assert total.item() == 14 and t.grad.tolist() == [2, 6, 4]
    assert abs(Tensor(-2.0)).item() == 2 and (+Tensor(3)).item() == 3


def test_membership_compares_values():
    t = Tensor([1.0, 2.0])
    assert 2.0 in t and Tensor(1.0) in t and 5 not in t


def test_an_integer_tensor_is_an_index():
    assert [10, 20, 30][Tensor(1)] == 20 and list(range(Tensor(3))) == [0, 1, 2]


def test_tensors_are_keys_by_identity():
    a, b = Tensor([1.0]), Tensor([1.0])
    assert len({a, b, a}) == 2 and {a: "a"}[a] == "a"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Tensor(1.5), "Tensor(1.5)"),
        (lambda: Tensor([1, 2]), "Tensor([1, 2])"),
        (lambda: Tensor([True]), "Tensor([ True])"),
        (lambda: Tensor(np.ones(2)), "Tensor([1., 1.], dtype=float64)"),
        (lambda: Tensor(np.ones((0, 3), np.float32)), "Tensor([], shape=(0, 3))"),
        (lambda: Tensor([1.0], requires_grad=True), "Tensor([1.], requires_grad=True)"),
        (lambda: Tensor([1.0], requires_grad=True) * 2, "Tensor([2.], op=multiply)"),
        (lambda: Parameter([1.0]), "Parameter([1.], requires_grad=True)"),
        (lambda: Tensor([[1.0, 2.0], [3.0, 4.0]]), "Tensor([[1., 2.],\n        [3., 4.]])"),
    ],
)
def test_repr(make, text):
    assert repr(make()) == text


def test_format():
    loss = (six() * 0.25).mean()
    assert f"{loss:.3f}" == "0.250" and f"{loss}" == "0.25"
    assert f"{Tensor([1.0, 2.0])}" == "Tensor([1., 2.])"


def test_values_leave_as_python_numbers():
    assert Tensor(3).item() == 3 and type(Tensor(3).item()) is int and type(Tensor([2.5]).item()) is float
    assert Tensor([[True, False]]).tolist() == [[True, False]]
    assert mg.sum(six()).item() == 6 and six().tolist() == [[1.0] * 3] * 2
