"""Recurrent layers against PyTorch's: values, gradients of inputs, states and Parameters, over their options."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, autograd, nn
from tests.module_parity import compare_modules, load, pair, same_modules, torch
from tests.parity import compare, random

KINDS = {"RNN": {}, "RNN relu": {"nonlinearity": "relu"}, "LSTM": {}, "GRU": {}}
BOTH = (False, True)


def states(kind: str, *shape: int) -> Any:
    """Initial states for a kind of layer."""
    first, second = random(shape, seed=8), random(shape, seed=9)
    return (first, second) if kind == "LSTM" else first


class WithStates:
    """A layer that takes its states one by one, so that their gradients are compared as those of inputs are."""

    def __init__(self, layer: Any, kind: str) -> None:
        self.layer, self.kind = layer, kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self.layer, name)

    def __call__(self, x: Any, *hx: Any) -> Any:
        if not hx:
            return self.layer(x)
        return self.layer(x, hx if self.kind == "LSTM" else hx[0])


def both(kind: str, *args: Any, **kwargs: Any) -> tuple[WithStates, WithStates, str]:
    name = kind.split()[0]
    ours, theirs = pair(name, *args, **KINDS[kind], **kwargs)
    return WithStates(ours, name), WithStates(theirs, name), name


@pytest.mark.parametrize("given", BOTH)
@pytest.mark.parametrize("batch_first", BOTH)
@pytest.mark.parametrize("bias", BOTH)
@pytest.mark.parametrize("bidirectional", BOTH)
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_layer(kind: str, num_layers: int, bidirectional: bool, bias: bool, batch_first: bool, given: bool) -> None:
    ours, theirs, name = both(
        kind, 3, 4, num_layers=num_layers, bidirectional=bidirectional, bias=bias, batch_first=batch_first
    )
    shape = (num_layers * (1 + bidirectional), 2, 4)
    hx = states(name, *shape) if given else ()
    hx = hx if isinstance(hx, tuple) else (hx,)
    same_modules(ours, theirs, inputs=[(2, 5, 3) if batch_first else (5, 2, 3), *hx])


@pytest.mark.parametrize(("inputs", "batch"), [(1, 2), (1, 1), (3, 1)])
@pytest.mark.parametrize("kind", KINDS)
def test_one_number_at_a_time(kind: str, inputs: int, batch: int) -> None:
    ours, theirs, _ = both(kind, inputs, 4)
    same_modules(ours, theirs, inputs=[(5, batch, inputs)])


@pytest.mark.parametrize("given", BOTH)
@pytest.mark.parametrize("batch_first", BOTH)
@pytest.mark.parametrize("bidirectional", BOTH)
@pytest.mark.parametrize("kind", KINDS)
def test_one_sequence_without_batch(kind: str, bidirectional: bool, batch_first: bool, given: bool) -> None:
    ours, theirs, name = both(kind, 3, 4, num_layers=2, bidirectional=bidirectional, batch_first=batch_first)
    hx = states(name, 2 + 2 * bidirectional, 4) if given else ()
    same_modules(ours, theirs, inputs=[(5, 3), *(hx if isinstance(hx, tuple) else (hx,))])


@pytest.mark.parametrize("given", BOTH)
@pytest.mark.parametrize("batch_first", BOTH)
@pytest.mark.parametrize("bias", BOTH)
@pytest.mark.parametrize("bidirectional", BOTH)
@pytest.mark.parametrize("num_layers", [1, 2])
def test_projected_lstm(num_layers: int, bidirectional: bool, bias: bool, batch_first: bool, given: bool) -> None:
    options = {"bidirectional": bidirectional, "bias": bias, "batch_first": batch_first, "proj_size": 2}
    ours, theirs, _ = both("LSTM", 3, 4, num_layers, **options)
    runs = num_layers * (1 + bidirectional)
    hx = (random((runs, 2, 2), seed=8), random((runs, 2, 4), seed=9)) if given else ()
    same_modules(ours, theirs, inputs=[(2, 5, 3) if batch_first else (5, 2, 3), *hx])
    same_modules(ours, theirs, inputs=[(5, 3), *(state[:, 0] for state in hx)])
    assert repr(ours.layer) == repr(theirs.layer)


def test_projected_lstm_has_second_derivatives_and_stays_float32() -> None:
    ours, theirs = pair("LSTM", 2, 3, bidirectional=True, proj_size=1)
    arrays = [random((4, 2, 2)), random((2, 2, 1), seed=1), random((2, 2, 3), seed=2)]
    compare(lambda x, *hx: ours(x, hx)[0] ** 2, lambda x, *hx: theirs(x, hx)[0] ** 2, *arrays, order=2)
    layer = nn.LSTM(2, 3, proj_size=1)
    out, (h, c) = layer(Tensor(np.ones((4, 2, 2), np.float32)))
    assert {out.dtype, h.dtype, c.dtype} == {np.dtype(np.float32)}
    assert layer(Tensor(np.ones((4, 0, 2), np.float32)))[0].shape == (4, 0, 1)


@pytest.mark.parametrize(("time", "batch"), [(1, 1), (1, 3), (6, 1), (4, 0), (120, 2)])
@pytest.mark.parametrize("kind", KINDS)
def test_extreme_sizes(kind: str, time: int, batch: int) -> None:
    ours, theirs, _ = both(kind, 3, 4, bidirectional=True)
    same_modules(ours, theirs, inputs=[(time, batch, 3)], modes=(True,))


@pytest.mark.parametrize("kind", KINDS)
def test_input_size_and_hidden_size_of_one(kind: str) -> None:
    ours, theirs, _ = both(kind, 1, 1, num_layers=2)
    same_modules(ours, theirs, inputs=[(4, 2, 1)], modes=(True,))


@pytest.mark.parametrize("kind", KINDS)
def test_second_derivatives(kind: str) -> None:
    name = kind.split()[0]
    ours, theirs = pair(name, 2, 3, bidirectional=True, **KINDS[kind])

    def run(layer: Any) -> Any:
        def function(x: Any, *hx: Any) -> Any:
            output, last = layer(x, hx if name == "LSTM" else hx[0])
            return (output * output).sum() + (last[1] ** 3).sum()

        return function

    hx = states(name, 2, 2, 3)
    compare(run(ours), run(theirs), random((4, 2, 2)), *(hx if name == "LSTM" else (hx,)), order=2)


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_stays_single(kind: str) -> None:
    name = kind.split()[0]
    ours, theirs = getattr(nn, name)(3, 4, **KINDS[kind]), getattr(torch.nn, name)(3, 4, **KINDS[kind])
    load(ours, theirs)
    x = random((5, 2, 3), "float32")
    leaf = Tensor(x, requires_grad=True)
    output, last = ours(leaf)
    parts = [output, *(last if name == "LSTM" else [last])]
    assert {part.dtype for part in parts} == {np.dtype(np.float32)}
    np.testing.assert_allclose(output.detach().numpy(), theirs(torch.tensor(x))[0].detach(), rtol=1e-4, atol=1e-6)
    output.sum().backward()
    assert {t.grad.dtype for t in [leaf, *ours.parameters()]} == {np.dtype(np.float32)}


@pytest.mark.parametrize("kind", KINDS)
def test_non_contiguous_input(kind: str) -> None:
    name = kind.split()[0]
    ours, theirs = pair(name, 3, 4, **KINDS[kind])
    cube = random((3, 2, 5))
    for x in (cube.transpose(2, 1, 0), random((9, 4, 6))[::2, ::2, ::2], random((5, 2, 3))[::-1]):
        compare(lambda t: ours(t)[0], lambda t: theirs(t)[0], x, order=1)  # keeps the strides for ours


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_of_the_last_states_alone(kind: str) -> None:
    """The output is not used at all, only what the layer hands over at the end."""
    name = kind.split()[0]
    ours, theirs = pair(name, 3, 4, num_layers=2, bidirectional=True, **KINDS[kind])
    x = random((5, 2, 3))
    mine, reference = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    for layer, leaf in ((ours, mine), (theirs, reference)):
        last = layer(leaf)[1]
        last = last[1] if name == "LSTM" else last  # the cell state
        (last * last).sum().backward()
    np.testing.assert_allclose(mine.grad.numpy(), reference.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_frozen_weights_and_constant_input(kind: str) -> None:
    name = kind.split()[0]
    ours, theirs = pair(name, 3, 4, **KINDS[kind])
    for layer in (ours, theirs):
        layer.weight_hh_l0.requires_grad = False
        layer.bias_ih_l0.requires_grad = False
    same_modules(ours, theirs, inputs=[(5, 2, 3)], modes=(True,))
    x = random((5, 2, 3))
    ours.zero_grad()
    theirs.zero_grad()
    ours(x)[0].sum().backward()
    theirs(torch.tensor(x))[0].sum().backward()
    assert ours.weight_hh_l0.grad is None
    np.testing.assert_allclose(ours.weight_ih_l0.grad.numpy(), theirs.weight_ih_l0.grad, rtol=1e-9)


def test_all_zero_dropout_options_are_no_dropout() -> None:
    compare_modules("LSTM", 3, 4, 2, dropout=0.0, inputs=[(5, 2, 3)])
    compare_modules("GRU", 3, 4, 2, dropout=0.7, inputs=[(5, 2, 3)], modes=(False,))
    compare_modules("GRU", 3, 4, 3, dropout=1.0, inputs=[(5, 2, 3)])


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_positional_arguments_options_and_display(name: str) -> None:
    args = (3, 4, 2, "relu", False, True, 0.5, True) if name == "RNN" else (3, 4, 2, False, True, 0.5, True)
    ours, theirs = getattr(nn, name)(*args), getattr(torch.nn, name)(*args)
    sizes = ("input_size", "hidden_size", "num_layers", "proj_size")
    for option in ("mode", *sizes, "bias", "batch_first", "dropout", "bidirectional"):
        assert getattr(ours, option) == getattr(theirs, option)
    assert repr(ours) == repr(theirs)
    assert repr(getattr(nn, name)(3, 4)) == repr(getattr(torch.nn, name)(3, 4))
    assert [[tuple(w.shape) for w in ws] for ws in ours.all_weights] == [
        [tuple(w.shape) for w in ws] for ws in theirs.all_weights
    ]
    ours.flatten_parameters()
    call = inspect.signature(type(ours).forward)
    assert list(call.parameters) == list(inspect.signature(type(theirs).forward).parameters)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_parameters_start_uniform(name: str) -> None:
    minigrad.manual_seed(0)
    layer = getattr(nn, name)(50, 64, bidirectional=True)
    bound = 1 / 8
    for key, parameter in layer.named_parameters():
        values = parameter.detach().numpy()
        assert np.abs(values).max() <= bound
        if key.startswith("weight"):
            assert abs(values.mean()) < 4 * bound / 3**0.5 / values.size**0.5
            np.testing.assert_allclose(values.std(), bound / 3**0.5, rtol=0.03)


def test_jacobian_through_a_layer_of_a_trained_kind() -> None:
    """``autograd.grad`` by the input of a layer whose Parameters are frozen."""
    ours, theirs = pair("LSTM", 2, 3)
    ours.requires_grad_(False)
    x = random((4, 1, 2))
    leaf, reference = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    (mine,) = autograd.grad(ours(leaf)[0][-1, 0, 0], leaf)
    (expected,) = torch.autograd.grad(theirs(reference)[0][-1, 0, 0], reference)
    np.testing.assert_allclose(mine.numpy(), expected, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("batch_first", BOTH)
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_a_layer_is_the_cell_repeated(name: str, batch_first: bool) -> None:
    """Here PyTorch is not asked: layer and cell are two ways to one result."""
    layer, cell = getattr(nn, name)(3, 4, batch_first=batch_first), getattr(nn, f"{name}Cell")(3, 4)
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in layer.state_dict().items()})
    x = random((6, 2, 3), "float32")
    output, last = layer(x.swapaxes(0, 1) if batch_first else x)
    state = None
    for step in range(6):
        state = cell(x[step], state)
        here = output[:, step] if batch_first else output[step]
        shown = state[0] if name == "LSTM" else state
        np.testing.assert_allclose(here.detach().numpy(), shown.detach().numpy(), rtol=1e-5, atol=1e-6)
    for a, b in zip(last, state, strict=True) if name == "LSTM" else [(last, state)]:
        np.testing.assert_allclose(a[0].detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)
