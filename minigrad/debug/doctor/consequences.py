"""What follows from what: a finding that another one explains is left out of the report."""

from __future__ import annotations

from collections.abc import Sequence

from .finding import Finding

# cause -> codes of what it brings about
FOLLOWS: dict[str, frozenset[str]] = {
    "nonfinite-input": frozenset({"nonfinite-value", "rate-too-high", "no-step", "overflow-risk"}),
    "no-step": frozenset({"rate-too-low", "parameter-not-optimized"}),
}


def without_consequences(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that no other one explains."""
    explained = frozenset[str]().union(*(FOLLOWS.get(finding.code, frozenset()) for finding in findings))
    return [finding for finding in findings if finding.code not in explained]
