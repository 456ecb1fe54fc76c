"""What follows from what: a finding that another one explains is left out of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .finding import Finding

RAISES = frozenset({"raises"})
SCALE = frozenset({
    "saturated-units", "dead-relu", "rate-too-high", "exploding-gradient", "vanishing-gradient", "initial-loss",
    "bad-init-scale", "constant-output",
})  # fmt: skip

# cause -> codes of what it brings about
FOLLOWS: dict[str, frozenset[str]] = {
    # data
    "nonfinite-input": frozenset({"nonfinite-value", "rate-too-high", "no-step", "overflow-risk", "shuffled-labels"}),
    "unnormalized-input": SCALE | {"nonfinite-value", "overflow-risk", "unnormalized-target"},
    "unnormalized-target": frozenset({"initial-loss", "exploding-gradient", "rate-too-low", "rate-too-high"}),
    "constant-input": frozenset({"constant-output", "unnormalized-input", "shuffled-labels"}),
    "label-range": RAISES | {"nonfinite-value", "initial-loss", "no-step"},
    "label-offset": RAISES | {"nonfinite-value", "initial-loss", "no-step"},
    "single-class-batch": frozenset({"initial-loss", "class-imbalance"}),
    "class-imbalance": frozenset({"initial-loss"}),
    # the output and the loss
    "target-broadcast": RAISES | {"initial-loss", "constant-output", "shuffled-labels", "rate-too-high", "no-step"},
    "double-softmax": frozenset({"initial-loss", "rate-too-low", "vanishing-gradient"}),
    "double-sigmoid": frozenset({"initial-loss", "rate-too-low", "vanishing-gradient"}),
    "expects-log-probabilities": frozenset({"initial-loss", "rate-too-high"}),
    "output-range": RAISES
    | {"initial-loss", "unnormalized-target", "vanishing-gradient", "dead-relu", "saturated-units"},
    "softmax-axis": RAISES
    | {
        "batch-leak",
        "double-softmax",
        "initial-loss",
        "expects-log-probabilities",
        "constant-output",
        "no-nonlinearity",
    },
    "nonfinite-value": frozenset({"overflow-risk", "rate-too-high", "exploding-gradient", "no-step", "initial-loss"}),
    "constant-output": frozenset({"no-step", "vanishing-gradient", "rate-too-low", "initial-loss"}),
    "dead-relu": frozenset({"constant-output"}),
    "symmetric-units": frozenset({"constant-output"}),
    "batch-leak": frozenset({"constant-output", "shuffled-labels"}),
    # structure
    "scrambled-reshape": frozenset({"batch-leak", "future-leak", "shuffled-labels"}),
    "unused-output": frozenset({"parameter-unreachable", "no-nonlinearity", "parameter-not-optimized"}),
    "no-skip-path": frozenset(
        {"constant-output", "vanishing-gradient", "exploding-gradient", "dead-relu", "saturated-units"}
    ),
    "nondifferentiable-op": RAISES | {"parameter-unreachable", "no-step", "vanishing-gradient", "parameter-frozen"},
    "parameter-unreachable": RAISES | {"no-step", "parameter-not-optimized"},
    "module-not-registered": frozenset({"no-step", "parameter-not-optimized", "parameter-unreachable"}),
    "in-place-damage": RAISES | {"no-step"},
    # the loop
    "no-step": frozenset({"rate-too-low", "parameter-not-optimized"}),
}


def without_consequences(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that no other one explains, one for each code."""
    explained = frozenset[str]().union(*(FOLLOWS.get(finding.code, frozenset()) for finding in findings))
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.code not in explained:
            groups.setdefault(finding.code, []).append(finding)
    return [_first(group) for group in groups.values()]


def _first(group: list[Finding]) -> Finding:
    """The likeliest of several of one code, which says how many there are."""
    best = max(group, key=lambda finding: (finding.severity == "error", finding.likelihood))
    places = {finding.where for finding in group} - {best.where}
    return replace(best, evidence=f"{best.evidence}; {len(places)} more such places") if places else best
