"""What dir() and the completion of an editor or a shell show: public names, all of them, and nothing else."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType

import pytest

import minigrad

ROOMS = [
    "accelerator", "autograd", "backends", "checkpoint", "core.dtypes", "cuda", "data", "data.readers",
    "data.transforms", "debug", "distributions", "distributions.constraints", "distributions.transforms",
    "experiment", "fast", "func", "metrics", "nn", "nn.functional", "nn.init", "nn.utils", "nn.utils.clip_grad",
    "nn.utils.convert_parameters", "nn.utils.rnn", "optim", "optim.ema", "optim.lr_scheduler",
    "optim.lr_scheduler.schedules", "optim.swa_utils", "random", "receipts", "recommend", "serialization", "special",
    "theory", "utils", "utils.data", "viz",
]  # fmt: skip


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_shows_its_public_names(name: str) -> None:
    module = importlib.import_module(f"minigrad.{name}")
    assert dir(module) == sorted(module.__all__)
    assert all(not shown.startswith("_") and hasattr(module, shown) for shown in dir(module))
    for shown in dir(module):
        value = getattr(module, shown)
        home = value.__name__ if isinstance(value, ModuleType) else getattr(inspect.unwrap(value), "__module__", None)
        assert home is None or home.split(".")[0] in ("minigrad", "numpy"), f"{name}.{shown} comes from {home}"


def test_the_package_shows_its_public_names_and_the_rooms_that_are_loaded() -> None:
    importlib.import_module("minigrad.viz")
    shown = set(dir(minigrad))
    assert shown >= {*minigrad.__all__, "viz", "random", "serialization"}
    later = {"checkpoint", "debug", "experiment", "fast", "metrics", "random", "receipts", "recommend", "serialization"}
    later |= {"theory", "viz"}
    assert shown <= {*minigrad.__all__, *later}
    assert not shown & {"core", "ops", "keep_freed_memory", "np", "annotations"}
