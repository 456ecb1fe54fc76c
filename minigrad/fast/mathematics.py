"""Functions of one float32, short enough for a compiled loop to evaluate 8 or 16 of them at a time.

Numba's own call the C library number by number. These are polynomials, and choices without a branch; relative errors
are below 3e-7, and NaN, infinities, zeros and denormal numbers come out as they do in NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compiler import compiled

f32, i32 = np.float32, np.int32
scalar = compiled(inline=True, exact=True)

INFINITY, NAN = f32(np.inf), f32(np.nan)
_LOG2_E = f32(1.44269504)
_LN2_HIGH, _LN2_LOW = f32(0.693359375), f32(-2.12194440e-4)  # ln 2 in two parts; products with the first are exact


@scalar
def _bits_of(x: Any) -> Any:
    return f32(x).view(np.int32)


@scalar
def _from_bits(bits: Any) -> Any:
    return i32(bits).view(np.float32)


@scalar
def _two_to(n: Any) -> Any:
    """2^n for -126 <= n <= 127, put together from its bits."""
    return _from_bits((i32(n) + i32(127)) << i32(23))


@scalar
def _below(x: Any, high: Any) -> Any:
    return x if x < high else high


@scalar
def _clamped(x: Any, low: Any, high: Any) -> Any:
    """``x`` in [low, high], and ``low`` for NaN: then conversion to an integer is defined."""
    return _below(x if x > low else low, high)


@scalar
def _split(x: Any) -> Any:
    """Return n and e^r - 1, for x = n ln 2 + r with |r| <= ½ ln 2 (Cephes' polynomial)."""
    n = np.floor(x * _LOG2_E + f32(0.5))
    r = x - n * _LN2_HIGH
    r = r - n * _LN2_LOW
    p = f32(1.9875691500e-4) * r + f32(1.3981999507e-3)
    p = p * r + f32(8.3334519073e-3)
    p = p * r + f32(4.1665795894e-2)
    p = p * r + f32(1.6666665459e-1)
    p = p * r + f32(5.0000001201e-1)
    return n, p * (r * r) + r


@scalar
def exp(x: Any) -> Any:
    """e^x, denormal results included: the power of two is applied in two halves."""
    n, rest = _split(_clamped(x, f32(-104), f32(89)))
    half = np.floor(n * f32(0.5))
    y = (rest + f32(1)) * _two_to(half) * _two_to(n - half)
    return y if x == x else x


@scalar
def expm1(x: Any) -> Any:
    """e^x - 1 without cancellation near 0."""
    n, rest = _split(_clamped(x, f32(-30), f32(89)))
    half = _two_to(n - f32(1))  # 2^128 would overflow
    y = f32(2) * (half * rest + (half - f32(0.5)))
    y = y if np.abs(x) > f32(1e-7) else x  # -0.0 and denormals too
    return y if x == x else x


@scalar
def tanh(x: Any) -> Any:
    """The hyperbolic tangent, as the quotient of polynomials of degrees 13 and 6 that Eigen uses."""
    c = _clamped(x, f32(-7.90531110763549805), f32(7.90531110763549805))
    s = c * c
    p = s * f32(-2.76076847742355e-16) + f32(2.00018790482477e-13)
    p = p * s + f32(-8.60467152213735e-11)
    p = p * s + f32(5.12229709037114e-08)
    p = p * s + f32(1.48572235717979e-05)
    p = p * s + f32(6.37261928875436e-04)
    p = p * s + f32(4.89352455891786e-03)
    q = s * f32(1.19825839466702e-06) + f32(1.18534705686654e-04)
    q = q * s + f32(2.26843463243900e-03)
    q = q * s + f32(4.89352518554385e-03)
    y = c * p / q
    y = f32(1) if x > f32(7.9) else (f32(-1) if x < f32(-7.9) else y)
    y = y if np.abs(x) > f32(4e-4) else x  # -0.0 and denormals too
    return y if x == x else x


@scalar
def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x)."""
    return f32(1) / (f32(1) + exp(-x))


@scalar
def _log_of_positive(x: Any) -> Any:
    """The logarithm of a positive finite number (Cephes' polynomial)."""
    tiny = x < f32(1.17549435e-38)  # denormal
    lifted = x * f32(8388608) if tiny else x
    bits = _bits_of(lifted)
    n = f32((bits >> i32(23)) - i32(126))
    n = n - f32(23) if tiny else n
    m = _from_bits((bits & i32(0x007FFFFF)) | i32(0x3F000000))  # in [½, 1)
    low = m < f32(0.707106781)
    n = n - f32(1) if low else n
    r = m + m if low else m
    r = r - f32(1)
    s = r * r
    p = f32(7.0376836292e-2) * r - f32(1.1514610310e-1)
    p = p * r + f32(1.1676998740e-1)
    p = p * r - f32(1.2420140846e-1)
    p = p * r + f32(1.4249322787e-1)
    p = p * r - f32(1.6668057665e-1)
    p = p * r + f32(2.0000714765e-1)
    p = p * r - f32(2.4999993993e-1)
    p = p * r + f32(3.3333331174e-1)
    y = r * s * p + n * _LN2_LOW - f32(0.5) * s
    return r + y + n * _LN2_HIGH


@scalar
def log(x: Any) -> Any:
    """The natural logarithm."""
    safe = x if (x > f32(0)) & (x < INFINITY) else f32(1)
    y = _log_of_positive(safe)
    y = -INFINITY if x == f32(0) else y
    y = NAN if x < f32(0) else y
    return y if x < INFINITY else x  # infinity, and NaN


@scalar
def log1p(x: Any) -> Any:
    """log(1 + x), where what rounding takes from 1 + x is made good."""
    u = f32(1) + x
    safe = u if (u > f32(0)) & (u < INFINITY) else f32(1)
    y = _log_of_positive(safe) - ((safe - f32(1)) - x) / safe
    y = y if np.abs(x) > f32(1e-7) else x
    y = -INFINITY if u == f32(0) else y
    y = NAN if x < f32(-1) else y
    return y if x < INFINITY else x


@scalar
def maximum(x: Any, y: Any) -> Any:
    """The larger, or NaN if one of them is."""
    return x if (x >= y) | (x != x) else y


@scalar
def minimum(x: Any, y: Any) -> Any:
    """The smaller, or NaN if one of them is."""
    return x if (x <= y) | (x != x) else y


@scalar
def sign(x: Any) -> Any:
    """-1, 0 or 1, or NaN."""
    y = f32(1) if x > f32(0) else (f32(-1) if x < f32(0) else f32(0))
    return y if x == x else x


@scalar
def one_if(condition: Any) -> Any:
    """A truth value as a number."""
    return f32(1) if condition else f32(0)
