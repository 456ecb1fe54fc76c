"""The rooms of the house: who may import whom, what a module may import, and that every name has one definition."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad
from minigrad.core.methods import Methods
from minigrad.core.tensor import Tensor

ROOT = Path(minigrad.__file__).parent
MODULES = sorted(p.relative_to(ROOT) for p in ROOT.rglob("*.py"))

# Room -> the rooms that it may import from. A room is a floor of ``nn/``, a module of ``core/``, or a module or package
# directly below minigrad/.
CORE = (
    "caller",
    "modes",
    "graph",
    "writes",
    "views",
    "refusals",
    "inplace_methods",
    "methods",
    "arrays",
    "dispatch",
    "operators",
    "grad",
    "tensor",
    "broadcasting",
    "inputs",
    "saving",
    "primitive",
    "declare",
    "backward",
    "hooks",
)
BELOW = {f"core.{name}" for name in (*CORE, "dtypes", "memory")}
ALLOWED: dict[str, set[str]] = {
    **{f"core.{name}": {f"core.{below}" for below in CORE[:i]} for i, name in enumerate(CORE)},
    "core.inplace_methods": {"core.tensor"},  # for the type checker only
    "core.methods": {"core.tensor", "core.inplace_methods"},
    "core.dtypes": set(),
    "core.memory": set(),
    "random": set(),
    "ops": {*BELOW, "random"},
    "autograd": {*BELOW, "ops", "random"},
    "func": {*BELOW, "ops", "autograd"},
    "nn.kernels": {*BELOW, "ops"},
    "nn.functional": {*BELOW, "ops", "autograd", "nn.kernels", "random"},
    "nn": {*BELOW, "ops", "autograd", "nn.kernels", "nn.functional", "random", "distributions"},
    "distributions": {*BELOW, "ops", "autograd", "nn.kernels", "nn.functional", "random"},
    "optim": {*BELOW, "nn"},
    "data": {*BELOW, "random"},
    "utils": {"data"},
    "accelerator": set(),
    "backends": set(),
    "cuda": set(),
    "special": {*BELOW, "ops", "nn.kernels"},
    "theory": {*BELOW, "ops", "autograd"},
    "files": set(),
    "notebook": set(),
    "serialization": {*BELOW, "files"},
    "checkpoint": {*BELOW, "files", "random", "serialization"},
    "receipts": {"core.tensor", "files"},
    "experiment": {"files", "random", "receipts"},
    "metrics": {"core.tensor"},
    "recommend": {*BELOW, "ops", "nn", "nn.functional", "random"},
    "debug": {*BELOW, "autograd", "fast", "files", "random", "nn", "nn.functional", "ops", "optim", "theory"},
    "viz": {*BELOW, "autograd", "debug", "nn", "nn.functional", "random"},
    "fast": {*BELOW, "ops", "nn", "nn.kernels", "nn.functional", "optim", "random"},
}
for _name in ("inputs", "saving"):
    ALLOWED[f"core.{_name}"].add("core.primitive")  # for the type checker only
FLOORS = ("kernels", "functional")


def room(*parts: str) -> str:
    """The room of a module below minigrad/, or of what is imported from there."""
    if parts[0] == "core" and len(parts) > 1:
        return f"core.{parts[1]}"
    if parts[0] == "nn" and len(parts) > 1 and parts[1] in FLOORS:
        return f"nn.{parts[1]}"
    return parts[0]


def imported(module: Path) -> list[tuple[str, ast.stmt]]:
    """The rooms that a module imports from, each with its statement."""
    tree = ast.parse((ROOT / module).read_text())
    found: list[tuple[str, ast.stmt]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*module.parent.parts][: len(module.parent.parts) - node.level + 1]
            path = [*base, *(node.module.split(".") if node.module else [])]
            found += [(room(*path, alias.name), node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "minigrad":
            pytest.fail(f"{module}: inside the package imports are relative")
    return found


@pytest.mark.parametrize("module", [m for m in MODULES if m.name != "__init__.py" or len(m.parts) > 1], ids=str)
def test_import_direction(module: Path) -> None:
    here = room(*module.with_suffix("").parts)
    for other, _ in imported(module):
        assert other == here or other in ALLOWED[here], f"{module} must not import from {other}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_private_name_crosses_a_module(module: Path) -> None:
    for _, node in imported(module):
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert not alias.name.startswith("_"), f"{module} imports the private name {alias.name}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_files_stay_readable(module: Path) -> None:
    lines = (ROOT / module).read_text().splitlines()
    assert len(lines) <= 420, f"{module} has {len(lines)} lines; is a room missing?"


@pytest.mark.plain
def test_the_import_needs_numpy_only() -> None:
    """Whoever uses no pictures and no examples needs none of their packages, and waits for none of them."""
    code = (
        "import sys, minigrad, minigrad.nn, minigrad.optim, minigrad.data\n"
        "extras = {'matplotlib', 'graphviz', 'tqdm', 'sklearn', 'safetensors', 'torch', 'scipy', 'numba'}\n"
        "extras &= set(sys.modules)\n"
        "sys.exit(', '.join(sorted(extras)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"import minigrad also imports {result.stderr}"


def test_declared_methods_are_those_that_ops_offers() -> None:
    tree = ast.parse((ROOT / "core/tensor.py").read_text())
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Tensor"]
    own = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    offered = {name for name in vars(Tensor) if not name.startswith("_")} - own - set(Tensor.__slots__)
    declared = {name for kind in Methods.__mro__ for name in vars(kind).get("__annotations__", {})}
    assert offered == declared


@pytest.mark.parametrize("name", [m.name for m in pkgutil.walk_packages([str(ROOT)], "minigrad.")])
def test_every_module_says_what_it_is_for(name: str) -> None:
    if name.startswith("minigrad.fast."):
        pytest.importorskip("numba")
        pytest.importorskip("scipy")
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public)
