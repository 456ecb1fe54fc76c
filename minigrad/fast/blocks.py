"""Sums of many small products, in blocks that OpenBLAS multiplies straight from memory.

A product of matrices usually begins by copying both operands into the order in which they will be read. That is little
beside a large product, and a third of the time of one with 64 rows. On processors with AVX-512, OpenBLAS leaves the
copies out up to 10⁶ multiplications: a larger product is then faster as several of that size, whose columns stay in the
first cache. Elsewhere each block would be copied all the same, and one call is best.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import ThreadpoolController

from .compiler import compiled
from .products import gemm_at

f32 = np.float32
_WITHOUT_COPIES = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # OpenBLAS's names of kernels for AVX-512
_BLOCK = 8192  # elements of the second operand: 32 KiB
_DEPTH = 128  # the inner dimension of a block at most
ROWS = 64  # of the first operand, which callers keep to: 64 · 8192 multiplications are below 10⁶


def _room() -> int:
    libraries = ThreadpoolController().info()
    used = [library.get("architecture") for library in libraries if "scipy" in library["prefix"] + library["filepath"]]
    return _BLOCK if _WITHOUT_COPIES.intersection(used) else 0


ROOM = _room()  # elements that the second operand may have in a block; 0 where blocks do not pay


@compiled(inline=True)
def add_product(turn_a, turn_b, m, n, k, a, step_a, b, step_b, out, step, room) -> None:  # type: ignore[no-untyped-def]
    """Add a (m, k) @ b (k, n) to out (m, n), for matrices by rows, given by addresses.

    ``turn_a`` is 1 for a matrix that lies transposed in memory, as (k, m); so is ``turn_b``. ``m`` is at most ``ROWS``.
    ``step_a``, ``step_b`` and ``step`` are elements from one row in memory to the next; ``room`` is ``ROOM``.
    """
    depth = min(k, _DEPTH) if room else k
    width = max(room // depth // 16 * 16, 16) if room else n
    for left in range(0, n, width):
        for top in range(0, k, depth):
            gemm_at(
                turn_a, turn_b, m, min(width, n - left), min(depth, k - top), f32(1),
                a + 4 * top * (step_a if turn_a else 1), step_a,
                b + 4 * (left * step_b + top if turn_b else top * step_b + left), step_b,
                f32(1), out + 4 * left, step,
            )  # fmt: skip
