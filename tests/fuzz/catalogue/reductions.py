"""Arguments of reductions, scans, order and search."""

from __future__ import annotations

from tests.fuzz.draw import Draw


def over_some(d: Draw) -> list[str]:
    x = d.tensor()
    return [x, *d.reduced(x)]


def over_one(d: Draw) -> list[str]:
    x = d.tensor()
    return [x, *d.along(x)]


def into_dtype(d: Draw) -> list[str]:
    return [*over_some(d), *d.option(f"dtype={d.as_dtype()}", 0.15)]


def extremum(d: Draw) -> list[str]:
    """Of everything, along a dimension, or with another tensor."""
    x = d.tensor()
    return [x, d.partner(x)] if d.chance(0.2) else [x, *d.along(x)]


def variance(d: Draw) -> list[str]:
    x = d.floating()
    return [x, *d.reduced(x), *d.option(f"correction={d.pick(0, 1, 2)}", 0.4)]


def scan(d: Draw) -> list[str]:
    x = d.tensor()
    return [x, d.dim(x)]


def norm(d: Draw) -> list[str]:
    x = d.floating()
    order = d.pick("2", "1", "float('inf')", "-float('inf')", "0", "3", "2.5", "'fro'")
    dims = d.reduced(x)
    return [x, order, *([] if not dims else [f"dim={dims[0].removeprefix('dim=')}", *dims[1:]])]


def softmax(d: Draw) -> list[str]:
    x = d.floating()
    return [x, d.dim(x), *d.option(f"dtype={d.as_dtype('f')}", 0.1)]


def sort(d: Draw) -> list[str]:
    """Stable, since the order of equal elements is otherwise anyone's guess."""
    x = d.tensor()
    return [x, f"dim={d.dim(x)}", *d.option("descending=True"), "stable=True"]


def kth(d: Draw) -> list[str]:
    x = d.tensor(low=1)
    dim = d.dim(x)
    return [x, str(d.whole(1, max(d.size(x, int(dim)), 1))), dim, *d.option("keepdim=True", 0.3)]


def topk(d: Draw) -> list[str]:
    x = d.tensor(low=1)
    dim = d.dim(x)
    return [x, str(d.whole(0, d.size(x, int(dim)))), dim, *d.option("largest=False", 0.4)]


def quantile(d: Draw) -> list[str]:
    x = d.floating()
    q = d.pick("0.5", "0.25", "0.9", "0.0", "1.0")
    kind = d.pick("linear", "lower", "higher", "nearest", "midpoint")
    return [x, q, *d.along(x), *d.option(f"interpolation={kind!r}", 0.4)]


def diff(d: Draw) -> list[str]:
    x = d.tensor(low=1)
    return [x, *d.option(f"n={d.whole(0, 2)}", 0.4), *d.option(f"dim={d.dim(x)}", 0.5)]


def searched(d: Draw) -> list[str]:
    """A rising sequence, and values whose places in it are looked for."""
    sequence = sorted(d.whole(-8, 8) / 2 for _ in range(d.whole(1, 5)))
    return [f"lib.tensor({sequence}, dtype=lib.float32)", d.tensor("fi"), *d.option("right=True", 0.4)]


def bucketed(d: Draw) -> list[str]:
    boundaries, values, *options = searched(d)
    return [values, boundaries, *options]


def unique(d: Draw) -> list[str]:
    flags = [o for word in ("return_inverse", "return_counts") for o in d.option(f"{word}=True", 0.3)]
    x = d.tensor()
    return [x, *flags, *d.option(f"dim={d.dim(x)}", 0.3)]


def counted(d: Draw) -> list[str]:
    x = d.new([d.whole(1, 5)], "int64", 0, 4)
    return [x, *d.option(f"weights={d.same(x, 'f')}", 0.3), *d.option("minlength=6", 0.3)]


ARGUMENTS = {
    **dict.fromkeys("amax amin count_nonzero nansum".split(), over_some),
    **dict.fromkeys("all any argmax argmin median".split(), over_one),
    **dict.fromkeys("sum mean nanmean".split(), into_dtype),
    **dict.fromkeys("max min".split(), extremum),
    **dict.fromkeys("var std var_mean std_mean".split(), variance),
    **dict.fromkeys("cumsum cumprod cummax cummin logcumsumexp".split(), scan),
    **dict.fromkeys("softmax log_softmax".split(), softmax),
    "prod": lambda d: [*over_one(d), *d.option(f"dtype={d.as_dtype()}", 0.15)],
    "logsumexp": lambda d: [x := d.tensor(), d.dim(x) if d.chance(0.6) else d.dims(x, 1), *d.option("keepdim=True")],
    "aminmax": lambda d: [x := d.tensor(), *d.option(f"dim={d.dim(x)}"), *d.option("keepdim=True", 0.3)],
    "norm": norm,
    "sort": sort,
    "argsort": sort,
    "msort": lambda d: [d.tensor(low=1)],
    "kthvalue": kth,
    "topk": topk,
    "quantile": quantile,
    "diff": diff,
    "searchsorted": searched,
    "bucketize": bucketed,
    "unique": unique,
    "bincount": counted,
    "nonzero": lambda d: [d.tensor(), *d.option("as_tuple=True", 0.4)],
    "argwhere": lambda d: [d.tensor()],
    "histc": lambda d: [d.floating(), f"bins={d.whole(1, 4)}", *d.option("min=-2", 0.4), *d.option("max=2", 0.4)],
    "trace": lambda d: [d.tensor(low=2, high=2)],
}
