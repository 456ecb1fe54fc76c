"""One training step of several networks: minigrad, the same by hand in NumPy, and PyTorch where it is installed.

Run with ``make bench``; or with ``python benchmarks/train_step.py``, and part of a title for that network alone. The
ratio of medians is what counts, to PyTorch if it is there, else to NumPy. NumPy's BLAS chooses its own kernels unless
OPENBLAS_CORETYPE is set, which the first line shows.
"""

from __future__ import annotations

from race import race, table  # isort: skip - sets the number of threads before NumPy is imported

import importlib.util
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F

TORCH = __import__("torch") if importlib.util.find_spec("torch") else None
Step = Callable[[], object]


# --- the expression of micrograd's README -----------------------------------------------------------------------------
def scalar_expression(make: Callable[[float], Any]) -> Step:
    """Twenty-odd operations on single numbers: the price of an operation, and nothing else."""

    def step() -> object:
        a, b = make(-4.0), make(2.0)
        c = a + b
        d = a * b + b**3
        c = c + (c + 1)
        c = c + (1 + c + (-a))
        d = d + (d * 2 + (b + a).relu())
        d = d + (3 * d + (b - a).relu())
        e = c - d
        f = e**2
        g = f / 2.0
        g = g + 10.0 / f
        g.backward()
        return a.grad

    return step


def scalar_steps() -> dict[str, Step]:
    steps = {"minigrad": scalar_expression(lambda v: mg.Tensor(v, requires_grad=True))}
    if TORCH is not None:
        steps["PyTorch"] = scalar_expression(lambda v: TORCH.tensor(v, requires_grad=True))
    return steps


# --- multi-layer perceptrons with Adam --------------------------------------------------------------------------------
def mlp_step(library: Any, nn: Any, F: Any, optimizer: Any, sizes: list[int], weights: Any, x: Any, y: Any) -> Step:  # noqa: N803
    layers: list[Any] = []
    for n, m in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(n, m), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    with library.no_grad():
        for parameter, value in zip(model.parameters(), weights, strict=True):
            parameter.copy_(library.tensor(value))
    opt = optimizer(model.parameters(), lr=1e-3)

    def step() -> object:
        opt.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss.item()

    return step


def mlp_by_hand(weights: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> Step:
    """The same step as one would write it without a library: no graph, no modules, Adam on one flat buffer."""
    flat = np.concatenate([w.ravel() for w in weights])
    views, start = [], 0
    for w in weights:
        views.append(flat[start : start + w.size].reshape(w.shape))
        start += w.size
    mean, square, time, rows = np.zeros_like(flat), np.zeros_like(flat), 0, np.arange(len(x))

    def step() -> object:
        nonlocal time
        hidden = [x]
        for i in range(0, len(views), 2):
            z = hidden[-1] @ views[i].T
            z += views[i + 1]
            hidden.append(np.maximum(z, 0) if i + 2 < len(views) else z)
        z = hidden[-1] - hidden[-1].max(1, keepdims=True)
        e = np.exp(z)
        total = e.sum(1)
        loss = (np.log(total) - z[rows, y]).mean()
        g = e / total[:, None]
        g[rows, y] -= 1
        g /= len(x)
        grads: list[np.ndarray] = []
        for i in range(len(views) - 2, -1, -2):
            grads[:0] = [g.T @ hidden[i // 2], g.sum(0)]
            if i:
                g = (g @ views[i]) * (hidden[i // 2] > 0)
        g = np.concatenate([part.ravel() for part in grads])
        time += 1
        np.add(mean * np.float32(0.9), g * np.float32(0.1), out=mean)
        np.add(square * np.float32(0.999), g * g * np.float32(0.001), out=square)
        size = np.float32(1e-3 / (1 - 0.9**time))
        scale = np.sqrt(square) / np.float32((1 - 0.999**time) ** 0.5) + np.float32(1e-8)
        np.subtract(flat, size * mean / scale, out=flat)
        return float(loss)

    return step


def mlp_steps(sizes: list[int], batch: int) -> dict[str, Step]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, sizes[0]), dtype=np.float32)
    y = rng.integers(0, sizes[-1], batch)
    weights = []
    for n, m in zip(sizes[:-1], sizes[1:], strict=True):
        weights += [(rng.standard_normal((m, n)) / n**0.5).astype(np.float32), np.zeros(m, np.float32)]
    steps = {
        "minigrad": mlp_step(mg, nn, F, optim.Adam, sizes, weights, mg.Tensor(x), mg.Tensor(y)),
        "NumPy by hand": mlp_by_hand([w.copy() for w in weights], x, y),
    }
    if TORCH is not None:
        functional, adam = TORCH.nn.functional, TORCH.optim.Adam
        steps["PyTorch"] = mlp_step(TORCH, TORCH.nn, functional, adam, sizes, weights, TORCH.tensor(x), TORCH.tensor(y))
    losses = [[step() for _ in range(3)] for step in steps.values()]
    assert all(np.allclose(loss, losses[0], rtol=1e-4) for loss in losses), losses  # a race of equals
    return steps


# --- the 10 x 500 tanh network of the initialisation experiment -------------------------------------------------------
def tanh_steps() -> dict[str, Step]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1000, 500), dtype=np.float32)
    weights = [(rng.standard_normal((500, 500)) / 500**0.5).astype(np.float32) for _ in range(10)]

    def graph(library: Any) -> Step:
        data, leaves = library.tensor(x), [library.tensor(w).requires_grad_() for w in weights]

        def step() -> object:
            h = data
            for w in leaves:
                w.grad = None
                h = library.tanh(h @ w)
            h.sum().backward()
            return leaves[0].grad

        return step

    def by_hand() -> object:
        hidden = [x]
        for w in weights:
            hidden.append(np.tanh(hidden[-1] @ w))
        g, grads = np.ones_like(hidden[-1]), []
        for i in reversed(range(10)):
            g = g * (1 - hidden[i + 1] * hidden[i + 1])
            grads.append(hidden[i].T @ g)
            if i:
                g = g @ weights[i].T
        return grads

    return {"minigrad": graph(mg), "NumPy by hand": by_hand, **({"PyTorch": graph(TORCH)} if TORCH else {})}


# --- networks with layers of their own --------------------------------------------------------------------------------
def convolutional(library: Any, nn: Any, F: Any) -> Any:  # noqa: N803
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(1568, 10)),
    )


def language_model(library: Any, nn: Any, F: Any) -> Any:  # noqa: N803
    """A GPT of 4 layers of width 128, with 4 heads and a context of 64."""
    width, heads, context, vocabulary = 128, 4, 64, 65

    class Block(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            B, T, C = x.shape  # noqa: N806
            q, k, v = (z.view(B, T, heads, C // heads).transpose(1, 2) for z in self.qkv(self.ln_1(x)).chunk(3, -1))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, C)
            x = x + self.out(y)
            return x + self.down(F.gelu(self.up(self.ln_2(x))))

    class GPT(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
            self.blocks = nn.Sequential(*[Block() for _ in range(4)])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary)

        def forward(self, tokens: Any) -> Any:
            x = self.words(tokens) + self.places(library.arange(tokens.shape[1]))
            return self.head(self.norm(self.blocks(x))).reshape(-1, vocabulary)

    return GPT()


def recurrent(library: Any, nn: Any, F: Any) -> Any:  # noqa: N803
    class LastStep(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.head = nn.LSTM(64, 128, batch_first=True), nn.Linear(128, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.lstm(x)[0][:, -1])

    return LastStep()


def model_step(library: Any, model: Any, optimizer: str, x: Any, y: Any) -> Step:
    opt = getattr(library.optim, optimizer)(model.parameters(), lr=1e-3)

    def step() -> object:
        opt.zero_grad()
        loss = library.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss.item()

    return step


def model_steps(make: Callable[[Any, Any, Any], Any], optimizer: str, x: Any, y: Any) -> dict[str, Step]:
    """The same model for both libraries, with the same weights."""
    mg.manual_seed(0)
    model = make(mg, nn, F)
    steps = {"minigrad": model_step(mg, model, optimizer, mg.tensor(x), mg.tensor(y))}
    if TORCH is not None:
        theirs = make(TORCH, TORCH.nn, TORCH.nn.functional)
        theirs.load_state_dict({name: TORCH.tensor(value.numpy()) for name, value in model.state_dict().items()})
        steps["PyTorch"] = model_step(TORCH, theirs, optimizer, TORCH.tensor(x), TORCH.tensor(y))
    losses = [[step() for _ in range(3)] for step in steps.values()]
    assert all(np.allclose(loss, losses[0], rtol=1e-4) for loss in losses), losses  # a race of equals
    return steps


def cnn_steps() -> dict[str, Step]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 1, 28, 28), dtype=np.float32)
    x[:, :, :6] = 0  # a margin, as digits have: ties for the pooling
    return model_steps(convolutional, "Adam", x, rng.integers(0, 10, 64))


def gpt_steps() -> dict[str, Step]:
    rng = np.random.default_rng(0)
    return model_steps(language_model, "AdamW", rng.integers(0, 65, (16, 64)), rng.integers(0, 65, 16 * 64))


def lstm_steps() -> dict[str, Step]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((32, 50, 64), dtype=np.float32)
    return model_steps(recurrent, "Adam", x, rng.integers(0, 10, 32))


def main(only: str = "") -> None:
    """Print one table per network whose title has ``only`` in it."""
    if TORCH is not None:
        TORCH.set_num_threads(2)
    print(f"OPENBLAS_CORETYPE={os.environ.get('OPENBLAS_CORETYPE', '(unset)')}")
    workloads = {
        "scalar expression of micrograd's README": scalar_steps,
        "MLP 64-128-128-10, batch 32, Adam": lambda: mlp_steps([64, 128, 128, 10], 32),
        "MLP 784-1024-1024-10, batch 256, Adam": lambda: mlp_steps([784, 1024, 1024, 10], 256),
        "10 x 500 tanh, batch 1000, forward + backward": tanh_steps,
        "CNN conv16-pool-conv32-pool-fc, 28 x 28, batch 64, Adam": cnn_steps,
        "GPT 4 layers x 128, context 64, batch 16, AdamW": gpt_steps,
        "LSTM 64-128, 50 steps, batch 32, Adam": lstm_steps,
    }
    for title, make in workloads.items():
        if only.lower() not in title.lower():
            continue
        base = "NumPy by hand" if TORCH is None else "PyTorch"
        print(table(title, race(make(), slice_seconds=0.3), base), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
