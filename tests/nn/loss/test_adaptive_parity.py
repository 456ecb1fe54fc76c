"""AdaptiveLogSoftmaxWithLoss against PyTorch: state, output, loss, gradients, log_prob and predict."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from minigrad import Tensor, autograd, nn
from tests.module_parity import pair
from tests.parity import random, torch

torch.set_num_threads(1)

SHAPES = {"one cluster": (10, [3]), "three clusters": (12, [2, 5, 11]), "shortlist of one": (9, [1, 4]),
          "clusters of one": (4, [1, 2, 3])}  # fmt: skip
LABELS = {
    "all over": lambda n: np.arange(14) % n,
    "frequent only": lambda n: np.zeros(5, int),
    "rare only": lambda n: np.full(3, n - 1),
    "one": lambda n: np.array([n - 1]),
}


@pytest.mark.parametrize("method", ["__init__", "forward", "log_prob", "predict"])
def test_signatures(method):
    mine, theirs = [
        inspect.signature(getattr(lib.AdaptiveLogSoftmaxWithLoss, method)).parameters for lib in (nn, torch.nn)
    ]
    assert [(p.name, p.default) for p in mine.values()] == [(p.name, p.default) for p in theirs.values()]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("head_bias", [False, True])
def test_output_loss_and_gradients(shape, labels, head_bias):
    classes, cutoffs = SHAPES[shape]
    target = LABELS[labels](classes)
    ours, theirs = pair("AdaptiveLogSoftmaxWithLoss", 8, classes, cutoffs, div_value=1.5, head_bias=head_bias)
    x = random((target.size, 8))
    mine, expected = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    found, right = ours(mine, target), theirs(expected, torch.tensor(target))
    assert found._fields == right._fields and repr(ours) == repr(theirs)
    for a, b in zip(found, right, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12)
    (found.loss + (found.output * found.output).sum()).backward()
    (right.loss + (right.output * right.output).sum()).backward()
    np.testing.assert_allclose(mine.grad.numpy(), expected.grad.numpy(), rtol=1e-10, atol=1e-13)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        none = np.zeros(p.shape)  # a cluster without samples
        np.testing.assert_allclose(none if p.grad is None else p.grad.numpy(),
                                   none if q.grad is None else q.grad.numpy(), rtol=1e-10, atol=1e-13)  # fmt: skip
    np.testing.assert_allclose(ours.log_prob(x).detach().numpy(), theirs.log_prob(expected).detach().numpy())
    np.testing.assert_array_equal(ours.predict(10 * x).numpy(), theirs.predict(10 * expected).numpy())


def test_an_input_alone():
    ours, theirs = pair("AdaptiveLogSoftmaxWithLoss", 8, 12, [2, 5], div_value=2.0)
    x = random((8,))
    for label in (1, 3, 11):
        found, right = ours(x, label), theirs(torch.tensor(x), torch.tensor(label))
        assert found.output.shape == () and found.loss.item() == pytest.approx(right.loss.item(), rel=1e-12)
    assert ours.predict(x).shape == () and ours.log_prob(x).shape == (12,)


def test_probabilities_sum_to_one_and_hold_the_output():
    ours, _ = pair("AdaptiveLogSoftmaxWithLoss", 8, 12, [2, 5, 9], div_value=1.5)
    x, target = random((20, 8)), np.arange(20) % 12
    log_prob = ours.log_prob(x)
    np.testing.assert_allclose(log_prob.exp().sum(1).detach().numpy(), 1)
    np.testing.assert_allclose(ours(x, target).output.detach().numpy(), log_prob.detach().numpy()[range(20), target])
    np.testing.assert_array_equal(ours.predict(x).numpy(), log_prob.argmax(1).numpy())


def test_second_derivatives_and_precision():
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 12, [2, 5], div_value=2.0)
    for dtype in (np.float32, np.float16):
        model = layer.to(dtype)
        x = Tensor(random((6, 8)).astype(dtype), requires_grad=True)
        output, loss = model(x, [0, 2, 11, 4, 1, 7])
        assert output.dtype == loss.dtype == dtype
        (first,) = autograd.grad(loss, x, create_graph=True)
        (second,) = autograd.grad((first * first).sum(), x)
        assert second.dtype == dtype and second.numpy().any()


@pytest.mark.parametrize("cutoffs", [[], [0, 3], [3, 2], [3, 3], [12], [2.5], [-1], 12, ["a"]])
def test_cutoffs(cutoffs):
    with pytest.raises(
        ValueError, match=r"cutoffs are integers that rise from at least 1 to at most n_classes - 1 = 11"
    ):
        nn.AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs)


def test_bad_input():
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 12, [2, 5], div_value=2.0)
    x = np.zeros((3, 8), np.float32)
    for arguments, kind, message in [
        (
            (x, [0, 12, 1]),
            IndexError,
            r"label 12 at target\[1\] is no class; with 12 classes, labels go from 0 to 11\n",
        ),
        ((x, [0, -100, 1]), IndexError, r"label -100 at target\[1\]"),
        ((x, [0, 1]), ValueError, r"input \(3, 12\) needs labels of shape \(3,\), got a target of shape \(2,\)"),
        ((x, [0.0, 1.0, 1.0]), TypeError, r"labels must be integers"),
        ((x[None], [[0, 1, 1]]), ValueError, r"the input has shape \(N, 8\), got \(1, 3, 8\)"),
        ((x[:0], np.zeros(0, int)), ValueError, r"mean over an empty batch, input shape \(0, 8\); skip it\n"),
    ]:
        with pytest.raises(kind, match="^AdaptiveLogSoftmaxWithLoss: .*" + message):
            layer(*arguments)
    with pytest.raises(ValueError, match=r"cluster 2 would have rank 8 / 4.0\*\*2, which is below 1"):
        nn.AdaptiveLogSoftmaxWithLoss(8, 12, [2, 5])
    for value in (0, -2.0, np.nan):
        with pytest.raises(ValueError, match=r"^AdaptiveLogSoftmaxWithLoss: div_value must be above 0, got"):
            nn.AdaptiveLogSoftmaxWithLoss(8, 12, [2], div_value=value)
