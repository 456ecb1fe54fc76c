"""Optimizers for NumPy by hand: all Parameters in one array."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


class Flat:
    """Parameters as views of one array, so that an update is a handful of NumPy calls.

    Attributes:
        views: the Parameters, in their shapes.
    """

    def __init__(self, arrays: Iterable[np.ndarray]) -> None:
        arrays = list(arrays)
        self.all = np.concatenate([a.ravel() for a in arrays])
        self.views, start = list[np.ndarray](), 0
        for a in arrays:
            self.views.append(self.all[start : start + a.size].reshape(a.shape))
            start += a.size

    def joined(self, gradients: Sequence[np.ndarray]) -> np.ndarray:
        """The gradients in one array of their own."""
        return np.concatenate([g.ravel() for g in gradients])


class Adam(Flat):
    """Adam, or AdamW with a decay."""

    def __init__(self, arrays: Iterable[np.ndarray], lr: float = 1e-3, decay: float = 0.0) -> None:
        super().__init__(arrays)
        self.lr, self.decay, self.time = lr, decay, 0
        self.mean, self.square = np.zeros_like(self.all), np.zeros_like(self.all)

    def step(self, gradients: Sequence[np.ndarray]) -> None:
        """Update; the gradients stand in the order of the Parameters."""
        self.time += 1
        g = self.joined(gradients)
        self.mean *= np.float32(0.9)
        self.mean += np.float32(0.1) * g
        self.square *= np.float32(0.999)
        g *= g
        g *= np.float32(0.001)
        self.square += g
        if self.decay:
            self.all *= np.float32(1 - self.lr * self.decay)
        scale = np.sqrt(self.square, out=g)
        scale *= np.float32((1 - 0.999**self.time) ** -0.5)
        scale += np.float32(1e-8)
        np.divide(self.mean, scale, out=scale)
        scale *= np.float32(self.lr / (1 - 0.9**self.time))
        self.all -= scale


class SGD(Flat):
    """Gradient descent, with PyTorch's momentum."""

    def __init__(self, arrays: Iterable[np.ndarray], lr: float = 1e-3, momentum: float = 0.0) -> None:
        super().__init__(arrays)
        self.lr, self.momentum = lr, momentum
        self.velocity = np.zeros_like(self.all) if momentum else None

    def step(self, gradients: Sequence[np.ndarray]) -> None:
        """Update; the gradients stand in the order of the Parameters."""
        g = self.joined(gradients)
        if self.velocity is not None:
            self.velocity *= np.float32(self.momentum)
            self.velocity += g
            np.multiply(self.velocity, np.float32(self.lr), out=g)
        else:
            g *= np.float32(self.lr)
        self.all -= g
