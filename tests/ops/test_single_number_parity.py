"""A single number has a dimension 0 and -1 for every function that takes one, as in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import Tensor
from tests.parity import torch
from tests.walk import agree

DIMS = (0, -1, 1, -2)


def first(result: Any) -> Any:
    """The values among a function's results."""
    return result[0] if isinstance(result, tuple) else result


def method(name: str, *args: Any, **options: Any) -> Any:
    return lambda x, *more: first(getattr(x, name)(*args, *more, **options))


CALLS: dict[str, list[Any]] = {}  # name -> functions of the number and a dimension
for _name in (  # fmt: skip
    "amax", "amin", "cumprod", "cumsum", "flip", "log_softmax", "logcumsumexp", "logsumexp", "max", "mean", "median",
    "min", "nanmean", "nansum", "permute", "prod", "softmax", "sort", "squeeze", "sum", "unbind", "unsqueeze",
    "cummax", "cummin",
):  # fmt: skip
    CALLS[_name] = [method(_name)]
for _name in ("amax", "logsumexp", "max", "mean", "median", "sum"):
    CALLS[_name].append(lambda x, dim, name=_name: first(getattr(x, name)(dim, keepdim=True)))
for _name in ("std", "var"):
    CALLS[_name] = [lambda x, dim, name=_name: getattr(x, name)(dim, correction=0)]
CALLS |= {
    "flatten": [lambda x, d: x.flatten(d), lambda x, d: x.flatten(0, d)],
    "kthvalue": [lambda x, d: x.kthvalue(1, d)[0]],
    "topk": [lambda x, d: x.topk(1, d)[0]],
    "quantile": [lambda x, d: x.quantile(0.5, d)],
    "norm": [lambda x, d: x.norm(2, d), lambda x, d: x.norm(1, d, True)],
    "roll": [lambda x, d: x.roll(1, d)],
    "diff": [lambda x, d: x.diff(1, d)],
    "select": [lambda x, d: x.select(d, 0)],
    "narrow": [lambda x, d: x.narrow(d, 0, 1)],
    "chunk": [lambda x, d: x.chunk(1, d)[0]],
    "split": [lambda x, d: x.split(1, d)[0]],
    "tensor_split": [lambda x, d: x.tensor_split(1, d)[0]],
    "unflatten": [lambda x, d: x.unflatten(d, (1, 1))],
    "repeat_interleave": [lambda x, d: x.repeat_interleave(2, d)],
    "unfold": [lambda x, d: x.unfold(d, 1, 1), lambda x, d: x.unfold(d, 0, 1), lambda x, d: x.unfold(d, 2, 1)],
    "transpose": [lambda x, d, e=e: x.transpose(d, e) for e in DIMS],
    "swapaxes": [lambda x, d, e=e: x.swapaxes(d, e) for e in DIMS],
    "swapdims": [lambda x, d, e=e: x.swapdims(d, e) for e in DIMS],
    "movedim": [lambda x, d, e=e: x.movedim(d, e) for e in DIMS],
    "diagonal": [lambda x, d, e=e: x.diagonal(0, d, e) for e in DIMS],
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_along_a_dimension(name: str) -> None:
    for call in CALLS[name]:
        for dim in DIMS:
            agree(call, call, np.array(1.5), static=(dim,))


@pytest.mark.parametrize("name", ["argmax", "argmin", "argsort", "all", "any", "count_nonzero"])
def test_without_a_gradient(name: str) -> None:
    for dim in (0, -1):
        ours, theirs = (getattr(t, name)(dim) for t in (_ours(2.5), torch.tensor(2.5)))
        assert (ours.shape, ours.item()) == (tuple(theirs.shape), theirs.item())
    for dim in (1, -2):
        with pytest.raises(IndexError, match=name):
            getattr(_ours(2.5), name)(dim)


def _ours(value: Any) -> Tensor:
    return Tensor(np.array(value))


# --- indices ----------------------------------------------------------------------------------------------------------
INPUTS = [(), (1,), (4,), (2, 3), (0,)]
INDICES = [(), (1,), (3,), (0,), (1, 1), (2, 0)]
SOURCES = [(), (1,), (3,), (0,), (1, 1), (2, 3)]
READS = {"gather": lambda x, d, i: x.gather(d, i), "index_select": lambda x, d, i: x.index_select(d, i)}
FILLS = {
    "scatter value": lambda x, d, i: x.scatter(d, i, 7.0),
    "index_fill": lambda x, d, i: x.index_fill(d, i, 7.0),
}
WRITES = {
    "scatter": lambda x, y, d, i: x.scatter(d, i, y),
    "scatter_add": lambda x, y, d, i: x.scatter_add(d, i, y),
    "scatter_reduce": lambda x, y, d, i: x.scatter_reduce(d, i, y, "sum"),
    "scatter_reduce prod": lambda x, y, d, i: x.scatter_reduce(d, i, y, "prod"),
    "index_add": lambda x, y, d, i: x.index_add(d, i, y),
    "index_copy": lambda x, y, d, i: x.index_copy(d, i, y),
}
# (function, rank of the input, rank of the source) that are accepted here and refused there: a single number is a
# row of one whichever of the two it is, and a number as the source of scatter is written everywhere.
MORE = {("index_add", 1, 0), ("index_add", 0, 1), ("scatter", 0, 0), ("scatter", 1, 0), ("scatter", 2, 0)}


def numbers(shape: tuple[int, ...], seed: int) -> Any:
    return np.random.default_rng([seed, *shape]).uniform(0.5, 2, shape)


@pytest.mark.parametrize("name", [*READS, *FILLS])
def test_reading_and_filling_at_an_index(name: str) -> None:
    call = {**READS, **FILLS}[name]
    given = 0
    for shape in INPUTS:
        for index in INDICES:
            for dim in DIMS:
                given += agree(call, call, numbers(shape, 0), static=(dim, np.zeros(index, int)))
    assert given > 20


@pytest.mark.parametrize("name", sorted(WRITES))
def test_writing_at_an_index(name: str) -> None:
    call = WRITES[name]
    last_stays = name in ("scatter", "index_copy")  # where several are written, which is undefined in PyTorch
    given = 0
    for shape in INPUTS:
        for index in INDICES:
            for source in SOURCES:
                if (name, len(shape), len(source)) in MORE:
                    continue
                for dim in DIMS:
                    arrays = numbers(shape, 0), numbers(source, 1)
                    defined = source == index and not last_stays  # as its documentation says
                    order = 1 if defined or name == "index_add" else 0
                    given += agree(call, call, *arrays, static=(dim, np.zeros(index, int)), order=order)
    assert given > 20
