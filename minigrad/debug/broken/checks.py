"""Checks that every engine should pass: each a few lines, and together they catch every mistake of the lab."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...autograd import grad, gradcheck
from ...core.tensor import Tensor
from ...nn import functional as F
from ...ops.elementwise import tanh
from .bugs import BUGS
from .lab import broken


def _leaf(*shape: int, seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True)


def value_used_twice() -> bool:
    """Two uses of one value in different operations add up."""
    x = Tensor(3.0, requires_grad=True)
    (2 * x + 3 * x).backward()
    return x.grad is not None and x.grad.item() == 5


def same_input_twice() -> bool:
    """The same input twice in one operation counts twice."""
    x = Tensor(3.0, requires_grad=True)
    (x * x).backward()
    return x.grad is not None and x.grad.item() == 6


def diamond() -> bool:
    """A value waits until all that use it have sent their gradients."""
    a = Tensor(1.0, requires_grad=True)
    b = a + a
    (b * b + b).backward()
    c = Tensor(1.0, requires_grad=True)
    d = c + c
    (d + d * d).backward()
    return a.grad is not None and c.grad is not None and a.grad.item() == c.grad.item() == 10


def broadcast_bias() -> bool:
    """The gradient of a bias has the bias's shape, and sums over the batch."""
    bias = _leaf(3)
    (_leaf(8, 3, seed=1) + bias).sum().backward()
    return bias.grad is not None and bias.grad.shape == (3,) and bool((bias.grad.numpy() == 8).all())


def separate_memory() -> bool:
    """No two gradients share their memory."""
    x, y = _leaf(3), _leaf(3, seed=1)
    (x + y).sum().backward()
    return x.grad is not None and y.grad is not None and not np.shares_memory(x.grad.numpy(), y.grad.numpy())


def overwritten_value() -> bool:
    """A value that was overwritten is refused, or the old one is used."""
    x, w = _leaf(3), Tensor(np.ones(3))
    y = (x * w).sum()
    w.add_(1)
    try:
        y.backward()
    except RuntimeError:
        return True
    return x.grad is not None and bool((x.grad.numpy() == 1).all())


def repeated_index() -> bool:
    """An element that is picked twice gets both gradients."""
    x = _leaf(2)
    x[[0, 0, 1]].sum().backward()
    return x.grad is not None and x.grad.tolist() == [2, 1]


def finite_differences() -> bool:
    """Derivatives agree with differences of values: elementwise functions, reductions, products."""
    functions: list[tuple[Callable[..., Tensor], tuple[Tensor, ...]]] = [
        (lambda x: tanh(x) * x, (_leaf(3, 4),)),
        (lambda x: x.sigmoid(), (_leaf(3),)),
        (lambda x: x.relu(), (_leaf(7),)),
        (lambda x: x.mean(), (_leaf(2, 3),)),
        (lambda x: x.softmax(dim=1), (_leaf(3, 4),)),
        (lambda x, y: x @ y, (_leaf(3, 3), _leaf(3, 3, seed=1))),
    ]
    return all(gradcheck(function, inputs, raise_exception=False) for function, inputs in functions)


def shift_invariance() -> bool:
    """Adding a constant to all inputs of softmax changes nothing, so each row of its gradient sums to 0."""
    x = _leaf(3, 4)
    (g,) = grad((x.softmax(dim=1) * _leaf(3, 4, seed=1).detach()).sum(), [x])
    return g is not None and bool(np.allclose(g.numpy().sum(axis=1), 0, atol=1e-12))


def running_variance() -> bool:
    """Batch norm normalises by the biased variance and records the unbiased one."""
    mean, var = Tensor(np.zeros(1)), Tensor(np.ones(1))
    F.batch_norm(Tensor([[-1.0], [1.0]], dtype=np.float64), mean, var, training=True, momentum=1.0)
    return bool(np.allclose(var.numpy(), 2.0))


CHECKS: dict[str, Callable[[], bool]] = {
    check.__name__.replace("_", "-"): check
    for check in (
        value_used_twice, same_input_twice, diamond, broadcast_bias, separate_memory, overwritten_value, repeated_index,
        finite_differences, shift_invariance, running_variance,
    )
}  # fmt: skip


def caught_by(name: str) -> list[str]:
    """The checks that fail while a mistake is planted.

    Example:
        >>> caught_by("batch-norm")
        ['running-variance']
    """
    with broken(name):
        return [check for check, passes in CHECKS.items() if not _passes(passes)]


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # an engine that breaks does not pass either
        return False


def shown() -> str:
    """A table: each mistake of the lab, and the checks that catch it."""
    width = max(map(len, BUGS))
    return "\n".join(f"{name:<{width}}  {', '.join(caught_by(name)) or 'nothing catches it'}" for name in BUGS)
