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


# --- Sequential as a list ---------------------------------------------------------------------------------------------
def layers(*sizes):
    return [nn.Linear(1, n) for n in sizes]


def widths(modules):
    return [m.out_features for m in modules]


def test_sequential_insert_extend_pop_delete():
    net = nn.Sequential(*layers(1, 2, 3))
    assert net.insert(1, nn.Linear(1, 9)) is net and widths(net) == [1, 9, 2, 3]
    assert net.extend(layers(7, 8)) is net and widths(net) == [1, 9, 2, 3, 7, 8]
    assert net.pop(-1).out_features == 8 and net.pop().out_features == 7
    assert widths(net.pop(slice(0, 2))) == [1, 9] and widths(net) == [2, 3]
    del net[0]
    assert widths(net) == [3] and list(net.state_dict()) == ["0.weight", "0.bias"]
    net.insert(-1, nn.Linear(1, 5)).insert(2, nn.Linear(1, 6))
    assert widths(net) == [5, 3, 6]
    for position in (4, -4):
        with pytest.raises(IndexError, match="does not exist in a Sequential of 3"):
            net.insert(position, nn.ReLU())
    with pytest.raises(TypeError, match=r"indexed by integers and slices, got str"):
        net["0"]
    assert not nn.Sequential() and net


def test_a_failed_change_changes_nothing():
    net = nn.Sequential(*layers(1, 2))
    for change in (lambda: net.extend([nn.ReLU(), 3]), lambda: net.insert(0, nn.ReLU), lambda: net.append(None)):
        with pytest.raises(TypeError, match="Sequential takes Modules"):
            change()
    assert widths(net) == [1, 2] and list(vars(net)) == ["0", "1"]


def test_sequential_arithmetic():
    a, b = nn.Sequential(*layers(1, 2)), nn.Sequential(*layers(3))
    both = a + b
    assert widths(both) == [1, 2, 3] and both[0] is a[0] and len(a) == 2
    assert widths(b * 3) == widths(3 * b) == [3, 3, 3] and (b * 3)[2] is b[0]
    a += b
    assert widths(a) == [1, 2, 3]
    b *= 2
    assert widths(b) == [3, 3] and len(list(b.parameters())) == 2
    for wrong in (lambda: a + [nn.ReLU()], lambda: a * 1.5):
        with pytest.raises(TypeError, match="unsupported operand"):
            wrong()
    with pytest.raises(ValueError, match="1 time or more, got 0"):
        a * 0


def test_a_module_without_return_is_named():
    class Forgot(nn.Module):
        def forward(self, x):
            x + 1

    with pytest.raises(
        TypeError, match=r"Forgot returned None, which is no input for Linear; has its forward a return"
    ):
        nn.Sequential(Forgot(), nn.Linear(1, 1))(Tensor([1.0]))
    assert nn.Sequential(Forgot())(1) is None


# --- ModuleList -------------------------------------------------------------------------------------------------------
def test_module_list_is_a_list():
    parts = nn.ModuleList(layers(1, 2))
    assert parts.append(nn.Linear(1, 3)) is parts and parts.insert(0, nn.Linear(1, 0 + 4)) is None
    assert widths(parts) == [4, 1, 2, 3] and len(parts) == 4 and parts[-1].out_features == 3
    assert parts[1] in parts and nn.Linear(1, 1) not in parts
    assert isinstance(parts[1:], nn.ModuleList) and widths(parts[1:]) == [1, 2, 3]
    assert widths(parts[::-1]) == [3, 2, 1, 4]
    parts += layers(5)
    assert widths(parts + layers(6)) == [4, 1, 2, 3, 5, 6] and widths(parts) == [4, 1, 2, 3, 5]
    parts[0] = nn.Linear(1, 7)
    del parts[1:3]
    assert widths(parts) == [7, 3, 5] and parts.pop(0).out_features == 7
    assert list(parts.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert widths(nn.ModuleList(m for m in layers(1, 2))) == [1, 2] and len(nn.ModuleList()) == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: nn.ModuleList([nn.ReLU]), r"the class ReLU as '0'; make an object of it: ReLU\(\)"),
        (lambda: nn.ModuleList([[nn.ReLU()]]), r"type list as '0'; nest it: nn\.ModuleList\(layers\)"),
        (lambda: nn.ModuleList(nn.ReLU()), "extend takes a list of parts, got ReLU; append takes one"),
        (lambda: nn.ModuleList().append(None), "type NoneType as '0'"),
        (lambda: nn.ModuleDict({"a": nn.ReLU}), r"got type as 'a'; make an object of it: ReLU\(\)"),
        (lambda: nn.ModuleDict({"a": 3}), "got int as 'a'; wrap it in a Module"),
        (lambda: nn.ModuleDict({1: nn.ReLU()}), "calls its parts by strings, got 1 of type int"),
        (lambda: nn.ModuleDict(3), "filled from a dict or from pairs, got int"),
        (lambda: nn.ModuleDict([nn.ReLU()]), r"takes pairs \(name, part\), got ReLU at position 0"),
        (lambda: nn.ParameterList([np.zeros(2)]), r"got ndarray as 0; make one of it: nn\.Parameter\(values\)"),
        (lambda: nn.ParameterDict({"a": None}), "got NoneType as 'a'"),
    ],
)
def test_what_containers_refuse(wrong, message):
    with pytest.raises(TypeError, match=message):
        wrong()


def test_neighbours_that_print_alike_share_a_line():
    def block():
        return nn.Sequential(nn.Linear(1, 1), nn.ReLU())

    assert repr(nn.ModuleList([nn.ReLU(), block(), block(), nn.Tanh()])) == (
        "ModuleList(\n  (0): ReLU()\n  (1-2): 2 x Sequential(\n"
        "    (0): Linear(in_features=1, out_features=1, bias=True)\n    (1): ReLU()\n  )\n  (3): Tanh()\n)"
    )
    assert repr(nn.ModuleList()) == "ModuleList()"


def test_a_module_list_with_other_parts():
    class Stack(nn.ModuleList):
        def __init__(self, modules):
            super().__init__(modules)
            self.norm = nn.Linear(1, 1)

    stack = Stack(layers(1, 2))
    assert len(stack) == 2 and widths(stack.append(nn.Linear(1, 3))) == [1, 2, 3] and len(stack.state_dict()) == 8


@pytest.mark.parametrize("container", [nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict])
def test_containers_without_forward_say_so(container):
    with pytest.raises(NotImplementedError, match=f"{container.__name__} has no forward; "):
        container()(1)


# --- ModuleDict -------------------------------------------------------------------------------------------------------
def test_module_dict_is_a_dict():
    parts = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Linear(1, 2)})
    assert list(parts) == list(parts.keys()) == ["b", "a"] and len(parts) == 2 and "a" in parts and "c" not in parts
    parts.update([("c", nn.Tanh()), ("b", nn.Sigmoid())])
    assert [(k, type(v).__name__) for k, v in parts.items()] == [("b", "Sigmoid"), ("a", "Linear"), ("c", "Tanh")]
    parts["d"] = nn.Linear(1, 3)
    assert list(parts.state_dict()) == ["a.weight", "a.bias", "d.weight", "d.bias"] and parts.d is parts["d"]
    assert parts.pop("a").out_features == 2 and [type(v) for v in parts.values()][0] is nn.Sigmoid
    del parts["b"]
    with pytest.raises(KeyError, match=r"ModuleDict has no 'b'; it has \['c', 'd'\]"):
        parts["b"]
    with pytest.raises(KeyError, match="ModuleDict has no"):
        del parts["training"]
    parts.clear()
    assert not parts and list(nn.ModuleDict(nn.ModuleDict({"x": nn.ReLU()}))) == ["x"]


@pytest.mark.parametrize("key", ["keys", "forward", "a.b", "", "training"])
def test_keys_that_cannot_be(key):
    with pytest.raises(KeyError, match="ModuleDict cannot call a part"):
        nn.ModuleDict({key: nn.ReLU()})


# --- Parameters -------------------------------------------------------------------------------------------------------
def test_parameter_list():
    first = nn.Parameter([1.0])
    parts = nn.ParameterList([first, Tensor([[2.0, 3.0]])])
    assert parts[0] is first and isinstance(parts[1], nn.Parameter) and parts[1].requires_grad
    parts.append(nn.Parameter([4.0])).extend([nn.Parameter([5.0])])
    parts += [nn.Parameter(6.0)]
    assert [name for name, _ in parts.named_parameters()] == ["0", "1", "2", "3", "4"]
    assert [p.shape for p in parts] == [(1,), (1, 2), (1,), (1,), ()] and parts[-1].item() == 6
    parts[0] = Tensor([9.0])
    assert parts[0].tolist() == [9] and len(parts[1:3]) == 2 and isinstance(parts[1:3], nn.ParameterList)
    assert list(nn.Sequential(parts).state_dict())[:2] == ["0.0", "0.1"]
    assert repr(nn.ParameterList()) == "ParameterList()"


def test_parameter_dict():
    parts = nn.ParameterDict({"b": nn.Parameter([1.0]), "a": Tensor([2.0])})
    assert list(parts) == ["a", "b"]  # PyTorch sorts plain dicts
    assert list(nn.ParameterDict(OrderedDict(b=nn.Parameter(1.0), a=nn.Parameter(2.0)))) == ["b", "a"]
    assert parts.get("x") is None and parts.get("b") is parts["b"] and list(reversed(parts)) == ["b", "a"]
    assert parts.setdefault("c", Tensor([3.0])) is parts.c and parts.setdefault("c", None) is parts.c
    both = parts | nn.ParameterDict({"d": nn.Parameter(1.0)})
    assert list(both) == ["a", "b", "c", "d"] and both["a"] is parts["a"] and len(parts) == 3
    parts |= {"e": nn.Parameter(5.0)}
    assert parts.popitem()[0] == "e" and parts.pop("a").tolist() == [2] and list(parts.copy()) == ["b", "c"]
    assert [name for name, _ in parts.named_parameters()] == ["b", "c"]
    parts.clear()
    with pytest.raises(KeyError, match="popitem of an empty"):
        parts.popitem()
