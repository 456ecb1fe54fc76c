"""Products with logarithms, where 0 · log 0 is 0: the terms of entropies and likelihoods; ``xlogy`` is in special."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.declare import primitive
from .elementary import log1p
from .pieces import beside, in_double


def _xlog1py_forward(x: Any, y: Any) -> Any:
    silent = np.logical_and(np.equal(x, 0), np.logical_not(np.isnan(y)))
    return np.where(silent, 0, x * np.log1p(y))


@primitive(
    name="xlog1py", broadcasts=True, cure="shapes must be equal or 1 along every dimension, counted from the right"
)
def _xlog1py(x: Any, y: Any) -> Any:
    return in_double(_xlog1py_forward, x, y)


def xlog1py(input: Any, other: Any) -> Any:
    """``input`` · log(1 + ``other``), exact for small ``other``, with 0 · log 0 = 0.

    The derivatives where ``input`` and 1 + ``other`` are both 0 are taken as 0.

    Example:
        >>> xlog1py(Tensor([0.0, 2.0]), Tensor([-1.0, 0.0]))
        Tensor([0., 0.])
    """
    return _xlog1py(beside(input, other), beside(other, input))


def _xlog1py_x(g: Any, x: Any, y: Any) -> Any:
    void = np.logical_and(np.equal(x, 0), np.less_equal(y, -1))
    return g * log1p(np.where(void, 0, y))


def _xlog1py_y(g: Any, x: Any, y: Any) -> Any:
    return g * (x / np.where(np.logical_and(np.equal(x, 0), np.equal(y, -1)), 1, 1 + y))


_xlog1py.rule(x=_xlog1py_x, y=_xlog1py_y)


def _entr(x: Any) -> Any:
    return np.where(np.less(x, 0), -math.inf, np.where(np.equal(x, 0), 0, -x * np.log(x)))


@primitive()
def entr(x: Any) -> Any:
    """-x · log x, the terms of an entropy: 0 at 0, and minus infinity for negative numbers.

    Example:
        >>> entr(Tensor([0.5, 0.0, -1.0]))
        Tensor([0.3465736, 0.       ,      -inf])
    """
    return in_double(_entr, x)


def _entr_rule(g: Any, x: Any) -> Any:
    slope = -1 - np.log(np.where(np.greater(x, 0), x, 1))
    edge = np.where(np.equal(x, 0), math.inf, slope)
    return g * np.where(np.less(x, 0), math.nan, edge)  # outside, as PyTorch has it


entr.rule(x=_entr_rule)
