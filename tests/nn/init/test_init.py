import math

import numpy as np
import pytest

import minigrad
from minigrad import Parameter, Tensor
from minigrad.nn import init

SHAPES = [(300, 200), (40, 30, 5, 5)]
FANS = {(300, 200): (200, 300), (40, 30, 5, 5): (750, 1000)}
SLOPE = 0.3
LEAKY = math.sqrt(2 / (1 + SLOPE**2))
# name -> (function of a Tensor, its variance from fan_in and fan_out); each is tested uniform and normal
FAMILIES = {
    "xavier": (lambda kind, t: getattr(init, f"xavier_{kind}_")(t), lambda i, o: 2 / (i + o)),
    "xavier with gain": (lambda kind, t: getattr(init, f"xavier_{kind}_")(t, 1.5), lambda i, o: 4.5 / (i + o)),
    "lecun": (lambda kind, t: getattr(init, f"lecun_{kind}_")(t), lambda i, o: 1 / i),
    "kaiming": (lambda kind, t: getattr(init, f"kaiming_{kind}_")(t), lambda i, o: 2 / i),
    "kaiming fan_out": (
        lambda kind, t: getattr(init, f"kaiming_{kind}_")(t, mode="fan_out", nonlinearity="relu"),
        lambda i, o: 2 / o,
    ),
    "kaiming leaky": (lambda kind, t: getattr(init, f"kaiming_{kind}_")(t, SLOPE), lambda i, o: LEAKY**2 / i),
    "kaiming tanh": (
        lambda kind, t: getattr(init, f"kaiming_{kind}_")(t, nonlinearity="tanh"),
        lambda i, o: 25 / 9 / i,
    ),
}


def check_moments(values, variance, kurtosis):
    """Mean and variance of a sample are right within five standard errors; the seeds are fixed."""
    n = values.size
    assert abs(values.mean()) < 5 * math.sqrt(variance / n)
    assert abs(values.var() / variance - 1) < 5 * math.sqrt((kurtosis - 1) / n)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("family", FAMILIES)
def test_uniform_and_normal_have_the_variance_that_the_fans_ask_for(family, shape):
    draw, variance = FAMILIES[family]
    expected = variance(*FANS[shape])
    minigrad.manual_seed(3)
    uniform = draw("uniform", Parameter(np.empty(shape))).detach().numpy()
    check_moments(uniform, expected, 1.8)
    bound = math.sqrt(3 * expected)
    assert 0.999 * bound < np.abs(uniform).max() <= bound
    normal = draw("normal", Parameter(np.empty(shape))).detach().numpy()
    check_moments(normal, expected, 3)
    assert np.mean(np.abs(normal) < math.sqrt(expected)) == pytest.approx(0.6827, abs=0.01)


def test_plain_distributions():
    minigrad.manual_seed(0)
    values = init.uniform_(Tensor(np.empty(100_000)), -1, 3).numpy()
    assert values.min() >= -1 and values.max() < 3
    check_moments(values - 1, 16 / 12, 1.8)
    values = init.normal_(Tensor(np.empty(100_000)), mean=5, std=0.5).numpy()
    check_moments(values - 5, 0.25, 3)
    assert 0 <= init.uniform_(Tensor(np.empty(1000))).numpy().min() < 0.01
    check_moments(init.normal_(Tensor(np.empty(100_000))).numpy(), 1, 3)
    assert (init.normal_(Tensor(np.empty(3)), mean=2, std=0).numpy() == 2).all()


def test_constants():
    assert init.zeros_(Tensor([1.0, 2.0])).tolist() == [0, 0]
    assert init.ones_(Tensor([3, 2])).tolist() == [1, 1]
    assert init.constant_(Tensor([[1.0, 2.0]]), 0.25).tolist() == [[0.25, 0.25]]


@pytest.mark.parametrize("mode", [minigrad.no_grad, minigrad.enable_grad])
def test_written_in_place_whatever_the_mode(mode):
    weight = Parameter(np.zeros((4, 3), np.float32))
    memory = weight.detach().numpy()
    with mode():
        assert init.xavier_normal_(weight) is weight
    assert np.shares_memory(memory, weight.detach().numpy()) and memory.all()
    assert weight.dtype == np.float32 and weight.requires_grad and weight.is_leaf


def test_the_clock_is_stamped():
    weight = Parameter([[1.0]])
    loss = (weight * weight).sum()
    init.zeros_(weight)
    with pytest.raises(RuntimeError, match="overwritten in place"):
        loss.backward()


def test_seeds_and_generators():
    def draw(generator=None, dtype=np.float64):
        return init.kaiming_normal_(Tensor(np.empty((3, 2), dtype)), generator=generator).numpy()

    minigrad.manual_seed(1)
    first, second = draw(), draw()
    minigrad.manual_seed(1)
    np.testing.assert_array_equal(draw(), first)
    assert (first != second).all()
    own = np.random.default_rng(1)
    np.testing.assert_array_equal(draw(own), first)
    np.testing.assert_array_equal(draw(), second)  # the other generator left this one alone
    np.testing.assert_array_equal(draw(np.random.default_rng(1), np.float32), first.astype(np.float32))


@pytest.mark.parametrize("function", [init.uniform_, init.normal_, init.xavier_uniform_, init.lecun_normal_])
def test_generator_reaches_every_function(function):
    draws = [function(Tensor(np.empty((2, 3))), generator=np.random.default_rng(5)).tolist() for _ in range(2)]
    assert draws[0] == draws[1]


def test_nothing_to_fill():
    assert init.xavier_uniform_(Tensor(np.empty((0, 3)))).shape == (0, 3)
    assert init.kaiming_normal_(Tensor(np.empty((3, 0)))).shape == (3, 0)


@pytest.mark.parametrize("name", [n for n in init.__all__ if n.endswith("_") and n not in ("he_normal_", "he_uniform_",
                                  "glorot_normal_", "glorot_uniform_")])  # fmt: skip
def test_a_layer_in_place_of_its_weight(name):
    """The most usual slip. The names left out are second names of others."""
    args = {"constant_": (1.0,), "sparse_": (0.5,)}.get(name, ())
    with pytest.raises(TypeError, match=rf"^{name} writes into a Tensor, got Linear; pass its weight: {name}\(layer"):
        getattr(init, name)(minigrad.nn.Linear(2, 2), *args)


def test_pytorchs_own_name_of_the_fans():
    assert init._calculate_fan_in_and_fan_out(Tensor(np.empty((3, 2)))) == (2, 3)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: init.calculate_gain("gelu"), ValueError, "no gain is known for 'gelu'; .*leaky_relu; exact_gain"),
        (lambda: init.calculate_gain("leaky_relu", "0.1"), ValueError, "must be a number, got '0.1'"),
        (lambda: init.calculate_gain("leaky_relu", True), ValueError, "must be a number, got True"),
        (lambda: init.xavier_uniform_(Parameter([1.0])), ValueError, r"at least two dimensions .* got shape \(1,\)"),
        (lambda: init.kaiming_normal_(Parameter([[1.0]]), mode="fan"), ValueError, "'fan_in' or 'fan_out', got 'fan'"),
        (lambda: init.uniform_(Tensor([1.0]), 2, 1), ValueError, "a <= b, got a=2, b=1"),
        (lambda: init.normal_(Tensor([1.0]), std=-1), ValueError, "std >= 0, got -1"),
        (lambda: init.normal_(Tensor([1])), TypeError, "floating-point Tensor, got int64"),
        (lambda: init.zeros_(np.ones(3)), TypeError, "^zeros_ writes into a Tensor, got ndarray"),
        (lambda: init.ones_(Parameter([1.0]) * 2), RuntimeError, "^ones_ would overwrite a recorded Tensor of shape"),
        (lambda: init.normal_(Tensor([1.0]), generator=3), TypeError, r"got int; make one with np\.random"),
    ],
)  # fmt: skip
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
