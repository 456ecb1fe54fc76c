"""What attention does without PyTorch beside it: rows that see nothing, dropout, memory, and bad input."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn
from minigrad.nn import functional as F


def make(*shape: int, dtype: Any = np.float32) -> Tensor:
    return Tensor(np.random.default_rng(0).standard_normal(shape), dtype=dtype)


def test_a_query_that_sees_nothing_gets_zero_and_passes_nothing_on() -> None:
    q = make(3, 4).requires_grad_()
    k = make(5, 4).requires_grad_()
    mask = np.ones((3, 5), bool)
    mask[1] = False
    for m in (mask, np.where(mask, 0.0, -np.inf).astype(np.float32), np.where(mask, 0.5, -np.inf).astype(np.float32)):
        q.grad = k.grad = None
        out = F.scaled_dot_product_attention(q, k, k, m)
        assert not out.detach().numpy()[1].any() and out.detach().numpy()[0].any()
        out.sum().backward()
        assert not q.grad.numpy()[1].any() and q.grad.numpy()[0].any() and np.isfinite(k.grad.numpy()).all()


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_what_is_hidden_does_not_matter(special: float) -> None:
    q, k = make(2, 5, 4), make(2, 5, 4)
    mask = np.tri(5, dtype=bool)
    mask[:, 2] = False
    spoilt = k.numpy().copy()
    spoilt[:, 4] = special  # which only the last query sees
    want = F.scaled_dot_product_attention(q, k, k, mask).numpy()
    with np.errstate(invalid="ignore"):
        got = F.scaled_dot_product_attention(q, Tensor(spoilt), k, mask).numpy()
        causal = F.scaled_dot_product_attention(q, Tensor(spoilt), k, is_causal=True).numpy()
    np.testing.assert_allclose(got[:, :4], want[:, :4], rtol=1e-5)
    assert np.isfinite(causal[:, :4]).all()


def test_a_sample_of_padding_gives_zero_weights_not_nan() -> None:
    attend = nn.MultiheadAttention(4, 2, batch_first=True)
    x = make(2, 3, 4)
    padding = np.array([[False, False, True], [True, True, True]])
    out, weights = attend(x, x, x, key_padding_mask=padding)
    assert not weights.detach().numpy()[1].any() and np.isfinite(out.detach().numpy()).all()
    without, _ = attend(x, x, x, key_padding_mask=padding, need_weights=False)
    np.testing.assert_allclose(out.detach().numpy(), without.detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("shapes", [
    ((0, 3, 4), (0, 5, 4)), ((2, 0, 4), (2, 5, 4)), ((2, 3, 4), (2, 0, 4)), ((2, 3, 0), (2, 5, 0)),
])  # fmt: skip
def test_nothing(shapes: Any) -> None:
    q, k = [make(*s).requires_grad_() for s in shapes]
    v = make(*shapes[1][:2], 2).requires_grad_()
    out = F.scaled_dot_product_attention(q, k, v)
    assert out.shape == (*shapes[0][:2], 2) and np.isfinite(out.detach().numpy()).all()
    out.sum().backward()
    assert q.grad.shape == q.shape and k.grad.shape == k.shape and v.grad.shape == v.shape


def test_dropout_keeps_the_expectation_and_its_gradient_fits() -> None:
    minigrad.manual_seed(0)
    q, k = make(1, 4), make(400, 4)
    v = Tensor(np.ones((400, 1), np.float32))
    values = [F.scaled_dot_product_attention(q * 0, k, v, dropout_p=0.25).item() for _ in range(200)]
    assert np.mean(values) == pytest.approx(1, abs=5 * np.sqrt(0.25 / 0.75 / 400 / 200))
    assert np.std(values) == pytest.approx(np.sqrt(0.25 / 0.75 / 400), rel=0.3)
    assert F.scaled_dot_product_attention(q, k, v, dropout_p=1.0).item() == 0

    def out(*arrays: Any) -> Tensor:
        minigrad.manual_seed(3)  # the same weights dropped every time
        return F.scaled_dot_product_attention(*arrays, dropout_p=0.4)

    arrays = [make(2, n, 3, dtype=np.float64).requires_grad_() for n in (3, 4, 4)]
    assert minigrad.autograd.gradcheck(out, arrays)
    assert minigrad.autograd.gradgradcheck(out, arrays)


def test_dropout_of_multihead_attention_stops_in_evaluation() -> None:
    attend = nn.MultiheadAttention(4, 2, dropout=0.5)
    x = make(6, 3, 4)
    assert not np.array_equal(attend(x, x, x)[0].detach().numpy(), attend(x, x, x)[0].detach().numpy())
    attend.eval()
    for need in (True, False):
        a, b = [attend(x, x, x, need_weights=need)[0].detach().numpy() for _ in range(2)]
        np.testing.assert_array_equal(a, b)


def test_weights_of_long_sequences_are_never_in_memory_as_a_whole() -> None:
    q = make(1, 4, 2048, 8).requires_grad_()
    whole = 4 * 2048 * 2048 * 4
    tracemalloc.start()
    F.scaled_dot_product_attention(q, q, q, is_causal=True).sum().backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < whole / 2


def test_the_result_is_laid_out_as_the_query() -> None:
    """So that joining the heads again, forward and backward, copies nothing."""
    q, k, v = [make(2, 5, 3, 4).requires_grad_().transpose(1, 2) for _ in range(3)]
    out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert out.transpose(1, 2)._array.flags.c_contiguous


def test_a_mask_may_be_written_to_before_backward() -> None:
    mask = np.tri(4, dtype=bool)
    grads = []
    for spoil in (False, True):
        q = make(4, 2).requires_grad_()
        out = F.scaled_dot_product_attention(q, q, q, mask)
        if spoil:
            mask[:] = True
        (g,) = minigrad.autograd.grad(out.square().sum(), q, create_graph=True)
        g.sum().backward()
        grads.append(q.grad.numpy())
    np.testing.assert_array_equal(*grads)


X = make(2, 3, 4)
BAD: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    ((X[0, 0], X, X), {}, ValueError, "two dimensions or more"),
    ((X, X[..., :3], X), {}, ValueError, "same last size"),
    ((X, X, X[:, :2]), {}, ValueError, "a value for every key"),
    ((X, make(3, 3, 4), make(3, 3, 4)), {}, ValueError, "leading sizes"),
    ((X, X, X), {"attn_mask": np.ones((2, 2), bool)}, ValueError, r"broadcast to the weights' shape \(2, 3, 3\)"),
    ((X, X, X), {"attn_mask": np.ones((4, 2, 3, 3), bool)}, ValueError, "broadcast"),
    ((X, X, X), {"attn_mask": np.ones((3, 3), int)}, TypeError, "astype\\(bool\\)"),
    ((X, X, X), {"attn_mask": np.ones((3, 3), bool), "is_causal": True}, ValueError, "not both"),
    ((X, X, X), {"dropout_p": 1.5}, ValueError, "between 0 and 1"),
    ((np.ones((2, 2), int),) * 3, {}, TypeError, "floating-point"),
    ((X, X, X), {"enable_gqa": True, "attn_mask": np.ones((2, 2), bool)}, ValueError, "broadcast"),
    ((make(3, 2, 4), make(2, 2, 4), make(2, 2, 4)), {"enable_gqa": True}, ValueError, "multiple"),
    ((X[0], X[0], X[0]), {"enable_gqa": True}, ValueError, "dimension -3"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "kwargs", "kind", "message"), BAD)
def test_bad_input(args: Any, kwargs: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        F.scaled_dot_product_attention(*args, **kwargs)


@pytest.mark.parametrize(("sizes", "kind", "message"), [
    ((6, 4), ValueError, "divisible"), ((0, 1), ValueError, "at least 1"), ((4, 0), ValueError, "at least 1"),
    ((4.0, 2), TypeError, "integer"), ((4, 2, 1.5), ValueError, "between 0 and 1"),
])  # fmt: skip
def test_bad_sizes(sizes: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        nn.MultiheadAttention(*sizes)


@pytest.mark.parametrize(("shapes", "call", "kind", "message"), [
    (((3, 2, 4),) * 2 + ((3, 4),), {}, ValueError, "all be"),
    (((3, 2, 5),) * 3, {}, ValueError, "last sizes must be 4, 4 and 4"),
    (((3, 2, 4), (5, 2, 4), (6, 2, 4)), {}, ValueError, "a value for every key"),
    (((2, 3, 4), (2, 5, 4), (2, 5, 4)), {}, ValueError, "batch_first=True"),
    (((3, 2, 4),) * 3, {"attn_mask": np.ones((2, 3), bool)}, ValueError, r"must be \(3, 3\)"),
    (((3, 2, 4),) * 3, {"attn_mask": np.ones((2, 3, 3), bool)}, ValueError, r"\(4, 3, 3\)"),
    (((3, 2, 4),) * 3, {"attn_mask": np.ones((3, 3), int)}, TypeError, "boolean"),
    (((3, 2, 4),) * 3, {"key_padding_mask": np.ones((3, 2), bool)}, ValueError, r"must be \(2, 3\)"),
    (((3, 2, 4),) * 3, {"key_padding_mask": np.ones((2, 3), int)}, TypeError, "boolean"),
])  # fmt: skip
def test_bad_input_of_multihead_attention_names_the_module(shapes: Any, call: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        nn.MultiheadAttention(4, 2)(*[make(*s) for s in shapes], **call)
    assert "MultiheadAttention" in str(caught.value)


@pytest.mark.parametrize("shape", [(0, 5, 8), (2, 0, 8), (0, 8)])
@pytest.mark.parametrize("need_weights", [False, True])
def test_nothing_to_attend_to(shape: tuple[int, ...], need_weights: bool) -> None:
    attend = nn.MultiheadAttention(8, 2, batch_first=True)
    x = make(*shape).requires_grad_()
    out, weights = attend(x, x, x, need_weights=need_weights)
    assert out.shape == shape and (weights is None or weights.shape == (*shape[:-1], shape[-2]))
    out.sum().backward()
    assert x.grad.shape == shape and not attend.in_proj_weight.grad.numpy().any()


@pytest.mark.parametrize("wide", range(3))
def test_mixed_precision_is_refused(wide: int) -> None:
    inputs = [make(2, 3, 4) for _ in range(3)]
    inputs[wide] = make(2, 3, 4, dtype=np.float64)
    with pytest.raises(TypeError, match=r"query is float\d\d, but (key|value) float\d\d"):
        F.scaled_dot_product_attention(*inputs, is_causal=True)
