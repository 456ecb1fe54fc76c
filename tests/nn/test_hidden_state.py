"""A hidden state that is kept from one step of training to the next: the errors name the cure, and it works."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn, optim

BATCH = np.random.default_rng(0).standard_normal((3, 2, 4)).astype(np.float32)
LAYERS: dict[str, Callable[[], nn.Module]] = {"RNN": lambda: nn.RNN(4, 5), "GRU": lambda: nn.GRU(4, 5)}


def train(layer: nn.Module, *, retain: bool = False, cut: bool = False) -> list[float]:
    """Three steps of truncated backpropagation through time; the losses."""
    optimizer = optim.SGD(layer.parameters(), lr=0.1)
    hidden, losses = None, []
    for _ in range(3):
        out, hidden = layer(Tensor(BATCH), hidden)
        loss = (out * out).sum()
        optimizer.zero_grad()
        loss.backward(retain_graph=retain)
        optimizer.step()
        losses.append(loss.item())
        if cut:
            hidden = hidden.detach()
    return losses


@pytest.mark.parametrize("name", LAYERS)
def test_the_used_up_graph_suggests_to_detach(name: str) -> None:
    with pytest.raises(RuntimeError, match=r"already used by a backward pass.* hidden state, .* h = h\.detach\(\)"):
        train(LAYERS[name]())


@pytest.mark.parametrize("name", LAYERS)
def test_keeping_the_graph_leads_to_the_same_advice(name: str) -> None:
    with pytest.raises(RuntimeError, match=r"overwritten in place.* hidden state, .* h = h\.detach\(\)"):
        train(LAYERS[name](), retain=True)


@pytest.mark.parametrize("name", LAYERS)
def test_the_advice_works(name: str) -> None:
    mg.manual_seed(0)
    losses = train(LAYERS[name](), cut=True)
    assert losses[2] < losses[0]
