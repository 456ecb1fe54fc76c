"""A model file written for PyTorch runs with its import lines changed, and its loss follows PyTorch's."""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import minigrad as mg

SOURCE = (Path(__file__).parent / "gpt.py").read_text()
RNG = np.random.default_rng(0)


def run(source: str, name: str) -> Any:
    """The names that a source defines."""
    module = ModuleType(name)
    exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)
    return module


def ours() -> Any:
    """The file with minigrad in its three import lines, and nothing else changed."""
    changed = SOURCE.replace("\nimport torch\n", "\nimport minigrad as torch\n")
    changed = re.sub(r"^from torch\b", "from minigrad", changed, flags=re.MULTILINE)
    different = [line for line in changed.split("\n") if line not in SOURCE.split("\n")]
    assert len(different) == 3
    return run(changed, "gpt_on_minigrad")


def copied(model: Any, reference: Any) -> Any:
    """The model with PyTorch's weights."""
    state = {name: value.detach().numpy().copy() for name, value in reference.state_dict().items()}
    assert list(model.state_dict()) == list(state)
    model.load_state_dict(state)
    return model


def batches(config: Any, steps: int, batch: int = 8) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows of a sequence that can be learned; some targets are to be ignored."""
    made = []
    for _ in range(steps):
        start, stride = RNG.integers(0, config.vocabulary, (batch, 1)), RNG.integers(1, 4, (batch, 1))
        rows = (start + stride * np.arange(config.context + 1)) % config.vocabulary
        targets = rows[:, 1:].copy()
        targets[:, :2] = -1
        made.append((rows[:, :-1], targets))
    return made


def losses(library: Any, model: Any, data: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    optimizer = model.configure_optimizer(weight_decay=0.1, learning_rate=1e-3, betas=(0.9, 0.95))
    assert [len(group["params"]) > 0 for group in optimizer.param_groups] == [True, True]
    history = []
    for tokens, targets in data:
        _, loss = model(library.tensor(tokens), library.tensor(targets))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        library.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        history.append(loss.item())
    return history


@pytest.mark.parametrize(("bias", "fused"), [(True, True), (False, True), (True, False)])
def test_the_loss_follows_pytorchs_over_twenty_steps(bias: bool, fused: bool) -> None:
    torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
    torch.manual_seed(0)
    theirs, mine = run(SOURCE, "gpt_on_pytorch"), ours()
    reference = theirs.GPT(theirs.Config(bias=bias, fused=fused))
    model = copied(mine.GPT(mine.Config(bias=bias, fused=fused)), reference)
    assert model.number_of_parameters() == reference.number_of_parameters()
    data = batches(model.config, 20)
    expected, got = losses(torch, reference, data), losses(mg, model, data)
    assert expected[0] == pytest.approx(math.log(65), abs=0.1)
    assert expected[-1] < expected[0] - 0.5
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4)

    prompt = data[0][0][:2, :5]
    model.crop_context(16)
    reference.crop_context(16)
    likeliest = [m.generate(lib.tensor(prompt), 20, top_k=1) for m, lib in ((model, mg), (reference, torch))]
    assert likeliest[0].tolist() == likeliest[1].tolist()


def test_initial_loss_ties_and_generation() -> None:
    mg.manual_seed(0)
    mine = ours()
    model = mine.GPT(mine.Config(dropout=0.1))
    assert model.transformer.wte.weight is model.lm_head.weight
    assert sum(p is model.lm_head.weight for p in model.parameters()) == 1
    std = {name: p.detach().numpy().std() for name, p in model.named_parameters() if p.dim() == 2}
    assert std["transformer.wte.weight"] == pytest.approx(0.02, rel=0.1)
    assert std["transformer.h.0.mlp.c_proj.weight"] == pytest.approx(0.01, rel=0.1)
    ((tokens, targets),) = batches(model.config, 1)
    _, loss = model(mg.tensor(tokens), mg.tensor(targets))
    assert loss.item() == pytest.approx(math.log(65), abs=0.1)
    model.eval()
    out = model.generate(mg.tensor(tokens[:3, :4]), 40, temperature=0.8, top_k=5)
    assert out.shape == (3, 44)
    assert out.dtype == np.int64
    assert out.tolist()[0][:4] == tokens[0, :4].tolist()
    assert 0 <= out.min().item() and out.max().item() < 65


def test_errors_name_the_layer() -> None:
    mine = ours()
    model = mine.GPT(mine.Config())
    with pytest.raises(IndexError, match="65") as caught:
        model(mg.tensor(np.full((1, 4), 65)))
    assert any("transformer.wte" in note for note in caught.value.__notes__)
    model.transformer.h[1].mlp.c_proj = mg.nn.Linear(100, 32)
    with pytest.raises(ValueError) as failed:
        model(mg.tensor(np.zeros((1, 4), int)))
    assert any("transformer.h.1.mlp.c_proj" in note for note in failed.value.__notes__)
