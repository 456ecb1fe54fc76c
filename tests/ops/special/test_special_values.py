"""Special functions to the last digits: against a table of 19 digits, and against SciPy where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, special
from minigrad.ops.special.gammainc import gamma_sample_gradient
from tests.ops.special.special_values import VALUES

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(special, name) for name in VALUES if hasattr(special, name)},
    "lgamma": mg.lgamma,
    "trigamma": lambda x: special.polygamma(1, x),
    "polygamma_5": lambda x: special.polygamma(5, x),
    "polygamma_30": lambda x: special.polygamma(30, x),
    "gamma_sample_gradient": gamma_sample_gradient,
}
# Where more than 1e-14 is lost: in exponentials of large numbers.
TOLERANCES = {
    "polygamma_30": 2e-13,
    "gammainc": 2e-13,
    "gammaincc": 2e-13,
    "gamma_sample_gradient": 2e-13,
}


@pytest.mark.parametrize("name", VALUES)
def test_values_of_nineteen_digits(name: str) -> None:
    arguments = np.array([args for args, _ in VALUES[name]]).T
    expected = np.array([value for _, value in VALUES[name]])
    np.testing.assert_allclose(FUNCTIONS[name](*arguments), expected, rtol=TOLERANCES.get(name, 1e-14), atol=1e-300)


@pytest.mark.parametrize("name", VALUES)
def test_single_precision_is_the_double_one_rounded(name: str) -> None:
    exact = np.array([args for args, _ in VALUES[name]]).T
    with np.errstate(all="ignore"):
        arguments = exact.astype(np.float32)
    out = FUNCTIONS[name](*map(Tensor, arguments))
    assert out.dtype == np.float32
    with np.errstate(all="ignore"):
        expected = np.float32(FUNCTIONS[name](*arguments.astype(np.float64)))
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-6)  # erf and erfc have ways of their own


@pytest.mark.parametrize("name", VALUES)
def test_one_number_and_many(name: str) -> None:
    args, value = VALUES[name][0]
    function = FUNCTIONS[name]
    assert float(function(*args)) == pytest.approx(value, rel=1e-12)
    single = function(*[Tensor(a, dtype=np.float64) for a in args])
    assert single.shape == () and single.item() == pytest.approx(value, rel=1e-12)
    many = function(*[np.full((300, 150), a) for a in args])
    assert many.shape == (300, 150)
    np.testing.assert_array_equal(many, float(function(*args)))
    half = function(*[np.float16([0.5]) for _ in args])
    assert half.dtype == np.float16


def test_against_scipy() -> None:
    theirs = pytest.importorskip("scipy.special", reason="parity with SciPy needs it")
    rng = np.random.default_rng(0)
    positive = np.concatenate([rng.uniform(0.01, 20, 400), 10 ** rng.uniform(-5, 5, 100)])
    every = np.append(rng.uniform(-20, 20, 500), 0.0)
    share = np.concatenate([rng.uniform(0, 1, 300), [0.0, 1.0, -1.0, 2.0, np.nan]])
    for name, x, tolerance in [
        ("digamma", positive, 1e-13), ("gammaln", every, 1e-12), ("ndtr", every, 1e-12), ("log_ndtr", every, 1e-12),
        ("erfcx", every, 1e-13), ("i0", every, 1e-13), ("i1", every, 1e-13), ("i0e", every, 1e-13),
        ("i1e", every, 1e-13), ("ndtri", share, 1e-13), ("erfinv", share, 1e-13), ("logit", share, 1e-13),
        ("entr", every, 1e-13),
    ]:  # fmt: skip
        np.testing.assert_allclose(
            getattr(special, name)(x), getattr(theirs, name)(x), rtol=tolerance, atol=1e-14, err_msg=name
        )
    for n in (1, 2, 4):
        np.testing.assert_allclose(special.polygamma(n, positive), theirs.polygamma(n, positive), rtol=1e-12)
    a, x = 10 ** rng.uniform(-2, 3, 500), 10 ** rng.uniform(-2, 3, 500)
    for name in ("gammainc", "gammaincc"):
        np.testing.assert_allclose(getattr(special, name)(a, x), getattr(theirs, name)(a, x), rtol=2e-12, atol=1e-290)
    for p in (1, 2, 5):
        ours = special.multigammaln(positive + 2, p)
        np.testing.assert_allclose(ours, [theirs.multigammaln(v + 2, p) for v in positive], rtol=1e-13, atol=1e-13)
