from collections import OrderedDict

import numpy as np
import pytest

from minigrad import Tensor, nn


def test_modules_run_in_order():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    x = Tensor([[1.0, -2.0]])
    expected = net[2](net[1](net[0](x)))
    assert net(x).tolist() == expected.tolist()
    assert nn.Sequential()(x) is x


def test_a_module_may_stand_in_several_places():
    act = nn.Tanh()
    net = nn.Sequential(act, act)
    assert len(net) == 2 and list(net) == [act, act] and len(list(net.modules())) == 2
    assert net(Tensor(1.0)).item() == pytest.approx(np.tanh(np.tanh(1.0)))


@pytest.mark.parametrize("kind", [OrderedDict, dict])
def test_names_from_a_dict(kind):
    net = nn.Sequential(kind(hidden=nn.Linear(2, 3), act=nn.ReLU()))
    assert list(net.state_dict()) == ["hidden.weight", "hidden.bias"]
    assert net.hidden is net[0] and net.act is net[-1]


def test_indexing():
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Tanh())
    assert [type(m).__name__ for m in net] == ["Linear", "ReLU", "Tanh"] and len(net) == 3
    assert net[-3] is net[0] and net[np.int64(1)] is list(net)[1]
    tail = net[1:]
    assert isinstance(tail, nn.Sequential) and list(tail) == [net[1], net[2]]
    assert list(net[:1].state_dict()) == ["0.weight", "0.bias"] and list(net[::2]) == [net[0], net[2]]
    for position in (3, -4):
        with pytest.raises(IndexError, match="does not exist in a Sequential of 3"):
            net[position]
    net[1] = nn.Sigmoid()
    assert isinstance(net[1], nn.Sigmoid) and len(net) == 3
    with pytest.raises(TypeError, match="takes Modules"):
        net[1] = np.tanh


def test_append():
    net = nn.Sequential(nn.Linear(1, 2))
    assert net.append(nn.Linear(2, 1)) is net
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    tail = nn.Sequential(nn.ReLU(), nn.Linear(1, 1), nn.Linear(1, 1))[1:]
    tail.append(nn.Tanh())  # "2" is taken: nothing is replaced
    assert [type(m).__name__ for m in tail] == ["Linear", "Linear", "Tanh"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((nn.Linear(1, 1), nn.ReLU), r"the class ReLU as '1'; make an object of it: ReLU\(\)"),
        (([nn.ReLU()],), r"type list as '0'; unpack it: Sequential\(\*layers\)"),
        ((np.tanh,), "type ufunc as '0'; wrap a function in a Module"),
    ],
)
def test_what_is_no_module_is_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        nn.Sequential(*arguments)


@pytest.mark.parametrize("name", ["a.b", "", "forward", "training"])
def test_names_that_cannot_be(name):
    with pytest.raises(KeyError, match="taken, empty or has a dot"):
        nn.Sequential({name: nn.ReLU()})
