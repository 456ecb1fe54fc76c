"""Which public names there are, and on which page of the reference each one is described.

Modules are imported, not parsed: ``@primitive``, ``ufunc`` and ``register`` make objects that only exist at run time.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

PACKAGE = "minigrad"


@dataclass(frozen=True)
class Page:
    """A page of the reference: a room, or the families of one that is too large for one page."""

    path: str  # below api/
    title: str
    room: str
    families: tuple[str, ...] = ()  # the modules, below the room's package, whose names stand here; () is the rest


def _families(room: str, folder: str, table: dict[str, tuple[str, tuple[str, ...]]]) -> list[Page]:
    return [Page(f"{folder}/{name}", title, room, families) for name, (title, families) in table.items()]


# In the order of the site's navigation. A name whose family is not listed stands on the room's page without families.
PAGES = [
    Page("tensor", "Tensor", "minigrad", ("core.tensor",)),
    *_families("minigrad", "operations", {
        "creation": ("Creating tensors", ("ops.creation", "ops.sampling", "ops.interchange", "core.arrays")),
        "elementwise": ("Elementwise", ("ops.elementwise", "ops.arithmetic", "ops.chains", "ops.convert")),
        "comparison": ("Comparison", ("ops.comparison",)),
        "trigonometric": ("Trigonometric and hyperbolic", ("ops.trigonometric",)),
        "special": ("Special functions", ("ops.special",)),
        "reductions": ("Reductions and scans", ("ops.reduce", "ops.scan")),
        "shapes": ("Shapes, joining, splitting", ("ops.shape", "ops.join", "ops.pad", "ops.dims", "ops.windows")),
        "indexing": ("Indexing, sorting, searching", ("ops.index", "ops.search", "ops.order", "ops.diagonal")),
        "products": ("Products and linear algebra", ("ops.products", "ops.einsum", "ops.linalg", "ops.factorization")),
        "others": ("Types, constants, modes", ()),
    }),
    Page("autograd", "autograd", "minigrad.autograd"),
    Page("fast", "fast", "minigrad.fast"),
    Page("func", "func", "minigrad.func"),
    *_families("minigrad.nn", "nn", {
        "module": ("Module and containers", ()),
        "linear": ("Linear, embedding, heads", ("linear", "embedding", "heads", "distance", "flatten")),
        "activation": ("Activations", ("activation", "softmax")),
        "convolution": ("Convolution, pooling, padding", ("conv", "pooling", "padding", "fold", "upsampling")),
        "normalization": ("Normalisation and dropout", ("normalization", "dropout")),
        "recurrent": ("Recurrent layers", ("recurrent",)),
        "attention": ("Attention and transformers", ("attention", "transformer", "position")),
        "graph": ("Graph networks", ("graph",)),
        "loss": ("Losses", ("loss", "functional.loss")),
    }),
    Page("nn/losses", "nn.losses", "minigrad.nn.losses"),
    *_families("minigrad.nn.functional", "functional", {
        "activation": ("Activations", ("activation", "softmax")),
        "layers": ("Linear, embedding, attention, dropout", ()),
        "spatial": ("Convolution, pooling, upsampling", ("conv", "pooling", "fold", "spatial", "upsampling")),
        "normalization": ("Normalisation", ("normalization",)),
        "graph": ("Graph networks", ("graph",)),
        "loss": ("Losses", ("loss",)),
    }),
    Page("init", "nn.init", "minigrad.nn.init"),
    Page("nn/utils", "nn.utils", "minigrad.nn.utils"),
    Page("nn/utils_clip_grad", "nn.utils.clip_grad", "minigrad.nn.utils.clip_grad"),
    Page("nn/utils_convert_parameters", "nn.utils.convert_parameters", "minigrad.nn.utils.convert_parameters"),
    Page("nn/utils_rnn", "nn.utils.rnn", "minigrad.nn.utils.rnn"),
    Page("optim", "optim", "minigrad.optim"),
    Page("optim/lr_scheduler", "optim.lr_scheduler", "minigrad.optim.lr_scheduler"),
    Page("optim/schedules", "optim.lr_scheduler.schedules", "minigrad.optim.lr_scheduler.schedules"),
    Page("optim/swa_utils", "optim.swa_utils", "minigrad.optim.swa_utils"),
    Page("optim/ema", "optim.ema", "minigrad.optim.ema"),
    Page("data", "data", "minigrad.data"),
    Page("data/readers", "data.readers", "minigrad.data.readers"),
    Page("data/transforms", "data.transforms", "minigrad.data.transforms"),
    Page("distributions", "distributions", "minigrad.distributions"),
    Page("distributions/constraints", "distributions.constraints", "minigrad.distributions.constraints"),
    Page("distributions/transforms", "distributions.transforms", "minigrad.distributions.transforms"),
    Page("metrics", "metrics", "minigrad.metrics"),
    Page("recommend", "recommend", "minigrad.recommend"),
    Page("checkpoint", "checkpoint", "minigrad.checkpoint"),
    Page("serialization", "serialization", "minigrad.serialization"),
    Page("receipts", "receipts", "minigrad.receipts"),
    Page("experiment", "experiment", "minigrad.experiment"),
    Page("debug", "debug", "minigrad.debug"),
    Page("viz", "viz", "minigrad.viz"),
    Page("theory", "theory", "minigrad.theory"),
    Page("random", "random", "minigrad.random"),
    Page("special", "special", "minigrad.special"),
    Page("accelerator", "accelerator", "minigrad.accelerator"),
    Page("cuda", "cuda", "minigrad.cuda"),
    Page("backends", "backends", "minigrad.backends"),
    Page("dtypes", "core.dtypes", "minigrad.core.dtypes"),
    Page("utils", "utils", "minigrad.utils"),
    Page("utils/data", "utils.data", "minigrad.utils.data"),
]  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A public name."""

    name: str  # in full: minigrad.nn.Linear
    value: Any
    kind: str  # "class", "function", "module" or "data"
    page: Page
    same_as: str  # the name under which it is described; its own where that is here

    @property
    def home(self) -> str:
        """The module that defines it."""
        return "" if self.kind == "data" else str(getattr(inspect.unwrap(self.value), "__module__", None) or "")


def rooms() -> list[str]:
    """The modules whose names are public, in the order of their pages."""
    return list(dict.fromkeys(page.room for page in PAGES))


@functools.cache
def entries() -> dict[str, Entry]:
    """Every public name of every room, in full, and where it is described."""
    places = [(room, name) for room in rooms() for name in importlib.import_module(room).__all__]
    values = {f"{room}.{name}": getattr(importlib.import_module(room), name) for room, name in places}
    names: dict[int, list[str]] = {}
    for full, value in values.items():
        names.setdefault(id(value), []).append(full)
    found = {}
    for full, value in values.items():
        room = full.rpartition(".")[0]
        kind = kind_of(value)
        described = full if kind in ("data", "module") else min(names[id(value)], key=lambda n: _distance(n, value))
        found[full] = Entry(full, value, kind, _page(room, value), described)
    return found


def kind_of(value: Any) -> str:
    """What a public name stands for. NumPy's types of numbers count as data: their pages are NumPy's."""
    if isinstance(value, ModuleType):
        return "module"
    if isinstance(value, type):
        return "data" if issubclass(value, np.generic) else "class"
    return "function" if callable(value) and not isinstance(value, np.dtype) and _is_function(value) else "data"


def _is_function(value: Any) -> bool:
    """Not everything that can be called is there to be called: a constraint or a transform is an object of a class."""
    return inspect.isroutine(value) or hasattr(value, "__name__")


def _distance(full: str, value: Any) -> tuple[bool, int, int]:
    """How far a name is from where its value is defined: the nearest one gets the description."""
    room, _, name = full.rpartition(".")
    home = f"{getattr(inspect.unwrap(value), '__module__', '')}."
    known_as = str(getattr(value, "__name__", name)).rstrip("_")
    inside = home.startswith(f"{room}.")
    return (name.rstrip("_") != known_as, -len(room) if inside else 0, rooms().index(room))


def _page(room: str, value: Any) -> Page:
    home = f"{getattr(inspect.unwrap(value), '__module__', '')}.".removeprefix(f"{room}.")
    fits: dict[int, Page] = {}
    for page in PAGES:
        if page.room == room:
            lengths = [len(family) for family in page.families if home.startswith(f"{family}.")]
            if lengths or not page.families:
                fits[max(lengths, default=0)] = page
    return fits[max(fits)]
