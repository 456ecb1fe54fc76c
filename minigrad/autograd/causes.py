"""Why a value or gradient is not finite, and what to do about it: the known cases, by operation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Elements = dict[str, float]  # name of an input -> its element at the position in question, as far as known
Words = tuple[str, str]  # cause, cure
Case = Callable[[str, Elements], Words | None]

_UNKNOWN = math.nan
_STABLE = "softmax, log_softmax, logsumexp and cross_entropy subtract the largest value first; use them, or do so"
_DOUBLE_WHERE = (
    "where() discards the value but not the derivative, and 0 * inf is nan; make the input safe before the function: "
    "where(ok, f(where(ok, x, 1)), 0)"
)


def not_finite_yet(name: str, first: str, origin: str) -> Words:
    """An input that was not finite before the operation saw it."""
    if origin == "gradient":
        return (
            f"{name} is not finite: {first}; no operation made it so",
            "look at what was given to backward(gradient=...), at hooks, and at the size of gradients that add up",
        )
    if origin == "leaf":
        return (
            f"its input {name} is not finite, {first}, and was not computed here: it is a Tensor that you made",
            "look for it in the data, np.isfinite(array).all(); in a Parameter, at the step before: a smaller learning "
            "rate, clipped gradients",
        )
    if origin == "constant":
        return (
            f"its input {name} is not finite, {first}, and was not computed by a recorded operation: it was handed in",
            "look for it in the data, np.isfinite(array).all()",
        )
    return (
        f"its input {name}, computed by {origin}, holds {first}, which is let through where it is a mask",
        "use a large negative number such as -1e9 for the mask, and see that no row is masked altogether",
    )


def bad_value(name: str, at: Elements, value: Any) -> Words:
    """Why the operation, given finite inputs, gave ``value``, which is not."""
    case = _VALUES.get(name)
    return (case and case(name, at)) or _overflow(name, value)


def bad_gradient(name: str, at: Elements, value: Any) -> Words:
    """Why the derivative of the operation is ``value``, which is not finite, although the gradient that arrived is."""
    case = _GRADIENTS.get(name)
    cause, cure = (case and case(name, at)) or _overflow(f"the derivative of {name}", value)
    if at.get("g") == 0:
        cause = f"0 * inf: the gradient that arrived is 0 there, as behind a where(), and {cause}"
        cure = _DOUBLE_WHERE
    return cause, cure


def _overflow(name: str, value: Any) -> Words:
    if np.isnan(value):
        return (
            f"{name} is not defined there, or subtracted one overflow from another",
            "look at the inputs that the message shows; keep them inside the range where the function is defined",
        )
    return (
        f"{name} went beyond the largest {value.dtype} number, {np.finfo(value.dtype).max:.3g}",
        "values have grown on the way: scale the inputs, start from smaller weights, or lower the learning rate",
    )


# --- values -----------------------------------------------------------------------------------------------------------
def _log(name: str, at: Elements) -> Words | None:
    x = at.get("x", _UNKNOWN)
    cure = "keep the input above 0: log(x.clamp(min=1e-12)); for probabilities use log_softmax or a loss on logits"
    if x == 0:
        return "the logarithm of 0 is -inf", cure
    return (f"the logarithm of a negative number, {x:.6g}, is nan", cure) if x < 0 else None


def _log1p(name: str, at: Elements) -> Words | None:
    x = at.get("x", _UNKNOWN)
    return (f"log(1 + x) needs x above -1, and x is {x:.6g}", "x.clamp(min=-1 + 1e-7)") if x <= -1 else None


def _sqrt(name: str, at: Elements) -> Words | None:
    x = at.get("x", _UNKNOWN)
    if x < 0:
        cure = "keep the input above 0: sqrt(x.clamp(min=1e-12))"
        return f"the square root of a negative number, {x:.6g}, is nan", cure
    return _by_zero(x, "rsqrt(x + 1e-12)") if x == 0 else None


def _by_zero(x: float, cure: str) -> Words:
    what = "0 / 0 is nan" if x == 0 else "division by 0"
    return what, cure


def _divide(name: str, at: Elements) -> Words | None:
    cure = "add a small number, x / (y + 1e-8), or choose before dividing: x / where(y == 0, 1, y)"
    if at.get("y") == 0:
        return _by_zero(at.get("x", 1.0), cure)
    return None


def _reciprocal(name: str, at: Elements) -> Words | None:
    return ("division by 0", "add a small number before: 1 / (x + 1e-8)") if at.get("x") == 0 else None


def _exp(name: str, at: Elements) -> Words | None:
    x = at.get("x", _UNKNOWN)
    if math.isnan(x):
        return None
    return f"overflow: {name}({x:.6g}) is too large a number", f"{_STABLE}; or limit the input: x.clamp(max=80)"


def _power(name: str, at: Elements) -> Words | None:
    x, y = at.get("x", _UNKNOWN), at.get("y", _UNKNOWN)
    if x < 0 and y != round(y):
        return (
            f"the power {y:.6g} of a negative base, {x:.6g}, is no real number",
            "keep the base above 0, x.clamp(min=1e-12) ** y, or use x.abs() ** y * x.sign()",
        )
    if x == 0 and y < 0:
        return f"the power {y:.6g} of 0 is a division by 0", "keep the base away from 0: (x + 1e-8) ** y"
    return None


def _outside(low: float, high: float) -> Case:
    def case(name: str, at: Elements) -> Words | None:
        x = at.get("x", _UNKNOWN)
        if low < x < high or math.isnan(x):
            return None
        limits = f"{low:g} and {high:g}" if high < math.inf else f"{low:g} and infinity"
        cure = f"x.clamp({low:g} + 1e-6, {high:g} - 1e-6)" if high < math.inf else f"x.clamp(min={low:g} + 1e-6)"
        return (
            f"the function or its derivative is defined between {limits}, and x is {x:.6g}",
            f"limit the input: {cure}",
        )

    return case


_DOMAINS: dict[str, Case] = {
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), _outside(-1, 1)),
    "arccosh": _outside(1, math.inf),
}
_VALUES: dict[str, Case] = {
    **dict.fromkeys(("log", "log2", "log10"), _log),
    **dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh"), _exp),
    **dict.fromkeys(("sqrt", "rsqrt"), _sqrt),
    "log1p": _log1p,
    "divide": _divide,
    "reciprocal": _reciprocal,
    "power": _power,
    **_DOMAINS,
}


# --- gradients --------------------------------------------------------------------------------------------------------
def _sqrt_slope(name: str, at: Elements) -> Words | None:
    if at.get("out") == 0 or at.get("x") == 0:
        return (
            "the slope of the square root at 0 is infinite; so is that of a norm or standard deviation written with it",
            "keep the input above 0: sqrt(x + 1e-12)",
        )
    return None


def _log_slope(name: str, at: Elements) -> Words | None:
    if at.get("x") == 0:
        return "the slope of the logarithm at 0 is infinite", "keep the input above 0: log(x.clamp(min=1e-12))"
    return None


def _power_slope(name: str, at: Elements) -> Words | None:
    x = at.get("x", _UNKNOWN)
    if x == 0:
        return (
            "the slope of a power below 1, or that by the exponent, is infinite at a base of 0",
            "keep the base above 0: (x + 1e-8) ** y",
        )
    if x < 0:
        return (
            f"x ** y is no smooth function of y at a negative base, {x:.6g}, so it has no derivative by the exponent",
            "detach the exponent if it is no variable, y.detach(), or keep the base above 0",
        )
    return None


def _norm_slope(name: str, at: Elements) -> Words | None:
    if at.get("out") == 0 or at.get("x") == 0:
        return "the slope of a norm at 0 is not defined", "keep it away from 0: sqrt((x * x).sum() + 1e-12)"
    return None


_GRADIENTS: dict[str, Case] = {
    **dict.fromkeys(("sqrt", "rsqrt"), _sqrt_slope),
    **dict.fromkeys(("log", "log2", "log10"), _log_slope),
    **dict.fromkeys(("norm", "std"), _norm_slope),
    "log1p": _log1p,
    "divide": _divide,
    "reciprocal": _reciprocal,
    "power": _power_slope,
    **_DOMAINS,
}
