"""What a run consists of: jobs, each of which makes rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from . import installation, memory
from .measure import Effort, measure
from .result import Row
from .workloads import ALL
from .workloads.workload import Workload

Rows = tuple[list[Row], list[str]]


@dataclass(frozen=True)
class Job:
    """One measurement.

    Attributes:
        name: to choose it by.
        title: what is measured.
        part: the heading of its rows.
        contestants: who may take part.
        run: makes the rows, and notes, for those of the contestants that it is given.
        extra: left out unless asked for by name.
    """

    name: str
    title: str
    part: str
    contestants: Sequence[str]
    run: Callable[[list[str]], Rows]
    extra: bool = False


def jobs(effort: Effort) -> list[Job]:
    """Everything that can be measured."""
    found = [_race(one, effort) for one in ALL]
    if memory.SUPPORTED:
        found += [_memory(one, effort) for one in ALL if one.memory]
    contestants = list(installation.MODULES)
    for name, title in (("import", "import, in a new process"), ("size", "installed size")):
        found.append(Job(name, title, installation.PART, contestants, _before(name, effort)))
    return found


def chosen(found: Iterable[Job], terms: Sequence[str]) -> list[Job]:
    """Those whose name begins with one of the terms, or whose part contains one.

    Raises:
        ValueError: when a term chooses nothing.
    """
    found = list(found)
    if not terms:
        return [job for job in found if not job.extra]
    by_term = {term: [job for job in found if _matches(job, term)] for term in terms}
    for term, those in by_term.items():
        if not those:
            names = dict.fromkeys(job.name.partition("_")[0] for job in found)
            raise ValueError(f"--only {term}: there is no such part or row; there are {', '.join(names)}")
    return [job for job in found if any(job in those for those in by_term.values())]


def matches(name: str, part: str, term: str) -> bool:
    """Whether a term chooses a row: by its name, the beginning of its name, or a word of its part."""
    term = term.strip().lower()
    return name.lower() == term or name.lower().startswith(f"{term}_") or term in part


def _matches(job: Job, term: str) -> bool:
    return matches(job.name, "" if job.extra else job.part, term)


def _race(workload: Workload, effort: Effort) -> Job:
    def run(names: list[str]) -> Rows:
        row, notes = measure(workload, names, effort)
        return [row], notes

    names = list(workload.builders())
    return Job(workload.name, workload.title, workload.part, names, run, workload.extra)


def _memory(workload: Workload, effort: Effort) -> Job:
    names = [name for name in workload.builders() if name not in memory.SKIPPED]
    title, part = workload.title, memory.PART

    def run(names: list[str]) -> Rows:
        return [memory.measure(workload, names, effort.processes, effort.tiny)], []

    return Job(f"memory_{workload.name}", title, part, names, run)


def _before(name: str, effort: Effort) -> Callable[[list[str]], Rows]:
    def run(names: list[str]) -> Rows:
        modules = {one: module for one, module in installation.MODULES.items() if one in names}
        if name == "import":
            return [installation.import_times(modules, 3 * effort.processes)], []
        return installation.sizes(modules), []

    return run
