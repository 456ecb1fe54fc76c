"""Attention that runs in kernels beside attention that does not, and beside PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from minigrad import nn  # noqa: E402
from minigrad.core.primitive import REGISTRY  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from tests.fast.against_plain import as_without_kernels, derivatives, numbers, same  # noqa: E402

pytestmark = pytest.mark.usefixtures("enabled_throughout")


def truths(*shape: int) -> np.ndarray:
    mask = np.random.default_rng(3).random(shape) < 0.6
    mask[..., 0] = True
    return mask


def results(library: Any, call: Callable[..., Any], *arrays: np.ndarray) -> list[np.ndarray]:
    """The result of a function of Tensors and its gradients."""
    leaves = [library.tensor(a, requires_grad=True) for a in arrays]
    out = call(*leaves)
    out.backward(library.tensor(numbers(*out.shape, seed=9)))
    return [out.detach().numpy(), *[leaf.grad.numpy() for leaf in leaves]]


# Shapes of query, key and value, the mask, and options.
CALLS: dict[str, tuple[tuple[Any, ...], Any, dict[str, Any]]] = {
    "one matrix": (((5, 4), (7, 4), (7, 3)), None, {}),
    "heads": (((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 3)), None, {"scale": 0.3}),
    "causal": (((2, 3, 65, 4),) * 3, None, {"is_causal": True}),
    "more keys than queries, causal": (((2, 5, 4), (2, 9, 4), (2, 9, 4)), None, {"is_causal": True}),
    "more queries than keys, causal": (((2, 9, 4), (2, 5, 4), (2, 5, 4)), None, {"is_causal": True}),
    "keys for all": (((2, 3, 5, 4), (1, 3, 7, 4), (7, 3)), None, {}),
    "grouped queries": (((2, 6, 5, 4), (2, 2, 7, 4), (2, 2, 7, 3)), None, {"enable_gqa": True}),
    "grouped, causal": (((2, 6, 5, 4), (2, 2, 5, 4), (2, 2, 5, 4)), None, {"enable_gqa": True, "is_causal": True}),
    "a mask for all": (((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 3)), truths(5, 7), {}),
    "padding": (((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 3)), truths(2, 1, 1, 7), {}),
    "a mask of queries": (((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 3)), numbers(2, 1, 5, 1), {}),
    "numbers": (((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 3)), numbers(3, 5, 7), {}),
    "-inf": (((2, 5, 4), (2, 7, 4), (2, 7, 3)), np.where(truths(5, 7), numbers(5, 7), np.float32(-np.inf)), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str) -> None:
    shapes, mask, options = CALLS[name]
    arrays = [numbers(*shape, seed=i) for i, shape in enumerate(shapes)]

    def call(*leaves: Any) -> Any:
        return F.scaled_dot_product_attention(*leaves, None if mask is None else mg.tensor(mask), **options)

    as_without_kernels(lambda: results(mg, call, *arrays))
    as_without_kernels(lambda: derivatives(call, *arrays))
    torch = pytest.importorskip("torch")

    def theirs(*leaves: Any) -> Any:
        known = None if mask is None else torch.tensor(mask)
        return torch.nn.functional.scaled_dot_product_attention(*leaves, known, **options)

    same(results(mg, call, *arrays), results(torch, theirs, *arrays), 1e-5)


@pytest.mark.parametrize("shape", [(5, 7), (3, 5, 7), (2, 1, 5, 7), (2, 3, 1, 7), (7,), (5, 1), ()])
def test_masks_with_a_gradient(shape: tuple[int, ...]) -> None:
    arrays = [numbers(2, 3, 5, 4), numbers(2, 3, 7, 4, seed=1), numbers(2, 3, 7, 3, seed=2), numbers(*shape, seed=3)]
    as_without_kernels(lambda: derivatives(F.scaled_dot_product_attention, *arrays))


@pytest.mark.parametrize("causal", [False, True])
def test_dropout_draws_what_it_draws_without_kernels(causal: bool) -> None:
    arrays = [numbers(2, 3, 9, 4, seed=i) for i in range(3)]

    def call(*leaves: Any) -> Any:
        mg.manual_seed(5)
        return F.scaled_dot_product_attention(*leaves, dropout_p=0.4, is_causal=causal)

    as_without_kernels(lambda: results(mg, call, *arrays))


@pytest.mark.parametrize("frozen", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)])
def test_some_inputs_only(frozen: tuple[int, ...]) -> None:
    arrays = [numbers(2, 9, 4, seed=i) for i in range(3)]

    def run() -> list[Any]:
        leaves = [mg.tensor(a, requires_grad=i not in frozen) for i, a in enumerate(arrays)]
        F.scaled_dot_product_attention(*leaves, is_causal=True).square().sum().backward()
        return [leaf.grad.numpy() for leaf in leaves if leaf.grad is not None]

    as_without_kernels(run)


@pytest.mark.parametrize("causal", [False, True])
def test_query_key_and_value_in_one_array(causal: bool) -> None:
    packed = REGISTRY["packed_attention"]
    as_without_kernels(lambda: derivatives(lambda x: packed(x, axes=(1, 0, 2), causal=causal), numbers(4, 3, 2)))


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("mask", ["none", "causal", "padding"])
def test_multi_head_attention(mask: str, weights: bool, batch_first: bool) -> None:
    mg.manual_seed(0)
    layer = nn.MultiheadAttention(8, 2, batch_first=batch_first)
    options: dict[str, Any] = {"need_weights": weights}
    if mask == "causal":
        options |= {"attn_mask": mg.tensor(np.triu(np.ones((6, 6), bool), 1))}
    if mask == "padding":
        options |= {"key_padding_mask": mg.tensor(~truths(3, 6))}

    def run() -> list[Any]:
        layer.zero_grad()
        x = mg.tensor(numbers(*((3, 6) if batch_first else (6, 3)), 8), requires_grad=True)
        out, shown = layer(x, x, x, **options)
        (out * out).sum().backward()
        shown = [] if shown is None else [shown.detach().numpy()]
        return [out.detach().numpy(), *shown, x.grad.numpy(), *[p.grad.numpy() for p in layer.parameters()]]  # type: ignore[union-attr]

    as_without_kernels(run)


def test_nothing() -> None:
    for shapes in (((0, 3, 4), (0, 5, 4)), ((2, 0, 4), (2, 5, 4)), ((2, 3, 4), (2, 0, 4)), ((2, 3, 0), (2, 5, 0))):
        arrays = [numbers(*shapes[0]), numbers(*shapes[1]), numbers(*shapes[1][:2], 2)]
        as_without_kernels(lambda arrays=arrays: results(mg, F.scaled_dot_product_attention, *arrays))  # type: ignore[misc]
