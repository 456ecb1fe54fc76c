"""Running the command of a receipt again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from .receipt import ENVIRONMENT, FOLDER, file_hash, read


class CannotRerun(Exception):
    """Why a receipt cannot be verified."""


def rerun(receipt: Mapping[str, Any], name: str, timeout: float | None = None) -> tuple[dict[str, Any], list[str]]:
    """Run the command of a receipt in a temporary folder.

    Args:
        receipt: from ``read``.
        name: that of its file.
        timeout: in seconds.

    Returns:
        The receipt of this run, and what is otherwise than it was then: versions, platform, the script.

    Raises:
        CannotRerun: naming the reason.
    """
    if receipt["status"] != "complete":
        raise CannotRerun(f"the run did not end well: its status is {receipt['status']!r}")
    command, arguments = receipt["command"], []
    notes = []
    if command["script"] is not None:
        if not os.path.exists(command["script"]):
            raise CannotRerun(f"there is no {command['script']!r} any more")
        if command.get("sha256") not in (None, file_hash(command["script"])):
            notes.append(f"{command['script']} has changed since")
        arguments = [command["script"]]
    elif command["module"] is not None:
        arguments = ["-m", command["module"]]
    elif command["code"] is not None:
        arguments = ["-c", command["code"]]
    else:
        raise CannotRerun("it was typed in, so that there is no command to run")
    environment = {key: value for key, value in os.environ.items() if key not in ENVIRONMENT}
    environment.update(command["environment"])
    if command["module"] is not None:  # python -m looks into the folder that it is called from
        paths = [command["folder"], *filter(None, [os.environ.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    with tempfile.TemporaryDirectory(prefix="minigrad-receipt-") as folder:
        work, results = os.path.join(folder, "work"), os.path.join(folder, "receipts")
        os.mkdir(work)
        os.mkdir(results)
        _bring_inputs(receipt["inputs"], command["folder"], work)
        environment[FOLDER] = results
        try:
            done = subprocess.run(
                [sys.executable, *arguments, *command["arguments"]],
                cwd=work,
                env=environment,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CannotRerun(f"the command took longer than {timeout} seconds") from None
        if done.returncode:
            raise CannotRerun(f"the command failed with {done.returncode}:\n{done.stderr[-2000:]}")
        again = os.path.join(results, os.path.basename(name))
        if not os.path.exists(again):
            raise CannotRerun(f"the command wrote no receipt {os.path.basename(name)!r}, but {os.listdir(results)}")
        record = read(again)
    if record["resumed"]:  # it would be compared with itself
        raise CannotRerun(
            "the command found a checkpoint, and went on from there instead of running anew; move the checkpoint away, "
            "or give the run a relative path, which is another one here"
        )
    for group in ("versions", "platform"):
        for key, then in receipt[group].items():
            if (now := record[group].get(key)) != then:
                notes.append(f"{key} is {now} here, and was {then}")
    return record, notes


def _bring_inputs(inputs: Mapping[str, Any], folder: str, work: str) -> None:
    """Check the files that the run read, and copy those with a relative path."""
    for path, known in inputs.items():
        source = os.path.join(folder, path)
        if not os.path.exists(source):
            raise CannotRerun(f"there is no input {source!r} any more")
        if file_hash(source) != known["sha256"]:
            raise CannotRerun(f"the input {source!r} has changed since")
        target = os.path.normpath(os.path.join(work, path))
        if not os.path.isabs(path):
            if os.path.commonpath([target, work]) != work:
                raise CannotRerun(f"the input {path!r} lies outside the folder of the run; give it an absolute path")
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target)
