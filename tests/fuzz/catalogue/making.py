"""Arguments of what makes and converts tensors."""

from __future__ import annotations

from tests.fuzz.draw import Draw


def sized(d: Draw) -> list[str]:
    return [str(d.shape()), *d.option(f"dtype={d.as_dtype()}")]


def like(d: Draw) -> list[str]:
    return [d.tensor(), *d.option(f"dtype={d.as_dtype()}", 0.3)]


def filled(d: Draw) -> list[str]:
    return [str(d.shape()), d.number(), *d.option(f"dtype={d.as_dtype()}", 0.3)]


def ranged(d: Draw) -> list[str]:
    start, step = d.whole(-3, 3), d.pick(1, 2, 0.5, -1)
    numbers = [str(start), str(start + step * d.whole(0, 4)), *([str(step)] if step != 1 or d.chance(0.3) else [])]
    return [*(numbers if d.chance(0.7) else [str(d.whole(0, 4))]), *d.option(f"dtype={d.as_dtype('fi')}", 0.3)]


def spaced(d: Draw) -> list[str]:
    return [str(d.whole(-3, 3)), str(d.whole(-3, 3)), str(d.whole(0, 5)), *d.option(f"dtype={d.as_dtype('f')}", 0.3)]


def converted(d: Draw) -> list[str]:
    return [d.tensor(), d.tensor() if d.chance(0.2) else d.as_dtype(), *d.option("copy=True", 0.15)]


def from_list(d: Draw) -> list[str]:
    values = str([[d.pick(1, 0, 2.5, -1, True) for _ in range(2)] for _ in range(2)])
    return [values, *d.option(f"dtype={d.as_dtype()}", 0.4)]


def random_like(d: Draw) -> list[str]:
    return [d.tensor(), d.number()]


ARGUMENTS = {
    **dict.fromkeys("zeros ones".split(), sized),
    **dict.fromkeys("zeros_like ones_like".split(), like),
    **dict.fromkeys("linspace logspace".split(), spaced),
    **dict.fromkeys("bool byte double float half int long short".split(), lambda d: [d.tensor()]),
    **dict.fromkeys("new_zeros new_ones".split(), lambda d: [d.tensor(), *sized(d)]),
    **dict.fromkeys(
        "is_floating_point is_tensor numel nelement is_contiguous cpu dim size tolist element_size".split(),
        lambda d: [d.tensor()],
    ),
    **dict.fromkeys("as_tensor asarray tensor".split(), from_list),
    "full": filled,
    "full_like": random_like,
    "new_full": lambda d: [d.tensor(), *filled(d)],
    "new_tensor": lambda d: [d.tensor(), *from_list(d)],
    "eye": lambda d: [str(d.whole(0, 3)), *d.option(str(d.whole(0, 3)), 0.3), *d.option(f"dtype={d.as_dtype()}", 0.3)],
    "arange": ranged,
    "to": converted,
    "type": lambda d: [d.tensor(), d.as_dtype()],
    "type_as": lambda d: [d.tensor(), d.tensor()],
    "item": lambda d: [d.tensor(high=1)],
    "tril_indices": lambda d: [str(d.whole(0, 3)), str(d.whole(0, 3)), str(d.whole(-1, 1))],
    "triu_indices": lambda d: [str(d.whole(0, 3)), str(d.whole(0, 3)), str(d.whole(-1, 1))],
    "copy": lambda d: [x := d.tensor(), d.partner(x)],
    "fill": random_like,
    "zero": lambda d: [d.tensor()],
}
