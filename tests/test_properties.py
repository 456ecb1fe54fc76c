"""Properties that hold for all shapes, dimensions and indices; hypothesis looks for a counterexample."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.core.tensor import wrap
from minigrad.nn.kernels.linear import linear

hypothesis = pytest.importorskip("hypothesis", reason="examples are drawn with hypothesis")
st = pytest.importorskip("hypothesis.strategies")
hnp = pytest.importorskip("hypothesis.extra.numpy")

many = hypothesis.settings(max_examples=150)
thorough = hypothesis.settings(max_examples=500)

SIDES = {"min_side": 0, "max_side": 4}
shapes = hnp.array_shapes(min_dims=0, max_dims=4, **SIDES)
full_shapes = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)
seeds = st.integers(0, 2**32 - 1)


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def leaf(array):
    return wrap(array, None).requires_grad_()


def inner(a, b):
    """⟨a, b⟩, the sum of the elementwise products."""
    return float(np.sum(np.asarray(a) * np.asarray(b)))


def is_adjoint(function, x, seed):
    """⟨g, f(x)⟩ = ⟨f*(g), x⟩ for a linear f whose adjoint f* is what backward computes."""
    tensor = leaf(x)
    out = function(tensor)
    g = normal(out.shape, seed)
    (back,) = mg.autograd.grad(out, tensor, [g])
    assert back.shape == x.shape and back.dtype == x.dtype
    assert np.isclose(inner(g, out.detach().numpy()), inner(back.numpy(), x), rtol=1e-10, atol=1e-10)
    return out


# --- broadcasting -----------------------------------------------------------------------------------------------------
@many
@hypothesis.given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, **SIDES), seeds)
def test_broadcasting_gives_numpys_shape_and_gradients_of_the_inputs_shapes(broadcast, seed):
    (a, b), shape = broadcast
    x, y = leaf(normal(a, seed)), leaf(normal(b, seed + 1))
    g = normal(shape, seed + 2)
    for function, by_x, by_y in (
        (np.add, g, g),
        (np.subtract, g, -g),
        (np.multiply, g * y.detach().numpy(), g * x.detach().numpy()),
    ):
        out = function(x, y)
        assert out.shape == shape
        np.testing.assert_array_equal(out.detach().numpy(), function(x.detach().numpy(), y.detach().numpy()))
        for tensor, full, grad in zip((x, y), (by_x, by_y), mg.autograd.grad(out, [x, y], [g]), strict=True):
            assert grad.shape == tensor.shape
            np.testing.assert_allclose(grad.numpy(), summed_to(full, tensor.shape), rtol=1e-10, atol=1e-12)


def summed_to(array, shape):
    """The sum over everything that broadcasting repeated, one element at a time."""
    result = np.zeros(shape)
    for place in np.ndindex(array.shape):
        own = place[array.ndim - len(shape) :]
        result[tuple(0 if n == 1 else i for i, n in zip(own, shape, strict=True))] += array[place]
    return result


@many
@hypothesis.given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, **SIDES), seeds)
def test_where_sends_every_gradient_to_one_side(broadcast, seed):
    (c, a, b), shape = broadcast
    mask, x, y = normal(c, seed) > 0, leaf(normal(a, seed + 1)), leaf(normal(b, seed + 2))
    out = mg.where(mask, x, y)
    assert out.shape == shape
    by_x, by_y = mg.autograd.grad(out.sum(), [x, y])
    full = np.broadcast_to(mask, shape).astype(float)
    np.testing.assert_array_equal(by_x.numpy(), summed_to(full, a))
    np.testing.assert_array_equal(by_y.numpy(), summed_to(1 - full, b))


@many
@hypothesis.given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, **SIDES), seeds)
def test_broadcast_to_is_the_adjoint_of_summing(broadcast, seed):
    (a, _), shape = broadcast
    is_adjoint(lambda t: mg.broadcast_to(t, shape), normal(a, seed), seed)


# --- indexing ---------------------------------------------------------------------------------------------------------
@st.composite
def indexed(draw):
    """A shape and an index of it: basic, integer arrays (duplicates likely), a mask, or arrays with slices."""
    shape = draw(full_shapes)
    kind = draw(st.sampled_from(["basic", "arrays", "mask", "mixed"]))
    if kind == "basic":
        return shape, draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    if kind == "arrays":
        return shape, draw(hnp.integer_array_indices(shape))
    if kind == "mask":
        axes = draw(st.integers(1, len(shape)))
        return shape, draw(hnp.arrays(bool, shape[:axes]))
    length = draw(st.integers(0, 4))
    numbers = draw(st.booleans())  # not beside arrays, where Tensors follow PyTorch, and not NumPy
    index = []
    for n in shape[: draw(st.integers(1, len(shape)))]:
        places = st.integers(-n, n - 1)
        arrays = st.lists(places, min_size=length, max_size=length).map(lambda p: np.array(p, np.int64))
        index.extend([None] * draw(st.integers(0, 1)))
        index.append(draw(st.one_of(places if numbers else arrays, st.slices(n))))
    return shape, tuple(index)


@thorough
@hypothesis.given(indexed(), seeds)
def test_an_index_gives_numpys_values_and_its_gradient_is_the_adjoint(case, seed):
    shape, index = case
    x = normal(shape, seed)
    out = is_adjoint(lambda t: t[index], x, seed)
    np.testing.assert_array_equal(out.detach().numpy(), x[index])


@many
@hypothesis.given(indexed(), seeds)
def test_an_index_of_a_product_has_the_right_second_derivative(case, seed):
    """f = Σ (x²)[index] · w is quadratic, so its gradient is linear in x: ∇f(x) = H x with f = ½ x·H x."""
    shape, index = case
    x = leaf(normal(shape, seed))
    picked = (x * x)[index]
    f = (picked * normal(picked.shape, seed + 1)).sum()
    (first,) = mg.autograd.grad(f, x, create_graph=True)
    (second,) = mg.autograd.grad(first, x, [x.detach().numpy()])
    np.testing.assert_allclose(second.numpy(), first.detach().numpy(), rtol=1e-10, atol=1e-12)
    assert np.isclose(f.item(), 0.5 * inner(x.detach().numpy(), second.numpy()), rtol=1e-10, atol=1e-10)


@many
@hypothesis.given(full_shapes, st.data(), seeds)
def test_take_along_axis_is_numpys_and_its_gradient_the_adjoint(shape, data, seed):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    count = data.draw(st.integers(0, 5))
    places = tuple(count if d == axis % len(shape) else n for d, n in enumerate(shape))
    indices = data.draw(hnp.arrays(np.int64, places, elements=st.integers(0, shape[axis] - 1)))
    x = normal(shape, seed)
    out = is_adjoint(lambda t: np.take_along_axis(t, indices, axis), x, seed)
    np.testing.assert_array_equal(out.detach().numpy(), np.take_along_axis(x, indices, axis))


# --- reductions -------------------------------------------------------------------------------------------------------
@st.composite
def reductions(draw, minimum=0):
    """A shape, and some of its dimensions counted from either end."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=minimum, max_side=4))
    dims = draw(
        st.one_of(st.none(), hnp.valid_tuple_axes(len(shape), min_size=1), st.integers(-len(shape), len(shape) - 1))
    )
    return shape, dims, draw(st.booleans())


@many
@hypothesis.given(reductions(), seeds)
def test_the_sum_is_numpys_and_its_gradient_the_adjoint(case, seed):
    shape, dims, keepdim = case
    x = normal(shape, seed)
    out = is_adjoint(lambda t: t.sum(dims, keepdim), x, seed)
    np.testing.assert_allclose(out.detach().numpy(), x.sum(axis=dims, keepdims=keepdim), rtol=1e-10, atol=1e-12)


@many
@hypothesis.given(reductions(minimum=1), seeds)
def test_the_mean_is_numpys_and_its_gradient_the_adjoint(case, seed):
    shape, dims, keepdim = case
    x = normal(shape, seed)
    out = is_adjoint(lambda t: t.mean(dims, keepdim), x, seed)
    np.testing.assert_allclose(out.detach().numpy(), x.mean(axis=dims, keepdims=keepdim), rtol=1e-10, atol=1e-12)


@many
@hypothesis.given(reductions(minimum=1), seeds)
def test_the_variance_is_the_mean_square_less_the_square_of_the_mean(case, seed):
    shape, dims, keepdim = case
    x, y = leaf(normal(shape, seed)), leaf(normal(shape, seed))
    direct = x.var(dims, keepdim=keepdim, correction=0)
    composed = (y * y).mean(dims, keepdim) - y.mean(dims, keepdim) ** 2
    g = normal(direct.shape, seed + 1)
    np.testing.assert_allclose(direct.detach().numpy(), composed.detach().numpy(), rtol=1e-9, atol=1e-12)
    by_x, by_y = mg.autograd.grad(direct, x, [g])[0], mg.autograd.grad(composed, y, [g])[0]
    np.testing.assert_allclose(by_x.numpy(), by_y.numpy(), rtol=1e-9, atol=1e-12)


@many
@hypothesis.given(reductions(minimum=1), st.sampled_from(["amax", "amin"]), seeds)
def test_extremes_are_numpys_and_hand_on_the_whole_gradient(case, name, seed):
    shape, dims, keepdim = case
    x = leaf(np.random.default_rng(seed).integers(0, 3, shape).astype(float))  # ties on purpose
    out = getattr(mg, name)(x, dims, keepdim)
    np.testing.assert_array_equal(
        out.detach().numpy(), getattr(np, name)(x.detach().numpy(), axis=dims, keepdims=keepdim)
    )
    (grad,) = mg.autograd.grad(out.sum(), x)
    kept = np.broadcast_to(getattr(np, name)(x.detach().numpy(), axis=dims, keepdims=True), shape)
    assert not grad.numpy()[x.detach().numpy() != kept].any()  # nothing to those that are not extreme
    np.testing.assert_allclose(grad.numpy().sum(axis=dims, keepdims=keepdim), np.ones(out.shape))


@many
@hypothesis.given(reductions(minimum=1), seeds, st.floats(-1e3, 1e3))
def test_logsumexp_moves_with_a_shift_and_its_gradient_is_softmax(case, seed, shift):
    shape, dims, keepdim = case
    dims = tuple(range(len(shape))) if dims is None else dims
    x = leaf(normal(shape, seed))
    out = mg.logsumexp(x, dims, keepdim)
    np.testing.assert_allclose(
        mg.logsumexp(x + shift, dims, keepdim).tolist(), (out + shift).tolist(), rtol=1e-9, atol=1e-9
    )
    (grad,) = mg.autograd.grad(out.sum(), x)
    np.testing.assert_allclose(grad.numpy().sum(axis=dims, keepdims=keepdim), np.ones(out.shape), rtol=1e-12)
    if isinstance(dims, int):
        np.testing.assert_allclose(grad.numpy(), mg.softmax(x.detach().numpy(), dims), rtol=1e-10)
        np.testing.assert_allclose(np.exp(mg.log_softmax(x, dims).detach().numpy()), grad.numpy(), rtol=1e-10)


# --- shapes -----------------------------------------------------------------------------------------------------------
@many
@hypothesis.given(full_shapes, st.data(), seeds)
def test_rearranging_is_undone_by_its_inverse(shape, data, seed):
    order = tuple(data.draw(st.permutations(range(len(shape)))))
    x = normal(shape, seed)
    out = is_adjoint(lambda t: t.permute(order), x, seed)
    np.testing.assert_array_equal(out.detach().numpy(), np.transpose(x, order))
    np.testing.assert_array_equal(out.permute(tuple(np.argsort(order))).detach().numpy(), x)
    start = data.draw(st.integers(0, len(shape) - 1))
    end = data.draw(st.integers(start, len(shape) - 1))
    flat = is_adjoint(lambda t: t.permute(order).flatten(start, end), x, seed)
    assert flat.ndim == len(shape) - (end - start)
    np.testing.assert_array_equal(flat.detach().numpy().ravel(), np.transpose(x, order).ravel())


@many
@hypothesis.given(full_shapes, st.data(), seeds)
def test_joining_hands_every_piece_its_own_gradient(shape, data, seed):
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    sizes = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    pieces = [
        leaf(normal(shape[: dim % len(shape)] + (n,) + shape[dim % len(shape) + 1 :], seed + i))
        for i, n in enumerate(sizes)
    ]
    out = mg.concatenate(pieces, dim)
    np.testing.assert_array_equal(out.detach().numpy(), np.concatenate([p.detach().numpy() for p in pieces], dim))
    g = normal(out.shape, seed + 10)
    edges = np.cumsum(sizes)[:-1]
    for grad, part in zip(mg.autograd.grad(out, pieces, [g]), np.split(g, edges, axis=dim), strict=True):
        np.testing.assert_array_equal(grad.numpy(), part)
    twice = mg.stack([pieces[0], pieces[0] * 2], dim)
    (grad,) = mg.autograd.grad(twice.sum(), pieces[0])
    np.testing.assert_array_equal(grad.numpy(), np.full(pieces[0].shape, 3.0))


# --- products ---------------------------------------------------------------------------------------------------------
@many
@hypothesis.given(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, **SIDES), seeds)
def test_matmul_is_numpys_and_linear_in_each_factor(broadcast, seed):
    (a, b), shape = broadcast
    x, y = normal(a, seed), normal(b, seed + 1)
    out = is_adjoint(lambda t: t @ y, x, seed)
    assert out.shape == shape
    np.testing.assert_allclose(out.detach().numpy(), np.matmul(x, y), rtol=1e-12, atol=1e-12)
    is_adjoint(lambda t: x @ t, y, seed)


@many
@hypothesis.given(hnp.array_shapes(min_dims=1, max_dims=4, **SIDES), st.integers(0, 4), seeds)
def test_linear_is_numpys_and_linear_in_each_argument(shape, features, seed):
    x, weight, bias = normal(shape, seed), normal((features, shape[-1]), seed + 1), normal((features,), seed + 2)
    out = is_adjoint(lambda t: linear(t, weight), x, seed)
    np.testing.assert_allclose(out.detach().numpy(), np.matmul(x, weight.T), rtol=1e-12, atol=1e-12)
    is_adjoint(lambda t: linear(x, t), weight, seed)
    tensor = leaf(bias)
    shifted = linear(Tensor(x), Tensor(weight), tensor)
    np.testing.assert_allclose(shifted.detach().numpy(), out.detach().numpy() + bias, rtol=1e-12, atol=1e-12)
    g = normal(shifted.shape, seed + 3)
    (grad,) = mg.autograd.grad(shifted, tensor, [g])
    np.testing.assert_allclose(grad.numpy(), g.reshape(math.prod(shape[:-1]), features).sum(0), rtol=1e-12, atol=1e-12)


# --- accumulation -----------------------------------------------------------------------------------------------------
@many
@hypothesis.given(shapes, st.integers(1, 5), seeds)
def test_a_tensor_used_many_times_gets_the_sum(shape, times, seed):
    x = leaf(normal(shape, seed))
    total = x
    for _ in range(times):
        total = total + x * x
    total.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 1 + times * 2 * x.detach().numpy(), rtol=1e-12, atol=1e-12)
