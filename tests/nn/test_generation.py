"""Drawing from scores: exact sets, distributions with a fixed seed, and what is refused."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F

P = np.array([0.1, 0.4, 0.2, 0.25, 0.05])
DRAWS = 40_000


def frequencies(logits, n=DRAWS, **kw):
    drawn = F.sample(np.tile(logits, (n, 1)), generator=np.random.default_rng(7), **kw)
    return np.bincount(drawn.numpy(), minlength=len(logits)) / n


def assert_drawn_from(frequency, p, n=DRAWS):
    """Within 4.5 standard errors for every index; what has no probability never comes."""
    assert (frequency[p == 0] == 0).all()
    np.testing.assert_array_less(np.abs(frequency - p), 4.5 * np.sqrt(p * (1 - p) / n) + 1e-12)


def only(*kept):
    p = np.where(np.isin(np.arange(5), kept), P, 0)
    return p / p.sum()


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_temperature(temperature):
    p = P ** (1 / temperature)
    assert_drawn_from(frequencies(np.log(P), temperature=temperature), p / p.sum())


@pytest.mark.parametrize(("top_k", "kept"), [(1, [1]), (2, [1, 3]), (3, [1, 3, 2]), (5, range(5)), (99, range(5))])
def test_top_k(top_k, kept):
    assert_drawn_from(frequencies(np.log(P), top_k=top_k), only(*kept))


@pytest.mark.parametrize(
    ("top_p", "kept"), [(1e-9, [1]), (0.39, [1]), (0.41, [1, 3]), (0.64, [1, 3]), (0.66, [1, 3, 2]), (1.0, range(5))]
)
def test_the_nucleus_is_the_smallest_set_that_reaches_top_p(top_p, kept):
    assert_drawn_from(frequencies(np.log(P), top_p=top_p), only(*kept))


def test_a_nucleus_that_is_reached_exactly_ends_there():
    logits = np.log([0.5, 0.25, 0.125, 0.125])  # sums without rounding
    assert set(F.sample(np.tile(logits, (2000, 1)), top_p=0.5).tolist()) == {0}
    assert set(F.sample(np.tile(logits, (2000, 1)), top_p=0.75).tolist()) == {0, 1}
    assert set(F.sample(np.tile(logits, (2000, 1)), top_p=0.876).tolist()) == {0, 1, 2, 3}


def test_temperature_comes_first_then_top_k_then_top_p():
    # of 1 and 3, which top_k leaves, 1 has 0.4 / 0.65 = 0.615: at temperature 1/2 it has 0.72
    assert_drawn_from(frequencies(np.log(P), top_k=2, top_p=0.6), only(1))
    assert_drawn_from(frequencies(np.log(P), top_k=2, top_p=0.65), only(1, 3))
    assert_drawn_from(frequencies(np.log(P), top_k=2, top_p=0.65, temperature=0.5), only(1))


def test_equal_scores_go_by_index():
    assert set(F.sample(np.zeros((500, 6)), top_k=2).tolist()) == {0, 1}
    assert set(F.sample(np.zeros((500, 6)), top_p=0.5).tolist()) == {0, 1, 2}
    assert F.sample(np.zeros((3, 6)), temperature=0).tolist() == [0, 0, 0]


def test_scores_of_minus_infinity_are_never_drawn():
    logits = np.where(np.arange(5) == 1, -np.inf, np.log(P))
    assert_drawn_from(frequencies(logits), only(0, 2, 3, 4))
    assert_drawn_from(frequencies(logits, top_k=5), only(0, 2, 3, 4))
    assert_drawn_from(frequencies(logits, top_p=0.99), only(0, 2, 3, 4))
    one = np.array([-np.inf, 0.0, -np.inf], np.float32)
    for kw in ({}, {"temperature": 0}, {"top_k": 3}, {"top_p": 0.5}, {"temperature": 1e-9}):
        assert set(F.sample(np.tile(one, (300, 1)), **kw).tolist()) == {1}


def test_temperature_zero_is_argmax_and_small_ones_approach_it():
    x = np.random.default_rng(0).standard_normal((4, 3, 9)).astype(np.float32)
    for temperature in (0, 1e-300, 1e-6):
        np.testing.assert_array_equal(F.sample(Tensor(x), temperature=temperature).numpy(), x.argmax(-1))
    huge = np.array([3e38, -3e38, 1e38], np.float32)
    assert F.sample(huge, temperature=1e-30).item() == 0


@pytest.mark.parametrize("shape", [(6,), (2, 6), (2, 3, 6), (0, 6), (2, 1)])
@pytest.mark.parametrize("kw", [{}, {"top_k": 2}, {"top_p": 0.7}, {"temperature": 0}])
def test_shapes(shape, kw):
    drawn = F.sample(Tensor(np.zeros(shape, np.float32), requires_grad=True), **kw)
    assert drawn.shape == shape[:-1] and drawn.dtype == np.int64 and not drawn.requires_grad


def test_seeds_fix_what_is_drawn():
    x = Tensor(np.zeros((50, 100), np.float32))
    mg.manual_seed(5)
    first = F.sample(x).tolist()
    mg.manual_seed(5)
    assert F.sample(x).tolist() == first
    assert F.sample(x).tolist() != first
    own = F.sample(x, generator=np.random.default_rng(1)).tolist()
    assert F.sample(x, generator=np.random.default_rng(1)).tolist() == own


def test_float32_scores_of_a_large_vocabulary():
    logits = np.zeros(50_257, np.float32)
    drawn = F.sample(np.tile(logits, (200, 1)), generator=np.random.default_rng(0)).numpy()
    assert abs(drawn.mean() / 50_257 - 0.5) < 4.5 / np.sqrt(12 * 200)


def test_rounding_never_draws_what_has_no_probability():
    class Edge(np.random.Generator):
        def random(self, size=None):
            return np.full(size, self.value)

    generator = Edge(np.random.PCG64(0))
    for value, expected in ((0.0, 1), (np.nextafter(1.0, 0), 3)):
        generator.value = value
        assert F.sample(np.array([-np.inf, 0.1, 0.3, 0.7, -np.inf, -np.inf]), generator=generator).item() == expected


@pytest.mark.parametrize(
    ("logits", "kw", "error", "message"),
    [
        ([0.0, np.nan], {}, ValueError, r"the score at \(1,\) is nan"),
        ([[0.0, 1.0], [np.inf, 0.0]], {}, ValueError, r"the score at \(1, 0\) is inf"),
        ([[0.0, 1.0], [-np.inf, -np.inf]], {}, ValueError, r"all scores of row \(1,\) are -inf"),
        ([[0.0, 1.0], [-np.inf, -np.inf]], {"temperature": 0}, ValueError, "are -inf"),
        ([0.0, 1.0], {"temperature": -1}, ValueError, "temperature"),
        ([0.0, 1.0], {"temperature": np.inf}, ValueError, "temperature"),
        ([0.0, 1.0], {"temperature": np.nan}, ValueError, "temperature"),
        ([0.0, 1.0], {"temperature": "1"}, TypeError, "sample: temperature must be a number, got '1'"),
        ([0.0, 1.0], {"temperature": None}, TypeError, "sample: temperature must be a number, got None"),
        ([0.0, 1.0], {"top_p": "0.5"}, TypeError, "sample: top_p must be a number"),
        ([0.0, 1.0], {"top_k": 0}, ValueError, "top_k"),
        ([0.0, 1.0], {"top_k": 1.5}, TypeError, "top_k"),
        ([0.0, 1.0], {"top_p": 0}, ValueError, "top_p"),
        ([0.0, 1.0], {"top_p": 1.1}, ValueError, "top_p"),
        ([0.0, 1.0], {"generator": 3}, TypeError, "generator"),
        ([1, 2], {}, TypeError, "floating"),
        (1.0, {}, ValueError, "last dimension"),
        (np.zeros((2, 0)), {}, ValueError, "at least one"),
    ],
)
def test_bad_arguments(logits, kw, error, message):
    with pytest.raises(error, match=message):
        F.sample(Tensor(logits) if isinstance(logits, list) else logits, **kw)
