"""Losses of answers and classes, explained."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...distributions import Bernoulli, Categorical
from ...ops.join import stack
from ..functional.loss import binary as of_answers
from ..functional.loss import cross_entropy as of_classes
from ..functional.loss import focal
from ..functional.loss import margin as of_margins
from .explanation import Explanation

_SCORE = "the score z, for the answer yes"
_LEAD = "the lead m of the right score over the only other one"


def _ones(z: Any) -> Any:
    return np.ones(z.shape, z.dtype)


def _two(m: Tensor) -> Tensor:
    """Scores of two classes, of which class 0 leads by ``m``."""
    return stack([m, 0 * m], 1)  # type: ignore[no-any-return]


def _firsts(m: Tensor) -> Any:
    return np.zeros(m.shape, int)


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def _bernoulli(z: Tensor) -> tuple[Any, Any]:
    return Bernoulli(logits=z), _ones(z)


def _bernoulli_of_probability(p: Tensor) -> tuple[Any, Any]:
    return Bernoulli(p), _ones(p)


def _categorical(m: Tensor) -> tuple[Any, Any]:
    return Categorical(logits=_two(m)), _firsts(m)


def _focal_slope(z: Any, gamma: float = 2.0) -> Any:
    p = _sigmoid(z)
    return (1 - p) ** gamma * (gamma * p * np.log(p) + p - 1)


_YES_OR_NO: dict[str, Any] = {
    "model": "a coin for every question: t ~ Bernoulli(σ(z))",
    "optimum": "the share of yes among the targets, as σ(z)",
    "gradient": "∂J/∂z = σ(z) - t",
    "variable": _SCORE,
    "span": (-6.0, 6.0),
    "likelihood": _bernoulli,
}
_FOCUS: dict[str, Any] = {
    "model": "cross-entropy, each sample weighted by how wrong it still is, for data in which one class is rare",
    "optimum": "scores that are less certain than the shares of the classes",
    "variable": _SCORE,
    "span": (-6.0, 6.0),
    "slope": _focal_slope,
}
CLASSES: dict[str, Any] = {
    "model": "one class of several: y ~ Categorical(softmax(z))",
    "optimum": "the share of each class among the labels, as softmax(z)",
    "variable": _LEAD,
    "span": (-6.0, 6.0),
    "slope": lambda m: _sigmoid(m) - 1,
    "likelihood": _categorical,
}

ENTRIES = (
    Explanation(
        "binary_cross_entropy_with_logits",
        "BCEWithLogitsLoss",
        "-t log σ(z) - (1 - t) log(1 - σ(z))",
        head="scores: nn.SigmoidHead gives them in training",
        remark="A wrong answer pulls with full strength however sure it is: at z = -10, t = 1 the gradient is -1, "
        "where that of the squared error after a sigmoid is -0.00009. pos_weight makes up for rare yes.",
        loss=lambda z: of_answers.binary_cross_entropy_with_logits(z, _ones(z), reduction="none"),
        slope=lambda z: _sigmoid(z) - 1,
        **_YES_OR_NO,
    ),
    Explanation(
        "binary_cross_entropy",
        "BCELoss",
        "-t log p - (1 - t) log(1 - p)",
        "a coin for every question: t ~ Bernoulli(p)",
        "the share of yes among the targets",
        "probabilities: a sigmoid; better take the scores themselves and binary_cross_entropy_with_logits",
        "∂J/∂p = (p - t)/(p (1 - p))",
        "Far out, a sigmoid in single precision is exactly 0 or 1 and its gradient 0: the loss is then cut off at 100.",
        "the probability p, for the answer yes",
        (0.02, 0.98),
        lambda p: of_answers.binary_cross_entropy(p, _ones(p), reduction="none"),
        lambda p: -1 / p,
        _bernoulli_of_probability,
    ),
    Explanation(
        "multilabel_bce_loss",
        "MultilabelBCELoss",
        "-Σ_c t_c log σ(z_c) + (1 - t_c) log(1 - σ(z_c))",
        head="a score for each label: nn.SigmoidHead",
        remark="For labels that may occur together; softmax would make them compete. Summed over labels, so that it "
        "is C times binary_cross_entropy_with_logits.",
        loss=lambda z: of_answers.multilabel_bce_loss(z.unsqueeze(1), _ones(z)[:, None], "none"),
        slope=lambda z: _sigmoid(z) - 1,
        **_YES_OR_NO,
    ),
    Explanation(
        "multilabel_soft_margin_loss",
        "MultiLabelSoftMarginLoss",
        "-1/C Σ_c t_c log σ(z_c) + (1 - t_c) log(1 - σ(z_c))",
        head="a score for each label: nn.SigmoidHead",
        remark="Binary cross-entropy, averaged over labels: PyTorch's name for it.",
        loss=lambda z: of_margins.multilabel_soft_margin_loss(z.unsqueeze(1), _ones(z)[:, None], reduction="none"),
        slope=lambda z: _sigmoid(z) - 1,
        **_YES_OR_NO,
    ),
    Explanation(
        "soft_margin_loss",
        "SoftMarginLoss",
        "log(1 + exp(-t z)), t = ±1",
        head="a score: nn.LinearHead",
        remark="Binary cross-entropy of scores, with the answers written as 1 and -1.",
        loss=lambda z: of_margins.soft_margin_loss(z, _ones(z), reduction="none"),
        slope=lambda z: _sigmoid(z) - 1,
        **{**_YES_OR_NO, "gradient": "∂J/∂z = -t σ(-t z)"},
    ),
    Explanation(
        "cross_entropy",
        "CrossEntropyLoss",
        "-log softmax(z)[y]",
        head="scores of classes: nn.LogitsHead, and no softmax",
        gradient="∂J/∂z = softmax(z) - onehot(y)",
        remark="Never satisfied: the right score is pushed up for ever, ever more weakly. A softmax before it would be "
        "applied twice. With uniform scores it is log C: what a fresh network should show.",
        loss=lambda m: of_classes.cross_entropy(_two(m), _firsts(m), reduction="none"),
        **CLASSES,
    ),
    Explanation(
        "nll_loss",
        "NLLLoss",
        "-z[y], for log-probabilities z",
        head="log-probabilities: log_softmax",
        gradient="∂J/∂z = -onehot(y); through log_softmax, softmax - onehot(y)",
        remark="cross_entropy is this after log_softmax. Probabilities in the place of their logarithms train a "
        "little, and wrongly. The curve is that through log_softmax.",
        loss=lambda m: of_classes.nll_loss(_two(m).log_softmax(1), _firsts(m), reduction="none"),
        **CLASSES,
    ),
    Explanation(
        "sigmoid_focal_loss",
        "SigmoidFocalLoss",
        "-α_t (1 - p_t)^γ log p_t, p_t the probability of the answer",
        head="scores: nn.SigmoidHead",
        gradient="∂J/∂z = α (1 - p)^γ (γ p log p + p - 1) for the answer yes",
        remark="At γ = 2 a sample with p = 0.9 counts a hundredth of what it does in cross-entropy. γ = 0 is "
        "cross-entropy. The curve has γ = 2 and no α.",
        loss=lambda z: of_answers.sigmoid_focal_loss(z, _ones(z), alpha=-1),
        **_FOCUS,
    ),
    Explanation(
        "focal_loss",
        "FocalLoss",
        "-α_y (1 - p)^γ log p, p = softmax(z)[y]",
        head="scores of classes: nn.LogitsHead",
        gradient="∂J/∂z_y = α_y (1 - p)^γ (γ p log p + p - 1)",
        remark="The mean divides by the number of samples, not by the sum of α. The curve has γ = 2 and no α.",
        loss=lambda m: focal.focal_loss(_two(m), _firsts(m), reduction="none"),
        **{**_FOCUS, "variable": _LEAD},
    ),
    Explanation(
        "multiclass_hinge_loss",
        "MulticlassHingeLoss",
        "Σ_k max(0, z_k - z_y + Δ) over wrong classes k",
        "a margin: the right score should lead every other one by Δ; no probabilities (support vector machines)",
        "any scores that keep the margin",
        "scores of classes: nn.LogitsHead",
        "∂J/∂z_k = 1 for every wrong class inside the margin, ∂J/∂z_y = minus their number",
        "Satisfied: once the margin is kept, loss and gradient are exactly 0. Not divided by C.",
        _LEAD,
        (-3.0, 3.0),
        lambda m: of_margins.multiclass_hinge_loss(_two(m), _firsts(m), reduction="none"),
        lambda m: -1.0 * (m < 1),
    ),
    Explanation(
        "multi_margin_loss",
        "MultiMarginLoss",
        "1/C Σ_k max(0, margin - z_y + z_k)^p over wrong classes k",
        "a margin: the right score should lead every other one; no probabilities (support vector machines)",
        "any scores that keep the margin",
        "scores of classes: nn.LogitsHead",
        "∂J/∂z_k = 1/C for every wrong class inside the margin (p = 1), ∂J/∂z_y = minus their sum",
        "The notes' hinge loss divided by the number of classes.",
        _LEAD,
        (-3.0, 3.0),
        lambda m: of_margins.multi_margin_loss(_two(m), _firsts(m), reduction="none"),
        lambda m: -0.5 * (m < 1),
    ),
    Explanation(
        "multilabel_margin_loss",
        "MultiLabelMarginLoss",
        "1/C Σ_y Σ_k max(0, 1 - z_y + z_k) over present labels y and absent ones k",
        "a margin between every label that is present and every one that is not: a ranking",
        "any scores that keep the margins",
        "a score for each label: nn.LinearHead",
        "∂J/∂z_k = 1/C for every present label whose margin the absent label k breaks",
        "Targets are lists of classes that end with -1, not zeros and ones.",
        _LEAD,
        (-3.0, 3.0),
        lambda m: of_margins.multilabel_margin_loss(_two(m), np.tile([0, -1], (*m.shape, 1)), reduction="none"),
        lambda m: -0.5 * (m < 1),
    ),
    Explanation(
        "binary_hinge_loss",
        "BinaryHingeLoss",
        "max(0, 1 - t z), t = ±1",
        "a margin: the score should have the sign of t and a size of at least 1 (support vector machines)",
        "the likelier sign",
        "a score: nn.LinearHead",
        "∂J/∂z = -t inside the margin, 0 outside",
        "Scores are no probabilities; samples outside the margin stop teaching.",
        "the score z, for t = 1",
        (-3.0, 3.0),
        lambda z: of_margins.binary_hinge_loss(z, _ones(z), "none"),
        lambda z: -1.0 * (z < 1),
    ),
    Explanation(
        "squared_hinge_loss",
        "SquaredHingeLoss",
        "max(0, 1 - t z)², t = ±1",
        "a margin, whose worst violations count most",
        "2 · (share of t = 1) - 1: the score tells a probability",
        "a score: nn.LinearHead",
        "∂J/∂z = -2 t max(0, 1 - t z)",
        "Smooth where it becomes 0, and as prone to outliers as the squared error.",
        "the score z, for t = 1",
        (-3.0, 3.0),
        lambda z: of_margins.squared_hinge_loss(z, _ones(z), "none"),
        lambda z: -2.0 * np.maximum(1 - z, 0),
    ),
)
