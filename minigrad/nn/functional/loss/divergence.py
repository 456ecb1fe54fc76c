"""How far one distribution is from another, in nats: rows of probabilities, their logarithms, or Gaussians."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ....core.caller import warn
from ....core.tensor import Tensor, raw
from ...kernels.loss.divergence import (
    cross_entropy_terms,
    divergence_terms,
    divergence_terms_of_logs,
    entropy_terms,
    exp_beyond_line,
    jensen_shannon_terms,
    relative_entropy_terms,
)
from ..arguments import computed_in_single_precision
from ..pairs import in_one_precision
from .likelihood import in_deviations
from .ranking import require_equal, require_vectors
from .reduction import (
    REDUCTIONS,
    check_reduction,
    first_wrong,
    matching,
    reduced,
    reduction_of,
    require_at_least_zero,
    require_rows,
)

F = TypeVar("F", bound=Callable[..., Tensor])

# By how much the sum of a row may differ from 1: what rounding to half precision (computed in single) and a sum of
# many numbers leave, and far less than what a forgotten softmax does.
_TOLERANCE = {4: 1e-3, 8: 1e-5}


# --- PyTorch's form ---------------------------------------------------------------------------------------------------
@computed_in_single_precision
def kl_div(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """PyTorch's Kullback-Leibler divergence, elementwise: KL(target ‖ exp(input)).

    The order is the reverse of the textbook's, and the input holds logarithms; ``kl_divergence(p, q)`` is the
    textbook's. ``reduction="mean"`` divides by the number of elements, not of rows, of which PyTorch warns, too: the
    divergence itself is ``"batchmean"``.

    Shapes:
        input: any, log-probabilities; the target has the same.
        result: () or, with ``reduction="none"``, that of the input.

    Math:
        t (log t - input), 0 where t is 0, also for an input of minus infinity (PyTorch: NaN); with ``log_target``,
        exp(t) (t - input). The slope by a target of 0 is taken as 0 (PyTorch: NaN).

    Args:
        input: the logarithm of the model's probabilities, from ``log_softmax``.
        target: the true probabilities, or with ``log_target`` their logarithms.
        size_average: an old word for ``reduction``.
        reduce: an old word for ``reduction``.
        reduction: ``"batchmean"`` (the sum divided by the first size), ``"mean"``, ``"sum"`` or ``"none"``.
        log_target: whether the target holds logarithms.

    Raises:
        ValueError: for different shapes, negative targets that are no logarithms, and the mean of nothing.

    Example:
        >>> kl_div(Tensor([[0.5, 0.5]]).log(), [[1.0, 0.0]], reduction="batchmean")
        Tensor(0.6931472)
    """
    name = "kl_div"
    old = size_average is not None or reduce is not None
    reduction = reduction_of(name, size_average, reduce, reduction, (*REDUCTIONS, "batchmean"))
    input, target = matching(name, input, target)
    require_rows(name, input.shape, "mean" if reduction == "batchmean" else reduction)
    if not log_target:
        require_at_least_zero(name, "the target", target, "if it holds logarithms, use log_target=True")
    if reduction == "mean" and not old:
        warn(
            "kl_div: reduction='mean' divides by the number of elements; the divergence itself, averaged over rows, is "
            "reduction='batchmean', or kl_divergence(p, q)"
        )
    if _sums_to_one(raw(input)):
        warn("kl_div: the input holds probabilities, and should hold their logarithms: use log_softmax, or input.log()")
    losses = divergence_terms_of_logs(input, target) if log_target else divergence_terms(input, target)
    if reduction == "batchmean":
        return losses.sum() / input.shape[0] if input.ndim else losses  # type: ignore[no-any-return]
    return reduced(losses, reduction)


def _sums_to_one(x: Any) -> bool:
    """Whether these can only be probabilities."""
    if x.ndim == 0 or not x.size or not x.min() >= 0:
        return False
    return bool(np.all(np.abs(x.sum(axis=-1) - 1) <= _TOLERANCE[x.dtype.itemsize]))


# --- the textbook's, of rows of probabilities -------------------------------------------------------------------------
def of_probabilities(function: F) -> F:
    """Refuse objects that are distributions, which have functions of their own."""

    @functools.wraps(function)
    def checking(*args: Any, **kwargs: Any) -> Tensor:
        for value in (*args, *kwargs.values()):
            if hasattr(value, "log_prob"):
                name = function.__name__
                cure = {
                    "kl_divergence": "of two distributions use minigrad.distributions.kl_divergence(p, q)",
                    "entropy": "use its method: p.entropy()",
                }.get(name, "of a Categorical these are p.probs")
                raise TypeError(f"{name}: arrays of probabilities are needed, got a {type(value).__name__}; {cure}")
        return function(*args, **kwargs)

    return checking  # type: ignore[return-value]


def require_probabilities(name: str, what: str, x: Tensor, whole: bool = True) -> None:
    """Refuse negative numbers, and, of what is a ``whole`` distribution, rows that do not sum to 1."""
    require_vectors(name, x.shape)
    found = raw(x)
    require_at_least_zero(name, what, found, "of scores, softmax(scores, dim=-1) makes probabilities")
    if not whole:
        return
    with np.errstate(over="ignore"):
        sums = found.sum(axis=-1)
    wrong = np.logical_not(np.abs(sums - 1) <= _TOLERANCE[x.dtype.itemsize])
    if wrong.any():
        raise ValueError(
            f"{name}: the rows of {what} must sum to 1, got {first_wrong(sums, wrong)}; use softmax(scores, dim=-1), "
            f"or {what} / {what}.sum(dim=-1, keepdim=True)"
        )


def _of_two(name: str, p: Tensor, q: Tensor, terms: Any, reduction: str, whole: bool = False) -> Tensor:
    check_reduction(name, reduction)
    require_equal(name, p=p.shape, q=q.shape)
    require_probabilities(name, "p", p)
    require_probabilities(name, "q", q, whole)
    require_rows(name, p.shape[:-1], reduction)
    return reduced(terms(p, q).sum(dim=-1), reduction)


@of_probabilities
@in_one_precision("p", "q")
def soft_cross_entropy(p: Any, q: Any, reduction: str = "mean") -> Tensor:
    """The cross-entropy H(p, q) of two given distributions, in nats: the mean length of a code for p made for q.

    For scores (logits) ``cross_entropy(scores, p)`` has no logarithm of 0 to fear.

    Shapes:
        p, q: (..., C) probabilities; p is the truth.
        result: () or, with ``reduction="none"``, (...).

    Math:
        -Σ p log q, with 0 log 0 = 0; infinite where q is 0 and p is not. It is H(p) + KL(p ‖ q), so its slope by q is
        that of the divergence, -p/q.

    Raises:
        TypeError: for distributions in place of arrays, and for integers.
        ValueError: for different shapes, negative numbers, rows of p that do not sum to 1, and the mean of nothing.
            Rows of q may sum to anything.

    Example:
        >>> soft_cross_entropy(Tensor([[0.5, 0.5]]), [[0.5, 0.5]])
        Tensor(0.6931472)
    """
    return _of_two("soft_cross_entropy", p, q, cross_entropy_terms, reduction)


@of_probabilities
@in_one_precision("p", "q")
def kl_divergence(p: Any, q: Any, reduction: str = "mean") -> Tensor:
    """The Kullback-Leibler divergence KL(p ‖ q) of two given distributions, in nats, as textbooks write it.

    It is not symmetric. ``kl_div`` is PyTorch's, with other arguments in another order; of objects such as ``Normal``
    it is ``minigrad.distributions.kl_divergence``.

    Shapes:
        p, q: (..., C) probabilities; p is the truth.
        result: () or, with ``reduction="none"``, (...).

    Math:
        Σ p log(p/q), with 0 log 0 = 0; infinite where q is 0 and p is not. The slope by q is -p/q, and by p
        1 + log(p/q), which is taken as 0 where p is 0.

    Raises:
        TypeError: for distributions in place of arrays, and for integers.
        ValueError: for different shapes, negative numbers, rows of p that do not sum to 1, and the mean of nothing.
            Rows of q may sum to anything; if they do not sum to 1, this is no divergence, and may be negative.

    Example:
        >>> kl_divergence(Tensor([[1.0, 0.0]]), [[0.5, 0.5]])
        Tensor(0.6931472)
    """
    return _of_two("kl_divergence", p, q, relative_entropy_terms, reduction)


@of_probabilities
@in_one_precision("p", "q")
def js_divergence(p: Any, q: Any, reduction: str = "mean") -> Tensor:
    """The Jensen-Shannon divergence of two given distributions, in nats: symmetric, and at most log 2.

    It is the divergence, whose root is a metric. (SciPy's ``jensenshannon`` is that root.)

    Shapes:
        p, q: (..., C) probabilities.
        result: () or, with ``reduction="none"``, (...).

    Math:
        ½ KL(p ‖ m) + ½ KL(q ‖ m) for m = ½ (p + q); never negative, and exact also where p and q are close. The slope
        by p is ½ log(p/m), taken as 0 where p is 0.

    Raises:
        TypeError: for distributions in place of arrays, and for integers.
        ValueError: for different shapes, negative numbers, rows that do not sum to 1, and the mean of nothing.

    Source: J. Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Information Theory 37 (1991).

    Example:
        >>> js_divergence(Tensor([[1.0, 0.0]]), [[0.0, 1.0]])
        Tensor(0.6931472)
    """
    return _of_two("js_divergence", p, q, jensen_shannon_terms, reduction, whole=True)


@of_probabilities
@in_one_precision("p")
def entropy(p: Any) -> Tensor:
    """Shannon's entropy of every row, in nats: 0 for certainty, log C at most, for C equal probabilities.

    Shapes:
        p: (..., C) probabilities.
        result: (...).

    Math:
        -Σ p log p, with 0 log 0 = 0. The slope is -1 - log p, taken as 0 where p is 0.

    Raises:
        TypeError: for a distribution in place of an array, and for integers.
        ValueError: for negative numbers, and rows that do not sum to 1.

    Example:
        >>> entropy(Tensor([[0.5, 0.5], [1.0, 0.0]]))
        Tensor([0.6931472, 0.       ])
    """
    require_probabilities("entropy", "p", p)
    return entropy_terms(p).sum(dim=-1)  # type: ignore[no-any-return]


# --- of Gaussians -----------------------------------------------------------------------------------------------------
@in_one_precision("mean", "log_var")
def normal_kl(mean: Any, log_var: Any, reduction: str = "mean") -> Tensor:
    """The divergence of diagonal Gaussians from the standard normal, in nats: the regulariser of a VAE.

    Shapes:
        mean, log_var: (..., D).
        result: () or, with ``reduction="none"``, (...).

    Math:
        KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (exp(v) - 1 - v + μ²) over the last dimension, for v = log σ², to full precision
        also near 0: at v = 1e-6, where the terms cancel, it is 2.5e-13. The mean is over the other dimensions; a VAE
        that sums its reconstruction error over pixels wants this one summed over D, as it is here.

    Args:
        mean: the means μ.
        log_var: the logarithms of the variances, which may be any number.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        ValueError: for different shapes, single numbers, and the mean of nothing.

    Source: D. P. Kingma and M. Welling, "Auto-encoding variational Bayes", ICLR (2014), appendix B.

    Example:
        >>> normal_kl(Tensor([[1.0, 0.0]]), [[0.0, 0.0]])
        Tensor(0.5)
    """
    _check_gaussians("normal_kl", reduction, mean=mean, log_var=log_var)
    return reduced((exp_beyond_line(log_var) + np.square(mean)).sum(dim=-1) / 2, reduction)


@in_one_precision("mean1", "log_var1", "mean2", "log_var2")
def normal_kl_between(mean1: Any, log_var1: Any, mean2: Any, log_var2: Any, reduction: str = "mean") -> Tensor:
    """The divergence KL(N(mean1, exp(log_var1)) ‖ N(mean2, exp(log_var2))) of diagonal Gaussians, in nats.

    Shapes:
        mean1, log_var1, mean2, log_var2: (..., D).
        result: () or, with ``reduction="none"``, (...).

    Math:
        ½ Σ (exp(v) - 1 - v + (μ₁ - μ₂)² / σ₂²) over the last dimension, for v = log σ₁² - log σ₂², to full precision
        also where both are close. The mean is over the other dimensions.

    Raises:
        ValueError: for different shapes, single numbers, and the mean of nothing.

    Example:
        >>> normal_kl_between(Tensor([[1.0]]), [[0.0]], [[3.0]], [[0.0]])
        Tensor(2.)
    """
    inputs = {"mean1": mean1, "log_var1": log_var1, "mean2": mean2, "log_var2": log_var2}
    _check_gaussians("normal_kl_between", reduction, **inputs)
    apart = np.square(in_deviations(mean1 - mean2, log_var2))
    return reduced((exp_beyond_line(log_var1 - log_var2) + apart).sum(dim=-1) / 2, reduction)


def _check_gaussians(name: str, reduction: str, **inputs: Tensor) -> None:
    check_reduction(name, reduction)
    require_equal(name, **{what: x.shape for what, x in inputs.items()})
    shape = next(iter(inputs.values())).shape
    require_vectors(name, shape)
    require_rows(name, shape[:-1], reduction)
