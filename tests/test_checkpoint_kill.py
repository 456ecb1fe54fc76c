"""Training that is killed at random moments, also in the middle of a save, and resumed: the same weights to the bit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import minigrad as mg

pytest.importorskip("safetensors", reason="files need safetensors")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are killed as in POSIX")

TRAINER = '''
"""A trainer: python trainer.py CHECKPOINT RESULT STEPS SLOWNESS BALLAST."""
import os, sys, time
import numpy as np
import minigrad as mg
from minigrad import Tensor, checkpoint, nn, optim
from minigrad.nn import functional as F

path, result = sys.argv[1:3]
steps, slowness, ballast = int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])


class Shuffled:
    """Batches in a new order every epoch, which can go on in the middle of one."""

    def __init__(self, count, batch_size, generator):
        self.count, self.batch_size, self.generator = count, batch_size, generator
        self.order, self.position = np.empty(0, np.int64), 0

    def next(self):
        if self.position >= len(self.order):
            self.order, self.position = self.generator.permutation(self.count), 0
        self.position += self.batch_size
        return self.order[self.position - self.batch_size : self.position]

    def state_dict(self):
        return {"order": self.order, "position": self.position}

    def load_state_dict(self, state):
        self.order, self.position = state["order"], state["position"]


class Decay:
    def __init__(self, optimizer):
        self.optimizer, self.count = optimizer, 0

    def step(self):
        self.count += 1
        for group in self.optimizer.param_groups:
            group["lr"] = 0.01 / (1 + 0.1 * self.count)

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]


mg.manual_seed(0)
np.random.seed(0)
data = np.random.default_rng(1)
x = data.standard_normal((50, 8)).astype(np.float32)
y = np.sin(x.sum(1, keepdims=True))
model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = optim.Adam(model.parameters(), lr=0.01)
generator = np.random.default_rng(2)
parts = {
    "model": model,
    "optimizer": optimizer,
    "scheduler": Decay(optimizer),
    "loader": Shuffled(len(x), 8, generator),
    "generator": generator,
}

def slow(function):
    def call(*arguments, **options):
        time.sleep(slowness)
        value = function(*arguments, **options)
        time.sleep(slowness)
        return value

    return call


if slowness:
    for name in ("fsync", "link", "replace"):
        setattr(os, name, slow(getattr(os, name)))

print("ready", flush=True)
values = checkpoint.resume(path, **parts, step=0, losses=[], required=False)
losses = values["losses"]
for step in range(values["step"], steps):
    rows = parts["loader"].next()
    noise = 0.01 * np.random.rand()
    optimizer.zero_grad()
    loss = F.mse_loss(model(Tensor(x[rows] + np.float32(noise))), Tensor(y[rows]))
    loss.backward()
    optimizer.step()
    parts["scheduler"].step()
    losses.append(loss.item())
    checkpoint.save(path, **parts, step=step + 1, losses=losses, ballast=np.full(ballast, step))
mg.save({"model": model.state_dict(), "losses": losses}, result)
'''


def start(folder: Path, name: str, steps: int, slowness: float, ballast: int) -> subprocess.Popen[str]:
    (folder / "trainer.py").write_text(TRAINER)
    package = {"PYTHONPATH": str(Path(mg.__file__).parents[1])}
    environment = {**os.environ, **package, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    numbers = map(str, (steps, slowness, ballast))
    arguments = [str(folder / "trainer.py"), str(folder / f"{name}.checkpoint"), str(folder / name), *numbers]
    process = subprocess.Popen(
        [sys.executable, "-W", "error", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, cwd=folder,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


def finish(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate()
    assert process.returncode == 0 and not errors, errors


def killed(folder: Path, name: str, kills: int, longest: float, *how: Any) -> list[int]:
    """Start a training and kill it, ``kills`` times; the number of steps that were done at every kill."""
    moments = random.Random(3)
    reached = []
    for _ in range(kills):
        process = start(folder, name, *how)
        time.sleep(moments.uniform(0, longest))
        process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL and not errors, errors
        checkpoint = folder / f"{name}.checkpoint"
        reached.append(mg.load(checkpoint)["step"] if checkpoint.exists() else 0)
    return reached


def compare(folder: Path, kills: int, longest: float, steps: int, slowness: float, ballast: int = 0) -> list[int]:
    """Train without and with kills, and compare all weights; how far it had come at every kill."""
    finish(start(folder, "uninterrupted", steps, 0.0, 0))
    reached = killed(folder, "killed", kills, longest, steps, slowness, ballast)
    assert reached == sorted(reached) and reached[-1] < steps, reached  # never back, and all in the middle of training
    finish(start(folder, "killed", steps, 0.0, 0))
    expected, found = mg.load(folder / "uninterrupted"), mg.load(folder / "killed")
    assert len(expected["losses"]) == steps and found["losses"] == expected["losses"]
    for name, weight in expected["model"].items():
        assert weight.numpy().tobytes() == found["model"][name].numpy().tobytes(), name
    names = [name + end for name in ("uninterrupted", "killed") for end in ("", ".checkpoint", ".checkpoint.previous")]
    assert set(os.listdir(folder)) == {"trainer.py", *names}  # what killed saves left behind is gone
    return reached


def test_killed_a_few_times(tmp_path: Path) -> None:
    compare(tmp_path, kills=5, longest=0.15, steps=60, slowness=0.002)


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        {"longest": 0.05, "steps": 600, "slowness": 0.0},
        {"longest": 0.08, "steps": 100, "slowness": 0.004},
        {"longest": 0.15, "steps": 100, "slowness": 0.0, "ballast": 2_000_000},
    ],
    ids=["anywhere", "mostly between the steps of a save", "mostly while writing"],
)
def test_killed_often(tmp_path: Path, how: dict[str, Any]) -> None:
    reached = compare(tmp_path, kills=30, **how)
    assert len(set(reached)) > 5, reached
