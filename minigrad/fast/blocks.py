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
_DEPTH = 512  # the inner dimension of a block at most
ROWS = 64  # and its rows, which callers keep to: 64 · 512 · 16 multiplications, the largest block, are below 10⁶


def room() -> int:
    """Elements of the second operand that a block may have; 0 where blocks do not pay."""
    libraries = ThreadpoolController().info()
    used = [library.get("architecture") for library in libraries if "scipy" in library["prefix"] + library["filepath"]]
    return 8192 if _WITHOUT_COPIES.intersection(used) else 0  # 32 KiB


@compiled(inline=True)
def add_product(turn_a, m, n, k, a, step_a, b, step_b, out, step, room) -> None:  # type: ignore[no-untyped-def]
    """Add a (m, k) @ b (k, n) to out (m, n), for matrices by rows, given by addresses.

    ``turn_a`` is 1 for a matrix that lies transposed in memory, as (k, m); m is at most ``ROWS``. ``step_a``,
    ``step_b`` and ``step`` are elements from one row in memory to the next; ``room`` is what ``room()`` says.
    """
    if room == 0:
        gemm_at(turn_a, 0, m, n, k, f32(1), a, step_a, b, step_b, f32(1), out, step)
        return
    depth = min(k, _DEPTH)
    width = max(room // depth // 16 * 16, 16)
    for left in range(0, n, width):
        for top in range(0, k, depth):
            gemm_at(
                turn_a, 0, m, min(width, n - left), min(depth, k - top),
                f32(1), a + 4 * top * (step_a if turn_a else 1), step_a,
                b + 4 * (top * step_b + left), step_b, f32(1), out + 4 * left, step,
            )  # fmt: skip
