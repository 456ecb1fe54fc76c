"""Every family of numbers against PyTorch: densities, distribution functions, quantiles, moments, with gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.distributions.families import SHAPES, Family, each_family
from tests.distributions.loosely import comparison
from tests.parity import DTYPES

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
each_shape = pytest.mark.parametrize("shapes", SHAPES, ids=str)


def theirs(family: Family) -> Any:
    return getattr(torch.distributions, family.name)


@each_family
@DTYPES
@each_shape
@pytest.mark.parametrize("function", ["log_prob", "cdf", "icdf"])
def test_functions_of_a_value(family: Family, dtype: str, shapes: Any, function: str) -> None:
    if function in family.lacks:
        return
    given = family.value(shapes[-1], dtype)
    if function == "icdf":
        given = np.random.default_rng(0).uniform(0.05, 0.95, shapes[-1]).astype(dtype)
    comparison(family.name)(
        lambda x, *p: getattr(family.ours(*p), function)(x),
        lambda x, *p: getattr(theirs(family)(*p, validate_args=False), function)(x),
        np.asarray(given),
        *family.arrays(shapes, dtype),
    )


@each_family
@DTYPES
@pytest.mark.parametrize("question", ["mean", "mode", "variance", "stddev", "entropy", "perplexity"])
def test_functions_of_the_parameters(family: Family, dtype: str, question: str) -> None:
    if question in family.lacks:
        return

    def asked(distribution: Any) -> Any:
        answer = getattr(distribution, question)
        return answer() if callable(answer) else answer

    for shapes in SHAPES:
        comparison(family.name)(
            lambda *p: asked(family.ours(*p)) * 1,
            lambda *p: asked(theirs(family)(*p)) * 1,
            *family.arrays(shapes, dtype),
        )


@each_family
@DTYPES
@each_shape
def test_expanded_distributions(family: Family, dtype: str, shapes: Any) -> None:
    arrays = family.arrays(shapes, dtype)
    batch = (2, *np.broadcast_shapes(*[a.shape for a in arrays]))
    value = family.value(batch, dtype)
    comparison(family.name)(
        lambda x, *p: family.ours(*p).expand(batch).log_prob(x),
        lambda x, *p: theirs(family)(*p).expand(batch).log_prob(x),
        value,
        *arrays,
    )


@each_family
def test_names_and_constraints(family: Family) -> None:
    arrays = family.arrays(SHAPES[1], np.float64)
    ours, reference = family.ours(*arrays), theirs(family)(*map(torch.tensor, arrays))
    assert ours.batch_shape == tuple(reference.batch_shape)
    assert ours.has_rsample == reference.has_rsample
    assert ours.arg_constraints.keys() == reference.arg_constraints.keys()
    for name, constraint in ours.arg_constraints.items():
        their = reference.arg_constraints[name]
        assert type(constraint).__name__ == type(their).__name__.lstrip("_"), name
    grid = np.array([-np.inf, -1.0, 0.0, 0.5, 3.0, np.inf, np.nan])
    if family.name not in ("Uniform", "Pareto"):
        np.testing.assert_array_equal(
            ours.support.check(grid).numpy(), reference.support.check(torch.tensor(grid)).numpy()
        )
