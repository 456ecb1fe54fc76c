"""Factorisation by gradients: the objective of WALS, without bias and in the limit; and its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, optim
from minigrad.recommend import WALS, MatrixFactorization, UniformSampler

USERS, ITEMS = 30, 20


def world(counts: bool = False) -> tuple[Any, Any, Any]:
    random = np.random.default_rng(0)
    truth = random.standard_normal((USERS, 3)) @ random.standard_normal((3, ITEMS))
    u, i = np.nonzero(random.random(truth.shape) < 0.3)
    values = random.poisson(np.exp(np.clip(truth, -2, 2))) + 1.0 if counts else truth
    return u, i, values if counts and values.ndim == 1 else values[u, i]


def parameters(model: MatrixFactorization) -> dict[str, Any]:
    factors = model.user_factors.weight.detach().numpy(), model.item_factors.weight.detach().numpy()
    return {"user_factors": factors[0], "item_factors": factors[1], "objectives": []}


@pytest.mark.parametrize("alpha", [None, 2.0], ids=["ratings", "implicit"])
def test_it_reaches_the_objective_of_wals(alpha: float | None) -> None:
    """Within 1 %, with batches of 32 observations and 4 sampled pairs for each."""
    mg.manual_seed(0)
    users, items, values = world(alpha is not None)
    options: dict[str, Any] = {"regularization": 0.5, "unobserved_weight": 0.1 if alpha is None else 1.0}
    exact = WALS(3, alpha=alpha, iterations=200, generator=np.random.default_rng(0), **options)
    exact.fit((users, items, values), shape=(USERS, ITEMS))
    targets, weights = (values, np.ones_like(values)) if alpha is None else (np.ones_like(values), 1 + alpha * values)

    model = MatrixFactorization(USERS, ITEMS, 3, bias=False, dtype=np.float64)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    steps, random = 1500, np.random.default_rng(1)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / steps)
        batch = random.choice(len(values), 32, replace=False)
        optimizer.zero_grad()
        loss = model.loss(
            users[batch], items[batch], targets[batch], weights[batch], share=32 / len(values), negatives=4, **options
        )
        loss.backward()
        optimizer.step()
    exact_objective = exact.objective()
    exact.load_state_dict(parameters(model))
    assert exact_objective * (1 - 1e-9) <= exact.objective() < 1.01 * exact_objective


def test_the_estimate_is_unbiased() -> None:
    users, items, values = world()
    model = MatrixFactorization(USERS, ITEMS, 3, bias=False, dtype=np.float64)
    exact = WALS(3, regularization=0.2, unobserved_weight=0.3, iterations=1).fit((users, items, values))
    exact.load_state_dict(parameters(model))
    random, options = np.random.default_rng(0), {"unobserved_weight": 0.3, "regularization": 0.2}
    draws = []
    for _ in range(2000):
        batch = random.choice(len(values), 20, replace=False)
        share = 20 / len(values)
        draws.append(model.loss(users[batch], items[batch], values[batch], share=share, negatives=3, **options).item())
    error = np.std(draws) / np.sqrt(len(draws))
    assert abs(np.mean(draws) - exact.objective()) < 4 * error and error < 0.02 * exact.objective()


def test_biases() -> None:
    model = MatrixFactorization(3, 4, 2)
    assert len(list(model.parameters())) == 5
    with mg.no_grad():
        model.user_bias.weight[1] = 10.0
        model.item_bias.weight[2] = 100.0
        model.offset += 1000.0
    plain = (model.user_factors.weight[1] * model.item_factors.weight[2]).sum().item()
    assert model(1, 2).item() == pytest.approx(1110 + plain, rel=1e-6)
    assert model([[0], [1]], [[0, 1, 2]]).shape == (2, 3)
    assert "3, 4, 2, bias=True" in repr(model)


def test_the_sampler_draws_the_items() -> None:
    class Fixed:
        asked: Any = None

        def sample(self, shape: Any) -> Any:
            self.asked = shape
            return np.full(shape, 2)

    model, sampler = MatrixFactorization(3, 4, 2, bias=False), Fixed()
    model.loss([0, 1], [0, 1], [1.0, 2.0], unobserved_weight=1.0, negatives=5, sampler=sampler).backward()
    assert sampler.asked == (10,)
    assert not model.item_factors.weight.grad.numpy()[3].any() and model.item_factors.weight.grad.numpy()[2].any()
    drawn = UniformSampler(4, np.random.default_rng(0)).sample((1000,))
    assert set(drawn.tolist()) == set(range(4))
    again = [
        model.loss([0], [1], [1.0], unobserved_weight=1.0, negatives=9, generator=np.random.default_rng(3)).item()
        for _ in range(2)
    ]
    assert again[0] == again[1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes(dtype: Any) -> None:
    model = MatrixFactorization(3, 4, 2, dtype=dtype)
    loss = model.loss(Tensor([0, 1]), [1, 2], Tensor([5, 4]), 2, unobserved_weight=0.1, regularization=0.1)
    loss.backward()
    assert loss.dtype == dtype and all(parameter.grad.dtype == dtype for parameter in model.parameters())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.loss([0], [4], [1.0]), IndexError, "items has 4 at 0, and there are 4"),
        (lambda m: m.loss([0.5], [1], [1.0]), TypeError, "users must be integers"),
        (lambda m: m.loss([0], [1], [np.nan]), ValueError, "targets must be finite, got nan at 0"),
        (lambda m: m.loss([0], [1], [1.0, 2.0]), ValueError, "lists of one length"),
        (lambda m: m.loss([0, 1], [1, 1], [[1.0], [2.0]]), ValueError, "lists of one length"),
        (lambda m: m.loss([0], [1], [1.0], [1.0, 2.0]), ValueError, "weights are one number or as many as targets"),
        (lambda m: m.loss([0], [1], [1.0], share=0.0), ValueError, r"share is .* in \(0, 1\], got 0"),
        (lambda m: m.loss([0], [1], [1.0], regularization=-1.0), ValueError, "at least 0, got 0.0 and -1.0"),
        (lambda m: m.loss([0], [1], [1.0], unobserved_weight=1.0, negatives=0), ValueError, "negatives must be at"),
        (lambda m: MatrixFactorization(0, 1, 1), ValueError, "num_embeddings"),
    ],
)
def test_bad_input(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call(MatrixFactorization(3, 4, 2))
