"""What follows from what: a finding that another one explains is left out of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .finding import Finding

_RAISES = frozenset({"raises"})
_SLOW = frozenset({"rate-too-low", "rate-too-high", "schedule-too-fast", "penalty-dominates"})
_SICK_GRADIENTS = frozenset({"vanishing-gradient", "exploding-gradient"})
_SCALE = _SICK_GRADIENTS | {
    "saturated-units", "dead-relu", "rate-too-high", "initial-loss", "bad-init-scale", "constant-output",
}  # fmt: skip

# cause -> codes of what it brings about
FOLLOWS: dict[str, frozenset[str]] = {
    # data
    "nonfinite-input": frozenset({"nonfinite-value", "rate-too-high", "no-step", "overflow-risk", "shuffled-labels"}),
    "unnormalized-input": _SCALE | _SLOW | {"nonfinite-value", "overflow-risk", "unnormalized-target"},
    "unnormalized-target": frozenset({"initial-loss", "exploding-gradient"}) | _SLOW,
    "constant-input": frozenset({"constant-output", "unnormalized-input", "shuffled-labels"}),
    "label-range": _RAISES | {"nonfinite-value", "initial-loss", "no-step"},
    "label-offset": _RAISES | {"nonfinite-value", "initial-loss", "no-step"},
    "single-class-batch": frozenset({"initial-loss", "class-imbalance"}),
    "class-imbalance": frozenset({"initial-loss"}),
    # the output and the loss
    "target-broadcast": _RAISES | {"initial-loss", "constant-output", "shuffled-labels", "rate-too-high", "no-step"},
    "double-softmax": frozenset({"initial-loss", "rate-too-low", "vanishing-gradient"}),
    "double-sigmoid": frozenset({"initial-loss", "rate-too-low", "vanishing-gradient"}),
    "expects-log-probabilities": frozenset({"initial-loss", "rate-too-high"}),
    "output-range": _RAISES
    | {"initial-loss", "unnormalized-target", "vanishing-gradient", "dead-relu", "saturated-units"},
    "softmax-axis": _RAISES
    | {"batch-leak", "double-softmax", "initial-loss", "expects-log-probabilities", "constant-output"}
    | {"no-nonlinearity"},
    "nonfinite-value": frozenset({"overflow-risk", "rate-too-high", "exploding-gradient", "no-step", "initial-loss"}),
    "constant-output": _SLOW | _SICK_GRADIENTS | {"no-step", "initial-loss"},
    # units and gradients
    "symmetric-units": _SLOW | _SICK_GRADIENTS | {"dead-relu", "bad-init-scale", "constant-output", "initial-loss"},
    "saturated-units": _SLOW | _SICK_GRADIENTS | {"bad-init-scale", "initial-loss", "constant-output"},
    "dead-relu": _SLOW | {"constant-output", "bad-init-scale", "vanishing-gradient"},
    "bad-init-scale": _SLOW | _SICK_GRADIENTS | {"initial-loss", "constant-output"},
    "exploding-gradient": _SLOW | {"initial-loss"},
    "vanishing-gradient": _SLOW | {"constant-output"},
    # structure
    "batch-leak": frozenset({"constant-output", "shuffled-labels"}),
    "scrambled-reshape": frozenset({"batch-leak", "future-leak", "shuffled-labels"}),
    "unused-output": frozenset({"parameter-unreachable", "no-nonlinearity", "parameter-not-optimized"}),
    "no-skip-path": _SICK_GRADIENTS | {"constant-output", "dead-relu", "saturated-units"},
    "nondifferentiable-op": _RAISES | {"parameter-unreachable", "no-step", "vanishing-gradient", "parameter-frozen"},
    "parameter-unreachable": _RAISES | {"no-step", "parameter-not-optimized"},
    "module-not-registered": frozenset({"no-step", "parameter-not-optimized", "parameter-unreachable"}),
    "in-place-damage": _RAISES | {"no-step"},
    # the loop
    "no-step": _SLOW | {"parameter-not-optimized"},
    "no-zero-grad": _SLOW | {"exploding-gradient"},
    "parameter-not-optimized": _SLOW | {"parameter-frozen"},
    "parameter-frozen": _SLOW,
    "eval-mode-in-training": _SLOW,
    "tiny-batch-norm": _SLOW,
    "dropout-too-strong": _SLOW,
    "penalty-dominates": frozenset({"rate-too-high", "rate-too-low", "schedule-too-fast", "initial-loss"}),
    "schedule-too-fast": frozenset({"rate-too-low"}),
}


def without_consequences(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that no other one explains, one for each code."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if not any(_explains(cause, finding) for cause in findings):
            groups.setdefault(finding.code, []).append(finding)
    return [_first(group) for group in groups.values()]


def _explains(cause: Finding, effect: Finding) -> bool:
    """Whether one brings the other about; of two that may bring each other about, the likelier one does."""
    if cause.severity == "note" or effect.code not in FOLLOWS.get(cause.code, ()):
        return False
    mutual = effect.severity != "note" and cause.code in FOLLOWS.get(effect.code, ())
    return not mutual or cause.likelihood > effect.likelihood


def _first(group: list[Finding]) -> Finding:
    """The likeliest of several of one code, which says how many there are."""
    best = max(group, key=lambda finding: (finding.severity == "error", finding.likelihood))
    places = {finding.where for finding in group} - {best.where}
    return replace(best, evidence=f"{best.evidence}; {len(places)} more such places") if places else best
