"""PyTorch's and NumPy's names for products of vectors, matrices and stacks of them: checks in front of matmul."""

from __future__ import annotations

import operator
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.arrays import as_operands, one_precision, shape_of
from ..core.declare import register
from ..core.dispatch import NUMPY
from ..core.tensor import as_operand
from .dims import axis_aliases, one_dim
from .einsum import contract
from .elementwise import add, multiply, times
from .join import stack
from .linalg import matmul
from .reduce.sums import sum_
from .shape.permute import permute
from .shape.reshape import expand_dims, reshape

_LETTERS = string.ascii_letters
_KINDS = {1: "a vector", 2: "a matrix", 3: "a stack of matrices"}
Shape = tuple[int, ...]


def _ranks(name: str, cure: str, **inputs: tuple[Any, int]) -> list[Shape]:
    """The shapes of the inputs, each given with the rank that it must have."""
    shapes = [shape_of(x) for x, _ in inputs.values()]
    for (what, (_, rank)), shape in zip(inputs.items(), shapes, strict=True):
        if len(shape) != rank:
            raise ValueError(
                f"{name}: {what} must be {_KINDS[rank]}, of {rank} dimension(s), got shape {shape}; {cure}"
            )
    return shapes


def _same(name: str, what: str, first: int, second: int, shapes: Sequence[Shape]) -> None:
    if first != second:
        shown = " and ".join(map(str, shapes))
        raise ValueError(f"{name}: {what} must be equal, got {first} and {second} for shapes {shown}")


# --- two factors ------------------------------------------------------------------------------------------------------
@register()
def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices.

    Shapes:
        input: (n, k).
        mat2: (k, m).
        result: (n, m).

    Example:
        >>> mm(Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]]))
        Tensor([[11.]])
    """
    a, b = _ranks("mm", "matmul takes any ranks", input=(input, 2), mat2=(mat2, 2))
    _same("mm", "columns of input and rows of mat2", a[1], b[0], (a, b))
    return matmul(input, mat2)


@register()
def bmm(input: Any, mat2: Any) -> Any:
    """The products of two stacks of matrices, one by one.

    Shapes:
        input: (batch, n, k).
        mat2: (batch, k, m).
        result: (batch, n, m).
    """
    a, b = _ranks("bmm", "matmul broadcasts", input=(input, 3), mat2=(mat2, 3))
    _same("bmm", "the number of matrices", a[0], b[0], (a, b))
    _same("bmm", "columns of input and rows of mat2", a[2], b[1], (a, b))
    return matmul(input, mat2)


@register()
def mv(input: Any, vec: Any) -> Any:
    """The product of a matrix of shape (n, m) and a vector of length m."""
    a, b = _ranks("mv", "matmul takes any ranks", input=(input, 2), vec=(vec, 1))
    _same("mv", "columns of input and the length of vec", a[1], b[0], (a, b))
    return matmul(input, vec)


@register()
def dot(input: Any, tensor: Any) -> Any:
    """The scalar product of two vectors; ``np.dot`` also takes other ranks.

    Example:
        >>> dot(Tensor([1.0, 2.0]), Tensor([3.0, 4.0])).item()
        11.0
    """
    a, b = _ranks("dot", "matmul, written @, takes any ranks", input=(input, 1), tensor=(tensor, 1))
    _same("dot", "the lengths", a[0], b[0], (a, b))
    return matmul(input, tensor)


@register()
def vdot(input: Any, other: Any) -> Any:
    """The scalar product of two vectors; ``np.vdot`` flattens other shapes first."""
    a, b = _ranks("vdot", "np.vdot flattens", input=(input, 1), other=(other, 1))
    _same("vdot", "the lengths", a[0], b[0], (a, b))
    return matmul(input, other)


@register(np.inner)
def inner(input: Any, other: Any) -> Any:
    """The sums of products over the last dimension of both; of single numbers, the product.

    Shapes:
        input: (*, k).
        other: (+, k).
        result: (*, +).

    Example:
        >>> inner(Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0], [5.0, 6.0]]))
        Tensor([[11., 17.]])
    """
    a, b = shape_of(input), shape_of(other)
    if not a or not b:
        return multiply(input, other)
    _same("inner", "the last sizes", a[-1], b[-1], (a, b))
    return _summed_over("inner", input, other, (len(a) - 1,), (len(b) - 1,))


@register()
def outer(input: Any, vec2: Any) -> Any:
    """The products of every element of one vector with every element of another.

    Example:
        >>> outer(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
        Tensor([[3., 4.],
                [6., 8.]])
    """
    _ranks("outer", "np.outer flattens", input=(input, 1), vec2=(vec2, 1))
    return multiply(expand_dims(input, 1), vec2)


def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """The sums of products over several dimensions of both.

    Args:
        a: array or Tensor.
        b: array or Tensor.
        dims: a number n for the last n dimensions of ``a`` and the first n of ``b``, or the dimensions of ``a`` and
            those of ``b``, each an integer or a sequence. A size of 1 meets any other, as if it were repeated.

    Example:
        >>> tensordot(Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]]), dims=([0, 1], [0, 1])).item()
        11.0
    """
    return _tensordot("tensordot", a, b, dims, repeats=True)


def _tensordot(name: str, a: Any, b: Any, dims: Any, repeats: bool) -> Any:
    """``tensordot``; a size of 1 is repeated for PyTorch's, and not for NumPy's."""
    a, b = as_operands(a, b)
    first, second = a.shape, b.shape
    if isinstance(dims, (tuple, list)):
        if len(dims) != 2:
            raise ValueError(f"{name}: dims is a number or the pair (dims of a, dims of b), got {dims!r}")
        mine, theirs = [d if isinstance(d, (tuple, list)) else (d,) for d in dims]
        left = tuple(one_dim(name, d, first) for d in mine)
        right = tuple(one_dim(name, d, second) for d in theirs)
    else:
        count = operator.index(dims)
        if not 0 <= count <= min(len(first), len(second)):
            raise ValueError(f"{name} over {count} dimensions: the shapes {first} and {second} have not so many")
        left, right = tuple(range(len(first) - count, len(first))), tuple(range(count))
    if len(left) != len(right) or len(set(left)) < len(left) or len(set(right)) < len(right):
        raise ValueError(f"{name}: dims must name as many different dimensions of both, got {dims!r}")
    for i, j in zip(left, right, strict=True):
        if repeats and 1 in (first[i], second[j]):  # what is repeated is multiplied with a sum
            a, b = (a, sum_(b, j, True)) if first[i] == 1 else (sum_(a, i, True), b)
        else:
            _same(name, f"the sizes of dimension {i} of a and {j} of b", first[i], second[j], (first, second))
    return _summed_over(name, a, b, left, right)


def _summed_over(name: str, a: Any, b: Any, left: Sequence[int], right: Sequence[int]) -> Any:
    """The sum of products over dimensions ``left`` of a and ``right`` of b; the others stay, those of a first."""
    a, b = as_operands(a, b)
    first = _LETTERS[: a.ndim]
    second = list(_LETTERS[a.ndim : a.ndim + b.ndim])
    for i, j in zip(left, right, strict=True):
        second[j] = first[i]
    summed = {first[i] for i in left}
    out = "".join(c for c in (*first, *second) if c not in summed)
    return contract(name, [a, b], [first, "".join(second)], out)


@axis_aliases
def vecdot(x: Any, y: Any, dim: int = -1) -> Any:
    """The scalar products of vectors along one dimension; the others broadcast.

    Example:
        >>> vecdot(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, 10.0]))
        Tensor([21., 43.])
    """
    a, b = shape_of(x), shape_of(y)
    i, j = one_dim("vecdot", dim, a), one_dim("vecdot", dim, b)
    _same("vecdot", f"the sizes of dimension {dim}", a[i], b[j], (a, b))
    return sum_(multiply(x, y), dim)


@register()
@axis_aliases
def cross(input: Any, other: Any, dim: int = -1) -> Any:
    """The vector products of vectors of length 3 along one dimension; the others broadcast.

    Example:
        >>> cross(Tensor([1.0, 0.0, 0.0]), Tensor([0.0, 1.0, 0.0]))
        Tensor([0., 0., 1.])
    """
    input, other = as_operands(input, other)
    positions = [one_dim("cross", dim, x.shape) for x in (input, other)]
    if any(x.shape[p] != 3 for x, p in zip((input, other), positions, strict=True)):
        raise ValueError(f"cross: dimension {dim} must have size 3 in both, got shapes {input.shape} and {other.shape}")
    (a, b, c), (d, e, f) = [
        [x[(slice(None),) * p + (k,)] for k in range(3)] for x, p in zip((input, other), positions, strict=True)
    ]
    rank = max(input.ndim, other.ndim)
    return stack([b * f - c * e, c * d - a * f, a * e - b * d], dim if dim < 0 else dim - rank)


@register()
def kron(input: Any, other: Any) -> Any:
    """Kronecker's product: every element of ``input`` times all of ``other``, laid out in blocks.

    Example:
        >>> kron(Tensor([1.0, 10.0]), Tensor([1.0, 2.0]))
        Tensor([ 1.,  2., 10., 20.])
    """
    input, other = as_operands(input, other)
    a, b = input.shape, other.shape
    rank = max(len(a), len(b))
    a, b = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    blocks = multiply(
        reshape(input, [n for size in a for n in (size, 1)]),
        reshape(other, [n for size in b for n in (1, size)]),
    )
    return reshape(blocks, [m * n for m, n in zip(a, b, strict=True)])


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """``input1 @ weight[o] @ input2`` for each output o, plus ``bias``.

    Shapes:
        input1: (*, in1).
        input2: (*, in2).
        weight: (out, in1, in2).
        bias: (out,) or None.
        result: (*, out).
    """
    first, second = shape_of(input1), shape_of(input2)
    (shape,) = _ranks("bilinear", "(out, in1, in2)", weight=(weight, 3))
    if not first or first[:-1] != second[:-1] or (first[-1], second[-1]) != shape[1:]:
        raise ValueError(
            f"bilinear: inputs of shape {first} and {second} need equal leading sizes, and last sizes {shape[1]} and "
            f"{shape[2]} for a weight of shape {shape}"
        )
    lead = _LETTERS[: len(first) - 1]
    operands = as_operands(input1, weight, input2)
    one_precision("bilinear", operands[0], "input1", weight=operands[1], input2=operands[2])
    out = contract("bilinear", operands, [f"{lead}Y", "XYZ", f"{lead}Z"], f"{lead}X")
    if bias is None:
        return out
    if shape_of(bias) != shape[:1]:
        raise ValueError(f"bilinear: the bias must have shape {shape[:1]}, got {shape_of(bias)}")
    bias = as_operand(bias)
    one_precision("bilinear", operands[0], "input1", bias=bias)
    return add(out, bias)


# --- a product and a sum ----------------------------------------------------------------------------------------------
def _plus(name: str, input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha * product``; with beta 0 the input counts for nothing, not even its NaN."""
    shape, target = shape_of(input), shape_of(product)
    try:
        fits = np.broadcast_shapes(shape, target) == target
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name}: an input of shape {shape} does not broadcast to the product's shape {target}")
    scaled = times(product, alpha)
    if type(beta) in (int, float) and beta == 0:
        return scaled
    return add(times(input, beta), scaled)


@register()
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * (mat1 @ mat2)`` of matrices.

    Example:
        >>> addmm(Tensor([1.0]), Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]]), alpha=2)
        Tensor([[23.]])
    """
    a, b = _ranks("addmm", "baddbmm takes stacks", mat1=(mat1, 2), mat2=(mat2, 2))
    _same("addmm", "columns of mat1 and rows of mat2", a[1], b[0], (a, b))
    return _plus("addmm", input, matmul(mat1, mat2), beta, alpha)


@register()
def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * (mat @ vec)`` of a matrix and a vector."""
    a, b = _ranks("addmv", "addmm takes matrices", mat=(mat, 2), vec=(vec, 1))
    _same("addmv", "columns of mat and the length of vec", a[1], b[0], (a, b))
    return _plus("addmv", input, matmul(mat, vec), beta, alpha)


@register()
def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * outer(vec1, vec2)`` of vectors."""
    _ranks("addr", "addmm takes matrices", vec1=(vec1, 1), vec2=(vec2, 1))
    return _plus("addr", input, multiply(expand_dims(vec1, 1), vec2), beta, alpha)


@register()
def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * bmm(batch1, batch2)`` of stacks of matrices."""
    a, b = _ranks("baddbmm", "addmm takes matrices", batch1=(batch1, 3), batch2=(batch2, 3))
    _same("baddbmm", "the number of matrices", a[0], b[0], (a, b))
    _same("baddbmm", "columns of batch1 and rows of batch2", a[2], b[1], (a, b))
    return _plus("baddbmm", input, matmul(batch1, batch2), beta, alpha)


@register()
def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha *`` the sum of the products of two stacks of matrices."""
    a, b = _ranks("addbmm", "addmm takes matrices", batch1=(batch1, 3), batch2=(batch2, 3))
    _same("addbmm", "the number of matrices", a[0], b[0], (a, b))
    _same("addbmm", "columns of batch1 and rows of batch2", a[2], b[1], (a, b))
    return _plus("addbmm", input, _summed_over("addbmm", batch1, batch2, (0, 2), (0, 1)), beta, alpha)


# --- NumPy's names ----------------------------------------------------------------------------------------------------
def _numpy_dot(a: Any, b: Any) -> Any:
    """``np.dot``: the last dimension of a with the last but one of b, without broadcasting."""
    first, second = shape_of(a), shape_of(b)
    if not first or not second:
        return multiply(a, b)
    if len(second) <= 2:
        return matmul(a, b)
    _same("np.dot", "the last size of a and the last but one of b", first[-1], second[-2], (first, second))
    return _summed_over("np.dot", a, b, (len(first) - 1,), (len(second) - 2,))


def _numpy_outer(a: Any, b: Any) -> Any:
    return outer(*[reshape(x, -1) for x in as_operands(a, b)])


def _numpy_vdot(a: Any, b: Any) -> Any:
    return vdot(*[reshape(x, -1) for x in as_operands(a, b)])


def _numpy_cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    return _moved(cross(_moved(a, axisa, -1), _moved(b, axisb, -1)), -1, axisc)


def _moved(x: Any, source: int, target: int) -> Any:
    shape = shape_of(x)
    order = list(range(len(shape)))
    position = order.pop(one_dim("np.cross", source, shape))
    order.insert(one_dim("np.cross", target, shape), position)
    return permute(as_operand(x), order)


def _numpy_matvec(x1: Any, x2: Any) -> Any:
    return matmul(x1, expand_dims(x2, -1))[..., 0]


def _numpy_vecmat(x1: Any, x2: Any) -> Any:
    return matmul(expand_dims(x1, -2), x2)[..., 0, :]


NUMPY.update(
    {
        np.dot: _numpy_dot,
        np.kron: kron,
        np.outer: _numpy_outer,
        np.vdot: _numpy_vdot,
        np.tensordot: lambda a, b, axes=2: _tensordot("np.tensordot", a, b, axes, repeats=False),
        np.cross: _numpy_cross,
        np.vecdot: vecdot,
        np.linalg.cross: lambda x1, x2, *, axis=-1: cross(x1, x2, axis),
        np.linalg.matmul: matmul,
        np.linalg.outer: outer,
        np.linalg.tensordot: lambda x1, x2, *, axes=2: np.tensordot(x1, x2, axes),
        np.linalg.vecdot: vecdot,
    }
)
if hasattr(np, "matvec"):  # NumPy 2.2 and later
    NUMPY.update({np.matvec: _numpy_matvec, np.vecmat: _numpy_vecmat})
