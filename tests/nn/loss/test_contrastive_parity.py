"""Losses of pairs among others, against what a PyTorch user composes: values and gradients up to second order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minigrad import nn
from minigrad.nn import functional as F
from tests.parity import DTYPES, compare, random, torch

torch.set_num_threads(1)
TF = torch.nn.functional

REDUCTIONS = ("mean", "sum", "none")


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


@DTYPES
@pytest.mark.parametrize("shape", [(6, 3), (3,), (2, 3, 4)])
def test_contrastive(shape, dtype):
    same = (random(shape[:-1], seed=5) > 0).astype(np.int64)
    for margin, reduction in itertools.product((1.0, 3.0, 0.0), REDUCTIONS):

        def theirs(x, y, margin=margin, reduction=reduction):
            d, t = (x - y).norm(dim=-1), torch.tensor(same)
            return reduced(0.5 * t * d**2 + 0.5 * (1 - t) * (margin - d).clamp(min=0) ** 2, reduction)

        compare(
            lambda x, y, m=margin, r=reduction: F.contrastive_loss(x, y, same, m, r),
            theirs,
            random(shape, dtype, seed=1),
            random(shape, dtype, seed=2),
        )


@DTYPES
@pytest.mark.parametrize("negatives", [None, (4, 3), (5, 4, 3), (1, 3), (5, 1, 3)])
def test_info_nce(negatives, dtype):
    arrays = [random((5, 3), dtype, seed=i) for i in (1, 2)]
    if negatives is not None:
        arrays.append(random(negatives, dtype, seed=3))
    for temperature, normalize, reduction in itertools.product((0.1, 1.0), (True, False), REDUCTIONS):

        def theirs(q, p, n=None, t=temperature, normalize=normalize, reduction=reduction):
            q, p, n = (TF.normalize(v, dim=-1) if normalize and v is not None else v for v in (q, p, n))
            if n is None:
                return TF.cross_entropy(q @ p.T / t, torch.arange(5), reduction=reduction)
            others = q @ n.T if n.ndim == 2 else torch.einsum("nd,nmd->nm", q, n)
            scores = torch.cat([(q * p).sum(-1, keepdim=True), others], 1) / t
            return TF.cross_entropy(scores, torch.zeros(5, dtype=torch.int64), reduction=reduction)

        compare(
            lambda *a, t=temperature, n=normalize, r=reduction: F.info_nce_loss(
                *a, temperature=t, normalize=n, reduction=r
            ),
            theirs,
            *arrays,
        )


@DTYPES
def test_nt_xent(dtype):
    for temperature, reduction in itertools.product((0.5, 0.1), REDUCTIONS):

        def theirs(a, b, t=temperature, reduction=reduction):
            z = TF.normalize(torch.cat([a, b]), dim=1)
            scores = (z @ z.T / t).masked_fill(torch.eye(8, dtype=torch.bool), -torch.inf)
            labels = torch.cat([torch.arange(4) + 4, torch.arange(4)])
            return TF.cross_entropy(scores, labels, reduction=reduction)

        compare(
            lambda a, b, t=temperature, r=reduction: F.nt_xent_loss(a, b, t, r),
            theirs,
            random((4, 3), dtype, seed=1),
            random((4, 3), dtype, seed=2),
        )


@DTYPES
def test_image_and_text(dtype):
    arrays = [random((4, 3), dtype, seed=i) for i in (1, 2)]
    rows = torch.arange(4)
    for reduction in REDUCTIONS:
        for normalize in (True, False):

            def theirs(a, b, t, normalize=normalize, reduction=reduction):
                a, b = (TF.normalize(v, dim=1) if normalize else v for v in (a, b))
                return TF.cross_entropy(a @ b.T / t, rows, reduction=reduction)

            compare(
                lambda a, b, t, n=normalize, r=reduction: F.image_text_loss(a, b, t, n, r),
                theirs,
                *arrays,
                np.array(0.3, dtype),  # a temperature that is learned
            )

        def symmetric(a, b, s, reduction=reduction):
            scores = s * TF.normalize(a, dim=1) @ TF.normalize(b, dim=1).T
            both = [TF.cross_entropy(x, rows, reduction=reduction) for x in (scores, scores.T)]
            return (both[0] + both[1]) / 2

        for scale in (np.array(5.0, dtype), np.array([5.0], dtype)):
            compare(lambda a, b, s, r=reduction: F.clip_loss(a, b, s, r), symmetric, *arrays, scale)


@DTYPES
def test_modules(dtype):
    x, y, n = (random(shape, dtype, seed=4) for shape in ((4, 3), (4, 3), (2, 3)))
    y = y[::-1].copy()
    compare(nn.InfoNCELoss(0.3, False, "sum"), lambda *a: TF.cross_entropy(
        torch.cat([(a[0] * a[1]).sum(1, keepdim=True), a[0] @ a[2].T], 1) / 0.3, torch.zeros(4).long(), reduction="sum"
    ), x, y, n)  # fmt: skip
    module = nn.CLIPLoss()
    assert [name for name, _ in module.named_parameters()] == ["logit_scale"]
    assert module.logit_scale.item() == pytest.approx(np.log(1 / 0.07))

    def theirs(a, b):
        scores = TF.normalize(a, dim=1) @ TF.normalize(b, dim=1).T / 0.07
        return (TF.cross_entropy(scores, torch.arange(4)) + TF.cross_entropy(scores.T, torch.arange(4))) / 2

    module = module.to(dtype) if dtype == "float32" else module.double()
    module.logit_scale.data.fill_(np.log(1 / 0.07))
    compare(module, theirs, x, y)
