"""WALS beside a plain dense solver; its forms, its inputs, and what it costs."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, checkpoint, metrics
from minigrad.recommend import WALS
from minigrad.recommend import solves as solves_module


def drawn(users: int, items: int, share: float, seed: int = 0, counts: bool = False) -> Any:
    """Ratings of a world with three tastes: triples, and dense with NaN."""
    random = np.random.default_rng(seed)
    truth = random.standard_normal((users, 3)) @ random.standard_normal((3, items))
    values = truth + 0.1 * random.standard_normal(truth.shape)
    values = random.poisson(np.exp(np.clip(values, -3, 2))).astype(float) if counts else values
    known = random.random(truth.shape) < share
    u, i = np.nonzero(known)
    order = random.permutation(len(u))
    u, i = u[order], i[order]
    return (u, i, values[u, i]), np.where(known, values, np.nan)


def dense_weights(dense: Any, weights: Any, w0: float, alpha: float | None) -> tuple[Any, Any]:
    """The target and the weight of every pair, observed or not."""
    known = ~np.isnan(dense)
    values = np.where(known, dense, 0)
    if alpha is not None:
        return (values > 0).astype(float), np.where(known, 1 + alpha * values, w0)
    return values, np.where(known, 1.0 if weights is None else weights, w0)


def plain_objective(x: Any, y: Any, targets: Any, weights: Any, regularization: float) -> float:
    total = regularization * (np.sum(x**2) + np.sum(y**2))
    for u in range(len(x)):
        for i in range(len(y)):
            total += weights[u, i] * (targets[u, i] - x[u] @ y[i]) ** 2
    return float(total)


def plain_half_step(y: Any, targets: Any, weights: Any, regularization: float) -> Any:
    solved = []
    for target, weight in zip(targets, weights, strict=True):
        matrix, side = regularization * np.eye(y.shape[1]), np.zeros(y.shape[1])
        for i in range(len(y)):
            matrix += weight[i] * np.outer(y[i], y[i])
            side += weight[i] * target[i] * y[i]
        solved.append(np.linalg.solve(matrix, side))
    return np.array(solved)


FORMS = {
    "ratings": {"regularization": 0.3},
    "ratings and the unobserved": {"regularization": 0.05, "unobserved_weight": 0.2},
    "unobserved weigh more": {"regularization": 0.05, "unobserved_weight": 2.0},
    "implicit": {"regularization": 1.0, "alpha": 5.0},
    "implicit, light unobserved": {"regularization": 1.0, "alpha": 40.0, "unobserved_weight": 0.1},
    "implicit without confidence": {"regularization": 0.1, "alpha": 0.0},
}


@pytest.mark.parametrize(
    ("form", "weighted"),  # the implicit form makes its own weights
    [(form, weighted) for form in FORMS for weighted in (False, True) if not (weighted and "alpha" in FORMS[form])],
)
def test_a_plain_dense_solver_gets_there_too(form: str, weighted: bool) -> None:
    options: dict[str, Any] = FORMS[form]
    alpha = options.get("alpha")
    triples, dense = drawn(23, 17, 0.4, counts=alpha is not None)
    given = np.random.default_rng(5).random(dense.shape) + 0.1 if weighted else None
    model = WALS(4, iterations=30, generator=np.random.default_rng(1), **options)
    model.fit(triples, None if given is None else given[triples[0], triples[1]])
    targets, weights = dense_weights(dense, given, model.unobserved_weight, alpha)

    y = np.random.default_rng(1).standard_normal((17, 4)) / 2
    for iteration in range(30):
        x = plain_half_step(y, targets, weights, model.regularization)
        y = plain_half_step(x, targets.T, weights.T, model.regularization)
        expected = plain_objective(x, y, targets, weights, model.regularization)
        assert model.objectives[iteration] == pytest.approx(expected, rel=1e-8)
    np.testing.assert_allclose(model.predict(np.arange(23)), x @ y.T, rtol=1e-6, atol=1e-8)
    assert model.objective() == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(3))
def test_the_objective_never_rises(form: str, seed: int) -> None:
    options: dict[str, Any] = FORMS[form]
    triples, _ = drawn(40, 60, 0.15, seed, counts="alpha" in options)
    model = WALS(5, iterations=60, generator=np.random.default_rng(seed), **options).fit(triples)
    falls = -np.diff(model.objectives)
    assert (falls >= -1e-11 * model.objectives[0]).all() and model.objectives[-1] < model.objectives[0]


def test_vectors_are_found_again_without_noise() -> None:
    random = np.random.default_rng(0)
    truth = random.standard_normal((30, 2)) @ random.standard_normal((2, 25))
    dense = np.where(random.random(truth.shape) < 0.6, truth, np.nan)
    model = WALS(2, regularization=0.0, iterations=300, generator=random).fit(dense)
    assert model.objectives[-1] < 1e-15
    np.testing.assert_allclose(model.predict(np.arange(30)), truth, atol=1e-6)


def test_without_regularization_and_with_too_few_ratings() -> None:
    model = WALS(3, regularization=0.0, iterations=5, generator=np.random.default_rng(0))
    model.fit(([0, 1, 1], [0, 0, 2], [3.0, 1.0, 2.0]), shape=(4, 5))
    assert np.isfinite(model.user_factors).all() and model.objectives[-1] < 1e-20
    assert not model.user_factors[2:].any() and not model.item_factors[[1, 3, 4]].any()  # nothing is known of them
    np.testing.assert_allclose(model.predict([0, 1, 1], [0, 0, 2]), [3, 1, 2], atol=1e-10)


def test_users_with_more_ratings_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    triples, _ = drawn(30, 50, 0.5)
    options = {"unobserved_weight": 0.1, "iterations": 4}
    expected = WALS(3, generator=np.random.default_rng(0), **options).fit(triples)
    for size in (1, 20, 100):
        monkeypatch.setattr(solves_module, "_BLOCK", size)
        model = WALS(3, generator=np.random.default_rng(0), **options).fit(triples)
        np.testing.assert_allclose(model.objectives, expected.objectives, rtol=1e-12)
        np.testing.assert_allclose(model.item_factors, expected.item_factors, rtol=1e-9, atol=1e-12)


# --- forms of input ---------------------------------------------------------------------------------------------------
def test_every_form_of_the_same_ratings() -> None:
    (u, i, values), dense = drawn(12, 9, 0.5)
    weights = np.random.default_rng(3).random(len(u))
    dense_weight = np.zeros(dense.shape)
    dense_weight[u, i] = weights

    def fitted(*given: Any, **options: Any) -> list[float]:
        return WALS(3, generator=np.random.default_rng(0), iterations=5).fit(*given, **options).objectives

    expected = fitted((u, i, values))
    order = np.lexsort((i, u))
    for form in (
        (u.tolist(), i.tolist(), values.tolist()),
        (Tensor(u), Tensor(i), Tensor(values)),
        (u.astype(np.uint8), i.astype(np.int16), values),
        (u[order], i[order], values[order]),
        dense,
        Tensor(dense),
        np.nan_to_num(dense),
    ):
        np.testing.assert_allclose(fitted(form), expected, rtol=1e-12)
    np.testing.assert_allclose(fitted((u, i, values), shape=(12, 9)), expected, rtol=1e-12)
    np.testing.assert_allclose(fitted(dense, dense_weight), fitted((u, i, values), weights), rtol=1e-12)


def test_sparse_matrices() -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="sparse matrices are scipy's")
    (u, i, values), _ = drawn(12, 9, 0.5)
    expected = WALS(3, generator=np.random.default_rng(0)).fit((u, i, values)).objectives
    for kind in (sparse.coo_array, sparse.csr_matrix, sparse.csc_array):
        matrix = kind(sparse.coo_array((values, (u, i)), shape=(12, 9)))
        np.testing.assert_allclose(WALS(3, generator=np.random.default_rng(0)).fit(matrix).objectives, expected)
    with pytest.raises(TypeError, match="weights of a sparse matrix are ambiguous; give triples"):
        WALS(3).fit(matrix, np.ones(3))
    with pytest.raises(ValueError, match=r"the shape is \(12, 9\), and shape=\(3, 3\) was given"):
        WALS(3).fit(matrix, shape=(3, 3))


def test_counts_of_a_pair_add_up() -> None:
    counted = WALS(2, alpha=2.0, generator=np.random.default_rng(0)).fit(([0, 1, 0], [0, 1, 0], [1, 1, 3]))
    together = WALS(2, alpha=2.0, generator=np.random.default_rng(0)).fit(([0, 1], [0, 1], [4, 1]))
    assert counted.objectives == together.objectives


# --- use --------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def model() -> WALS:
    triples, _ = drawn(20, 15, 0.3)
    return WALS(3, unobserved_weight=0.1, generator=np.random.default_rng(0)).fit(triples)


def test_recommendations(model: WALS) -> None:
    (u, i, _), _ = drawn(20, 15, 0.3)
    scores = model.predict(np.arange(20))
    for user in range(20):
        seen = set(i[u == user].tolist())
        ranking = [item for item in np.argsort(-scores[user], kind="stable").tolist() if item not in seen]
        items, values = model.recommend(user, 5)
        assert items.tolist() == ranking[:5]
        np.testing.assert_allclose(values, scores[user, items], rtol=1e-12)
        everything, _ = model.recommend(user, 99)
        assert everything.tolist() == ranking
        assert set(model.recommend(user, 99, exclude_seen=False)[0].tolist()) == set(range(15))
        assert not {1, 2} & set(model.recommend(user, 99, exclude=[1, 2])[0].tolist())
    together, values = model.recommend(np.arange(20), 15)
    assert together.shape == values.shape == (20, 15)
    for user in range(20):
        one = model.recommend(user, 15)[0].tolist()
        assert together[user].tolist() == one + [-1] * (15 - len(one)) and (values[user, len(one) :] == -np.inf).all()
    assert metrics.recall_at_k(together, [[row[0]] for row in together], 1) == 1
    assert model.recommend(Tensor([3]), 2)[0].tolist() == [model.recommend(3, 2)[0].tolist()]


def test_equal_scores_are_ranked_by_number() -> None:
    model = WALS(2, iterations=1).fit(([0], [0], [1.0]), shape=(1, 6))
    model.load_state_dict({"user_factors": np.ones((1, 2)), "item_factors": np.ones((6, 2)), "objectives": []})
    assert model.recommend(0, 4)[0].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("form", ["ratings and the unobserved", "implicit"])
def test_folding_in_a_user_is_a_half_step(form: str) -> None:
    options: dict[str, Any] = FORMS[form]
    (u, i, values), _ = drawn(20, 15, 0.4, counts="alpha" in options)
    model = WALS(3, generator=np.random.default_rng(0), **options).fit((u, i, values))
    vectors = [model.fold_in(i[u == user], values[u == user]) for user in range(20)]
    before = model.item_factors.copy()
    model.partial_fit((u, i, values))
    np.testing.assert_allclose(vectors, model.user_factors, rtol=1e-9, atol=1e-12)
    assert (model.item_factors != before).any()
    items, _ = model.recommend(vectors[3], 4, exclude=i[u == 3])
    assert not set(items.tolist()) & set(i[u == 3].tolist())
    assert model.recommend(np.array(vectors), 4)[0].shape == (20, 4)


def test_partial_fit_goes_on() -> None:
    triples, _ = drawn(20, 15, 0.3)
    through = WALS(3, iterations=7, generator=np.random.default_rng(0)).fit(triples)
    parts = WALS(3, iterations=3, generator=np.random.default_rng(0)).fit(triples)
    for _ in range(4):
        parts.partial_fit(triples)
    assert parts.objectives == through.objectives


def test_it_stops_when_little_changes() -> None:
    triples, _ = drawn(20, 15, 0.3)
    model = WALS(3, iterations=1000, tolerance=1e-3, generator=np.random.default_rng(0)).fit(triples)
    assert 3 < len(model.objectives) < 500
    assert model.objectives[-2] - model.objectives[-1] < 1e-3 * model.objectives[-2]


def test_states(model: WALS, tmp_path: Path) -> None:
    pytest.importorskip("safetensors", reason="files need safetensors")
    checkpoint.save(tmp_path / "model", model=model)
    other = WALS(3)
    with pytest.raises(RuntimeError, match="recommend needs vectors; call fit first"):
        other.recommend(3)
    other.load_state_dict(checkpoint.load(tmp_path / "model")["model"])
    assert other.recommend(3, exclude_seen=False)[0].tolist() == model.recommend(3, exclude_seen=False)[0].tolist()
    with pytest.raises(RuntimeError, match="needs the ratings, which a state does not hold"):
        other.recommend(3)
    with pytest.raises(ValueError, match=r"shapes \(20, 3\) and \(15, 3\), and dim is 4"):
        WALS(4).load_state_dict(model.state_dict())


# --- bad input --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: WALS(0), ValueError, "dim and iterations must be at least 1, got 0"),
        (lambda: WALS(2, regularization=-1.0), ValueError, "regularization must be finite and at least 0, got -1"),
        (lambda: WALS(2, alpha=float("nan")), ValueError, "alpha must be finite"),
        (lambda: WALS(2).fit(([0], [1])), ValueError, r"triples are \(users, items, values\), got a tuple of 2"),
        (lambda: WALS(2).fit(([0], [1, 2], [1.0])), ValueError, "lists of one length"),
        (lambda: WALS(2).fit(([0.5], [1], [1.0])), TypeError, "users must be integers from 0, got float64"),
        (lambda: WALS(2).fit(([0], [-1], [1.0])), IndexError, "items has -1 at 0, and they count from 0"),
        (lambda: WALS(2).fit(([0], [7], [1.0]), shape=(3, 5)), IndexError, "items has 7 at 0, and there are 5"),
        (lambda: WALS(2).fit(([0, 0], [1, 1], [1.0, 2.0])), ValueError, "user 0 and item 1 occur twice"),
        (lambda: WALS(2).fit(([0], [1], [np.inf])), ValueError, "ratings must be finite, got inf at 0"),
        (lambda: WALS(2).fit(([0], [1], ["a"])), TypeError, "values must be numbers"),
        (lambda: WALS(2).fit(([], [], [])), ValueError, "there must be users and items"),
        (lambda: WALS(2).fit(([0], [1], [1.0]), [-1.0]), ValueError, "weights are at least 0, got -1"),
        (lambda: WALS(2).fit(([0], [1], [1.0]), [1.0, 2.0]), ValueError, r"weights have the shape \(2,\)"),
        (lambda: WALS(2, alpha=1.0).fit(([0], [1], [-1.0])), ValueError, "counts, and -1.0 is negative"),
        (lambda: WALS(2, alpha=1.0).fit(([0], [1], [1.0]), [1.0]), ValueError, "leave weights out"),
        (lambda: WALS(2).fit(np.zeros(3)), ValueError, r"an array \(users, items\), got shape \(3,\)"),
        (lambda: WALS(2).objective(), RuntimeError, "objective needs vectors; call fit first"),
        (lambda: WALS(2).partial_fit(np.ones((2, 2))), RuntimeError, "partial_fit needs vectors"),
        (lambda: WALS(2).fit(np.ones((2, 3))).predict([2]), IndexError, "users has 2 at 0, and there are 2"),
        (lambda: WALS(2).fit(np.ones((2, 3))).recommend(0, 0), ValueError, "k must be at least 1"),
        (lambda: WALS(2).fit(np.ones((2, 3))).recommend([0.5]), ValueError, "have 2 numbers, got the shape"),
        (lambda: WALS(2).fit(np.ones((2, 3))).fold_in([0, 0], [1, 2]), ValueError, "an item occurs twice"),
        (lambda: WALS(2).fit(np.ones((2, 3))).fold_in([0], [1, 2]), ValueError, "lists of one length"),
        (lambda: WALS(2).fit(np.ones((2, 3))).partial_fit(np.ones((3, 3))), ValueError, "shape"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


# --- what it costs ----------------------------------------------------------------------------------------------------
def peak(count: int, alpha: float | None) -> float:
    """The memory of a fit on 10,000 users and 5,000 items, in bytes."""
    random = np.random.default_rng(0)
    users, items = np.divmod(random.choice(10_000 * 5_000, count, replace=False), 5_000)
    values = random.integers(1, 6, count)
    weight = 0.05 if alpha is None else 1.0
    model = WALS(32, alpha=alpha, unobserved_weight=weight, iterations=2, generator=random)
    tracemalloc.start()
    try:
        model.fit((users, items, values), shape=(10_000, 5_000))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [None, 40.0])
def test_memory_is_that_of_the_observations(alpha: float | None) -> None:
    quarter, whole = peak(250_000, alpha), peak(1_000_000, alpha)
    assert whole < 100e6  # an array of all pairs alone takes 400 MB
    assert whole - quarter < 750_000 * 80
