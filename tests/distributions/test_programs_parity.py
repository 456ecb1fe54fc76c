"""Programs as they are written for PyTorch, with another import line: their loss follows PyTorch's over 20 steps.

Noise and data come from NumPy, so that both see the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
STEPS = 20


def array(rng: Any, *shape: int) -> Any:
    return rng.normal(size=shape).astype(np.float64)


def layer(lib: Any, rng: Any, inputs: int, outputs: int) -> Any:
    """A Linear layer with the same weights in both libraries."""
    linear = lib.nn.Linear(inputs, outputs, dtype=lib.float64)
    with lib.no_grad():
        for parameter in linear.parameters():
            parameter.copy_(lib.tensor(0.3 * array(rng, *parameter.shape)))
    return linear


def vae(lib: Any, rng: Any) -> tuple[list[Any], Callable[[], Any]]:
    dist = lib.distributions
    encoder, mean, log_scale = layer(lib, rng, 8, 16), layer(lib, rng, 16, 2), layer(lib, rng, 16, 2)
    decoder = lib.nn.Sequential(layer(lib, rng, 2, 16), lib.nn.ReLU(), layer(lib, rng, 16, 8))
    x = lib.tensor(rng.integers(0, 2, (32, 8)).astype(np.float64))
    prior = dist.Normal(lib.tensor(np.zeros(2)), 1.0)

    def loss() -> Any:
        h = lib.nn.functional.relu(encoder(x))
        q = dist.Normal(mean(h), lib.exp(log_scale(h)))
        assert q.rsample().shape == (32, 2)
        z = q.loc + q.scale * lib.tensor(array(rng, 32, 2))
        p = dist.Independent(dist.Bernoulli(logits=decoder(z)), 1)
        return (dist.kl_divergence(q, prior).sum(-1) - p.log_prob(x)).mean()

    return [p for m in (encoder, mean, log_scale, decoder) for p in m.parameters()], loss


def reinforce(lib: Any, rng: Any) -> tuple[list[Any], Callable[[], Any]]:
    policy = layer(lib, rng, 4, 3)

    def loss() -> Any:
        actions = lib.distributions.Categorical(logits=policy(lib.tensor(array(rng, 16, 4))))
        assert actions.sample().shape == (16,)
        taken, reward = lib.tensor(rng.integers(0, 3, 16)), lib.tensor(array(rng, 16))
        return -(actions.log_prob(taken) * reward).mean() - 0.01 * actions.entropy().mean()

    return list(policy.parameters()), loss


def proximal(lib: Any, rng: Any) -> tuple[list[Any], Callable[[], Any]]:
    """The clipped ratio of PPO, with actions squashed by tanh."""
    dist, actor = lib.distributions, layer(lib, rng, 4, 2)
    log_scale = lib.tensor(np.zeros(2), requires_grad=True)
    states, actions = lib.tensor(array(rng, 16, 4)), lib.tanh(lib.tensor(array(rng, 16, 2)))
    gain, before = lib.tensor(array(rng, 16)), []

    def loss() -> Any:
        base = dist.Normal(actor(states), log_scale.exp().expand(16, 2))
        policy = dist.Independent(dist.TransformedDistribution(base, [dist.transforms.TanhTransform()]), 1)
        score = policy.log_prob(actions)
        before.append(score.detach())
        ratio = (score - before[0]).exp()
        return -lib.min(ratio * gain, ratio.clamp(0.8, 1.2) * gain).mean()

    return [*actor.parameters(), log_scale], loss


def mixture(lib: Any, rng: Any) -> tuple[list[Any], Callable[[], Any]]:
    """A mixture density network."""
    dist, network = lib.distributions, layer(lib, rng, 1, 9)
    x, y = lib.tensor(array(rng, 64, 1)), lib.tensor(array(rng, 64))

    def loss() -> Any:
        logits, loc, scale = network(x).chunk(3, dim=-1)
        components = dist.Normal(loc, lib.nn.functional.softplus(scale) + 1e-3)
        return -dist.MixtureSameFamily(dist.Categorical(logits=logits), components).log_prob(y).mean()

    return list(network.parameters()), loss


def flow(lib: Any, rng: Any) -> tuple[list[Any], Callable[[], Any]]:
    dist, transforms = lib.distributions, lib.distributions.transforms
    loc, log_scale = (lib.tensor(np.zeros(2), requires_grad=True) for _ in range(2))
    data = lib.tensor(np.exp(array(rng, 128, 2) / 2 + 1))

    def loss() -> Any:
        base = dist.Independent(dist.Normal(lib.zeros(2, dtype=lib.float64), lib.ones(2, dtype=lib.float64)), 1)
        chain = [transforms.AffineTransform(loc, log_scale.exp(), event_dim=1), transforms.ExpTransform()]
        return -dist.TransformedDistribution(base, chain).log_prob(data).mean()

    return [loc, log_scale], loss


def gaussian(lib: Any, rng: Any) -> tuple[list[Any], Callable[[], Any]]:
    """A full covariance, by an unconstrained matrix."""
    dist, constraints = lib.distributions, lib.distributions.constraints
    free, loc = (lib.tensor(start, requires_grad=True) for start in (np.zeros((3, 3)), np.zeros(3)))
    data = lib.tensor(array(rng, 100, 3) @ array(rng, 3, 3) + 1)

    def loss() -> Any:
        tril = dist.transform_to(constraints.lower_cholesky)(free)
        return -dist.MultivariateNormal(loc, scale_tril=tril).log_prob(data).mean()

    return [free, loc], loss


def posterior(lib: Any, rng: Any) -> tuple[list[Any], Callable[[], Any]]:
    """Of the success of coins: the divergence to the conjugate answer goes down."""
    dist = lib.distributions
    tosses = lib.tensor(rng.integers(0, 2, (10, 4)).astype(np.float64))
    exact = dist.Beta(1.0 + tosses.sum(0), 1.0 + (1 - tosses).sum(0))
    free = lib.tensor(np.zeros((2, 4)), requires_grad=True)

    def loss() -> Any:
        return dist.kl_divergence(dist.Beta(*(1 + free.exp())), exact).sum()

    return [free], loss


@pytest.mark.parametrize("program", [vae, reinforce, proximal, mixture, flow, gaussian, posterior])
def test_a_program_follows_pytorch(program: Any) -> None:
    found = []
    for lib in (minigrad, torch):
        parameters, loss = program(lib, np.random.default_rng(0))
        optimizer = lib.optim.Adam(parameters, lr=0.02)
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            now = loss()
            now.backward()
            optimizer.step()
            losses.append(now.item())
        found.append(losses)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-8, atol=1e-10)
    if program not in (reinforce,):  # whose rewards are noise
        assert found[0][-1] < found[0][0]
