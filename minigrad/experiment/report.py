"""One page of HTML of many experiments: figures, tables, expected against measured."""

from __future__ import annotations

import base64
import mimetypes
import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from ..files import replacing
from ..receipts import read
from .table import cells

CHECKS = "expected and measured"
PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --line: #8886; --good: #00795a; --bad: #c03000; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
p { max-width: 46rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; font-size: 0.9rem; }
caption { text-align: left; font-weight: 600; padding: 0.3rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.2rem 0.8rem 0.2rem 0; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0 2rem; }
img { max-width: 100%; background: white; }
figcaption { max-width: 46rem; font-size: 0.9rem; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
@media (prefers-color-scheme: dark) { :root { --good: #4fd1a5; --bad: #ff8a65; } }
</style>
</head>
<body>
<h1>$title</h1>
$body
</body>
</html>
""")


def write_report(
    path: str | os.PathLike[str],
    receipts: Iterable[str | os.PathLike[str]],
    *,
    title: str = "Experiments",
    failures: Mapping[str, str] | None = None,
) -> int:
    """Write one self-contained page about the runs of some experiments.

    Args:
        path: the page.
        receipts: the files that ``Experiment`` wrote; their pictures are looked for beside them.
        title: of the page.
        failures: experiments that wrote no receipt, by name, and the last that they said.

    Returns:
        How many results are not as expected, experiments that failed or expected nothing included.

    Raises:
        ValueError: for a file that is no receipt.
    """
    runs = [(Path(receipt), read(receipt)) for receipt in receipts]
    failures = failures or {}
    bad = len(failures)
    for _, record in runs:
        bad += len(_unexpected(record)) + (record["status"] != "complete" or CHECKS not in record["tables"])
    parts = [_overview(runs, failures)]
    parts += [_experiment(receipt, record) for receipt, record in runs]
    parts += [f"<h2>{escape(name)}</h2><pre>{escape(said)}</pre>" for name, said in failures.items()]
    with replacing(os.fspath(path)) as file:
        file.write(PAGE.substitute(title=escape(title), body="\n".join(parts)).encode())
    return bad


def _unexpected(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for row in record["tables"].get(CHECKS, []) if not row["as expected"]]


def _overview(runs: Sequence[tuple[Path, Mapping[str, Any]]], failures: Mapping[str, str]) -> str:
    rows = []
    for receipt, record in runs:
        name, results = receipt.parent.name, record["tables"].get(CHECKS, [])
        good = len(results) - len(_unexpected(record))
        fine = results and good == len(results) and record["status"] == "complete"
        rows.append(
            f'<tr><td><a href="#{escape(name)}">{escape(name)}</a></td><td>{escape(record["values"].get("title", ""))}'
            f'</td><td class="{"good" if fine else "bad"}">{good} of {len(results)}</td>'
            f'<td class="number">{record["seed"]}</td><td class="number">{record["seconds"]:.0f}</td></tr>'
        )
    rows += [
        f'<tr><td>{escape(name)}</td><td></td><td class="bad">failed</td><td></td><td></td></tr>' for name in failures
    ]
    head = "<tr><th>experiment</th><th>shows</th><th>as expected</th><th>seed</th><th>seconds</th></tr>"
    return f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def _experiment(receipt: Path, record: Mapping[str, Any]) -> str:
    name = receipt.parent.name
    parts = [f'<h2 id="{escape(name)}">{escape(name)}</h2><p>{escape(record["values"].get("title", ""))}</p>']
    if record["status"] != "complete":
        parts.append(f'<p class="bad">{escape(record["status"])}</p>')
    for piece in record["values"].get("story", []):
        if "section" in piece:
            parts.append(f"<h3>{escape(piece['section'])}</h3>")
        elif "text" in piece:
            parts.append(f"<p>{escape(piece['text'])}</p>")
        elif "table" in piece:
            parts.append(_table(piece["table"], record["tables"][piece["table"]], piece["forms"]))
        else:
            parts.append(_picture(receipt.parent / piece["picture"], piece["caption"]))
    if checks := record["tables"].get(CHECKS):
        parts.append(_table(CHECKS, [_judged(row) for row in checks], {}))
    return "\n".join(parts)


def _judged(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the comparison in words."""
    return {column: cell for column, cell in row.items() if column != "number"}


def _table(name: str, rows: Sequence[Mapping[str, Any]], forms: Mapping[str, str]) -> str:
    columns, texts = cells(rows, forms)
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = []
    for row, shown in zip(rows, texts, strict=True):
        parts = []
        for column, text in zip(columns, shown, strict=True):
            value = row.get(column)
            if isinstance(value, bool):
                parts.append(f'<td class="{"good" if value else "bad"}">{text}</td>')
            else:
                number = ' class="number"' if isinstance(value, (int, float)) else ""
                parts.append(f"<td{number}>{escape(text)}</td>")
        body.append(f"<tr>{''.join(parts)}</tr>")
    caption = f"<caption>{escape(name)}</caption>"
    return f'<div class="wide"><table>{caption}<tr>{head}</tr>{"".join(body)}</table></div>'


def _picture(path: Path, caption: str) -> str:
    """The picture inside the page."""
    if not path.is_file():
        return f'<p class="bad">The picture {escape(path.name)} is missing: {escape(caption)}</p>'
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    content = base64.b64encode(path.read_bytes()).decode()
    return (
        f'<figure><img alt="{escape(caption)}" src="data:{kind};base64,{content}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
