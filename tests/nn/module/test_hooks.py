import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn


class Scale(nn.Module):
    def forward(self, x, factor=2.0):
        return x * factor


def note(module, args, output):
    module.noted = getattr(module, "noted", 0) + 1


def test_a_module_without_hooks_has_none():
    net = Scale()
    assert net._call_hooks is None and "_call_hooks" not in vars(net)
    handle = net.register_forward_hook(note)
    net(1.0)
    handle.remove()
    net(1.0)
    assert net.noted == 1 and net._call_hooks is None
    again = net.register_forward_hook(note)
    net(1.0)
    assert net.noted == 2
    handle.remove()
    again.remove()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_have_the_hooks_too_and_their_own_handles(copied):
    net = Scale()
    handle = net.register_forward_hook(note)
    other = copied(net)
    handle.remove()
    net(1.0)
    other(1.0)
    assert not hasattr(net, "noted") and other.noted == 1
    other.register_forward_hook(note)
    other(1.0)
    assert other.noted == 3


def test_a_module_as_a_hook_is_no_part():
    net = nn.Sequential(nn.Linear(1, 1))
    net.register_forward_hook(nn.Linear(3, 3))
    assert len(list(net.modules())) == 2 and len(net.state_dict()) == 2


def test_a_hook_may_remove_itself():
    net, seen = Scale(), []
    handle = net.register_forward_pre_hook(lambda module, args: (seen.append(1), handle.remove())[1])
    net.register_forward_pre_hook(lambda module, args: seen.append(2))
    net(1.0)
    net(1.0)
    assert seen == [1, 2, 2]


@pytest.mark.parametrize(
    "register",
    [
        "register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook",
        "register_full_backward_pre_hook",
    ],
)  # fmt: skip
def test_what_is_no_function_is_refused(register):
    with pytest.raises(TypeError, match="a hook is a function, got NoneType; pass it without calling it"):
        getattr(Scale(), register)(None)


def test_a_pre_hook_with_kwargs_returns_both():
    net = Scale()
    net.register_forward_pre_hook(lambda module, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"returns None or \(args, kwargs\), got tuple; write: return args, kwargs"):
        net(1.0)


def test_a_backward_hook_must_fit():
    net = Scale()
    net.register_full_backward_hook(lambda module, into, out: (None,))
    with pytest.raises(RuntimeError, match=r"hook got \(a gradient\) and returned \(None\); return None, or a tuple"):
        net(Tensor(1.0, requires_grad=True)).backward()
    net = Scale()
    net.register_full_backward_pre_hook(lambda module, out: np.zeros(3))
    with pytest.raises(RuntimeError, match=r"shape \(3,\) for a gradient of shape \(\)"):
        net(Tensor(1.0, requires_grad=True)).backward()


def test_a_gradient_for_what_had_no_part_is_refused():
    class First(nn.Module):
        def forward(self, x, y):
            return x * 2

    net = First()
    net.register_full_backward_hook(lambda module, into, out: (into[0], into[1] + 1))
    with pytest.raises(RuntimeError, match=r"gradient to input 1, of shape \(2,\), which had no part"):
        net(Tensor(1.0, requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)).backward()


def test_backward_hooks_rest_without_gradients():
    net, seen = Scale(), []
    net.register_full_backward_hook(lambda *args: seen.append(args))
    x = Tensor([1.0], requires_grad=True)
    with minigrad.no_grad():
        assert not net(x).requires_grad
    assert not net(Tensor([1.0])).requires_grad and net(3.0) == 6 and seen == []


def test_backward_hooks_free_their_graph():
    net = Scale()
    net.register_full_backward_hook(lambda module, into, out: None)
    gc.disable()
    try:
        x = Tensor([1.0, 2.0], requires_grad=True)
        out = net(x)
        out.sum().backward(create_graph=True)
        node = weakref.ref(out._node)
        del out
        x.grad = None
        assert node() is None
    finally:
        gc.enable()


def test_gradients_through_a_stack_of_modules():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = Tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    net(x).sum().backward()
    wanted = [p.grad.tolist() for p in net.parameters()] + [x.grad.tolist()]
    seen = {}
    for name, module in net.named_modules():
        module.register_full_backward_hook(lambda m, into, out, name=name: seen.__setitem__(name, (into, out)))
    net.zero_grad()
    x.grad = None
    net(x).sum().backward()
    assert [p.grad.tolist() for p in net.parameters()] + [x.grad.tolist()] == wanted
    assert list(seen) == ["2", "1", "0", ""]
    assert seen[""][0][0].tolist() == x.grad.tolist() and seen["1"][1][0].tolist() == seen["2"][0][0].tolist()


def test_named_tuples_and_lists_stay_what_they_are():
    from typing import NamedTuple

    class Pair(NamedTuple):
        a: Tensor
        b: object

    class Net(nn.Module):
        def forward(self, x, kind):
            return Pair(x * 2, "text") if kind == "pair" else [x * 3, x]

    net, seen = Net(), []
    net.register_full_backward_hook(lambda m, into, out: seen.append((into, out)))
    x = Tensor([1.0], requires_grad=True)
    out = net(x, "pair")
    assert isinstance(out, Pair) and out.b == "text"
    out.a.backward()
    ((into, grads),) = seen
    assert into[0].tolist() == [2] and into[1] is None and grads[0].tolist() == [1] and grads[1] is None
    assert isinstance(net(x, "list"), list)


def test_an_error_still_names_its_place():
    net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(3, 1)))
    net[1][0].register_forward_hook(note)
    net.register_full_backward_hook(lambda *args: None)
    with pytest.raises(ValueError, match="linear") as caught:
        net(Tensor([[1.0, 2.0]], requires_grad=True))
    assert "which is 1.0 of Sequential" in caught.value.__notes__[0]


def test_a_hook_that_is_always_called_and_fails_warns():
    def fail(module, args, output):
        raise KeyError("second")

    class Broken(nn.Module):
        def forward(self, x):
            raise ValueError("first")

    net = Broken()
    net.register_forward_hook(fail, always_call=True)
    with pytest.warns(UserWarning, match=r"hook of Broken with always_call=True failed .*KeyError\('second'\)"):
        with pytest.raises(ValueError, match="first"):
            net(1)
