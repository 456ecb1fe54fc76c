"""Losses of distributions and penalties of weights, explained."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import Tensor
from ...ops.join import stack
from ..functional.loss import divergence as of_distributions
from ..functional.loss import penalty
from .explanation import Explanation

_P = 0.7  # the truth in the curves
_PROBABILITY = "what q gives to the first of two classes; p gives it 0.7"


def _two(q: Tensor) -> Tensor:
    return stack([q, 1 - q], 1)  # type: ignore[no-any-return]


def _truth(q: Any) -> Any:
    return np.tile(np.array([_P, 1 - _P], q.dtype), (*q.shape, 1))


def _slope_of_entropy(q: Any) -> Any:
    return (1 - _P) / (1 - q) - _P / q


def _js_slope(q: Any) -> Any:
    """That of JS(p, q), where both probabilities of q move."""
    first, second = (_P + q) / 2, (2 - _P - q) / 2
    return 0.5 * (np.log(q / first) - np.log((1 - q) / second))


def _of_each(penalty_of: Any) -> Any:
    """A penalty of every weight by itself."""
    return lambda w: stack([penalty_of(w[i]) for i in range(len(w))])


def _between(m: Tensor) -> Tensor:
    zero = np.zeros((*m.shape, 1))
    return of_distributions.normal_kl_between(m.unsqueeze(1), zero, zero, zero, reduction="none")


_DIVERGENCE: dict[str, Any] = {
    "optimum": "q = p",
    "head": "probabilities: softmax; or scores and cross_entropy, which is safer",
    "variable": _PROBABILITY,
    "span": (0.05, 0.95),
}
_WEIGHT: dict[str, Any] = {
    "head": "any network: it is added to the loss of the data",
    "variable": "a weight w",
    "span": (-2.0, 2.0),
}

ENTRIES = (
    Explanation(
        "kl_divergence",
        "KLDivergenceLoss",
        "KL(p‖q) = Σ p log(p/q)",
        "the nats that coding samples of p with the code of q wastes",
        gradient="∂J/∂q = -p/q; through softmax, q - p: that of cross-entropy",
        remark="Not symmetric: q must cover all of p. With p and q exchanged it looks for one mode of p.",
        loss=lambda q: of_distributions.kl_divergence(_truth(q), _two(q), reduction="none"),
        slope=_slope_of_entropy,
        **_DIVERGENCE,
    ),
    Explanation(
        "kl_div",
        "KLDivLoss",
        "p (log p - z), elementwise, for z = log q",
        "KL(p‖q) in PyTorch's words: the input is log q, the target p",
        gradient="∂J/∂z = -p",
        remark="reduction='batchmean' is the textbook's; 'mean' divides by the number of elements as well.",
        loss=lambda q: of_distributions.kl_div(_two(q).log(), _truth(q), reduction="none").sum(dim=1),
        slope=_slope_of_entropy,
        **_DIVERGENCE,
    ),
    Explanation(
        "soft_cross_entropy",
        "SoftCrossEntropyLoss",
        "H(p, q) = -Σ p log q",
        "the length of a code for samples of p that was made for q: KL(p‖q) + H(p)",
        gradient="∂J/∂q = -p/q; through softmax, q - p",
        remark="At its best it is H(p), not 0. The same gradient as kl_divergence.",
        loss=lambda q: of_distributions.soft_cross_entropy(_truth(q), _two(q), reduction="none"),
        slope=_slope_of_entropy,
        **_DIVERGENCE,
    ),
    Explanation(
        "js_divergence",
        "JSDivergenceLoss",
        "½ KL(p‖m) + ½ KL(q‖m), m = ½ (p + q)",
        "how well a sample tells which of p and q it came from",
        gradient="∂J/∂q = ½ log(q/m)",
        remark="Symmetric, at most log 2, also where p and q have nothing in common. The divergence, not its root.",
        loss=lambda q: of_distributions.js_divergence(_truth(q), _two(q), reduction="none"),
        slope=_js_slope,
        **_DIVERGENCE,
    ),
    Explanation(
        "normal_kl",
        "NormalKLLoss",
        "½ Σ (exp(s) + m² - 1 - s), m the mean, s the log-variance",
        "KL from Normal(m, exp(s/2)) to the standard normal: what a VAE's code costs",
        "m = 0, s = 0",
        "mean and log-variance: nn.GaussianHead",
        "∂J/∂m = m, ∂J/∂s = ½ (exp(s) - 1)",
        "Summed over the last dimension: its weight beside a reconstruction loss depends on whether that is a sum "
        "too. The curve is against s, for m = 0.",
        "the log-variance s, for a mean of 0",
        (-2.0, 2.0),
        lambda s: of_distributions.normal_kl(np.zeros((*s.shape, 1)), s.unsqueeze(1), reduction="none"),
        lambda s: 0.5 * (np.exp(s) - 1),
    ),
    Explanation(
        "normal_kl_between",
        "",
        "½ Σ (s₂ - s₁ + (exp(s₁) + (m₁ - m₂)²) exp(-s₂) - 1)",
        "KL between two diagonal Gaussians",
        "equal means and variances",
        "mean and log-variance: nn.GaussianHead",
        "∂J/∂m₁ = (m₁ - m₂) exp(-s₂), ∂J/∂s₁ = ½ (exp(s₁ - s₂) - 1)",
        "Not symmetric. The curve is against m₁, for m₂ = 0 and unit variances.",
        "the mean m₁",
        (-3.0, 3.0),
        _between,
        lambda m: m,
    ),
    Explanation(
        "l2_penalty",
        "",
        "Σ w²",
        "a Gaussian prior of the weights: λ Σ w² is minus the logarithm of Normal(0, 1/√(2λ))",
        "0: weights become smaller in proportion to their size",
        gradient="∂J/∂w = 2 w",
        remark="weight_decay=λ of an optimizer adds λ w: half of what λ times this does.",
        loss=_of_each(penalty.l2_penalty),
        slope=lambda w: 2 * w,
        **_WEIGHT,
    ),
    Explanation(
        "l1_penalty",
        "",
        "Σ |w|",
        "a Laplace prior of the weights",
        "exactly 0 for weights that the data pull at with less than λ: a sparse network",
        gradient="∂J/∂w = sign(w), and 0 at 0",
        remark="Steps of gradient descent overshoot 0 by the learning rate; set small weights to 0 afterwards.",
        loss=_of_each(penalty.l1_penalty),
        slope=np.sign,
        **_WEIGHT,
    ),
    Explanation(
        "elastic_net",
        "",
        "l1 Σ |w| + l2 Σ w²",
        "both priors: sparse, and with correlated inputs sharing their weight",
        "0, or close to it",
        gradient="∂J/∂w = l1 sign(w) + 2 l2 w",
        remark="The curve has l1 = l2 = 1.",
        loss=_of_each(lambda w: penalty.elastic_net(w, 1.0, 1.0)),
        slope=lambda w: np.sign(w) + 2 * w,
        **_WEIGHT,
    ),
)
