"""Recurrent layers that run in kernels beside those that do not, and beside PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from minigrad import nn  # noqa: E402
from minigrad.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence  # noqa: E402
from tests.fast.against_plain import as_without_kernels, from_several_threads, numbers, same  # noqa: E402

pytestmark = pytest.mark.usefixtures("enabled_throughout")
KINDS: dict[str, dict[str, Any]] = {"LSTM": {}, "GRU": {}, "RNN": {}, "RNN relu": {"nonlinearity": "relu"}}
OPTIONS: dict[str, dict[str, Any]] = {
    "one layer": {},
    "two layers": {"num_layers": 2},
    "both directions": {"num_layers": 2, "bidirectional": True},
    "batch first": {"batch_first": True, "num_layers": 2},
    "no bias": {"bias": False, "bidirectional": True},
    "dropout": {"num_layers": 3, "dropout": 0.4, "bidirectional": True},
}
INPUTS, WIDTH = 3, 5


def arrays(result: Any) -> list[Any]:
    """The Tensors of a result, however they are nested."""
    return [leaf for part in result for leaf in arrays(part)] if isinstance(result, tuple) else [result]


def everything(model: Any, *inputs: np.ndarray, lengths: list[int] | None = None) -> list[np.ndarray]:
    """The results of a layer, and the gradients of its inputs and Parameters.

    Args:
        model: the layer, of this package or of PyTorch.
        inputs: the sequences, and states of the first layer.
        lengths: of the sequences, which are then packed.
    """
    ours = isinstance(model, nn.Module)
    library: Any = mg if ours else pytest.importorskip("torch")
    if ours:
        mg.manual_seed(0)  # of dropout
    model.zero_grad()
    leaves = [library.tensor(a, requires_grad=True) for a in inputs]
    x, *states = leaves
    if lengths is not None:
        x = pack_padded_sequence(x, lengths, enforce_sorted=False) if ours else packed_by_pytorch(x, lengths)
    out, last = model(x, *([tuple(states)] if len(states) > 1 else states))
    if lengths is not None:
        out = (pad_packed_sequence if ours else library.nn.utils.rnn.pad_packed_sequence)(out)[0]
    results = arrays((out, last))
    sum((part * library.tensor(numbers(*part.shape, seed=i))).sum() for i, part in enumerate(results)).backward()
    gradients = [leaf.grad for leaf in (*leaves, *model.parameters())]
    return [part.detach().numpy() for part in (*results, *gradients)]


def packed_by_pytorch(x: Any, lengths: list[int]) -> Any:
    return pytest.importorskip("torch").nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)


def made(kind: str, **options: Any) -> Any:
    mg.manual_seed(1)
    return getattr(nn, kind.split()[0])(INPUTS, WIDTH, **KINDS[kind], **options)


def states(kind: str, model: Any, batch: int) -> list[np.ndarray]:
    layers = model.num_layers * (1 + model.bidirectional)
    return [*numbers(1 + kind.startswith("LSTM"), layers, batch, WIDTH, seed=3)]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_layers(kind: str, options: str) -> None:
    model = made(kind, **OPTIONS[options])
    for steps, batch in ((1, 1), (4, 3)):
        x = numbers(*((batch, steps) if model.batch_first else (steps, batch)), INPUTS)
        as_without_kernels(lambda x=x: everything(model, x))  # type: ignore[misc]
        as_without_kernels(lambda x=x: everything(model, x, *states(kind, model, x.shape[not model.batch_first])))  # type: ignore[misc]


@pytest.mark.parametrize("options", ["one layer", "both directions", "dropout"])
@pytest.mark.parametrize("kind", KINDS)
def test_sequences_of_different_lengths(kind: str, options: str) -> None:
    model, lengths = made(kind, **OPTIONS[options]), [2, 6, 1, 4, 6]
    as_without_kernels(lambda: everything(model, numbers(6, 5, INPUTS), lengths=lengths))
    as_without_kernels(lambda: everything(model, numbers(6, 5, INPUTS), *states(kind, model, 5), lengths=lengths))


@pytest.mark.parametrize("options", ["one layer", "both directions", "no bias"])
def test_projections(options: str) -> None:
    mg.manual_seed(1)
    model = nn.LSTM(INPUTS, WIDTH, proj_size=2, **OPTIONS[options])
    as_without_kernels(lambda: everything(model, numbers(4, 3, INPUTS)))
    as_without_kernels(lambda: everything(model, numbers(6, 5, INPUTS), lengths=[2, 6, 1, 4, 6]))


@pytest.mark.parametrize("kind", KINDS)
def test_frozen_parameters(kind: str) -> None:
    model = made(kind)

    def run() -> list[np.ndarray]:
        x = mg.tensor(numbers(4, 3, INPUTS), requires_grad=frozen != "x")
        model.zero_grad(set_to_none=True)
        model(x)[0].square().sum().backward()
        return [leaf.grad.numpy() for leaf in (x, *model.parameters()) if leaf.grad is not None]

    for frozen in ("x", "weight_ih_l0", "weight_hh_l0", "bias_ih_l0"):
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name != frozen)
        as_without_kernels(run)


@pytest.mark.parametrize("kind", KINDS)
def test_as_pytorch(kind: str) -> None:
    torch = pytest.importorskip("torch")
    for name in ("one layer", "both directions", "no bias"):
        ours = made(kind, **OPTIONS[name])
        theirs = getattr(torch.nn, kind.split()[0])(INPUTS, WIDTH, **KINDS[kind], **OPTIONS[name])
        with torch.no_grad():
            for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
                other.copy_(torch.from_numpy(mine.detach().numpy().copy()))
        given = [numbers(6, 5, INPUTS), *states(kind, ours, 5)]
        same(everything(ours, *given), everything(theirs, *given), 1e-5)
        same(
            everything(ours, *given, lengths=[2, 6, 1, 4, 6]), everything(theirs, *given, lengths=[2, 6, 1, 4, 6]), 1e-5
        )


def test_several_threads_at_once() -> None:
    model = made("LSTM", num_layers=2, bidirectional=True)
    x = mg.tensor(numbers(6, 5, INPUTS))
    from_several_threads(lambda: [part.detach().numpy() for part in arrays(model(x))])
