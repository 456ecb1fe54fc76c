"""Conversions in place: what changes, what stays the same object, and who may go on with it."""

import copy

import numpy as np
import pytest

from minigrad import Parameter, Tensor, nn, optim
from minigrad import tensor as make


class Net(nn.Module):
    def __init__(self):
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.register_buffer("mean", Tensor([0.5]))
        self.register_buffer("count", make(3))
        self.register_buffer("mask", make([True]))
        self.plain = Tensor([1.0])

    def forward(self, x):
        return self.second(self.first(x)) * self.mean


CASES = [
    (lambda net: net.to(np.float64), "float64"),
    (lambda net: net.to("cpu", np.float16), "float16"),
    (lambda net: net.to(dtype="float64", device="cpu"), "float64"),
    (lambda net: net.to(Tensor(np.zeros(1))), "float64"),
    (lambda net: net.to("cpu"), "float32"),
    (lambda net: net.double(), "float64"),
    (lambda net: net.half(), "float16"),
    (lambda net: net.double().float(), "float32"),
    (lambda net: net.cpu(), "float32"),
]


@pytest.mark.parametrize(("convert", "dtype"), CASES)
def test_floating_parts_change_in_place(convert, dtype):
    net = Net()
    net(Tensor([[1.0, 2.0, 3.0]])).sum().backward()
    before = [id(t) for t in (*net.parameters(), *net.buffers())]
    grads = [p.grad.tolist() for p in net.parameters()]
    assert convert(net) is net
    assert [id(t) for t in (*net.parameters(), *net.buffers())] == before
    assert {p.dtype for p in net.parameters()} == {np.dtype(dtype)} == {p.grad.dtype for p in net.parameters()}
    assert net.mean.dtype == dtype and net.count.dtype == np.int64 and net.mask.dtype == bool
    assert net.plain.dtype == np.float32
    assert net.second.weight is net.first.weight and all(isinstance(p, Parameter) for p in net.parameters())
    for p, grad in zip(net.parameters(), grads, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), grad, rtol=1e-3)
    net.zero_grad()
    out = net(Tensor(np.ones((1, 3), dtype)))
    out.sum().backward()
    assert out.dtype == dtype and {p.grad.dtype for p in net.parameters()} == {np.dtype(dtype)}


def test_values_are_kept_where_they_fit():
    net = Net()
    before = copy.deepcopy(net.state_dict())
    net.double()
    for name, value in net.state_dict().items():
        assert value.tolist() == before[name].tolist()


@pytest.mark.parametrize(
    ("convert", "error", "message"),
    [
        (lambda net: net.to(np.int64), TypeError, r"Module\.to\(int64\) would make Parameters that have no gradient"),
        (lambda net: net.to(bool), TypeError, "float16, float32, float64"),
        (lambda net: net.to("cuda"), ValueError, "no device 'cuda'"),
        (lambda net: net.to("nonsense"), ValueError, "nonsense"),
        (lambda net: net.to(np.complex64), TypeError, "complex64"),
        (lambda net: net.type(np.int32), TypeError, r"cannot become int32.*requires_grad_\(False\) first"),
    ],
)
def test_what_cannot_be_changes_nothing(convert, error, message):
    net = Net()
    with pytest.raises(error, match=message):
        convert(net)
    assert {p.dtype for p in net.parameters()} == {np.dtype("float32")} and net.count.dtype == np.int64


def test_type_converts_everything():
    net = Net().type(np.float64)
    assert net.count.dtype == net.mask.dtype == np.float64 and net.first.bias.dtype == np.float64
    net.requires_grad_(False).type("int64")
    assert net.first.weight.dtype == np.int64


def test_hooks_and_frozen_parameters_stay():
    net, seen = nn.Linear(2, 1), []
    net.weight.register_hook(lambda grad: seen.append(grad.dtype))
    net.bias.requires_grad = False
    net.double()
    net(Tensor(np.ones((1, 2)))).backward()
    assert seen == [np.float64] and net.bias.grad is None and not net.bias.requires_grad


def test_a_graph_from_before_is_still_right():
    net = nn.Linear(2, 1)
    x = Tensor([[3.0, 4.0]], requires_grad=True)
    loss, weight = net(x).sum(), net.weight.tolist()
    net.double()
    loss.backward()
    assert net.weight.grad.tolist() == [[3, 4]] and net.weight.grad.dtype == np.float64
    assert x.grad.tolist() == weight and x.grad.dtype == np.float32


@pytest.mark.parametrize("kind", [lambda p: optim.Adam(p, lr=0.1), lambda p: optim.SGD(p, lr=0.1, momentum=0.9)])
@pytest.mark.parametrize("steps", [0, 2])
def test_an_optimizer_from_before_goes_on(kind, steps):
    def train(net, optimizer, dtype, n):
        for i in range(n):
            optimizer.zero_grad()
            (net(Tensor(np.full((2, 3), i + 1.0, dtype))) ** 2).sum().backward()
            optimizer.step()

    net = Net()
    optimizer = kind(net.parameters())
    train(net, optimizer, "f4", steps)
    reference = copy.deepcopy(net).double()
    fresh = kind(reference.parameters())
    fresh.load_state_dict(optimizer.state_dict())
    net.double()
    before = net.first.weight.tolist()
    train(net, optimizer, "f8", 3)
    train(reference, fresh, "f8", 3)
    assert net.first.weight.tolist() != before
    for ours, wanted in zip(net.parameters(), reference.parameters(), strict=True):  # exact before the first step
        np.testing.assert_allclose(ours.tolist(), wanted.tolist(), rtol=1e-5 if steps else 0)
