"""Programs written for PyTorch, with a loss each, run with their import lines changed and follow PyTorch's losses."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

import minigrad  # noqa: E402

SOURCE = (Path(__file__).parent / "programs.py").read_text()
OURS = re.sub(r"^from torch\b", "from minigrad", SOURCE, flags=re.MULTILINE)
OURS = OURS.replace("\nimport torch\n", "\nimport minigrad as torch\n")
OURS = OURS.replace("\nimport torch.nn.functional as F\n", "\nimport minigrad.nn.functional as F\n")
PROGRAMS = re.findall(r"^class (\w+)\(nn.Module\)", SOURCE, flags=re.MULTILINE)
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 8, 6)), RNG.normal(size=(20, 8, 4))


def run(source: str, name: str) -> Any:
    """The names that a source defines."""
    module = ModuleType(name)
    exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)
    return module


def losses(library: Any, model: Any) -> list[float]:
    """The losses of twenty steps of Adam."""
    optimizer = library.optim.Adam(model.parameters(), lr=1e-2)
    found = []
    for x, y in zip(X, Y, strict=True):
        optimizer.zero_grad()
        loss = model.loss(library.tensor(x), library.tensor(y))
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def test_only_import_lines_differ():
    changed = [a for a, b in zip(SOURCE.split("\n"), OURS.split("\n"), strict=True) if a != b]
    assert len(changed) == 4 and all(line.startswith(("import ", "from ")) for line in changed)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_loss_follows_pytorchs_over_twenty_steps(name):
    torch.manual_seed(0)
    reference = getattr(run(SOURCE, "on_pytorch"), name)().double()
    model = getattr(run(OURS, "on_minigrad"), name)().double()
    model.load_state_dict({key: value.numpy() for key, value in reference.state_dict().items()})
    np.testing.assert_allclose(losses(minigrad, model), losses(torch, reference), rtol=1e-9, atol=1e-10)
