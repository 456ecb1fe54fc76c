"""Penalties on weights: what they sum over, weight decay's factor of two, priors, one graph."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd, nn
from minigrad.autograd import gradgradcheck
from minigrad.nn import functional as F
from minigrad.optim import SGD

RNG = np.random.default_rng(0)


def net():
    mg.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()


def data():
    rng = np.random.default_rng(1)
    return Tensor(rng.normal(size=(8, 3))), rng.normal(size=(8, 2))


def test_values_and_slopes():
    a, b = Tensor(np.array([1.0, -2.0, 0.0]), requires_grad=True), Tensor(np.array([[3.0]]), requires_grad=True)
    for penalty, value, slopes in (
        (F.l1_penalty([a, b]), 6.0, ([1, -1, 0], [[1]])),
        (F.l2_penalty([a, b]), 14.0, ([2, -4, 0], [[6]])),
        (F.elastic_net([a, b], 0.5, 0.25), 6.5, ([1, -1.5, 0], [[2]])),
        (F.elastic_net([a, b], 0.0, 0.0), 0.0, ([0, 0, 0], [[0]])),
    ):
        assert penalty.item() == value and penalty.shape == ()
        assert [g.tolist() for g in autograd.grad(penalty, (a, b))] == list(slopes)


def test_all_ways_to_name_parameters():
    model = net()
    expected = sum((p.numpy(force=True) ** 2).sum() for p in model.parameters())
    weights = [p for name, p in model.named_parameters() if name.endswith("weight")]
    for given in (
        model, model.parameters(), model.named_parameters(), dict(model.named_parameters()), list(model.parameters()),
        tuple(model.parameters()), (p for p in model.parameters()), [p.numpy(force=True) for p in model.parameters()],
    ):  # fmt: skip
        assert F.l2_penalty(given).item() == pytest.approx(expected, rel=1e-13)
    assert F.l2_penalty(weights).item() == pytest.approx(sum((w.numpy(force=True) ** 2).sum() for w in weights))
    assert F.l2_penalty(tuple(weights)).item() == F.l2_penalty(weights).item()
    assert F.l1_penalty(weights[0]).item() == pytest.approx(np.abs(weights[0].numpy(force=True)).sum())
    assert F.l1_penalty(np.array([1.0, -1.0])).item() == 2


def test_loss_and_penalty_are_one_graph_of_two_nodes_for_each_parameter():
    model, (x, y) = net(), data()
    data_loss = F.mse_loss(model(x), y)
    own = autograd.grad(data_loss, tuple(model.parameters()), retain_graph=True)
    for penalty, slope in ((F.l1_penalty, np.sign), (F.l2_penalty, lambda w: 2 * w)):
        before = count_nodes(data_loss)
        loss = data_loss + 0.1 * penalty(model)
        assert before > 5
        assert count_nodes(loss) - before <= 2 * 4 + 1  # and the sum with the loss
        whole = autograd.grad(loss, tuple(model.parameters()), retain_graph=True)
        for p, g, total in zip(model.parameters(), own, whole, strict=True):
            np.testing.assert_allclose(
                total.numpy(), g.numpy() + 0.1 * slope(p.numpy(force=True)), rtol=1e-12, atol=1e-15
            )


def count_nodes(tensor):
    """Operations between a Tensor and its leaves."""
    seen, stack = set(), [tensor._node]
    while stack:
        node = stack.pop()
        if node is not None and node not in seen and getattr(node, "op", None) is not None:
            seen.add(node)
            stack.extend(node.parents)
    return len(seen)


# --- weight decay's factor of two -------------------------------------------------------------------------------------
@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}])
def test_weight_decay_is_half_the_penalty(options):
    decay, (x, y) = 0.3, data()
    decayed, penalised, doubled = net(), net(), net()
    first = SGD(decayed.parameters(), lr=0.1, weight_decay=decay, **options)
    second = SGD(penalised.parameters(), lr=0.1, **options)
    third = SGD(doubled.parameters(), lr=0.1, **options)
    for _ in range(20):
        for model, optimizer, factor in ((decayed, first, 0), (penalised, second, decay / 2), (doubled, third, decay)):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            (loss + factor * F.l2_penalty(model) if factor else loss).backward()
            optimizer.step()
        for a, b in zip(decayed.parameters(), penalised.parameters(), strict=True):
            np.testing.assert_allclose(a.numpy(force=True), b.numpy(force=True), rtol=1e-12, atol=1e-14)
    apart = [
        np.abs((a - b).numpy(force=True)).max() for a, b in zip(decayed.parameters(), doubled.parameters(), strict=True)
    ]
    assert max(apart) > 1e-2  # λ Σw² itself decays twice as fast


# --- priors -----------------------------------------------------------------------------------------------------------
def test_a_gaussian_prior_is_the_l2_term_and_a_laplace_prior_the_l1_term():
    """MAP: minus log posterior = minus log likelihood - log prior, with equal gradients."""
    weights = [Tensor(RNG.normal(size=shape), requires_grad=True) for shape in ((3, 4), (4,))]
    count = 16
    scale = 0.7
    gaussian = sum((w * w / (2 * scale**2)).sum() for w in weights) + count * (
        math.log(scale) + 0.5 * math.log(2 * math.pi)
    )
    laplace = sum((abs(w) / scale).sum() for w in weights) + count * math.log(2 * scale)
    for prior, term, constant in (
        (gaussian, F.l2_penalty(weights) / (2 * scale**2), count * (math.log(scale) + 0.5 * math.log(2 * math.pi))),
        (laplace, F.l1_penalty(weights) / scale, count * math.log(2 * scale)),
    ):
        assert prior.item() == pytest.approx(term.item() + constant, rel=1e-13)
        for a, b in zip(autograd.grad(prior, weights), autograd.grad(term, weights), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-13)


def test_the_lasso_shrinks_to_0_and_the_ridge_in_proportion():
    """In one dimension: argmin ½ (w - 1)² + λ R(w) is 1 - λ (0 from λ = 1 on), and 1 / (1 + 2 λ)."""
    for penalty, rate, expected in (
        (F.l1_penalty, 0.25, 0.75),
        (F.l2_penalty, 0.25, 1 / 1.5),
        (F.l1_penalty, 1.5, 0.0),
    ):
        w = Tensor(np.array([0.5]), requires_grad=True)
        for step in range(3000):
            (g,) = autograd.grad(0.5 * ((w - 1) ** 2).sum() + rate * penalty(w), w)
            w = (w - 0.1 / (1 + step / 10) * g).detach().requires_grad_()
        assert w.item() == pytest.approx(expected, abs=2e-3)


# --- dtypes, derivatives, bad input -----------------------------------------------------------------------------------
def test_dtypes():
    assert F.l2_penalty(Tensor(np.ones(3, np.float32))).dtype == np.float32
    half = Tensor(np.full(100, 100, np.float16), requires_grad=True)
    penalty = F.l2_penalty(half)
    assert penalty.dtype == np.float32 and penalty.item() == 1e6  # beyond the range of half precision
    penalty.backward()
    assert half.grad.dtype == np.float16
    mixed = F.l1_penalty([Tensor(np.ones(3, np.float32)), Tensor(np.ones(3))])
    assert mixed.dtype == np.float64
    assert F.elastic_net(Tensor(np.ones(3, np.float32)), np.float64(0.1), 1).dtype == np.float32
    assert F.l1_penalty([Tensor(np.zeros((0, 3)))]).item() == 0


def test_second_derivatives():
    x = Tensor(RNG.normal(size=(3, 2)), requires_grad=True)
    gradgradcheck(lambda x: F.elastic_net(x, 0.5, 0.25), (x,))
    (slope,) = autograd.grad(F.l2_penalty(x), x, create_graph=True)
    assert autograd.grad(slope.sum(), x)[0].tolist() == [[2, 2]] * 3


@pytest.mark.parametrize("penalty", [F.l1_penalty, F.l2_penalty, lambda p: F.elastic_net(p, 1.0, 1.0)])
def test_bad_input(penalty):
    model = net()
    parameters = model.parameters()
    penalty(parameters)
    with pytest.raises(ValueError, match="no parameters; a generator .* only once"):
        penalty(parameters)
    with pytest.raises(ValueError, match="no parameters"):
        penalty(nn.ReLU())
    with pytest.raises(TypeError, match="a Tensor or several of them.*got 3"):
        penalty(3)
    with pytest.raises(TypeError, match="parameter 1 is no Tensor, got None"):
        penalty([Tensor([1.0]), None])
    with pytest.raises(TypeError, match="the steps must be floating-point, got int64; leave it out"):
        penalty({"steps": Tensor(np.array(3))})


def test_bad_weights():
    with pytest.raises(ValueError, match="l2 must be at least 0, got -1"):
        F.elastic_net(Tensor([1.0]), 1.0, -1)
    with pytest.raises(TypeError, match="l1 must be a number, got 'all'"):
        F.elastic_net(Tensor([1.0]), "all", 1.0)
