"""How windows move over a picture: a convolution's geometry, apart from its arithmetic."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..windows import window_count

Pairs = tuple[tuple[int, int], ...]  # for every spatial dimension: before and after
Sizes = tuple[int, ...]


class Slide(NamedTuple):
    """How the windows move, in two dimensions."""

    stride: Sizes
    padding: Pairs
    dilation: Sizes

    def windows(self, size: Sizes, kernel: Sizes) -> Sizes:
        """How many there are, down and along."""
        return tuple(
            window_count(n, k, s, *p, d)
            for n, k, s, p, d in zip(size, kernel, self.stride, self.padding, self.dilation, strict=True)
        )


def slide_of(stride: Sizes, padding: Pairs, dilation: Sizes) -> Slide:
    """The same in two dimensions, of which the first is trivial for one."""
    if len(stride) == 1:
        return Slide((1, *stride), ((0, 0), *padding), (1, *dilation))
    return Slide(stride, padding, dilation)


class Phase(NamedTuple):
    """A part of a convolution whose kernel has neighbouring rows."""

    rows: slice  # of the input
    windows: slice  # the rows of the output
    slide: dict[str, Any]  # the static arguments, without the groups


def phases(height: int, windows: int, kernel_height: int, slide: Slide) -> Iterator[Phase]:
    """A convolution with dilation along the columns, as several without.

    Windows reach only rows that are ``dilation`` apart: these are a picture of their own, in which they are neighbours.
    """
    stride, dilation = slide.stride[0], slide.dilation[0]
    common = math.gcd(stride, dilation)
    apart = dilation // common  # every so many windows start in the same picture
    for first in range(min(apart, windows)):
        start = first * stride - slide.padding[0][0]
        phase = start % dilation
        count = len(range(first, windows, apart))
        before = (phase - start) // dilation
        after = (count - 1) * (stride // common) + kernel_height - before - len(range(phase, height, dilation))
        static = {
            "stride": (stride // common, slide.stride[1]),
            "padding": ((before, after), slide.padding[1]),
            "dilation": (1, slide.dilation[1]),
        }
        yield Phase(slice(phase, None, dilation), slice(first, None, apart), static)


class Run(NamedTuple):
    """Rows of the input, ``step`` apart, that are reached by the same rows of the kernel."""

    first: int  # the first of these rows
    step: int
    rows: int
    kernel_rows: slice  # last row first, so that the rows of the output that they come from ascend
    kernel_count: int  # how many rows of the kernel that is
    source: int  # the first row of the output that reaches the first row
    source_step: int  # and how far it is to the next


@functools.lru_cache(maxsize=512)
def runs(height: int, windows: int, kernel_height: int, stride: int, top: int, dilation: int) -> tuple[Run, ...]:
    """All rows of the input, each once.

    Row h of the padded input is reached by row i of the kernel at window (h - i · dilation) / stride, if that is one.
    """
    found: list[Run] = []
    for phase in range(min(stride, height)):
        last: tuple[list[int], int] | None = None
        for row in range(phase, height, stride):
            padded = row + top
            hits = [i for i in range(kernel_height) if (padded - i * dilation) % stride == 0]
            hits = [i for i in hits if 0 <= (padded - i * dilation) // stride < windows]
            if last is not None and hits == last[0]:
                found[-1] = found[-1]._replace(rows=found[-1].rows + 1)
                continue
            last = (hits, row)
            if not hits:
                found.append(Run(row, stride, 1, slice(0, 0), 0, 0, 1))
                continue
            apart = hits[1] - hits[0] if len(hits) > 1 else 1
            down = slice(hits[-1], hits[0] - 1 if hits[0] else None, -apart)
            source = (padded - hits[-1] * dilation) // stride
            found.append(Run(row, stride, 1, down, len(hits), source, max(apart * dilation // stride, 1)))
    return tuple(found)
