"""Kernels of convolution beside the plain functions."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from minigrad.fast.kernels.conv import products  # noqa: E402
from minigrad.fast.pool import settings  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from tests.fast.against_plain import (  # noqa: E402
    BATCH_LAST,
    CHANNELS_LAST,
    SPECIAL,
    agree,
    declines,
    from_several_threads,
    lying,
    numbers,
    same,
)
from tests.fast.sliding import Case, at_random, case, windows  # noqa: E402

pytestmark = pytest.mark.usefixtures("enabled")


def all_of_them(one: Case, order: Any = None, tolerance: float = 3e-6) -> list[np.ndarray]:
    """Convolution, its adjoint and the gradients of weight and bias."""
    shape, weight, how = one
    order = order if len(shape) == 4 else None
    x, w, bias = lying(order, *shape), numbers(*weight, seed=1), numbers(weight[0], seed=2)
    g = lying(order, shape[0], weight[0], *windows(*one), seed=3)
    return [
        agree("convolve", x, w, bias, tolerance=tolerance, **how),
        agree("convolve", x, w, tolerance=tolerance, **how),
        agree("convolve_input", g, w, size=shape[2:], tolerance=tolerance, **how),
        agree("convolve_weight", x, g, kernel=weight[2:], tolerance=tolerance, **how),
        agree("channel_sums", g, tolerance=tolerance),
    ]


CASES = {
    "a single number": case((1, 1, 1, 1), (1, 1, 1, 1)),
    "a picture of one row": case((2, 3, 1, 9), (4, 3, 1, 3)),
    "a kernel as large as the picture": case((3, 2, 4, 5), (9, 2, 4, 5)),
    "same": case((5, 9, 6, 7), (10, 9, 3, 3), padding=1),
    "an even kernel": case((2, 9, 5, 6), (3, 9, 2, 4), padding=((0, 1), (1, 2))),
    "a stride": case((3, 9, 8, 7), (5, 9, 3, 3), stride=2, padding=1),
    "a stride longer than the kernel": case((3, 9, 8, 9), (5, 9, 2, 2), stride=3),
    "one element": case((3, 12, 5, 4), (6, 12, 1, 1)),
    "one element, a stride apart": case((3, 12, 6, 7), (6, 12, 1, 1), stride=(3, 2)),
    "one element, padded": case((3, 12, 4, 4), (6, 12, 1, 1), stride=2, padding=1),
    "dilation": case((2, 9, 9, 8), (3, 9, 3, 2), stride=(1, 2), dilation=(2, 3), padding=((2, 0), (1, 3))),
    "only padding above": case((2, 2, 3, 3), (3, 2, 3, 3), padding=((7, 0), (0, 5))),
    "negative padding": case((2, 9, 6, 6), (3, 9, 2, 2), padding=((-1, 0), (0, -2))),
    "groups": case((3, 18, 5, 6), (4, 9, 3, 3), groups=2, padding=1),
    "few channels": case((3, 3, 6, 9), (8, 3, 3, 3), stride=2, padding=1),
    "few channels in groups": case((3, 6, 6, 5), (4, 3, 2, 3), groups=2, dilation=2, padding=2),
    "one channel": case((4, 1, 7, 6), (16, 1, 3, 3), padding=1),
    "depthwise": case((3, 5, 7, 6), (5, 1, 3, 3), groups=5, padding=1),
    "depthwise, a stride": case((3, 5, 7, 8), (5, 1, 3, 2), groups=5, stride=(3, 2), dilation=(1, 2), padding=1),
    "two for each channel": case((3, 4, 5, 6), (8, 1, 3, 3), groups=4, padding=((0, 2), (1, 0))),
    "many for each channel": case((3, 2, 5, 6), (14, 1, 3, 3), groups=2, padding=1),
    "a sequence": case((3, 9, 11), (5, 9, 3), stride=2, padding=1, dilation=2),
    "a sequence of few channels": case((3, 2, 11), (5, 2, 4), padding=((3, 0),)),
    "a depthwise sequence": case((3, 4, 11), (4, 1, 5), groups=4, padding=2),
}


@pytest.mark.parametrize("one", CASES.values(), ids=CASES)
def test_windows_of_many_kinds(one: Case) -> None:
    for order in (None, BATCH_LAST, CHANNELS_LAST):
        all_of_them(one, order)


BLOCKS = {  # more than 64 outputs, 128 inputs and 512 columns
    "outputs": case((9, 9, 3, 70), (130, 9, 2, 3), padding=1),
    "inputs": case((50, 300, 1, 11), (3, 300, 1, 2)),
    "both": case((2, 70, 5, 5), (70, 70, 3, 3), stride=2, padding=1),
    "groups": case((2, 140, 4, 4), (140, 70, 2, 2), groups=2),
}


@pytest.mark.parametrize("one", BLOCKS.values(), ids=BLOCKS)
def test_several_blocks_and_threads(one: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    for threads, room in ((1, 0), (2, 8192), (5, 8192), (5, 0)):
        monkeypatch.setattr(settings, "threads", threads)
        monkeypatch.setattr(products, "ROOM", room)
        all_of_them(one, BATCH_LAST, 1e-5)


def test_random_windows() -> None:
    for seed in range(50):
        all_of_them(*at_random(seed))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_more_random_windows(part: int) -> None:
    for seed in range(1000 + part * 100, 1100 + part * 100):
        all_of_them(*at_random(seed))


KINDS = {  # one for each way that kernels go
    "products": case((3, 9, 5, 6), (10, 9, 3, 3)),
    "few channels": case((3, 2, 5, 6), (10, 2, 3, 3)),
    "depthwise": case((3, 4, 5, 6), (4, 1, 3, 3), groups=4),
    "a stride": case((3, 9, 7, 6), (10, 9, 3, 3), stride=2),
}


def with_special_numbers(one: Case, values: list[float]) -> None:
    shape, weight, how = one
    padded = how | {"padding": ((1, 1), (2, 0))}
    x, w, bias = numbers(*shape), numbers(*weight, seed=1), numbers(weight[0], seed=2)
    x[1, 0, 2, 2 : 2 + len(values)] = values
    agree("convolve", x, w, bias, **padded)
    agree("convolve_weight", x, numbers(3, weight[0], *windows(shape, weight, how)), kernel=weight[2:], **how)
    g = numbers(3, weight[0], *windows(shape, weight, padded), seed=3)
    g[1, 0, 1, : len(values)] = values
    agree("convolve_input", g, w, size=shape[2:], **padded)
    agree("channel_sums", g)
    g = g[:, :, : windows(shape, weight, how)[0], : windows(shape, weight, how)[1]]
    agree("convolve_weight", numbers(*shape), g, kernel=weight[2:], **how)
    w[0, 0, 1, : len(values)] = bias[1] = values[0]  # type: ignore[call-overload]
    agree("convolve", numbers(*shape), w, bias, **how)


@pytest.mark.parametrize("one", KINDS.values(), ids=KINDS)
def test_special_numbers_reach_what_they_belong_to(one: Case) -> None:
    for values in SPECIAL.values():
        with_special_numbers(one, values)


def test_padding_is_not_multiplied() -> None:
    """The plain function takes zeros for it, and 0 · inf for NaN."""
    w = np.full((9, 9, 3, 3), np.inf, np.float32)
    out = F.conv2d(mg.ones(2, 9, 4, 4), mg.from_numpy(w), padding=1)
    assert np.isposinf(out.numpy()).all()


def test_denormal_numbers_remain() -> None:
    shape, weight, how = case((1, 9, 3, 3), (1, 9, 1, 1))
    out = agree("convolve", np.full(shape, 1e-40, np.float32), np.ones(weight, np.float32), **how)
    np.testing.assert_allclose(out, 9e-40, rtol=1e-4)


def test_arrays_with_gaps() -> None:
    x, w, bias = numbers(6, 18, 10, 9)[::2, ::2, ::2, 1::3], numbers(10, 9, 3, 6, seed=1)[..., ::3], numbers(20)[::2]
    *_, how = case(x.shape, w.shape, padding=((1, 1), (1, 0)))
    assert agree("convolve", x, w, bias, **how).shape == (3, 10, 5, 3)
    g = numbers(6, 10, 5, 6, seed=2)[::-2, :, :, ::2]
    agree("convolve_input", g, w, size=(5, 3), **how)
    agree("convolve_weight", x, g, kernel=(3, 2), **how)
    agree("channel_sums", g)
    agree("convolve_input", np.broadcast_to(np.float32(2), g.shape), w, size=(5, 3), **how)


def test_the_order_of_memory_is_that_of_the_plain_function() -> None:
    shape, weight, how = KINDS["products"]
    for order in (None, BATCH_LAST):
        out = agree("convolve", lying(order, *shape), numbers(*weight), **how)
        assert out.transpose(2, 1, 3, 0).flags.c_contiguous
        back = agree("convolve_input", out, numbers(*weight), size=shape[2:], **how)
        assert back.transpose(2, 1, 3, 0).flags.c_contiguous


def test_what_is_left_to_the_plain_function() -> None:
    shape, weight, how = KINDS["products"]
    x, w, bias = numbers(*shape), numbers(*weight), numbers(weight[0])
    g = numbers(3, 10, 3, 4)
    double = [a.astype(np.float64) for a in (x, w, bias, g)]
    for inputs in ((double[0], w), (x, double[1]), (x, w, double[2]), (x, w, bias[1:]), (x[:, 1:], w), (x[:0], w)):
        assert declines("convolve", *inputs, **how)
    assert declines("convolve", x, w, **how | {"groups": 3})
    assert declines("convolve", x, w[:, :, 0], **how)
    *corner, deep = case((1, 1, 2, 2, 2), (1, 1, 1, 1, 1))
    assert declines("convolve", *[numbers(*shape) for shape in corner], **deep)
    for inputs in ((double[3], w), (g, double[1]), (g[:, 1:], w), (g[:0], w)):
        assert declines("convolve_input", *inputs, size=(5, 6), **how)
    for inputs in ((double[0], g), (x, double[3]), (x[1:], g), (x[:, :0], g[:, :0])):
        assert declines("convolve_weight", *inputs, kernel=(3, 3), **how)
    assert declines("convolve_weight", x, g, kernel=(3, 3), **how | {"groups": 3})
    assert declines("channel_sums", double[3])
    assert declines("channel_sums", g[:0])


def test_empty_batches_and_other_dtypes_are_served_all_the_same() -> None:
    out = F.conv2d(mg.zeros(0, 2, 5, 5, requires_grad=True), mg.ones(3, 2, 2, 2))
    out.sum().backward()
    assert out.shape == (0, 3, 4, 4)
    both = F.conv1d(mg.ones(1, 2, 5, dtype="float64"), mg.ones(3, 2, 2, dtype="float64"))
    assert both.dtype == np.float64
    with pytest.raises(ValueError, match="conv2d"):
        F.conv2d(mg.ones(1, 3, 5, 5), mg.ones(3, 2, 2, 2))


LAYERS: dict[str, tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "pictures": ("conv2d", (4, 9, 6, 7), (5, 9, 3, 3), {"padding": 1, "stride": (2, 1)}),
    "few channels": ("conv2d", (4, 3, 8, 7), (5, 3, 5, 5), {"padding": 2, "stride": 2}),
    "depthwise": ("conv2d", (4, 6, 6, 7), (6, 1, 3, 3), {"padding": "same", "groups": 6, "dilation": 2}),
    "sequences": ("conv1d", (4, 9, 17), (5, 9, 3), {"padding": 1, "dilation": 2}),
    "transposed": ("conv_transpose2d", (4, 9, 4, 5), (9, 3, 3, 3), {"stride": 3, "padding": 1, "output_padding": 2}),
    "dilated": ("conv_transpose1d", (4, 8, 5), (8, 3, 2), {"groups": 2, "dilation": 3, "output_padding": 2}),
}


def gradients(library: Any, name: str, x: Any, w: Any, options: dict[str, Any]) -> list[np.ndarray]:
    """A layer's result, and its gradients of the first and second order."""
    outputs = w.shape[1] * options.get("groups", 1) if "transpose" in name else len(w)
    leaves = [library.tensor(np.array(a), requires_grad=True) for a in (x, w, numbers(outputs, seed=2))]
    out = getattr(library.nn.functional, name)(*leaves, **options)
    first = library.autograd.grad((out * out).sum(), leaves, create_graph=True)
    second = library.autograd.grad(sum((part * part).sum() for part in first), leaves)
    return [part.detach().numpy() for part in (out, *first, *second)]


@pytest.mark.parametrize("kind", LAYERS)
def test_layers_and_their_gradients(kind: str) -> None:
    torch = pytest.importorskip("torch")
    layer, shape, weight, options = LAYERS[kind]
    x, w = numbers(*shape), numbers(*weight, seed=1)
    got = gradients(mg, layer, x, w, options)
    with mg.fast.disabled():
        same(got, gradients(mg, layer, x, w, options), 1e-5)
    same(got, gradients(torch, layer, x, w, options), 1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_several_threads_at_once(name: str) -> None:
    from_several_threads(functools.partial(all_of_them, KINDS[name]))
