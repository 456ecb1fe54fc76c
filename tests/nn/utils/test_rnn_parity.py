"""Packed sequences against PyTorch's: packing, padding, and recurrent layers that take them."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.nn.utils import rnn as ours_rnn
from tests.module_parity import pair, torch
from tests.parity import compare, random, weights

theirs_rnn = torch.nn.utils.rnn
LENGTHS = {"falling": [5, 3, 3, 1], "equal": [4, 4, 4], "one": [3], "mixed": [2, 5, 1, 5], "rising": [1, 2, 4]}
KINDS = {"RNN": {}, "RNN relu": {"nonlinearity": "relu"}, "LSTM": {}, "LSTM projected": {"proj_size": 2}, "GRU": {}}
BOTH = (False, True)
FUNCTIONS = (
    "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpad_sequence",
)  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures(name: str) -> None:
    mine, theirs = [inspect.signature(getattr(rnn, name)).parameters for rnn in (ours_rnn, theirs_rnn)]
    assert [(p.name, p.default) for p in mine.values()] == [(p.name, p.default) for p in theirs.values()]


def same_packed(mine: Any, theirs: Any) -> None:
    """Assert that two packed sequences are equal in every part."""
    assert isinstance(mine, ours_rnn.PackedSequence)
    assert mine._fields == theirs._fields
    for a, b in zip(mine, theirs, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
            assert str(a.dtype) == str(b.dtype).removeprefix("torch.")


@pytest.mark.parametrize("batch_first", BOTH)
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("behind", [(), (2,), (2, 3)])
def test_packing_and_padding(lengths: list[int], batch_first: bool, behind: tuple[int, ...]) -> None:
    time, batch = max(lengths) + 1, len(lengths)  # one step more than anyone needs
    x = random((batch, time, *behind) if batch_first else (time, batch, *behind))
    is_sorted = lengths == sorted(lengths, reverse=True)
    for enforce_sorted in (False, True) if is_sorted else (False,):
        mine = ours_rnn.pack_padded_sequence(Tensor(x), lengths, batch_first, enforce_sorted)
        theirs = theirs_rnn.pack_padded_sequence(torch.tensor(x), lengths, batch_first, enforce_sorted)
        same_packed(mine, theirs)
        for options in ({}, {"padding_value": -1.5}, {"padding_value": -np.inf, "total_length": time + 2}):
            got = ours_rnn.pad_packed_sequence(mine, batch_first, **options)
            expected = theirs_rnn.pad_packed_sequence(theirs, batch_first, **options)
            for a, b in zip(got, expected, strict=True):
                np.testing.assert_array_equal(a.numpy(), b.numpy())
                assert str(a.dtype) == str(b.dtype).removeprefix("torch.")


@pytest.mark.parametrize("batch_first", BOTH)
@pytest.mark.parametrize("padding_value", [0.0, 2.0])
def test_gradients_through_packing(batch_first: bool, padding_value: float) -> None:
    def through(rnn: Any) -> Any:
        def function(x: Any) -> Any:
            packed = rnn.pack_padded_sequence(x, [2, 4, 1], batch_first, enforce_sorted=False)
            padded, _ = rnn.pad_packed_sequence(packed, batch_first, padding_value)
            return (padded**3).sum() + (packed.data**2).sum()

        return function

    compare(through(ours_rnn), through(theirs_rnn), random((3, 4, 2) if batch_first else (4, 3, 2)))


@pytest.mark.parametrize("padding_side", ["right", "left"])
@pytest.mark.parametrize("batch_first", BOTH)
def test_pad_sequence(batch_first: bool, padding_side: str) -> None:
    arrays = [random((n, 2), seed=n) for n in (3, 1, 4)]
    compare(
        lambda *xs: ours_rnn.pad_sequence(list(xs), batch_first, 0.5, padding_side) ** 2,
        lambda *xs: theirs_rnn.pad_sequence(list(xs), batch_first, 0.5, padding_side) ** 2,
        *arrays,
    )


def test_integers_can_be_padded_and_packed() -> None:
    """Token ids, as they come before an embedding."""
    tokens = [[3, 1, 2], [7], [4, 4]]
    mine = ours_rnn.pad_sequence([Tensor(t) for t in tokens], batch_first=True, padding_value=-1)
    theirs = theirs_rnn.pad_sequence([torch.tensor(t) for t in tokens], batch_first=True, padding_value=-1)
    np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    assert mine.dtype == np.int64
    same_packed(
        ours_rnn.pack_sequence([Tensor(t) for t in tokens], enforce_sorted=False),
        theirs_rnn.pack_sequence([torch.tensor(t) for t in tokens], enforce_sorted=False),
    )


def test_pack_sequence_and_unpad_sequence() -> None:
    arrays = [random((n, 2), seed=n) for n in (2, 4, 3)]
    mine = ours_rnn.pack_sequence([Tensor(a) for a in arrays], enforce_sorted=False)
    same_packed(mine, theirs_rnn.pack_sequence([torch.tensor(a) for a in arrays], enforce_sorted=False))
    padded, lengths = ours_rnn.pad_packed_sequence(mine)
    for a, b in zip(ours_rnn.unpad_sequence(padded, lengths), arrays, strict=True):
        np.testing.assert_array_equal(a.numpy(), b)
    for a, b in zip(ours_rnn.unpack_sequence(mine), arrays, strict=True):
        np.testing.assert_array_equal(a.numpy(), b)


# --- layers -----------------------------------------------------------------------------------------------------------
def run(layer: Any, rnn: Any, leaf: Any, x: np.ndarray, lengths: list[int], hx: Any, enforce_sorted: bool) -> Any:
    """Output, last states, and the gradients of input, states and Parameters of one packed call."""
    layer.zero_grad()
    inputs = [leaf(x), *[leaf(state) for state in hx]]
    packed = rnn.pack_padded_sequence(inputs[0], lengths, enforce_sorted=enforce_sorted)
    given = () if not hx else ((tuple(inputs[1:]) if len(hx) == 2 else inputs[1]),)
    output, last = layer(packed, *given)
    padded, counts = rnn.pad_packed_sequence(output)
    parts = [padded, *(last if isinstance(last, tuple) else (last,))]
    total = 0
    for i, part in enumerate(parts):
        factor = weights(tuple(part.shape), "float64", seed=i)
        total = (part * (Tensor(factor) if isinstance(part, Tensor) else torch.tensor(factor))).sum() + total
    total.backward()
    grads = [t.grad for t in inputs] + [p.grad for p in layer.parameters()]
    return output, counts, [np.array(t.detach().numpy()) for t in [*parts, *grads]]


@pytest.mark.parametrize("given", BOTH)
@pytest.mark.parametrize("bias", BOTH)
@pytest.mark.parametrize("bidirectional", BOTH)
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_layer_on_packed(kind: str, num_layers: int, bidirectional: bool, bias: bool, given: bool) -> None:
    name = kind.split()[0]
    ours, theirs = pair(name, 3, 4, num_layers=num_layers, bidirectional=bidirectional, bias=bias, **KINDS[kind])
    for lengths in LENGTHS.values():
        shape = (num_layers * (1 + bidirectional), len(lengths))
        hx = [random((*shape, width), seed=i) for i, width in enumerate(ours._widths().values())] if given else []
        x = random((max(lengths), len(lengths), 3))
        is_sorted = lengths == sorted(lengths, reverse=True)
        for enforce_sorted in (False, True) if is_sorted else (False,):
            mine = run(ours, ours_rnn, lambda a: Tensor(a, requires_grad=True), x, lengths, hx, enforce_sorted)
            reference = run(
                theirs, theirs_rnn, lambda a: torch.tensor(a, requires_grad=True), x, lengths, hx, enforce_sorted
            )
            assert [part is None for part in mine[0]] == [part is None for part in reference[0]]
            np.testing.assert_array_equal(mine[1].numpy(), reference[1].numpy())
            for a, b in zip(mine[2], reference[2], strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_second_derivatives_on_packed(kind: str) -> None:
    name = kind.split()[0]
    ours, theirs = pair(name, 2, 3, bidirectional=True, **KINDS[kind])

    def through(layer: Any, rnn: Any) -> Any:
        def function(x: Any) -> Any:
            output, last = layer(rnn.pack_padded_sequence(x, [2, 4, 1], enforce_sorted=False))
            return (output.data**2).sum() + (last[-1] ** 3).sum()

        return function

    compare(through(ours, ours_rnn), through(theirs, theirs_rnn), random((4, 3, 2)), order=2)


@pytest.mark.parametrize("kind", KINDS)
def test_packed_equals_each_sequence_alone(kind: str) -> None:
    """Here PyTorch is not asked: what stands in the padding, NaN included, must not matter."""
    name = kind.split()[0]
    layer, _ = pair(name, 3, 4, bidirectional=True, **KINDS[kind])
    lengths = [2, 5, 3]
    x = np.full((5, 3, 3), np.nan)
    for i, n in enumerate(lengths):
        x[:n, i] = random((n, 3), seed=i)
    output, last = layer(ours_rnn.pack_padded_sequence(x, lengths, enforce_sorted=False))
    padded, _ = ours_rnn.pad_packed_sequence(output)
    for i, n in enumerate(lengths):
        alone, end = layer(x[:n, i])
        np.testing.assert_allclose(padded[:n, i].detach().numpy(), alone.detach().numpy(), rtol=1e-12)
        for a, b in zip(last, end, strict=True) if name == "LSTM" else [(last, end)]:
            np.testing.assert_allclose(a[:, i].detach().numpy(), b.detach().numpy(), rtol=1e-12)
