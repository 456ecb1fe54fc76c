"""Execute the notebooks of the course in place, so that what they show is what this version computes.

    python notebooks/execute.py                    all of them
    python notebooks/execute.py 03 losses          those whose names contain one of these words
    python notebooks/execute.py --check            write nothing; also solve the exercises, and say what is amiss

Whatever differs between two runs of the same code (times, the version of Python) is left out of the files.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Any

try:
    import nbformat
except ImportError:
    sys.exit("notebooks/execute.py needs Jupyter: pip install -e '.[notebooks]'")

FOLDER = Path(__file__).resolve().parent
SECONDS = 300  # for one cell, on a slow machine
METADATA: dict[str, dict[str, str]] = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
HEADING = re.compile(r"^# %% (exercise-\d+)[ \t]*\n", re.MULTILINE)

Notebook = Any  # nbformat has no types


def paths(words: list[str] | None = None) -> list[Path]:
    """The notebooks in their order, or those whose names contain one of ``words``."""
    found = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
    return [path for path in found if not words or any(word in path.stem for word in words)]


def read(path: Path) -> Notebook:
    return nbformat.read(path, as_version=4)


def write(notebook: Notebook, path: Path) -> None:
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")


def solutions(path: Path) -> dict[str, str]:
    """The text of every exercise's solution, by the id of the cell that it replaces."""
    text = (FOLDER / "solutions" / f"{path.stem}.py").read_text(encoding="utf-8")
    _, *parts = HEADING.split(text)
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


def solve(notebook: Notebook, solved: dict[str, str]) -> None:
    """Put the solutions in place of the exercises."""
    cells = {cell.id: cell for cell in notebook.cells}
    for name, source in solved.items():
        cells[name].source = source


def execute(notebook: Notebook) -> None:
    """Run all cells in a fresh kernel and keep their outputs, without what differs from run to run."""
    from nbclient import NotebookClient

    # This checkout's minigrad, whatever is installed; one thread, since the order of a sum decides its last digits.
    path = os.pathsep.join(filter(None, [str(FOLDER.parent), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name=METADATA["kernelspec"]["name"],
        resources={"metadata": {"path": str(FOLDER)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # errors only
    )
    client.execute(env=environment)
    tidy(notebook)


def tidy(notebook: Notebook) -> None:
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)


def joined(outputs: list[Any]) -> list[Any]:
    """The outputs with text that was printed in a row in one piece: how it arrives in parts depends on time."""
    result: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and result and result[-1].get("name") == output.name:
            result[-1].text += output.text
        else:
            result.append(output)
    return result


def printed(notebook: Notebook) -> dict[str, str]:
    """What every code cell printed, by its id."""
    return {
        cell.id: "".join(output.text for output in cell.outputs if output.output_type == "stream")
        for cell in notebook.cells
        if cell.cell_type == "code"
    }


def differences(path: Path) -> list[str]:
    """What a run of the notebook prints otherwise than its file says; nothing is written."""
    notebook = read(path)
    before = printed(notebook)
    execute(notebook)
    return [
        f"cell {name!r} prints\n{text}where the file has\n{before[name]}"
        for name, text in printed(notebook).items()
        if text != before[name]
    ]


def unsolved(path: Path) -> list[str]:
    """What the checks say that are not content with the solutions."""
    notebook = read(path)
    solve(notebook, solutions(path))
    execute(notebook)
    checks = ((name, text) for name, text in printed(notebook).items() if name.startswith("check-"))
    return [text for name, text in checks if text != f"exercise {name.removeprefix('check-')}: right\n"]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="parts of the names of notebooks (default: all notebooks)")
    parser.add_argument("--check", action="store_true", help="write nothing; also solve the exercises")
    settings = parser.parse_args(argv)
    chosen = paths(settings.words)
    if not chosen:
        sys.exit(f"no such notebook; there are: {', '.join(path.stem for path in paths())}")
    amiss = False
    for path in chosen:
        print(path.stem, flush=True)
        if settings.check:
            for message in (*differences(path), *unsolved(path)):
                amiss = True
                print(message)
        else:
            notebook = read(path)
            execute(notebook)
            write(notebook, path)
    sys.exit(amiss)


if __name__ == "__main__":
    main()
