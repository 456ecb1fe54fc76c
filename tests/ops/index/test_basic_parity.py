"""Random indices, reading and writing: values, who shares memory, and gradients to second order are PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

Rng = np.random.Generator


class Marked:
    """An array that stands in an index as a tensor of either library."""

    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array)


def some(rng: Rng, n: int, shape: Any) -> np.ndarray:
    return rng.integers(-n, n, shape)


def mask(rng: Rng, shape: tuple[int, ...], hits: int) -> np.ndarray:
    chosen = np.zeros(int(np.prod(shape)), bool)
    chosen[rng.permutation(chosen.size)[:hits]] = True
    return chosen.reshape(shape)


def bounds(rng: Rng, n: int) -> slice:
    low, high = sorted(rng.integers(-n - 1, n + 2, 2).tolist())
    step = int(rng.integers(1, 3)) if rng.random() < 0.5 else None
    return slice(low if rng.random() < 0.7 else None, high if rng.random() < 0.7 else None, step)


# What an index may hold for a dimension of size n: kind -> a function of (rng, n, common length).
ITEMS: dict[str, Any] = {
    "int": lambda rng, n, k: int(some(rng, n, ())),
    "numpy int": lambda rng, n, k: np.int64(some(rng, n, ())),
    "0-d": lambda rng, n, k: Marked(some(rng, n, ())),
    "slice": lambda rng, n, k: bounds(rng, n),
    "list": lambda rng, n, k: some(rng, n, k if rng.random() < 0.8 else 1).tolist(),
    "vector": lambda rng, n, k: Marked(some(rng, n, k if rng.random() < 0.8 else 1)),
    "matrix": lambda rng, n, k: Marked(some(rng, n, (int(rng.integers(1, 3)), k))),
    "mask": lambda rng, n, k: Marked(mask(rng, (n,), k)),
    "list of bools": lambda rng, n, k: mask(rng, (n,), k).tolist(),
}
BETWEEN: dict[str, Any] = {
    "None": lambda rng: None,
    "bool": lambda rng: bool(rng.random() < 0.7),
    "0-d bool": lambda rng: Marked(bool(rng.random() < 0.7)),
}


def random_index(rng: Rng, shape: tuple[int, ...]) -> list[Any]:
    """The items of an index, which may be fewer than ``shape`` has dimensions."""
    items: list[Any] = []
    common, used, ellipsis = int(rng.integers(1, 4)), 0, bool(rng.random() < 0.3)
    while used < len(shape) and rng.random() < 0.85:
        n = shape[used]
        if ellipsis and rng.random() < 0.4:
            items.append(...)
            used += int(rng.integers(0, len(shape) - used + 1))
            ellipsis = False
        elif rng.random() < 0.2:
            items.append(BETWEEN[str(rng.choice(list(BETWEEN)))](rng))
        elif used + 1 < len(shape) and rng.random() < 0.1:
            items.append(Marked(mask(rng, (n, shape[used + 1]), common)))
            used += 2
        elif n:
            items.append(ITEMS[str(rng.choice(list(ITEMS)))](rng, n, common))
            used += 1
        else:
            items.append(bounds(rng, n))
            used += 1
    return items


def built(items: list[Any], make: Any, alone: bool) -> Any:
    index = [make(item.array) if isinstance(item, Marked) else item for item in items]
    return index[0] if alone and len(index) == 1 and not isinstance(index[0], list) else tuple(index)


def attempt(action: Any) -> Any:
    """What ``action`` gives; None if it is refused."""
    try:
        return action()
    except (IndexError, RuntimeError, TypeError, ValueError):
        return None


def values_like(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    """Values that broadcast to ``shape``, with fewer dimensions, with more of size 1, or of size 1."""
    sizes = list(shape)
    match rng.integers(4):
        case 1:
            sizes = [1 if rng.random() < 0.5 else n for n in sizes]
        case 2:
            sizes = [1] * int(rng.integers(0, 3)) + sizes
        case 3:
            sizes = sizes[int(rng.integers(0, len(sizes) + 1)) :]
    return rng.standard_normal(sizes)


def gradients(library: Any, output: Any, inputs: list[Any], **options: Any) -> list[Any]:
    found = library.autograd.grad(output, inputs, allow_unused=True, **options)
    return [library.zeros_like(t) if g is None else g for t, g in zip(inputs, found, strict=True)]


def close(ours: Any, theirs: Any) -> None:
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10, atol=1e-12)


def check_reading(rng: Rng, array: np.ndarray, ours: Any, theirs: Any) -> bool:
    """Compare ``x[index]``; False if both libraries refuse it."""
    x, reference = Tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
    out, expected = attempt(lambda: x[ours]), attempt(lambda: reference[theirs])
    if expected is not None and expected.numel() == 0 and out is None:
        return False  # PyTorch looks at no index where nothing is picked
    assert (out is None) == (expected is None)
    if out is None:
        return False
    close([out], [expected])
    assert out.shape == tuple(expected.shape)
    if array.size and out.detach().numpy().size:
        alike = expected.untyped_storage().data_ptr() == reference.untyped_storage().data_ptr()
        assert np.shares_memory(out.detach().numpy(), x.detach().numpy()) == alike
    w, v = rng.standard_normal(out.shape), rng.standard_normal(array.shape)
    first = gradients(mg, (out * out * out * w).sum(), [x], create_graph=True)
    their_first = gradients(torch, (expected**3 * torch.tensor(w)).sum(), [reference], create_graph=True)
    close(first, their_first)
    if first[0].requires_grad:
        second = gradients(mg, (first[0] * v).sum(), [x])
        close(second, gradients(torch, (their_first[0] * torch.tensor(v)).sum(), [reference]))
    return True


def check_writing(rng: Rng, array: np.ndarray, ours: Any, theirs: Any) -> None:
    """Compare ``x[index] = values``, outside a graph and inside."""
    positions = Tensor(np.arange(array.size).reshape(array.shape))[ours].numpy()
    values = values_like(rng, positions.shape)
    plain, reference = Tensor(array), torch.tensor(array)
    plain[ours] = Tensor(values)
    reference[theirs] = torch.tensor(values)
    np.testing.assert_array_equal(plain.numpy(), reference.numpy())

    x, v = Tensor(array, requires_grad=True), Tensor(values, requires_grad=True)
    y, u = torch.tensor(array, requires_grad=True), torch.tensor(values, requires_grad=True)
    h, k = x * 1.5, y * 1.5
    h[ours] = v * v
    k[theirs] = u * u
    close([h], [k])
    w, z = rng.standard_normal(array.shape), rng.standard_normal(array.shape)
    unique = np.unique(positions).size == positions.size  # else PyTorch counts values that others overwrote
    inputs, references = ([x, v], [y, u]) if unique else ([x], [y])
    first = gradients(mg, (h * h * h * w).sum(), inputs, create_graph=True)
    their_first = gradients(torch, (k**3 * torch.tensor(w)).sum(), references, create_graph=True)
    close(first, their_first)
    if first[0].requires_grad and their_first[0].requires_grad:
        second = gradients(mg, (first[0] * z).sum(), inputs)
        close(second, gradients(torch, (their_first[0] * torch.tensor(z)).sum(), references))


@pytest.mark.parametrize("seed", range(12))
def test_random_indices(seed: int) -> None:
    run(seed, 60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_random_indices(seed: int) -> None:
    run(seed, 600)


def run(seed: int, cases: int) -> None:
    rng, done = np.random.default_rng(seed), 0
    for _ in range(cases):
        sizes = rng.integers(0 if rng.random() < 0.1 else 1, 5, int(rng.integers(0, 5)))
        array = rng.standard_normal(tuple(sizes.tolist()))
        items, alone = random_index(rng, array.shape), bool(rng.random() < 0.5)
        ours = built(items, Tensor if rng.random() < 0.6 else np.array, alone)
        theirs = built(items, torch.tensor, alone)
        try:
            if check_reading(rng, array, ours, theirs):
                check_writing(rng, array, ours, theirs)
                done += 1
        except AssertionError as error:
            raise AssertionError(f"x[{ours}] of shape {array.shape}: {error}") from error
    assert done > cases * 0.8


@pytest.mark.parametrize("accumulate", [False, True])
def test_index_put(accumulate: bool) -> None:
    rng = np.random.default_rng(0)
    array = rng.standard_normal((3, 4, 5))
    for indices, shape in (
        ((np.array([0, 2, 2]),), (3, 4, 5)),
        ((np.array([0, 2, 0]), np.array([1, 1, 1])), (3, 5)),
        ((np.array(1), np.array([0, 3])), (2, 5)),
        ((np.array(1), np.array(2), np.array(0)), ()),
        ((mask(rng, (3, 4), 5),), (5, 5)),
        ((np.array([[0], [1]]), np.array([1, 2])), (1, 2, 5)),
    ):
        values = rng.standard_normal(shape)
        x, v = Tensor(array, requires_grad=True), Tensor(values, requires_grad=True)
        y, u = torch.tensor(array, requires_grad=True), torch.tensor(values, requires_grad=True)
        out = mg.index_put(x, tuple(map(Tensor, indices)), v, accumulate)
        expected = torch.index_put(y, tuple(map(torch.tensor, indices)), u, accumulate)
        close([out], [expected])
        if accumulate or len(indices) > 1:  # PyTorch's gradient of values that others overwrote is not 0
            close(gradients(mg, (out * out).sum(), [x, v])[:1], gradients(torch, (expected**2).sum(), [y, u])[:1])


def test_what_pytorch_calls_deprecated_is_an_array_here() -> None:
    """A list of lists is one array of integers, which PyTorch announces for itself; for now it takes it as a tuple."""
    x = Tensor(np.arange(60.0).reshape(3, 4, 5))
    assert (
        x[[[0, 1], [1, 2]]].shape == (2, 2, 4, 5) == tuple(torch.zeros(3, 4, 5)[torch.tensor([[0, 1], [1, 2]])].shape)
    )
