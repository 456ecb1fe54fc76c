"""Max unpooling beside PyTorch's, and what it refuses."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
from minigrad import Tensor, autograd, nn  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from tests.module_parity import pair  # noqa: E402
from tests.parity import compare, random  # noqa: E402

TF = torch.nn.functional


@pytest.mark.parametrize("shape", [(2, 3, 9, 10), (3, 9, 10), (1, 2, 4, 6), (0, 3, 4, 4)])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(2, None, 0), (3, None, 1), ((2, 3), None, (1, 0)), (2, 3, 0), (2, (2, 3), 1)]
)
def test_pictures(shape, kernel, stride, padding):
    pooled, places = TF.max_pool2d(torch.tensor(random(shape)), kernel, stride, padding, return_indices=True)
    static = (kernel, stride, padding, list(shape[-2:]))
    compare(
        lambda x, *args: F.max_unpool2d(x, places.numpy(), *args),
        lambda x, *args: TF.max_unpool2d(x, places, *args),
        pooled.numpy(),
        static=static,
        order=2,
    )


@pytest.mark.parametrize(
    ("kernel", "padding", "size"),
    [(2, 0, None), (2, 1, None), (3, 0, None), (2, 1, (12,)), (3, 1, (12,)), (3, 1, (2, 3, 12))],
)
def test_sequences(kernel, padding, size):
    pooled, places = TF.max_pool1d(torch.tensor(random((2, 3, 12))), kernel, padding=padding, return_indices=True)
    compare(
        lambda x, *args: F.max_unpool1d(x, places.numpy(), *args),
        lambda x, *args: TF.max_unpool1d(x, places, *args),
        pooled.numpy(),
        static=(kernel, None, padding, size),
        order=2,
    )


@pytest.mark.parametrize(
    ("name", "args"), [("MaxUnpool1d", (2,)), ("MaxUnpool1d", (3, 2, 1)), ("MaxUnpool2d", ((2, 3), None, 1))]
)
def test_layers_are_pytorchs(name, args):
    ours, theirs = pair(name, *args)
    assert repr(ours) == repr(theirs)
    assert (ours.kernel_size, ours.stride, ours.padding) == (
        (theirs.kernel_size, theirs.stride, theirs.padding)
        if name == "MaxUnpool2d"
        else tuple((n,) if isinstance(n, int) else n for n in (theirs.kernel_size, theirs.stride, theirs.padding))
    )
    for part in (lambda m: type(m), lambda m: m.forward):
        mine, reference = (inspect.signature(part(m)).parameters for m in (ours, theirs))
        assert [(p.name, p.default) for p in mine.values()] == [(p.name, p.default) for p in reference.values()]


def test_an_autoencoder_gives_back_what_was_largest():
    x = Tensor(random((2, 3, 5, 7), "float32"), requires_grad=True)
    pooled, places = nn.MaxPool2d(2, return_indices=True)(x)
    out = nn.MaxUnpool2d(2)(pooled, places, output_size=x.shape)
    assert out.shape == x.shape and out.dtype == np.float32
    kept = out.detach().numpy() != 0
    assert kept.sum() == pooled.numel()
    np.testing.assert_array_equal(out.detach().numpy()[kept], x.detach().numpy()[kept])
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), kept)


def test_of_elements_for_one_place_the_last_stays_and_gets_the_gradient():
    x = Tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    out = F.max_unpool1d(x, [[1, 0, 1]], 1)
    assert out.tolist() == [[2.0, 3.0, 0.0]]
    (out**2).sum().backward()
    assert x.grad.tolist() == [[0.0, 4.0, 6.0]]
    leaf = Tensor(random((1, 2, 3)), requires_grad=True)
    assert autograd.gradgradcheck(lambda x: F.max_unpool1d(x, [[[0, 2, 4], [1, 3, 4]]], 2) ** 2, leaf)
