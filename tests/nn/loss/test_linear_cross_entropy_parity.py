"""linear_cross_entropy with every combination of its arguments, against PyTorch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minigrad import nn
from minigrad.nn import functional as F
from tests.parity import compare, random, torch

torch.set_num_threads(1)

D, C = 3, 4
CASES = {"(D)": ((D,), (C, D)), "(N, D)": ((5, D), (C, D)), "(C, d, e)": ((3, D), (C, 2, 3, D))}


@pytest.mark.parametrize("rank", CASES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["labels", "ignored", "probabilities"])
def test_every_combination(rank, dtype, kind):
    shape, weights = CASES[rank]
    scores = (*shape[:-1], *weights[:-1])
    places = scores[:1] + scores[2:] if len(scores) > 1 else ()
    target = np.random.default_rng(0).integers(0, C, places)
    index = None
    if kind == "ignored":
        index = int(target.reshape(-1)[0]) if target.size > 1 else 99
    if kind == "probabilities":
        target = random(scores, dtype, 0.0, 1.0)
    own = random((C,), dtype, 0.5, 2.0)
    for reduction, smoothing, weighted, biased in itertools.product(
        ("mean", "sum", "none"), (0.0, 0.2), (False, True), (False, True)
    ):
        chosen = {"reduction": reduction, "label_smoothing": smoothing, "ignore_index": index}

        def ours(x, w, *b, chosen=chosen, weighted=weighted):
            weight = own if weighted else None
            return F.linear_cross_entropy(x, w, target, linear_bias=b[0] if b else None, weight=weight, **chosen)

        def theirs(x, w, *b, chosen=chosen, weighted=weighted):
            weight = torch.tensor(own) if weighted else None
            aim = torch.tensor(target)
            bias = b[0] if b else None
            return torch.nn.functional.linear_cross_entropy(x, w, aim, linear_bias=bias, weight=weight, **chosen)

        arrays = [random(shape, dtype), random(weights, dtype), *([random(weights[:-1], dtype)] if biased else [])]
        compare(ours, theirs, *arrays)


@pytest.mark.parametrize("out_features", [(), (2, 3)])
@pytest.mark.parametrize("bias", [False, True])
def test_modules_have_the_same_state(out_features, bias):
    theirs = torch.nn.LinearCrossEntropyLoss(D, C, out_features=out_features, bias=bias, weight=torch.ones(C))
    ours = nn.LinearCrossEntropyLoss(D, C, out_features=out_features, bias=bias, weight=np.ones(C, np.float32))
    state = {key: value.numpy() for key, value in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state) and repr(ours) == repr(theirs)
    ours.load_state_dict(state)
    x, labels = random((5, D), "float32"), np.random.default_rng(1).integers(0, C, (5, *out_features))
    expected = theirs(torch.tensor(x), torch.tensor(labels)).item()
    assert ours(x, labels).item() == pytest.approx(expected, rel=1e-6)
