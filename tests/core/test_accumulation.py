"""Gradients that are added up: in place where the sum is the engine's own, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd
from minigrad.core.declare import primitive
from minigrad.core.primitive import REGISTRY
from minigrad.core.tensor import wrap


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


# --- within one walk --------------------------------------------------------------------------------------------------
def test_a_gradient_that_rules_hand_on_is_never_written_to() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = np.array([1.0, 10.0])
    seen = []
    z = x + y  # addition hands one array to both
    z.register_hook(lambda g: seen.append(g))
    total = z + x + y + x + y + x
    total.backward(wrap(seed, None))
    assert seed.tolist() == [1.0, 10.0] == seen[0].tolist()
    assert x.grad.tolist() == [4.0, 40.0] and y.grad.tolist() == [3.0, 30.0]
    assert not np.shares_memory(x.grad.numpy(), y.grad.numpy())


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (0, 2, 4, 1, 3)])
def test_arrays_and_pieces_meet_in_one_sum_in_any_order(order: tuple[int, ...]) -> None:
    x = leaf(1.0, 2.0, 3.0)
    makers = [lambda: x * 2, lambda: x[:2].sum() * x, lambda: x * 3, lambda: x[1:].sum() * x, lambda: x * x]
    total = makers[order[0]]()
    for i in order[1:]:
        total = total + makers[i]()
    total.sum().backward()
    values = x.numpy(force=True)
    by_sums = values[:2].sum() + values[1:].sum() + values.sum() * np.array([1, 2, 1])
    np.testing.assert_allclose(x.grad.numpy(), 5 + 2 * values + by_sums, rtol=1e-15)


def test_a_rule_may_return_views_one_array_twice_and_what_it_saved() -> None:
    @primitive(name="of_three")
    def of_three(x, y, z):  # type: ignore[no-untyped-def]
        return x + y + z * 2

    try:
        of_three.rule(x=lambda g: g, y=lambda g: g[:], z=lambda g: np.broadcast_to(2.0, g.shape))
        x = leaf(1.0, 2.0)
        h = x * 1.0
        out = of_three(h, h, h) + of_three(h, h, h)
        seed = np.ones(2)
        out.backward(wrap(seed, None))
        assert x.grad.tolist() == [8.0, 8.0] and seed.tolist() == [1.0, 1.0]
    finally:
        del REGISTRY["of_three"]


def test_a_differentiable_walk_adds_tensors_anew() -> None:
    x = leaf(2.0, 3.0)
    (g,) = autograd.grad((x * x * x + x * x + x + x * 2.0).sum(), x, create_graph=True)
    assert g.tolist() == [3 * 4 + 4 + 3, 3 * 9 + 6 + 3]
    assert autograd.grad(g.sum(), x)[0].tolist() == [14.0, 20.0]


def test_what_a_hook_keeps_is_its_own() -> None:
    x, kept = leaf(1.0, 2.0), []
    h = x * 1.0
    h.register_hook(lambda g: kept.append(g))
    h.retain_grad()
    (h + h * 2 + h * 3).sum().backward(retain_graph=True)
    (h + h * 2 + h * 3).sum().backward()
    assert [g.tolist() for g in kept] == [[6.0, 6.0]] * 2
    assert h.grad.tolist() == x.grad.tolist() == [12.0, 12.0]


# --- over several walks -----------------------------------------------------------------------------------------------
def test_a_second_pass_adds_in_place() -> None:
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    grad, memory = x.grad, x.grad.numpy()
    (x * 3).sum().backward()
    assert x.grad is grad and x.grad.numpy() is memory and memory.tolist() == [5.0, 5.0]


def test_a_graph_that_used_the_gradient_notices() -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (x * 2).sum().backward()
    product = (x.grad * w).sum()
    (x * 3).sum().backward()
    with pytest.raises(RuntimeError, match=r"multiply needs its x, of shape \(2,\), which was overwritten in place"):
        product.backward()


@pytest.mark.parametrize("kind", ["view", "expanded", "read-only", "recorded", "leaf"])
def test_a_gradient_whose_memory_is_not_its_own_is_replaced(kind: str) -> None:
    x, whole = leaf(1.0, 2.0), Tensor([1.0, 1.0, 1.0], dtype=np.float64)
    frozen = np.ones(2)
    frozen.flags.writeable = False
    given = {
        "view": whole[:2],
        "expanded": whole[:1].expand(2),
        "read-only": wrap(frozen, None),
        "recorded": leaf(1.0, 1.0) * 1.0,
        "leaf": leaf(1.0, 1.0),
    }[kind]
    x.grad = given
    (x * 2).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0] and given.tolist() == [1.0, 1.0]
    assert whole.tolist() == [1.0, 1.0, 1.0] and x.grad.requires_grad == given.requires_grad


def test_differentiable_gradients_are_added_anew_and_recorded_even_inside_no_grad() -> None:
    x = leaf(2.0)
    cube, square = x**3, x**2
    with mg.no_grad():
        cube.backward(create_graph=True)
        first = x.grad
        square.backward(create_graph=True)
    assert first.tolist() == [12.0] and x.grad.tolist() == [16.0]
    assert autograd.grad(x.grad.sum(), x)[0].tolist() == [14.0]


def test_single_numbers_and_half_precision() -> None:
    for dtype in (np.float16, np.float32, np.float64):
        x, y = Tensor(2.0, requires_grad=True, dtype=dtype), Tensor([1.0, 2.0], requires_grad=True, dtype=dtype)
        for _ in range(3):
            ((x * y).sum() + x * x).backward()
        assert x.grad.item() == 21.0 and y.grad.tolist() == [6.0, 6.0]
        assert x.grad.dtype == y.grad.dtype == dtype
