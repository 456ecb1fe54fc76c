"""The functions of one float32, against NumPy in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

numba = pytest.importorskip("numba")

from minigrad.fast import mathematics  # noqa: E402 - after the skip

SPECIAL = [0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-40, -1e-40, 1.2e-38, 100, -100, 88.7, 88.73, 89, -87.4,
           -103, -103.9, -104.5, 1, -1, -0.9999999, 3.4e38, -3.4e38, 1e-8, -1e-8, 7.9, -7.9, 7.91, 20, -20]  # fmt: skip
NAMES = ["exp", "expm1", "tanh", "log", "log1p", "sigmoid", "sign"]


def over(name: str, *arrays: np.ndarray) -> Any:
    """The function of every element, in a compiled loop."""
    function = getattr(mathematics, name)

    @numba.njit(error_model="numpy")
    def unary(x, out):  # type: ignore[no-untyped-def]
        for i in range(x.size):
            out[i] = function(x[i])

    @numba.njit(error_model="numpy")
    def binary(x, y, out):  # type: ignore[no-untyped-def]
        for i in range(x.size):
            out[i] = function(x[i], y[i])

    out = np.empty_like(arrays[0])
    (unary if len(arrays) == 1 else binary)(*arrays, out)
    return out


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def inputs() -> np.ndarray:
    rng = np.random.default_rng(0)
    parts = [rng.standard_normal(20000) * 3, rng.uniform(-100, 100, 20000), rng.standard_normal(5000) * 1e-3,
             np.exp(rng.uniform(-100, 88, 20000))]  # fmt: skip
    x = np.concatenate(parts)
    return np.concatenate([x, -x, SPECIAL]).astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_every_function_is_within_three_units_of_the_last_place(name: str) -> None:
    x = inputs()
    with np.errstate(all="ignore"):
        want = (sigmoid if name == "sigmoid" else getattr(np, name))(x.astype(np.float64))
        got = over(name, x)
        assert got.dtype == np.float32
        single = want.astype(np.float32)
    ordinary = np.isfinite(single) & (np.abs(want) > 1.2e-38)
    assert np.abs(got[ordinary] / want[ordinary] - 1).max() < 3e-7
    rest = ~ordinary & ~((name == "sigmoid") & (x < -87))  # 1 / (1 + inf), in float32
    np.testing.assert_allclose(got[rest], single[rest], rtol=0, atol=3e-45)
    at_zero = x == 0
    assert (np.signbit(got[at_zero]) == np.signbit(single[at_zero])).all()


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_of_two_numbers_with_a_nan_the_result_is_nan(name: str) -> None:
    x, y = (a.ravel().astype(np.float32) for a in np.meshgrid(SPECIAL, SPECIAL))
    np.testing.assert_array_equal(over(name, x, y), getattr(np, name)(x, y))
