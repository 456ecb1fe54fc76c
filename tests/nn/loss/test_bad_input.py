"""What losses say about input that they cannot use: what was wrong, where, and what to write instead."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigrad import Tensor, nn
from minigrad.nn import functional as F

X, YES = np.full((3, 2), 0.5), np.ones((3, 2))
SCORES, LABELS = np.zeros((3, 4)), np.array([0, 1, 3])
PAIRS = (
    "mse_loss l1_loss mae_loss sse_loss huber_loss smooth_l1_loss log_cosh_loss binary_cross_entropy "
    "binary_cross_entropy_with_logits multilabel_bce_loss sigmoid_focal_loss poisson_nll_loss soft_margin_loss "
    "binary_hinge_loss squared_hinge_loss multilabel_soft_margin_loss"
).split()
REDUCED = [name for name in PAIRS if name != "sse_loss"]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(
    ("input", "target"), [((3, 1), (3,)), ((3,), (3, 1)), ((3, 2), (2,)), ((3,), ()), ((2, 3), (3, 2))]
)
def test_nothing_broadcasts(name, input, target):
    with pytest.raises(
        ValueError, match=rf"^{name}: the input has shape .* the target .*; they must be equal, for example"
    ):
        getattr(F, name)(np.ones(input), np.ones(target))


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("dtype", [np.int64, bool])
def test_the_input_is_no_integer(name, dtype):
    with pytest.raises(TypeError, match=rf"^{name}: the input must be floating-point, got .*; is it the target\?"):
        getattr(F, name)(X.astype(dtype), YES)


@pytest.mark.parametrize("name", REDUCED)
def test_reductions_have_names(name):
    with pytest.raises(ValueError, match=rf"^{name}: reduction must be 'mean', 'sum' or 'none', got 'average'"):
        getattr(F, name)(X, YES, reduction="average")


ROWS = {"nll_loss": {}, "focal_loss": {}, "multiclass_hinge_loss": {}, "multi_margin_loss": {}, "cross_entropy": {}}


@pytest.mark.parametrize("name", ROWS)
def test_labels(name):
    loss = getattr(F, name)
    with pytest.raises(IndexError, match=rf"^{name}: the label 4 at target\[1\] is no class; with 4 classes"):
        loss(SCORES, [0, 4, 1])
    with pytest.raises(IndexError, match=rf"^{name}: the label -1 at target\[2\] is no class"):
        loss(SCORES, [0, 1, -1])
    with pytest.raises(TypeError, match=rf"^{name}: labels must be integers, got float64; use target.astype"):
        loss(SCORES, LABELS.astype(float))
    with pytest.raises(
        ValueError, match=rf"^{name}: input \(3, 4\) needs labels of shape \(3,\).*got .* shape \(3, 1\)"
    ):
        loss(SCORES, LABELS[:, None])
    with pytest.raises(ValueError, match=rf"^{name}: the mean over an empty batch"):
        loss(SCORES[:0], LABELS[:0])
    with pytest.raises(ValueError, match=rf"^{name}: .*a single number"):
        loss(1.0, 0)
    with pytest.raises(ValueError, match=rf"^{name}: an input of shape \(3, 0\) has no classes"):
        loss(SCORES[:, :0], LABELS, reduction="sum")


BAD = [
    ("mse_loss", (X, YES), {"weight": np.ones(3)}, ValueError, r"input has shape \(3, 2\), the weight \(3,\)"),
    ("mse_loss", (X, YES), {"weight": np.zeros((3, 2))}, ValueError, r"the weights sum to 0"),
    (
        "mse_loss",
        (X, YES, "sum"),
        {},
        TypeError,
        r"size_average must be True or False, got 'sum'; write reduction='sum'",
    ),
    (
        "huber_loss",
        (X, YES),
        {"delta": 0},
        ValueError,
        r"delta must be above 0, got 0.0; for \|error\| itself use l1_loss",
    ),
    ("huber_loss", (X, YES), {"delta": "1"}, TypeError, r"delta must be a number, got '1'"),
    ("smooth_l1_loss", (X, YES), {"beta": -1}, ValueError, r"beta must be at least 0, got -1"),
    ("quantile_loss", (X, YES, 1.0), {}, ValueError, r"q lies between 0 and 1, got 1.0; the median has 0.5"),
    ("quantile_loss", (X, YES, [0.1, -0.5]), {}, ValueError, r"got -0.5 at \[1\]"),
    (
        "quantile_loss",
        (X, YES, [0.1, 0.5, 0.9]),
        {},
        ValueError,
        r"got q of shape \(3,\) for an input of shape \(3, 2\)",
    ),
    ("quantile_loss", (X, np.ones(2), [0.1, 0.9]), {}, ValueError, r"input has shape \(3, 2\), the target \(2,\)"),
    ("gaussian_nll_loss", (X, YES, -0.5), {}, ValueError, r"var must not be negative, got -0.5; .*softplus"),
    ("gaussian_nll_loss", (X, YES, [[1, 1], [1, -2], [1, 1]]), {}, ValueError, r"got -2.0 at \[1, 1\]"),
    ("gaussian_nll_loss", (X, YES, math.nan), {}, ValueError, r"got nan"),
    ("gaussian_nll_loss", (X, YES, np.ones(2)), {}, ValueError, r"var of shape \(2,\) does not fit .* \(3, 2\)"),
    ("gaussian_nll_loss", (X, YES, 1.0), {"eps": -1}, ValueError, r"eps must be at least 0"),
    ("gaussian_nll_logvar_loss", (X, YES, np.ones(2)), {}, ValueError, r"log_var of shape \(2,\) does not fit"),
    ("laplace_nll_loss", (X, YES, 0.0), {}, ValueError, r"scale must be above 0, got 0.0; .*softplus or exp"),
    ("laplace_nll_loss", (X, YES, [1.0, 1.0, -1.0]), {}, ValueError, r"got -1.0 at \[2, 0\]"),
    (
        "poisson_nll_loss",
        (-X, YES, False),
        {},
        ValueError,
        r"the input must not be negative, got -0.5 at \[0, 0\]; .*log_input=True",
    ),
    (
        "poisson_nll_loss",
        (X, -YES),
        {},
        ValueError,
        r"the target must not be negative, got -1.0 at \[0, 0\]; it holds counts",
    ),
    (
        "binary_cross_entropy",
        (X * 3, YES),
        {},
        ValueError,
        r"between 0 and 1, got 1.5 at \[0, 0\]; for scores use binary_cross_entropy_with",
    ),
    ("binary_cross_entropy", (X * math.nan, YES), {}, ValueError, r"got nan at \[0, 0\]"),
    (
        "binary_cross_entropy",
        (X, YES),
        {"weight": np.ones(3)},
        ValueError,
        r"weight of shape \(3,\) does not broadcast to .* \(3, 2\)",
    ),
    (
        "binary_cross_entropy_with_logits",
        (X, YES),
        {"pos_weight": np.ones(3)},
        ValueError,
        r"pos_weight of shape \(3,\)",
    ),
    ("multilabel_bce_loss", (0.5, 1.0), {}, ValueError, r"needs a last dimension for the labels"),
    ("sigmoid_focal_loss", (X, YES), {"alpha": 2}, ValueError, r"alpha, the weight of yes, is between 0 and 1"),
    ("sigmoid_focal_loss", (X, YES), {"alpha": -0.5}, ValueError, r"or -1 for none, got -0.5"),
    ("sigmoid_focal_loss", (X, YES), {"gamma": -1}, ValueError, r"gamma must be at least 0"),
    ("focal_loss", (SCORES, LABELS), {"gamma": math.nan}, ValueError, r"gamma must be at least 0, got nan"),
    ("focal_loss", (SCORES, LABELS), {"alpha": np.ones(3)}, ValueError, r"one alpha per class is needed, shape \(4,\)"),
    ("nll_loss", (SCORES, LABELS), {"weight": np.ones(3)}, ValueError, r"one weight per class is needed"),
    (
        "nll_loss",
        (SCORES, [1, 1, 1]),
        {"weight": [1.0, 0, 1, 1]},
        ValueError,
        r"weights of all labels in the batch sum to 0",
    ),
    ("nll_loss", (SCORES, [-100] * 3), {}, ValueError, r"all 3 rows are ignored"),
    ("multi_margin_loss", (SCORES, LABELS), {"p": 3}, ValueError, r"p must be 1 or 2, got 3"),
    (
        "multi_margin_loss",
        (np.zeros((3, 4, 2)), np.zeros((3, 2), int)),
        {},
        ValueError,
        r"\(N, C\) or \(C,\), got \(3, 4, 2\)",
    ),
    ("soft_margin_loss", (X, 0 * YES), {}, ValueError, r"holds 1 and -1, got 0.0 at \[0, 0\]; use 2 \* target - 1"),
    ("binary_hinge_loss", (X, 2 * YES), {}, ValueError, r"holds 1 and -1, got 2.0 at"),
    ("multilabel_margin_loss", (SCORES, np.full((3, 4), 4)), {}, IndexError, r"the label 4 at \[0, 0\] is no class"),
    ("multilabel_margin_loss", (SCORES, SCORES), {}, TypeError, r"labels must be integers, got float64"),
    (
        "multilabel_margin_loss",
        (SCORES, LABELS),
        {},
        ValueError,
        r"the same shape, \(N, C\) or \(C,\), got \(3, 4\) and \(3,\)",
    ),
    (
        "cross_entropy",
        (SCORES, LABELS),
        {"temperature": 0},
        ValueError,
        r"temperature must be one number above 0, got 0",
    ),
    ("cross_entropy", (SCORES, LABELS), {"temperature": -1.0}, ValueError, r"above 0, got -1.0"),
    ("cross_entropy", (SCORES, LABELS), {"temperature": [1.0, 2.0]}, ValueError, r"one number above 0"),
    ("cross_entropy", (SCORES, LABELS), {"temperature": "1"}, ValueError, r"one number above 0, got '1'"),
    ("cross_entropy", (SCORES, LABELS), {"label_smoothing": "0"}, TypeError, r"label_smoothing must be a number"),
    (
        "cross_entropy",
        (SCORES, LABELS),
        {"ignore_index": None},
        TypeError,
        r"ignore_index must be an integer, got None",
    ),
    ("cross_entropy", (SCORES, SCORES - 1), {}, ValueError, r"must not be negative, got -1.0 at \[0, 0\]; for scores"),
    ("cross_entropy", (SCORES, SCORES * math.nan), {}, ValueError, r"must not be negative, got nan at \[0, 0\]"),
    ("nll_loss", (SCORES, LABELS), {"ignore_index": 1.5}, TypeError, r"ignore_index must be an integer, got 1.5"),
    ("cross_entropy", (SCORES, LABELS, None, 5), {}, TypeError, r"size_average must be True or False, got 5"),
]


@pytest.mark.parametrize(("name", "arguments", "options", "kind", "message"), BAD)
def test_the_error_says_what_is_wrong(name, arguments, options, kind, message):
    with pytest.raises(kind, match=f"^{name}: .*{message}"):
        getattr(F, name)(*arguments, **options)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits", "sigmoid_focal_loss"])
def test_answers_beyond_no_and_yes_are_warned_of(name):
    with pytest.warns(
        UserWarning, match=rf"^{name}: targets are answers between 0 \(no\) and 1 \(yes\), got 2.0 at \[0, 1\]"
    ):
        getattr(F, name)(X, np.array([[1.0, 2.0]] * 3))


MADE = [
    (nn.MSELoss, ("sum",), TypeError, r"MSELoss: size_average must be True or False, got 'sum'; write reduction='sum'"),
    (
        nn.CrossEntropyLoss,
        (None, None, -100, None, "mean", 0.0, 0.0),
        ValueError,
        r"^CrossEntropyLoss: temperature must",
    ),
    (nn.MultiMarginLoss, (3,), ValueError, r"^MultiMarginLoss: p must be 1 or 2, got 3"),
    (nn.L1Loss, (None, None, "avg"), ValueError, r"L1Loss: reduction must be"),
    (nn.NLLLoss, (X,), TypeError, r"nn.NLLLoss\(\)|made with options"),
    (nn.FocalLoss, (X,), TypeError, r"FocalLoss"),
    (nn.MSELoss, (Tensor([1.0]), Tensor([2.0])), TypeError, r"made with options and called with data"),
]


@pytest.mark.parametrize(("layer", "arguments", "kind", "message"), MADE)
def test_modules_say_it_when_they_are_made(layer, arguments, kind, message):
    with pytest.raises((kind, ValueError), match=message):
        layer(*arguments)


def test_modules_keep_weights_with_their_gradient_and_arrays_as_copies():
    y = np.array([0, 1, 3])
    for made, target in [
        (nn.CrossEntropyLoss, y),
        (nn.FocalLoss, y),
        (lambda weight: nn.MultiMarginLoss(weight=weight), y),
        (lambda weight: nn.BCEWithLogitsLoss(pos_weight=weight), np.ones((3, 4))),
    ]:
        weight, array = Tensor(np.arange(1.0, 5.0), requires_grad=True), np.arange(1.0, 5.0)
        made(weight)(SCORES, target).backward()
        assert weight.grad is not None
        loss = made(array)
        expected = loss(SCORES, target).item()
        array[:] = 7
        assert loss(SCORES, target).item() == expected and not list(loss.parameters())
        learned = made(nn.Parameter(np.arange(1.0, 5.0)))
        assert len(list(learned.parameters())) == 1 and learned(SCORES, target).item() == expected


def test_modules_show_what_is_not_the_default():
    assert repr(nn.HuberLoss()) == "HuberLoss()" and repr(nn.HuberLoss(delta=2.0)) == "HuberLoss(delta=2.0)"
    assert repr(nn.BCEWithLogitsLoss(pos_weight=[3.0])) == "BCEWithLogitsLoss(pos_weight=[3.0])"
    assert repr(nn.GaussianNLLLoss(full=True)) == "GaussianNLLLoss(full=True)"
    assert repr(nn.QuantileLoss([0.1, 0.9])) == "QuantileLoss(q=[0.1, 0.9])"
    assert repr(nn.SigmoidFocalLoss(reduction="mean")) == "SigmoidFocalLoss(reduction='mean')"
