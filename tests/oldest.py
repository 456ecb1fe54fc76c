"""The oldest versions that ``pyproject.toml`` allows, as constraints for pip; ``make test-oldest`` installs them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\d.]+)(,<[\d.]+)?")
# For packages that the oldest versions bring with them: pyparsing 3.3 deprecates names that matplotlib 3.9 uses.
BESIDE = ["pyparsing<3.3"]


def constraints(project: dict[str, Any]) -> list[str]:
    """``name==version`` for everything that the package and its extras require.

    Raises:
        ValueError: where a requirement does not say from which version on it holds.
    """
    requirements = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        requirements += [line for line in extra if not line.startswith(f"{project['name']}[")]
    found = []
    for line in dict.fromkeys(requirements):
        match = REQUIREMENT.fullmatch(line)
        if match is None:
            raise ValueError(f"'{line}' names no oldest version; name one that the tests pass on: {line}>=1.0")
        found.append(f"{match['name']}=={match['version']}")
    return found


if __name__ == "__main__":
    print("\n".join(constraints(tomllib.loads(PROJECT.read_text())["project"]) + BESIDE))
