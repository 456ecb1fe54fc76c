"""Task heads: what they return, against the layers and functions that they are made of, and that they learn."""

import inspect

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.nn import functional as F

HEADS = {
    "LinearHead": (lambda z: z, {}),
    "PositiveHead": (F.softplus, {}),
    "PositiveHead relu": (F.relu, {"transform": "relu"}),
    "TanhHead": (F.tanh, {}),
    "LogitsHead": (lambda z: z, {}),
    "SigmoidHead": (F.sigmoid, {}),
    "SoftmaxHead": (lambda z: F.softmax(z, -1), {}),
    "SoftmaxHead flat": (lambda z: F.softmax(z / 3, -1), {"temperature": 3.0}),
    "GenerationHead": (lambda z: z, {"temperature": 0.5, "top_k": 2}),
}


def features(*shape):
    return Tensor(np.random.default_rng(1).standard_normal(shape, np.float32))


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5), (0, 5)])
def test_heads_are_a_linear_layer_and_a_function(name, shape):
    function, kw = HEADS[name]
    head, x = getattr(nn, name.split()[0])(5, 4, **kw), features(*shape)
    out = head(x)
    assert out.shape == (*shape[:-1], 4) and out.dtype == np.float32
    expected = function(x @ head.linear.weight.T + head.linear.bias)
    np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)
    assert {k: v.shape for k, v in head.state_dict().items()} == {"linear.weight": (4, 5), "linear.bias": (4,)}
    if shape != (0, 5):
        (out * out).sum().backward()
        assert head.linear.weight.grad.shape == (4, 5)


def test_gaussian_head():
    head = nn.GaussianHead(5, 3)
    mean, log_variance = head(features(2, 5))
    assert mean.shape == log_variance.shape == (2, 3)
    both = head.linear(features(2, 5)).detach().numpy()
    np.testing.assert_array_equal(np.concatenate([mean.detach().numpy(), log_variance.detach().numpy()], 1), both)


def test_ranges():
    x = 1000 * features(50, 5)
    assert (nn.PositiveHead(5, 4)(x) >= 0).all() and (nn.PositiveHead(5, 4, "relu")(x) >= 0).all()
    assert (np.abs(nn.TanhHead(5, 4)(x).detach().numpy()) <= 1).all()
    np.testing.assert_allclose(nn.SoftmaxHead(5, 4)(x).detach().numpy().sum(-1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", sorted({name.split()[0] for name in HEADS} | {"GaussianHead"}))
def test_arguments_that_all_heads_take(name):
    kind = getattr(nn, name)
    assert list(inspect.signature(kind).parameters)[:2] == ["in_features", "out_features"]
    assert list(inspect.signature(kind).parameters)[-3:] == ["bias", "device", "dtype"]
    head = kind(5, 4, bias=False, dtype=np.float64)
    assert head.linear.bias is None and head.linear.weight.dtype == np.float64
    assert (head.in_features, head.out_features) == (5, 4)
    with pytest.raises(ValueError, match=f"{name}: out_features"):
        kind(5, 0)
    with pytest.raises(TypeError, match=f"{name}: in_features"):
        kind("5", 2)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"transform.*'exp'"):
        nn.PositiveHead(2, 1, transform="exp")
    with pytest.raises(ValueError, match="SoftmaxHead: a temperature"):
        nn.SoftmaxHead(2, 1, temperature=0)
    with pytest.raises(ValueError, match="GenerationHead: top_k"):
        nn.GenerationHead(2, 3, top_k=0)
    with pytest.raises(ValueError, match="GenerationHead: top_p"):
        nn.GenerationHead(2, 3, top_p=1.5)
    with pytest.raises(ValueError, match="GenerationHead: a temperature"):
        nn.GenerationHead(2, 3, temperature=-1)


def test_reprs():
    assert "transform='relu'" in repr(nn.PositiveHead(2, 1, "relu"))
    assert "temperature=0.5, top_k=3" in repr(nn.GenerationHead(2, 5, 0.5, top_k=3))
    assert "temperature=2.0" in repr(nn.SoftmaxHead(2, 5, 2.0))


def test_gaussian_head_learns_mean_and_variance():
    """Two groups with means -1 and 2 and standard deviations 0.5 and 2; the optimum is the sample's own."""
    generator = np.random.default_rng(0)
    groups = np.repeat([0, 1], 500)
    x = Tensor(np.eye(2, dtype=np.float32)[groups])
    y = Tensor(
        (np.array([-1.0, 2.0])[groups] + np.array([0.5, 2.0])[groups] * generator.standard_normal(1000))[:, None]
    )
    mg.manual_seed(0)
    head = nn.GaussianHead(2, 1, bias=False, dtype=np.float64)
    optimizer = mg.optim.Adam(head.parameters(), lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        mean, s = head(x.astype(np.float64))
        (0.5 * (s + (y - mean) ** 2 * np.exp(-s))).mean().backward()
        optimizer.step()
    mean, s = head(Tensor(np.eye(2)))
    samples = y.numpy().reshape(2, 500)
    np.testing.assert_allclose(mean.detach().numpy()[:, 0], samples.mean(1), atol=0.01)
    np.testing.assert_allclose(np.exp(s.detach().numpy())[:, 0], samples.var(1), rtol=0.02)


def test_generation_head_draws_as_the_function_does():
    head = nn.GenerationHead(5, 7, temperature=0.7, top_k=4, top_p=0.9)
    x = features(20, 5)
    drawn = head.sample(x, generator=np.random.default_rng(3))
    expected = F.sample(head(x), 0.7, 4, 0.9, generator=np.random.default_rng(3))
    np.testing.assert_array_equal(drawn.numpy(), expected.numpy())
    assert drawn.shape == (20,) and drawn.dtype == np.int64 and not drawn.requires_grad


def test_generation_head_can_share_its_weight_with_an_embedding():
    embedding, head = nn.Parameter(np.ones((7, 5), np.float32)), nn.GenerationHead(5, 7, bias=False)
    head.linear.weight = embedding
    head(features(2, 5)).sum().backward()
    assert embedding.grad.shape == (7, 5)
