"""Gradients of many pieces of one array: they are added up in one array, and nobody else's is written to."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from minigrad import Tensor, autograd

RNG = np.random.default_rng(0)


def test_pieces_and_the_whole_in_every_order() -> None:
    """What arrives first, a piece's gradient or the whole's, and whether the whole's belongs to someone else."""
    uses = {
        "first": lambda h: (h[0] * h[0]).sum(),
        "overlap": lambda h: (h[:, 1:] ** 3).sum(),
        "duplicates": lambda h: (h[[0, 0, 1]] ** 2).sum(),
        "mask": lambda h: h[h.detach() > 0].sum(),
        "whole": lambda h: (h * h).sum(),
        "spread": lambda h: h.sum(),
    }
    values = RNG.standard_normal((3, 4))
    expected = {}
    for name, use in uses.items():
        x = Tensor(values, requires_grad=True)
        (expected[name],) = (g.numpy() for g in autograd.grad(use(x * 2), x))
    names = [*uses]
    for turn in range(len(names)):
        order = names[turn:] + names[:turn]
        x = Tensor(values, requires_grad=True)
        h = x * 2
        sum(uses[name](h) for name in order).backward()
        np.testing.assert_allclose(x.grad.numpy(), sum(expected.values()), rtol=1e-13)


def test_a_gradient_that_others_hold_is_not_written_to() -> None:
    """Addition hands one array to both of its inputs; a piece's gradient must not be added into it."""
    x, y = (Tensor(RNG.standard_normal(3), requires_grad=True) for _ in range(2))
    a, b = x * 1, y * 1
    piece = a[:2]
    seen = []
    total = a + b
    total.register_hook(lambda g: seen.append(g))
    (piece.sum() + (total * 2).sum()).backward()
    assert x.grad.tolist() == [3.0, 3.0, 2.0]
    assert y.grad.tolist() == [2.0, 2.0, 2.0]
    assert seen[0].tolist() == [2.0, 2.0, 2.0]


def test_second_derivatives_of_pieces() -> None:
    x = Tensor(RNG.standard_normal((4, 3)), requires_grad=True)
    first, *rest = x.split(1)
    y = (first * first * first).sum() + sum((piece * first).sum() for piece in rest)
    (g,) = autograd.grad(y, x, create_graph=True)
    (gg,) = autograd.grad((g * g).sum(), x)
    eps, host = 1e-6, x.detach().numpy()

    def slope(values: np.ndarray) -> float:
        f, r = values[0], values[1:]
        return float(((3 * f**2 + r.sum(0)) ** 2).sum() + 3 * (f**2).sum())

    for i in np.ndindex(host.shape):
        step = np.zeros_like(host)
        step[i] = eps
        assert gg.numpy()[i] == pytest.approx((slope(host + step) - slope(host - step)) / (2 * eps), abs=1e-6)


def test_hooks_and_retained_gradients_see_the_sum() -> None:
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    h = x * 1
    h.retain_grad()
    (h[0] * 5 + h[2] * 7 + h[0]).backward()
    assert h.grad.tolist() == [6.0, 0.0, 7.0]


def test_a_piece_of_another_precision() -> None:
    x = Tensor(np.ones((2, 2), np.float32), requires_grad=True)
    y = Tensor(np.ones(2), requires_grad=True)
    (x[0] * y + x[1] * y).sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_a_loop_over_time_steps_takes_one_array_for_all_gradients() -> None:
    steps, width = 256, 4096
    x = Tensor(np.ones((steps, width), np.float32), requires_grad=True)
    total = sum((x[t] for t in range(1, steps)), x[0]).sum()
    tracemalloc.start()
    total.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.all(x.grad.numpy() == 1)
    assert peak < 3 * x.detach().numpy().nbytes


@pytest.mark.parametrize(
    "cuts",
    [
        [(0, 2), (2, 5), (5, 6)],  # exactly the whole
        [(5, 6), (0, 2), (2, 5)],  # in another order
        [(0, 2), (2, 5)],  # a gap at the end
        [(1, 2), (2, 6)],  # and at the beginning
        [(0, 4), (2, 6)],  # overlapping
        [(0, 6), (0, 6)],
        [(0, 3), (3, 6), (6, 6)],  # an empty one
        [(-6, -3), (3, None)],  # counted from behind
    ],
)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_pieces_side_by_side(axis: int, cuts: list[tuple[int, int | None]]) -> None:
    values = RNG.standard_normal((6, 6, 6)).astype(np.float32)
    x = Tensor(values, requires_grad=True)
    expected = np.zeros_like(values)
    total = 0
    for number, (start, stop) in enumerate(cuts):
        index = (slice(None),) * axis + (slice(start, stop),)
        weight = RNG.standard_normal(values[index].shape).astype(np.float32)
        total = (x[index] * weight).sum() * (number + 1) + total
        expected[index] += weight * (number + 1)
    total.backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-6)


def test_pieces_with_steps_integers_and_arrays_beside_them() -> None:
    values = RNG.standard_normal((4, 6))
    for indices in (
        [np.s_[:, ::2], np.s_[:, 1::2]],
        [np.s_[:, ::-1], np.s_[:, 0:6]],
        [np.s_[:, 0:3:2], np.s_[:, 3:6]],  # next to each other, but not all elements
        [np.s_[:, 2::-1], np.s_[:, 3:6]],
        [np.s_[0], np.s_[1], np.s_[2:4]],
        [np.s_[np.array([0, 1]), 0:3], np.s_[:, 3:6]],
        [np.s_[:, None, 0:3], np.s_[:, None, 3:6]],
        [np.s_[..., 0:3], np.s_[..., 3:6]],
    ):
        x = Tensor(values, requires_grad=True)
        expected = np.zeros_like(values)
        total = 0
        for index in indices:
            weight = RNG.standard_normal(values[index].shape)
            total = (x[index] * weight).sum() + total
            np.add.at(expected, index, weight)
        total.backward()
        np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-12)
