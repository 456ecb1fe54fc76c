"""Running an example in quick mode, as its tests and python -m examples check do."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from minigrad.receipts import read


def run_quick(name: str, out: Path, seed: int = 0) -> dict[str, Any]:
    """The receipt of one quick run, in which every result is as expected and every picture was drawn."""
    importlib.import_module(f"examples.{name}").main(["--quick", "--seed", str(seed), "--out", str(out)])
    receipt = read(out / "receipt.json")
    rows = receipt["tables"]["expected and measured"]
    assert rows and receipt["status"] == "complete"
    assert not [row for row in rows if not row["as expected"]]
    pictures = [piece["picture"] for piece in receipt["values"]["story"] if "picture" in piece]
    assert pictures and all((out / picture).stat().st_size > 5000 for picture in pictures)
    return receipt
