"""Divergences against PyTorch, and where it has none against what its users compose."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

from minigrad import Tensor, nn
from minigrad.nn import functional as F
from tests.parity import DTYPES, compare, random, torch

torch.set_num_threads(1)
TF = torch.nn.functional

REDUCTIONS = ("mean", "sum", "none", "batchmean")
IGNORING_THE_MEAN = pytest.mark.filterwarnings("ignore:.*reduction.*mean")


def rows(shape, dtype="float64", seed=0):
    x = random(shape, dtype, 0.1, 1.0, seed=seed)
    return (x / x.sum(-1, keepdims=True)).astype(dtype)


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


@IGNORING_THE_MEAN
@DTYPES
@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 3, 4), (1, 1), ()])
def test_kl_div(shape, dtype):
    log_q, p = random(shape, dtype, -3.0, -0.1, seed=1), random(shape, dtype, 0.1, 1.0, seed=2)
    for reduction, log_target in itertools.product(REDUCTIONS, (False, True)):
        compare(
            lambda x, t, r=reduction, log=log_target: F.kl_div(x, t, reduction=r, log_target=log),
            lambda x, t, r=reduction, log=log_target: TF.kl_div(x, t, reduction=r, log_target=log),
            log_q,
            np.log(p) if log_target else p,
        )


@IGNORING_THE_MEAN
def test_kl_div_of_empty_batches_and_old_words():
    for reduction in ("sum", "none"):
        compare(
            lambda x, t, r=reduction: F.kl_div(x, t, reduction=r),
            lambda x, t, r=reduction: TF.kl_div(x, t, reduction=r),
            np.zeros((0, 3)),
            np.zeros((0, 3)),
        )
    for words in ((True, None), (False, None), (None, False), (True, True)):
        with pytest.warns(UserWarning):
            compare(
                lambda x, t, w=words: F.kl_div(x, t, *w),
                lambda x, t, w=words: TF.kl_div(x, t, *w),
                -rows((2, 3)),
                rows((2, 3), seed=1),
            )


@IGNORING_THE_MEAN
def test_kl_div_module():
    for reduction, log_target in itertools.product(REDUCTIONS, (False, True)):
        ours, theirs = (
            module(reduction=reduction, log_target=log_target) for module in (nn.KLDivLoss, torch.nn.KLDivLoss)
        )
        compare(ours, theirs, np.log(rows((4, 3))), np.log(rows((4, 3), seed=1)) if log_target else rows((4, 3)))


@IGNORING_THE_MEAN
def test_targets_of_0():
    """The values are PyTorch's; its slope by such a target is NaN."""
    log_q = Tensor(np.log(rows((2, 3))), requires_grad=True)
    p = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    x, t = torch.tensor(log_q.numpy(force=True)), torch.tensor(p, requires_grad=True)
    theirs = TF.kl_div(x, t, reduction="none")
    target = Tensor(p, requires_grad=True)
    ours = F.kl_div(log_q, target, reduction="none")
    np.testing.assert_allclose(ours.numpy(force=True), theirs.detach().numpy(), rtol=1e-12)
    theirs.sum().backward()
    ours.sum().backward()
    there = p > 0
    assert np.isnan(t.grad.numpy()[~there]).all()
    assert not target.grad.numpy()[~there].any()
    np.testing.assert_allclose(target.grad.numpy()[there], t.grad.numpy()[there], rtol=1e-12)


@DTYPES
@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 3, 4), (1, 1)])
def test_of_probabilities(shape, dtype):
    p, q = rows(shape, dtype, seed=1), rows(shape, dtype, seed=2)
    for reduction in REDUCTIONS[:3]:
        for ours, theirs in (
            (F.kl_divergence, lambda p, q: (p * (p / q).log()).sum(-1)),
            (F.soft_cross_entropy, lambda p, q: -(p * q.log()).sum(-1)),
            (
                F.js_divergence,
                lambda p, q: ((p * (2 * p / (p + q)).log()).sum(-1) + (q * (2 * q / (p + q)).log()).sum(-1)) / 2,
            ),
        ):
            compare(
                lambda p, q, f=ours, r=reduction: f(p, q, r),
                lambda p, q, f=theirs, r=reduction: reduced(f(p, q), r),
                p,
                q,
            )
    compare(F.entropy, lambda p: -(p * p.log()).sum(-1), p)


@DTYPES
@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 3, 4), (1, 1)])
def test_gaussians(shape, dtype):
    m1, v1, m2, v2 = (random(shape, dtype, seed=i) for i in range(4))

    def theirs(m1, v1, m2, v2):
        first, second = (torch.distributions.Normal(m, (v / 2).exp()) for m, v in ((m1, v1), (m2, v2)))
        return torch.distributions.kl_divergence(first, second).sum(-1)

    for reduction in REDUCTIONS[:3]:
        compare(
            lambda *a, r=reduction: F.normal_kl_between(*a, r),
            lambda *a, r=reduction: reduced(theirs(*a), r),
            m1,
            v1,
            m2,
            v2,
        )
        compare(
            lambda m, v, r=reduction: F.normal_kl(m, v, r),
            lambda m, v, r=reduction: reduced(-0.5 * (1 + v - m**2 - v.exp()).sum(-1), r),
            m1,
            v1,
        )


def test_modules():
    p, q = rows((4, 3), seed=1), rows((4, 3), seed=2)
    for module, function in (
        (nn.KLDivergenceLoss, F.kl_divergence), (nn.SoftCrossEntropyLoss, F.soft_cross_entropy),
        (nn.JSDivergenceLoss, F.js_divergence), (nn.NormalKLLoss, F.normal_kl),
    ):  # fmt: skip
        for reduction in REDUCTIONS[:3]:
            assert module(reduction)(p, q).tolist() == function(p, q, reduction).tolist()
        with pytest.raises(ValueError, match="got 'batchmean'"):
            module("batchmean")


def test_who_warns():
    """Of the mean over elements PyTorch warns, too; of probabilities where logarithms belong it does not."""
    x, t = Tensor(np.log(rows((2, 3)))), rows((2, 3))
    with pytest.warns(UserWarning, match="the divergence itself"):
        F.kl_div(x, t)
    with pytest.warns(UserWarning, match="should hold their logarithms"):
        F.kl_div(x.exp(), t, reduction="sum")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.kl_div(x, t, reduction="batchmean")
