"""Units that do no work: all alike, stuck where their slope is 0, or silent."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .... import theory
from ...monitor.statistics import SATURATED
from ..examination import Examination
from ..finding import Finding
from ..numbers import Array, norm, rms
from ..signal import SATURATING, Activation, Layer, best_gain, by_unit, function, in_code, place_of


def symmetric_units(exam: Examination) -> Iterator[Finding]:
    """Units of a layer that start equal and get equal gradients: they stay one unit."""
    alike = [layer for layer in exam.signal.layers if _alike(layer)]
    if not alike:
        return
    layer, rest = alike[0], len({layer.name for layer in alike}) - 1
    zero = not layer.units.any()
    assert layer.unit_gradients is not None
    gradient = norm(layer.unit_gradients[0])
    yield Finding(
        "symmetric-units",
        "error",
        layer.name + (f" and {rest} more" if rest else ""),
        f"its {len(layer.units)} units have the same weights ({_sample(layer)}) and the same gradient, of norm "
        f"{gradient:.3g}",
        "units that differ: equal ones with equal gradients stay equal, and the layer has one unit only",
        f"all weights start from {'zero' if zero else 'the same number'}; only biases and a last layer may",
        f"nn.init.kaiming_uniform_({in_code(layer.name)}, nonlinearity='relu')  # or keep the default",
        "docs/layers.md",
        likelihood=0.96,
    )


def _alike(layer: Layer) -> bool:
    units, gradients = layer.units, layer.unit_gradients
    if gradients is None or len(units) < 2 or _spread(units) > 1e-6 * max(rms(units), 1e-30):
        return False
    return _spread(gradients) <= 1e-4 * rms(gradients)


def _spread(rows: Array) -> float:
    """How far the rows are from the first."""
    return rms(rows - rows[:1])


def _sample(layer: Layer) -> str:
    numbers = ", ".join(f"{weight:.3g}" for weight in layer.units[0][:3])
    return f"{numbers}{', ...' if layer.fan_in > 3 else ''}"


def saturated_units(exam: Examination) -> Iterator[Finding]:
    """Tanh or sigmoid where they are flat."""
    worst: tuple[float, Activation] | None = None
    stuck = 0
    for activation in exam.signal.activations:
        if activation.name not in SATURATING or not activation.hidden or activation.normalized:
            continue
        share = float(np.mean(SATURATED[activation.name](activation.step.out)))
        stuck += share > 0.6
        if share > 0.6 and (worst is None or share > worst[0]):
            worst = share, activation
    if worst is None:
        return
    share, activation = worst
    layer, inputs = activation.layer, activation.step.inputs[0]
    q, expected = rms(inputs), 0.0
    if layer is not None:
        expected = _healthy_share(activation.name)
    steep = layer is not None and layer.scale > 2.5 * best_gain(activation.name)
    size = rms(layer.step.inputs[0]) if layer is not None else math.nan
    yield Finding(
        "saturated-units",
        "error" if share > 0.9 or exam.training.struggles else "warning",
        activation.where + (f" and {stuck - 1} more" if stuck > 1 else ""),
        f"{share:.0%} of its values lie where the slope is nearly 0; its input has the size {q:.3g} (rms)",
        f"about {expected:.0%}, with weights of std {best_gain(activation.name):.3g} / √fan_in (theory.propagate)",
        f"weights of std {layer.spread:.3g} for {layer.fan_in} inputs of size {size:.3g}; "
        f"{best_gain(activation.name) / math.sqrt(layer.fan_in):.3g} would keep it"
        if layer is not None and steep
        else f"inputs of size {size:.3g} where about 1 is expected"
        if size > 3
        else "a bias or a shift far from 0",
        f"nn.init.xavier_normal_({in_code(layer.name)})"
        if layer is not None and steep
        else "x = (x - x.mean(axis=0)) / x.std(axis=0), biases of 0, or a norm before the activation",
        "docs/layers.md",
        likelihood=0.85 if steep else 0.6,
    )


def _healthy_share(name: str) -> float:
    """What theory expects where the weights have the gain that keeps the variance."""
    found = theory.propagate(function(name), depth=1, width=100, weight_std=best_gain(name) / 10, samples=100)
    return float(found.saturated[0])


def dead_relu(exam: Examination) -> Iterator[Finding]:
    """Units that are 0 for every sample: no gradient will ever change them."""
    worst: tuple[float, Activation] | None = None
    for activation in exam.signal.activations:
        if activation.name not in ("relu", "relu6") or not activation.hidden:
            continue
        rows = by_unit(activation.step.out)
        if rows.shape[1] < 16:
            continue
        share = 1 - float(np.mean(rows.any(axis=1)))
        if share >= min(max(0.75, 0.5 + 2 / math.sqrt(len(rows))), 1.0) and (worst is None or share > worst[0] + 1e-9):
            worst = share, activation
    if worst is None:
        return
    share, activation = worst
    before = by_unit(activation.step.inputs[0])
    mean, spread = float(before.mean()), float(before.std(axis=1).mean())
    layer = activation.layer
    bias = layer is not None and _bias_of(exam, layer)
    guilty = isinstance(bias, np.ndarray) and float(bias.mean()) < -max(spread, 1e-3)
    yield Finding(
        "dead-relu",
        "error" if share > 0.8 or exam.training.struggles else "warning",
        activation.where,
        f"{share:.0%} of its {len(before)} units are 0 for all samples: their input is {mean:.3g} ± {spread:.3g}",
        "next to none, half at most in a deep network; a dead unit passes no gradient, and stays dead",
        f"a bias of about {float(bias.mean()):.3g}"
        if guilty and isinstance(bias, np.ndarray)
        else "weights that shift every unit below 0, or a step at too large a rate that threw them there",
        f"nn.init.zeros_({in_code(layer.name.removesuffix('weight') + 'bias')})"
        if guilty and layer is not None
        else "start afresh with default weights and a tenth of the rate; or F.leaky_relu for relu",
        "docs/layers.md",
        likelihood=0.9,
    )


def _bias_of(exam: Examination, layer: Layer) -> Array | None:
    inputs = layer.step.inputs
    if len(inputs) > 2 and isinstance(inputs[2], np.ndarray):
        found: Array = inputs[2]
        return found
    return None


def constant_output(exam: Examination) -> Iterator[Finding]:
    """An operation of the model that gives every sample the same, whatever it is given."""
    output, samples = exam.output, len(exam.inputs[0]) if exam.inputs and exam.inputs[0].ndim else 0
    if output is None or samples < 4 or len(output) != samples or _varies(output) > 1e-5:
        return
    for step in exam.signal.steps:
        before = step.inputs[0]
        if not isinstance(before, np.ndarray) or step.out.ndim < 1 or not len(step.out) == len(before) == samples:
            continue
        if _varies(before) < 1e-3 or _varies(step.out) > 1e-5:
            continue
        if step.name.endswith("norm") and step.out.ndim > 1 and step.out.shape[-1] == 1:
            cause, cure = "a normalisation over a single number, which is always its own mean", "remove it"
        elif step.name in ("clip", "hardtanh", "relu", "relu6", "threshold"):
            low, high = float(before.min()), float(before.max())
            cause = f"all numbers that come in, {low:.3g} to {high:.3g}, lie where {step.name} is flat"
            cure = f"remove {step.name} from the end of the model, or put it where the numbers are"
        else:
            return
        yield Finding(
            "constant-output",
            "error",
            place_of(step, exam),
            f"its output is the same for all {samples} samples, although its input varies",
            "outputs that depend on the input: the model can learn no more than a constant",
            cause,
            cure,
            likelihood=0.93,
        )
        return


def _varies(array: Array) -> float:
    """The spread between samples, relative to the size."""
    size = rms(array)
    return float(array.std(axis=0, dtype=np.float64).max()) / size if size > 0 and np.isfinite(size) else 0.0


CHECKS = (symmetric_units, dead_relu, saturated_units, constant_output)
