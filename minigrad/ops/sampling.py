"""Random Tensors, in PyTorch's spelling: everything is drawn from the library's one Generator, or from a given one.

Floats are drawn in the precision that they are asked for: float32 by default. ``manual_seed`` fixes the numbers.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.arrays import as_array, as_dtype, get_default_dtype, refuse_gradient, shape_of
from ..core.declare import register
from ..core.tensor import Tensor, raw, wrap
from ..random import as_generator
from .creation import checked_sizes, finished
from .dims import by_name


def _float_dtype(name: str, dtype: Any) -> Any:
    dtype = get_default_dtype() if dtype is None else as_dtype(dtype)
    if dtype.kind != "f":
        raise TypeError(f"{name} draws floating-point numbers, not {dtype}; for integers there is randint")
    return dtype


def _uniform(generator: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Numbers of [0, 1); fewer bits than float32 has would round some of them up to 1."""
    if dtype == np.float16:
        return (generator.integers(0, 2**11, shape) / 2**11).astype(dtype)
    if dtype in (np.float32, np.float64):
        return generator.random(shape, dtype)
    return generator.random(shape).astype(dtype)


def _standard_normal(generator: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    if dtype in (np.float32, np.float64):
        return generator.standard_normal(shape, dtype)
    return generator.standard_normal(shape).astype(dtype)


# --- by size ----------------------------------------------------------------------------------------------------------
def rand(
    *size: Any, generator: Any = None, dtype: Any = None, requires_grad: bool = False, device: Any = None, **named: Any
) -> Tensor:
    """Numbers spread evenly over [0, 1).

    Example:
        >>> _ = minigrad.manual_seed(0)
        >>> rand(2, 3).shape
        (2, 3)
    """
    size = by_name("rand", "size", size, named) if named else size
    shape, dtype = checked_sizes("rand", size), _float_dtype("rand", dtype)
    return finished(np.asarray(_uniform(as_generator(generator), shape, dtype)), requires_grad, device)


def randn(
    *size: Any, generator: Any = None, dtype: Any = None, requires_grad: bool = False, device: Any = None, **named: Any
) -> Tensor:
    """Normally distributed numbers of mean 0 and standard deviation 1.

    Example:
        >>> randn(2, generator=np.random.default_rng(0)).dtype
        dtype('float32')
    """
    size = by_name("randn", "size", size, named) if named else size
    shape, dtype = checked_sizes("randn", size), _float_dtype("randn", dtype)
    return finished(np.asarray(_standard_normal(as_generator(generator), shape, dtype)), requires_grad, device)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    requires_grad: bool = False,
    device: Any = None,
) -> Tensor:
    """Integers from ``low`` to ``high - 1``, all equally likely: ``randint(10, (3,))`` or ``randint(5, 10, (3,))``.

    Raises:
        ValueError: if ``high`` is not above ``low``.

    Example:
        >>> randint(1, 2, (3,))
        Tensor([1, 1, 1])
    """
    if size is None:
        if not isinstance(high, (tuple, list)):
            raise TypeError(f"randint needs the sizes as a tuple, such as randint({low}, (3,)), got {high!r}")
        low, high, size = 0, low, high
    try:
        low, high = operator.index(low), operator.index(high)
    except TypeError:
        raise TypeError(f"randint: the bounds are integers, got low={low!r} and high={high!r}") from None
    if high <= low:
        raise ValueError(f"randint: high must be above low, got low={low} and high={high}")
    shape, target = checked_sizes("randint", (size,)), np.dtype(np.int64) if dtype is None else as_dtype(dtype)
    if target.kind in "iu":  # a dtype too small would wrap around
        limits = np.iinfo(target)
        if low < limits.min or high - 1 > limits.max:
            raise ValueError(f"randint: {target} holds {limits.min} to {limits.max}, not {low} to {high - 1}")
    drawn = as_generator(generator).integers(low, high, shape, np.uint64 if high > 2**63 else np.int64)
    return finished(np.asarray(drawn).astype(target), requires_grad, device)


def randperm(
    n: int, *, generator: Any = None, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """The numbers 0 to ``n - 1`` in random order.

    Example:
        >>> sorted(randperm(4).tolist())
        [0, 1, 2, 3]
    """
    (count,) = checked_sizes("randperm", (n,))
    order = as_generator(generator).permutation(count)
    return finished(order.astype(np.int64 if dtype is None else as_dtype(dtype)), requires_grad, device)


# --- like another -----------------------------------------------------------------------------------------------------
def rand_like(
    input: Any, *, generator: Any = None, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """Numbers spread evenly over [0, 1), in the shape and dtype of ``input``."""
    dtype = as_array(input).dtype if dtype is None else dtype
    _float_dtype("rand_like", dtype)
    return rand(shape_of(input), generator=generator, dtype=dtype, requires_grad=requires_grad, device=device)


def randn_like(
    input: Any, *, generator: Any = None, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    """Normally distributed numbers of mean 0 and standard deviation 1, in the shape and dtype of ``input``.

    Example:
        >>> randn_like(Tensor([[1.0, 2.0]])).shape
        (1, 2)
    """
    dtype = as_array(input).dtype if dtype is None else dtype
    _float_dtype("randn_like", dtype)
    return randn(shape_of(input), generator=generator, dtype=dtype, requires_grad=requires_grad, device=device)


def randint_like(
    input: Any,
    low: int,
    high: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    requires_grad: bool = False,
    device: Any = None,
) -> Tensor:
    """Integers from ``low`` (0 if only one bound is given) to ``high - 1``, in the shape and dtype of ``input``."""
    low, high = (0, low) if high is None else (low, high)
    dtype = as_array(input).dtype if dtype is None else dtype
    size = shape_of(input)
    return randint(low, high, size, generator=generator, dtype=dtype, requires_grad=requires_grad, device=device)


# --- distributions ----------------------------------------------------------------------------------------------------
def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    requires_grad: bool = False,
    device: Any = None,
) -> Tensor:
    """Normally distributed numbers: of one mean and deviation and a ``size``, or of arrays of them that broadcast.

    No gradient flows to ``mean`` and ``std``; for that compute ``mean + std * minigrad.randn(size)``.

    Raises:
        ValueError: for a negative deviation, and for arrays that do not broadcast.

    Example:
        >>> normal(Tensor([0.0, 100.0]), 0.0)
        Tensor([  0., 100.])
    """
    if any(getattr(value, "requires_grad", False) for value in (mean, std)):
        raise TypeError(
            "normal: no gradient flows through drawing to a mean or std that requires grad; compute "
            "mean + std * minigrad.randn(size), or pass .detach()"
        )
    centre, width = as_array(mean), as_array(std)
    if not np.all(width >= 0):
        raise ValueError("normal: a standard deviation is at least 0")
    try:
        shape = np.broadcast_shapes(centre.shape, width.shape)
    except ValueError:
        raise ValueError(
            f"normal: a mean of shape {centre.shape} and a std of {width.shape} do not broadcast"
        ) from None
    if size is not None:
        if shape != ():
            raise ValueError(f"normal: with a mean or std of shape {shape} the size follows from them; leave it out")
        shape = checked_sizes("normal", (size,))
    floats = [a.dtype for a, given in ((centre, mean), (width, std)) if a.dtype.kind == "f" and hasattr(given, "dtype")]
    target = _float_dtype("normal", np.result_type(*floats) if dtype is None and floats else dtype)
    drawn = _standard_normal(as_generator(generator), shape, target)
    return finished(np.asarray(centre.astype(target) + width.astype(target) * drawn), requires_grad, device)


def bernoulli(input: Any, p: float | None = None, *, generator: Any = None) -> Tensor:
    """Ones with the probabilities in ``input``, or all with probability ``p`` in its shape; else zeros.

    Raises:
        ValueError: for what is not a probability.

    Example:
        >>> bernoulli(Tensor([0.0, 1.0]))
        Tensor([0., 1.])
    """
    refuse_gradient("bernoulli", p=p)
    given = as_array(input)
    probabilities = given if p is None else as_array(p)
    if given.dtype.kind != "f":
        raise TypeError(f"bernoulli returns the dtype of its input, which must be floating-point, not {given.dtype}")
    _check_probabilities(probabilities)
    precise = probabilities.astype(np.promote_types(probabilities.dtype, np.float32))
    drawn = _uniform(as_generator(generator), given.shape, precise.dtype)
    return wrap(np.asarray(drawn < precise).astype(given.dtype), None)


def _check_probabilities(values: Any) -> None:
    wrong = values[~((values >= 0) & (values <= 1))]
    if wrong.size:
        raise ValueError(
            f"bernoulli: a probability lies in [0, 1], got {wrong.flat[0]} in an array of shape {values.shape}; "
            "for logits use minigrad.sigmoid(logits)"
        )


def multinomial(input: Any, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Tensor:
    """``num_samples`` indices from each row of weights, each as likely as its weight says.

    Args:
        input: weights of shape (n,) or (rows, n), at least 0, which need not sum to 1.
        num_samples: how many to draw from each row.
        replacement: whether an index may come again.
        generator: a ``numpy.random.Generator``; by default the library's own.

    Returns:
        int64 indices of shape (num_samples,) or (rows, num_samples).

    Raises:
        ValueError: for negative weights, rows without a positive one, and more draws than positive weights without
            replacement.

    Example:
        >>> multinomial(Tensor([0.0, 3.0, 0.0]), 2, replacement=True)
        Tensor([1, 1])
    """
    weights = as_array(raw(input))
    (count,) = checked_sizes("multinomial", (num_samples,))
    if weights.ndim not in (1, 2) or weights.shape[-1] == 0:
        raise ValueError(f"multinomial takes weights of shape (n,) or (rows, n), got {weights.shape}")
    rows = np.atleast_2d(weights).astype(np.float64)
    if not (np.isfinite(rows).all() and (rows >= 0).all()):
        raise ValueError("multinomial: weights are finite and at least 0; for logits use minigrad.softmax(logits, -1)")
    possible = np.count_nonzero(rows, axis=1)
    for row in np.flatnonzero(possible < (1 if replacement else max(count, 1))):
        raise ValueError(
            f"multinomial: row {row} has {possible[row]} positive weights, too few for {count} draws "
            f"{'with' if replacement else 'without'} replacement"
        )
    draw = _with_replacement if replacement else _without_replacement
    indices = draw(as_generator(generator), rows, count)
    return wrap(indices.reshape((*weights.shape[:-1], count)), None)


def _with_replacement(generator: np.random.Generator, rows: Any, count: int) -> Any:
    """Where uniform numbers fall among the sums of the weights."""
    edges = np.cumsum(rows, axis=1)
    positions = generator.random((len(rows), count)) * edges[:, -1:]
    found = [np.searchsorted(edge, position, side="right") for edge, position in zip(edges, positions, strict=True)]
    # Rounding may reach the last edge: the last index of positive weight is meant then.
    last = rows.shape[1] - 1 - np.argmax(rows[:, ::-1] > 0, axis=1)
    return np.minimum(np.reshape(found, (len(rows), count)), last[:, None]).astype(np.int64)


def _without_replacement(generator: np.random.Generator, rows: Any, count: int) -> Any:
    """The smallest of exponential waiting times, whose rates are the weights.

    Source: Efraimidis and Spirakis, Weighted random sampling with a reservoir, 2006.
    """
    waits = generator.standard_exponential(rows.shape)
    times = np.divide(waits, rows, out=np.full(rows.shape, np.inf), where=rows > 0)
    return np.argsort(times, axis=1, kind="stable")[:, :count].astype(np.int64)


# --- in place ---------------------------------------------------------------------------------------------------------
@register(method="uniform_")
def uniform_(self: Tensor, low: float = 0.0, high: float = 1.0, *, generator: Any = None) -> Tensor:
    """Replace the values by numbers spread evenly over [low, high); returns the Tensor itself.

    A Parameter is overwritten inside ``with minigrad.no_grad():``, through ``.data``, or by ``nn.init.uniform_``.

    Example:
        >>> bool((Tensor([0.0, 0.0]).uniform_(2.0, 3.0) >= 2).all())
        True
    """
    refuse_gradient("uniform_", low=low, high=high)
    if not low <= high:
        raise ValueError(f"uniform_ needs low <= high, got {low} and {high}")
    drawn = _uniform(as_generator(generator), self.shape, _float_dtype("uniform_", self.dtype))
    return _replaced(self, drawn * (float(high) - float(low)) + float(low))


@register(method="normal_")
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Replace the values by normally distributed numbers; returns the Tensor itself.

    A Parameter is overwritten inside ``with minigrad.no_grad():``, through ``.data``, or by ``nn.init.normal_``.

    Example:
        >>> Tensor([1.0, 2.0]).normal_(5.0, 0.0)
        Tensor([5., 5.])
    """
    refuse_gradient("normal_", mean=mean, std=std)
    if not std >= 0:
        raise ValueError(f"normal_: a standard deviation is at least 0, got {std}")
    drawn = _standard_normal(as_generator(generator), self.shape, _float_dtype("normal_", self.dtype))
    return _replaced(self, drawn * float(std) + float(mean))


@register(method="bernoulli_")
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Replace the values by ones with probability ``p``, a number or one for each, else zeros; returns the Tensor.

    Example:
        >>> Tensor([5.0, 5.0]).bernoulli_(1.0)
        Tensor([1., 1.])
    """
    return _replaced(self, raw(bernoulli(np.zeros(self.shape), p, generator=generator)))


def _replaced(target: Tensor, values: Any) -> Tensor:
    return target.copy_(wrap(np.asarray(values).astype(target.dtype, copy=False), None))
