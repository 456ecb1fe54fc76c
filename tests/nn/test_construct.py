"""A layer that is made of its input says how to call it."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import nn

X, Y = minigrad.ones(4, 3), minigrad.tensor([0, 1, 2, 0])
TAKE_ARRAYS = {"Identity", "ParameterList"}  # the first ignores its arguments, the second makes a list of rows
WEIGHTS = {"BCELoss", "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"}  # of any shape that broadcasts
LAYERS = [
    name
    for name in nn.__all__
    if inspect.isclass(getattr(nn, name)) and issubclass(getattr(nn, name), nn.Module) and name != "Module"
]


@pytest.mark.parametrize("inputs", [(X,), (X, Y), (X.numpy(),)], ids=["Tensor", "two Tensors", "array"])
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_says_that_it_is_made_first_and_then_called(name: str, inputs: tuple[Any, ...]) -> None:
    make = getattr(nn, name)
    if name in TAKE_ARRAYS or (name in WEIGHTS and len(inputs) == 1):
        assert isinstance(make(X), make)
        return
    with pytest.raises((TypeError, ValueError)) as caught:
        make(*inputs)
    message = str(caught.value)
    if name == "SoftmaxWithTemperature" and len(inputs) == 1:  # whose temperature may be a Tensor
        assert "dim" in message
    else:
        assert "call it: nn." in message and f"nn.{name}(" in message, message


def test_what_the_message_says() -> None:
    def said(call: Any) -> str:
        with pytest.raises((TypeError, ValueError)) as caught:
            call()
        return str(caught.value)

    assert said(lambda: nn.ReLU(X)) == (
        "ReLU is made with options and called with data, but got an array or Tensor as inplace; make it, then call it: "
        "nn.ReLU()(x)"
    )
    assert said(lambda: nn.SiLU(X)).endswith("nn.SiLU()(x)")
    assert said(lambda: nn.Sigmoid(X)).endswith("or Tensor; make it, then call it: nn.Sigmoid()(x)")
    assert said(lambda: nn.Linear(3, 2, bias=X)).endswith("as bias; make it, then call it: nn.Linear(...)(x)")
    assert said(lambda: nn.CrossEntropyLoss(X, Y)).endswith("nn.CrossEntropyLoss()(x, y)")
    assert "one number for each class, got shape (4, 3)" in said(lambda: nn.CrossEntropyLoss(X))
    assert said(lambda: nn.Sigmoid(1)) == "Sigmoid() takes no arguments"
    assert said(lambda: type("Mine", (nn.ReLU,), {})(X)).endswith(" Mine()(x)")


def test_arrays_that_are_options_and_classes_of_users_stay() -> None:
    assert nn.CrossEntropyLoss(np.ones(3)).weight.shape == (3,)
    assert nn.Embedding(4, 3, _weight=X).weight.shape == (4, 3)
    assert nn.EmbeddingBag.from_pretrained(X).weight.shape == (4, 3)
    assert nn.SoftmaxWithTemperature(minigrad.ones(1), dim=-1).temperature.shape == (1,)
    assert nn.Dropout(np.float64(0.5)).p == 0.5
    assert repr(nn.Identity(X, anything=Y)) == "Identity()"

    class Prior(nn.Module):
        def __init__(self, values: Any) -> None:
            super().__init__()
            self.values = values

    class Wider(nn.Linear):
        def __init__(self, like: Any) -> None:
            super().__init__(*like.shape)

    assert Prior(X).values is X and Wider(X).in_features == 4


def test_signatures_stay_and_bases_beside_a_layer_are_made() -> None:
    assert list(inspect.signature(nn.Linear).parameters)[:3] == ["in_features", "out_features", "bias"]
    assert not inspect.signature(nn.Sigmoid).parameters

    class Named:
        def __init__(self) -> None:
            self.name = "named"

    class Both(nn.Sigmoid, Named):
        pass

    assert Both().name == "named"
