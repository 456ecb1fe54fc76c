"""The containers against PyTorch's: names of the state after every change, what is printed, and signatures."""

import inspect
from collections import OrderedDict

import pytest

from minigrad import Tensor, nn

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")


def both(make):
    return make(nn, nn.Parameter, Tensor), make(torch.nn, torch.nn.Parameter, torch.tensor)


CHANGES = {
    "slice": lambda n, net: net[1:],
    "step": lambda n, net: net[::2],
    "pop": lambda n, net: net.pop(0) and net,
    "insert": lambda n, net: net.insert(1, n.Linear(1, 9)) or net,
    "insert at the end": lambda n, net: net.insert(3, n.Linear(1, 9)) or net,
    "insert from the end": lambda n, net: net.insert(-1, n.Linear(1, 9)) or net,
    "extend": lambda n, net: net.extend([n.Linear(1, 9), n.ReLU()]),
    "append": lambda n, net: net.append(n.Linear(1, 9)),
    "delete": lambda n, net: net.__delitem__(0) or net,
    "delete slice": lambda n, net: net.__delitem__(slice(0, 2)) or net,
    "replace": lambda n, net: net.__setitem__(-2, n.Linear(1, 9)) or net,
    "add": lambda n, net: net + net,
}


PAIRS = [(kind, change) for kind in ("Sequential", "ModuleList") for change in CHANGES]
PAIRS.remove(("ModuleList", "insert from the end"))  # there PyTorch 2.13 fails with KeyError: '-1'


@pytest.mark.parametrize(("kind", "change"), PAIRS)
def test_state_and_print_after_a_change(kind, change):
    def make(n, parameter, tensor):
        parts = [n.Linear(1, 2), n.ReLU(), n.Linear(2, 3)]
        return CHANGES[change](n, n.Sequential(*parts) if kind == "Sequential" else n.ModuleList(parts))

    ours, theirs = both(make)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)


def test_named_sequential_after_a_deletion():
    def make(n, parameter, tensor):
        net = n.Sequential(OrderedDict(a=n.Linear(1, 2), b=n.ReLU(), c=n.Linear(2, 1)))
        del net[1]
        return net

    ours, theirs = both(make)
    assert list(ours.state_dict()) == list(theirs.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_products():
    ours, theirs = both(lambda n, p, t: 2 * n.Sequential(n.Linear(2, 2), n.ReLU()))
    assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize(
    "make",
    [
        lambda n, p, t: n.ModuleDict({"b": n.Linear(1, 2), "a": n.ModuleList([n.ReLU()] * 3)}),
        lambda n, p, t: n.ModuleDict([["x", n.ReLU()]]),
        lambda n, p, t: n.ModuleList([n.ModuleDict({"k": n.Linear(1, 1)}) for _ in range(2)]),
        lambda n, p, t: n.Sequential(),
        lambda n, p, t: n.ParameterList([p(t([1.0, 2.0])), t([[3.0]]), p(t(4.0))]),
        lambda n, p, t: n.ParameterDict({"b": p(t([1.0, 2.0])), "a": t([[3.0]])}),
        lambda n, p, t: n.ParameterDict(OrderedDict(b=p(t([1.0, 2.0])), a=t([[3.0]]))),
        lambda n, p, t: n.Sequential(n.ParameterList([p(t([1.0]))]), n.ParameterList(), n.ParameterDict()),
    ],
)
def test_state_and_print(make):
    ours, theirs = both(make)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    printed = repr(theirs).replace("torch.float32", "float32").replace("torch.FloatTensor", "float32")
    assert repr(ours) == printed


@pytest.mark.parametrize("kind", ["Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"])
def test_pytorch_has_no_method_that_is_missing_here(kind):
    theirs = {name for name in vars(getattr(torch.nn, kind)) if not name.startswith("_")} - {"fromkeys"}
    ours = getattr(nn, kind)
    assert not {name for name in theirs if not hasattr(ours, name)}
    expected = [p.kind for p in inspect.signature(getattr(torch.nn, kind)).parameters.values()]
    assert [p.kind for p in inspect.signature(ours).parameters.values()] == expected
    names = list(inspect.signature(getattr(torch.nn, kind)).parameters)
    assert list(inspect.signature(ours).parameters) == names
