"""Experiment: which options a receipt keeps."""

from pathlib import Path

import pytest

from minigrad.experiment import Experiment, options

for extra in ("threadpoolctl", "tqdm"):
    pytest.importorskip(extra, reason="experiments need pip install threadpoolctl tqdm")


def test_a_resumed_run_has_the_configuration_of_one_that_was_not(tmp_path: Path) -> None:
    """--resume decides where a run begins, not what comes out."""
    parser = options("A title.", "name")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--width", type=int, default=3)
    kept = []
    for arguments in ([], ["--resume"]):
        with Experiment(parser, [*arguments, "--out", str(tmp_path)]) as run:
            kept.append(run.receipt.state_dict()["configuration"])
    assert kept == [{"quick": False, "width": 3}] * 2
