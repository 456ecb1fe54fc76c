"""Arguments of elementwise operations."""

from __future__ import annotations

from tests.fuzz.draw import Draw


def unary(d: Draw) -> list[str]:
    return [d.tensor()]


def binary(d: Draw) -> list[str]:
    x = d.tensor()
    return [x, d.other(x)]


def pair(d: Draw) -> list[str]:
    x = d.tensor()
    return [x, d.partner(x)]


def scaled(d: Draw) -> list[str]:
    return [*binary(d), *d.option(f"alpha={d.number()}", 0.3)]


def rounded(d: Draw) -> list[str]:
    return [*binary(d), *d.option(f"rounding_mode={d.pick(None, 'floor', 'trunc')!r}", 0.4)]


def clamp(d: Draw) -> list[str]:
    x = d.tensor()
    if d.chance(0.5):
        return [x, *d.option(f"min={d.number()}", 0.7), *d.option(f"max={d.number()}", 0.7)]
    return [x, *d.option(f"min={d.partner(x)}", 0.7), *d.option(f"max={d.partner(x)}", 0.7)]


def nan_to_num(d: Draw) -> list[str]:
    return [d.tensor(), *(o for word in ("nan", "posinf", "neginf") for o in d.option(f"{word}={d.number()}", 0.3))]


def logit(d: Draw) -> list[str]:
    return [d.tensor(), *d.option("0.2", 0.4)]


def lerp(d: Draw) -> list[str]:
    x = d.floating()
    return [x, d.same(x), d.partner(x, "f") if d.chance(0.4) else d.number()]


def products(d: Draw) -> list[str]:
    x = d.floating()
    return [x, d.partner(x, "f"), d.partner(x, "f"), *d.option(f"value={d.number()}")]


def power(d: Draw) -> list[str]:
    x = d.tensor()
    return [x, d.partner(x) if d.chance(0.4) else d.number()]


def where(d: Draw) -> list[str]:
    x = d.tensor()
    return [d.partner(x, "b"), x, d.other(x)]


def close(d: Draw) -> list[str]:
    x = d.tensor()
    tolerances = [*d.option("rtol=0.1", 0.3), *d.option("atol=0.5", 0.3)]
    return [x, d.same(x), *tolerances, *d.option("equal_nan=True", 0.3)]


ARGUMENTS = {
    **dict.fromkeys(
        "abs absolute acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil cos "
        "cosh deg2rad digamma erf erfc erfinv exp exp2 expm1 floor frac i0 isfinite isinf isnan isneginf isposinf "
        "lgamma log log10 log1p log2 logical_not neg negative rad2deg reciprocal relu rsqrt sgn sigmoid sign "
        "signbit sin sinc sinh sqrt square tan tanh trunc celu hardshrink selu".split(),
        unary,
    ),
    **dict.fromkeys(
        "arctan2 atan2 copysign div eq floor_divide fmod ge greater greater_equal gt heaviside hypot le less "
        "less_equal logical_and logical_or logical_xor lt mul multiply ne not_equal remainder true_divide xlogy "
        "divide clamp_min clamp_max igamma igammac".split(),
        binary,
    ),
    **dict.fromkeys("fmax fmin logaddexp logaddexp2 maximum minimum".split(), pair),
    **dict.fromkeys("add sub subtract".split(), scaled),
    **dict.fromkeys("div divide".split(), rounded),
    **dict.fromkeys("clamp clip".split(), clamp),
    **dict.fromkeys("isclose allclose".split(), close),
    "equal": lambda d: [x := d.tensor(), d.same(x, "fib") if d.chance(0.8) else d.tensor()],
    "round": lambda d: [d.tensor(), *d.option(f"decimals={d.whole(-1, 2)}", 0.3)],
    "nan_to_num": nan_to_num,
    "lerp": lerp,
    "addcmul": products,
    "addcdiv": products,
    "logit": logit,
    "mvlgamma": lambda d: [d.tensor(), str(d.whole(1, 3))],
    "pow": power,
    "where": where,
}
