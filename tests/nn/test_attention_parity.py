"""Attention compared with PyTorch's."""

from __future__ import annotations

import inspect
from itertools import product
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn
from minigrad.nn import functional as F
from minigrad.nn.kernels.attention import attention
from minigrad.nn.kernels.attention import blocks as attention_blocks
from tests.module_parity import compare_modules, pair, same_modules
from tests.parity import compare, random, torch

LENGTHS = [(3, 5), (5, 3), (4, 4), (1, 6)]
RNG = np.random.default_rng(0)


def visible(*shape: int) -> np.ndarray:
    """A boolean mask with a row that sees nothing."""
    mask = np.random.default_rng([1, *shape]).random(shape) < 0.6
    mask[..., 0, :] = False
    return mask


def inputs(queries: int, keys: int, lead: tuple[int, ...] = (2, 3)) -> list[np.ndarray]:
    return [random((*lead, n, size), seed=i) for i, (n, size) in enumerate([(queries, 4), (keys, 4), (keys, 2)])]


def test_signatures() -> None:
    for name in ("multi_head_attention_forward",):
        ours, theirs = getattr(F, name), getattr(torch.nn.functional, name)
        assert [*inspect.signature(ours).parameters] == [*inspect.signature(theirs).parameters]
    ours, theirs = nn.MultiheadAttention, torch.nn.MultiheadAttention
    for method in ("__init__", "forward"):
        mine, reference = [inspect.signature(getattr(c, method)).parameters for c in (ours, theirs)]
        assert [(p.name, p.default) for p in mine.values()] == [(p.name, p.default) for p in reference.values()]


# --- scaled_dot_product_attention -------------------------------------------------------------------------------------
@pytest.mark.parametrize(("queries", "keys"), LENGTHS)
@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scale", [None, 0.7])
def test_attention(queries: int, keys: int, lead: tuple[int, ...], causal: bool, scale: float | None) -> None:
    both = [
        lambda q, k, v, f=f: f(q, k, v, is_causal=causal, scale=scale)
        for f in (F.scaled_dot_product_attention, torch.nn.functional.scaled_dot_product_attention)
    ]
    compare(*both, *inputs(queries, keys, lead))


@pytest.mark.parametrize("shape", [(3, 5), (1, 5), (3, 1, 5), (2, 1, 3, 5), (2, 3, 3, 5), (1, 1, 1, 5)])
@pytest.mark.parametrize("kind", ["boolean", "additive", "infinite", "large"])
def test_masks(shape: tuple[int, ...], kind: str) -> None:
    if kind == "boolean":
        mask = visible(*shape)
    elif kind == "additive":
        mask = random(shape, seed=7)
    else:
        mask = np.where(visible(*shape), 0.0, -np.inf if kind == "infinite" else -1e4)
    compare(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, Tensor(mask)),
        lambda q, k, v: torch.nn.functional.scaled_dot_product_attention(q, k, v, torch.tensor(mask)),
        *inputs(3, 5),
    )


@pytest.mark.parametrize("shape", [(3, 5), (3, 1, 1), (2, 1, 3, 5)])
def test_a_mask_that_is_learned(shape: tuple[int, ...]) -> None:
    compare(
        F.scaled_dot_product_attention,
        torch.nn.functional.scaled_dot_product_attention,
        *inputs(3, 5),
        random(shape, seed=7),
    )


def test_leading_sizes_broadcast() -> None:
    arrays = [random((2, 1, 3, 4)), random((3, 5, 4), seed=1), random((2, 3, 5, 2), seed=2)]
    compare(
        F.scaled_dot_product_attention,
        lambda q, k, v: torch.nn.functional.scaled_dot_product_attention(q.expand(2, 3, 3, 4), k.expand(2, 3, 5, 4), v),
        *arrays,
    )


@pytest.mark.parametrize(
    ("mask_shape", "causal"),
    [(None, True), *[(shape, False) for shape in (None, (3, 5), (6, 3, 5), (1, 3, 5), (2, 1, 1, 5))]],
)
def test_grouped_queries(mask_shape: tuple[int, ...] | None, causal: bool) -> None:
    arrays = [random((2, 6, 3, 4)), random((2, 2, 5, 4), seed=1), random((2, 2, 5, 3), seed=2)]
    mask = None if mask_shape is None else visible(*mask_shape)
    compare(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, enable_gqa=True),
        lambda q, k, v: torch.nn.functional.scaled_dot_product_attention(
            q, k, v, None if mask is None else torch.tensor(mask), is_causal=causal, enable_gqa=True
        ),
        *arrays,
    )


@pytest.mark.parametrize("extreme", [30.0, 1e3])
@pytest.mark.parametrize("masked", [False, True])
def test_extreme_scores(extreme: float, masked: bool) -> None:
    """Beyond ±60 the scores are shifted before exp; the hidden ones must not decide by how much."""
    q, k, v = inputs(4, 4)
    k[..., 3, :] *= 50
    mask = np.tri(4, dtype=bool)
    mask[1] = False
    for causal in [False, True][: 1 if masked else 2]:
        compare(
            lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask if masked else None, is_causal=causal),  # noqa: B023
            lambda q, k, v: torch.nn.functional.scaled_dot_product_attention(
                q, k, v, torch.tensor(mask) if masked else None, is_causal=causal  # noqa: B023
            ),
            extreme * q, k, v, order=1,
        )  # fmt: skip


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("keep", [0, 1 << 22])
@pytest.mark.parametrize(("block", "rows"), [(1, 2), (20, 3), (100, 2), (1 << 20, 2)])
def test_blocks(monkeypatch: pytest.MonkeyPatch, causal: bool, keep: int, block: int, rows: int) -> None:
    """The result does not depend on how the weights are cut, nor on whether they are kept."""
    monkeypatch.setattr(attention_blocks, "BLOCK", block)
    monkeypatch.setattr(attention_blocks, "CAUSAL_ROWS", rows)
    monkeypatch.setattr(attention, "KEEP", keep)
    mask = visible(5, 7)
    for lead in [(), (3, 2)]:
        for static in [{"is_causal": True}] if causal else [{}, {"attn_mask": mask}]:
            compare(
                lambda q, k, v: F.scaled_dot_product_attention(q, k, v, **static),  # noqa: B023
                lambda q, k, v: torch.nn.functional.scaled_dot_product_attention(
                    q, k, v, **{n: torch.tensor(x) if n == "attn_mask" else x for n, x in static.items()}  # noqa: B023
                ),
                *inputs(5, 7, lead),
            )  # fmt: skip


def test_single_precision_strided_heads() -> None:
    arrays = [random((2, 8, 3, 16), "float32", seed=i) for i in range(3)]
    compare(
        lambda *x: F.scaled_dot_product_attention(*[t.transpose(1, 2) for t in x], is_causal=True),
        lambda *x: torch.nn.functional.scaled_dot_product_attention(*[t.transpose(1, 2) for t in x], is_causal=True),
        *arrays,
    )


def test_the_code_of_a_gpt_written_by_hand() -> None:
    """Split, heads, a registered triangle of ones, masked_fill, softmax: without the fused operation."""
    tril = np.tril(np.ones((6, 6)))[None, None]

    def attend(lib: Any, packed: Any, bias: Any, softmax: Any) -> Any:
        q, k, v = packed.split(8, dim=2)
        q, k, v = [x.view(2, 5, 2, 4).transpose(1, 2) for x in (q, k, v)]
        att = (q @ k.transpose(-2, -1)) * (1.0 / 4**0.5)
        att = att.masked_fill(bias[:, :, :5, :5] == 0, float("-inf"))
        y = softmax(att, dim=-1) @ v
        fused = lib.scaled_dot_product_attention(q, k, v, is_causal=True)
        np.testing.assert_allclose(fused.detach().numpy(), y.detach().numpy(), atol=1e-12)
        return y.transpose(1, 2).contiguous().view(2, 5, 8)

    compare(
        lambda x: attend(F, x, Tensor(tril), F.softmax),
        lambda x: attend(torch.nn.functional, x, torch.tensor(tril), torch.nn.functional.softmax),
        random((2, 5, 24)),
    )


# --- MultiheadAttention -----------------------------------------------------------------------------------------------
OPTIONS = [
    {},
    {"bias": False},
    {"add_bias_kv": True},
    {"add_zero_attn": True},
    {"add_bias_kv": True, "add_zero_attn": True, "bias": False},
    {"kdim": 3, "vdim": 5},
    {"kdim": 3, "add_bias_kv": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("call", [
    {}, {"need_weights": False}, {"average_attn_weights": False}, {"key_padding_mask": "boolean"},
    {"attn_mask": "boolean", "need_weights": False}, {"attn_mask": "float", "key_padding_mask": "float"},
    {"attn_mask": "heads", "key_padding_mask": "boolean", "need_weights": False},
], ids=str)  # fmt: skip
def test_multihead(options: dict[str, Any], batch_first: bool, call: dict[str, Any]) -> None:
    batch, queries, keys = 2, 3, 4
    call = dict(call)
    hidden = RNG.random((6, queries, keys)) < 0.3
    hidden[:, :, 1] = False
    if "attn_mask" in call:
        kinds = {"boolean": hidden[0], "float": random((queries, keys)), "heads": np.repeat(hidden[:2], 2, 0)}
        call["attn_mask"] = kinds[call["attn_mask"]]
    if "key_padding_mask" in call:
        padding = np.array([[True, False, False, False], [False, False, True, True]])
        call["key_padding_mask"] = padding if call["key_padding_mask"] == "boolean" else np.where(padding, -2.0, 0.5)
    shapes = [(queries, 8), (keys, options.get("kdim", 8)), (keys, options.get("vdim", 8))]
    arrays = [(batch, *s) if batch_first else (s[0], batch, s[1]) for s in shapes]
    compare_modules("MultiheadAttention", 8, 2, batch_first=batch_first, **options, inputs=arrays, call=call)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize(("padded", "masked", "need"), list(product([False, True], repeat=3)))
def test_self_attention(batch_first: bool, padded: bool, masked: bool, need: bool) -> None:
    """One product for query, key and value, whose gradient is written where it belongs."""
    ours, theirs = pair("MultiheadAttention", 8, 2, batch_first=batch_first)

    class Self(nn.Module):
        def __init__(self) -> None:
            self.inner = ours

        def forward(self, x: Any, **call: Any) -> Any:
            return self.inner(x, x, x, need_weights=need, **call)

    class Theirs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = theirs

        def forward(self, x: Any, **call: Any) -> Any:
            return self.inner(x, x, x, need_weights=need, **call)

    call: dict[str, Any] = {}
    if padded:
        call["key_padding_mask"] = np.array([[False, True, False], [False, False, True]])
    if masked:
        call |= {"attn_mask": ~np.tri(3, dtype=bool), "is_causal": True}
    same_modules(Self(), Theirs(), inputs=[(2, 3, 8) if batch_first else (3, 2, 8)], call=call)


def test_self_attention_without_copies_has_second_derivatives() -> None:
    weights = [random(s, seed=i) for i, s in enumerate([(24, 8), (24,), (8, 8), (8,)])]

    def attend(f: Any, need: bool, x: Any, w: Any, b: Any, out: Any, bias: Any) -> Any:
        return f(x, x, x, 8, 2, w, b, None, None, False, 0.0, out, bias, need_weights=need)[0]

    compare(  # PyTorch has them only where it makes the weights
        lambda *a: attend(F.multi_head_attention_forward, False, *a),
        lambda *a: attend(torch.nn.functional.multi_head_attention_forward, True, *a),
        random((3, 2, 8)), *weights,
    )  # fmt: skip


@pytest.mark.parametrize("call", [{}, {"key_padding_mask": np.array([False, True, False, False])}], ids=["", "padded"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_multihead_without_a_batch(batch_first: bool, call: dict[str, Any]) -> None:
    compare_modules("MultiheadAttention", 8, 4, batch_first=batch_first, inputs=[(3, 8), (4, 8), (4, 8)], call=call)


def test_multihead_starts_as_pytorchs() -> None:
    minigrad.manual_seed(0)
    attend = nn.MultiheadAttention(200, 4, add_bias_kv=True)
    bound = (6 / (600 + 200)) ** 0.5
    values = attend.in_proj_weight.detach().numpy()
    assert np.abs(values).max() <= bound and abs(values.std() - bound / 3**0.5) < 1e-3
    assert not attend.in_proj_bias.any() and not attend.out_proj.bias.any()
    theirs = torch.nn.MultiheadAttention(200, 4, add_bias_kv=True)
    for name in ("bias_k", "bias_v"):
        assert getattr(attend, name).std().item() == pytest.approx(getattr(theirs, name).std().item(), rel=0.3)
    assert attend.out_proj.weight.std().item() == pytest.approx(theirs.out_proj.weight.std().item(), rel=0.05)
