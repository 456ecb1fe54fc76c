from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, autograd, nn
from minigrad.nn import functional as F

FUNCTIONS = {
    "Dropout": F.dropout,
    "Dropout1d": F.dropout1d,
    "Dropout2d": F.dropout2d,
    "Dropout3d": F.dropout3d,
    "AlphaDropout": F.alpha_dropout,
    "FeatureAlphaDropout": F.feature_alpha_dropout,
}
SHAPES = {"Dropout1d": (40, 30, 5), "Dropout2d": (40, 30, 3, 2), "Dropout3d": (40, 30, 2, 2, 2)}


def draw(name, p, seed=0, **options):
    minigrad.manual_seed(seed)
    x = Tensor(np.ones(SHAPES.get(name, (300, 200)), np.float32), requires_grad=True)
    return x, FUNCTIONS[name](x, p, training=True, **options)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("name", ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d"])
def test_expectation_variance_and_values(name, p):
    _, out = draw(name, p)
    values = out.detach().numpy()
    assert values.dtype == np.float32
    assert set(np.unique(values)) == {np.float32(0), np.float32(1 / (1 - p))}
    if name != "Dropout":  # whole channels
        assert (values.reshape(*values.shape[:2], -1).std(-1) == 0).all()
        values = values.reshape(*values.shape[:2], -1)[..., 0]
    n = values.size
    assert abs(values.mean() - 1) < 5 * math.sqrt(p / (1 - p) / n)
    assert abs((values == 0).mean() - p) < 5 * math.sqrt(p * (1 - p) / n)
    error = 5 * abs(1 - 2 * p) / math.sqrt(p * (1 - p) * n) + 25 / n + 1e-5  # five standard errors, to second order
    assert values.var() == pytest.approx(p / (1 - p), rel=error)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_mask_serves_forward_and_backward(name):
    x, out = draw(name, 0.4)
    (first,) = autograd.grad((out * out).sum(), x, create_graph=True)
    if "Alpha" not in name:
        np.testing.assert_array_equal(first.detach().numpy(), 2 * out.detach().numpy() ** 2)  # x is 1
    slope = autograd.grad(out.sum(), x, retain_graph=True)[0].numpy()
    np.testing.assert_allclose(autograd.grad(first.sum(), x)[0].numpy(), 2 * slope**2, rtol=1e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_seeds(name):
    one, same, other = (draw(name, 0.5, seed)[1].detach().numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_one_seed_drops_the_same_in_every_dtype():
    masks = []
    for dtype in (np.float32, np.float64, np.float16):
        minigrad.manual_seed(3)
        out = F.dropout(Tensor(np.ones((50, 40)), dtype=dtype), 0.3)
        assert out.dtype == dtype
        masks.append(out.numpy() == 0)
    assert (masks[0] == masks[1]).all() and (masks[0] == masks[2]).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_ends_are_exact(name):
    x, out = draw(name, 0)
    assert out is x
    x, out = draw(name, 1)
    assert not out.detach().numpy().any()
    out.sum().backward()
    assert not x.grad.numpy().any()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_evaluation_returns_the_input_itself(name):
    x = Tensor(np.ones(SHAPES.get(name, (3, 4)), np.float32))
    module = getattr(nn, name)(0.5)
    before = minigrad.random.get_state()
    assert module.eval()(x) is x
    assert FUNCTIONS[name](x, 0.5, training=False) is x
    assert minigrad.random.get_state() == before
    assert module.train()(x) is not x


def test_in_place():
    minigrad.manual_seed(0)
    expected = F.dropout(Tensor(np.ones(100, np.float32))).numpy()
    minigrad.manual_seed(0)
    x = Tensor(np.ones(100, np.float32))
    assert nn.Dropout(inplace=True)(x) is x
    np.testing.assert_array_equal(x.numpy(), expected)
    leaf = Tensor(np.ones(100, np.float32), requires_grad=True)
    minigrad.manual_seed(0)
    h = leaf * 1.0
    F.dropout(h, inplace=True).sum().backward()
    np.testing.assert_array_equal(leaf.grad.numpy(), expected)


def test_recomputation_drops_the_same():
    minigrad.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(3, 50), nn.Dropout(0.5), nn.AlphaDropout(0.3), nn.RReLU(), nn.Dropout(0.2, inplace=True)
    )
    found = []
    for run in (lambda x: model(x), lambda x: autograd.checkpoint(model, x)):
        minigrad.manual_seed(1)
        x = Tensor(np.ones((4, 3), np.float32), requires_grad=True)
        out = run(x)
        after = minigrad.random.get_state()
        (out * out).sum().backward()
        assert minigrad.random.get_state() == after  # backward draws nothing of its own
        found.append((out.detach().numpy(), x.grad.numpy()))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("inplace", [False, True])
def test_alpha_dropout_keeps_mean_and_variance(p, inplace):
    minigrad.manual_seed(0)
    x = np.random.default_rng(0).standard_normal(400_000)
    y = F.alpha_dropout(Tensor(x), p, training=True, inplace=inplace).numpy()
    assert abs(y.mean()) < 5 / math.sqrt(x.size)
    assert abs(y.var() - 1) < 5 * math.sqrt(4 / x.size)
    _, counts = np.unique(y, return_counts=True)
    assert abs(counts.max() - p * x.size) < 5 * math.sqrt(
        p * (1 - p) * x.size
    )  # all dropped values are one and the same


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: nn.Dropout(1.5), ValueError, "^Dropout: p, .* between 0 and 1, got 1.5"),
        (lambda: F.dropout(Tensor([1.0]), -0.1), ValueError, "^dropout: p, .* got -0.1"),
        (lambda: F.dropout(Tensor([1.0]), math.nan), ValueError, "got nan"),
        (lambda: nn.Dropout(None), TypeError, "^Dropout: p must be a number, got None"),
        (lambda: F.dropout(Tensor([1.0]), "0.5"), TypeError, "^dropout: p must be a number, got '0.5'"),
        (lambda: F.dropout(Tensor([1])), TypeError, "floating-point, got int64"),
        (lambda: nn.Dropout1d()(np.ones(3)), ValueError, r"\(N, C, L\) or \(C, L\), got \(3,\)"),
        (lambda: nn.Dropout2d()(np.ones((3, 2))), ValueError, r"dropout2d takes an input of shape"),
        (lambda: nn.Dropout3d()(np.ones((3, 2, 2))), ValueError, r"dropout3d takes an input of shape"),
        (lambda: F.feature_alpha_dropout(np.ones(3), training=True), ValueError, r"\(N, C, ...\)"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_shapes_of_channel_masks():
    minigrad.manual_seed(0)
    for function, shape in [(F.dropout1d, (50, 3)), (F.dropout2d, (20, 5, 3)), (F.dropout3d, (50, 2, 3, 2))]:
        out = function(Tensor(np.ones(shape)), 0.5).numpy()
        kept = 1 if function is not F.dropout2d else 2
        assert (out.reshape(*shape[:kept], -1).std(-1) == 0).all() and 0 < (out == 0).mean() < 1
    assert F.dropout(np.ones((0, 3)), 0.5).shape == (0, 3)
