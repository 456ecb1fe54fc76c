"""The versions that pyproject.toml names are those that ``make test-oldest`` installs."""

from __future__ import annotations

import tomllib

import pytest

from tests.oldest import PROJECT, constraints


def test_every_requirement_names_its_oldest_version() -> None:
    oldest = constraints(tomllib.loads(PROJECT.read_text())["project"])
    names = [line.partition("==")[0] for line in oldest]
    assert {"numpy", "graphviz", "matplotlib", "safetensors", "pytest", "hypothesis"} <= set(names)
    assert len(names) == len(set(names))  # one version each, also where two extras require the same


def test_bounds_of_all_extras_are_read() -> None:
    extras = {"draw": ["b>=1.5,<2"], "all": ["own[draw]", "c>=3", "a>=2.0"]}
    project = {"name": "own", "dependencies": ["a>=2.0"], "optional-dependencies": extras}
    assert constraints(project) == ["a==2.0", "b==1.5", "c==3"]


@pytest.mark.parametrize("line", ["b", "b<2", "b==1.0", "b>1"])
def test_a_requirement_without_one_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=f"'{line}' names no oldest version"):
        constraints({"name": "own", "dependencies": [line], "optional-dependencies": {}})
