"""Recurrent layers and cells: what they refuse, dropout, and memory. No PyTorch is needed here."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn, optim
from minigrad.nn import functional as F
from minigrad.nn.kernels import recurrent
from minigrad.nn.utils import rnn

LAYERS = [nn.RNN, nn.LSTM, nn.GRU]
CELLS = [nn.RNNCell, nn.LSTMCell, nn.GRUCell]


# --- constructors -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("make", [*LAYERS, *CELLS])
@pytest.mark.parametrize(("sizes", "name"), [((0, 4), "input_size"), ((3, -1), "hidden_size")])
def test_sizes_below_one(make: Any, sizes: tuple[int, int], name: str) -> None:
    with pytest.raises(ValueError, match=f"{make.__name__}: {name} must be at least 1"):
        make(*sizes)
    with pytest.raises(TypeError, match="must be an integer"):
        make(3.0, 4)


@pytest.mark.parametrize("make", LAYERS)
def test_options_of_layers(make: Any) -> None:
    with pytest.raises(ValueError, match="num_layers must be at least 1, got 0"):
        make(3, 4, 0)
    for dropout in (-0.1, 1.5, True, "0.5"):
        with pytest.raises(ValueError, match="dropout is a probability between 0 and 1"):
            make(3, 4, 2, dropout=dropout)
    with pytest.raises(TypeError, match="bias must be True or False, got 0.5"):
        make(3, 4, 2, bias=0.5)
    with pytest.raises(TypeError, match="batch_first must be True or False"):
        make(3, 4, batch_first=1)
    with pytest.warns(UserWarning, match="num_layers=1 has no between"):
        make(3, 4, dropout=0.5)


def test_options_of_some() -> None:
    with pytest.raises(ValueError, match="RNN: nonlinearity must be 'tanh' or 'relu', got 'sigmoid'"):
        nn.RNN(3, 4, nonlinearity="sigmoid")
    with pytest.raises(ValueError, match="RNNCell: nonlinearity must be"):
        nn.RNNCell(3, 4, nonlinearity="gelu")
    with pytest.raises(ValueError, match="LSTM: proj_size=4 must be smaller than hidden_size=4"):
        nn.LSTM(3, 4, proj_size=4)
    with pytest.raises(ValueError, match="LSTM: proj_size must be at least 0, got -1"):
        nn.LSTM(3, 4, proj_size=-1)
    with pytest.raises(TypeError, match="bias must be True or False"):
        nn.GRUCell(3, 4, bias="no")


# --- calls ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("make", LAYERS)
def test_inputs_that_do_not_fit(make: Any) -> None:
    name = make.__name__
    with pytest.raises(ValueError, match=rf"{name}: the last dimension of the input must be input_size=3, got .*5\)"):
        make(3, 4)(np.zeros((2, 2, 5)))
    with pytest.raises(ValueError, match=r"must be \(time, batch, input_size\), or \(time, input_size\)"):
        make(3, 4)(np.zeros(3))
    with pytest.raises(ValueError, match=r"must be \(batch, time, input_size\), or"):
        make(3, 4, batch_first=True)(np.zeros((1, 2, 2, 3)))
    with pytest.raises(ValueError, match=r"shape \(2, 0, 3\) has no time step"):
        make(3, 4, batch_first=True)(np.zeros((2, 0, 3), np.float32))


@pytest.mark.parametrize("make", LAYERS)
def test_states_that_do_not_fit(make: Any) -> None:
    x = np.zeros((5, 2, 3), np.float32)

    def hx(*shape: int) -> Any:
        state = minigrad.zeros(shape)
        return (state, state) if make is nn.LSTM else state

    wanted = r"h_0 must have shape \(2, 2, 4\), \(layers \* directions, batch, hidden_size\), got "
    for shape in [(1, 2, 4), (2, 4), (2, 2, 5), (2, 1, 4), (4,)]:
        with pytest.raises(ValueError, match=wanted):
            make(3, 4, bidirectional=True)(x, hx(*shape))
    with pytest.raises(ValueError, match=r"h_0 must have shape \(1, 4\), \(layers \* directions, hidden_size\)"):
        make(3, 4)(x[:, 0], hx(1, 1, 4))
    packed = rnn.pack_padded_sequence(x, [5, 2])
    with pytest.raises(ValueError, match=r"h_0 must have shape \(1, 2, 4\)"):
        make(3, 4)(packed, hx(1, 5, 4))


def test_one_state_for_an_lstm_and_two_for_the_others() -> None:
    x, h = np.zeros((5, 2, 3), np.float32), minigrad.zeros(1, 2, 4)
    for wrong in (h, (h,), [h, h, h]):
        with pytest.raises(TypeError, match=r"lstm\(input, \(h_0, c_0\)\)"):
            nn.LSTM(3, 4)(x, wrong)
    with pytest.raises(ValueError, match=r"c_0 must have shape \(1, 2, 4\)"):
        nn.LSTM(3, 4)(x, (h, h[0]))
    with pytest.raises(ValueError, match=r"h_0 must have shape \(1, 2, 3\), .*proj_size\), got \(1, 2, 4\)"):
        nn.LSTM(3, 4, proj_size=3)(x, (h, h))
    for make, wrong in ((nn.LSTM(3, 4), x), (nn.LSTMCell(3, 4), x[0])):
        with pytest.raises(TypeError, match="give both h_0 and c_0"):
            make(wrong, (h, None))
    with pytest.raises(TypeError, match="LSTMCell: the initial state is a pair"):
        nn.LSTMCell(3, 4)(x[0], h[0])
    for make in (nn.RNN, nn.GRU):
        with pytest.raises(TypeError, match=f"{make.__name__}: the initial state is one Tensor, got a tuple of 2"):
            make(3, 4)(x, (h, h))


def test_the_error_names_the_place_in_the_model() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.body = nn.Sequential(nn.Linear(3, 5), nn.LSTM(3, 4))

        def forward(self, x: Any) -> Any:
            return self.body(x)

    with pytest.raises(ValueError, match="input_size=3") as caught:
        Net()(np.zeros((5, 2, 3), np.float32))
    assert "body.1" in str(caught.value) + "".join(getattr(caught.value, "__notes__", []))


@pytest.mark.parametrize("make", CELLS)
def test_calls_of_cells_that_do_not_fit(make: Any) -> None:
    cell = make(3, 4)

    def hx(*shape: int) -> Any:
        state = minigrad.zeros(shape)
        return (state, state) if make is nn.LSTMCell else state

    for shape in [(2, 5), (2, 2, 3), ()]:
        with pytest.raises(ValueError, match=rf"{make.__name__}: the input must be \(batch, input_size\)"):
            cell(np.zeros(shape))
    for shape in [(2, 5), (1, 4), (4,), (1, 2, 4)]:
        with pytest.raises(ValueError, match=r"it must be \(2, 4\), or be left out"):
            cell(np.zeros((2, 3)), hx(*shape))


# --- packing ----------------------------------------------------------------------------------------------------------
def test_lengths_that_do_not_fit() -> None:
    x = np.zeros((5, 3, 2), np.float32)
    for lengths, message in [
        ([2, 5, 1], "lengths must fall.*enforce_sorted=False"),
        ([5, 2, 0], "every length must be at least 1"),
        ([6, 2, 1], "do not fit sequences padded to 5 steps"),
        ([5, 2, -1], "do not fit"),
        ([5, 2], "2 lengths for a batch of 3"),
        ([5, 3, 2, 1, 1], "is batch_first right"),
    ]:
        with pytest.raises(ValueError, match=message):
            rnn.pack_padded_sequence(x, lengths)
    for wrong in ([5.0, 2.0, 1.0], 5, [[5, 2, 1]]):
        with pytest.raises(TypeError, match="lengths must be a list of integers"):
            rnn.pack_padded_sequence(x, wrong)
    with pytest.raises(ValueError, match="dimensions for time and batch"):
        rnn.pack_padded_sequence(np.zeros(3), [1])


def test_packed_sequences_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="must be positive and never grow"):
        rnn.PackedSequence(np.zeros((5, 2)), [2, 3])
    with pytest.raises(ValueError, match="must have 4 rows, the sum of batch_sizes"):
        rnn.PackedSequence(np.zeros((5, 2)), [2, 2])
    packed = rnn.PackedSequence(np.zeros((4, 2)), [2, 2])
    with pytest.raises(ValueError, match="total_length=1, but the longest sequence has 2 steps"):
        rnn.pad_packed_sequence(packed, total_length=1)
    with pytest.raises(TypeError, match="pad_packed_sequence: total_length must be an integer, got 5.5"):
        rnn.pad_packed_sequence(packed, total_length=5.5)
    with pytest.raises(TypeError, match="takes a PackedSequence, got Tensor"):
        rnn.pad_packed_sequence(Tensor([1.0]))
    with pytest.raises(ValueError, match=r"packed data must be \(rows, input_size\)"):
        nn.GRU(2, 3)(rnn.PackedSequence(np.zeros(4), [2, 2]))
    with pytest.raises(ValueError, match="input_size=5"):
        nn.GRU(5, 3)(packed)


def test_sequences_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="at least one sequence"):
        rnn.pad_sequence([])
    with pytest.raises(ValueError, match=r"differ in length only, got \[\(2, 3\), \(2, 4\)\]"):
        rnn.pad_sequence([np.zeros((2, 3)), np.zeros((2, 4))])
    with pytest.raises(ValueError, match="padding_side must be 'right' or 'left'"):
        rnn.pad_sequence([Tensor([1.0])], padding_side="top")
    with pytest.raises(TypeError, match="takes a list of sequences, got dict"):
        rnn.pad_sequence({})


# --- dropout, determinism, memory, learning ---------------------------------------------------------------------------
def test_dropout_between_layers_in_training_only() -> None:
    """A second layer that only passes on shows what came through: zeros, and the rest scaled by 1 / (1 - p)."""
    minigrad.manual_seed(0)
    p = 0.25
    layer = nn.RNN(3, 50, num_layers=2, nonlinearity="relu", bias=False, dropout=p)
    with minigrad.no_grad():
        layer.weight_ih_l1.copy_(Tensor(np.eye(50)))
        layer.weight_hh_l1.zero_()
    x = np.abs(np.random.default_rng(0).standard_normal((20, 8, 3))).astype(np.float32)
    plain = layer.eval()(x)[0].detach().numpy()
    dropped = layer.train()(x)[0].detach().numpy()
    alive = plain > 0
    kept = dropped[alive] > 0
    assert abs((1 - kept.mean()) - p) < 4 * (p * (1 - p) / alive.sum()) ** 0.5
    np.testing.assert_allclose(dropped[alive][kept], plain[alive][kept] / (1 - p), rtol=1e-5)
    minigrad.manual_seed(5)
    first = layer(x)[0].detach().numpy()
    minigrad.manual_seed(5)
    np.testing.assert_array_equal(layer(x)[0].detach().numpy(), first)
    assert not np.array_equal(layer(x)[0].detach().numpy(), first)


def test_memory_of_a_long_sequence() -> None:
    """Kept for backward are gates, cells and hidden states once; backward adds the gradient of the gates."""
    time, batch, inputs, hidden = 1000, 4, 8, 32
    layer = nn.LSTM(inputs, hidden)
    x = Tensor(np.zeros((time, batch, inputs), np.float32))
    unit = time * batch * hidden * 4
    tracemalloc.start()
    try:
        output, _ = layer(x)
        kept, _ = tracemalloc.get_traced_memory()
        output.sum().backward()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 6.5 * unit, kept / unit  # 4 gates, cell, hidden state
    assert peak < 14 * unit, peak / unit


@pytest.mark.parametrize("make", LAYERS)
def test_learns_to_remember(make: Any) -> None:
    """The class stands in the first step only, ten steps before the answer is asked for."""
    minigrad.manual_seed(0)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 48)
    x = 0.1 * rng.standard_normal((48, 10, 3)).astype(np.float32)
    x[np.arange(48), 0, labels] += 1
    layer, head = make(3, 16, batch_first=True), nn.Linear(16, 3)
    opt = optim.Adam([*layer.parameters(), *head.parameters()], lr=0.03)
    for _ in range(100):
        loss = F.cross_entropy(head(layer(x)[0][:, -1]), labels)
        opt.zero_grad()
        loss.backward()
        opt.step()
    assert loss.item() < 0.05


# --- corners ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("make", LAYERS)
def test_numbers_of_any_size_saturate_without_a_warning(make: Any) -> None:
    x = Tensor(np.array([[[1e30]], [[-1e30]], [[0.0]]], np.float32), requires_grad=True)
    layer = make(1, 4)
    output, _ = layer(x)
    output.sum().backward()
    assert np.abs(output.detach().numpy()).max() <= 1
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("make", LAYERS)
def test_integers_lists_and_arrays_are_inputs(make: Any) -> None:
    layer = make(2, 3)
    expected = layer(Tensor([[1.0, 2.0], [3.0, 4.0]]))[0].detach().numpy()
    for x in ([[1.0, 2.0], [3.0, 4.0]], [[1, 2], [3, 4]], np.array([[1, 2], [3, 4]], np.float32)):
        output = layer(x)[0]
        assert output.dtype == np.float32
        np.testing.assert_array_equal(output.detach().numpy(), expected)


def test_what_the_caller_does_to_an_array_afterwards_changes_no_gradient() -> None:
    layer = nn.GRU(2, 3)
    x, h = np.ones((4, 1, 2), np.float32), np.ones((1, 1, 3), np.float32)
    layer(x, h)[0].sum().backward()
    expected = [p.grad.numpy().copy() for p in layer.parameters()]
    layer.zero_grad()
    output, _ = layer(x, h)
    x += 5
    h += 5
    output.sum().backward()
    for p, e in zip(layer.parameters(), expected, strict=True):
        np.testing.assert_array_equal(p.grad.numpy(), e)


def test_a_packed_sequence_is_a_tuple_whose_data_can_be_replaced() -> None:
    packed = rnn.pack_sequence([Tensor([[1.0], [2.0]]), Tensor([[3.0]])])
    data, batch_sizes, order, back = packed
    assert (order, back) == (None, None)
    assert batch_sizes.tolist() == [2, 1]
    doubled = packed._replace(data=data * 2)
    assert isinstance(doubled, rnn.PackedSequence)
    assert doubled.data.tolist() == [[2.0], [6.0], [4.0]]
    assert packed.to(np.float64).data.dtype == np.float64


@pytest.mark.parametrize(("name", "gates"), [("rnn", 1), ("lstm", 4), ("gru", 3)])
def test_primitives_refuse_what_would_broadcast(name: str, gates: int) -> None:
    operation = getattr(recurrent, name)
    states = [Tensor(np.zeros((2, 3)))] * (2 if name == "lstm" else 1)
    x, w, u, b = [Tensor(np.zeros(s)) for s in [(4, 5), (3 * gates, 5), (3 * gates, 3), (3 * gates,)]]
    sizes = (2, 2)
    shapes = [out.shape for out in operation(x, *states, w, u, b, b, sizes=sizes)]
    assert shapes == [(4, 3)] + [(2, 3)] * len(states)
    with pytest.raises(ValueError, match=r"h0 must have shape \(2, 3\): one row for each sequence"):
        operation(x, *[s[:1] for s in states], w, u, b, b, sizes=sizes)
    with pytest.raises(ValueError, match=rf"w_hh must have shape \({gates} \* hidden size, hidden size\)"):
        operation(x, *states, w, u[:, :1], b, b, sizes=sizes)
    with pytest.raises(ValueError, match="a bias must have shape"):
        operation(x, *states, w, u, b, b[:1], sizes=sizes)
    with pytest.raises(ValueError, match="b_ih and b_hh must both be given"):
        operation(x, *states, w, u, b, sizes=sizes)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_states_that_are_handed_out_are_the_callers_own(name: str) -> None:
    """Writing into them changes neither the output nor what backward needs."""
    x = Tensor(np.ones((1, 2, 3), np.float32))
    layer, cell = getattr(nn, name)(3, 4), getattr(nn, f"{name}Cell")(3, 4)
    output, last = layer(x)
    before = output.detach().numpy().copy()
    state = cell(x[0])
    written = [*(last if name == "LSTM" else [last]), *(state if name == "LSTM" else [state])]
    with minigrad.no_grad():
        for tensor in written:
            tensor.fill_(7.0)
    np.testing.assert_array_equal(output.detach().numpy(), before)
    (output.sum() + sum(tensor.sum() for tensor in written)).backward()
    assert all(np.isfinite(p.grad.numpy()).all() for p in [*layer.parameters(), *cell.parameters()])
