"""What follows from what: a finding that another one explains is left out of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .finding import Finding

# cause -> codes of what it brings about
_SLOW = frozenset({"rate-too-low", "rate-too-high", "schedule-too-fast", "penalty-dominates"})
_SICK_GRADIENTS = frozenset({"vanishing-gradient", "exploding-gradient"})
_SICK_UNITS = frozenset({"saturated-units", "dead-relu", "bad-init-scale"})
_RAISES = frozenset({"raises"})

FOLLOWS: dict[str, frozenset[str]] = {
    # data
    "nonfinite-input": frozenset({"nonfinite-value", "no-step", "overflow-risk", "shuffled-labels"}) | _SLOW,
    "unnormalized-input": frozenset({"initial-loss", "constant-output", "nonfinite-value", "overflow-risk"})
    | {"unnormalized-target"} | _SLOW | _SICK_GRADIENTS | _SICK_UNITS,
    "unnormalized-target": frozenset({"initial-loss", "exploding-gradient"}) | _SLOW,
    "constant-input": frozenset({"constant-output", "unnormalized-input", "shuffled-labels"}) | _SLOW,
    "label-range": _RAISES | {"nonfinite-value", "initial-loss", "no-step"} | _SLOW,
    "label-offset": _RAISES | {"nonfinite-value", "initial-loss", "no-step"} | _SLOW,
    "single-class-batch": frozenset({"initial-loss", "class-imbalance"}) | _SLOW,
    "class-imbalance": frozenset({"initial-loss"}),
    "shuffled-labels": _SLOW,
    # the output and the loss
    "target-broadcast": _RAISES | {"initial-loss", "constant-output", "shuffled-labels", "no-step"} | _SLOW,
    "double-softmax": frozenset({"initial-loss", "vanishing-gradient"}) | _SLOW,
    "double-sigmoid": frozenset({"initial-loss", "vanishing-gradient"}) | _SLOW,
    "expects-log-probabilities": frozenset({"initial-loss"}) | _SLOW,
    "output-range": _RAISES | {"initial-loss", "unnormalized-target"} | _SLOW | _SICK_GRADIENTS | _SICK_UNITS,
    "softmax-axis": _RAISES | {"batch-leak", "double-softmax", "initial-loss", "expects-log-probabilities"}
    | {"constant-output", "no-nonlinearity"} | _SLOW,
    "nonfinite-value": frozenset({"overflow-risk", "exploding-gradient", "no-step", "initial-loss"}) | _SLOW,
    "overflow-risk": frozenset({"rate-too-high", "exploding-gradient"}),
    "constant-output": frozenset({"no-step", "initial-loss"}) | _SLOW | _SICK_GRADIENTS,
    "batch-leak": frozenset({"constant-output", "shuffled-labels"}) | _SLOW,
    # structure
    "scrambled-reshape": frozenset({"batch-leak", "future-leak", "shuffled-labels"}) | _SLOW,
    "unused-output": frozenset({"parameter-unreachable", "no-nonlinearity", "parameter-not-optimized"}) | _SLOW,
    "no-skip-path": frozenset({"constant-output"}) | _SLOW | _SICK_GRADIENTS | _SICK_UNITS,
    "nondifferentiable-op": _RAISES | {"parameter-unreachable", "no-step", "vanishing-gradient", "parameter-frozen"}
    | _SLOW,
    "parameter-unreachable": _RAISES | {"no-step", "parameter-not-optimized", "parameter-frozen"} | _SLOW,
    "module-not-registered": frozenset({"no-step", "parameter-not-optimized", "parameter-unreachable"}) | _SLOW,
    "in-place-damage": _RAISES | {"no-step"} | _SLOW,
    # the loop
    "no-step": frozenset({"parameter-not-optimized"}) | _SLOW,
    "no-zero-grad": frozenset({"exploding-gradient"}) | _SLOW,
    "parameter-not-optimized": _SLOW | {"parameter-frozen"},
    "parameter-frozen": _SLOW,
    # units, initial weights and gradients
    "symmetric-units": frozenset({"dead-relu", "bad-init-scale", "constant-output", "initial-loss"})
    | _SLOW | _SICK_GRADIENTS,
    "saturated-units": frozenset({"bad-init-scale", "initial-loss", "constant-output"}) | _SLOW | _SICK_GRADIENTS,
    "dead-relu": frozenset({"constant-output", "bad-init-scale", "vanishing-gradient"}) | _SLOW,
    "bad-init-scale": frozenset({"initial-loss", "constant-output"}) | _SLOW | _SICK_GRADIENTS,
    "exploding-gradient": frozenset({"initial-loss"}) | _SLOW,
    "vanishing-gradient": frozenset({"constant-output"}) | _SLOW,
    # modes and rates
    "eval-mode-in-training": _SLOW,
    "tiny-batch-norm": _SLOW,
    "dropout-too-strong": _SLOW,
    "penalty-dominates": frozenset({"rate-too-high", "rate-too-low", "schedule-too-fast", "initial-loss"}),
    "schedule-too-fast": frozenset({"rate-too-low"}),
}  # fmt: skip


def without_consequences(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that no other one explains, one for each code; a note explains nothing."""
    causes = [finding for finding in findings if finding.severity != "note"]
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if not any(_explains(cause, finding) for cause in causes):
            groups.setdefault(finding.code, []).append(finding)
    return [_first(group) for group in groups.values()]


def _explains(cause: Finding, finding: Finding) -> bool:
    """Whether one brings about the other; where each may bring about the other, the likelier one does."""
    if finding.code not in FOLLOWS.get(cause.code, ()):
        return False
    return cause.code not in FOLLOWS.get(finding.code, ()) or cause.likelihood > finding.likelihood


def _first(group: list[Finding]) -> Finding:
    """The likeliest of several of one code, which says how many there are."""
    best = max(group, key=lambda finding: (finding.severity == "error", finding.likelihood))
    places = {finding.where for finding in group} - {best.where}
    return (
        replace(best, evidence=f"{best.evidence}; {len(places)} more such place{'s' * (len(places) > 1)}")
        if places
        else best
    )
