"""Layers as pairs of plain functions: each returns its output, and a function from its gradient to those of the inputs.

Everything is float32 in C order and written straight down, with what everybody knows to be faster in NumPy: products
with ones instead of sums, and no second array where the first is free.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray
Back = Callable[[Array], Any]

# erf(x / sqrt(2)) = tanh(x P(x^2)) with an error below 1.4e-7 in float32: the coefficients of P, lowest first.
ERF = (0.79788494, 0.036333084, -3.2594773e-5, -5.5306297e-5, 3.9647681e-6, -1.3226576e-7, 1.7562595e-9)


def linear(x: Array, weight: Array, bias: Array) -> tuple[Array, Back]:
    """x @ weight.T + bias; the weight is (outputs, inputs)."""
    out = x @ weight.T
    out += bias
    return out, lambda g: (g @ weight, *linear_weights(g, x))


def linear_weights(g: Array, x: Array) -> tuple[Array, Array]:
    """The gradients of the weight and the bias alone, which is all that a first layer needs."""
    return g.T @ x, column_sums(g)


def column_sums(g: Array) -> Array:
    """The sums of (rows, columns) over the rows."""
    return np.ones(len(g), g.dtype) @ g


def relu(x: Array) -> tuple[Array, Back]:
    """max(x, 0)."""
    out = np.maximum(x, 0)
    return out, lambda g: g * (out > 0)


def tanh(x: Array) -> tuple[Array, Back]:
    """The hyperbolic tangent."""
    out = np.tanh(x)
    return out, lambda g: g * (1 - out * out)


def gelu(x: Array) -> tuple[Array, Back]:
    """x times the probability that a standard normal number lies below it."""
    square = x * x
    polynomial = np.full_like(x, ERF[-1])
    for coefficient in ERF[-2::-1]:
        polynomial *= square
        polynomial += np.float32(coefficient)
    polynomial *= x
    probability = np.tanh(polynomial, out=polynomial)
    probability *= np.float32(0.5)
    probability += np.float32(0.5)

    def back(g: Array) -> Array:
        slope = np.exp(np.float32(-0.5) * square)
        slope *= x
        slope *= np.float32(1 / math.sqrt(2 * math.pi))
        slope += probability
        slope *= g
        return slope

    return x * probability, back


def layer_norm(x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> tuple[Array, Back]:
    """Each row with mean 0 and variance 1, scaled and shifted."""
    return _normalised(x, weight, bias, 1, eps)


def batch_norm(x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> tuple[Array, Back]:
    """Each column with mean 0 and variance 1, scaled and shifted."""
    return _normalised(x, weight, bias, 0, eps)


def _normalised(x: Array, weight: Array, bias: Array, axis: int, eps: float) -> tuple[Array, Back]:
    normal = x - x.mean(axis, keepdims=True)
    factor = 1 / np.sqrt(np.square(normal).mean(axis, keepdims=True) + np.float32(eps))
    normal *= factor
    out = normal * weight
    out += bias

    def back(g: Array) -> tuple[Array, Array, Array]:
        g_weight, g_bias = column_sums(g * normal), column_sums(g)
        g = g * weight
        along = (g * normal).mean(axis, keepdims=True)
        g -= g.mean(axis, keepdims=True)
        g -= normal * along
        g *= factor
        return g, g_weight, g_bias

    return out, back


def attention(query: Array, key: Array, value: Array) -> tuple[Array, Back]:
    """Causal attention of (batch, heads, T, width), all weights at once."""
    scale = np.float32(query.shape[-1] ** -0.5)
    weights = (query * scale) @ key.swapaxes(-1, -2)
    weights += np.triu(np.full(weights.shape[-2:], -np.inf, np.float32), 1)
    weights -= weights.max(-1, keepdims=True)
    np.exp(weights, out=weights)
    weights /= weights.sum(-1, keepdims=True)

    def back(g: Array) -> tuple[Array, Array, Array]:
        g_weights = g @ value.swapaxes(-1, -2)
        g_weights -= np.vecdot(g_weights, weights)[..., None]
        g_weights *= weights
        g_weights *= scale
        return g_weights @ key, g_weights.swapaxes(-1, -2) @ query, weights.swapaxes(-1, -2) @ g

    return weights @ value, back


def embedding(table: Array, rows: Array) -> tuple[Array, Back]:
    """Rows of a table; the gradient is one of the whole table."""
    order = np.argsort(rows.ravel(), kind="stable")
    sorted_rows = rows.ravel()[order]
    starts = np.flatnonzero(np.diff(sorted_rows, prepend=-1))

    def back(g: Array) -> Array:
        total = np.zeros_like(table)
        total[sorted_rows[starts]] = np.add.reduceat(g.reshape(-1, table.shape[1])[order], starts)
        return total

    return table[rows], back


def cross_entropy(scores: Array, labels: Array) -> tuple[float, Array]:
    """The mean, and its gradient: the last layer needs no function for that."""
    rows = np.arange(len(scores))
    e = scores - scores.max(1, keepdims=True)
    right = e[rows, labels]
    np.exp(e, out=e)
    total = e.sum(1)
    loss = float((np.log(total) - right).mean())
    e *= (1 / (len(scores) * total))[:, None]
    e[rows, labels] -= np.float32(1 / len(scores))
    return loss, e


def convolution(x: Array, weight: Array, bias: Array) -> tuple[Array, Back]:
    """A 3 x 3 convolution that keeps the size, of (batch, rows, columns, channels); weight (outputs, inputs, 3, 3)."""
    batch, rows, columns, inputs = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(padded, (3, 3), (1, 2)).reshape(-1, inputs * 9)
    matrix = weight.reshape(len(weight), -1)
    out, back_linear = linear(windows, matrix, bias)

    def back(g: Array) -> tuple[Array, Array, Array]:
        g_windows, g_matrix, g_bias = back_linear(g.reshape(-1, len(weight)))
        g_windows = g_windows.reshape(batch, rows, columns, inputs, 3, 3)
        g_padded = np.zeros_like(padded)
        for i in range(3):
            for j in range(3):
                g_padded[:, i : i + rows, j : j + columns] += g_windows[..., i, j]
        return g_padded[:, 1:-1, 1:-1], g_matrix.reshape(weight.shape), g_bias

    return out.reshape(batch, rows, columns, -1), back


def max_pool(x: Array) -> tuple[Array, Back]:
    """Maxima of 2 x 2, of (batch, rows, columns, channels); the first of equals gets the gradient."""
    corners = [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]
    out = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))

    def back(g: Array) -> Array:
        total, free = np.empty_like(x), np.ones(g.shape, bool)
        for k, corner in enumerate(corners):
            chosen = (corner == out) & free
            free &= ~chosen
            total[:, k // 2 :: 2, k % 2 :: 2] = g * chosen
        return total

    return out, back
