"""Transformers written for PyTorch run with their import lines changed, and follow PyTorch's through steps of AdamW."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

import minigrad  # noqa: E402

# PyTorch says that sequence-first layers do not take its fast path in evaluation.
pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True:UserWarning")

SOURCE = (Path(__file__).parent / "transformers.py").read_text()
RNG = np.random.default_rng(0)
SENTENCES = np.array([[3, 4, 12, 7, 1, 9, 2, 5], [1, 2, 3, 4, 5, 0, 0, 0], [2, 11, 0, 0, 0, 0, 0, 0]])
INPUTS = {
    "ViT": RNG.normal(size=(3, 2, 12, 12)),
    "BERT": SENTENCES,
    "Translator": SENTENCES,
    "Llama": RNG.integers(0, 13, (3, 9)),
    "TextClassifier": SENTENCES,
    "VAE": RNG.uniform(size=(4, 1, 12, 12)),
}


def run(source: str, name: str) -> Any:
    """The names that a source defines."""
    module = ModuleType(name)
    exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)
    return module


def ours() -> Any:
    """The file with minigrad in its three import lines, and nothing else changed."""
    changed = SOURCE.replace("\nimport torch\n", "\nimport minigrad as torch\n")
    changed = changed.replace("\nimport torch.nn.functional as F\n", "\nimport minigrad.nn.functional as F\n")
    changed = re.sub(r"^from torch\b", "from minigrad", changed, flags=re.MULTILINE)
    before, after = SOURCE.split("\n"), changed.split("\n")
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 3
    return run(changed, "transformers_on_minigrad")


def optimizer_of(library: Any, model: Any) -> Any:
    """AdamW that pulls matrices to zero, and leaves vectors alone."""
    matrices = [p for p in model.parameters() if p.requires_grad and p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.requires_grad and p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0, "lr": 3e-3}]
    return library.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), eps=1e-8)


def steps(library: Any, model: Any, x: np.ndarray, count: int) -> list[np.ndarray]:
    """Outputs, gradients and their norm at every step; what the Parameters and the outputs become."""
    optimizer, found = optimizer_of(library, model), []
    for _ in range(count):
        leaf = library.tensor(x.copy())
        if x.dtype.kind == "f":
            leaf.requires_grad_()
        out = model(leaf)
        weights = np.random.default_rng(1).normal(size=tuple(out.shape)).astype(out.detach().numpy().dtype)
        optimizer.zero_grad(set_to_none=True)
        (out * library.tensor(weights)).sum().backward()
        found.append(out.detach().numpy())
        found += [leaf.grad.numpy()] if x.dtype.kind == "f" else []
        found += [p.grad.numpy().copy() for p in model.parameters()]
        found.append(library.nn.utils.clip_grad_norm_(model.parameters(), 0.5).numpy())
        optimizer.step()
    found += [p.detach().numpy().copy() for p in model.parameters()]
    model.eval()
    return [*found, model(library.tensor(x)).detach().numpy()]


def both(name: str) -> tuple[Any, Any]:
    """The model in both libraries, in float64, with PyTorch's weights."""
    torch.manual_seed(0)
    reference = getattr(run(SOURCE, "transformers_on_pytorch"), name)().double()
    model = getattr(ours(), name)().double()
    assert repr(model) == repr(reference).replace("NonDynamicallyQuantizableLinear", "Linear")  # PyTorch's private name
    assert list(model.state_dict()) == list(reference.state_dict())
    model.load_state_dict({key: value.numpy().copy() for key, value in reference.state_dict().items()})
    return model, reference


@pytest.mark.parametrize("name", INPUTS)
def test_outputs_gradients_and_training_are_pytorchs(name: str) -> None:
    model, reference = both(name)
    start = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    mine, expected = steps(minigrad, model, INPUTS[name], 3), steps(torch, reference, INPUTS[name], 3)
    for value, right in zip(mine, expected, strict=True):
        assert value.shape == right.shape and value.dtype == np.float64
        assert np.abs(value - right).max() <= 1e-6 * max(np.abs(right).max(), 1e-3)
    assert any(np.abs(value.numpy() - start[key]).max() > 1e-3 for key, value in model.state_dict().items())


@pytest.mark.parametrize("name", INPUTS)
def test_everything_stays_float32(name: str) -> None:
    minigrad.manual_seed(0)
    x = INPUTS[name]
    found = steps(minigrad, getattr(ours(), name)(), x.astype(np.float32) if x.dtype.kind == "f" else x, 2)
    assert {value.dtype for value in found} == {np.dtype(np.float32)}
    assert all(np.isfinite(value).all() for value in found)


def test_greedy_translation_says_what_pytorchs_says() -> None:
    model, reference = both("Translator")
    steps(minigrad, model, SENTENCES, 2)
    steps(torch, reference, SENTENCES, 2)
    said = model.translate(minigrad.tensor(SENTENCES))
    assert said.tolist() == reference.translate(torch.tensor(SENTENCES)).tolist()
    assert said.shape == (3, 7) and not said.requires_grad


def test_padding_changes_nothing() -> None:
    model, _ = both("BERT")
    model.eval()
    short, padded = SENTENCES[1:2, :6], SENTENCES[1:2, :7]  # the second half begins at the same word in both
    alone = model(minigrad.tensor(short)).detach().numpy()
    np.testing.assert_allclose(model(minigrad.tensor(padded)).detach().numpy(), alone, rtol=1e-12)


def test_a_word_of_the_future_changes_nothing() -> None:
    model, _ = both("Llama")
    tokens = INPUTS["Llama"].copy()
    before = model(minigrad.tensor(tokens)).detach().numpy()
    tokens[:, -1] = (tokens[:, -1] + 1) % 13
    after = model(minigrad.tensor(tokens)).detach().numpy()
    np.testing.assert_array_equal(after[:, :-1], before[:, :-1])
    assert np.abs(after[:, -1] - before[:, -1]).max() > 1e-3
