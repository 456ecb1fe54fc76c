"""Pooling beside PyTorch's, over the product of its arguments."""

from __future__ import annotations

import inspect
from itertools import product

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
from minigrad import Tensor, no_grad  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from tests.module_parity import compare_modules, pair  # noqa: E402
from tests.parity import compare, random  # noqa: E402

TF = torch.nn.functional
SLIDES = list(product([2, 3, (2, 3), (4, 1)], [None, 1, (3, 2)], [0, 1], [1, 2], [False, True]))


def _padded(kernel, padding):
    return padding if not isinstance(kernel, tuple) else tuple(min(padding, k // 2) for k in kernel)


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation", "ceil_mode"), SLIDES)
def test_max_pool2d(kernel, stride, padding, dilation, ceil_mode):
    static = (kernel, stride, _padded(kernel, padding), dilation, ceil_mode)
    x = random((2, 3, 8, 9))
    compare(F.max_pool2d, TF.max_pool2d, x, static=static, order=2)
    ties = np.round(x)
    compare(F.max_pool2d, TF.max_pool2d, ties, static=static, order=2)
    out, indices = F.max_pool2d(Tensor(ties), *static, return_indices=True)
    expected, places = TF.max_pool2d(torch.tensor(ties), *static, return_indices=True)
    np.testing.assert_array_equal(out.numpy(), expected.numpy())
    np.testing.assert_array_equal(indices.numpy(), places.numpy())
    assert indices.dtype == np.int64


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation", "ceil_mode"),
    list(product([1, 2, 3, 5], [None, 1, 4], [0, 1], [1, 2], [False, True])),
)
def test_max_pool1d(kernel, stride, padding, dilation, ceil_mode):
    static = (kernel, stride, padding if kernel > 1 else 0, dilation, ceil_mode)
    for x in (random((2, 3, 11)), random((3, 11)), np.full((1, 2, 11), -np.inf)):
        out, places = F.max_pool1d(Tensor(x), *static, return_indices=True)
        expected, indices = TF.max_pool1d(torch.tensor(x), *static, return_indices=True)
        np.testing.assert_array_equal(out.numpy(), expected.numpy())
        np.testing.assert_array_equal(places.numpy(), indices.numpy())
    compare(F.max_pool1d, TF.max_pool1d, random((2, 3, 11)), static=static)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "ceil_mode", "count_include_pad", "divisor"),
    list(product([2, 3, (4, 3)], [None, 1, (3, 2)], [0, 1], [False, True], [False, True], [None, 5])),
)
def test_avg_pool2d(kernel, stride, padding, ceil_mode, count_include_pad, divisor):
    static = (kernel, stride, padding, ceil_mode, count_include_pad, divisor)
    compare(F.avg_pool2d, TF.avg_pool2d, random((2, 3, 8, 9)), static=static, order=2)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "ceil_mode", "count_include_pad"),
    list(product([2, 5], [None, 1, 4], [0, 1], [False, True], [False, True])),
)
def test_avg_pool1d(kernel, stride, padding, ceil_mode, count_include_pad):
    static = (kernel, stride, padding, ceil_mode, count_include_pad)
    compare(F.avg_pool1d, TF.avg_pool1d, random((2, 3, 11)), static=static, order=2)
    compare(F.avg_pool1d, TF.avg_pool1d, random((3, 11), "float32"), static=static)


@pytest.mark.parametrize("size", [1, 3, (2, 4), (None, 3), (8, 9), (16, 5), (4, 9)])
def test_adaptive_pools_of_pictures(size):
    for x in (random((2, 3, 8, 9)), random((3, 8, 9)), random((2, 3, 8, 9), "float32")):
        compare(F.adaptive_avg_pool2d, TF.adaptive_avg_pool2d, x, static=(size,))
        compare(F.adaptive_max_pool2d, TF.adaptive_max_pool2d, x, static=(size,))
    ties = np.round(random((2, 3, 8, 9)))
    _, ours = F.adaptive_max_pool2d(Tensor(ties), size, return_indices=True)
    _, theirs = TF.adaptive_max_pool2d(torch.tensor(ties), size, return_indices=True)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("size", [1, 3, 5, 10, 17])
def test_adaptive_pools_of_sequences(size):
    for x in (random((2, 3, 10)), random((3, 10))):
        compare(F.adaptive_avg_pool1d, TF.adaptive_avg_pool1d, x, static=(size,))
        compare(F.adaptive_max_pool1d, TF.adaptive_max_pool1d, x, static=(size,))


@pytest.mark.parametrize("make", [
    lambda: random((6, 3, 8, 2)).transpose(3, 1, 0, 2), lambda: random((2, 6, 8, 3)).transpose(0, 3, 1, 2),
    lambda: random((4, 3, 6, 16))[::-2, :, :, ::2], lambda: np.broadcast_to(random((1, 3, 6, 8)), (2, 3, 6, 8)),
])  # fmt: skip
@pytest.mark.parametrize("kernel", [2, 3])
def test_layouts_of_memory(make, kernel):
    compare(F.max_pool2d, TF.max_pool2d, make(), static=(kernel,))
    compare(F.max_pool2d, TF.max_pool2d, make(), static=(kernel, 1, 1))
    compare(F.avg_pool2d, TF.avg_pool2d, make(), static=(kernel, 1, 1))


@pytest.mark.parametrize(
    ("name", "static"),
    [
        *[("max_pool2d", static) for static in [(2,), (3,), (3, 1, 1), (3, 2, 1, 2), (2, 2, 1)]],
        ("max_pool1d", (3, 2, 1)), ("adaptive_max_pool2d", ((4, 3),)), ("adaptive_max_pool2d", (3,)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_nan_wins_and_gets_the_gradient(name, static, share):
    x = np.round(random((2, 3, 9, 12) if name.endswith("2d") else (4, 3, 30)))
    x[np.random.default_rng(0).random(x.shape) < share] = np.nan
    leaf, reference = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    out, places = getattr(F, name)(leaf, *static, return_indices=True)
    expected, indices = getattr(TF, name)(reference, *static, return_indices=True)
    np.testing.assert_array_equal(out.detach().numpy(), expected.detach().numpy())
    np.testing.assert_array_equal(places.numpy(), indices.numpy())
    g = random(out.shape, seed=1)
    out.backward(Tensor(g))
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(leaf.grad.numpy(), reference.grad.numpy(), rtol=1e-12, atol=1e-12)


def _rows_first(x):
    """(N, C, H, W) in the memory order (H, C, W, N) of a convolution."""
    return np.ascontiguousarray(x.transpose(2, 1, 3, 0)).transpose(3, 1, 0, 2)


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("static", [(2,), (3, 2, 1), ((2, 3), 1, 1, (1, 2)), (3, 3, 1, 2, True), ((300, 1), 100)])
def test_indices_of_results_of_convolutions(static, recorded):
    """With ties, infinities and NaN; windows of up to 256 elements are counted in 8 bits."""
    shape = (4, 2, 401, 3) if static[0] == (300, 1) else (4, 3, 11, 12)
    x = np.round(random(shape)).astype(np.float32)
    x[0, 0, ::3] = -np.inf
    x[1, 1, :, ::2] = np.inf
    x[2, 0, 2::5] = np.nan
    leaf, reference = Tensor(_rows_first(x), requires_grad=recorded), torch.tensor(x, requires_grad=recorded)
    found = F.max_pool2d(leaf, *static, return_indices=True)
    expected = TF.max_pool2d(reference, *static, return_indices=True)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours.detach().numpy(), theirs.detach().numpy())
    assert (found[0].requires_grad, found[1].dtype) == (recorded, np.int64)


def test_a_pool_recorded_without_grad_has_the_same_values():
    x = Tensor(random((2, 3, 8, 9)), requires_grad=True)
    with no_grad():
        out = F.max_pool2d(x, 3, 2, 1)
    np.testing.assert_array_equal(out.numpy(), F.max_pool2d(x, 3, 2, 1).detach().numpy())


def test_windows_of_more_than_256_elements():
    compare(F.max_pool1d, TF.max_pool1d, random((1, 2, 700)), static=(300, 100), order=1)


def test_empty_batch():
    compare(F.max_pool2d, TF.max_pool2d, random((0, 3, 8, 8)), static=(2,), order=1)
    compare(F.avg_pool2d, TF.avg_pool2d, random((0, 3, 8, 8)), static=(2,), order=1)


LAYERS = [
    ("MaxPool1d", (2,), {}, (2, 3, 8)), ("MaxPool2d", (3,), {"stride": 2, "padding": 1}, (2, 3, 8, 9)),
    ("MaxPool2d", ((2, 3),), {"dilation": (1, 2), "ceil_mode": True, "return_indices": True}, (3, 8, 9)),
    ("AvgPool1d", (3,), {"padding": 1}, (2, 3, 8)), ("AvgPool1d", ((3,), 2), {"ceil_mode": True}, (3, 8)),
    ("AvgPool2d", (2,), {}, (2, 3, 8, 9)), ("AvgPool2d", (3, 2, 1, True, False), {}, (2, 3, 8, 9)),
    ("AvgPool2d", (3,), {"divisor_override": 2}, (2, 3, 8, 9)),
    ("AdaptiveAvgPool1d", (3,), {}, (2, 3, 8)), ("AdaptiveAvgPool2d", ((None, 2),), {}, (2, 3, 8, 9)),
    ("AdaptiveMaxPool1d", (3,), {"return_indices": True}, (2, 3, 8)), ("AdaptiveMaxPool2d", (3,), {}, (2, 3, 8, 9)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_layers(name, args, options, shape):
    compare_modules(name, *args, inputs=[shape], **options)
    ours, theirs = pair(name, *args, **options)
    assert repr(ours) == repr(theirs)
    for key, value in vars(ours).items():
        assert getattr(theirs, key) == value, key
    mine, reference = (inspect.signature(type(m)).parameters for m in (ours, theirs))
    assert [*mine] == [*reference]
    assert [p.default for p in mine.values()] == [p.default for p in reference.values()]
