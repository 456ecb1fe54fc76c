"""Arguments of products of matrices and vectors."""

from __future__ import annotations

from tests.fuzz.draw import Draw, dtype_of


def product(ranks: tuple[int, ...], other: tuple[int, ...]) -> object:
    """A tensor of one of those ranks, and one of the other ranks that it can be multiplied with."""

    def arguments(d: Draw) -> list[str]:
        rank = d.pick(*ranks)
        x = d.tensor("fi", rank, rank)
        return [x, _multiplied(d, x, d.pick(*other))]

    return arguments


def _multiplied(d: Draw, x: str, rank: int) -> str:
    shape = [int(n) for n in d.look(x).shape] or [1]
    batch = shape[:-2] if d.chance(0.8) else [1] * len(shape[:-2])
    wanted = [shape[-1]] if rank == 1 else [*(batch if rank > 2 else []), shape[-1], d.whole(1, 3)]
    fitting = [
        name
        for name, value in d.pool.items()
        if list(value.shape) == wanted and dtype_of(value) == dtype_of(d.look(x)) and d.tame(value)
    ]
    return d.pick(*fitting) if fitting and d.chance(0.5) else d.new(wanted, dtype_of(d.look(x)))


def added(x_rank: int, y_rank: int) -> object:
    """``beta * input + alpha * (x @ y)``."""

    def arguments(d: Draw) -> list[str]:
        d.writing, writing = False, d.writing
        x = d.tensor("fi", x_rank, x_rank)
        y = _multiplied(d, x, y_rank)
        d.writing = writing
        rows, columns = d.look(x).shape[:-1], d.look(y).shape[1:] if y_rank == 2 else d.look(y).shape[2:]
        start = d.new([*rows, *columns] if writing or d.chance(0.6) else [1], dtype_of(d.look(x)))
        return [start, x, y, *_factors(d)]

    return arguments


def _factors(d: Draw) -> list[str]:
    return [*d.option(f"beta={d.pick(0, 2, -1)}", 0.3), *d.option(f"alpha={d.pick(2, -1)}", 0.3)]


def addr(d: Draw) -> list[str]:
    n, m, dtype = d.whole(1, 3), d.whole(1, 3), d.dtype("fi")
    return [d.new([n, m], dtype), d.new([n], dtype), d.new([m], dtype), *_factors(d)]


def addbmm(d: Draw) -> list[str]:
    b, n, m, p, dtype = *(d.whole(1, 3) for _ in range(4)), d.dtype("f")
    return [d.new([n, p], dtype), d.new([b, n, m], dtype), d.new([b, m, p], dtype), *_factors(d)]


def bilinear(d: Draw) -> list[str]:
    n, a, b, out, dtype = *(d.whole(1, 3) for _ in range(4)), d.dtype("f")
    shapes = [[n, a], [n, b], [out, a, b], *([[out]] if d.chance(0.5) else [])]
    return [d.new(shape, dtype, -3, 3) for shape in shapes]


def einsum(d: Draw) -> list[str]:
    inputs = ["".join(d.rng.sample("ijk", d.whole(1, 3))) for _ in range(d.whole(1, 2))]
    sizes = {letter: d.whole(1, 3) for letter in "ijk"}
    dtype = d.dtype("fi")
    tensors = [d.new([sizes[letter] for letter in word], dtype) for word in inputs]
    used = sorted(set("".join(inputs)))
    output = "".join(d.rng.sample(used, d.whole(0, len(used))))
    return [repr(f"{','.join(inputs)}{'' if d.chance(0.15) else '->' + output}"), *tensors]


def crossed(d: Draw) -> list[str]:
    shape = [3, *d.shape(0, 2)]
    d.rng.shuffle(shape)
    dtype = d.dtype("fi")
    return [d.new(shape, dtype), d.new(shape, dtype), f"dim={shape.index(3)}"]


def tensordot(d: Draw) -> list[str]:
    n, m, dtype = d.whole(1, 3), d.whole(1, 3), d.dtype("fi")
    if d.chance(0.5):
        return [d.new([2, n, m], dtype), d.new([n, m, 2], dtype), "2"]
    return [d.new([n, 2, m], dtype), d.new([m, 3, n], dtype), "dims=([0, 2], [2, 0])"]


def chain(d: Draw) -> list[str]:
    sizes, dtype = [d.whole(1, 3) for _ in range(4)], d.dtype("f")
    return [d.new([a, b], dtype, -3, 3) for a, b in zip(sizes[:-1], sizes[1:], strict=True)]


def squared(d: Draw) -> list[str]:
    n = d.whole(1, 3)
    return [d.new([*d.shape(0, 1), n, n], d.dtype("fi"), -2, 2), str(d.whole(0, 3))]


# --- distances: away from 0 and from each other, where PyTorch's second derivatives are NaN ---------------------------
def compared(*options: str) -> object:
    """Two tensors of vectors, and sometimes these options."""

    def arguments(d: Draw) -> list[str]:
        shape, dtype = [d.whole(1, 3), d.whole(1, 3)], d.often("float32", "float64")
        x, y = d.new(shape, dtype, 0.5, 2), d.new(shape, dtype, 2.5, 4)
        return [x, y, *(text for option in options for text in d.option(option, 0.3))]

    return arguments


def two_sets(d: Draw) -> list[str]:
    m, dtype = d.whole(1, 3), d.often("float32", "float64")
    x, y = d.new([d.whole(1, 3), m], dtype, 0.5, 2), d.new([d.whole(1, 3), m], dtype, 2.5, 4)
    return [x, y, *d.option(f"p={d.pick(0.0, 1.0, 3.0)}", 0.4)]


def one_set(d: Draw) -> list[str]:
    """Two points and more: PyTorch's backward of none of their distances ends the process."""
    x = d.new([d.whole(2, 4), d.whole(1, 3)], d.often("float32", "float64"), 0.5, 4, grad=d.chance(0.5))
    return [x, *d.option(f"p={d.pick(1.0, 3.0)}", 0.4)]


ARGUMENTS = {
    "cdist": two_sets,
    "cosine_similarity": compared("eps=0.5", "dim=0"),
    "pairwise_distance": compared("p=1.0", "keepdim=True"),
    "pdist": one_set,
    "matmul": product((1, 2, 3), (1, 2, 3)),
    "mm": product((2,), (2,)),
    "mv": product((2,), (1,)),
    "bmm": product((3,), (3,)),
    "dot": product((1,), (1,)),
    "vdot": product((1,), (1,)),
    "inner": lambda d: [x := d.tensor("fi", 1), d.same(x)],
    "outer": lambda d: [x := d.tensor("fi", 1, 1), d.new([d.whole(0, 3)], dtype_of(d.look(x)))],
    "kron": lambda d: [x := d.tensor("fi", 0, 2), d.new(d.shape(0, 2), dtype_of(d.look(x)))],
    "addmm": added(2, 2),
    "addmv": added(2, 1),
    "baddbmm": added(3, 3),
    "addbmm": addbmm,
    "addr": addr,
    "bilinear": bilinear,
    "einsum": einsum,
    "cross": crossed,
    "tensordot": tensordot,
    "chain_matmul": chain,
    "matrix_power": squared,
}
