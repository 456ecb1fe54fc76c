"""Rearranging, broadcasting and joining against PyTorch, under every name."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from tests.parity import DTYPES, LAYOUTS, compare, leaf, random, torch

# Each entry: an input shape, a method that both libraries have, and its arguments.
RESHAPES = [
    ((2, 3), "reshape", (3, 2)),
    ((2, 3), "reshape", ((3, 2),)),
    ((2, 3), "reshape", ([6],)),
    ((2, 3), "reshape", (-1,)),
    ((2, 3, 4), "reshape", (2, -1)),
    ((2, 3, 4), "reshape", (-1, 3, 1, 2)),
    ((1,), "reshape", ((),)),
    ((), "reshape", (1, 1)),
    ((), "reshape", (-1,)),
    ((0, 3), "reshape", (3, 0, 2)),
    ((0, 3), "reshape", (-1, 3)),
    ((2, 3, 4), "flatten", ()),
    ((2, 3, 4), "flatten", (1,)),
    ((2, 3, 4), "flatten", (0, 1)),
    ((2, 3, 4), "flatten", (-2, -1)),
    ((2, 3, 4), "flatten", (1, 1)),
    ((), "flatten", ()),
    ((0, 3), "flatten", ()),
]
TRANSPOSES = [
    ((2, 3), "transpose", (0, 1)),
    ((2, 3, 4), "transpose", (0, 2)),
    ((2, 3, 4), "transpose", (-1, 1)),
    ((2, 3, 4), "transpose", (1, 1)),
    ((2, 3, 4), "swapaxes", (0, -1)),
    ((2, 3, 4), "permute", (2, 0, 1)),
    ((2, 3, 4), "permute", ((1, -1, 0),)),
    ((2, 3, 4), "permute", ([0, 2, 1],)),
    ((2, 0, 4), "permute", (2, 0, 1)),
    ((), "permute", ((),)),
]
ONES = [
    ((2, 3), "unsqueeze", (0,)),
    ((2, 3), "unsqueeze", (1,)),
    ((2, 3), "unsqueeze", (2,)),
    ((2, 3), "unsqueeze", (-1,)),
    ((2, 3), "unsqueeze", (-3,)),
    ((), "unsqueeze", (0,)),
    ((1, 3, 1), "squeeze", ()),
    ((1, 3, 1), "squeeze", (0,)),
    ((1, 3, 1), "squeeze", (-1,)),
    ((1, 3, 1), "squeeze", (1,)),
    ((1, 3, 1), "squeeze", ((0, 2),)),
    ((1, 3, 1), "squeeze", ((0, 1),)),
    ((1, 1), "squeeze", ()),
    ((), "squeeze", ()),
    ((), "squeeze", (0,)),
    ((1, 0), "squeeze", ()),
]
BROADCASTS = [
    ((3,), (2, 3)),
    ((1, 3), (2, 3)),
    ((2, 1), (2, 3)),
    ((2, 3), (2, 3)),
    ((), (2, 3)),
    ((), ()),
    ((1, 3, 1), (4, 2, 3, 5)),
    ((1,), (0,)),
    ((1, 3), (0, 3)),
    ((0, 1), (2, 0, 3)),
]


@DTYPES
@pytest.mark.parametrize(("shape", "method", "arguments"), RESHAPES + TRANSPOSES + ONES, ids=str)
def test_methods_that_both_libraries_have(shape, method, arguments, dtype):
    def call(x):
        return getattr(x * x, method)(*arguments)

    compare(call, call, random(shape, dtype))


@pytest.mark.parametrize("shape", [(2, 3), (1, 3), (0, 3)], ids=str)
def test_transposed_properties(shape):
    compare(lambda x: x.T, lambda x: x.T, random(shape))
    compare(lambda x: x.mT, lambda x: x.mT, random(shape))
    compare(lambda x: x.mT, lambda x: x.mT, random((2, *shape)))
    compare(lambda x: x.T, lambda x: x.permute(2, 1, 0), random((2, *shape)))  # NumPy's T reverses all dimensions


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_every_permutation_and_its_adjoint(order):
    compare(lambda x: x.permute(order), lambda x: x.permute(order), random((2, 3, 4)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_reshaping_any_layout_keeps_the_order_of_elements(layout):
    x = LAYOUTS[layout](random)
    compare(lambda t: t.reshape(-1), lambda t: t.reshape(-1), x)
    compare(lambda t: t.reshape(1, x.size), lambda t: t.reshape(1, x.size), x)


@DTYPES
@pytest.mark.parametrize(("shape", "target"), BROADCASTS, ids=str)
def test_broadcast_to(shape, target, dtype):
    compare(mg.broadcast_to, torch.broadcast_to, random(shape, dtype), static=(target,))


@pytest.mark.parametrize("axis", [0, -1, 1, (0, 1), (0, -1), (-1, -2), (2, 0)], ids=str)
def test_expand_dims(axis):
    x = random((2, 3))
    expected = np.expand_dims(x, axis)
    compare(lambda t: mg.expand_dims(t, axis), lambda t: t.reshape(expected.shape), x)


# --- joining ----------------------------------------------------------------------------------------------------------
@DTYPES
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_concatenate(dim, dtype):
    shapes = [[2, 3], [2, 3], [2, 3]]
    for i, size in enumerate([1, 4, 0]):
        shapes[i][dim] = size
    arrays = [random(shape, dtype, seed=i) for i, shape in enumerate(shapes)]
    compare(lambda *t: mg.concatenate(t, dim), lambda *t: torch.cat(t, dim), *arrays)
    compare(lambda *t: mg.concatenate([*t, t[0]], dim), lambda *t: torch.cat([*t, t[0]], dim), *arrays)
    squares = [lambda *t, f=f: f([a * a for a in t], dim) for f in (mg.concatenate, torch.cat)]
    compare(*squares, *arrays)


@DTYPES
@pytest.mark.parametrize("dim", [0, 1, 2, -1, -3])
def test_stack(dim, dtype):
    arrays = [random((2, 3), dtype, seed=i) for i in range(3)]
    compare(lambda *t: mg.stack(t, dim), lambda *t: torch.stack(t, dim), *arrays)
    compare(lambda a, *t: mg.stack([a, *t, a * a], dim), lambda a, *t: torch.stack([a, *t, a * a], dim), *arrays)


def test_joining_numbers_of_their_own():
    arrays = [random((), seed=i) for i in range(3)]
    compare(lambda *t: mg.stack(t), lambda *t: torch.stack(t), *arrays)
    compare(lambda *t: mg.stack(t[:1], -1), lambda *t: torch.stack(t[:1], -1), *arrays)


@pytest.mark.parametrize("join", [mg.concatenate, mg.stack, np.concatenate, np.stack])
def test_joining_with_arrays_and_constants(join):
    x, constant = leaf(random((2, 3))), random((2, 3), seed=1)
    for others in ([constant], [Tensor(constant)], [constant, Tensor(constant)]):
        out = join([*others, x, *others])
        assert type(out) is Tensor
        np.testing.assert_array_equal(
            out.detach().numpy(), (np.stack if join in (mg.stack, np.stack) else np.concatenate)(
                [*([constant] * len(others)), x.detach().numpy(), *([constant] * len(others))]
            )
        )  # fmt: skip
        assert mg.autograd.grad(out.sum(), x)[0].tolist() == np.ones((2, 3)).tolist()


def test_joining_one_tensor_with_itself():
    x = leaf(np.array([1.0, 2.0]))
    (grad,) = mg.autograd.grad((mg.concatenate([x, x]) * [1.0, 2.0, 3.0, 4.0]).sum(), x)
    assert grad.tolist() == [4, 6]
    (grad,) = mg.autograd.grad((mg.stack([x, x]) * [[1.0, 2.0], [3.0, 4.0]]).sum(), x)
    assert grad.tolist() == [4, 6]


# --- calls ------------------------------------------------------------------------------------------------------------
CALLS = {
    "reshape": [
        lambda x: mg.reshape(x, (4, 3)),
        lambda x: mg.reshape(x, 4, 3),
        lambda x: x.reshape(4, 3),
        lambda x: x.reshape((4, 3)),
        lambda x: x.reshape([4, -1]),
        lambda x: x.reshape(np.array([4, 3])),
        lambda x: x.reshape(*np.array([4, 3])),
        lambda x: np.reshape(x, (4, 3)),
        lambda x: np.reshape(x, shape=(4, 3)),
    ],
    "flatten": [mg.flatten, Tensor.flatten, np.ravel, lambda x: np.reshape(x, -1), lambda x: x.reshape(-1)],
    "transpose": [
        lambda x: mg.transpose(x, 0, 1),
        lambda x: x.transpose(0, 1),
        lambda x: x.transpose(-1, -2),
        lambda x: mg.swapaxes(x, 0, 1),
        lambda x: x.swapaxes(0, 1),
        lambda x: x.T,
        lambda x: x.mT,
        lambda x: mg.permute(x, (1, 0)),
        lambda x: x.permute(1, 0),
        np.transpose,
        lambda x: np.transpose(x, (1, 0)),
        lambda x: np.transpose(x, axes=(-1, 0)),
        lambda x: np.swapaxes(x, 0, 1),
        lambda x: np.swapaxes(x, axis1=0, axis2=1),
        lambda x: np.permute_dims(x, (1, 0)),
    ],
    "unsqueeze": [
        lambda x: mg.unsqueeze(x, 1),
        lambda x: mg.unsqueeze(x, dim=1),
        lambda x: mg.unsqueeze(x, axis=1),
        lambda x: x.unsqueeze(-2),
        lambda x: mg.expand_dims(x, 1),
        lambda x: mg.expand_dims(x, dim=1),
        lambda x: x.expand_dims(1),
        lambda x: np.expand_dims(x, 1),
        lambda x: np.expand_dims(x, axis=1),
        lambda x: np.expand_dims(x, (1,)),
        lambda x: x[:, None],
        lambda x: x.unsqueeze(np.int64(1)),
    ],
    "squeeze": [
        lambda x: mg.squeeze(x[:1], 0),
        lambda x: mg.squeeze(x[:1], dim=0),
        lambda x: mg.squeeze(x[:1], axis=0),
        lambda x: x[:1].squeeze(0),
        lambda x: x[:1].squeeze(),
        lambda x: x[:1].squeeze((0,)),
        lambda x: x[:1].squeeze(np.int64(0)),
        lambda x: np.squeeze(x[:1]),
        lambda x: np.squeeze(x[:1], 0),
        lambda x: np.squeeze(x[:1], axis=0),
        lambda x: np.squeeze(x[:1], axis=(0,)),
    ],
    "broadcast_to": [
        lambda x: mg.broadcast_to(x, (2, 3, 4)),
        lambda x: x.broadcast_to((2, 3, 4)),
        lambda x: np.broadcast_to(x, (2, 3, 4)),
        lambda x: np.broadcast_to(x, shape=(2, 3, 4)),
    ],
    "concatenate": [
        lambda x: mg.concatenate([x, x], 1),
        lambda x: mg.concatenate((x, x), dim=1),
        lambda x: mg.concatenate([x, x], axis=-1),
        lambda x: np.concatenate([x, x], 1),
        lambda x: np.concatenate((x, x), axis=1),
        lambda x: np.concat((x, x), axis=1),
    ],
    "stack": [
        lambda x: mg.stack([x, x], 1),
        lambda x: mg.stack((x, x), dim=1),
        lambda x: mg.stack([x, x], axis=-2),
        lambda x: np.stack([x, x], 1),
        lambda x: np.stack((x, x), axis=1),
    ],
}


@pytest.mark.parametrize("name", CALLS)
def test_every_door_leads_to_the_same_operation(name):
    x = leaf(random((3, 4)))
    first, *others = [(out, mg.autograd.grad((out * out).sum(), x)[0]) for out in (call(x) for call in CALLS[name])]
    assert first[0].requires_grad
    for other in others:
        for a, b in zip(first, other, strict=True):
            assert a.shape == b.shape
            np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_a_joined_list_may_be_one_tensor():
    x = leaf(random((3, 2)))
    np.testing.assert_array_equal(mg.concatenate(x[:, None]).detach().numpy(), x.detach().numpy())
    np.testing.assert_array_equal(mg.stack(x).detach().numpy(), x.detach().numpy())


def test_what_is_not_a_tensor_stays_so():
    x = random((3, 4))
    for function in (lambda a: mg.reshape(a, 4, 3), mg.flatten, mg.squeeze, lambda a: mg.concatenate([a, a])):
        assert not isinstance(function(x), Tensor)
