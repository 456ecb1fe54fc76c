"""Every discrete family against PyTorch: log-probabilities, entropies, moments and divergences, with gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import distributions
from tests.distributions.discrete import FAMILIES, SHAPES, Discrete, each_family, each_shape
from tests.parity import DTYPES, compare

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
theirs = torch.distributions


def both(family: Discrete, ask: Any, *arrays: np.ndarray, order: int | None = None) -> None:
    """Compare an answer of both libraries and its gradient by the parameter."""
    compare(
        lambda p, *rest: ask(family.made(p), *rest), lambda p, *rest: ask(family.made(p, theirs), *rest), *arrays,
        order=order,
    )  # fmt: skip


@each_family
@DTYPES
@each_shape
def test_log_prob(family: Discrete, dtype: str, shapes: Any) -> None:
    if 0 in shapes[0] and family.classes:
        return  # PyTorch fails on vectors in an empty batch
    values = family.values(shapes[1], dtype)
    compare(
        lambda p: family.made(p).log_prob(np.array(values)),
        lambda p: family.made(p, theirs).log_prob(torch.tensor(values)),
        family.parameter(shapes[0], dtype),
    )


QUESTIONS = ["mean", "variance", "stddev", "mode", "entropy", "perplexity", "probs", "logits"]
ASKED = [
    (family, question)
    for family in FAMILIES
    for question in QUESTIONS
    if not ({question, question.replace("perplexity", "entropy")} & set(family.lacks))
    and not (family.name == "Poisson" and question in ("probs", "logits"))
]


@DTYPES
@pytest.mark.parametrize(("family", "question"), ASKED, ids=str)
def test_functions_of_the_parameter(family: Discrete, dtype: str, question: str) -> None:
    def ask(distribution: Any) -> Any:
        answer = getattr(distribution, question)
        return answer() if callable(answer) else answer * 1

    for shape, _ in SHAPES:
        if 0 in shape and (family.classes or family.name == "Binomial"):
            continue  # PyTorch fails on vectors in an empty batch, and on the largest of no counts
        both(family, ask, family.parameter(shape, dtype))


@each_family
@DTYPES
def test_expanded_distributions(family: Discrete, dtype: str) -> None:
    for shape in ((), (3,), (1,), (2, 1)):
        batch = (4, *(3 if n == 1 else n for n in shape))
        values = family.values(batch, dtype)
        compare(
            lambda p, b=batch, v=values: family.made(p).expand(b).log_prob(np.array(v)),
            lambda p, b=batch, v=values: family.made(p, theirs).expand(b).log_prob(torch.tensor(v)),
            family.parameter(shape, dtype),
        )


@each_family
@pytest.mark.parametrize("shape", [(), (3,), (2, 1)], ids=str)
@pytest.mark.parametrize("expand", [True, False])
def test_enumerated_supports(family: Discrete, shape: tuple[int, ...], expand: bool) -> None:
    for dtype in ("float32", "float64"):
        ours = family.made(family.parameter(shape, dtype))
        reference = family.made(torch.tensor(family.parameter(shape, dtype)), theirs)
        assert ours.has_enumerate_support == reference.has_enumerate_support
        if not ours.has_enumerate_support:
            with pytest.raises(NotImplementedError, match="enumerate_support"):
                ours.enumerate_support(expand)
            return
        found, expected = ours.enumerate_support(expand).numpy(), reference.enumerate_support(expand).numpy()
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@each_family
def test_names_shapes_and_constraints(family: Discrete) -> None:
    for shape in ((), (3,), (2, 1)):
        parameter = family.parameter(shape)
        ours, reference = family.made(parameter), family.made(torch.tensor(parameter), theirs)
        for name in ("batch_shape", "event_shape", "param_shape"):
            if hasattr(reference, name):
                assert getattr(ours, name) == tuple(getattr(reference, name))
        assert ours.has_rsample == reference.has_rsample
        assert ours.arg_constraints.keys() == reference.arg_constraints.keys()
        for name, constraint in ours.arg_constraints.items():
            kind = (
                type(reference.arg_constraints[name])
                .__name__.lstrip("_")
                .replace("IndependentConstraint", "Independent")
            )
            assert type(constraint).__name__ == kind
        sample = ours.sample((4,))
        assert sample.shape == tuple(reference.sample((4,)).shape)
        assert str(sample.dtype) == str(reference.sample().dtype).removeprefix("torch.")
        assert reference.support.check(torch.tensor(sample.numpy())).all()
        assert ours.support.is_discrete == reference.support.is_discrete
        assert ours.support.event_dim == reference.support.event_dim


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batches", [((), ()), ((3,), (3,)), ((3,), (1,))], ids=str)
@pytest.mark.parametrize("family", [f for f in FAMILIES if f.name not in ("NegativeBinomial", "Multinomial")], ids=str)
def test_divergences(family: Discrete, batches: Any, dtype: str) -> None:
    p, q = family.parameter(batches[0], dtype, 1), family.parameter(batches[1], dtype, 2)
    compare(
        lambda a, b: distributions.kl_divergence(family.made(a), family.made(b)),
        lambda a, b: theirs.kl_divergence(
            family.made(a, theirs), family.made(b, theirs).expand(batches[0])
        ),
        p,
        q,
    )  # fmt: skip


def test_divergences_between_families() -> None:
    probs, rate = np.array([0.2, 0.7]), np.array([0.5, 3.0])
    compare(
        lambda p, r: distributions.kl_divergence(distributions.Bernoulli(p), distributions.Poisson(r)),
        lambda p, r: theirs.kl_divergence(theirs.Bernoulli(p), theirs.Poisson(r)),
        probs,
        rate,
    )


def test_counts_that_differ() -> None:
    counts, probs = np.array([3.0, 7.0]), np.array([0.3, 0.8])
    values = np.array([2.0, 5.0])
    for name in ("Binomial", "NegativeBinomial"):
        compare(
            lambda n, p, name=name: getattr(distributions, name)(n, p).log_prob(values),
            lambda n, p, name=name: getattr(theirs, name)(n, p).log_prob(torch.tensor(values)),
            counts,
            probs,
            order=1,
        )


def test_multinomial_of_another_total_without_the_check() -> None:
    counts = np.array([3.0, 2.0, 0.0])
    compare(
        lambda p: distributions.Multinomial(1, p, validate_args=False).log_prob(counts),
        lambda p: theirs.Multinomial(1, p, validate_args=False).log_prob(torch.tensor(counts)),
        np.array([0.2, 0.3, 0.5]),
    )
    theirs.Multinomial(9, torch.tensor([0.2, 0.3, 0.5])).log_prob(torch.tensor(counts))  # which ours refuses
