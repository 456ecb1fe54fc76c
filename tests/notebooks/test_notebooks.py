"""The notebooks of the course: well-formed, executed in order, complete with solutions; slow: run again, and solved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

nbformat = pytest.importorskip("nbformat", reason="the notebooks need Jupyter: pip install -e '.[notebooks]'")

from notebooks import course, execute  # noqa: E402  (execute ends the program where nbformat is missing)

PATHS = execute.paths()
LARGEST = 500_000  # bytes of a notebook with its outputs, so that a page loads fast
LINK = re.compile(r"\]\(([^)#:]+)\)")
MACHINE_PATH = re.compile(r"(?<![\w.:/<])/[\w.-]+/[\w.-]+/|\b[A-Z]:\\")
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(notebook: Any) -> list[str]:
    """All plain text among the outputs."""
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    return [output.text if output.output_type == "stream" else output.data.get("text/plain", "") for output in outputs]


def numbered(notebook: Any, kind: str) -> list[str]:
    """The numbers of the cells that are called ``kind``-number, in the order of the notebook."""
    return [cell.id.removeprefix(f"{kind}-") for cell in notebook.cells if cell.id.startswith(f"{kind}-")]


def test_numbers_run_from_one_without_a_gap() -> None:
    assert [int(path.stem[:2]) for path in PATHS] == list(range(1, len(PATHS) + 1))


@each_notebook
def test_valid(path: Path) -> None:
    nbformat.validate(execute.read(path))


@each_notebook
def test_starts_with_a_title_and_says_what_for(path: Path) -> None:
    first = execute.read(path).cells[0]
    assert first.cell_type == "markdown" and first.source.startswith(f"# {int(path.stem[:2])} · ")
    assert "What you will know afterwards" in first.source
    assert "Prerequisites" in first.source


@each_notebook
def test_executed_from_top_to_bottom(path: Path) -> None:
    cells = code(execute.read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@each_notebook
def test_no_errors_nor_warnings(path: Path) -> None:
    outputs = [output for cell in code(execute.read(path)) for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]


@each_notebook
def test_outputs_do_not_depend_on_the_machine(path: Path) -> None:
    for text in texts(execute.read(path)):
        assert not MACHINE_PATH.search(text), text
        assert not ADDRESS.search(text), text


@each_notebook
def test_the_file_is_as_execute_writes_it(path: Path) -> None:
    notebook = execute.read(path)
    execute.tidy(notebook)
    assert nbformat.writes(notebook).rstrip("\n") + "\n" == path.read_text(encoding="utf-8")
    assert path.stat().st_size < LARGEST


@each_notebook
def test_every_exercise_has_a_check_and_a_solution(path: Path) -> None:
    notebook = execute.read(path)
    numbers = numbered(notebook, "exercise")
    assert 3 <= len(numbers) <= 5
    assert numbers == numbered(notebook, "check") == [str(1 + i) for i in range(len(numbers))]
    assert list(execute.solutions(path)) == [f"exercise-{number}" for number in numbers]
    for cell in notebook.cells:
        for kind in ("exercise", "check"):
            assert cell.id.startswith(f"{kind}-") == (kind in cell.metadata.get("tags", [])), cell.id


@each_notebook
def test_the_committed_exercises_are_not_solved(path: Path) -> None:
    notebook = execute.read(path)
    outputs = execute.printed(notebook)
    for number in numbered(notebook, "check"):
        assert outputs[f"check-{number}"] == f"exercise {number}: not solved yet\n"


@each_notebook
def test_leads_to_the_next_notebook_and_to_a_script(path: Path) -> None:
    last = execute.read(path).cells[-1]
    links = LINK.findall(last.source) if last.cell_type == "markdown" else []
    assert any(link.startswith("../examples/") for link in links)
    following = PATHS[PATHS.index(path) + 1 :]
    assert not following or following[0].name in links


@each_notebook
def test_links_lead_somewhere(path: Path) -> None:
    markdown = [cell.source for cell in execute.read(path).cells if cell.cell_type == "markdown"]
    links = [link for source in markdown for link in LINK.findall(source)]
    assert not [link for link in links if not (path.parent / link).exists()]


def test_the_table_of_the_course_lists_every_notebook() -> None:
    links = LINK.findall((execute.FOLDER / "README.md").read_text(encoding="utf-8"))
    assert [link for link in links if link.endswith(".ipynb")] == [path.name for path in PATHS]


def test_an_error_inside_a_library_is_shown_at_the_line_of_the_cell_that_led_there(capsys) -> None:
    cell = "def answer():\n    return np.linalg.inv(np.ones((2, 3)))\nwith check(7):\n    answer()"
    exec(compile(cell, "<cell>", "exec"), {"check": course.check, "np": np})
    said = capsys.readouterr().out
    assert said.startswith("exercise 7: not right yet. LinAlgError in answer") and "square" in said


@pytest.mark.slow
@each_notebook
def test_prints_what_the_file_shows(path: Path) -> None:
    assert not execute.differences(path)


@pytest.mark.slow
@each_notebook
def test_the_solutions_solve_the_exercises(path: Path) -> None:
    assert not execute.unsolved(path)
