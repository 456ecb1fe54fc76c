"""LBFGS against PyTorch's, on functions whose minima are known and on a small network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import nn, optim
from tests.optim.pairs import plain, product, thinned, torch

OPTIONS = product(
    lr=[1.0, 0.5], max_iter=[20, 4], max_eval=[None, 6], tolerance_grad=[1e-7, 1e-2], tolerance_change=[1e-9, 1e-3],
    history_size=[100, 3], line_search_fn=[None, "strong_wolfe"],
)  # fmt: skip
FUNCTIONS = {
    "bowl": lambda w: ((w * w) * (1 + abs(w.sum()) * 0 + 3.0) + w.sum() ** 2).sum(),
    "rosenbrock": lambda w: (100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum(),
    "hills": lambda w: (w**2).sum() / 2 + 0.3 * (1 - (2 * w).cos()).sum(),
}
CASES = [  # full steps in a curved valley run away, and two runs part that differ in the last digit
    (name, options) for name in FUNCTIONS for options in OPTIONS if name != "rosenbrock" or options["line_search_fn"]
]
STARTS = {"bowl": [3.0, -4.0, 0.5], "rosenbrock": [-1.2, 1.0, 0.3], "hills": [2.0, -1.1, 0.4]}


@pytest.fixture(autouse=True)
def double() -> Any:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def closure_of(function: Any, optimizer: Any, w: Any, trace: list[float]) -> Any:
    def closure() -> Any:
        optimizer.zero_grad()
        loss = function(w)
        loss.backward()
        trace.append(float(loss.item()))
        return loss

    return closure


def run(name: str, options: dict[str, Any]) -> None:
    """Five calls of step, the last two with the state of the other library."""
    traces: list[list[float]] = []
    tensors = [minigrad.tensor(STARTS[name], dtype=np.float64), torch.tensor(STARTS[name])]
    optimizers: list[Any] = []
    for library, w in zip((minigrad, torch), tensors, strict=True):
        w.requires_grad_()
        optimizers.append(library.optim.LBFGS([w], **options))
        traces.append([])
        for _ in range(3):
            optimizers[-1].step(closure_of(FUNCTIONS[name], optimizers[-1], w, traces[-1]))
    states = [plain(optimizer.state_dict()) for optimizer in optimizers]
    assert set(states[0]["state"][0]) | {"al"} == set(states[1]["state"][0]) | {"al"}
    optimizers[0].load_state_dict(states[1])
    for _ in range(2):
        for w, optimizer, trace in zip(tensors, optimizers, traces, strict=True):
            optimizer.step(closure_of(FUNCTIONS[name], optimizer, w, trace))
    assert len(traces[0]) == len(traces[1])
    np.testing.assert_allclose(traces[0], traces[1], rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(tensors[0].tolist(), tensors[1].tolist(), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("name", "options"), thinned(CASES, 50))
def test_trajectory(name: str, options: dict[str, Any]) -> None:
    run(name, options)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), CASES)
def test_all_trajectories(name: str, options: dict[str, Any]) -> None:
    run(name, options)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_a_network_with_a_frozen_layer(search: str | None) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 1))
    ours = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1))
    theirs.load_state_dict({name: torch.tensor(value.numpy()) for name, value in ours.state_dict().items()})
    losses = []
    for library, model in ((minigrad, ours), (torch, theirs)):
        model[0].bias.requires_grad_(False)
        optimizer = library.optim.LBFGS(model.parameters(), lr=0.5, max_iter=10, line_search_fn=search)
        data, target = library.tensor(x), library.tensor(y)

        def closure(optimizer: Any = optimizer, model: Any = model, data: Any = data, target: Any = target) -> Any:
            optimizer.zero_grad()
            loss = ((model(data) - target) ** 2).mean()
            loss.backward()
            return loss

        losses.append([float(optimizer.step(closure).item()) for _ in range(5)])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)
    assert losses[0][-1] < losses[0][0]


def test_signature_and_defaults() -> None:
    import inspect

    ours, theirs = (inspect.signature(kind).parameters for kind in (optim.LBFGS, torch.optim.LBFGS))
    assert {n: p.default for n, p in ours.items()} == {n: p.default for n, p in theirs.items()}
    assert list(ours) == list(theirs)
