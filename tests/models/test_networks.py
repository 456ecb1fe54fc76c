"""Networks written for PyTorch run with their import lines changed, and follow PyTorch's through steps of Adam."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

import minigrad  # noqa: E402

SOURCE = (Path(__file__).parent / "networks.py").read_text()
RNG = np.random.default_rng(0)
INPUTS = {
    "LeNet": RNG.normal(size=(3, 1, 28, 28)),
    "ResNet": RNG.normal(size=(3, 3, 37, 41)),
    "UNet": RNG.normal(size=(2, 1, 13, 18)),
    "DCGAN": RNG.normal(size=(5, 10, 1, 1)),
    "WaveNet": RNG.normal(size=(2, 1, 40)),
    "InvertedResidual": RNG.normal(size=(3, 8, 9, 11)),
    "SegNet": RNG.normal(size=(3, 2, 9, 11)),
    "CharLSTM": RNG.integers(0, 11, (3, 12)),
    "Tagger": np.array([[3, 4, 0, 0, 0], [1, 2, 3, 4, 5], [2, 0, 0, 0, 0], [7, 8, 9, 0, 0]]),
    "Seq2Seq": RNG.integers(0, 11, (3, 7)),
}


def run(source: str, name: str) -> Any:
    """The names that a source defines."""
    module = ModuleType(name)
    exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)
    return module


def ours() -> Any:
    """The file with minigrad in its four import lines, and nothing else changed."""
    changed = SOURCE.replace("\nimport torch\n", "\nimport minigrad as torch\n")
    changed = changed.replace("\nimport torch.nn.functional as F\n", "\nimport minigrad.nn.functional as F\n")
    changed = re.sub(r"^from torch\b", "from minigrad", changed, flags=re.MULTILINE)
    before, after = SOURCE.split("\n"), changed.split("\n")
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 4
    return run(changed, "networks_on_minigrad")


def steps(library: Any, model: Any, x: np.ndarray, count: int) -> list[np.ndarray]:
    """Outputs and gradients of the first step, and what the state and the outputs become."""
    optimizer = library.optim.Adam(model.parameters(), lr=1e-3)
    found = []
    for step in range(count):
        leaf = library.tensor(x.copy())
        if x.dtype.kind == "f":
            leaf.requires_grad_()
        out = model(leaf)
        weights = np.random.default_rng(1).normal(size=tuple(out.shape)).astype(out.detach().numpy().dtype)
        optimizer.zero_grad()
        (out * library.tensor(weights)).sum().backward()
        found.append(out.detach().numpy())
        if step == 0:
            found += [leaf.grad.numpy()] if x.dtype.kind == "f" else []
            found += [p.grad.numpy().copy() for p in model.parameters()]
        optimizer.step()
    model.eval()
    return [*found, model(library.tensor(x)).detach().numpy()]


@pytest.mark.parametrize("name", INPUTS)
def test_outputs_gradients_and_training_are_pytorchs(name: str) -> None:
    torch.manual_seed(0)
    reference = getattr(run(SOURCE, "networks_on_pytorch"), name)().double()
    model = getattr(ours(), name)().double()
    assert repr(model) == repr(reference)
    assert list(model.state_dict()) == list(reference.state_dict())
    model.load_state_dict({key: value.numpy().copy() for key, value in reference.state_dict().items()})
    mine, expected = (
        steps(library, network, INPUTS[name], 3) for library, network in ((minigrad, model), (torch, reference))
    )
    for value, right in zip(mine, expected, strict=True):
        assert value.shape == right.shape and value.dtype == np.float64
        assert np.abs(value - right).max() <= 1e-8 * max(np.abs(right).max(), 1e-3)


@pytest.mark.parametrize("name", INPUTS)
def test_everything_stays_float32(name: str) -> None:
    minigrad.manual_seed(0)
    x = INPUTS[name]
    found = steps(minigrad, getattr(ours(), name)(), x.astype(np.float32) if x.dtype.kind == "f" else x, 2)
    assert {value.dtype for value in found} == {np.dtype(np.float32)}
    assert all(np.isfinite(value).all() for value in found)
