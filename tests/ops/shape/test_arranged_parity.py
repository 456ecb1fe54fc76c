"""Rearranging, padding and windows: PyTorch's methods, and NumPy's functions, with gradients."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.ops.pad import pad
from tests.parity import DTYPES, LAYOUTS, compare, leaf, random, torch

METHODS = [
    ((2, 3), "view", (3, 2)),
    ((2, 3), "view", (-1,)),
    ((2, 6), "unflatten", (1, (2, -1))),
    ((2, 6), "unflatten", (-1, (3, 2))),
    ((4,), "unflatten", (0, (2, 1, 2))),
    ((2, 3, 4), "ravel", ()),
    ((), "ravel", ()),
    ((2, 3, 4, 5), "movedim", (1, -1)),
    ((2, 3, 4, 5), "movedim", ((0, 1), (2, 0))),
    ((2, 3, 4, 5), "movedim", ((-1, 0), (0, 1))),
    ((2, 3, 4), "moveaxis", (0, 2)),
    ((2, 3, 4), "swapdims", (0, -1)),
    ((2, 3), "t", ()),
    ((3,), "t", ()),
    ((), "t", ()),
    ((2, 3, 4), "adjoint", ()),
    ((2, 1), "expand", (2, 5)),
    ((2, 1), "expand", (3, -1, 4)),
    ((2, 1), "expand", ((4, 2, 1),)),
    ((), "expand", (2, 3)),
    ((1, 0), "expand", (3, -1)),
    ((2, 3), "repeat", (2, 3)),
    ((2, 3), "repeat", (4, 1, 2)),
    ((2, 3), "repeat", ((0, 1),)),
    ((), "repeat", (3,)),
    ((2, 3), "tile", (2,)),
    ((2, 3), "tile", (3, 1, 2)),
    ((2, 3), "tile", ((2, 2),)),
    ((2, 3), "repeat_interleave", (2,)),
    ((2, 3), "repeat_interleave", (3, 1)),
    ((2, 3), "repeat_interleave", (2, -2)),
    ((2, 3), "roll", (1,)),
    ((2, 3), "roll", (2, 1)),
    ((2, 3), "roll", ((1, -2), (0, 1))),
    ((2, 3), "roll", ((1, 1), (1, 1))),
    ((0, 3), "roll", (1, 0)),
    ((2, 3), "flip", (0,)),
    ((2, 3), "flip", (0, -1)),
    ((2, 3), "flip", ((1,),)),
    ((2, 3), "fliplr", ()),
    ((2, 3), "flipud", ()),
    *[((2, 3, 4), "rot90", (k, dims)) for k in (-1, 0, 1, 2, 3, 5) for dims in ((0, 1), (2, 0))],
    ((7,), "unfold", (0, 3, 2)),
    ((2, 5, 3), "unfold", (1, 2, 1)),
    ((2, 5), "unfold", (-1, 5, 4)),
]


@DTYPES
@pytest.mark.parametrize(("shape", "method", "static"), METHODS)
def test_methods(shape, method, static, dtype):
    def call(x):
        return getattr(x, method)(*static)

    compare(call, call, random(shape, dtype))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout(layout):
    x = LAYOUTS[layout](random)
    compare(lambda t: t.ravel() * 2, lambda t: t.ravel() * 2, x)
    for function in ("atleast_1d", "atleast_2d", "atleast_3d"):
        compare(getattr(mg, function), getattr(torch, function), x)
    compare(lambda t: t.repeat_interleave(2), lambda t: t.repeat_interleave(2), x)
    compare(lambda t: t.tile((2, 2)), lambda t: t.tile((2, 2)), x)
    compare(lambda t: mg.roll(t, 2), lambda t: torch.roll(t, 2), x)
    if x.ndim:
        compare(lambda t: t.flip(-1), lambda t: t.flip(-1), x)
        compare(lambda t: t.movedim(0, -1), lambda t: t.movedim(0, -1), x)
        compare(lambda t: pad(t, (2, 1)), lambda t: torch.nn.functional.pad(t, (2, 1)), x)


def test_like_others():
    a, b = random((2, 1)), random((3, 2, 4), seed=1)
    compare(lambda x, y: x.expand_as(y) * y, lambda x, y: x.expand_as(y) * y, a, b)
    compare(lambda x, y: x.view_as(y) * y, lambda x, y: x.view_as(y) * y, random((8, 3)), b)
    compare(lambda x, y: x.reshape_as(y) * y, lambda x, y: x.reshape_as(y) * y, random((24,)), b)
    compare(lambda *t: sum(mg.broadcast_tensors(*t)), lambda *t: sum(torch.broadcast_tensors(*t)), a, b)
    compare(lambda *t: mg.broadcast_tensors(*t)[0], lambda *t: torch.broadcast_tensors(*t)[0], a, b)


def test_what_has_the_shape_already_is_returned_itself():
    x = leaf(random((2, 3, 4)))
    assert x.flatten(1, 1) is x and x[0, 0].flatten().shape == (4,)
    assert all(getattr(mg, f"atleast_{n}d")(x) is x for n in (1, 2, 3))
    assert mg.broadcast_tensors(x, Tensor(1.0))[0] is x


def test_repeats_of_their_own():
    x, counts = random((3, 2)), np.array([2, 0, 3])
    compare(lambda t: t.repeat_interleave(Tensor(counts), 0), lambda t: t.repeat_interleave(torch.tensor(counts), 0), x)


PADS = [
    ((5,), (1, 2), "constant"),
    ((3, 4), (1, 0, 2, 1), "constant"),
    ((3, 4), (-1, 2, 1, -1), "constant"),
    ((3, 4), (-1, -2), "constant"),
    ((2, 3, 5), (2, 1), "reflect"),
    ((2, 3, 5), (4, 4), "reflect"),
    ((2, 3, 5), (3, 7), "replicate"),
    ((2, 3, 5), (5, 2), "circular"),
    ((1, 2, 3, 4), (1, 2, 2, 1), "reflect"),
    ((1, 2, 3, 4), (1, 2, 2, 0), "replicate"),
    ((1, 2, 3, 4), (3, 2, 0, 1), "circular"),
    ((1, 2, 3, 4), (-1, 2, 1, -1), "replicate"),
]


@DTYPES
@pytest.mark.parametrize(("shape", "widths", "mode"), PADS)
def test_pad(shape, widths, mode, dtype):
    value = -1.5 if mode == "constant" else None
    compare(
        lambda t: pad(t, widths, mode, value),
        lambda t: torch.nn.functional.pad(t, widths, mode, value),
        random(shape, dtype),
    )


def through(function, x):
    """The value of a NumPy function, and its gradient by counting: the function of the elements' numbers."""
    t = leaf(x)
    out = function(t)
    assert type(out) is Tensor
    np.testing.assert_array_equal(out.detach().numpy(), function(x))
    w = np.random.default_rng(0).normal(size=out.shape)
    (grad,) = mg.autograd.grad((out * w).sum(), t)
    places = function(np.arange(1, x.size + 1).reshape(x.shape))
    expected = np.bincount(places.ravel(), weights=w.ravel(), minlength=x.size + 1)[1:]
    np.testing.assert_allclose(grad.numpy().ravel(), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "function",
    [
        lambda a: np.repeat(a, 2),
        lambda a: np.repeat(a, 3, axis=1),
        lambda a: np.repeat(a, [1, 0, 2], axis=0),
        lambda a: np.tile(a, 2),
        lambda a: np.tile(a, (2, 1, 3)),
        lambda a: np.roll(a, 4),
        lambda a: np.roll(a, (1, 2), axis=(0, 1)),
        lambda a: np.roll(a, 1, axis=(0, 1)),
        np.flip,
        lambda a: np.flip(a, 1),
        lambda a: np.flip(a, axis=(0, 1)),
        np.fliplr,
        np.flipud,
        np.rot90,
        lambda a: np.rot90(a, 3, axes=(1, 0)),
        lambda a: np.moveaxis(a, 0, 1),
        np.matrix_transpose,
        np.atleast_1d,
        np.atleast_2d,
        np.atleast_3d,
        np.ravel,
        lambda a: np.broadcast_arrays(a, np.ones((2, 1, 1)))[0],
        lambda a: np.pad(a, 1),
        lambda a: np.pad(a, (1, 2)),
        lambda a: np.pad(a, ((0, 1), (2, 0)), mode="edge"),
        lambda a: np.pad(a, 5, mode="reflect"),
        lambda a: np.pad(a, 7, mode="symmetric"),
        lambda a: np.pad(a, 6, mode="wrap"),
        lambda a: np.pad(a, [(1, 0), (0, 2)], "constant", constant_values=0),
    ],
)
def test_numpys_functions(function):
    through(function, random((3, 4)))


def test_values_of_a_constant_border():
    x = random((2, 3))
    for values in (7.0, (1.0, 2.0), ((1.0, 2.0), (3.0, 4.0))):
        np.testing.assert_array_equal(
            np.pad(leaf(x), 2, constant_values=values).detach(), np.pad(x, 2, constant_values=values)
        )


BAD = [
    (lambda x: x.unflatten(1, (2, 2)), ValueError, r"unflatten.*\(2, 3\)"),
    (lambda x: x.expand(4, 2, 3, 1), ValueError, "broadcast_to|expand"),
    (lambda x: x.expand(3), ValueError, r"expand.*\(2, 3\)"),
    (lambda x: x.expand(-1, 2, 3), ValueError, "expand"),
    (lambda x: x.repeat(2), ValueError, "tile takes fewer"),
    (lambda x: x.repeat(-1, 1), ValueError, "at least 0"),
    (lambda x: x.repeat_interleave([1, 2], 1), ValueError, r"\(2, 3\)"),
    (lambda x: x.repeat_interleave(1.5), ValueError, "integers"),
    (lambda x: x.roll((1, 2), 0), ValueError, "one for each"),
    (lambda x: x.roll(1, 5), IndexError, "dimension 5"),
    (lambda x: x.flip(2), IndexError, "dimension 2"),
    (lambda x: x.rot90(1, (0, 0)), ValueError, "twice"),
    (lambda x: x.movedim((0, 1), 0), ValueError, "2 dimensions"),
    (lambda x: x[None].t(), ValueError, r"\.mT"),
    (lambda x: x[0].adjoint(), ValueError, "matrix"),
    (lambda x: x.view(np.float64), TypeError, "astype"),
    (lambda x: x.unfold(1, 4, 1), ValueError, "windows of 4"),
    (lambda x: x.unfold(1, 2, 0), ValueError, "step"),
    (lambda x: pad(x, (1,)), ValueError, "two widths"),
    (lambda x: pad(x, (3, 0), "reflect"), ValueError, "at most 2"),
    (lambda x: pad(x, (4, 0), "circular"), ValueError, "at most 3"),
    (lambda x: pad(x, (-2, -2)), ValueError, "cut off more"),
    (lambda x: pad(x, (1, 1), "mirror"), ValueError, "'mirror'"),
    (lambda x: pad(x, (1, 1), "reflect", 1.0), ValueError, "'constant'"),
    (lambda x: pad(x, (1, 1), value=x[0, 0]), TypeError, "concatenate"),
    (lambda x: np.pad(x, 1, constant_values=x[0, 0]), TypeError, "concatenate"),
    (lambda x: np.pad(x, 1, mode="mean"), ValueError, "modes"),
    (lambda x: mg.broadcast_tensors(x, x.T), ValueError, "equal or 1"),
]


@pytest.mark.parametrize(("call", "error", "match"), BAD)
def test_bad_input(call, error, match):
    with pytest.raises(error, match=match):
        call(leaf(random((2, 3))))
