"""What the doctor says: findings, and the report that orders them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
_RANK = {"error": 0, "warning": 1, "note": 2}
_WIDTH = 110
_COLOURS = {"error": "#c03000", "warning": "#9a6700", "note": "#57606a"}


@dataclass(frozen=True)
class Finding:
    """One thing that keeps a network from learning, or may.

    Attributes:
        code: a stable name, such as ``"dead-relu"``.
        severity: "error" if training cannot succeed, "warning" if it is likely to suffer, "note" for the record.
        where: the layer, parameter, argument or line.
        evidence: what was measured, with numbers.
        expected: what would have been measured in a healthy case, and where that number comes from.
        cause: what it comes from.
        cure: the line of code that mends it.
        see: the example or page that shows it.
        likelihood: how likely it is that this is *the* cause, from 0 to 1; findings of one severity are ordered by it.
    """

    code: str
    severity: Severity
    where: str
    evidence: str
    expected: str
    cause: str
    cure: str
    see: str = ""
    likelihood: float = 0.5

    def __str__(self) -> str:
        head = f"{self.severity}: {self.code}" + (f" in {self.where}" if self.where else "")
        parts = {"found": self.evidence, "expected": self.expected, "cause": self.cause, "cure": self.cure}
        lines = [head]
        for name, text in parts.items():
            if text:
                lines += textwrap.wrap(
                    text, _WIDTH, initial_indent=f"  {name + ':':<10}", subsequent_indent=" " * 12,
                    break_long_words=False, break_on_hyphens=False,
                )  # fmt: skip
        if self.see:
            lines.append(f"  {'see:':<10}{self.see}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """What ``diagnose`` found, the likeliest cause first; printed, it reads as a text.

    Attributes:
        findings: errors before warnings before notes, each by likelihood.
        looked_at: what was examined, in words.
        skipped: the checks that failed themselves, and how.
    """

    findings: Sequence[Finding]
    looked_at: Sequence[str] = field(default=())
    skipped: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        ordered = sorted(self.findings, key=lambda finding: (_RANK[finding.severity], -finding.likelihood))
        object.__setattr__(self, "findings", tuple(ordered))

    @property
    def ok(self) -> bool:
        """Whether there is neither an error nor a warning."""
        return all(finding.severity == "note" for finding in self.findings)

    @property
    def codes(self) -> list[str]:
        """The codes of all findings, in their order."""
        return [finding.code for finding in self.findings]

    def to_json(self, indent: int | None = 2) -> str:
        """The report as JSON."""
        record: dict[str, Any] = {"ok": self.ok, "findings": [asdict(f) for f in self.findings]}
        record |= {"looked_at": list(self.looked_at), "skipped": list(self.skipped)}
        return json.dumps(record, indent=indent, ensure_ascii=False)

    def __str__(self) -> str:
        looked = f"Looked at {', '.join(self.looked_at)}." if self.looked_at else ""
        if self.skipped:
            looked += f" Left out, because the check itself failed: {', '.join(self.skipped)}."
        if not self.findings:
            return f"Nothing is wrong that the doctor knows of. {looked}".strip()
        counts = [
            f"{n} {severity}{'s' if n > 1 else ''}"
            for severity in _RANK
            if (n := sum(finding.severity == severity for finding in self.findings))
        ]
        first = "The likeliest cause comes first." if len(self.findings) > 1 and not self.ok else ""
        head = " ".join(part for part in (", ".join(counts) + ".", first, looked) if part)
        return "\n\n".join([textwrap.fill(head, _WIDTH), *map(str, self.findings)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [f"<p>{escape(str(self).partition(chr(10) + chr(10))[0])}</p>"]
        for f in self.findings:
            rows: dict[str, Any] = {"found": f.evidence, "expected": f.expected, "cause": f.cause, "see": f.see}
            cells = "".join(f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in rows.items() if text)
            cells += f"<tr><th>cure</th><td><code>{escape(f.cure)}</code></td></tr>"
            where = f" in {escape(f.where)}" if f.where else ""
            parts.append(
                f'<details open><summary><b style="color:{_COLOURS[f.severity]}">{f.severity}</b>: '
                f"<b>{f.code}</b>{where}</summary><table>{cells}</table></details>"
            )
        return "\n".join(parts)
