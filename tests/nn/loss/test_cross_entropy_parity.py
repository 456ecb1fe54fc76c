"""The losses with every combination of their arguments, against PyTorch: values and gradients up to second order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minigrad import Tensor, nn
from minigrad.nn import functional as F
from tests.parity import compare, random, torch

torch.set_num_threads(1)  # its idle threads spin, which makes tiny operations slow where cores are busy

C = 4
SHAPES = {"(C)": (C,), "(N, C)": (5, C), "(N, C, d)": (3, C, 2), "(N, C, d, e)": (2, C, 3, 2)}
WEIGHTS = {"unweighted": None, "weighted": np.array([0.5, 2.0, 0.0, 1.25])}
REDUCTIONS = ("mean", "sum", "none")
SMOOTHING = (0.0, 0.1, 1.0)
ALL = pytest.mark.parametrize("rank", SHAPES)
WEIGHTED = pytest.mark.parametrize("weight", WEIGHTS)


def labels_for(shape: tuple[int, ...], ignore_index: int) -> np.ndarray:
    """Labels of all classes, and among several some that are ignored."""
    places = shape[:1] + shape[2:] if len(shape) > 1 else ()
    labels = np.random.default_rng(len(shape)).integers(0, C, places)
    labels.reshape(-1)[0] = 3
    if labels.size > 1 and ignore_index != -100:
        labels.reshape(-1)[[1, -1]] = ignore_index
    return labels


@ALL
@WEIGHTED
@pytest.mark.parametrize("ignore_index", [-100, -1, 1, 255])
def test_labels(rank, weight, ignore_index):
    shape, weight = SHAPES[rank], WEIGHTS[weight]
    labels = labels_for(shape, ignore_index)
    for reduction, smoothing in itertools.product(REDUCTIONS, SMOOTHING):
        options = {"ignore_index": ignore_index, "reduction": reduction, "label_smoothing": smoothing}

        def ours(x, options=options):
            return F.cross_entropy(x, labels, weight, **options)

        def theirs(x, options=options):
            w = None if weight is None else torch.tensor(weight)
            return torch.nn.functional.cross_entropy(x, torch.tensor(labels), w, **options)

        compare(ours, theirs, random(shape))


@ALL
@WEIGHTED
def test_probabilities(rank, weight):
    shape, weight = SHAPES[rank], WEIGHTS[weight]
    target = random(shape, low=0.0, high=1.0, seed=1)
    target[(0,) * len(shape)] = 0.0
    for reduction, smoothing in itertools.product(REDUCTIONS, SMOOTHING):
        options = {"reduction": reduction, "label_smoothing": smoothing}

        def ours(x, t, options=options):
            return F.cross_entropy(x, t, weight, **options)

        def theirs(x, t, options=options):
            w = None if weight is None else torch.tensor(weight)
            return torch.nn.functional.cross_entropy(x, t, w, **options)

        compare(ours, theirs, random(shape), target)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_mse(dtype, reduction, shape):
    compare(
        lambda x, y: F.mse_loss(x, y, reduction=reduction),
        lambda x, y: torch.nn.functional.mse_loss(x, y, reduction=reduction),
        random(shape, dtype),
        random(shape, dtype, seed=1),
    )


@pytest.mark.parametrize("smoothing", SMOOTHING)
@pytest.mark.parametrize("weight", [None, np.array([0.5, 2.0, 1.0, 1.25], np.float32)])
def test_single_precision(smoothing, weight):
    labels = labels_for((5, C), -100)
    compare(
        lambda x: F.cross_entropy(x, labels, weight, label_smoothing=smoothing),
        lambda x: torch.nn.functional.cross_entropy(
            x, torch.tensor(labels), None if weight is None else torch.tensor(weight), label_smoothing=smoothing
        ),
        random((5, C), "float32"),
    )


def test_large_logits():
    logits, labels = np.array([[1000.0, 0.0], [0.0, 1.0]]), np.array([0, 1])
    for reduction in REDUCTIONS:
        compare(
            lambda x, r=reduction: F.cross_entropy(x, labels, reduction=r),
            lambda x, r=reduction: torch.nn.functional.cross_entropy(x, torch.tensor(labels), reduction=r),
            logits,
        )


def test_modules():
    weight, labels = np.array([0.5, 2.0, 0.0, 1.25]), labels_for((5, C), 2)
    ours = nn.CrossEntropyLoss(weight, ignore_index=2, reduction="sum", label_smoothing=0.2)
    theirs = torch.nn.CrossEntropyLoss(torch.tensor(weight), ignore_index=2, reduction="sum", label_smoothing=0.2)
    compare(lambda x: ours(x, labels), lambda x: theirs(x, torch.tensor(labels)), random((5, C)))
    assert list(ours.state_dict()) == list(theirs.state_dict()) == ["weight"]
    ours.load_state_dict({"weight": 2 * weight})
    assert ours(Tensor(random((5, C))), labels).item() == pytest.approx(
        2 * theirs(torch.tensor(random((5, C))), torch.tensor(labels)).item()
    )
    compare(nn.MSELoss(reduction="none"), torch.nn.MSELoss(reduction="none"), random((3,)), random((3,), seed=1))
