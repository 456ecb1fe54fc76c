"""Random Tensors: their types and shapes, reproducibility, distributions within bounds derived from them, messages."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor, manual_seed, no_grad, random
from minigrad.ops import sampling

CALLS = {
    "rand": lambda **o: sampling.rand(3, 4, **o),
    "randn": lambda **o: sampling.randn((3, 4), **o),
    "randint": lambda **o: sampling.randint(0, 10**6, (3, 4), **o),
    "randperm": lambda **o: sampling.randperm(40, **o),
    "rand_like": lambda **o: sampling.rand_like(Tensor([1.0] * 5), **o),
    "randn_like": lambda **o: sampling.randn_like(Tensor([1.0] * 5), **o),
    "randint_like": lambda **o: sampling.randint_like(Tensor([1] * 9), 10**6, **o),
    "normal": lambda **o: sampling.normal(0.0, 1.0, (5,), **o),
    "bernoulli": lambda **o: sampling.bernoulli(Tensor(np.full(200, 0.5)), **o),
    "multinomial": lambda **o: sampling.multinomial(Tensor(np.ones(100)), 50, **o),
}
each = pytest.mark.parametrize("name", CALLS)


@each
def test_one_seed_one_result(name):
    manual_seed(1)
    first, second = CALLS[name]().tolist(), CALLS[name]().tolist()
    assert first != second
    manual_seed(1)
    assert CALLS[name]().tolist() == first
    state = random.get_state()
    again = CALLS[name]().tolist()
    random.set_state(state)
    assert again == CALLS[name]().tolist() == second


@each
def test_own_generator(name):
    before = random.get_state()
    first = CALLS[name](generator=np.random.default_rng(5)).tolist()
    assert CALLS[name](generator=np.random.default_rng(5)).tolist() == first
    assert random.get_state() == before
    with pytest.raises(TypeError, match=r"numpy.random.Generator.*default_rng\(seed\)"):
        CALLS[name](generator=5)


@pytest.mark.parametrize("name", ["rand", "randn", "normal"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_and_requires_grad(name, dtype):
    x = CALLS[name](dtype=dtype, requires_grad=True)
    assert x.dtype == dtype and x.requires_grad and x.is_leaf
    assert CALLS[name]().dtype == np.float32 and not CALLS[name]().requires_grad
    assert sampling.rand_like(x).dtype == sampling.randn_like(x).dtype == dtype


def test_floats_are_drawn_in_their_own_precision():
    """One float32 takes half a random word, so rounding a float64 would give other numbers."""
    expected = np.random.default_rng(0).random(6, np.float32)
    np.testing.assert_array_equal(sampling.rand(6, generator=np.random.default_rng(0)).numpy(), expected)
    expected = np.random.default_rng(0).standard_normal(6, np.float32)
    np.testing.assert_array_equal(sampling.randn(6, generator=np.random.default_rng(0)).numpy(), expected)


def test_half_precision_never_reaches_1():
    x = sampling.rand(100_000, dtype=np.float16, generator=np.random.default_rng(0))
    assert x.numpy().min() == 0 and x.numpy().max() < 1


@pytest.mark.parametrize("size", [(), (0,), (3,), (2, 0), (2, 3)], ids=str)
def test_sizes(size):
    assert sampling.rand(*size).shape == sampling.rand(size).shape == sampling.randn(list(size)).shape == size
    assert sampling.randint(5, size).shape == sampling.randint(2, 5, size).shape == size
    assert sampling.normal(1.0, 2.0, size).shape == size
    assert sampling.rand_like(sampling.rand(size)).shape == size


def close_to(values, mean, std, n, sigmas=5):
    """A mean of n values lies this close to what is expected, but for 1 case in 1.7 million."""
    assert abs(np.mean(values) - mean) < sigmas * std / np.sqrt(n)


@pytest.mark.parametrize("seed", range(3))
def test_moments(seed):
    g, n = np.random.default_rng(seed), 200_000
    u = sampling.rand(n, generator=g).numpy().astype(float)
    close_to(u, 1 / 2, np.sqrt(1 / 12), n)
    close_to(u**2, 1 / 3, np.sqrt(4 / 45), n)
    assert u.min() >= 0 and u.max() < 1
    z = sampling.randn(n, generator=g).numpy().astype(float)
    close_to(z, 0, 1, n)
    close_to(z**2, 1, np.sqrt(2), n)
    x = sampling.normal(3.0, 0.5, (n,), generator=g).numpy().astype(float)
    close_to(x, 3, 0.5, n)
    close_to((x - 3) ** 2, 0.25, 0.25 * np.sqrt(2), n)
    b = sampling.bernoulli(Tensor(np.full(n, 0.2)), generator=g).numpy()
    assert set(np.unique(b)) == {0, 1}
    close_to(b, 0.2, 0.4, n)
    close_to(sampling.bernoulli(Tensor(np.zeros(n)), 0.7, generator=g).numpy(), 0.7, np.sqrt(0.21), n)


@pytest.mark.parametrize("seed", range(3))
def test_integers(seed):
    n = 60_000
    counts = np.bincount(sampling.randint(-2, 4, (n,), generator=np.random.default_rng(seed)).numpy() + 2)
    assert len(counts) == 6
    for count in counts:
        close_to(count / n, 1 / 6, np.sqrt(5) / 6, n)


def test_integer_dtypes():
    assert sampling.randint(5, (2,)).dtype == np.int64
    assert sampling.randint(0, 2, (2,), dtype=np.uint8).dtype == np.uint8
    assert sampling.randint(0, 2, (2,), dtype=np.float32, requires_grad=True).requires_grad
    assert sampling.randint(2**62, 2**63, (3,)).numpy().min() >= 2**62
    assert sampling.randint_like(Tensor([1.0, 2.0]), 3, 4).tolist() == [3.0, 3.0]
    assert sampling.randint(Tensor(3), Tensor(4), (1,)).tolist() == [3]


@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_randperm(n):
    order = sampling.randperm(n)
    assert order.dtype == np.int64 and sorted(order.tolist()) == list(range(n))
    assert sampling.randperm(n, dtype=np.int32).dtype == np.int32


def test_randperm_is_even():
    g, n = np.random.default_rng(0), 6_000
    seen = [tuple(sampling.randperm(3, generator=g).tolist()) for _ in range(n)]
    assert len(set(seen)) == 6
    for order in set(seen):
        close_to(seen.count(order) / n, 1 / 6, np.sqrt(5) / 6, n)


def test_normal_of_arrays():
    mean, std = Tensor(np.array([[0.0], [100.0]])), Tensor(np.array([0.0, 1.0, 2.0]))
    x = sampling.normal(mean, std)
    assert x.shape == (2, 3) and x.dtype == np.float64
    assert x.tolist()[0][0] == 0 and x.tolist()[1][0] == 100
    assert sampling.normal(Tensor([1.0]), 2.0).dtype == np.float32
    assert sampling.normal(np.zeros(3), Tensor([1.0, 2.0, 3.0])).dtype == np.float64
    assert sampling.normal(Tensor([1, 2]), 1.0).dtype == np.float32


# --- multinomial ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(3))
def test_multinomial_with_replacement(seed):
    weights, n = np.array([0.0, 1.0, 3.0, 0.0, 4.0, 0.0]), 80_000
    drawn = sampling.multinomial(Tensor(weights), n, replacement=True, generator=np.random.default_rng(seed))
    assert drawn.shape == (n,) and drawn.dtype == np.int64
    counts = np.bincount(drawn.numpy(), minlength=6)
    for count, p in zip(counts, weights / weights.sum(), strict=True):
        if p == 0:
            assert count == 0
        else:
            close_to(count / n, p, np.sqrt(p * (1 - p)), n)


@pytest.mark.parametrize("seed", range(3))
def test_multinomial_without_replacement(seed):
    """The first draw goes by the weights, the second by those that are left."""
    weights, n = np.array([1.0, 3.0, 4.0]), 40_000
    g = np.random.default_rng(seed)
    drawn = sampling.multinomial(Tensor(np.tile(weights, (n, 1))), 2, generator=g).numpy()
    assert drawn.shape == (n, 2) and (drawn[:, 0] != drawn[:, 1]).all()
    for i, j in [(0, 1), (1, 2), (2, 0), (1, 0)]:
        p = weights[i] / 8 * weights[j] / (8 - weights[i])
        close_to(np.mean((drawn[:, 0] == i) & (drawn[:, 1] == j)), p, np.sqrt(p * (1 - p)), n)


def test_multinomial_of_rows():
    weights = Tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    assert sampling.multinomial(weights, 2, replacement=True).tolist() == [[1, 1], [0, 0]]
    assert sampling.multinomial(weights, 1).tolist() == [[1], [0]]
    assert sampling.multinomial(weights, 0).shape == (2, 0)
    assert sorted(sampling.multinomial(Tensor([1.0, 0.0, 2.0]), 2).tolist()) == [0, 2]
    assert sampling.multinomial(Tensor([0.5], requires_grad=True), 1).tolist() == [0]


def test_multinomial_never_returns_an_index_of_weight_0_through_rounding():
    class Highest(np.random.Generator):
        def random(self, size=None, dtype=np.float64, out=None):
            return np.full(size, np.nextafter(1.0, 0.0))

    weights = Tensor(np.array([0.1] * 10 + [0.0]))
    drawn = sampling.multinomial(weights, 3, replacement=True, generator=Highest(np.random.PCG64(0)))
    assert drawn.tolist() == [9, 9, 9]


@pytest.mark.parametrize(
    ("call", "error", "mention"),
    [
        (lambda: sampling.rand(-1), ValueError, "rand: a size is at least 0"),
        (lambda: sampling.randn(2.5), TypeError, "randn: sizes are integers"),
        (lambda: sampling.rand(2, dtype=int), TypeError, "rand draws floating-point.*int64.*randint"),
        (lambda: sampling.rand_like(Tensor([1])), TypeError, "rand_like.*int64"),
        (lambda: sampling.randint(5, 5, (2,)), ValueError, "high must be above low, got low=5 and high=5"),
        (lambda: sampling.randint(0, (2,)), ValueError, "high must be above low"),
        (lambda: sampling.randint(0.5, 3, (2,)), TypeError, "bounds are integers"),
        (lambda: sampling.randint(3), TypeError, r"sizes as a tuple, such as randint\(3, \(3,\)\)"),
        (lambda: sampling.randint(0, 300, (2,), dtype=np.uint8), ValueError, "uint8 holds 0 to 255"),
        (lambda: sampling.randperm(-1), ValueError, "randperm"),
        (lambda: sampling.rand(2, device="cuda"), ValueError, "no device 'cuda'"),
        (lambda: sampling.normal(0.0, -1.0, (2,)), ValueError, "standard deviation is at least 0"),
        (lambda: sampling.normal(Tensor([1.0, 2.0]), 1.0, (2,)), ValueError, "leave it out"),
        (lambda: sampling.normal(Tensor([1.0, 2.0]), Tensor([1.0] * 3)), ValueError, r"\(2,\).*\(3,\) do not"),
        (lambda: sampling.normal(Tensor(1.0, requires_grad=True), 1.0), TypeError, r"mean \+ std \* minigrad.randn"),
        (lambda: sampling.bernoulli(Tensor([0.5, 1.5])), ValueError, r"\[0, 1\], got 1.5 .*\(2,\).*sigmoid"),
        (lambda: sampling.bernoulli(Tensor([np.nan])), ValueError, "got nan"),
        (lambda: sampling.bernoulli(Tensor([0.5]), -0.1), ValueError, "got -0.1"),
        (lambda: sampling.bernoulli(Tensor([1])), TypeError, "floating-point, not int64"),
        (lambda: sampling.multinomial(Tensor([1.0, -1.0]), 1), ValueError, "at least 0.*softmax"),
        (lambda: sampling.multinomial(Tensor([1.0, np.inf]), 1), ValueError, "finite"),
        (lambda: sampling.multinomial(Tensor([0.0, 1.0]), 2), ValueError, "row 0 has 1 positive.*2 draws without"),
        (lambda: sampling.multinomial(Tensor([0.0, 0.0]), 1, True), ValueError, "row 0 has 0 positive.*with repl"),
        (lambda: sampling.multinomial(Tensor([1.0]), -1), ValueError, "multinomial: a size is at least 0"),
        (lambda: sampling.multinomial(Tensor(1.0), 1), ValueError, r"\(n,\) or \(rows, n\), got \(\)"),
    ],
)  # fmt: skip
def test_messages(call, error, mention):
    with pytest.raises(error, match=mention):
        call()


# --- in place ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_drawing_in_place(dtype):
    x = Tensor(np.zeros((200, 50)), dtype=dtype)
    memory = x.numpy()
    assert x.normal_(3.0, 2.0) is x
    assert x.numpy() is memory or np.shares_memory(x.numpy(), memory)
    assert x.dtype == dtype
    assert x.numpy().astype(float).mean() == pytest.approx(3, abs=5 * 2 / 100)
    assert x.numpy().astype(float).std() == pytest.approx(2, abs=0.1)
    x.uniform_(-1, 3)
    assert x.dtype == dtype
    assert -1 <= x.min().item() and x.max().item() <= 3
    assert x.numpy().astype(float).mean() == pytest.approx(1, abs=0.06)
    x.bernoulli_(0.25)
    assert set(np.unique(x.numpy())) == {0, 1}
    assert x.numpy().astype(float).mean() == pytest.approx(0.25, abs=0.025)


def test_one_seed_one_result_in_place():
    manual_seed(3)
    first = Tensor(np.zeros(5)).normal_().tolist()
    manual_seed(3)
    assert Tensor(np.zeros(5)).normal_().tolist() == first


def test_a_parameter_is_drawn_anew_outside_the_graph_only():
    w = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf that requires grad"):
        w.normal_()
    w.data.normal_(5.0, 0.0)
    assert w.tolist() == [5.0, 5.0]
    with no_grad():
        w.uniform_(1.0, 1.0)
    assert w.tolist() == [1.0, 1.0]
    h = w * 2
    before = (h * h).sum()
    h.normal_(0.0, 0.0)
    (before + h.sum()).backward()
    assert w.grad.tolist() == [8.0, 8.0]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: Tensor([1.0]).uniform_(2.0, 1.0), ValueError, "low <= high"),
        (lambda: Tensor([1.0]).normal_(0.0, -1.0), ValueError, "at least 0"),
        (lambda: Tensor([1]).normal_(), TypeError, "floating-point"),
        (lambda: Tensor([1.0]).bernoulli_(2.0), ValueError, "probab"),
    ],
)
def test_bad_input_in_place(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
