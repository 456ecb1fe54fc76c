"""Tables of the pages: each stands between two comments, of which the first is the command that prints it.

<!-- python -m benchmarks --markdown benchmarks/results/FILE.json --only steps -->
...
<!-- end of the table -->
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

BLOCK = re.compile(r"<!-- python -m benchmarks (.*?) -->\n(.*?)<!-- end of the table -->", flags=re.DOTALL)


def commands(page: str) -> list[list[str]]:
    """The arguments of every table on a page."""
    return [shlex.split(arguments) for arguments, _ in BLOCK.findall(page)]


def refreshed(page: str, show: Callable[[list[str]], str]) -> str:
    """The page with its tables printed anew; ``show`` turns arguments into a table."""

    def renew(match: re.Match[str]) -> str:
        table = show(shlex.split(match[1])).strip()
        return f"<!-- python -m benchmarks {match[1]} -->\n{table}\n<!-- end of the table -->"

    return BLOCK.sub(renew, page)
