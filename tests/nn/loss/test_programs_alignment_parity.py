"""Programs as they are written for PyTorch, with their import lines changed, follow its loss through 20 steps."""

from __future__ import annotations

import re
import textwrap
from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
torch.set_num_threads(1)

HEADER = """
import torch
import torch.nn.functional as F
from torch import nn
"""

# Each defines ``make()``, which returns the Modules to train, and ``loss(modules, data)``.
PROGRAMS = {
    "siamese": """
        class Siamese(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))

            def forward(self, x1, x2):
                return self.body(x1), self.body(x2)

        def make():
            return Siamese()

        embedding, hinge = nn.CosineEmbeddingLoss(margin=0.2), nn.HingeEmbeddingLoss(margin=2.0)

        def loss(model, data):
            a, b = model(data["x"], data["y"])
            distance = F.pairwise_distance(a, b)
            rank = F.margin_ranking_loss(distance[:-1], distance[1:], torch.ones(1), margin=0.1)
            return embedding(a, b, data["signs"]) + hinge(distance, data["signs"]) + rank
        """,
    "triplet": """
        def make():
            return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 4))

        triplets = nn.TripletMarginLoss(margin=0.5, swap=True)
        cosine = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: 1.0 - F.cosine_similarity(x, y))

        def loss(model, data):
            anchor, positive, negative = model(data["x"]), model(data["x"] + 0.1), model(data["y"])
            spread = torch.cdist(anchor, negative).mean() + F.pdist(anchor).mean()
            return triplets(anchor, positive, negative) + cosine(anchor, positive, negative) - 0.01 * spread
        """,
    "simclr": """
        def make():
            return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4))

        def nt_xent(z1, z2, temperature=0.5):
            z = F.normalize(torch.cat([z1, z2], dim=0), dim=1)
            similarity = F.cosine_similarity(z.unsqueeze(1), z.unsqueeze(0), dim=2) / temperature
            n = z1.size(0)
            similarity = similarity.masked_fill(torch.eye(2 * n).bool(), float("-inf"))
            labels = torch.cat([torch.arange(n) + n, torch.arange(n)])
            return F.cross_entropy(similarity, labels)

        def loss(model, data):
            return nt_xent(model(data["x"]), model(data["x"] + 0.3 * data["y"]))
        """,
    "clip": """
        class CLIP(nn.Module):
            def __init__(self):
                super().__init__()
                self.image = nn.Linear(6, 4)
                self.text = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 4))
                self.logit_scale = nn.Parameter(torch.tensor(2.6592))

            def forward(self, image, text):
                image, text = F.normalize(self.image(image), dim=-1), F.normalize(self.text(text), dim=-1)
                return self.logit_scale.exp() * image @ text.t()

        def make():
            return CLIP()

        def loss(model, data):
            logits = model(data["x"], data["y"])
            labels = torch.arange(len(logits))
            return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2
        """,
    "vae": """
        class VAE(nn.Module):
            def __init__(self):
                super().__init__()
                self.encoder = nn.Sequential(nn.Linear(6, 16), nn.Tanh())
                self.mean, self.log_var = nn.Linear(16, 2), nn.Linear(16, 2)
                self.decoder = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 6))

            def forward(self, x, noise):
                hidden = self.encoder(x)
                mean, log_var = self.mean(hidden), self.log_var(hidden)
                return self.decoder(mean + noise * torch.exp(0.5 * log_var)), mean, log_var

        def make():
            return VAE()

        def loss(model, data):
            x, mean, log_var = model(data["x"], data["noise"])
            error = F.mse_loss(x, data["x"], reduction="sum") / len(x)
            return error - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp()) / len(x)
        """,
    "distillation": """
        def make():
            return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 5))

        criterion = nn.KLDivLoss(reduction="batchmean")

        def loss(model, data):
            teacher = F.softmax(data["y"][:, :5] / 2.0, dim=1)
            student = F.log_softmax(model(data["x"]) / 2.0, dim=1)
            penalty = sum(p.abs().sum() for p in model.parameters())
            return 4.0 * criterion(student, teacher) + 1e-3 * penalty
        """,
}

# The same losses under minigrad's names, by the programs that compose them.
SHORT = {
    "simclr": 'return F.nt_xent_loss(model(data["x"]), model(data["x"] + 0.3 * data["y"]))',
    "clip": 'return F.clip_loss(model.image(data["x"]), model.text(data["y"]), model.logit_scale.exp())',
    "vae": """
            x, mean, log_var = model(data["x"], data["noise"])
            return F.mse_loss(x, data["x"], reduction="sum") / len(x) + F.normal_kl(mean, log_var)
        """,
    "distillation": """
            teacher = F.softmax(data["y"][:, :5] / 2.0, dim=1)
            student = F.softmax(model(data["x"]) / 2.0, dim=1)
            return 4.0 * F.kl_divergence(teacher, student) + 1e-3 * F.l1_penalty(model)
        """,
}


def source_of(name: str) -> str:
    return HEADER + textwrap.dedent(PROGRAMS[name])


def shortened(name: str) -> str:
    """The program with minigrad's loss in place of what it composes."""
    body = textwrap.indent(textwrap.dedent(SHORT[name]).strip(), "    ")
    return re.sub(r"def loss\(model, data\):.*", f"def loss(model, data):\n{body}\n", source_of(name), flags=re.DOTALL)


def switched(source: str) -> str:
    """A program on minigrad: its three import lines changed, and nothing else."""
    return source.replace(
        HEADER, "\nimport minigrad as torch\nimport minigrad.nn.functional as F\nfrom minigrad import nn\n"
    )


def run(source: str) -> Any:
    module = ModuleType("program")
    exec(compile(source, "program", "exec", dont_inherit=True), module.__dict__)
    return module


def data(library: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(10, 6)) for name in ("x", "y")}
    arrays["signs"] = np.where(rng.random(10) < 0.5, -1.0, 1.0)
    arrays["noise"] = rng.normal(size=(10, 2))
    return {name: library.tensor(array) for name, array in arrays.items()}


def losses(program: Any, model: Any) -> list[float]:
    optimizer = program.torch.optim.Adam(model.parameters(), lr=1e-2)
    inputs, found = data(program.torch), []
    for _ in range(20):
        optimizer.zero_grad()
        loss = program.loss(model, inputs)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_follows_pytorch(name: str) -> None:
    torch.manual_seed(0)
    theirs = run(source_of(name))
    reference = theirs.make().double()
    start = {key: value.numpy().copy() for key, value in reference.state_dict().items()}
    expected = losses(theirs, reference)
    assert expected[-1] < expected[0]
    for source in [source_of(name), *([shortened(name)] if name in SHORT else [])]:
        ours = run(switched(source))
        model = ours.make().double()
        model.load_state_dict(start)
        np.testing.assert_allclose(losses(ours, model), expected, rtol=1e-6)
        for key, value in reference.state_dict().items():
            np.testing.assert_allclose(model.state_dict()[key].numpy(), value.numpy(), rtol=1e-5, atol=1e-8)
