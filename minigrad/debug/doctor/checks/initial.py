"""The start: the scale of the weights, and the first loss."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .... import theory
from ....core.modes import no_grad
from ....core.tensor import Tensor, raw
from ....nn.functional import cross_entropy
from ...trace import Step
from ..examination import Examination
from ..finding import Finding
from ..numbers import Array, rms
from ..signal import SATURATING, Activation, best_gain, function, in_code


def bad_init_scale(exam: Examination) -> Iterator[Finding]:
    """Weights so large or so small that the signal is lost before the last layer."""
    chain = [a for a in exam.signal.activations if a.hidden and a.layer is not None]
    chain = [a for i, a in enumerate(chain) if a.layer not in [b.layer for b in chain[:i]]]
    if not chain or any(a.normalized for a in chain) or any(a.name != chain[0].name for a in chain):
        return
    names = {a.layer.name for a in chain if a.layer is not None}
    gain = best_gain(chain[0].name)
    scales = [a.layer.scale / gain for a in chain if a.layer is not None]
    last = chain[-1].step.out
    expected = _expected(chain, gain)
    if len(names) < len(chain) or expected == 0 or not np.isfinite(last).all():  # a weight used again and again
        return
    factor, odd = rms(last) / expected, float(np.exp(np.mean(np.log(np.maximum(scales, 1e-12)))))
    too_large = factor > 20 and odd > 3 and chain[0].name not in SATURATING
    too_small = factor < 0.02 and 0 < odd < 0.25 and not exam.signal.normalized
    if not too_large and not (too_small and exam.training.struggles):
        return
    worst = chain[int(np.argmax(scales) if too_large else np.argmin(scales))].layer
    assert worst is not None
    yield Finding(
        "bad-init-scale",
        "error" if too_small or exam.training.struggles else "warning",
        worst.name + (f" and {len(chain) - 1} more layers" if len(chain) > 1 else ""),
        f"weights of std {worst.spread:.3g} for {worst.fan_in} inputs; behind the last {chain[-1].name} the signal is "
        f"{rms(last):.3g}",
        f"size {expected:.3g} (theory.propagate), with weights of std {gain:.3g} / √fan_in = "
        f"{gain / math.sqrt(worst.fan_in):.3g}",
        f"weights {max(odd, 1 / odd):.3g} times too {'large' if too_large else 'small'}: the signal "
        f"{'grows' if too_large else 'shrinks'} that much in each of {len(chain)} layers",
        f"nn.init.{'xavier_normal_' if chain[0].name in SATURATING else 'kaiming_normal_'}({in_code(worst.name)}"
        f"{'' if chain[0].name in SATURATING else ', nonlinearity=' + repr('relu')})  # or keep the default",
        "docs/layers.md",
        likelihood=0.8,
    )


def _expected(chain: list[Activation], gain: float) -> float:
    """The size of the signal behind the last activation, if every layer had the right scale."""
    first = chain[0].layer
    assert first is not None
    moment = rms(first.step.inputs[0]) ** 2
    try:
        found = theory.propagate(
            function(chain[0].name), depth=len(chain), width=100, weight_std=gain / 10,
            input_second_moment=moment, samples=10,
        )  # fmt: skip
    except ValueError:
        return math.inf
    return math.hypot(float(found.std[-1]), float(found.mean[-1]))


def initial_loss(exam: Examination) -> Iterator[Finding]:
    """A classifier that is surer at the start than one that guesses, and wrong."""
    for step in exam.first.loss_steps:
        if step.name in ("cross_entropy_of_labels", "linear_cross_entropy_of_labels"):
            classes, name = step.inputs[0].shape[1] if step.inputs[0].ndim > 1 else 2, "cross-entropy"
            if step.name.startswith("linear"):
                return
        elif step.name == "binary_cross_entropy_of_logits":
            classes, name = 2, "binary cross-entropy"
        else:
            continue
        break
    else:
        return
    chance, found = math.log(classes), _per_sample(step)
    if not found > 2.2 * chance + 0.7 or not math.isfinite(found) or not exam.signal.layers:
        return
    logits: Array = step.inputs[0]
    head = exam.signal.layers[-1]
    if head.scale < 2:  # sure and wrong for another reason: trained on other labels, or fed with large numbers
        return
    yield Finding(
        "initial-loss",
        "warning",
        head.name,
        f"the {name} is {found:.3g} per sample; the logits have the size {rms(logits):.3g}",
        f"about {chance:.3g} = log {classes} at the start, all classes being equally likely; logits below 1",
        f"a last layer with weights of std {head.spread:.3g} for {head.fan_in} inputs: sure of wrong answers",
        f"with mg.no_grad(): {in_code(head.name)}.mul_({max(0.5 / max(rms(logits), 1e-9), 1e-3):.2g})",
        "docs/losses.md",
        likelihood=0.5,
    )


def _per_sample(step: Step) -> float:
    """The loss of a sample, whatever the reduction: the median, which a few hard samples do not raise."""
    losses = step.out
    if step.name == "cross_entropy_of_labels":  # which may have taken the mean itself
        with no_grad():
            losses = raw(cross_entropy(Tensor(step.inputs[0]), Tensor(step.node.static["labels"]), reduction="none"))
    return float(np.median(losses)) if losses.ndim else math.nan


CHECKS = (bad_init_scale, initial_loss)
