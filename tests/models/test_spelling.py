"""A program with the CTC loss, written for PyTorch, follows PyTorch's loss with its import lines changed."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

import minigrad  # noqa: E402

SOURCE = (Path(__file__).parent / "spelling.py").read_text()
WORDS = ["abc", "aab", "", "cacb", "bbb"]


def program(source: str) -> Any:
    module = ModuleType("spelling")
    exec(compile(source, "spelling", "exec", dont_inherit=True), module.__dict__)
    return module


def test_losses_of_twenty_steps_are_pytorchs():
    changed = SOURCE.replace("\nimport torch\n", "\nimport minigrad as torch\n")
    changed = re.sub(r"^from torch\b", "from minigrad", changed, flags=re.MULTILINE)
    torch.manual_seed(0)
    theirs, ours = program(SOURCE), program(changed)
    reference, model = theirs.Reader(4).double(), ours.Reader(4).double()
    model.load_state_dict({key: value.numpy().copy() for key, value in reference.state_dict().items()})
    pictures = np.random.default_rng(0).normal(size=(5, 3, 10))
    lengths = np.array([10, 9, 4, 10, 8])
    expected = theirs.train(reference, torch.tensor(pictures), WORDS, torch.tensor(lengths), 20)
    found = ours.train(model, minigrad.tensor(pictures), WORDS, minigrad.tensor(lengths), 20)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found[-1] < 0.5 * found[0]


def test_it_learns_to_read():
    changed = SOURCE.replace("\nimport torch\n", "\nimport minigrad as torch\n")
    ours = program(re.sub(r"^from torch\b", "from minigrad", changed, flags=re.MULTILINE))
    minigrad.manual_seed(0)
    model, pictures = (
        ours.Reader(4),
        minigrad.tensor(np.random.default_rng(0).normal(size=(5, 3, 10)), dtype=np.float32),
    )
    ours.train(model, pictures, WORDS, [10] * 5, 80)
    assert ours.read(model, pictures) == WORDS
