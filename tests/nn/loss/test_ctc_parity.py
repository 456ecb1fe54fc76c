"""CTC against PyTorch, through log_softmax: its own gradient by log_probs is right only together with that one's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.nn import functional as F
from tests.parity import compare, random, torch

torch.set_num_threads(1)

REDUCTIONS = ("mean", "sum", "none")


def case(seed, times=9, samples=5, classes=4, longest=4, blank=0):
    """Random targets, some of them empty, some with neighbours that are equal, some that do not fit."""
    rng = np.random.default_rng(seed)
    labels = np.array([c for c in range(classes) if c != blank])
    targets = labels[rng.integers(0, classes - 1, (samples, longest))]
    targets[1] = labels[0]
    lengths = rng.integers(0, longest + 1, samples)
    lengths[:2] = 0, longest
    inputs = rng.integers(2 * longest - 1, times + 1, samples)
    return targets, inputs, lengths


def both(targets, inputs, lengths, flat=False, **options):
    if flat:
        targets = np.concatenate([row[:n] for row, n in zip(targets, lengths, strict=True)])

    def ours(x):
        return F.ctc_loss(F.log_softmax(x, dim=-1), targets, inputs, lengths, **options)

    def theirs(x):
        arguments = [torch.tensor(a) for a in (targets, inputs, lengths)]
        return torch.nn.functional.ctc_loss(x.log_softmax(-1), *arguments, **options)

    return ours, theirs


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("blank", [0, 2, 3])
@pytest.mark.parametrize("flat", [False, True])
def test_batches(dtype, blank, flat):
    for seed, reduction, zero in itertools.product(range(3), REDUCTIONS, (False, True)):
        ours, theirs = both(*case(seed, blank=blank), flat, blank=blank, reduction=reduction, zero_infinity=zero)
        compare(ours, theirs, random((9, 5, 4), dtype, seed=seed), order=1)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_without_a_batch(reduction):
    ours, theirs = both(np.array([1, 2, 2]), np.array(6), np.array(3), reduction=reduction)
    compare(ours, theirs, random((7, 4)), order=1)
    ours, theirs = both(np.array([[1, 2, 2]]), np.array([6]), np.array([3]), reduction=reduction)
    compare(ours, theirs, random((7, 4)), order=1)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_targets_that_do_not_fit(reduction):
    """The values always, the gradients where infinite losses count as 0."""
    targets, inputs, lengths = np.array([[1, 1, 1], [1, 2, 3], [2, 2, 1]]), np.array([4, 3, 5]), np.array([3, 3, 3])
    ours, theirs = both(targets, inputs, lengths, reduction=reduction)
    compare(ours, theirs, random((5, 3, 4)), order=0)
    ours, theirs = both(targets, inputs, lengths, reduction=reduction, zero_infinity=True)
    compare(ours, theirs, random((5, 3, 4)), order=1)


def test_no_input_at_all():
    ours, theirs = both(np.array([[1, 1], [1, 2]]), np.array([0, 3]), np.array([0, 2]), reduction="none")
    compare(ours, theirs, random((3, 2, 4)), order=1)


def test_long_sequences():
    rng = np.random.default_rng(3)
    ours, theirs = both(rng.integers(1, 12, (3, 60)), np.array([700, 650, 500]), np.array([60, 40, 0]))
    compare(ours, theirs, random((700, 3, 12)), order=1)


def test_pytorch_adds_the_probabilities_to_the_gradient_by_log_probs():
    """Its derivative is not that of its value: by as much as the loss changes with the sum of the probabilities."""
    values = np.log(np.full((3, 1, 2), 0.4))
    ours, theirs = Tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    F.ctc_loss(ours, [[1]], [3], [1], reduction="sum").backward()
    torch.nn.functional.ctc_loss(theirs, torch.tensor([[1]]), (3,), (1,), reduction="sum").backward()
    np.testing.assert_allclose(ours.grad.numpy() + np.exp(values), theirs.grad.numpy(), rtol=1e-12)
