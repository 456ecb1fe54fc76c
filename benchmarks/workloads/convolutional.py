"""A small convolutional network for digits, and ResNet-18."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..by_hand import layers
from ..by_hand.optimizers import Adam
from ..graph import Builder, classification, initial
from .products import Product, convolution, linear, products
from .workload import Workload


# --- two convolutions -------------------------------------------------------------------------------------------------
def digits(batch: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and labels."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, 1, size, size), dtype=np.float32)
    x[:, :, :6] = 0  # a margin, as digits have: ties for the pooling
    return x, rng.integers(0, 10, batch)


def small(library: Any, size: int) -> Any:
    """The Module."""
    nn = library.nn
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * (size // 4) ** 2, 10)),
    )


def small_by_hand(batch: int, size: int) -> Callable[[], float]:
    """With the channels innermost, where a window is gathered in runs."""
    x, y = digits(batch, size)
    x = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    quarter = size // 4
    last = initial("7.weight", (10, 32 * quarter**2)).reshape(10, 32, quarter, quarter).transpose(0, 2, 3, 1)
    adam = Adam(
        [
            *(initial("0.weight", (16, 1, 3, 3)), np.zeros(16, np.float32)),
            *(initial("3.weight", (32, 16, 3, 3)), np.zeros(32, np.float32)),
            *(np.ascontiguousarray(last).reshape(10, -1), np.zeros(10, np.float32)),
        ]
    )
    w_1, b_1, w_2, b_2, w_3, b_3 = adam.views

    def step() -> float:
        h, back_1 = layers.convolution(x, w_1, b_1)
        h, back_pool_1 = layers.max_pool(h)  # before the activation, which then has a quarter of the work
        h, back_relu_1 = layers.relu(h)
        h, back_2 = layers.convolution(h, w_2, b_2)
        h, back_pool_2 = layers.max_pool(h)
        h, back_relu_2 = layers.relu(h)
        scores, back_3 = layers.linear(h.reshape(batch, -1), w_3, b_3)
        loss, g = layers.cross_entropy(scores, y)
        g, g_w3, g_b3 = back_3(g)
        g, g_w2, g_b2 = back_2(back_pool_2(back_relu_2(g.reshape(h.shape))))
        _, g_w1, g_b1 = back_1(back_pool_1(back_relu_1(g)))
        adam.step([g_w1, g_b1, g_w2, g_b2, g_w3, g_b3])
        return loss

    return step


def build_small(batch: int, size: int) -> dict[str, Builder]:
    needed = [
        *convolution(batch, size, 1, 16, first=True),
        *convolution(batch, size // 2, 16, 32),
        *linear(batch, 32 * (size // 4) ** 2, 10),
    ]
    return {
        **classification(lambda library: small(library, size), "Adam", lambda: digits(batch, size)),
        "NumPy by hand": lambda: small_by_hand(batch, size),
        "products alone": products(needed),
    }


# --- ResNet-18 --------------------------------------------------------------------------------------------------------
DOWN = (1, 2, 2, 2)  # strides of the four stages, of two blocks each


def pictures(batch: int, size: int, classes: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Pictures in colour, and labels."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((batch, 3, size, size), dtype=np.float32), rng.integers(0, classes, batch)


def residual(library: Any, width: int, classes: int = 1000) -> Any:
    """ResNet-18 with so many channels in its first stage (64 in the paper)."""
    nn = library.nn

    class Block(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
            self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
            self.relu, self.downsample = nn.ReLU(), nn.Identity()
            if stride > 1:
                shorter = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
                self.downsample = nn.Sequential(shorter, nn.BatchNorm2d(outputs))

        def forward(self, x: Any) -> Any:
            inner = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
            return self.relu(inner + self.downsample(x))

    blocks: list[Any] = []
    inputs = width
    for i, stride in enumerate(DOWN):
        blocks += [Block(inputs, width << i, stride), Block(width << i, width << i, 1)]
        inputs = width << i
    return nn.Sequential(
        *(nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1)),
        *blocks,
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes)),
    )


def build_residual(batch: int, size: int, width: int) -> dict[str, Builder]:
    needed: list[Product] = convolution(batch, size // 2, 3, width, 7, first=True)
    side, inputs = size // 4, width
    for i, stride in enumerate(DOWN):
        side, outputs = side // stride, width << i
        needed += convolution(batch, side, inputs, outputs) + convolution(batch, side, outputs, outputs) * 3
        needed += convolution(batch, side, inputs, outputs, 1) * (stride > 1)
        inputs = outputs
    needed += linear(batch, inputs, 1000)
    return {
        **classification(lambda library: residual(library, width), "SGD", lambda: pictures(batch, size), momentum=0.9),
        "products alone": products(needed),
    }


WORKLOADS = [
    Workload(
        "cnn",
        "CNN conv16-pool-conv32-pool-fc, 28 × 28, batch 64, Adam",
        "training steps",
        build_small,
        {"batch": 64, "size": 28},
        {"batch": 3, "size": 12},
        memory=True,
    ),
    Workload(
        "resnet",
        "ResNet-18, 64 × 64, batch 8, SGD with momentum",
        "training steps",
        build_residual,
        {"batch": 8, "size": 64, "width": 64},
        {"batch": 2, "size": 64, "width": 2},
        seconds=0.4,
        memory=True,
    ),
]
