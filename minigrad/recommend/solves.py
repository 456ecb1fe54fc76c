"""Many small weighted least-squares problems at once: the half-step of alternating least squares."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .observations import Numbers, Rows

_BLOCK = 1_000_000  # numbers that are gathered at a time


def solve_rows(fixed: Numbers, rows: Rows, unobserved: float, regularization: float) -> Numbers:
    """The best factors of one side for fixed ones of the other.

    Math:
        x_u = (Σ_i w_ui y_i y_iᵀ + λ I)⁻¹ Σ_i w_ui t_ui y_i, over all i: those not observed have the weight w0 and the
        target 0, so that Σ_i w_ui y_i y_iᵀ = w0 YᵀY + Σ_observed (w_ui - w0) y_i y_iᵀ.

    Without regularisation it is the shortest of all solutions.
    """
    dim = fixed.shape[1]
    shared = regularization * np.eye(dim)
    if unobserved:
        shared += unobserved * (fixed.T @ fixed)
    solved = np.zeros((len(rows.starts) - 1, dim))
    for members, length in _blocks(np.diff(rows.starts), dim):
        matrices = np.broadcast_to(shared, (len(members), dim, dim)).copy()
        sides = np.zeros((len(members), dim))
        step = max(1, _BLOCK // (dim * len(members)))
        for first in range(0, length, step):  # in one piece, but for a member of very many observations
            _accumulate(fixed, rows, members, first, min(first + step, length), unobserved, matrices, sides)
        solved[members] = _solved(matrices, sides, regularization)
    return solved


def _blocks(counts: Numbers, dim: int) -> Iterator[tuple[Numbers, int]]:
    """Members with about equally many observations, and the most that one has; those without any stay 0."""
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    start, most = 0, max(1, _BLOCK // (dim * dim))
    while start < len(order):
        end = min(start + most, len(order))
        while end - start > 1 and int(counts[order[end - 1]]) * dim * (end - start) > _BLOCK:
            end = start + (end - start) // 2
        yield order[start:end], int(counts[order[end - 1]])
        start = end


def _accumulate(
    fixed: Numbers,
    rows: Rows,
    members: Numbers,
    first: int,
    last: int,
    unobserved: float,
    matrices: Numbers,
    sides: Numbers,
) -> None:
    """Add the observations from the ``first`` to the ``last`` of every member."""
    starts, ends = rows.starts[members][:, None], rows.starts[members + 1][:, None]
    places = starts + np.arange(first, last)
    there = places < ends
    places = np.minimum(places, ends - 1)
    factors = fixed[rows.columns[places]]  # (members, observations, dim)
    weights = rows.weights[places]
    weighted = factors * np.where(there, weights - unobserved, 0)[..., None]
    matrices += factors.transpose(0, 2, 1) @ weighted
    sides += (np.where(there, weights * rows.targets[places], 0)[:, None, :] @ factors)[:, 0]


def _solved(matrices: Numbers, sides: Numbers, regularization: float) -> Numbers:
    if regularization > 0:
        try:
            solution: Numbers = np.linalg.solve(matrices, sides[..., None])[..., 0]
            return solution
        except np.linalg.LinAlgError:  # a regularisation that vanishes beside the rest
            pass
    inverses = np.linalg.pinv(matrices, rcond=1e-12, hermitian=True)
    shortest: Numbers = (inverses @ sides[..., None])[..., 0]
    return shortest


def objective(users: Numbers, items: Numbers, by_user: Rows, unobserved: float, regularization: float) -> float:
    """What the half-steps minimise, in time and memory of the observations."""
    dim, total = users.shape[1], 0.0
    step = max(1, _BLOCK // dim)
    members = np.repeat(np.arange(len(users)), np.diff(by_user.starts))
    for start in range(0, len(members), step):
        part = slice(start, start + step)
        scores = (users[members[part]] * items[by_user.columns[part]]).sum(1)
        squares = np.square(by_user.targets[part] - scores)
        total += float((by_user.weights[part] * squares).sum() - unobserved * np.square(scores).sum())
    total += regularization * float(np.square(users).sum() + np.square(items).sum())
    return total + (unobserved * float(((users.T @ users) * (items.T @ items)).sum()) if unobserved else 0.0)
