"""Arguments of views, rearrangements, joins and splits."""

from __future__ import annotations

from collections.abc import Sequence

from tests.fuzz.draw import Draw


def factored(d: Draw, count: int) -> list[int]:
    """A shape of that many elements."""
    sizes = []
    while count > 1 and len(sizes) < 3:
        n = d.pick(*(k for k in range(1, count + 1) if count % k == 0))
        sizes.append(n)
        count //= n
    return [*sizes, count] if count != 1 or d.chance(0.3) else sizes


def reshaped(d: Draw) -> list[str]:
    x = d.tensor()
    shape = factored(d, d.look(x).numel())
    if shape and d.chance(0.4) and 0 not in shape:
        shape[d.whole(0, len(shape) - 1)] = -1
    return [x, f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"]


def permuted(d: Draw) -> list[str]:
    x = d.tensor()
    order = list(range(d.look(x).dim()))
    d.rng.shuffle(order)
    return [x, str(tuple(order))]


def two_dims(d: Draw) -> list[str]:
    x = d.tensor()
    return [x, d.dim(x), d.dim(x)]


def several_moved(d: Draw) -> list[str]:
    x = d.tensor()
    if d.chance(0.6):
        return [x, d.dim(x), d.dim(x)]
    source = d.rng.sample(range(d.look(x).dim()), d.whole(0, d.look(x).dim()))
    return [x, str(tuple(source)), str(tuple(d.rng.sample(range(d.look(x).dim()), len(source))))]


def flattened(d: Draw) -> list[str]:
    x = d.tensor()
    return [x] if d.chance(0.4) else [x, d.dim(x), *d.option(d.dim(x))]


def expanded(d: Draw) -> list[str]:
    x = d.tensor()
    sizes = [d.whole(1, 3) if n == 1 else d.pick(n, -1) for n in d.look(x).shape]
    return [x, str(tuple([*(d.whole(1, 2) for _ in range(d.whole(0, 1))), *sizes]))]


def broadcast(d: Draw) -> list[str]:
    x = d.tensor()
    sizes = [d.whole(1, 3) if n == 1 else int(n) for n in d.look(x).shape]
    return [x, str(tuple([*(d.whole(1, 2) for _ in range(d.whole(0, 1))), *sizes]))]


def repeated(d: Draw) -> list[str]:
    x = d.tensor()
    return [x, str(tuple(d.whole(0 if d.chance(0.1) else 1, 2) for _ in range(d.look(x).dim() + d.whole(0, 1))))]


def repeat_each(d: Draw) -> list[str]:
    x = d.tensor()
    if d.chance(0.3):
        return [x, str(d.whole(0, 3))]
    dim = d.dim(x)
    counts = d.places([d.size(x, int(dim))], 3) if d.chance(0.4) else str(d.whole(0, 3))
    return [x, counts, f"dim={dim}"]


def unflattened(d: Draw) -> list[str]:
    x = d.tensor(low=1)
    dim = d.dim(x)
    return [x, dim, str(tuple(factored(d, d.size(x, int(dim))) or [1]))]


def rolled(d: Draw) -> list[str]:
    x = d.tensor()
    return [x, str(d.whole(-3, 3)), *d.option(d.dim(x), 0.7)]


def diagonals(d: Draw) -> list[str]:
    x = d.tensor(low=2)
    if d.chance(0.5):
        return [x, *d.option(str(d.whole(-2, 2)))]
    return [x, f"offset={d.whole(-1, 1)}", f"dim1={d.dim(x)}", f"dim2={d.dim(x)}"]


def listed(tensors: Sequence[str], d: Draw) -> str:
    return f"[{', '.join(tensors)}]" if d.chance(0.7) else f"({', '.join(tensors)},)"


def stacked(d: Draw) -> list[str]:
    x = d.tensor()
    others = [d.same(x, "fib" if d.chance(0.2) else None) for _ in range(d.whole(0, 2))]
    return [listed([x, *others], d), *d.option(d.dim(x, extra=1), 0.6)]


def _agree(a: Sequence[int], b: Sequence[int], dim: int) -> bool:
    """Whether two shapes of one length are equal but along ``dim``."""
    return all(m == n or i == dim % len(a) for i, (m, n) in enumerate(zip(a, b, strict=True)))


def joined(d: Draw) -> list[str]:
    """Tensors that agree but for the size along one dimension."""
    x = d.tensor(low=1)
    dim = d.dim(x)
    fitting = [
        name
        for name, value in d.pool.items()
        if value.dim() == d.look(x).dim() and d.tame(value) and _agree(value.shape, d.look(x).shape, int(dim))
    ]
    chosen = [d.pick(*fitting) if fitting else x for _ in range(d.whole(0, 2))]
    return [listed([x, *chosen], d), *([dim] if int(dim) != 0 or d.chance(0.3) else [])]


def together(d: Draw) -> list[str]:
    x = d.tensor()
    return [listed([x, *(d.same(x) for _ in range(d.whole(0, 2)))], d)]


def meshed(d: Draw) -> list[str]:
    vectors = [d.new([d.whole(1, 3)], "float32") for _ in range(d.whole(1, 3))]
    return [*vectors, f"indexing={d.pick('ij', 'xy')!r}"]


def split(d: Draw) -> list[str]:
    x = d.tensor(low=1)
    dim = d.dim(x)
    size = d.size(x, int(dim))
    if d.chance(0.5):
        return [x, str(d.whole(1, max(size, 1))), dim]
    cut = d.whole(0, size)
    return [x, str([cut, size - cut]), dim]


def chunked(d: Draw) -> list[str]:
    x = d.tensor(low=1)
    return [x, str(d.whole(1, 4)), d.dim(x)]


def at_places(low: int, dim: bool = False) -> object:
    def arguments(d: Draw) -> list[str]:
        x = d.tensor(low=low)
        where = str(d.whole(1, 3)) if d.chance(0.5) else str(sorted(d.whole(0, 4) for _ in range(d.whole(1, 2))))
        return [x, where, *d.option(d.dim(x), 0.5 if dim else 0)]

    return arguments


def windows(d: Draw) -> list[str]:
    x = d.tensor(low=1)
    dim = d.dim(x)
    return [x, dim, str(d.whole(1, max(d.size(x, int(dim)), 1))), str(d.whole(1, 2))]


def selected(d: Draw) -> list[str]:
    x = d.tensor(low=1)
    dim = d.dim(x)
    size = max(d.size(x, int(dim)), 1)
    return [x, dim, str(d.whole(-size, size - 1))]


def narrowed(d: Draw) -> list[str]:
    x = d.tensor(low=1)
    dim = d.dim(x)
    start = d.whole(0, d.size(x, int(dim)))
    return [x, dim, str(start), str(d.whole(0, d.size(x, int(dim)) - start))]


ARGUMENTS = {
    **dict.fromkeys("reshape view".split(), reshaped),
    **dict.fromkeys("reshape_as view_as".split(), lambda d: [x := d.tensor(), d.same(x, "fib")]),
    **dict.fromkeys(
        "ravel t adjoint atleast_1d atleast_2d atleast_3d contiguous clone detach".split(), lambda d: [d.tensor()]
    ),
    **dict.fromkeys("fliplr flipud".split(), lambda d: [d.tensor(low=1)]),
    **dict.fromkeys("transpose swapaxes swapdims".split(), two_dims),
    **dict.fromkeys("movedim moveaxis".split(), several_moved),
    **dict.fromkeys("tril triu".split(), lambda d: [d.tensor(low=2), *d.option(str(d.whole(-2, 2)))]),
    **dict.fromkeys("diag diagflat".split(), lambda d: [d.tensor(low=1, high=2), *d.option(str(d.whole(-2, 2)))]),
    **dict.fromkeys("cat concat concatenate".split(), joined),
    **dict.fromkeys("hstack vstack dstack column_stack".split(), together),
    "permute": permuted,
    "flatten": flattened,
    "unflatten": unflattened,
    "squeeze": lambda d: [x := d.tensor(), *d.option(d.dim(x) if d.chance(0.7) else d.dims(x), 0.7)],
    "unsqueeze": lambda d: [x := d.tensor(), d.dim(x, extra=1)],
    "expand": expanded,
    "expand_as": lambda d: [x := d.tensor(), d.partner(x)],
    "broadcast_to": broadcast,
    "broadcast_tensors": lambda d: [x := d.tensor(), d.partner(x)],
    "repeat": repeated,
    "tile": repeated,
    "repeat_interleave": repeat_each,
    "flip": lambda d: [x := d.tensor(), d.dims(x)],
    "roll": rolled,
    "rot90": lambda d: [d.tensor(low=2), str(d.whole(-2, 4)), *d.option(d.pick("(0, 1)", "(1, 0)", "(-1, 0)"), 0.6)],
    "diagonal": diagonals,
    "diag_embed": lambda d: [d.tensor(low=1, high=3), *d.option(f"offset={d.whole(-1, 1)}")],
    "stack": stacked,
    "meshgrid": meshed,
    "split": split,
    "chunk": chunked,
    "tensor_split": at_places(1, dim=True),
    "hsplit": at_places(1),
    "vsplit": at_places(2),
    "dsplit": at_places(3),
    "unbind": lambda d: [x := d.tensor(low=1), *d.option(d.dim(x))],
    "unfold": windows,
    "narrow": narrowed,
    "select": selected,
}
