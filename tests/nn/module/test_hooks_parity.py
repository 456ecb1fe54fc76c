"""Hooks of Modules against PyTorch's: the order of calls, what they see, and what they may replace."""

import inspect

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

X, Y = np.linspace(-1, 2, 6).reshape(2, 3), np.linspace(3, -2, 6).reshape(2, 3)


def plain(value):
    """Gradients and values as lists, whatever library they are from."""
    if isinstance(value, (tuple, list)):
        return tuple(plain(v) for v in value)
    return value if value is None or isinstance(value, (int, str)) else np.round(value.detach().numpy(), 9).tolist()


def both(scenario):
    """What a scenario logs with either library."""
    logs = []
    for lib, n, leaf in ((minigrad, nn, Tensor), (torch, torch.nn, torch.tensor)):

        class Two(n.Module):
            def __init__(self, lib=lib):
                super().__init__()
                self.lib = lib

            def forward(self, x, y=None, scale=2.0):
                return self.lib.tanh(x) * (1 if y is None else y) * scale, (x * x).sum()

        class One(n.Module):
            def forward(self, x, factor=3.0):
                return x.tanh() * factor

        log = []
        scenario(Two(), One(), lambda a, grad=True, leaf=leaf: leaf(a, requires_grad=grad), log)
        logs.append([plain(entry) for entry in log])
    assert logs[0] == logs[1]
    assert logs[0]


def hooks_that_look(two, one, leaf, log):
    one.register_forward_pre_hook(lambda m, args: log.append(("pre", args)))
    one.register_forward_pre_hook(lambda m, args, kwargs: log.append(("kw", len(kwargs))), with_kwargs=True)
    one.register_forward_hook(lambda m, args, out: log.append(("out", args, out)))
    one.register_forward_hook(
        lambda m, args, kwargs, out: log.append(("first", len(kwargs))), with_kwargs=True, prepend=True
    )
    one.register_forward_pre_hook(lambda m, args: log.append(("first",)), prepend=True)
    one(leaf(X))
    one(leaf(X), factor=2.0)


def hooks_that_replace(two, one, leaf, log):
    one.register_forward_pre_hook(lambda m, args: args[0] * 2)
    one.register_forward_pre_hook(lambda m, args, kwargs: (args, {"factor": 5.0}), with_kwargs=True)
    one.register_forward_hook(lambda m, args, out: out + args[0])
    handle = one.register_forward_hook(lambda m, args, out: out * 10)
    x = leaf(X)
    log.append(one(x))
    handle.remove()
    handle.remove()
    out = one(x)
    out.sum().backward()
    log += [out, x.grad]


def gradients_seen(two, one, leaf, log):
    one.register_full_backward_pre_hook(lambda m, out: log.append(("pre", out)))
    one.register_full_backward_hook(lambda m, into, out: log.append(("after", into, out)))
    x = leaf(X)
    (one(x) * 2).sum().backward()
    log.append(x.grad)


def gradients_of_several(two, one, leaf, log):
    two.register_full_backward_pre_hook(lambda m, out: log.append(("pre", out)))
    two.register_full_backward_hook(lambda m, into, out: log.append(("after", into, out)))
    x, y = leaf(X), leaf(Y)
    a, b = two(x, y)
    (a.sum() * b).backward()
    log += [x.grad, y.grad]


def gradients_replaced(two, one, leaf, log):
    two.register_full_backward_pre_hook(lambda m, out: (out[0] * 3, out[1] * 0))
    two.register_full_backward_pre_hook(lambda m, out: (out[0] + 1, out[1]))
    two.register_full_backward_hook(lambda m, into, out: (into[0] * 2, into[1] - 1))
    two.register_full_backward_hook(lambda m, into, out: log.append((into, out)))
    two.register_full_backward_hook(lambda m, into, out: log.append(("first", into)), prepend=True)
    x, y = leaf(X), leaf(Y)
    a, b = two(x, y)
    (a.sum() * b).backward()
    log += [x.grad, y.grad]


def an_input_without_gradient(two, one, leaf, log):
    two.register_full_backward_hook(lambda m, into, out: log.append((into, out)))
    x, y = leaf(X, False), leaf(Y)
    two(x, y)[0].sum().backward()
    log.append(y.grad)


def no_input_with_gradient(two, one, leaf, log):
    weight = leaf(Y)
    one.forward = lambda x: x * weight
    one.register_full_backward_hook(lambda m, into, out: log.append((into, out)))
    one(leaf(X, False)).sum().backward()
    log.append(weight.grad)


def an_output_that_is_not_used(two, one, leaf, log):
    two.register_full_backward_hook(lambda m, into, out: log.append((into, out)))
    x, y = leaf(X), leaf(Y)
    two(x, y)[1].backward()
    log += [x.grad]


def an_input_used_twice(two, one, leaf, log):
    two.register_full_backward_hook(lambda m, into, out: log.append((into, out)))
    x = leaf(X)
    two(x, x)[0].sum().backward()
    log += [x.grad]


def keyword_arguments_are_not_watched(two, one, leaf, log):
    two.register_full_backward_hook(lambda m, into, out: log.append((into, out)))
    x, y = leaf(X), leaf(Y)
    two(x, y=y)[0].sum().backward()
    log += [x.grad, y.grad]


def a_module_called_twice(two, one, leaf, log):
    one.register_full_backward_hook(lambda m, into, out: log.append((into, out)))
    x = leaf(X)
    one(one(x)).sum().backward()
    log += [x.grad]


def backward_twice(two, one, leaf, log):
    one.register_full_backward_hook(lambda m, into, out: (into[0] * 2,))
    x = leaf(X)
    out = one(x).sum()
    out.backward(retain_graph=True)
    out.backward()
    log += [x.grad]


def second_derivatives(two, one, leaf, log):
    one.register_full_backward_hook(lambda m, into, out: (into[0] * 2,))
    x = leaf(X)
    one(x).sum().backward(create_graph=True)
    grad = x.grad
    x.grad = None
    (grad * grad).sum().backward()
    log += [grad, x.grad]


def always_called(two, one, leaf, log):
    def fail(m, args, out):
        raise KeyError("hook")

    one.register_forward_hook(lambda m, args, out: log.append(("seen", out is None)), always_call=True)
    one.register_forward_hook(lambda m, args, out: log.append("not seen"))
    one.register_forward_hook(fail, prepend=True)
    for argument in (leaf(X), "no number"):
        try:
            one(argument)
        except (KeyError, AttributeError) as error:
            log.append(type(error).__name__)


SCENARIOS = [
    hooks_that_look, hooks_that_replace, gradients_seen, gradients_of_several, gradients_replaced,
    an_input_without_gradient, no_input_with_gradient, an_output_that_is_not_used, an_input_used_twice,
    keyword_arguments_are_not_watched, a_module_called_twice, backward_twice, second_derivatives, always_called,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
@pytest.mark.filterwarnings("ignore:Using backward\\(\\) with create_graph=True")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda f: f.__name__)
def test_same_as_in_pytorch(scenario):
    both(scenario)


@pytest.mark.parametrize(
    "name",
    """register_forward_pre_hook register_forward_hook register_full_backward_hook register_full_backward_pre_hook
    get_submodule get_parameter get_buffer register_module to float type half double cpu load_state_dict
    requires_grad_ named_parameters named_buffers zero_grad register_buffer register_parameter add_module apply train
    eval children modules named_children parameters buffers extra_repr""".split(),
)
def test_signatures(name):
    ours, theirs = (inspect.signature(getattr(module, name)).parameters for module in (nn.Module, torch.nn.Module))
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [
        (p.name, p.kind, p.default) for p in theirs.values()
    ]
