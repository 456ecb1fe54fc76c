"""An LSTM whose last state is classified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..by_hand import layers
from ..by_hand.optimizers import Adam
from ..graph import Builder, classification, initial
from .products import Product, linear, products
from .workload import Workload


def data(batch: int, steps: int, inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences and labels."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((batch, steps, inputs), dtype=np.float32), rng.integers(0, 10, batch)


def network(library: Any, inputs: int, width: int) -> Any:
    """The Module."""
    nn = library.nn

    class LastStep(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.head = nn.LSTM(inputs, width, batch_first=True), nn.Linear(width, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.lstm(x)[0][:, -1])

    return LastStep()


def parameters(inputs: int, width: int) -> list[np.ndarray]:
    """Those of the Module."""
    shapes = {"lstm.weight_ih_l0": (4 * width, inputs), "lstm.weight_hh_l0": (4 * width, width)}
    shapes |= {"lstm.bias_ih_l0": (4 * width,), "lstm.bias_hh_l0": (4 * width,)}
    return [initial(*item) for item in {**shapes, "head.weight": (10, width), "head.bias": (10,)}.items()]


def by_hand(batch: int, steps: int, inputs: int, width: int) -> Callable[[], float]:
    """All products with the inputs at once before the loop over time, all gradients of weights at once after it."""
    x, y = data(batch, steps, inputs)
    over_time = np.ascontiguousarray(x.swapaxes(0, 1)).reshape(-1, inputs)
    adam = Adam(parameters(inputs, width))
    w_in, w_hidden, b_in, b_hidden, w_head, b_head = adam.views
    half = np.float32(0.5)
    gates = np.empty((steps, batch, 4, width), np.float32)  # input, forget, cell, output, as PyTorch has them
    cells, bent = np.zeros((steps + 1, batch, width), np.float32), np.empty((steps, batch, width), np.float32)
    hidden = np.zeros_like(cells)

    def forward() -> None:
        np.matmul(over_time, w_in.T, out=gates.reshape(-1, 4 * width))
        turned = np.ascontiguousarray(w_hidden.T)
        bias = b_in + b_hidden
        for t in range(steps):
            z = gates[t]
            z += (hidden[t] @ turned + bias).reshape(z.shape)
            for sigmoid in (z[:, :2], z[:, 3]):  # as a tanh of half the number
                sigmoid *= half
            np.tanh(z, out=z)
            for sigmoid in (z[:, :2], z[:, 3]):
                sigmoid *= half
                sigmoid += half
            np.multiply(z[:, 1], cells[t], out=cells[t + 1])
            cells[t + 1] += z[:, 0] * z[:, 2]
            np.tanh(cells[t + 1], out=bent[t])
            np.multiply(z[:, 3], bent[t], out=hidden[t + 1])

    def backward(g_hidden: np.ndarray) -> np.ndarray:
        i, f, c, o = gates.transpose(2, 0, 1, 3)
        slopes = np.empty_like(gates)  # of the next cell by what goes into each gate; of the state by that of the last
        slopes[:, :, 0] = c * i * (1 - i)
        slopes[:, :, 1] = cells[:-1] * f * (1 - f)
        slopes[:, :, 2] = i * (1 - c * c)
        slopes[:, :, 3] = bent * o * (1 - o)
        to_cell = o * (1 - bent * bent)
        g_cell = np.zeros_like(g_hidden)
        for t in reversed(range(steps)):
            g_cell += g_hidden * to_cell[t]
            slopes[t, :, :3] *= g_cell[:, None]
            slopes[t, :, 3] *= g_hidden
            g_cell *= f[t]
            g_hidden = slopes[t].reshape(batch, -1) @ w_hidden
        return slopes.reshape(-1, 4 * width)

    def step() -> float:
        forward()
        scores, back_head = layers.linear(hidden[-1], w_head, b_head)
        loss, g = layers.cross_entropy(scores, y)
        g, g_head, g_bias = back_head(g)
        z = backward(g)
        g_in = layers.column_sums(z)
        adam.step([z.T @ over_time, z.T @ hidden[:-1].reshape(-1, width), g_in, g_in, g_head, g_bias])
        return loss

    return step


def build(batch: int, steps: int, inputs: int, width: int) -> dict[str, Builder]:
    forward: Product = ((batch, width), (width, 4 * width), False, False)
    backward: Product = ((batch, 4 * width), (4 * width, width), False, False)
    to_weights: Product = ((4 * width, steps * batch), (steps * batch, width), True, False)
    needed = linear(steps * batch, inputs, 4 * width, first=True) + [forward, backward] * steps + [to_weights]
    return {
        **classification(lambda library: network(library, inputs, width), "Adam", lambda: data(batch, steps, inputs)),
        "NumPy by hand": lambda: by_hand(batch, steps, inputs, width),
        "products alone": products(needed + linear(batch, width, 10)),
    }


WORKLOADS = [
    Workload(
        "lstm",
        "LSTM 64-128, 50 steps, batch 32, Adam",
        "training steps",
        build,
        {"batch": 32, "steps": 50, "inputs": 64, "width": 128},
        {"batch": 3, "steps": 4, "inputs": 5, "width": 6},
        memory=True,
    )
]
