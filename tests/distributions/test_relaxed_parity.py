"""Relaxed distributions against PyTorch: densities with gradients, draws from the same noise, names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import distributions as ours
from minigrad.core.tensor import Tensor, wrap
from minigrad.distributions import relaxed_bernoulli, relaxed_categorical
from tests.parity import DTYPES, compare, random

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
theirs = torch.distributions
NAMES = ["LogitRelaxedBernoulli", "RelaxedBernoulli", "ExpRelaxedCategorical", "RelaxedOneHotCategorical"]
each_name = pytest.mark.parametrize("name", NAMES)
each_given = pytest.mark.parametrize("given", ["probs", "logits"])


def parameter(name: str, given: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    whole = (*shape, 4) if "Categorical" in name else shape
    return np.asarray(random(whole, dtype, *((0.1, 0.9) if given == "probs" else (-2, 2))))


def value(name: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if name == "LogitRelaxedBernoulli":
        return np.asarray(random(shape, dtype, -3, 3, seed=4))
    if name == "RelaxedBernoulli":
        return np.asarray(random(shape, dtype, 0.1, 0.9, seed=4))
    shares = random((*shape, 4), "float64", 0.1, 0.9, seed=4)
    shares = shares / shares.sum(-1, keepdims=True)
    return np.asarray(np.log(shares) if name.startswith("Exp") else shares).astype(dtype)


@each_name
@each_given
@DTYPES
@pytest.mark.parametrize("shapes", [((), ()), ((3,), (3,)), ((2, 1), (4, 2, 3)), ((1,), (2, 3))], ids=str)
def test_log_prob(name: str, given: str, dtype: str, shapes: Any) -> None:
    compare(
        lambda t, p, x: getattr(ours, name)(t, **{given: p}, validate_args=False).log_prob(x),
        lambda t, p, x: getattr(theirs.relaxed_bernoulli if "Bernoulli" in name else theirs.relaxed_categorical, name)(
            t, **{given: p}, validate_args=False
        ).log_prob(x),
        np.array(0.7, dtype),
        parameter(name, given, shapes[0], dtype),
        value(name, shapes[1], dtype),
    )


@each_name
@each_given
def test_names_and_constraints(name: str, given: str) -> None:
    module = theirs.relaxed_bernoulli if "Bernoulli" in name else theirs.relaxed_categorical
    p = parameter(name, given, (2, 3), "float64")
    mine = getattr(ours, name)(0.7, **{given: p})
    reference = getattr(module, name)(torch.tensor(0.7, dtype=torch.float64), **{given: torch.tensor(p)})
    for key in ("batch_shape", "event_shape"):
        assert getattr(mine, key) == tuple(getattr(reference, key))
    for key in ("probs", "logits"):
        np.testing.assert_allclose(getattr(mine, key).numpy(), getattr(reference, key).numpy())
    assert mine.arg_constraints.keys() == reference.arg_constraints.keys()
    assert type(mine.support).__name__.lstrip("_") in type(reference.support).__name__
    assert reference.support.check(torch.tensor(mine.sample((20,)).numpy())).all()


@each_given
@DTYPES
def test_draws_from_the_same_noise(given: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        shape = (3, 4) if "Categorical" in name else (3,)
        uniform = np.random.default_rng(0).uniform(0.01, 0.99, shape).astype(dtype)
        monkeypatch.setattr(torch, "rand", lambda *a, u=uniform, **k: torch.tensor(u))
        monkeypatch.setattr(relaxed_bernoulli, "standard_uniform", lambda *a, u=uniform: wrap(u, None))
        monkeypatch.setattr(relaxed_categorical, "standard_exponential", lambda *a, u=uniform: Tensor(-np.log(u)))
        module = theirs.relaxed_bernoulli if "Bernoulli" in name else theirs.relaxed_categorical
        compare(
            lambda t, p, name=name: getattr(ours, name)(t, **{given: p}).rsample(),
            lambda t, p, name=name, module=module: getattr(module, name)(t, **{given: p}).rsample(),
            np.array(0.7, dtype),
            parameter(name, given, (3,), dtype),
        )
