"""Random arguments: values of the program, new values, and numbers, dimensions and indices that fit them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

FLOATS = ("float32", "float64", "float16")
WHOLE = ("int64", "int32", "int16", "int8", "uint8")
DTYPES = (*FLOATS, *WHOLE, "bool")
_KINDS = {**dict.fromkeys(FLOATS, "f"), **dict.fromkeys(WHOLE, "i"), "bool": "b"}
_SPECIAL = ("float('nan')", "float('inf')", "-float('inf')", "-0.0")
_WRONG = 0.03  # the share of arguments that are drawn without a look at what fits
_LARGEST = 500.0  # values beyond this are seldom used further: their rounding errors would hide what matters


def dtype_of(tensor: Any) -> str:
    """The name that both libraries have for the dtype of a tensor."""
    return str(tensor.dtype).removeprefix("torch.")


class Unfit(Exception):
    """A value that was to be used is not there: the program cannot go on."""


class Draw:
    """Draws what a statement needs.

    Args:
        rng: where the chances come from.
        program: whose ``pool`` has PyTorch's tensor for every expression that the program can name.
        run: runs a statement, after which the pool has the value that it defines.
    """

    def __init__(self, rng: random.Random, program: Any, run: Callable[[str], None]) -> None:
        self.rng, self._program, self._run = rng, program, run
        # Half precision would make the tolerance for all gradients of a program a coarse one, so few programs have it.
        self._floats = dict(zip(FLOATS, rng.choice(((40, 12, 0), (40, 12, 0), (12, 40, 0), (20, 10, 40))), strict=True))
        self.writing = False  # whether the next tensor shall be the one that it writes to
        self.recording = True
        self._names = 0

    @property
    def pool(self) -> dict[str, Any]:
        """Expression -> PyTorch's tensor, for every value that the program holds."""
        return self._program.pool

    # --- chances ------------------------------------------------------------------------------------------------------
    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def pick(self, *options: Any) -> Any:
        return self.rng.choice(options)

    def often(self, usual: Any, *others: Any) -> Any:
        """``usual`` two times in three."""
        return usual if self.chance(0.67) else self.pick(*others)

    def whole(self, low: int, high: int) -> int:
        """An integer from ``low`` to ``high``, both included."""
        return self.rng.randint(low, high)

    def option(self, text: str, probability: float = 0.5) -> list[str]:
        """An argument that may be left out."""
        return [text] if self.chance(probability) else []

    def name(self) -> str:
        """A name that the program has not used."""
        self._names += 1
        return f"v{self._names}"

    # --- new values ---------------------------------------------------------------------------------------------------
    def shape(self, low: int = 0, high: int = 4) -> tuple[int, ...]:
        rank = min(high, max(low, self.rng.choices((0, 1, 2, 3, 4), (2, 5, 7, 5, 1))[0]))
        return tuple(self.rng.choices((0, 1, 2, 3, 4), (1, 5, 8, 8, 4))[0] for _ in range(rank))

    def dtype(self, kinds: str = "fib") -> str:
        weights = {**self._floats, "int64": 14, "int32": 4, "int16": 3, "int8": 4, "uint8": 4, "bool": 8}
        options = [d for d in DTYPES if _KINDS[d] in kinds]
        return self.rng.choices(options, [weights[d] for d in options])[0]

    def literal(self, shape: Sequence[int], dtype: str, low: float = -4, high: float = 4, special: bool = False) -> str:
        """The text of a new tensor. Floats are mostly fractions that every dtype holds, with ties and kinks."""
        if 0 in shape:
            return f"lib.zeros({tuple(shape)}, dtype=lib.{dtype})"
        special = special and _KINDS[dtype] == "f" and self.chance(0.04)
        fine = self.chance(0.5)

        def number() -> str:
            if dtype == "bool":
                return str(self.chance(0.5))
            if _KINDS[dtype] == "i":
                return str(self.whole(max(int(low), 0) if dtype == "uint8" else int(low), int(high)))
            if special and self.chance(0.3):
                return str(self.pick(*_SPECIAL))
            return str(round(self.rng.uniform(low, high), 3) if fine else self.whole(int(low * 4), int(high * 4)) / 4)

        def nested(sizes: Sequence[int]) -> str:
            return f"[{', '.join(nested(sizes[1:]) for _ in range(sizes[0]))}]" if sizes else number()

        return f"lib.tensor({nested(tuple(shape))}, dtype=lib.{dtype})"

    def new(
        self, shape: Sequence[int], dtype: str | None = None, low: float = -4, high: float = 4, grad: bool | None = None
    ) -> str:
        """The name of a new tensor of the program."""
        dtype = self.dtype() if dtype is None else dtype
        text = self.literal(shape, dtype, low, high, special=(low, high, grad) == (-4, 4, None))
        if _KINDS[dtype] == "f" and (self.chance(0.5) if grad is None else grad):
            text = f"{text[:-1]}, requires_grad=True)"
        name = self.name()
        self._run(f"{name} = {text}")
        self.look(name)
        return name

    # --- values of the program ----------------------------------------------------------------------------------------
    def look(self, expression: str) -> Any:
        """PyTorch's tensor."""
        if expression not in self.pool:
            raise Unfit
        return self.pool[expression]

    def size(self, expression: str, dim: int) -> int:
        """The size along ``dim``, 1 where there is no such dimension."""
        shape = self.look(expression).shape
        return int(shape[dim]) if -len(shape) <= dim < len(shape) else 1

    def tensor(self, kinds: str = "fib", low: int = 0, high: int = 9) -> str:
        """A tensor of the program of these kinds of dtype, with ``low`` to ``high`` dimensions."""
        if self.chance(_WRONG):
            low, high, kinds = 0, 9, "fib"
        fitting = [
            name
            for name, value in self.pool.items()
            if _KINDS[dtype_of(value)] in kinds and low <= value.dim() <= high and self.tame(value)
        ]
        if self.writing:
            self.writing = False
            fitting = [name for name in fitting if self._writable(name)] or fitting
        if fitting and self.chance(0.85):
            return str(self.rng.choice(fitting))
        return self.new(self.shape(low, min(high, 4)), self.dtype(kinds))

    def tame(self, value: Any) -> bool:
        if value.numel() == 0 or dtype_of(value) == "bool":
            return True
        largest = value.detach().abs().max().item()
        return (largest <= _LARGEST or math.isnan(largest)) or self.chance(0.05)

    def _writable(self, name: str) -> bool:
        """Whether a write is allowed and nothing else looks at that memory; seldom whatever it is."""
        value = self.pool[name]
        if self.chance(0.1) or not self.recording:
            return True
        if value.is_leaf and value.requires_grad:
            return False
        memory = value.untyped_storage().data_ptr()
        return not value.requires_grad or not any(
            other is not value and other.untyped_storage().data_ptr() == memory for other in self.pool.values()
        )

    def floating(self, low: int = 0, high: int = 9) -> str:
        return self.tensor("f", low, high)

    def same(self, expression: str, kinds: str | None = None) -> str:
        """A tensor of the same shape, and of the same dtype if no kinds are given."""
        shape, dtype = tuple(self.look(expression).shape), dtype_of(self.look(expression))
        fitting = [
            name
            for name, value in self.pool.items()
            if tuple(value.shape) == shape
            and (dtype_of(value) == dtype if kinds is None else _KINDS[dtype_of(value)] in kinds)
            and self.tame(value)
        ]
        if fitting and self.chance(0.7):
            return str(self.rng.choice(fitting))
        return self.new(shape, dtype if kinds is None else self.dtype(kinds))

    def partner(self, expression: str, kinds: str = "fib") -> str:
        """A tensor that broadcasts against another."""
        if self.chance(_WRONG):
            return self.tensor(kinds)
        shape = tuple(self.look(expression).shape)
        fitting = [
            name
            for name, value in self.pool.items()
            if _KINDS[dtype_of(value)] in kinds and _broadcast(tuple(value.shape), shape) and self.tame(value)
        ]
        if fitting and self.chance(0.7):
            return str(self.rng.choice(fitting))
        cut = shape[self.whole(0, len(shape)) if self.chance(0.4) else 0 :]
        return self.new([1 if self.chance(0.2) else n for n in cut], self.dtype(kinds))

    def other(self, expression: str, kinds: str = "fib") -> str:
        """A partner or a number."""
        return self.partner(expression, kinds) if self.chance(0.6) else self.number()

    # --- other arguments ----------------------------------------------------------------------------------------------
    def number(self) -> str:
        return str(self.pick(0, 1, 2, 3, -1, -2, 0.5, 1.0, 2.0, -0.25, 1.5, 0.1, 0.3, True))

    def dim(self, expression: str, extra: int = 0) -> str:
        """A dimension of a tensor; of one with ``extra`` more dimensions."""
        rank = max(self.look(expression).dim() + extra, 1)
        return str(self.whole(-rank - 1, rank) if self.chance(_WRONG) else self.whole(-rank, rank - 1))

    def dims(self, expression: str, least: int = 0) -> str:
        """Several dimensions, all different."""
        rank = self.look(expression).dim()
        chosen = self.rng.sample(range(rank), self.whole(min(least, rank), rank))
        return str(tuple(d - rank if self.chance(0.3) else d for d in chosen))

    def reduced(self, expression: str) -> list[str]:
        """The ``dim`` and ``keepdim`` of a reduction over one, some or all dimensions."""
        if self.chance(0.25):
            return []
        dims = self.dim(expression) if self.chance(0.6) else self.dims(expression, 1)
        return [f"dim={dims}" if self.chance(0.3) else dims, *self.option("keepdim=True", 0.3)]

    def along(self, expression: str, optional: bool = True) -> list[str]:
        """The ``dim`` and ``keepdim`` of what reduces over one dimension."""
        if optional and self.chance(0.3):
            return []
        return [self.dim(expression), *self.option("keepdim=True", 0.3)]

    def places(self, shape: Sequence[int], size: int, negative: bool = False, checked: bool = True) -> str:
        """The text of an index tensor of that shape into a dimension of that size.

        Args:
            checked: whether PyTorch looks that it is not out of range.
        """
        low = -size if negative else 0
        high = size if checked and self.chance(_WRONG) else max(size - 1, 0)
        return self.literal(shape, self.often("int64", "int32"), low, high)

    def mask(self, shape: Sequence[int]) -> str:
        return self.literal(shape, "bool")

    def as_dtype(self, kinds: str = "fib") -> str:
        return f"lib.{self.dtype(kinds)}"


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a[::-1], b[::-1], strict=False))
