"""From samples to one batch: what a loader hands out holds Tensors."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from ..core.arrays import as_array
from ..core.tensor import Tensor, wrap

NUMBERS = "fiub"  # the kinds of dtypes that a Tensor can hold


def default_collate(batch: Sequence[Any]) -> Any:
    """Join samples of one kind into a batch of Tensors.

    Arrays and Tensors are stacked along a new first dimension and keep their dtype. Numbers become a Tensor: integers
    one of int64, and Python's floats one of the default dtype, which layers compute in (in PyTorch they become
    float64, which its layers refuse). Dicts, named tuples and lists are joined entry by entry, and so are tuples, which
    come out as lists, as in PyTorch; strings stay a list.

    Args:
        batch: a list of samples.

    Raises:
        TypeError: for samples that nothing is known about.
        ValueError: for samples that differ in kind, shape or length, naming two of them; and for none.

    Example:
        >>> default_collate([(np.zeros(2), 1), (np.ones(2), 0)])
        [Tensor([[0., 0.],
               [1., 1.]], dtype=float64), Tensor([1, 0])]
    """
    return joined(batch, range(len(batch)))


def joined(samples: Sequence[Any], names: Sequence[Any], place: str = "") -> Any:
    """What ``default_collate`` returns; errors call the samples by their ``names``, and ``place`` says which part."""
    if not len(samples):
        raise ValueError("no samples, so no batch; the sampler gave an empty list of indices")
    first = samples[0]
    if isinstance(first, str | bytes):
        return list(samples)
    if isinstance(first, Mapping):
        return _joined_dicts(first, samples, names, place)
    if isinstance(first, Sequence) and not hasattr(first, "__array_function__"):
        return _joined_sequences(first, samples, names, place)
    if hasattr(first, "__array_function__"):
        return _stacked(samples, names, place)
    if isinstance(first, int | float | np.generic):
        return _numbers(samples, names, place)
    raise TypeError(
        f"samples of type {type(first).__name__} cannot be joined to a batch{place}: sample {names[0]}; "
        "return arrays, Tensors or numbers from the dataset, or pass your own collate_fn"
    )


def default_convert(data: Any) -> Any:
    """One sample with its arrays as Tensors, on the same memory; what is neither array nor container stays as it is.

    Example:
        >>> default_convert({"x": np.zeros(2), "name": "a", "y": 3})
        {'x': Tensor([0., 0.], dtype=float64), 'name': 'a', 'y': 3}
    """
    if isinstance(data, Tensor | str | bytes):
        return data
    if isinstance(data, np.generic) or hasattr(data, "__array_function__"):
        return wrap(as_array(data), None) if data.dtype.kind in NUMBERS else data
    if isinstance(data, Mapping):
        return _mapping_like(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, Sequence):
        return _sequence_like(data, [default_convert(part) for part in data])
    return data


def _joined_dicts(first: Any, samples: Sequence[Any], names: Sequence[Any], place: str) -> Any:
    for sample, name in zip(samples, names, strict=True):
        if not isinstance(sample, Mapping) or sample.keys() != first.keys():
            has = list(sample) if isinstance(sample, Mapping) else f"a {type(sample).__name__}"
            raise ValueError(
                f"the dicts of a batch must have the same keys{place}: sample {names[0]} has {list(first)}, "
                f"sample {name} {has}; pass your own collate_fn"
            )
    return _mapping_like(
        first, {key: joined([sample[key] for sample in samples], names, f"{place} at {key!r}") for key in first}
    )


def _joined_sequences(first: Any, samples: Sequence[Any], names: Sequence[Any], place: str) -> Any:
    for sample, name in zip(samples, names, strict=True):
        if type(sample) is not type(first) and not isinstance(sample, Sequence):
            has = f"is a {type(sample).__name__}"
        elif len(sample) != len(first):
            has = f"{len(sample)}"
        else:
            continue
        raise ValueError(
            f"the samples of a batch must have the same number of parts{place}: sample {names[0]} has "
            f"{len(first)}, sample {name} {has}; pad them, or pass your own collate_fn"
        )
    parts = [joined(part, names, f"{place} at {i}") for i, part in enumerate(zip(*samples, strict=True))]
    return _sequence_like(first, parts)


def _stacked(samples: Sequence[Any], names: Sequence[Any], place: str) -> Tensor:
    if any(isinstance(sample, Tensor) and sample.requires_grad for sample in samples):
        kept: Sequence[Any] = samples
    else:  # NumPy's functions on a Tensor take their time
        kept = [sample._array if isinstance(sample, Tensor) else sample for sample in samples]
    plain = set(map(type, kept)) == {np.ndarray}
    shapes = [array.shape if plain else np.shape(array) for array in kept]
    if shapes.count(shapes[0]) != len(shapes):
        other = next(i for i, shape in enumerate(shapes) if shape != shapes[0])
        raise ValueError(
            f"the samples of a batch must have equal shapes{place}: sample {names[0]} has {shapes[0]}, "
            f"sample {names[other]} {shapes[other]}; pad them, or pass your own collate_fn"
        )
    if plain and kept[0].dtype.kind in NUMBERS:
        return wrap(as_array(np.array(kept)), None)
    if kept is samples:
        return np.stack(samples)  # type: ignore[return-value]  # of Tensors a Tensor, differentiable
    return wrap(np.stack([as_array(array) for array in kept]), None)


def _numbers(samples: Sequence[Any], names: Sequence[Any], place: str) -> Tensor:
    for kind in set(map(type, samples)):
        if not issubclass(kind, int | float | np.generic):
            name = next(name for sample, name in zip(samples, names, strict=True) if type(sample) is kind)
            raise TypeError(
                f"the samples of a batch must be of one kind{place}: sample {names[0]} is a "
                f"{type(samples[0]).__name__}, sample {name} a {kind.__name__}; pass your own collate_fn"
            )
    return wrap(as_array(list(samples)), None)


def _mapping_like(first: Any, entries: dict[Any, Any]) -> Any:
    """The entries in a mapping of the kind of ``first``, where that can be made."""
    if type(first) is dict:
        return entries
    try:
        if isinstance(first, MutableMapping):
            new = copy.copy(first)
            new.update(entries)
            return new
        return type(first)(entries)
    except TypeError:  # its constructor wants something else
        return entries


def _sequence_like(first: Any, parts: list[Any]) -> Any:
    """The parts in a sequence of the kind of ``first``, where that can be made; of a tuple a list, as in PyTorch."""
    if type(first) in (list, tuple):
        return parts
    try:
        if hasattr(first, "_fields"):  # a named tuple
            return type(first)(*parts)
        return parts if isinstance(first, tuple | range) else type(first)(parts)
    except TypeError:
        return parts


def as_list(indices: Iterable[Any]) -> list[Any]:
    """The indices as Python's own integers; keys of another kind stay as they are."""
    return indices.tolist() if isinstance(indices, np.ndarray) else list(indices)
