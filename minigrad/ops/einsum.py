"""Einstein's summation: products of any number of arrays, written with one letter for each dimension.

Everything comes down to one primitive, the product of two arrays in which each letter of one stands in the other or in
the result. Such products are closed under differentiation: the gradient of ``ij,jk->ik`` by its first factor is
``ik,jk->ij``. What does not fit is brought into that form before: diagonals taken, lone letters summed, dimensions of
size 1 dropped; more than two factors are multiplied pair by pair.
"""

from __future__ import annotations

import math
import string
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from ..core.arrays import as_operands, shape_of
from ..core.declare import primitive
from ..core.dispatch import NUMPY, refuse
from .reduce.sums import sum_
from .shape.permute import permute
from .shape.reshape import reshape

Term = str  # the letters of one operand, one for each of its dimensions
Shape = tuple[int, ...]


# --- primitives -------------------------------------------------------------------------------------------------------
def _contraction(x: Any, y: Any, left: Term, right: Term, out: Term) -> Any:
    """The product of two raw arrays, as one matrix product for each combination of the letters that all three share."""
    size = dict(zip(left + right, (*x.shape, *y.shape), strict=True))
    shared = [c for c in left if c in right and c in out]
    summed = [c for c in left if c in right and c not in out]
    rows = [c for c in left if c not in right]
    columns = [c for c in right if c not in left]
    x = np.transpose(x, [left.index(c) for c in (*shared, *rows, *summed)])
    y = np.transpose(y, [right.index(c) for c in (*shared, *summed, *columns)])

    def sizes(letters: list[str]) -> list[int]:
        return [size[c] for c in letters]

    def total(letters: list[str]) -> int:
        return math.prod(size[c] for c in letters)

    if summed:
        x = np.reshape(x, (*sizes(shared), total(rows), total(summed)))
        y = np.reshape(y, (*sizes(shared), total(summed), total(columns)))
        product = np.reshape(np.matmul(x, y), (*sizes(shared), *sizes(rows), *sizes(columns)))
    else:
        product = np.reshape(x, (*x.shape, *(1,) * len(columns))) * np.reshape(
            y, (*sizes(shared), *(1,) * len(rows), *sizes(columns))
        )
    order = [*shared, *rows, *columns]
    return np.transpose(product, [order.index(c) for c in out])


@primitive(name="einsum")
def _pair(x: Any, y: Any, *, subscripts: str) -> Any:
    """The product of two arrays; each letter of one stands in the other or in the result, and nowhere twice."""
    left, right, out = _split(subscripts)
    return _contraction(x, y, left, right, out)


@lru_cache(maxsize=1024)
def _split(subscripts: str) -> tuple[Term, Term, Term]:
    factors, out = subscripts.split("->")
    left, right = factors.split(",")
    return left, right, out


def _pair_x(g: Any, y: Any, subscripts: str) -> Any:
    left, right, out = _split(subscripts)
    return _pair(g, y, subscripts=f"{out},{right}->{left}")


def _pair_y(g: Any, x: Any, subscripts: str) -> Any:
    left, right, out = _split(subscripts)
    return _pair(x, g, subscripts=f"{left},{out}->{right}")


_pair.rule(x=_pair_x, y=_pair_y)


@primitive(name="diagonals", shown="diagonal")
def _diagonals(x: Any, *, subscripts: str) -> Any:
    """Elements whose indices agree where the letter is the same: ``iij->ij``."""
    return np.einsum(subscripts, x)


@primitive(name="from_diagonals")
def _from_diagonals(values: Any, *, subscripts: str, shape: Shape) -> Any:
    """Zeros of ``shape`` with ``values`` on the diagonals that ``subscripts`` reads: the adjoint of ``diagonals``."""
    out = np.zeros_like(values, shape=shape)
    np.einsum(subscripts, out)[...] = values  # NumPy's diagonals are views
    return out


_diagonals.rule(x=lambda g, x_shape, subscripts: _from_diagonals(g, subscripts=subscripts, shape=x_shape))
_from_diagonals.rule(values=lambda g, subscripts: _diagonals(g, subscripts=subscripts))


# --- reading the subscripts -------------------------------------------------------------------------------------------
@lru_cache(maxsize=1024)
def _read(equation: str, ranks: tuple[int, ...]) -> tuple[tuple[Term, ...], Term]:
    """The letters of each operand and of the result, with a letter for every dimension that an ellipsis stands for."""
    shown = f"einsum {equation!r}"
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if wrong := set(text.replace("->", "", 1).replace("...", "")) - set(string.ascii_letters + ","):
        raise ValueError(f"{shown}: {', '.join(map(repr, sorted(wrong)))} cannot stand there; letters name dimensions")
    if len(terms) != len(ranks):
        raise ValueError(f"{shown} names {len(terms)} operands, separated by commas, and got {len(ranks)}")
    if "," in right or max(term.count("...") for term in (*terms, right)) > 1:
        raise ValueError(f"{shown}: each operand has at most one ellipsis, and there is one result")
    extra = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)]
    for i, (term, rank) in enumerate(zip(terms, ranks, strict=True)):
        if extra[i] < 0 or (extra[i] and "..." not in term):
            raise ValueError(
                f"{shown}: {term!r} names {rank - extra[i]} dimensions{' or more' * ('...' in term)}, "
                f"and operand {i} has {rank}"
            )
    most = max([n for n, term in zip(extra, terms, strict=True) if "..." in term], default=0)
    free = [c for c in string.ascii_letters if c not in text]
    if most > len(free):
        raise ValueError(f"{shown}: more dimensions than there are letters")
    dots = "".join(free[:most])
    letters = [
        term.replace("...", dots[most - n :]) if "..." in term else term for n, term in zip(extra, terms, strict=True)
    ]
    if arrow:
        out = right.replace("...", dots)
    else:  # by convention: what stands once, in alphabetical order
        once = Counter(left.replace("...", "").replace(",", ""))
        out = dots + "".join(sorted(c for c, n in once.items() if n == 1))
    _check_result(shown, out, letters)
    return tuple(letters), out


def _check_result(shown: str, out: Term, letters: list[Term]) -> None:
    if repeated := sorted({c for c in out if out.count(c) > 1}):
        raise ValueError(f"{shown}: {repeated[0]!r} stands twice in the result")
    if unknown := sorted(set(out) - set("".join(letters))):
        raise ValueError(f"{shown}: {unknown[0]!r} of the result stands in no operand")


def _sizes(shown: str, terms: Sequence[Term], shapes: Sequence[Shape]) -> dict[str, int]:
    """The size that each letter stands for; a dimension of size 1 fits every other."""
    found: dict[str, tuple[int, int]] = {}  # letter -> its size, and the operand that says so
    for i, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        for c, n in zip(term, shape, strict=True):
            size, where = found.setdefault(c, (n, i))
            if size != n and (1 not in (size, n) or where == i):
                raise ValueError(
                    f"{shown}: {c!r} is {size} in operand {where} of shape {shapes[where]} and {n} in operand {i} of "
                    f"shape {shape}"
                )
            if size == 1:
                found[c] = n, i
    return {c: n for c, (n, _) in found.items()}


# --- contraction ------------------------------------------------------------------------------------------------------
def contract(shown: str, operands: Sequence[Any], terms: Sequence[Term], out: Term) -> Any:
    """The sum of products that ``terms`` and ``out`` describe; ``shown`` names the operation in errors."""
    size = _sizes(shown, terms, [shape_of(x) for x in operands])
    plain = [_plain(x, term, size) for x, term in zip(operands, terms, strict=True)]
    arrays, labels = [], []
    for i, (x, term) in enumerate(plain):
        elsewhere = set(out).union(*(other for k, (_, other) in enumerate(plain) if k != i))
        lone = tuple(k for k, c in enumerate(term) if c not in elsewhere)
        arrays.append(sum_(x, lone) if lone else x)
        labels.append("".join(c for c in term if c in elsewhere))
    for i, j in path(tuple(labels), out, tuple(sorted(size.items()))):  # i < j; the product goes to the end
        y, right = arrays.pop(j), labels.pop(j)
        x, left = arrays.pop(i), labels.pop(i)
        product = _product_term(left, right, set(out).union(*labels)) if labels else out
        arrays.append(_pair(x, y, subscripts=f"{left},{right}->{product}"))
        labels.append(product)
    (x,), (term,) = arrays, labels
    return x if term == out else permute(x, [term.index(c) for c in out])


def _plain(x: Any, term: Term, size: dict[str, int]) -> tuple[Any, Term]:
    """One operand without repeated letters, and without dimensions of size 1 that would only broadcast."""
    if len(set(term)) < len(term):
        once = "".join(dict.fromkeys(term))
        x, term = _diagonals(x, subscripts=f"{term}->{once}"), once
    shape = shape_of(x)
    kept = [k for k, c in enumerate(term) if shape[k] == size[c]]
    if len(kept) == len(term):
        return x, term
    return reshape(x, [shape[k] for k in kept]), "".join(term[k] for k in kept)


def _product_term(left: Term, right: Term, needed: set[str]) -> Term:
    """The letters of a product of two that are still needed."""
    return "".join(c for c in dict.fromkeys(left + right) if c in needed)


@lru_cache(maxsize=1024)
def path(terms: tuple[Term, ...], out: Term, sizes: tuple[tuple[str, int], ...]) -> list[tuple[int, int]]:
    """In which order to multiply several arrays two at a time, so that intermediate ones stay small.

    Takes, again and again, the pair whose product adds the fewest elements to what it replaces, and of equal ones the
    pair that takes the fewest multiplications.
    """
    size = dict(sizes)

    def elements(letters: Sequence[str]) -> int:
        return math.prod(size[c] for c in letters)

    left, steps = list(terms), []
    while len(left) > 1:
        best = None
        for i, j in combinations(range(len(left)), 2):
            a, b = left[i], left[j]
            product = _product_term(a, b, set(out).union(*(t for k, t in enumerate(left) if k not in (i, j))))
            growth = elements(product) - elements(a) - elements(b)
            cost = growth, elements(tuple(set(a + b)))
            if best is None or cost < best[0]:
                best = cost, i, j, product
        assert best is not None
        _, i, j, product = best
        left = [t for k, t in enumerate(left) if k not in (i, j)] + [product]
        steps.append((i, j))
    return steps


def einsum(equation: Any, *operands: Any) -> Any:
    """Sums of products, with a letter for each dimension: letters that the result does not name are summed.

    Args:
        equation: such as ``"bij,bjk->bik"``. Without ``->`` the result has the letters that stand once, sorted. A
            letter that stands twice in one operand takes its diagonal, ``...`` stands for any number of dimensions
            that broadcast, and a size of 1 fits every other. Instead, operands and lists of integers may take turns.
        *operands: arrays or Tensors; or one list of them.

    Raises:
        ValueError: for subscripts that do not fit each other or the shapes.

    Example:
        >>> a = Tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> einsum("ij,j->i", a, Tensor([1.0, 10.0]))
        Tensor([21., 43.])
        >>> einsum("ii", a).item()
        5.0
    """
    if not isinstance(equation, str):
        equation, operands = _from_sublists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)) and "," in equation:
        operands = tuple(operands[0])
    if not operands:
        raise ValueError(f"einsum {equation!r} got no operands")
    arrays = as_operands(*operands)
    terms, out = _read(equation, tuple(x.ndim for x in arrays))
    result = contract(f"einsum {equation!r}", arrays, terms, out)
    return reshape(result, result.shape) if any(result is x for x in arrays) else result


def _from_sublists(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The equation and operands of ``einsum(x, [0, 1], y, [1, 2], [0, 2])``."""

    def term(numbers: Any) -> str:
        letters = string.ascii_uppercase + string.ascii_lowercase
        try:
            return "".join("..." if n is Ellipsis else letters[n] for n in numbers)
        except (IndexError, TypeError):
            raise TypeError(
                f"einsum takes subscripts as text such as 'ij,jk', or lists of 0 to 51, got {numbers!r}"
            ) from None

    pairs, rest = len(arguments) // 2, len(arguments) % 2
    equation = ",".join(term(arguments[2 * i + 1]) for i in range(pairs))
    return equation + (f"->{term(arguments[-1])}" if rest else ""), arguments[: 2 * pairs : 2]


def _numpy_einsum(*operands: Any, optimize: Any = False, **options: Any) -> Any:
    if options:
        refuse("np.einsum", options)
    return einsum(*operands)


NUMPY[np.einsum] = _numpy_einsum
