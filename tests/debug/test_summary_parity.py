"""The numbers of summary against torchinfo's, where torchinfo counts as its rule says."""

import math

import pytest

from minigrad import nn
from minigrad.debug import summary

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
torchinfo = pytest.importorskip("torchinfo", reason="torchinfo is compared with where it is installed")


def mlp(n):
    head = n.Sequential(n.Linear(100, 50, bias=False), n.Tanh())
    return n.Sequential(n.Linear(784, 100), n.ReLU(), head, n.Linear(50, 10))


def cnn(n):
    return n.Sequential(
        n.Conv2d(1, 8, 3, padding=1), n.ReLU(), n.MaxPool2d(2), n.Conv2d(8, 16, 3, groups=2, bias=False), n.Flatten(),
        n.Linear(16 * 12 * 12, 10),
    )  # fmt: skip


def repeated(n):
    layer = n.Linear(20, 20)
    return n.Sequential(layer, n.ReLU(), layer, n.Linear(20, 3))


CASES = {
    "mlp": (mlp, (32, 784)),
    "cnn": (cnn, (4, 1, 28, 28)),
    "repeated": (repeated, (7, 20)),
    "conv1d": (lambda n: n.Sequential(n.Conv1d(3, 4, 5, stride=2, dilation=2)), (2, 3, 50)),
    "lstm": (lambda n: n.Sequential(n.LSTM(8, 5, 2, bidirectional=True, batch_first=True)), (3, 10, 8)),
    "gru": (lambda n: n.Sequential(n.GRU(8, 5)), (10, 3, 8)),
}


@pytest.mark.parametrize("name", CASES)
def test_same_numbers(name):
    make, size = CASES[name]
    ours = summary(make(nn), input_size=size)
    theirs = torchinfo.summary(make(torch.nn), input_size=size, verbose=0)
    assert ours.total_params == theirs.total_params and ours.trainable_params == theirs.trainable_params
    assert ours.total_mult_adds == theirs.total_mult_adds
    assert ours.input_bytes == 4 * math.prod(size)  # torchinfo adds the 64 bytes of a Python list
    assert ours.param_bytes == theirs.total_param_bytes
    if name not in ("lstm", "gru"):  # of several outputs, torchinfo counts the first
        assert ours.output_bytes == theirs.total_output_bytes
    kinds = [layer.class_name for layer in theirs.summary_list]
    assert [layer.kind for layer in ours.layers] == kinds
    assert [layer.depth for layer in ours.layers] == [layer.depth for layer in theirs.summary_list]
    shapes = [list(layer.output_size) for layer in theirs.summary_list]
    assert [list(layer.output_shapes[0]) for layer in ours.layers] == shapes
