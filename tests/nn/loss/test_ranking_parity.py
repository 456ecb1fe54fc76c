"""Losses of order against PyTorch: every combination of arguments, values and gradients up to second order."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from minigrad import Tensor, nn
from minigrad.nn import functional as F
from tests.parity import DTYPES, compare, our_derivatives, random, their_derivatives, torch

torch.set_num_threads(1)
TF = torch.nn.functional

REDUCTIONS = ("mean", "sum", "none")
OLD = [(None, None), (True, None), (False, True), (None, False)]


def signs(shape):
    target = np.sign(random(shape, seed=9))
    return np.where(target == 0, 1.0, target)


@DTYPES
@pytest.mark.parametrize("shape", [(), (5,), (3, 2), (1,), (0,)])
def test_margin_ranking(shape, dtype):
    x, y = random(shape, dtype, seed=1), random(shape, dtype, seed=2)
    for reduction, margin, one in itertools.product(REDUCTIONS, (0, 0.5, -0.5), (False, True)):
        if shape == (0,) and reduction == "mean":
            continue
        target = (np.ones(1 if len(shape) == 1 else shape) if one else signs(shape)).astype(dtype)
        if len(shape) == 2 and one:
            target = -np.ones((3, 2), dtype)
        compare(
            lambda x, y, t=target, m=margin, r=reduction: F.margin_ranking_loss(x, y, t, m, reduction=r),
            lambda x, y, t=target, m=margin, r=reduction: TF.margin_ranking_loss(x, y, torch.tensor(t), m, reduction=r),
            x,
            y,
        )


def test_at_the_kink_the_slope_is_pytorchs():
    x = random((3,), seed=1)
    compare(
        lambda x, y: F.margin_ranking_loss(x, y, np.ones(3)),
        lambda x, y: TF.margin_ranking_loss(x, y, torch.ones(3)),
        x,
        x.copy(),
    )
    compare(
        lambda x: F.hinge_embedding_loss(x, -np.ones(2), 0.5),
        lambda x: TF.hinge_embedding_loss(x, -torch.ones(2), 0.5),
        np.array([0.5, 0.25]),
    )


@DTYPES
@pytest.mark.parametrize("shape", [(), (5,), (3, 2)])
def test_hinge_embedding(shape, dtype):
    target = signs(shape).astype(dtype)
    for reduction, margin in itertools.product(REDUCTIONS, (1.0, 0.25)):
        compare(
            lambda x, m=margin, r=reduction: F.hinge_embedding_loss(x, target, m, reduction=r),
            lambda x, m=margin, r=reduction: TF.hinge_embedding_loss(x, torch.tensor(target), m, reduction=r),
            random(shape, dtype, seed=1),
        )


@DTYPES
@pytest.mark.parametrize(("shape", "targets"), [((5, 3), (5,)), ((3,), ()), ((5, 3), (1,)), ((1, 2), (1,))])
def test_cosine_embedding(shape, targets, dtype):
    for sign, reduction, margin in itertools.product((1, -1), REDUCTIONS, (0, 0.3, -0.5)):
        target = (sign * signs(targets)).astype(dtype)
        compare(
            lambda x, y, t=target, m=margin, r=reduction: F.cosine_embedding_loss(x, y, t, m, reduction=r),
            lambda x, y, t=target, m=margin, r=reduction: TF.cosine_embedding_loss(
                x, y, torch.tensor(t), m, reduction=r
            ),
            random(shape, dtype, seed=1),
            random(shape, dtype, seed=2),
        )


def test_cosine_embedding_of_zero_vectors():
    """PyTorch's 1e-12 is one of single precision, which moves the slope by 2e-9."""
    for sign in (1.0, -1.0):
        x = np.zeros((2, 3)), random((2, 3))
        ours, theirs = (
            function(lambda x, y, f=f, t=t, s=sign: f.cosine_embedding_loss(x, y, t([s, s]), -0.5), x, 1)
            for function, f, t in ((our_derivatives, F, np.array), (their_derivatives, TF, torch.tensor))
        )
        for a, b in zip([*ours[0], *ours[1]], [*theirs[0], *theirs[1]], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8)


@DTYPES
@pytest.mark.parametrize("shape", [(5, 3), (3,), (2, 4, 3), (1, 1)])
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, 0.5, math.inf])
def test_triplets(shape, p, dtype):
    points = [random(shape, dtype, seed=i) for i in range(3)]
    order = 1 if dtype == "float32" or p == math.inf else 2
    for reduction, margin, eps, swap in itertools.product(REDUCTIONS, (1.0, 0.1), (1e-6, 0.1), (False, True)):
        options = {"margin": margin, "p": p, "eps": eps, "swap": swap, "reduction": reduction}
        compare(
            lambda *xs, o=options: F.triplet_margin_loss(*xs, **o),
            lambda *xs, o=options: TF.triplet_margin_loss(*xs, **o),
            *points,
            order=order,
        )


@DTYPES
def test_squared_triplets(dtype):
    """Against the composition, which PyTorch has no name for."""
    points = [random((6, 3), dtype, seed=i) for i in range(3)]
    for p, swap, reduction in itertools.product((1.0, 2.0, 3.0), (False, True), REDUCTIONS):

        def theirs(a, b, c, p=p, swap=swap, reduction=reduction):
            near, far, other = (torch.pairwise_distance(x, y, p) ** 2 for x, y in ((a, b), (a, c), (b, c)))
            losses = torch.clamp_min(0.5 + near - (torch.minimum(far, other) if swap else far), 0)
            return losses if reduction == "none" else getattr(losses, reduction)()

        compare(
            lambda a, b, c, p=p, swap=swap, reduction=reduction: F.triplet_margin_loss(
                a, b, c, 0.5, p, swap=swap, reduction=reduction, squared=True
            ),
            theirs,
            *points,
        )


@DTYPES
def test_triplets_with_a_distance(dtype):
    def cosine_distance(x, y):
        return 1 - (x * y).sum(-1) / ((x * x).sum(-1) * (y * y).sum(-1)) ** 0.5

    points = [random((5, 3), dtype, seed=i) for i in range(3)]
    for distance, swap, reduction in itertools.product((None, cosine_distance), (False, True), REDUCTIONS):
        options = {"distance_function": distance, "swap": swap, "reduction": reduction, "margin": 0.7}
        compare(
            lambda *xs, o=options: F.triplet_margin_with_distance_loss(*xs, **o),
            lambda *xs, o=options: TF.triplet_margin_with_distance_loss(*xs, **o),
            *points,
        )


def test_old_words():
    x, y, z = (random((4, 3), seed=i) for i in range(3))
    t = signs((4,))
    cases = [
        ("margin_ranking_loss", (x, y), (signs((4, 3)), 0.3)),
        ("hinge_embedding_loss", (x,), (signs((4, 3)), 0.3)),
        ("cosine_embedding_loss", (x, y), (t, 0.3)),
        ("triplet_margin_loss", (x, y, z), (0.5, 2.0, 1e-6, True)),
    ]
    for (name, arrays, rest), (size_average, reduce) in itertools.product(cases, OLD):
        with pytest.warns(UserWarning) if size_average is not None or reduce is not None else _quiet():
            compare(
                lambda *a, n=name, r=rest, s=size_average, e=reduce: getattr(F, n)(*a, *r, s, e),
                lambda *a, n=name, r=rest, s=size_average, e=reduce: getattr(TF, n)(
                    *a, *[torch.tensor(v) if isinstance(v, np.ndarray) else v for v in r], s, e
                ),
                *arrays,
            )


def _quiet():
    import contextlib

    return contextlib.nullcontext()


def test_modules():
    x, y, z = (random((4, 3), seed=i) for i in range(3))
    t = signs((4,))
    for arguments, inputs, targets in (
        (("MarginRankingLoss", 0.3), (x, y), (signs((4, 3)),)),
        (("HingeEmbeddingLoss", 0.3), (x,), (signs((4, 3)),)),
        (("CosineEmbeddingLoss", 0.3), (x, y), (t,)),
        (("TripletMarginLoss", 0.3, 3.0, 1e-3, True), (x, y, z), ()),
    ):
        name, *rest = arguments
        for reduction in REDUCTIONS:
            ours = getattr(nn, name)(*rest, reduction=reduction)
            theirs = getattr(torch.nn, name)(*rest, reduction=reduction)
            compare(
                lambda *a, m=ours, t=targets: m(*a, *t),
                lambda *a, m=theirs, t=targets: m(*a, *map(torch.tensor, t)),
                *inputs,
            )
    ours = nn.TripletMarginWithDistanceLoss(distance_function=nn.PairwiseDistance(3.0), margin=0.4, swap=True)
    theirs = torch.nn.TripletMarginWithDistanceLoss(
        distance_function=torch.nn.PairwiseDistance(3.0), margin=0.4, swap=True
    )
    compare(ours, theirs, x, y, z)
    assert repr(ours) == (
        "TripletMarginWithDistanceLoss(\n  margin=0.4, swap=True\n  (distance_function): PairwiseDistance()\n)"
    )
    assert type(nn.TripletMarginWithDistanceLoss().distance_function) is nn.PairwiseDistance


def test_pytorchs_cosine_overflows_and_ours_does_not():
    x = np.full((1, 3), 1e15, np.float32)
    assert TF.cosine_embedding_loss(torch.tensor(x), torch.tensor(x), torch.ones(1)).item() == 1  # the cosine is 0
    assert F.cosine_embedding_loss(Tensor(x), Tensor(x), [1.0]).item() == pytest.approx(0, abs=1e-6)
