"""Random graphs with shared, duplicated and unused nodes: gradients against finite differences and PyTorch."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd

TORCH = __import__("torch") if importlib.util.find_spec("torch") else None
# Every operation keeps values moderate and smooth, takes matrices of one shape, and exists under one name in both.
UNARY: dict[str, Any] = {
    "tanh": lambda lib, a: lib.tanh(a),
    "sin": lambda lib, a: lib.sin(a),
    "cos": lambda lib, a: lib.cos(a),
    "atan": lambda lib, a: lib.atan(a),
    "sigmoid": lambda lib, a: lib.sigmoid(a),
    "erf": lambda lib, a: lib.erf(a),
    "expm1 of tanh": lambda lib, a: lib.expm1(lib.tanh(a)),
    "log1p of square": lambda lib, a: lib.log1p(a * a),
    "sqrt": lambda lib, a: lib.sqrt(a * a + 1),
    "power": lambda lib, a: (a * a + 0.5) ** 0.3,
    "softmax": lambda lib, a: lib.softmax(a, 1),
    "log_softmax": lambda lib, a: lib.log_softmax(a, 0) / 4,
    "logsumexp": lambda lib, a: a - lib.logsumexp(a, 1, True),
    "sum": lambda lib, a: a - lib.sum(a, 0) / 3,
    "mean": lambda lib, a: a * lib.mean(a),
    "var": lambda lib, a: a / (1 + lib.var(a, 1, keepdim=True)),
    "std": lambda lib, a: a / (1 + lib.std(a + lib.tanh(a) + _ramp(lib), 0)),
    "cumsum": lambda lib, a: lib.cumsum(a, 1) / 2,
    "cumprod": lambda lib, a: lib.cumprod(lib.tanh(a), 0),
    "prod": lambda lib, a: a + lib.prod(lib.tanh(a), 1, keepdim=True),
    "flip": lambda lib, a: lib.flip(a, (0,)),
    "roll": lambda lib, a: lib.roll(a, 1, 1) * a,
    "transpose": lambda lib, a: lib.matmul(a, a.T) @ a / 4,
    "reshape": lambda lib, a: a.reshape(3, 3).T.reshape(3, 3),
    "index": lambda lib, a: a[[2, 0, 0]],
    "slice": lambda lib, a: lib.cat([a[1:], a[:1]]),
    "tril": lambda lib, a: lib.tril(a) + lib.triu(a, 1) * 2,
    "diagonal": lambda lib, a: a + lib.diagonal(a),
    "norm": lambda lib, a: a / (1 + lib.norm(a)),
    "clamp": lambda lib, a: lib.clamp(a, -40.0, 40.0),
    "detached": lambda lib, a: a * a.detach(),
}
BINARY: dict[str, Any] = {
    "add": lambda lib, a, b: a + b,
    "sub": lambda lib, a, b: a - b,
    "mul": lambda lib, a, b: lib.tanh(a) * b,
    "div": lambda lib, a, b: a / (1 + b * b),
    "matmul": lambda lib, a, b: lib.tanh(a) @ b / 2,
    "einsum": lambda lib, a, b: lib.einsum("ij,kj->ik", lib.tanh(a), b) / 2,
    "outer": lambda lib, a, b: lib.outer(lib.tanh(a)[0], b[1]),
    "where": lambda lib, a, b: lib.where(a.detach() > 0.1, a, b),
    "maximum": lambda lib, a, b: lib.maximum(a, b),
    "lerp": lambda lib, a, b: lib.lerp(a, b, 0.3),
    "hypot": lambda lib, a, b: lib.hypot(a, b + 3),
    "stack": lambda lib, a, b: lib.stack([a, b, a])[1] * lib.stack([a, b, a])[2],
    "logaddexp": lambda lib, a, b: lib.logaddexp(a, b),
    "atan2": lambda lib, a, b: lib.atan2(a, b * b + 1),
    "broadcast": lambda lib, a, b: a[:, :1] * b[0],
}
Step = tuple[str, tuple[int, ...]]


def _ramp(lib: Any) -> Any:
    return lib.arange(3.0, dtype=lib.float64).reshape(3, 1)


def program(rng: np.random.Generator) -> list[Step]:
    """Steps that name their inputs by number; 0, 1 and 2 are leaves. Some results are used twice, some never."""
    steps: list[Step] = []
    for i in range(int(rng.integers(3, 14))):
        names, arity = (list(BINARY), 2) if rng.random() < 0.45 else (list(UNARY), 1)
        inputs = tuple(int(n) for n in rng.integers(0, 3 + i, arity))
        if arity == 2 and rng.random() < 0.2:
            inputs = (inputs[0], inputs[0])
        steps.append((names[rng.integers(len(names))], inputs))
    return steps


def run(lib: Any, steps: list[Step], leaves: list[Any], outputs: list[int]) -> Any:
    """The weighted sum of some results."""
    results = list(leaves)
    for name, inputs in steps:
        function = UNARY.get(name) or BINARY[name]
        results.append(function(lib, *(results[i] for i in inputs)))
    return sum((results[i] * (k + 1)).sum() for k, i in enumerate(outputs))


def check(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = program(rng)
    arrays = [rng.standard_normal((3, 3)) for _ in range(3)]
    outputs = [int(n) for n in rng.integers(3, 3 + len(steps), 2)] + [2 + len(steps)]
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    value = run(mg, steps, leaves, outputs)
    gradients = [np.zeros((3, 3)) if g is None else g.numpy() for g in autograd.grad(value, leaves, allow_unused=True)]
    directions = [rng.standard_normal((3, 3)) for _ in range(3)]
    slope = sum(float(np.sum(g * d)) for g, d in zip(gradients, directions, strict=True))
    detached = any(name in ("detached", "where") for name, _ in steps)  # constant for the gradient, not for differences
    kinked = any(name in ("maximum", "clamp") for name, _ in steps)
    if not detached and not kinked:
        h = 1e-5
        up, down = (
            run(mg, steps, [Tensor(a + s * h * d) for a, d in zip(arrays, directions, strict=True)], outputs).item()
            for s in (1, -1)
        )
        assert np.isclose(slope, (up - down) / (2 * h), rtol=1e-5, atol=1e-5 * (1 + abs(up))), (seed, steps)
    if TORCH is not None:
        theirs = [TORCH.tensor(a, requires_grad=True) for a in arrays]
        their_value = run(TORCH, steps, theirs, outputs)
        assert np.isclose(value.item(), their_value.item(), rtol=1e-9), (seed, steps)
        for g, t in zip(gradients, TORCH.autograd.grad(their_value, theirs, allow_unused=True), strict=True):
            expected = np.zeros((3, 3)) if t is None else t.numpy()
            scale = 1 + np.abs(expected).max()
            np.testing.assert_allclose(g, expected, rtol=1e-7, atol=1e-9 * scale, err_msg=f"seed {seed}: {steps}")


@pytest.mark.parametrize("block", range(12))
def test_random_graphs(block: int) -> None:
    for seed in range(block * 50, (block + 1) * 50):
        check(seed)


@pytest.mark.slow
def test_many_more_random_graphs() -> None:
    for seed in range(10_000, 16_000):
        check(seed)
