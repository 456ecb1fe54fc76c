import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import minigrad
from minigrad import Parameter, Tensor, nn


class Block(nn.Module):
    """Parts of every kind, in every kind of container, without super().__init__()."""

    def __init__(self):
        self.first = nn.Linear(2, 3)
        self.scale = Parameter([2.0])
        self.layers = [nn.Linear(3, 3), nn.Tanh(), [nn.Linear(3, 3, bias=False)]]
        self.heads = {"left": nn.Linear(3, 1), "right": (nn.Linear(3, 1), Parameter([1.0, 2.0]))}
        self.plain = Tensor([1.0], requires_grad=True)
        self.number, self.text = 3, "no part"

    def forward(self, x):
        x = self.first(x) * self.scale
        for layer in self.layers[:2]:
            x = layer(x)
        return self.heads["left"](self.layers[2][0](x))


class Normaliser(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = Parameter([1.0, 1.0])
        self.register_buffer("running_mean", Tensor([0.0, 0.0]))
        self.register_buffer("count", minigrad.tensor(0))
        self.register_buffer("scratch", Tensor([7.0]), persistent=False)
        self.register_buffer("unused", None)

    def forward(self, x):
        return (x - self.running_mean) * self.weight


class Tied(nn.Module):
    def __init__(self):
        self.encoder = nn.Linear(3, 3, bias=False)
        self.decoder = nn.Linear(3, 3, bias=False)
        self.decoder.weight = self.encoder.weight
        self.again = self.encoder

    def forward(self, x):
        return self.decoder(self.encoder(x))


NAMES = [
    "scale", "heads.right.1", "first.weight", "first.bias", "layers.0.weight", "layers.0.bias", "layers.2.0.weight",
    "heads.left.weight", "heads.left.bias", "heads.right.0.weight", "heads.right.0.bias",
]  # fmt: skip


# --- parts ------------------------------------------------------------------------------------------------------------
def test_parts_in_containers_are_found_in_order_of_assignment():
    net = Block()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert [id(p) for p in net.parameters()] == [id(p) for _, p in net.named_parameters()]
    assert [name for name, _ in net.named_modules()] == [
        "", "first", "layers.0", "layers.1", "layers.2.0", "heads.left", "heads.right.0",
    ]  # fmt: skip
    assert [name for name, _ in net.named_children()] == [name for name, _ in net.named_modules()][1:]
    assert next(net.modules()) is net and list(net.children())[0] is net.first


def test_only_parameters_are_trained():
    assert not any(p is Block().plain for p in Block().parameters())
    assert all(type(p) is Parameter for p in Block().parameters())


def test_without_recursion_only_the_own_parameters():
    assert [name for name, _ in Block().named_parameters(recurse=False)] == ["scale", "heads.right.1"]
    assert [name for name, _ in Block().named_parameters(prefix="net")] == [f"net.{name}" for name in NAMES]


def test_shared_parts_are_named_once():
    net = Tied()
    assert [name for name, _ in net.named_parameters()] == ["encoder.weight"]
    assert [name for name, _ in net.named_modules()] == ["", "encoder", "decoder"]
    assert [name for name, _ in net.named_children()] == ["encoder", "decoder"]
    assert [name for name, _ in net.named_parameters(remove_duplicate=False)] == [
        "encoder.weight", "decoder.weight", "again.weight",
    ]  # fmt: skip


def test_a_module_that_knows_its_parent():
    class Child(nn.Module):
        def __init__(self, parent):
            self.parent = parent
            self.linear = nn.Linear(1, 1)

    net = nn.Sequential(nn.ReLU())
    net.append(Child(net))
    assert [name for name, _ in net.named_parameters()] == ["1.linear.weight", "1.linear.bias"]
    assert list(net.state_dict()) == ["1.linear.weight", "1.linear.bias"]
    assert net.eval().train() is net and "..." in repr(net)
    seen = []
    net.apply(seen.append)
    assert seen[-1] is net and len(seen) == 4


def test_parts_assigned_later_or_removed():
    net = Block()
    net.late = nn.Linear(1, 1)
    del net.heads
    net.register_parameter("bias", None)
    net.add_module("last", nn.Linear(1, 1, bias=False))
    assert [name for name, _ in net.named_parameters()][-3:] == ["late.weight", "late.bias", "last.weight"]
    assert net.bias is None


# --- buffers ----------------------------------------------------------------------------------------------------------
def test_buffers_are_state_but_not_parameters():
    net = nn.Sequential(Normaliser())
    assert [name for name, _ in net.named_parameters()] == ["0.weight"]
    assert [name for name, _ in net.named_buffers()] == ["0.running_mean", "0.count", "0.scratch"]
    assert [b.tolist() for b in net.buffers()] == [[0, 0], 0, [7]]
    assert list(net.state_dict()) == ["0.weight", "0.running_mean", "0.count"]
    net[0].running_mean = net[0].running_mean + 1
    assert net.state_dict()["0.running_mean"].tolist() == [1, 1]
    net[0].count = None
    assert "0.count" not in net.state_dict()


@pytest.mark.parametrize("name", ["weight", "forward", "", "a.b"])
def test_buffer_names_that_cannot_be(name):
    with pytest.raises(KeyError, match="taken, empty or has a dot"):
        Normaliser().register_buffer(name, Tensor([1.0]))


@pytest.mark.parametrize("value", [np.zeros(2), 3, Parameter([1.0])])
def test_buffers_are_plain_tensors(value):
    with pytest.raises(TypeError, match=r"must be a Tensor or None.*minigrad\.tensor"):
        nn.Module().register_buffer("mean", value)


def test_a_buffer_replaced_by_something_else_is_not_lost_silently():
    net = Normaliser()
    net.running_mean = np.zeros(2)
    with pytest.raises(TypeError, match=r"'running_mean' of Normaliser was replaced by ndarray"):
        net.state_dict()


def test_a_buffer_can_be_registered_anew():
    net = Normaliser()
    net.register_buffer("scratch", Tensor([1.0]), persistent=True)
    assert list(net.state_dict())[-1] == "scratch"


# --- modes and gradients ----------------------------------------------------------------------------------------------
def test_train_and_eval_reach_everything_inside():
    net = Block()
    assert net.training and all(m.training for m in net.modules())
    assert net.eval() is net and not any(m.training for m in net.modules())
    net.layers[1].train()
    assert [m.training for m in net.modules()].count(True) == 1
    assert nn.Linear(1, 1).training
    with pytest.raises(ValueError, match="True or False"):
        net.train("yes")


def test_zero_grad_and_requires_grad():
    net = Block()
    net(Tensor([[1.0, 2.0]])).sum().backward()
    used = [p for p in net.parameters() if p.grad is not None]
    assert len(used) == len(NAMES) - 3
    net.zero_grad(set_to_none=False)
    assert all(not p.grad.any() and p.grad.shape == p.shape for p in used)
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.requires_grad_(False) is net and not any(p.requires_grad for p in net.parameters())
    assert not net(Tensor([[1.0, 2.0]])).requires_grad


def test_apply_visits_children_first():
    net = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.Tanh()))
    seen = []
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Linear", "Tanh", "Sequential", "Sequential"]


# --- calling ----------------------------------------------------------------------------------------------------------
def test_a_module_without_forward_says_so():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty has no forward; define it"):
        Empty()(1)


def test_an_error_names_the_module_that_it_came_from():
    class Net(nn.Module):
        def __init__(self):
            self.blocks = [nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Sequential(nn.Linear(4, 5))]

        def forward(self, x):
            for block in self.blocks:
                x = block(x)
            return x

    with pytest.raises(ValueError, match="linear") as caught:
        Net()(Tensor([[1.0, 2.0]]))
    assert caught.value.__notes__ == ["in Linear(in_features=4, out_features=5, bias=True), which is blocks.1.0 of Net"]


def test_an_error_in_a_module_that_is_no_part():
    helper = nn.Linear(3, 3)

    class Net(nn.Module):
        def forward(self, x):
            return helper(x)

    with pytest.raises(ValueError, match="linear") as caught:
        nn.Sequential(Net())(Tensor([[1.0]]))
    assert caught.value.__notes__ == ["in Linear(in_features=3, out_features=3, bias=True)"]


def test_arguments_reach_forward():
    class Net(nn.Module):
        def forward(self, x, *rest, scale=1):
            return x * scale + sum(rest)

    assert Net()(2, 3, 4, scale=10) == 27


# --- state ------------------------------------------------------------------------------------------------------------
def test_state_shares_memory_and_is_detached():
    net = Block()
    state = net.state_dict()
    assert list(state) == NAMES
    assert not any(t.requires_grad for t in state.values())
    assert np.shares_memory(state["scale"].numpy(), net.scale.detach().numpy())
    assert list(net.state_dict(prefix="net.x.")) == [f"net.x.{name}" for name in NAMES]


@pytest.mark.parametrize("convert", [lambda t: t, lambda t: t.numpy(), lambda t: t.tolist(), lambda t: t.astype("f8")])
def test_load_writes_in_place(convert):
    source, target = Block(), Block()
    before = [(id(p), p.detach().numpy()) for p in target.parameters()]
    result = target.load_state_dict({name: convert(value) for name, value in source.state_dict().items()})
    assert result == ([], [])
    for (identity, array), new, wanted in zip(before, target.parameters(), source.parameters(), strict=True):
        assert id(new) == identity and np.shares_memory(array, new.detach().numpy())
        np.testing.assert_allclose(new.detach().numpy(), wanted.detach().numpy(), rtol=1e-7)
        assert new.dtype == np.float32 and new.requires_grad


def test_load_refuses_everything_wrong_at_once_and_changes_nothing():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = copy.deepcopy(net.state_dict())
    state = {
        "0.weight": np.zeros((3, 2)),
        "0.bias": np.zeros(4),
        "1.weight": np.zeros((1, 3), complex),
        "2.bias": [0.0],
    }
    with pytest.raises(RuntimeError, match="does not fit Sequential; with strict=False") as caught:
        net.load_state_dict(state)
    assert str(caught.value).split("\n  ")[1:] == [
        "missing: ['1.bias']",
        "unexpected: ['2.bias']",
        "0.bias: shape (4,) in the state, (3,) here",
        "1.weight: a Tensor holds real numbers or booleans, not complex128",
    ]
    for name, value in net.state_dict().items():
        assert value.tolist() == before[name].tolist()


def test_load_without_strict():
    net = nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1))
    bias = net[1].bias.tolist()
    missing, unexpected = net.load_state_dict({"0.weight": [[1.0, 2.0]], "other": 3}, strict=False)
    assert missing == ["0.bias", "1.weight", "1.bias"] and unexpected == ["other"]
    assert net[0].weight.tolist() == [[1, 2]] and net[1].bias.tolist() == bias
    with pytest.raises(RuntimeError, match=r"0\.weight: shape \(3,\) in the state, \(1, 2\) here"):
        net.load_state_dict({"0.weight": np.zeros(3)}, strict=False)


def test_load_buffers():
    net = Normaliser()
    net.load_state_dict({"weight": [3.0, 4.0], "running_mean": [1.0, 2.0], "count": 5})
    assert net.count.tolist() == 5 and net.count.dtype == np.int64 and net.running_mean.tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="count: float32 in the state cannot become int64"):
        net.load_state_dict({"weight": [3.0, 4.0], "running_mean": [1.0, 2.0], "count": 5.5})


def test_load_needs_a_dict():
    with pytest.raises(TypeError, match=r"takes a dict, got Linear; pass model.state_dict\(\)"):
        nn.Linear(1, 1).load_state_dict(nn.Linear(1, 1))


def test_load_stamps_the_clock():
    layer = nn.Linear(1, 1)
    out = layer(Tensor([[2.0]], requires_grad=True)).sum()
    layer.load_state_dict(layer.state_dict())
    with pytest.raises(RuntimeError, match="overwritten in place"):
        out.backward()


def test_load_tied_parameters():
    net = Tied()
    value = np.arange(9.0).reshape(3, 3)
    net.load_state_dict(dict.fromkeys(net.state_dict(), value))
    assert net.decoder.weight is net.encoder.weight and net.encoder.weight.tolist() == value.tolist()
    with pytest.raises(RuntimeError, match=r"decoder\.weight: shares its memory with encoder\.weight"):
        net.load_state_dict({**net.state_dict(), "decoder.weight": value + 1})


def test_two_parts_of_one_name_are_not_lost_silently():
    net = nn.Module()
    net.parts = [Parameter([1.0])]
    setattr(net, "parts.0", Parameter([2.0]))
    with pytest.raises(ValueError, match=r"both called 'parts\.0'"):
        net.state_dict()


# --- copies -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_are_independent_and_keep_tying(copied):
    net = Tied().eval()
    net(Tensor([[1.0, 2.0, 3.0]])).sum().backward()
    other = copied(net)
    assert other.encoder.weight is other.decoder.weight and other.again is other.encoder and not other.training
    assert isinstance(other.encoder.weight, Parameter) and other.encoder.weight.requires_grad
    assert not np.shares_memory(other.encoder.weight.detach().numpy(), net.encoder.weight.detach().numpy())
    before = net.encoder.weight.tolist()
    assert other.encoder.weight.tolist() == before
    other.zero_grad()
    other(Tensor([[1.0, 2.0, 3.0]])).sum().backward()
    assert other.encoder.weight.grad is not None
    other.load_state_dict(dict.fromkeys(other.state_dict(), np.zeros((3, 3))))
    assert net.encoder.weight.tolist() == before
    assert list(copied(nn.Sequential(Normaliser())).state_dict()) == ["0.weight", "0.running_mean", "0.count"]


# --- display ----------------------------------------------------------------------------------------------------------
def test_repr_shows_the_tree():
    class Loud(nn.Module):
        def __init__(self):
            self.inner = nn.Sequential(OrderedDict(fc=nn.Linear(2, 3, bias=False)))

        def extra_repr(self):
            return "volume=11"

    assert repr(Loud()) == (
        "Loud(\n"
        "  volume=11\n"
        "  (inner): Sequential(\n"
        "    (fc): Linear(in_features=2, out_features=3, bias=False)\n"
        "  )\n"
        ")"
    )
    assert repr(Block()).splitlines()[2] == "  (layers.0): Linear(in_features=3, out_features=3, bias=True)"
    assert repr(nn.Module()) == "Module()"


def test_a_state_made_of_the_models_own_memory_is_read_before_it_is_written() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            self.a, self.b = Parameter([1.0]), Parameter([2.0])

    pair = Pair()
    state = pair.state_dict()
    pair.load_state_dict({"a": state["b"], "b": state["a"]})
    assert (pair.a.item(), pair.b.item()) == (2.0, 1.0)


def test_an_error_in_extra_repr_does_not_hide_the_first_one() -> None:
    class Broken(nn.Module):
        def extra_repr(self) -> str:
            return f"{self.width}"

        def forward(self, x: object) -> object:
            raise ValueError("the first")

    with pytest.raises(ValueError, match="the first"):
        Broken()(1)


def test_a_list_that_contains_itself_is_walked_once() -> None:
    class Knot(nn.Module):
        def __init__(self) -> None:
            self.parts = [nn.Linear(1, 1), 3.0]
            self.parts.append(self.parts)

    assert [name for name, _ in Knot().named_parameters()] == ["parts.0.weight", "parts.0.bias"]


# --- paths ------------------------------------------------------------------------------------------------------------
def test_parts_by_path() -> None:
    net = Block()
    assert net.get_submodule("layers.2.0") is net.layers[2][0] and net.get_submodule("") is net
    assert net.get_parameter("heads.right.0.weight") is net.heads["right"][0].weight
    assert nn.Sequential(Normaliser()).get_buffer("0.count").item() == 0
    assert Tied().get_parameter("again.weight").shape == (3, 3)
    for get, message in [
        (net.get_submodule, r"Block has no Module 'layers\.2\.1'; did you mean 'layers\.2\.0'"),
        (net.get_parameter, r"Block has no Parameter 'layers\.2\.1'; did you mean "),
        (net.get_buffer, r"Block has no buffer 'layers\.2\.1'; there are \[\]"),
    ]:
        with pytest.raises(AttributeError, match=message):
            get("layers.2.1")


# --- more of the state ------------------------------------------------------------------------------------------------
def test_state_with_the_parameters_themselves() -> None:
    net = Block()
    state = net.state_dict(keep_vars=True)
    assert all(state[name] is parameter for name, parameter in net.named_parameters())


def test_load_by_assignment_takes_dtype_and_memory_and_keeps_the_parameter() -> None:
    net = Tied()
    weight, value = net.encoder.weight, np.arange(9.0).reshape(3, 3)
    net.load_state_dict(dict.fromkeys(net.state_dict(), value), assign=True)
    assert net.encoder.weight is net.decoder.weight is weight and weight.dtype == np.float64
    assert np.shares_memory(weight.detach().numpy(), value) and weight.requires_grad
    net(Tensor(np.ones((1, 3)))).sum().backward()
    assert weight.grad.dtype == np.float64
    with pytest.raises(RuntimeError, match="int64 in the state cannot become float64"):
        net.load_state_dict(dict.fromkeys(net.state_dict(), value.astype(int)), assign=True)
    source = nn.Linear(2, 1)
    target = nn.Linear(2, 1)
    target.load_state_dict(source.state_dict(), assign=True)
    assert np.shares_memory(target.weight.detach().numpy(), source.weight.detach().numpy())


def test_likely_reasons_are_named() -> None:
    net = nn.Sequential(nn.Linear(1, 1))
    state = {f"module.{name}": value for name, value in net.state_dict().items()}
    with pytest.raises(RuntimeError, match=r"all names begin with 'module\.' there: pass \{name\.removeprefix"):
        net.load_state_dict(state)
    with pytest.raises(RuntimeError, match=r"'model' is a dict itself: .*state\['model'\]"):
        net.load_state_dict({"model": net.state_dict(), "step": 3})
    whole = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 2))
    part = r"behind '1\.' there: pass \{name\.removeprefix\('1\.'\): .* if name\.startswith\('1\.'\)\}"
    with pytest.raises(RuntimeError, match=part):
        nn.Linear(1, 2).load_state_dict(whole.state_dict())
    with pytest.raises(RuntimeError) as caught:
        nn.Linear(5, 5).load_state_dict(whole.state_dict())
    assert "there: pass" not in str(caught.value)


def test_the_result_of_loading_prints_as_in_pytorch() -> None:
    net = nn.Linear(1, 1)
    assert repr(net.load_state_dict(net.state_dict())) == "<All keys matched successfully>"
    assert repr(net.load_state_dict({}, strict=False)) == (
        "IncompatibleKeys(missing_keys=['weight', 'bias'], unexpected_keys=[])"
    )


# --- the usual lines of PyTorch's model files -------------------------------------------------------------------------
def test_the_usual_lines() -> None:
    class Net(nn.Module):
        __constants__ = ["width"]
        width: int
        norm: nn.Module

        def __init__(self, width: int) -> None:
            super().__init__()
            self.width = width
            self.fc = nn.Linear(width, width)
            self.register_buffer("bias", minigrad.ones(2, 2).tril(), persistent=False)
            self.apply(self._init_weights)

        def _init_weights(self, module: nn.Module) -> None:
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, mean=0.0, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    net = Net(64)
    assert net.train().training and not net.eval().training
    assert sum(p.numel() for p in net.parameters()) == 64 * 65 and [p.dim() for p in net.parameters()] == [2, 1]
    assert 0.018 < net.fc.weight.std().item() < 0.022 and not net.fc.bias.any()
    assert list(net.state_dict()) == ["fc.weight", "fc.bias"] and net.bias.tolist() == [[1, 0], [1, 1]]
    net.register_module("head", nn.Linear(1, 1))
    assert isinstance(net.head, nn.Linear) and len(list(net.children())) == 2
