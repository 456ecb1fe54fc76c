"""What may be assigned to a Module, and what Modules of a user's own may do with their names."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Parameter, nn


class Frozen(nn.Module):
    """A part that stays as in use, however the whole is trained."""

    def __init__(self) -> None:
        self.norm = nn.BatchNorm1d(2)
        self.inner = nn.Dropout()

    def train(self, mode: bool = True) -> Frozen:
        super().train(mode)
        self.norm.eval()
        return self


def test_train_asks_a_part_that_has_a_train_of_its_own() -> None:
    net = nn.Sequential(nn.Dropout(), nn.Sequential(Frozen()))
    net.train()
    assert not net[1][0].norm.training
    assert net[0].training and net[1][0].training and net[1][0].inner.training
    net.eval()
    assert not any(module.training for module in net.modules())


def test_train_replaced_on_one_object() -> None:
    net = nn.Sequential(nn.Dropout(), nn.Dropout())
    net[0].eval()
    net[0].train = lambda mode=True: net[0]
    assert [module.training for module in net.train()] == [False, True]


def test_train_of_parts_that_know_one_another() -> None:
    net, part = nn.Sequential(nn.Dropout()), Frozen()
    net.append(part)
    part.owner = net
    assert all(module.training == (module is not part.norm) for module in net.train().modules())
    assert not any(module.training for module in part.eval().modules())


class Initialised(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Linear(2, 2)
        self.apply(self.initialise)
        self.train()

    def initialise(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.weight)


def test_a_model_is_freed_with_its_last_reference() -> None:
    gc.disable()
    try:
        model = weakref.ref(Initialised())
        assert model() is None
    finally:
        gc.enable()


class Recorder(nn.Module):
    """Attributes under names that the library might have used itself."""

    def __init__(self) -> None:
        self._name, self._state, self._convert = "recorder", None, {}
        self._hooks: list[Any] = []
        self.layer = nn.Linear(3, 2)
        self.seen: list[Any] = []
        self._hooks.append(self.layer.register_forward_hook(lambda *_: self.seen.append(1)))
        self._hooks.append(self.register_forward_hook(lambda *_: self.seen.append(2)))

    def forward(self, x: Any) -> Any:
        return self.layer(x)


def test_usual_names_are_free() -> None:
    model = Recorder()
    model(minigrad.ones(3))
    assert model.seen == [1, 2]
    assert list(model.state_dict()) == ["layer.weight", "layer.bias"]
    model.load_state_dict(copy.deepcopy(model.state_dict()))
    assert model.double().layer.weight.dtype == np.float64
    assert repr(model).startswith("Recorder(\n  (layer): Linear")


@pytest.mark.parametrize("value", [minigrad.ones(2, 2), np.ones((2, 2)), 1.0])
def test_a_parameter_is_not_lost_silently(value: Any) -> None:
    layer = nn.Linear(2, 2)
    with pytest.raises(TypeError, match=r"'weight' of Linear.*not be trained; write nn\.Parameter"):
        layer.weight = value
    assert isinstance(layer.weight, Parameter)
    layer.weight = None
    layer.weight = value  # nothing is lost any more
    layer.weight = Parameter(np.zeros((2, 2)))
    del layer.weight
    layer.weight = value


def test_a_parameter_in_place_of_a_buffer() -> None:
    net = nn.Module()
    net.register_buffer("scale", minigrad.ones(2))
    net.scale = Parameter(np.ones(2))
    assert [name for name, _ in net.named_parameters()] == ["scale"] == list(net.state_dict())
    assert not list(net.buffers())


def test_registering() -> None:
    net = nn.Module()
    net.register_parameter("bias", None)
    net.register_parameter("bias", Parameter([1.0]))
    net.register_parameter("bias", Parameter([2.0]))
    net.add_module("layer", None)
    net.register_module("layer", nn.Linear(1, 1))
    net.add_module("layer", nn.Linear(1, 1, bias=False))
    assert list(net.state_dict()) == ["bias", "layer.weight"]


@pytest.mark.parametrize(
    ("kind", "message", "call"),
    [
        (TypeError, r"'w', not Tensor; write nn\.Parameter", lambda m: m.register_parameter("w", minigrad.ones(2))),
        (TypeError, r"'w', not ndarray", lambda m: m.register_parameter("w", np.ones(2))),
        (KeyError, "has a dot", lambda m: m.register_parameter("a.b", Parameter([1.0]))),
        (KeyError, "taken", lambda m: m.register_parameter("forward", Parameter([1.0]))),
        (TypeError, "by strings", lambda m: m.register_parameter(3, Parameter([1.0]))),
        (TypeError, r"'part', not type; make an object of it: Tanh\(", lambda m: m.add_module("part", nn.Tanh)),
        (TypeError, "'part', not int", lambda m: m.add_module("part", 3)),
        (KeyError, "has a dot", lambda m: m.add_module("a.b", nn.Tanh())),
        (KeyError, "taken", lambda m: m.add_module("weight", nn.Tanh())),
    ],
)
def test_registering_what_cannot_be(kind: Any, message: str, call: Any) -> None:
    layer = nn.Linear(2, 2)
    with pytest.raises(kind, match=message):
        call(layer)
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_the_prefix_of_a_state_is_put_before_the_names_as_it_is() -> None:
    net = nn.Sequential(nn.Linear(1, 1, bias=False))
    assert [*net.state_dict(prefix="body.")] == ["body.0.weight"]
    assert net.state_dict(prefix="body.", keep_vars=True)["body.0.weight"] is net[0].weight


def test_a_state_whose_keys_are_no_names() -> None:
    layer = nn.Linear(2, 3)
    state = {0: np.ones(3), **{f"module.{name}": value for name, value in layer.state_dict().items()}}
    with pytest.raises(RuntimeError, match="names in a state of a Module are strings"):
        layer.load_state_dict(state)


def test_an_error_can_go_to_another_process_with_its_place() -> None:
    net = nn.Sequential(nn.Linear(2, 2))
    net[0].register_forward_hook(lambda *_: None)  # which cannot be pickled
    with pytest.raises(ValueError) as caught:
        net(minigrad.ones(3))
    arrived = pickle.loads(pickle.dumps(caught.value))
    assert arrived.__notes__ == ["in Linear(in_features=2, out_features=2, bias=True), which is 0 of Sequential"]
