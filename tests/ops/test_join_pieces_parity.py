"""Splitting, joining and diagonals: PyTorch's functions, and NumPy's, with gradients."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.ops import diagonal
from minigrad.ops import join as split
from tests.parity import DTYPES, LAYOUTS, compare, leaf, random, torch

PIECES = [
    ((5, 3), "split", (2,)),
    ((5, 3), "split", (7,)),
    ((5, 3), "split", ((1, 4),)),
    ((5, 3), "split", ([1, 0, 2], 1)),
    ((0, 3), "split", (2,)),
    ((5, 3), "chunk", (2,)),
    ((5, 3), "chunk", (4, 0)),
    ((5, 3), "chunk", (3, -1)),
    ((0, 3), "chunk", (2,)),
    ((5, 3), "tensor_split", (3,)),
    ((5, 3), "tensor_split", (7,)),
    ((5, 3), "tensor_split", ((1, 3),)),
    ((5, 3), "tensor_split", ((2, -1, 9),)),
    ((5, 3), "tensor_split", (2, 1)),
    ((4, 6), "hsplit", (3,)),
    ((6,), "hsplit", ((2, 3),)),
    ((4, 6), "vsplit", (2,)),
    ((2, 2, 4), "dsplit", (2,)),
    ((2, 3, 4), "unbind", ()),
    ((2, 3, 4), "unbind", (-1,)),
]


@DTYPES
@pytest.mark.parametrize(("shape", "method", "static"), PIECES)
def test_pieces(shape, method, static, dtype):
    x = random(shape, dtype)
    pieces = getattr(leaf(x), method)(*static)
    expected = getattr(torch.tensor(x), method)(*static)
    assert type(pieces) is tuple and [p.shape for p in pieces] == [tuple(e.shape) for e in expected]
    for i in range(len(expected)):
        compare(lambda t: getattr(t, method)(*static)[i], lambda t: getattr(t, method)(*static)[i], x)  # noqa: B023


def test_pieces_of_nothing():
    nothing = np.zeros((2, 0))
    ours, theirs = leaf(nothing).split(0, 1), torch.tensor(nothing).split(0, 1)
    assert [piece.shape for piece in ours] == [tuple(piece.shape) for piece in theirs] == [(2, 0)]


@pytest.mark.parametrize("name", ["hstack", "vstack", "dstack", "column_stack", "cat", "concat"])
@pytest.mark.parametrize("shapes", [((), ()), ((2,), (3,)), ((3,), (3,)), ((2, 3), (2, 3)), ((2, 1, 3), (2, 1, 3))])
def test_joining(name, shapes):
    arrays = [random(shape, seed=i) for i, shape in enumerate(shapes)]
    try:
        getattr(torch, name)([torch.tensor(a) for a in arrays])
    except RuntimeError:
        with pytest.raises(ValueError):
            getattr(split, name)([leaf(a) for a in arrays])
        return
    compare(lambda *t: getattr(split, name)(t), lambda *t: getattr(torch, name)(t), *arrays)
    if hasattr(np, name):
        out = getattr(np, name)([leaf(a) for a in arrays])
        np.testing.assert_array_equal(out.detach(), getattr(np, name)(arrays))


@pytest.mark.parametrize("indexing", ["ij", "xy"])
def test_meshgrid(indexing):
    vectors = [random((n,), seed=n) for n in (2, 3, 4)]
    for i in range(3):
        compare(
            lambda *t: split.meshgrid(*t, indexing=indexing)[i],  # noqa: B023
            lambda *t: torch.meshgrid(*t, indexing=indexing)[i],  # noqa: B023
            *vectors,
        )
        ours = np.meshgrid(*map(leaf, vectors), indexing=indexing)[i]
        np.testing.assert_array_equal(ours.detach(), np.meshgrid(*vectors, indexing=indexing)[i])


def test_numpys_doors():
    x = random((4, 6))
    t = leaf(x)
    for function in (
        lambda a: np.split(a, 2),
        lambda a: np.split(a, [1, 3], axis=1),
        lambda a: np.array_split(a, 3),
        lambda a: np.hsplit(a, 2),
        lambda a: np.unstack(a, axis=1) if hasattr(np, "unstack") else [a],
    ):
        for ours, theirs in zip(function(t), function(x), strict=True):
            np.testing.assert_array_equal(ours.detach(), theirs)
    for function in (
        lambda a: np.append(a, 1.0),
        lambda a: np.append(a, a, axis=1),
        np.diag,
        lambda a: np.diag(a, k=-1),
        np.diagflat,
        lambda a: np.diagonal(a, 1),
        np.trace,
        lambda a: np.trace(np.reshape(a, (2, 3, 4)), 1, 0, 2),
        np.tril,
        lambda a: np.triu(a, k=2),
    ):
        out = function(t)
        assert type(out) is Tensor and out.requires_grad
        np.testing.assert_allclose(out.detach(), function(x), rtol=1e-15)


DIAGONALS = [
    *[((3, 4), "diag", (k,)) for k in (0, 1, -2, 4)],
    *[((3,), "diag", (k,)) for k in (0, 1, -2)],
    ((0,), "diag", ()),
    ((2, 3, 4), "diagonal", ()),
    ((2, 3, 4), "diagonal", (-1, 2, 0)),
    ((2, 3, 4), "diagonal", (1, -1, -2)),
    ((2, 3), "diag_embed", ()),
    ((2, 3), "diag_embed", (1,)),
    ((2, 3), "diag_embed", (-2, 0, 2)),
    ((2, 3), "diag_embed", (1, 2, 0)),
    ((2, 3), "diagflat", (1,)),
    ((3, 4), "trace", ()),
    *[((2, 3, 4), name, (k,)) for name in ("tril", "triu") for k in (0, 2, -1, -9, 9)],
]


@DTYPES
@pytest.mark.parametrize(("shape", "method", "static"), DIAGONALS)
def test_diagonals(shape, method, static, dtype):
    def call(x):
        return getattr(x, method)(*static)

    compare(call, call, random(shape, dtype))


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if LAYOUTS[name](random).ndim > 1])
def test_any_layout(layout):
    x = LAYOUTS[layout](random)
    for method in ("diagonal", "tril", "triu", "diag_embed"):
        compare(lambda t: getattr(t, method)(), lambda t: getattr(t, method)(), x)  # noqa: B023
    for pieces in (1, 2):
        compare(lambda t: t.chunk(pieces, -1)[0], lambda t: t.chunk(pieces, -1)[0], x)  # noqa: B023


BAD = [
    (lambda x: x.split(0), ValueError, "at least 1"),
    (lambda x: x.split([1, 2]), ValueError, "add up to 2"),
    (lambda x: x.split([1.5, 0.5]), TypeError, "integers"),
    (lambda x: x.chunk(0), ValueError, "at least 1"),
    (lambda x: x.chunk(2, 3), IndexError, "dimension 3"),
    (lambda x: np.split(x, 2, axis=1), ValueError, "np.array_split"),
    (lambda x: x.dsplit(2), ValueError, "at least 3"),
    (lambda x: split.hstack([]), ValueError, "at least one"),
    (lambda x: split.vstack(3), TypeError, "sequence"),
    (lambda x: split.hstack([x, x.T]), ValueError, "concatenate"),
    (lambda x: split.meshgrid(x), ValueError, "vectors"),
    (lambda x: split.meshgrid(x[0], indexing="yx"), ValueError, "'yx'"),
    (lambda x: np.meshgrid(x[0], x[0], sparse=True), TypeError, "full grids"),
    (lambda x: x[None].diag(), ValueError, r"\(1, 2, 3\)"),
    (lambda x: x.diagonal(0, 1, 1), ValueError, "two different"),
    (lambda x: x[0].tril(), ValueError, "tril"),
    (lambda x: x[None].trace(), ValueError, "np.trace"),
    (lambda x: diagonal.diag_embed(x[0, 0]), ValueError, "vector"),
]


@pytest.mark.parametrize(("call", "error", "match"), BAD)
def test_bad_input(call, error, match):
    with pytest.raises(error, match=match):
        call(leaf(random((2, 3))))
