"""Special functions against PyTorch: values, gradients of first and second order, dtypes."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import special
from minigrad.ops.special.gammainc import gamma_sample_gradient
from tests.parity import DTYPES, LAYOUTS, compare, random, torch

RANGES = {
    "gammaln": (0.3, 9.0), "digamma": (0.6, 9.0), "psi": (2.0, 12.0), "erfinv": (-0.9, 0.9), "ndtri": (0.1, 0.9),
    "ndtr": (-3.0, 3.0), "log_ndtr": (-8.0, 3.0), "erfcx": (-1.0, 4.0), "logit": (0.1, 0.9), "expit": (-3.0, 3.0),
    "i0": (-4.0, 4.0), "i0e": (0.2, 9.0), "i1": (0.3, 4.0), "i1e": (0.3, 9.0), "entr": (0.1, 3.0),
}  # fmt: skip
NO_SECOND = {"erfcx", "log_ndtr"}  # PyTorch's own second derivative is a composition that is less precise


@DTYPES
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", RANGES)
def test_of_one_array(name: str, layout: str, dtype: str) -> None:
    x = LAYOUTS[layout](lambda shape: random(shape, dtype, *RANGES[name]))
    compare(getattr(special, name), getattr(torch.special, name), x)


@pytest.mark.parametrize("n", range(4))
@DTYPES
def test_polygamma(n: int, dtype: str) -> None:
    x = random((3, 4), dtype, 0.7, 6.0)
    compare(lambda t: special.polygamma(n, t), lambda t: torch.special.polygamma(n, t), x)
    compare(lambda t: t.polygamma(n), lambda t: t.polygamma(n), x)


@DTYPES
def test_the_other_names(dtype: str) -> None:
    x = random((3, 4), dtype, 2.1, 6.0)
    for name in ("lgamma", "digamma"):
        compare(getattr(mg, name), getattr(torch, name), x)
        compare(lambda t, n=name: getattr(t, n)(), lambda t, n=name: getattr(t, n)(), x)
    for p in (1, 2, 4):
        compare(lambda t, p=p: mg.mvlgamma(t, p), lambda t, p=p: torch.mvlgamma(t, p), x)
        compare(lambda t, p=p: special.multigammaln(t, p), lambda t, p=p: torch.special.multigammaln(t, p), x)
    compare(lambda t: mg.logit(t, 0.2), lambda t: torch.logit(t, 0.2), random((5, 4), dtype, 0, 1))


@DTYPES
@pytest.mark.parametrize("shapes", [((3, 4), (3, 4)), ((3, 1), (4,)), ((), (2, 3)), ((0,), (1,))], ids=str)
def test_of_two_arrays(shapes: tuple, dtype: str) -> None:
    a, x = (random(shape, dtype, 0.3, 5.0, seed=i) for i, shape in enumerate(shapes))
    compare(special.xlog1py, torch.special.xlog1py, a, x)
    for ours, theirs in [
        (special.gammainc, torch.special.gammainc), (special.gammaincc, torch.special.gammaincc),
        (mg.igamma, torch.igamma), (mg.igammac, torch.igammac),
    ]:  # fmt: skip
        compare(
            lambda x, f=ours: f(mg.Tensor(a, dtype=dtype), x), lambda x, f=theirs: f(torch.tensor(a), x), x, order=1
        )


def test_pytorch_has_no_derivative_by_the_shape() -> None:
    a, x = torch.tensor([1.0], requires_grad=True), torch.tensor([2.0])
    with pytest.raises(Exception, match="not implemented|not differentiable|does not require grad"):
        torch.special.gammainc(a, x).backward()


def test_edges() -> None:
    x = np.array([0.0, -0.0, -1.0, -2.0, -2.5, np.inf, np.nan, 1e-30, 1e30])
    for name in ("gammaln", "digamma", "i0e", "i1e", "ndtr", "log_ndtr"):
        ours, theirs = getattr(special, name)(x), getattr(torch.special, name)(torch.tensor(x)).numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, err_msg=name)
    a = np.array([0.0, 0.0, 1.0, 1.0, np.inf, np.inf, -1.0, 1.0])
    b = np.array([0.0, 1.0, 0.0, np.inf, 1.0, np.inf, 1.0, -1.0])
    for name in ("gammainc", "gammaincc"):
        theirs = getattr(torch.special, name)(torch.tensor(a), torch.tensor(b)).numpy()
        np.testing.assert_array_equal(getattr(special, name)(a, b), theirs, err_msg=name)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool"])
def test_integers_compute_in_the_default_dtype(dtype: str) -> None:
    x = np.array([1, 0, 1], dtype)
    for name in RANGES:
        theirs = getattr(torch.special, name)(torch.tensor(x)).numpy()
        ours = getattr(special, name)(mg.Tensor(x)).numpy()
        assert ours.dtype == theirs.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6, err_msg=name)


def test_how_samples_move_with_the_shape() -> None:
    """PyTorch's own approximation is good to some 1e-4."""
    alpha = 10 ** random((400,), "float64", -2, 4)
    sample = np.random.default_rng(0).gamma(alpha)
    alpha, sample = alpha[sample > 1e-30], sample[sample > 1e-30]
    theirs = torch._standard_gamma_grad(torch.tensor(alpha), torch.tensor(sample)).numpy()
    np.testing.assert_allclose(gamma_sample_gradient(alpha, sample), theirs, rtol=2e-3)
