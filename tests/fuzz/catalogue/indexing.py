"""Arguments of selection, scatter and masks; and the texts of indices."""

from __future__ import annotations

from tests.fuzz.draw import Draw


def index(d: Draw, x: str, once: bool = False) -> str:
    """What stands between the brackets of ``x[...]``, if asked for naming no element twice."""
    shape = [int(n) for n in d.look(x).shape]
    if d.chance(0.1):
        return d.mask(shape)
    parts, advanced = [], None
    for i in range(d.whole(0, len(shape))):
        n = shape[i]
        kind = d.rng.choices(("int", "slice", "list", "tensor", "mask", "none"), (4, 6, 1, 2, 1, 1))[0]
        if kind == "int":
            parts.append(str(d.whole(-n - 1, n) if n == 0 or d.chance(0.02) else d.whole(-n, n - 1)))
        elif kind == "slice":
            bounds = [d.often("", str(d.whole(-n - 1, n + 1))) for _ in range(2)]
            parts.append(f"{bounds[0]}:{bounds[1]}{d.often('', ':1', ':2', ':3')}")
        elif kind == "none":
            parts += ["None", ":"]
        elif kind == "mask":
            parts.append(d.mask([n]) if advanced is None else ":")
            advanced = advanced or 1
        elif n == 0:
            parts.append(":")
        else:
            advanced = d.whole(1, n if once else 3) if advanced is None else advanced
            if once and advanced > n:
                parts.append(":")
                continue
            places = d.rng.sample(range(n), advanced) if once else [d.whole(0, n - 1) for _ in range(advanced)]
            places = [place - n if d.chance(0.3) else place for place in places]
            parts.append(str(places) if kind == "list" else f"lib.tensor({places})")
    if d.chance(0.15):
        parts.insert(d.whole(0, len(parts)), "...")
    return ", ".join(parts) if parts else d.pick("...", "None", "()", ":" if shape else "...")


def along(d: Draw, low: int = 1) -> tuple[str, str, int]:
    """A tensor, one of its dimensions, and the size along that."""
    x = d.tensor(low=low)
    dim = d.dim(x)
    return x, dim, d.size(x, int(dim))


def gathered(d: Draw) -> list[str]:
    x, dim, size = along(d)
    return [x, dim, d.places(_smaller(d, x, dim), size)]


def _smaller(d: Draw, x: str, dim: str) -> list[int]:
    """The shape of an index of ``gather`` and ``scatter``: no larger than the tensor but along ``dim``."""
    shape = [d.whole(0, int(n)) if d.chance(0.2) else int(n) for n in d.look(x).shape]
    if -len(shape) <= int(dim) < len(shape):
        shape[int(dim)] = d.whole(1, 3) if d.size(x, int(dim)) else 0
    return shape


def scattered(d: Draw) -> list[str]:
    """Every place once, since PyTorch leaves open which of several values stays."""
    x, dim, size = along(d)
    shape = [int(n) for n in d.look(x).shape]
    if d.chance(0.5) or not -len(shape) <= int(dim) < len(shape):
        return [x, dim, d.places([1] * len(shape) if size else shape, size), d.number()]
    order = d.rng.sample(range(size), size)
    along_last = f"lib.tensor({order}, dtype=lib.int64)"
    view = [1] * len(shape)
    view[int(dim)] = size
    return [x, dim, f"{along_last}.reshape({view}).expand({shape})", d.same(x)]


def scatter_added(d: Draw) -> list[str]:
    x, dim, size = along(d)
    shape = _smaller(d, x, dim)
    return [x, dim, d.places(shape, size), d.new(shape, _dtype(d, x))]


def scatter_reduced(d: Draw) -> list[str]:
    reduction = d.pick("sum", "mean", "amax", "amin", "prod")
    return [*scatter_added(d), repr(reduction), *d.option("include_self=False", 0.3)]


def _dtype(d: Draw, x: str) -> str:
    from_tensor = str(d.look(x).dtype).removeprefix("torch.")
    return from_tensor


def index_selected(d: Draw) -> list[str]:
    x, dim, size = along(d)
    return [x, dim, d.places([d.whole(0, 3) if size else 0], size)]


def index_added(d: Draw) -> list[str]:
    return [*_rows(d, repeated=True), *d.option(f"alpha={d.pick(2, -1)}", 0.3)]


def _rows(d: Draw, repeated: bool = False) -> list[str]:
    x, dim, size = along(d)
    shape = [int(n) for n in d.look(x).shape]
    count = d.whole(0, size)
    places = [d.whole(0, size - 1) for _ in range(count)] if repeated else d.rng.sample(range(size), count)
    if -len(shape) <= int(dim) < len(shape):
        shape[int(dim)] = count
    return [x, dim, f"lib.tensor({places}, dtype=lib.int64)", d.new(shape, _dtype(d, x))]


def index_filled(d: Draw) -> list[str]:
    x, dim, size = along(d)
    return [x, dim, d.places([d.whole(0, 2) if size else 0], size), d.number()]


def index_put(d: Draw) -> list[str]:
    x = d.tensor(low=1)
    sizes = [int(n) for n in d.look(x).shape][: d.whole(1, 4)] or [1]
    count = min([d.whole(1, 2), *sizes])
    places = [d.rng.sample(range(n), count) for n in sizes]
    indices = ", ".join(f"lib.tensor({p}, dtype=lib.int64)" for p in places)
    value = d.new([1] if d.chance(0.5) else [count, *d.look(x).shape[len(sizes) :]], _dtype(d, x))
    return [x, f"({indices},)", value, *d.option("accumulate=True", 0.4)]


def masked_filled(d: Draw) -> list[str]:
    x = d.tensor()
    return [x, d.partner(x, "b"), d.number()]


def masked_scattered(d: Draw) -> list[str]:
    x = d.tensor()
    count = d.look(x).numel()
    return [x, d.mask(d.look(x).shape), d.new([count + d.whole(0, 1)], _dtype(d, x))]


def taken(d: Draw) -> list[str]:
    x = d.tensor()
    count = d.look(x).numel()
    return [x, d.places(d.shape(0, 2) if count else [0], count, negative=True)]


def taken_along(d: Draw) -> list[str]:
    x, dim, size = along(d)
    return [x, d.places(_smaller(d, x, dim), size, checked=False), f"dim={dim}"]


ARGUMENTS = {
    "gather": gathered,
    "scatter": scattered,
    "scatter_add": scatter_added,
    "scatter_reduce": scatter_reduced,
    "index_select": index_selected,
    "index_add": index_added,
    "index_copy": _rows,
    "index_fill": index_filled,
    "index_put": index_put,
    "masked_fill": masked_filled,
    "masked_scatter": masked_scattered,
    "masked_select": lambda d: [x := d.tensor(), d.partner(x, "b")],
    "take": taken,
    "take_along_dim": taken_along,
}
