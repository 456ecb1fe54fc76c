"""Run a receipt again and compare, or show it: ``python -m minigrad.receipts verify FILE``."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from .compare import compare
from .receipt import read
from .rerun import CannotRerun, rerun


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 if all is the same or close enough, 1 if something differs, 2 if it could not be compared."""
    parser = argparse.ArgumentParser(prog="python -m minigrad.receipts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="run its command again in a temporary folder, and compare")
    verify.add_argument("file")
    verify.add_argument("--timeout", type=float, default=None, metavar="SECONDS")
    show = commands.add_parser("show", help="print a summary")
    show.add_argument("file")
    options = parser.parse_args(arguments)
    try:
        receipt = read(options.file)
        if options.command == "show":
            print(_summary(receipt))
            return 0
        return _verify(receipt, options.file, options.timeout)
    except (CannotRerun, OSError, ValueError) as error:
        print(f"cannot {options.command} {options.file}: {error}", file=sys.stderr)
        return 2


def _verify(receipt: Mapping[str, Any], name: str, timeout: float | None) -> int:
    print(f"running again: {_shown(receipt['command'])}", flush=True)
    again, notes = rerun(receipt, name, timeout)
    entries = compare(receipt, again)
    differing = sum(entry.verdict == "differs" for entry in entries)
    for note in notes:
        print(f"note: {note}")
    for entry in entries:
        print(entry)
    compared = sum(entry.verdict != "not compared" for entry in entries)
    print(
        f"{compared - differing} of {compared} are the same" if differing else f"all {compared} are the same or close"
    )
    return int(differing > 0)


def _shown(command: Mapping[str, Any]) -> str:
    start = (
        [command["script"]] if command["script"] else ["-m", command["module"]] if command["module"] else ["-c", "..."]
    )
    return shlex.join(["python", *map(str, start), *command["arguments"]])


def _summary(receipt: Mapping[str, Any]) -> str:
    versions = {**receipt["versions"], **receipt["platform"]}
    lines = [
        f"command        {_shown(receipt['command'])}",
        f"status         {receipt['status']}, {receipt['seconds']} s from {receipt['started']}",
        f"seed           {receipt['seed']}",
        f"configuration  {', '.join(f'{key}={value!r}' for key, value in receipt['configuration'].items()) or 'none'}",
        f"made with      {', '.join(f'{key} {value}' for key, value in versions.items())}",
    ]
    lines += [f"resumed        {receipt['resumed']} times"] * bool(receipt["resumed"])
    lines += [f"input          {path}, {known['bytes']} bytes" for path, known in receipt["inputs"].items()]
    lines += [f"value          {name}: {value}" for name, value in receipt["values"].items()]
    for name, curve in receipt["curves"].items():
        numbers = [float(value) for value in curve["values"]]
        finite = [number for number in numbers if math.isfinite(number)]
        range_ = f", from {min(finite):.6g} to {max(finite):.6g}" if finite else ""
        ends = f"{numbers[0]:.6g} at first, {numbers[-1]:.6g} at last"
        lines.append(f"curve          {name}: {len(numbers)} points, {ends}{range_}")
    for name, array in receipt["arrays"].items():
        lines.append(f"array          {name}: {array['dtype']} {tuple(array['shape'])}, {array['sha256'][:12]}...")
    for name, rows in receipt["tables"].items():
        lines += [f"table          {name}", *_table(rows)]
    return "\n".join(lines)


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    columns = list({column: None for row in rows for column in row})
    cells = [columns, *[[_cell(row.get(column, "")) for column in columns] for row in rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in cells]


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
