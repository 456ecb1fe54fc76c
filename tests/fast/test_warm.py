"""What warming up compiles: the kernels of the networks that people train."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections import Counter
from typing import Any

import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import minigrad as mg  # noqa: E402 - after the skips
from minigrad.core.primitive import REGISTRY  # noqa: E402
from minigrad.fast import warm  # noqa: E402

RULES = {
    "recurrence": [f"{name}-{of}" for name in ("lstm", "gru", "rnn") for of in ("forward", "joint")],
    "attention": ["attention-forward", "attention-joint", "linear-forward", "linear-input", "linear-weight"],
    "embedding": ["take_rows-forward", "add_rows-forward"],
    "convolution": ["linear-forward", "linear-weight", "affine-forward"],
}


@pytest.mark.parametrize("group", RULES)
def test_no_kernel_leaves_it_to_the_plain_rule(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    served, declined = Counter[str](), Counter[str]()

    def watched(name: str, kernel: Any) -> Any:
        def run(*values: Any, **options: Any) -> Any:
            result = kernel(*values, **options)
            (declined if result is NotImplemented else served)[name] += 1
            return result

        return run

    was = mg.fast.is_enabled()
    mg.fast.enable()  # declares them
    mg.fast.disable()
    with monkeypatch.context() as patch:
        for name, op in REGISTRY.items():
            for of, kernel in op.kernels.items():
                patch.setitem(op.kernels, of, watched(f"{name}-{of}", kernel))
        patch.setattr(warm, "_STEPS", {group: warm._STEPS[group]})
        mg.fast.enable()
        mg.fast.warm_up(progress=False)
        mg.fast.disable()
    if was:
        mg.fast.enable(0)
    assert set(RULES[group]) <= set(served) and not declined


PROGRAM = """
    import numba.core.event as event
    import minigrad as mg
    from minigrad import nn, no_grad, optim
    from minigrad.nn import functional as F

    class Compiled(event.Listener):
        def on_start(self, e):
            if watching:
                print(e.data["dispatcher"].py_func.__code__.co_filename, e.data["args"])

        def on_end(self, e):
            pass

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.qkv, self.out = nn.LayerNorm(64), nn.Linear(64, 192), nn.Linear(64, 64)
            self.small = nn.Sequential(nn.LayerNorm(64), nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64))

        def forward(self, x):
            q, k, v = (z.unflatten(-1, (4, 16)).transpose(1, 2) for z in self.qkv(self.norm(x)).chunk(3, -1))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).flatten(2))
            return x + self.small(x)

    class Reader(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.embed, self.layer = nn.Embedding(65, 64), layer(64, 256, batch_first=True)
            self.head = nn.Linear(256, 65)

        def forward(self, x):
            return self.head(self.layer(self.embed(x))[0])

    mg.fast.enable()
    watching = False
    event.register("numba:compile", Compiled())
    mg.fast.warm_up(progress=False)
    watching = True
    codes = mg.arange(32 * 128).reshape(32, 128) % 65
    gpt = nn.Sequential(nn.Embedding(65, 64), Block(), Block(), nn.LayerNorm(64), nn.Linear(64, 65))
    for model in (gpt, Reader(nn.LSTM), Reader(nn.GRU), Reader(nn.RNN)):
        optimizer = optim.AdamW(model.parameters(), lr=1e-3)
        for _ in range(2):
            optimizer.zero_grad()
            F.cross_entropy(model(codes).flatten(0, 1), codes.flatten()).backward()
            optimizer.step()
        with no_grad():
            model.eval()(codes)
    print("done")
"""


@pytest.mark.slow
def test_after_it_nothing_is_left_to_compile() -> None:
    """In a process of its own, as this one has compiled more."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MINIGRAD_FAST")}
    environment = {**known, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout, done.stderr) == ("done\n", "")
