"""Convolutions beside PyTorch's, over the product of their arguments."""

from __future__ import annotations

import inspect
import warnings
from itertools import product

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

import minigrad  # noqa: E402
from minigrad import Tensor, nn  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from minigrad.nn.kernels.conv import convolution  # noqa: E402
from tests.module_parity import compare_modules, pair  # noqa: E402
from tests.parity import compare, random  # noqa: E402

TF = torch.nn.functional


@pytest.fixture(autouse=True, params=[0, 1 << 30], ids=["row by row", "all rows at once"])
def algorithm(request, monkeypatch):
    """Both ways to compute, whatever the size."""
    monkeypatch.setattr(convolution, "_NARROW", request.param)


KERNELS = [(1, 1), (2, 3), (3, 2), (4, 1)]


def _fits(size: int, kernel: int, padding: int, dilation: int) -> bool:
    return size + 2 * padding >= dilation * (kernel - 1) + 1


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation", "groups"),
    list(product(KERNELS, [(1, 1), (2, 1), (3, 4)], [(0, 0), (1, 2)], [(1, 1), (2, 3)], [1, 2])),
)
def test_conv2d(kernel, stride, padding, dilation, groups):
    size = (7, 8)
    if not all(_fits(n, k, p, d) for n, k, p, d in zip(size, kernel, padding, dilation, strict=True)):
        pytest.skip("the kernel is larger than the padded input")
    arrays = [random((2, 4, *size)), random((6, 4 // groups, *kernel), seed=1), random((6,), seed=2)]
    compare(F.conv2d, TF.conv2d, *arrays, static=(stride, padding, dilation, groups), order=2)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation", "groups"), list(product([1, 2, 5], [1, 3], [0, 2], [1, 2], [1, 3]))
)
def test_conv1d(kernel, stride, padding, dilation, groups):
    arrays = [random((2, 3, 11)), random((6, 3 // groups, kernel), seed=1), random((6,), seed=2)]
    compare(F.conv1d, TF.conv1d, *arrays, static=(stride, padding, dilation, groups), order=2)


@pytest.mark.parametrize("kernel", [(2, 3), (4, 4), (1, 5)])
@pytest.mark.parametrize("dilation", [1, (2, 1), 3])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_padding_by_name(kernel, dilation, padding):
    size = (13, 14)
    arrays = [random((1, 2, *size)), random((3, 2, *kernel), seed=1)]
    compare(
        lambda x, w: F.conv2d(x, w, None, 1, padding, dilation),
        lambda x, w: _quiet(TF.conv2d, x, w, None, 1, padding, dilation),
        *arrays,
    )


def _quiet(function, *args):
    """PyTorch warns that an uneven padding needs a copy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "output_padding", "groups", "dilation"),
    [
        case
        for case in product([(1, 1), (2, 3), (3, 4)], [1, 2, (3, 1)], [0, 1], [0, 1, (2, 0)], [1, 2], [1, (2, 3)])
        if all(
            e < max(s, d)
            for e, s, d in zip(
                *[c if isinstance(c, tuple) else (c, c) for c in (case[3], case[1], case[5])], strict=True
            )
        )
    ],
)
def test_conv_transpose2d(kernel, stride, padding, output_padding, groups, dilation):
    arrays = [random((2, 4, 3, 4)), random((4, 3, *kernel), seed=1), random((3 * groups,), seed=2)]
    static = (stride, padding, output_padding, groups, dilation)
    compare(F.conv_transpose2d, TF.conv_transpose2d, *arrays, static=static, order=2)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("groups", [1, 2])
def test_conv_transpose1d(stride, padding, groups):
    arrays = [random((2, 4, 5)), random((4, 3, 4), seed=1), random((3 * groups,), seed=2)]
    static = (stride, padding, stride - 1, groups, 1)
    compare(F.conv_transpose1d, TF.conv_transpose1d, *arrays, static=static, order=2)


@pytest.mark.parametrize("rank", [3, 4])
def test_without_a_batch_dimension(rank):
    shape = (4, 6, 5)[: rank - 1]
    ours, theirs = (F.conv1d, TF.conv1d) if rank == 3 else (F.conv2d, TF.conv2d)
    compare(ours, theirs, random(shape), random((3, 4, 3, 2)[:rank], seed=1), random((3,), seed=2))
    ours, theirs = (F.conv_transpose1d, TF.conv_transpose1d) if rank == 3 else (F.conv_transpose2d, TF.conv_transpose2d)
    compare(ours, theirs, random(shape), random((4, 3, 3, 2)[:rank], seed=1), random((3,), seed=2))


@pytest.mark.parametrize("layout", ["transposed", "sliced", "reversed", "batch last", "repeated"])
def test_layouts_of_memory(layout):
    make = {
        "transposed": lambda: random((2, 7, 6, 3)).transpose(0, 3, 1, 2),
        "sliced": lambda: random((4, 6, 7, 12))[::2, 1::2, :, ::2],
        "reversed": lambda: random((2, 3, 7, 6))[::-1, :, ::-1, ::-1],
        "batch last": lambda: random((7, 3, 6, 2)).transpose(3, 1, 0, 2),
        "repeated": lambda: np.broadcast_to(random((1, 3, 7, 1)), (2, 3, 7, 6)),
    }[layout]
    weight = random((3, 4, 3, 3), seed=1).transpose(1, 0, 3, 2)
    compare(F.conv2d, TF.conv2d, make(), weight, static=(None, 2, 1), order=2)


@pytest.mark.parametrize("batch", [0, 1])
def test_small_batches(batch):
    arrays = [random((batch, 2, 5, 5)), random((3, 2, 3, 3), seed=1), random((3,), seed=2)]
    compare(F.conv2d, TF.conv2d, *arrays, static=(1, 1), order=1)


def test_single_precision_and_many_channels():
    arrays = [random((3, 40, 9, 9), "float32"), random((50, 40, 3, 3), "float32", -0.1, 0.1, seed=1)]
    compare(F.conv2d, TF.conv2d, *arrays, static=(None, 1, 1), order=1)


def test_a_weight_gradient_that_is_summed_in_pieces(monkeypatch):
    monkeypatch.setattr(convolution, "_ROOM", 200)
    arrays = [random((2, 3, 12, 5)), random((4, 3, 3, 3), seed=1)]
    compare(F.conv2d, TF.conv2d, *arrays, static=(None, 2, 1), order=2)


# --- depthwise and dilated: ways of their own -------------------------------------------------------------------------
def _both(size):
    return size if isinstance(size, tuple) else (size, size)


def _covers(kernel, stride, padding, dilation, multiplier):
    """Whether a padded input of 8 by 9 covers the kernel."""
    return all(map(_fits, (8, 9), kernel, _both(padding), _both(dilation)))


DEPTHWISE = product([(3, 3), (2, 4), (1, 3)], [1, 2, (3, 1)], [0, 1, (3, 2)], [1, (2, 3), (3, 1)], [1, 2])


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation", "multiplier"), [case for case in DEPTHWISE if _covers(*case)]
)
def test_depthwise(kernel, stride, padding, dilation, multiplier):
    arrays = [random((2, 3, 8, 9)), random((3 * multiplier, 1, *kernel), seed=1), random((3 * multiplier,), seed=2)]
    static = (stride, padding, dilation, 3)
    compare(F.conv2d, TF.conv2d, *arrays, static=static, order=2)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("batch", [0, 1, 3])
def test_depthwise_in_single_precision_on_layouts_of_memory(batch, stride):
    for x in (
        random((7, 3, 6, batch), "float32").transpose(3, 1, 0, 2),
        random((batch, 6, 7, 12), "float32")[:, ::2, ::-1, ::2],
    ):
        weight = random((3, 3, 3, 1), "float32", seed=1).transpose(1, 3, 2, 0)
        compare(F.conv2d, TF.conv2d, x, weight, random((3,), "float32", seed=2), static=(stride, 1, 2, 3), order=1)


@pytest.mark.parametrize("stride", [1, 2, (3, 2)])
@pytest.mark.parametrize("dilation", [1, (1, 2)])
def test_transposed_depthwise(stride, dilation):
    arrays = [random((2, 3, 4, 3)), random((3, 1, 3, 2), seed=1), random((3,), seed=2)]
    for padding in (0, 1):
        static = (stride, padding, 0, 3, dilation)
        compare(F.conv_transpose2d, TF.conv_transpose2d, *arrays, static=static, order=2)


@pytest.mark.parametrize(
    ("height", "stride", "padding", "dilation"),
    [(9, 1, 0, 2), (9, 1, 4, 4), (9, 2, 4, 4), (9, 2, 3, 3), (9, 4, 6, 6), (9, 6, 4, 4), (2, 1, 5, 5), (1, 1, 7, 7)],
)
def test_dilation_that_shares_divisors_with_the_stride_or_exceeds_the_picture(height, stride, padding, dilation):
    for kernel in (2, 3):
        arrays = [random((2, 4, height, 6)), random((6, 2, kernel, 2), seed=1), random((6,), seed=2)]
        compare(F.conv2d, TF.conv2d, *arrays, static=((stride, 1), (padding, 1), (dilation, 1), 2), order=2)


@pytest.mark.parametrize("multiplier", [1, 2, 5])
def test_depthwise_in_blocks_and_with_many_vectors_at_once_is_the_same(multiplier, monkeypatch):
    x, w = random((2, 5, 7, 6)), random((5 * multiplier, 1, 3, 3), seed=1)
    static = {"stride": (2, 1), "padding": ((1, 1), (0, 2)), "dilation": (1, 2), "groups": 5}

    def every() -> list[np.ndarray]:
        out = convolution.convolve(x, w, **static)
        g = random(out.shape, seed=2)
        g_input = convolution.convolve_input(g, w, size=(7, 6), **static)
        return [out, g_input, convolution.convolve_weight(x, g, kernel=(3, 3), **static)]

    whole = every()
    monkeypatch.setattr(convolution, "_BLOCK", 500)
    monkeypatch.setattr(convolution, "_FEW", 0)
    for a, b in zip(whole, every(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("stride", "dilation"), [((1, 1), (1, 1)), ((2, 3), (1, 2)), ((1, 1), (3, 1))])
def test_the_turned_kernel_gives_what_spreading_gives(stride, dilation):
    """A group with an output that is always 0 takes the other way."""
    w = random((3, 1, 3, 2))
    static = {"stride": stride, "padding": ((1, 1), (4, 0)), "dilation": dilation, "groups": 3}
    g = random(convolution.convolve(random((2, 3, 8, 9)), w, **static).shape, seed=1)
    doubled = [np.stack([a, np.zeros_like(a)], axis).reshape(s) for a, axis, s in (
        (w, 1, (6, 1, 3, 2)), (g, 2, (2, 6, *g.shape[2:])),
    )]  # fmt: skip
    turned = convolution.convolve_input(g, w, size=(8, 9), **static)
    spread = convolution.convolve_input(*doubled[::-1], size=(8, 9), **static)
    np.testing.assert_allclose(turned, spread, rtol=1e-12, atol=1e-12)


# --- columns ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kernel", "dilation", "padding", "stride"), list(product([2, (1, 3)], [1, (2, 3)], [0, (1, 2)], [1, (2, 3)]))
)
def test_unfold_and_fold(kernel, dilation, padding, stride):
    compare(F.unfold, TF.unfold, random((2, 3, 7, 8)), static=(kernel, dilation, padding, stride), order=1)
    columns = TF.unfold(torch.zeros(2, 3, 7, 8), kernel, dilation, padding, stride).shape
    compare(F.fold, TF.fold, random(tuple(columns)), static=((7, 8), kernel, dilation, padding, stride), order=1)
    compare(F.fold, TF.fold, random(tuple(columns[1:])), static=((7, 8), kernel, dilation, padding, stride), order=1)


# --- layers -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("padding_mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [0, (1, 2), "same", "valid"])
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_layers(groups, bias, padding_mode, padding):
    options = {"groups": groups, "bias": bias, "padding_mode": padding_mode}
    compare_modules("Conv2d", 4, 6, (3, 4), padding=padding, inputs=[(2, 4, 6, 7)], **options)
    line = padding[1] if isinstance(padding, tuple) else padding
    compare_modules("Conv1d", 4, 6, 4, padding=line, dilation=2, inputs=[(2, 4, 9)], **options)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("output_size", [None, (10, 8), (2, 6, 9, 9)])
def test_transposed_layers(groups, output_size):
    compare_modules(
        "ConvTranspose2d", 4, 6, (3, 2), stride=2, padding=0, groups=groups, inputs=[(2, 4, 4, 4)],
        call={"output_size": output_size} if output_size else None,
    )  # fmt: skip
    compare_modules("ConvTranspose1d", 4, 6, 3, 2, 1, 1, groups, False, inputs=[(4, 5)])


REPRESENTED = [
    ("Conv1d", (2, 4, 3), {}),
    ("Conv2d", (2, 4, 3), {"padding": "same", "padding_mode": "reflect", "bias": False, "dilation": 2}),
    ("Conv2d", (2, 4, (3, 1)), {"stride": (2, 1), "padding": (0, 1), "groups": 2}),
    ("ConvTranspose2d", (2, 4, 3), {"stride": 2, "output_padding": 1}),
    ("ConvTranspose1d", (2, 4, 3), {}),
    ("Unfold", (2,), {}),
    ("Fold", ((3, 3), 2), {"padding": 1}),
]


@pytest.mark.parametrize(("name", "args", "options"), REPRESENTED)
def test_representation_attributes_and_signature(name, args, options):
    ours, theirs = pair(name, *args, **options)
    assert repr(ours) == repr(theirs)
    for key, value in vars(ours).items():
        if not isinstance(value, Tensor):
            assert getattr(theirs, key) == value, key
    for method in ("__init__", "forward"):
        mine, reference = (inspect.signature(getattr(type(m), method)).parameters for m in (ours, theirs))
        assert [*mine] == [*reference]
        assert [p.default for p in mine.values()] == [p.default for p in reference.values()]


@pytest.mark.parametrize(
    ("name", "args", "fan_in"),
    [("Conv2d", (64, 32, 3), 576), ("Conv1d", (64, 256, 5, 1, 0, 1, 4), 80), ("ConvTranspose2d", (64, 30, 3), 270)],
)
def test_initial_values_are_uniform_within_one_over_the_root_of_fan_in(name, args, fan_in):
    minigrad.manual_seed(0)
    layer = getattr(nn, name)(*args, dtype=np.float64)
    bound = fan_in**-0.5
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    assert np.abs(weight).max() <= bound and np.abs(bias).max() <= bound
    assert weight.var() == pytest.approx(bound**2 / 3, rel=5 * np.sqrt(0.8 / weight.size))
    assert abs(weight.mean()) < 5 * bound / np.sqrt(3 * weight.size)
    theirs = getattr(torch.nn, name)(*args).weight.detach().numpy()
    assert np.abs(theirs).max() == pytest.approx(bound, rel=0.01)
