"""Matrix products inside kernels, by the BLAS that SciPy brings, and products shared among the threads of the pool.

SciPy offers the functions of its BLAS to other compiled code as ``scipy.linalg.cython_blas``, and Numba can look them
up. They are Fortran's: matrices column by column, and every argument by address.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic
from numpy import ndarray

from .compiler import compiled
from .pool import settings

f32 = np.float32
for _name in ("sgemm", "dgemm"):  # a name, unlike an address, can be kept on disk
    llvmlite.binding.add_symbol(f"minigrad_{_name}", get_cython_function_address("scipy.linalg.cython_blas", _name))


@intrinsic
def _fortran_gemm(typing, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):  # type: ignore[no-untyped-def]
    """The call of ?gemm, whose arguments are put on the stack; ``a``, ``b`` and ``c`` are addresses."""
    number = alpha
    given = (types.intp,) * 5 + (number,) + (types.intp,) * 4 + (number, types.intp, types.intp)
    symbol = {types.float32: "minigrad_sgemm", types.float64: "minigrad_dgemm"}[number]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, word, address = ir.IntType(8), ir.IntType(32), ir.IntType(8).as_pointer()

        def on_stack(value: Any, kind: Any) -> Any:
            place = cgutils.alloca_once(builder, kind)
            builder.store(value, place)
            return builder.bitcast(place, address)

        def flag(value: Any) -> Any:
            letters = ir.Constant(byte, ord("T")), ir.Constant(byte, ord("N"))
            return on_stack(builder.select(builder.trunc(value, ir.IntType(1)), *letters), byte)

        def whole(value: Any) -> Any:
            return on_stack(builder.trunc(value, word), word)

        def pointer(value: Any) -> Any:
            return builder.inttoptr(value, address)

        t_a, t_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc = arguments
        scale, keep = (on_stack(value, value.type) for value in (alpha, beta))
        kind = ir.FunctionType(ir.VoidType(), [address] * 13)
        function = cgutils.get_or_insert_function(builder.module, kind, symbol)
        builder.call(
            function,
            [flag(t_a), flag(t_b), whole(m), whole(n), whole(k), scale, pointer(a), whole(lda), pointer(b), whole(ldb)]
            + [keep, pointer(c), whole(ldc)],
        )
        return context.get_dummy_value()

    return types.void(*given), generate


@compiled(inline=True)
def gemm_at(turn_a, turn_b, m, n, k, alpha, a, step_a, b, step_b, beta, out, step):  # type: ignore[no-untyped-def]
    """Set out (m, n) to alpha · a (m, k) @ b (k, n) + beta · out, for matrices by rows, given by addresses.

    ``turn_a`` is 1 for a matrix that lies transposed in memory, as (k, m); so is ``turn_b``. The factors are of the
    dtype of the matrices; with ``beta`` 0 what was in ``out`` does not matter. ``step_a``, ``step_b`` and ``step`` are
    numbers of elements from one row in memory to the next.
    """
    _fortran_gemm(turn_b, turn_a, n, m, k, alpha, b, step_b, a, step_a, beta, out, step)  # out.T = b.T @ a.T


@compiled(inline=True)
def gemm(a: Any, b: Any, out: Any, alpha: Any, beta: Any) -> None:
    """Set out to alpha · a @ b + beta · out, for matrices of which rows or columns are runs of memory; ``out`` by rows.

    Views and transposed arrays are taken as they are.
    """
    size = out.itemsize
    m, k = a.shape
    n = b.shape[1]
    turn_a, turn_b = int(a.strides[1] != size and k > 1), int(b.strides[1] != size and n > 1)
    step_a = max(a.strides[turn_a] // size, m if turn_a else k)
    step_b = max(b.strides[turn_b] // size, k if turn_b else n)
    step = max(out.strides[0] // size, n)
    gemm_at(
        turn_a, turn_b, m, n, k, alpha, a.ctypes.data, step_a, b.ctypes.data, step_b, beta, out.ctypes.data, step
    )  # fmt: skip


@compiled(parallel=True)
def _product(turn_a: int, turn_b: int, k: int, a: Any, b: Any, out: Any, threads: int) -> None:
    """Write a @ b into ``out``, each thread a part of the rows, or of the columns if there are more of them."""
    m, n = out.shape
    size = out.itemsize  # strides of a single row or column say nothing: hence max
    step_a, step_b = max(a.strides[0] // size, a.shape[1]), max(b.strides[0] // size, b.shape[1])
    step = max(out.strides[0] // size, n)
    one, zero = out.dtype.type(1), out.dtype.type(0)
    length = max(m, n)
    part = ((length + threads - 1) // threads + 15) // 16 * 16
    for t in prange(threads):
        low = t * part
        high = min(low + part, length)
        if low < high and m >= n:
            start = a.ctypes.data + low * size * (1 if turn_a else step_a)
            gemm_at(turn_a, turn_b, high - low, n, k, one, start, step_a, b.ctypes.data, step_b, zero,
                    out.ctypes.data + low * step * size, step)  # fmt: skip
        elif low < high:
            start = b.ctypes.data + low * size * (step_b if turn_b else 1)
            gemm_at(turn_a, turn_b, m, high - low, k, one, a.ctypes.data, step_a, start, step_b, zero,
                    out.ctypes.data + low * size, step)  # fmt: skip


def product(a: ndarray, b: ndarray, out: ndarray | None = None) -> Any:
    """The product of two matrices of one dtype, single or double precision, by all threads.

    NotImplemented for empty ones, and for layouts in which neither rows nor columns are runs of memory.

    Args:
        a: a matrix.
        b: another.
        out: where the product is written, rows of numbers side by side; by default new memory.
    """
    first, second = _by_rows(a), _by_rows(b)
    if first is None or second is None or not (a.size and b.size):
        return NotImplemented
    if out is None:
        out = np.empty((a.shape[0], b.shape[1]), a.dtype)
    settings.launch(_product, first[0], second[0], a.shape[1], first[1], second[1], out, settings.threads)
    return out


def _by_rows(a: ndarray) -> tuple[int, ndarray] | None:
    """Whether a matrix lies transposed in memory, and the matrix as it lies there, its rows apart or not."""
    if _has_rows(a):
        return 0, a
    return (1, a.T) if _has_rows(a.T) else None


def _has_rows(a: ndarray) -> bool:
    step, next_one = a.strides
    apart = step >= a.shape[1] * a.itemsize and step % a.itemsize == 0
    return next_one == a.itemsize and (apart or len(a) == 1)
