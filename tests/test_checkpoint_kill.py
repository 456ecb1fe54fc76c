"""Training that is killed at random moments, also in a save or with workers, and resumed: the same to the bit."""

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
"""A trainer: python trainer.py CHECKPOINT RESULT STEPS SLOWNESS BALLAST WORKERS."""
import os, sys, time
import numpy as np
import minigrad as mg
from minigrad import checkpoint, nn, optim
from minigrad.data import DataLoader, Dataset
from minigrad.nn import functional as F

path, result = sys.argv[1:3]
steps, slowness, ballast, workers = int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6])


class Noisy(Dataset):
    """Samples with noise from both generators that a user's dataset may draw from, here or in a worker."""

    def __init__(self, count):
        self.x = np.random.default_rng(1).standard_normal((count, 8)).astype(np.float32)
        self.y = np.sin(self.x.sum(1, keepdims=True))

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        noise = np.float32(0.01 * np.random.rand()) + 0.01 * mg.randn(8).numpy()
        return self.x[index] + noise, self.y[index]


mg.manual_seed(0)
np.random.seed(0)
loader = DataLoader(Noisy(50), 8, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = optim.Adam(model.parameters(), lr=0.01)
scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)
generator = np.random.default_rng(2)
parts = {
    "model": model, "optimizer": optimizer, "scheduler": scheduler, "loader": loader, "generator": generator,
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
step = values["step"]
while step < steps:
    for x, y in loader:  # 7 batches; after resume, the rest of them
        optimizer.zero_grad()
        loss = F.mse_loss(model(x) + 0.01 * generator.standard_normal(), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
        step += 1
        losses.append(loss.item())
        checkpoint.save(path, **parts, step=step, losses=losses, ballast=np.full(ballast, step))
        if step == steps:
            break
mg.save({"model": model.state_dict(), "losses": losses}, result)
'''


def start(folder: Path, name: str, steps: int, slowness: float, ballast: int, workers: int) -> subprocess.Popen[str]:
    (folder / "trainer.py").write_text(TRAINER)
    package = {"PYTHONPATH": str(Path(mg.__file__).parents[1])}
    environment = {**os.environ, **package, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    numbers = map(str, (steps, slowness, ballast, workers))
    arguments = [str(folder / "trainer.py"), str(folder / f"{name}.checkpoint"), str(folder / name), *numbers]
    process = subprocess.Popen(
        [sys.executable, "-W", "error", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, cwd=folder,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


def finish(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0 and not errors, errors


def killed(folder: Path, name: str, kills: int, longest: float, *how: Any) -> list[int]:
    """Start a training and kill it, ``kills`` times; the number of steps that were done at every kill."""
    moments = random.Random(3)
    reached = []
    for _ in range(kills):
        process = start(folder, name, *how)
        time.sleep(moments.uniform(0, longest))
        process.send_signal(signal.SIGKILL)
        _, errors = process.communicate(timeout=20)  # its workers have the same pipes: they, too, have ended then
        assert process.returncode == -signal.SIGKILL and not errors, errors
        checkpoint = folder / f"{name}.checkpoint"
        reached.append(mg.load(checkpoint)["step"] if checkpoint.exists() else 0)
    return reached


def compare(
    folder: Path, kills: int, longest: float, steps: int, slowness: float = 0.0, ballast: int = 0, workers: int = 0
) -> list[int]:
    """Train without and with kills, and compare all weights; how far it had come at every kill."""
    finish(start(folder, "uninterrupted", steps, 0.0, 0, workers))
    reached = killed(folder, "killed", kills, longest, steps, slowness, ballast, workers)
    assert reached == sorted(reached) and reached[-1] < steps, reached  # never back, and all in the middle of training
    finish(start(folder, "killed", steps, 0.0, 0, workers))
    expected, found = mg.load(folder / "uninterrupted"), mg.load(folder / "killed")
    assert len(expected["losses"]) == steps and found["losses"] == expected["losses"]
    for name, weight in expected["model"].items():
        assert weight.numpy().tobytes() == found["model"][name].numpy().tobytes(), name
    names = [name + end for name in ("uninterrupted", "killed") for end in ("", ".checkpoint", ".checkpoint.previous")]
    assert set(os.listdir(folder)) == {"trainer.py", *names}  # what killed saves left behind is gone
    return reached


@pytest.mark.parametrize("workers", [0, 2])
def test_killed_a_few_times(tmp_path: Path, workers: int) -> None:
    compare(tmp_path, kills=3, longest=0.2, steps=60, slowness=0.002, workers=workers)


@pytest.mark.slow
@pytest.mark.plain  # kernels are read from disk in the first steps, and those kills would come no further
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "how",
    [
        {"longest": 0.05, "steps": 600},
        {"longest": 0.08, "steps": 100, "slowness": 0.004},
        {"longest": 0.15, "steps": 100, "ballast": 2_000_000},
    ],
    ids=["anywhere", "mostly between the steps of a save", "mostly while writing"],
)
def test_killed_often(tmp_path: Path, how: dict[str, Any], workers: int) -> None:
    reached = compare(tmp_path, kills=30, workers=workers, **how)
    assert len(set(reached)) > 5, reached
