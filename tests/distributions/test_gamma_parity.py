"""Gamma, Chi2, Beta and Dirichlet against PyTorch: densities, moments, divergences, and how draws move."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import distributions as ours
from minigrad.autograd import grad
from minigrad.core.tensor import Tensor
from minigrad.random import manual_seed
from tests.distributions.statistics import random_between
from tests.parity import DTYPES, our_derivatives, their_derivatives

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
theirs = torch.distributions

# Name -> how many parameters, and the size of one event.
FAMILIES = {"Gamma": (2, ()), "Chi2": (1, ()), "Beta": (2, ()), "Dirichlet": (1, (4,))}
SHAPES = [((), (), ()), ((3,), (3,), (3,)), ((2, 1), (3,), (4, 2, 3)), ((1,), (1,), (2, 3)), ((0,), (0,), (0,))]
QUESTIONS = ["mean", "mode", "variance", "stddev", "entropy"]
each_family = pytest.mark.parametrize("name", FAMILIES)
each_shape = pytest.mark.parametrize("shapes", SHAPES, ids=str)


def parameters(name: str, shapes: Any, dtype: Any, low: float = 0.5) -> list[np.ndarray]:
    count, event = FAMILIES[name]
    return [random_between(low, 4, (*shape, *event), dtype, seed=i) for i, shape in enumerate(shapes[:count])]


def values(name: str, shape: Any, dtype: Any) -> np.ndarray:
    x = random_between(0.05, 0.95, (*shape, *FAMILIES[name][1]), dtype, seed=8)
    return x / x.sum(-1, keepdims=True) if name == "Dirichlet" else x


def close(mine: Any, reference: Any, *arrays: np.ndarray) -> None:
    """As ``compare``, with the tolerance that PyTorch's digamma and polygamma need, which are good to some 1e-10."""
    double = all(a.dtype == np.float64 for a in arrays)
    got, expected = (
        f(g, arrays, 2 if double else 1) for f, g in ((our_derivatives, mine), (their_derivatives, reference))
    )
    for level, (a, b) in enumerate(zip(got, expected, strict=True)):
        for x, y in zip(a, b, strict=True):
            assert (x.dtype, x.shape) == (y.dtype, y.shape)
            np.testing.assert_allclose(
                x, y, rtol=1e-7 if double else 2e-5, atol=1e-8 if double else 2e-5, err_msg=str(level)
            )


@each_family
@DTYPES
@each_shape
def test_log_prob(name: str, dtype: str, shapes: Any) -> None:
    count = FAMILIES[name][0]
    x = values(name, shapes[-1 if count == 2 else 1], dtype)
    close(
        lambda x, *p: getattr(ours, name)(*p, validate_args=False).log_prob(x),
        lambda x, *p: getattr(theirs, name)(*p, validate_args=False).log_prob(x),
        x,
        *parameters(name, shapes, dtype),
    )


@each_family
@DTYPES
@each_shape
@pytest.mark.parametrize("question", QUESTIONS)
def test_functions_of_the_parameters(name: str, dtype: str, shapes: Any, question: str) -> None:
    if 0 in shapes[0] and name in ("Beta", "Dirichlet"):
        return  # PyTorch fails on vectors in an empty batch

    def asked(distribution: Any) -> Any:
        answer = getattr(distribution, question)
        return answer() if callable(answer) else answer * 1

    low = 1.1 if question == "mode" else 0.5
    arrays = parameters(name, shapes, dtype, low)
    close(lambda *p: asked(getattr(ours, name)(*p)), lambda *p: asked(getattr(theirs, name)(*p)), *arrays)


@pytest.mark.parametrize("name", ["Gamma", "Chi2"])
@DTYPES
def test_cdf(name: str, dtype: str) -> None:
    """By the value alone: PyTorch refuses the derivative by the concentration."""
    arrays = parameters(name, SHAPES[2], dtype)
    close(
        lambda x: getattr(ours, name)(*arrays).cdf(x),
        lambda x: getattr(theirs, name)(*map(torch.tensor, arrays)).cdf(x),
        values(name, (4, 2, 3) if name == "Gamma" else (2, 1), dtype),
    )


@each_family
@DTYPES
def test_expanded_distributions(name: str, dtype: str) -> None:
    arrays = parameters(name, ((3,), (3,)), dtype)
    x = values(name, (2, 3), dtype)
    close(
        lambda x, *p: getattr(ours, name)(*p).expand((2, 3)).log_prob(x),
        lambda x, *p: getattr(theirs, name)(*p).expand((2, 3)).log_prob(x),
        x,
        *arrays,
    ) if name != "Dirichlet" else close(
        lambda *p: ours.Dirichlet(*p).expand((2, 3)).log_prob(x),
        lambda *p: theirs.Dirichlet(*p).expand((2, 3)).log_prob(torch.tensor(x)),
        *arrays,
    )


@each_family
def test_names_and_constraints(name: str) -> None:
    arrays = parameters(name, SHAPES[1], "float64")
    mine, reference = getattr(ours, name)(*arrays), getattr(theirs, name)(*map(torch.tensor, arrays))
    assert mine.has_rsample and mine.arg_constraints.keys() == reference.arg_constraints.keys()
    for key in ("batch_shape", "event_shape"):
        assert getattr(mine, key) == tuple(getattr(reference, key))
    assert reference.support.check(torch.tensor(mine.sample((50,)).numpy())).all()
    for parameter in reference.arg_constraints:
        np.testing.assert_allclose(getattr(mine, parameter).numpy(), getattr(reference, parameter).numpy())


# --- divergences ------------------------------------------------------------------------------------------------------
MAKE: dict[str, Any] = {
    "Gamma": lambda lib, a, b: lib.Gamma(a, b),
    "Chi2": lambda lib, a, b: lib.Chi2(a),
    "Beta": lambda lib, a, b: lib.Beta(a, b),
    "Exponential": lambda lib, a, b: lib.Exponential(a),
    "Normal": lambda lib, a, b: lib.Normal(a, b),
    "Gumbel": lambda lib, a, b: lib.Gumbel(a, b),
    "Pareto": lambda lib, a, b: lib.Pareto(a, b + 1),
    "Uniform": lambda lib, a, b: lib.Uniform(0.05 * a, 0.2 + 0.15 * a),
    "Laplace": lambda lib, a, b: lib.Laplace(a, b),
    "Wide": lambda lib, a, b: lib.Uniform(-a, 1 + b),
}
FINITE = [
    ("Gamma", "Gamma"), ("Chi2", "Gamma"), ("Gamma", "Exponential"), ("Gamma", "Normal"), ("Gamma", "Gumbel"),
    ("Exponential", "Gamma"), ("Beta", "Gamma"), ("Pareto", "Gamma"), ("Uniform", "Gamma"), ("Beta", "Beta"),
    ("Beta", "Exponential"), ("Beta", "Normal"), ("Beta", "Wide"), ("Uniform", "Beta"),
]  # fmt: skip
INFINITE = [
    ("Gamma", "Beta"), ("Gamma", "Pareto"), ("Gamma", "Uniform"), ("Beta", "Pareto"), ("Exponential", "Beta"),
    ("Gumbel", "Beta"), ("Gumbel", "Gamma"), ("Laplace", "Beta"), ("Laplace", "Gamma"), ("Normal", "Beta"),
    ("Normal", "Gamma"), ("Pareto", "Beta"), ("Wide", "Gamma"), ("Wide", "Beta"), ("Beta", "Uniform"),
]  # fmt: skip


@pytest.mark.parametrize(("p", "q"), FINITE)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)], ids=str)
@DTYPES
def test_divergences(p: str, q: str, shape: Any, dtype: str) -> None:
    arrays = [random_between(0.5, 3, shape, dtype, seed=i) for i in range(4)]
    used = [0] if p in ("Chi2", "Exponential", "Uniform") else [0, 1]
    used += [2] if q in ("Exponential",) else [2, 3]

    def divergence(lib: Any, given: Any) -> Any:
        full = dict(zip(used, given, strict=True))
        return lib.kl_divergence(MAKE[p](lib, full[0], full.get(1)), MAKE[q](lib, full[2], full.get(3)))

    close(lambda *t: divergence(ours, t), lambda *t: divergence(theirs, t), *[arrays[i] for i in used])


@pytest.mark.parametrize(("p", "q"), INFINITE)
def test_infinite_divergences(p: str, q: str) -> None:
    arrays = [random_between(0.5, 3, (3,), "float64", seed=i) for i in range(4)]
    for lib, convert in ((ours, Tensor), (theirs, torch.tensor)):
        a, b, c, d = map(convert, arrays)
        found = lib.kl_divergence(MAKE[p](lib, a, b), MAKE[q](lib, c, d))
        assert found.shape == (3,) and np.isinf(found.numpy()).all()


def test_divergences_of_dirichlets() -> None:
    p, q = (random_between(0.5, 3, (2, 4), "float64", seed=i) for i in range(2))
    close(
        lambda a, b: ours.kl_divergence(ours.Dirichlet(a), ours.Dirichlet(b)),
        lambda a, b: theirs.kl_divergence(theirs.Dirichlet(a), theirs.Dirichlet(b)),
        p,
        q,
    )


# --- how draws move ---------------------------------------------------------------------------------------------------
def test_the_gradient_of_gamma_draws() -> None:
    concentration = Tensor(10 ** random_between(-1, 3, (200,)), requires_grad=True)
    rate = Tensor(random_between(0.5, 2, (200,)), requires_grad=True)
    drawn = ours.Gamma(concentration, rate).rsample()
    by_concentration, by_rate = grad(drawn.sum(), (concentration, rate))
    a, b, x = (torch.tensor(t.detach().numpy()) for t in (concentration, rate, drawn))
    np.testing.assert_allclose(by_rate.numpy(), (-x / b).numpy())
    np.testing.assert_allclose(by_concentration.numpy(), (torch._standard_gamma_grad(a, x * b) / b).numpy(), rtol=2e-3)


def test_the_gradient_of_beta_draws() -> None:
    """PyTorch approximates it: to 9 percent where one parameter is about 1 and the other thousands."""
    a, b = (Tensor(10 ** random_between(-1, 2, (300,), seed=i), requires_grad=True) for i in range(2))
    drawn = ours.Beta(a, b).rsample()
    by_a, by_b = grad(drawn.sum(), (a, b))
    x, one, zero = (torch.tensor(t.detach().numpy()) for t in (drawn, a, b))
    total = one + zero
    # What its Dirichlet multiplies with x_j (1 - x_j), for each of both shares.
    expected_a = torch._dirichlet_grad(x, one, total) * (1 - x)
    expected_b = -torch._dirichlet_grad(1 - x, zero, total) * x
    inside = ((x > 1e-6) & (x < 1 - 1e-6)).numpy()
    np.testing.assert_allclose(by_a.numpy()[inside], expected_a.numpy()[inside], rtol=2e-2)
    np.testing.assert_allclose(by_b.numpy()[inside], expected_b.numpy()[inside], rtol=2e-2)
    typical = np.median(np.abs(by_a.numpy() / expected_a.numpy() - 1)[inside])
    assert typical < 1e-6


@pytest.mark.parametrize("name", ["Beta", "Dirichlet"])
def test_the_mean_gradient_of_draws_is_pytorchs(name: str) -> None:
    """Of single draws from Dirichlet they differ: ours differentiate the Gamma variables that a draw is made of."""
    manual_seed(0)
    torch.manual_seed(0)
    start = {"Beta": [1.5, 0.7], "Dirichlet": [1.5, 0.7, 2.0]}[name]
    count = 20000
    found = []
    for lib, make in (
        (ours, lambda v: Tensor(v, requires_grad=True, dtype=np.float64)),
        (theirs, lambda v: torch.tensor(v, dtype=torch.float64, requires_grad=True)),
    ):
        p = make(start)
        distribution = lib.Beta(p[0], p[1]) if name == "Beta" else lib.Dirichlet(p)
        x = distribution.rsample((count,))
        y = (x if name == "Beta" else x[..., 0]) ** 2
        gradient = grad(y.mean(), p)[0].numpy() if lib is ours else torch.autograd.grad(y.mean(), p)[0].numpy()
        found.append(gradient)
    total = sum(start)
    a = start[0]
    exact = [(2 * a + 1) / (total * (total + 1)) - a * (a + 1) * (2 * total + 1) / (total * (total + 1)) ** 2]
    exact += [-a * (a + 1) * (2 * total + 1) / (total * (total + 1)) ** 2] * (len(start) - 1)
    np.testing.assert_allclose(found[0], exact, atol=0.01)
    np.testing.assert_allclose(found[1], exact, atol=0.01)
