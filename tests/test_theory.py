"""Predictions against reference numbers (mean-field theory, closed forms) and against simulations in plain NumPy."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

import minigrad
from minigrad import theory

WIDTH = 500
XAVIER, KAIMING = WIDTH**-0.5, (2 / WIDTH) ** 0.5

# Ten layers of 500 units on standard normal inputs. Every number is checked to the digits that are written here.
CASES = {
    "tanh, std 0.01": dict(
        activation=minigrad.tanh,
        weight_std=0.01,
        std=".213546 .047642 .010652 .002382 .000533 .000119 2.66e-5 5.95e-6 1.33e-6 2.98e-7",
        mean="0 0 0 0 0 0 0 0 0 0",
        chi=".0457 .0498 .0500 .0500 .0500 .0500 .0500 .0500 .0500 .0500",
        gradient="1.39e-6 6.25e-6 2.80e-5 1.25e-4 5.59e-4 2.50e-3 1.118e-2 .0500 .2236 1",
        saturated="0 0 0 0 0 0 0 0 0 0",
    ),
    "tanh, std 1": dict(
        activation=minigrad.tanh,
        weight_std=1.0,
        std=".982012 .981680 .981673 .981673 .981673 .981673 .981673 .981673 .981673 .981673",
        mean="0 0 0 0 0 0 0 0 0 0",
        chi="11.9 12.11 12.11 12.11 12.11 12.11 12.11 12.11 12.11 12.11",
        gradient="7.5e4 2.15e4 6.18e3 1.78e3 511 147 42.2 12.1 3.48 1",
        saturated=".925 .9241 .9241 .9241 .9241 .9241 .9241 .9241 .9241 .9241",
    ),
    "tanh, std 1/√n": dict(
        activation=minigrad.tanh,
        weight_std=XAVIER,
        std=".627929 .486262 .408236 .357638 .321622 .294390 .272911 .255430 .240856 .228473",
        mean="0 0 0 0 0 0 0 0 0 0",
        chi=".464 .637 .727 .782 .819 .845 .865 .880 .893 .903",
        gradient=".392 .491 .576 .652 .720 .784 .842 .898 .950 1",
        saturated=".0364 .0009 .0000 .0000 .0000 .0000 .0000 .0000 .0000 .0000",
    ),
    "ReLU, std 1/√n": dict(
        activation=minigrad.relu,
        weight_std=XAVIER,
        std=".58382 .41282 .29191 .20641 .14595 .10321 .07298 .05160 .03649 .02580",
        mean=".3989 .2821 .1995 .1410 .0997 .0705 .0499 .0353 .0249 .0176",
        chi=".5 .5 .5 .5 .5 .5 .5 .5 .5 .5",
        gradient=".0442 .0625 .0884 .1250 .1768 .2500 .3536 .5000 .7071 1",
        saturated=".5 .5 .5 .5 .5 .5 .5 .5 .5 .5",
    ),
    "ReLU, std √(2/n)": dict(
        activation=minigrad.relu,
        weight_std=KAIMING,
        std=" ".join([".825645"] * 10),
        mean=" ".join([".56419"] * 10),
        chi=" ".join(["1.000000"] * 10),
        gradient=" ".join(["1.000000"] * 10),
        saturated=" ".join([".5000000"] * 10),
    ),
}


def assert_digits(values: np.ndarray, written: str) -> None:
    """Every value must round to the number that was written down, at the precision that it was written with."""
    for layer, (value, text) in enumerate(zip(values, written.split(), strict=True), start=1):
        mantissa, _, exponent = text.partition("e")
        unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
        if text == "1":
            unit = 1e-12
        assert abs(value - float(text)) <= 0.51 * unit, f"layer {layer}: {value}, expected {text}"


@functools.cache
def predicted(case: str) -> theory.Propagation:
    return theory.propagate(CASES[case]["activation"], 10, WIDTH, weight_std=CASES[case]["weight_std"])


@pytest.mark.parametrize("quantity", ["std", "mean", "chi", "gradient", "saturated"])
@pytest.mark.parametrize("case", CASES)
def test_the_five_classic_cases_to_every_digit(case: str, quantity: str) -> None:
    assert_digits(getattr(predicted(case), quantity), CASES[case][quantity])


def test_relu_has_a_closed_form() -> None:
    prediction = theory.propagate(minigrad.relu, 10, WIDTH, weight_std=XAVIER)
    np.testing.assert_allclose(prediction.q, 0.5 ** np.arange(10), rtol=1e-7)
    np.testing.assert_allclose(prediction.std**2, (1 - 1 / math.pi) * 0.5 ** np.arange(1, 11), rtol=1e-6)
    c, expected = 0.0, []
    for _ in range(10):  # the correlation map of Cho and Saul, 2009
        c = (math.sqrt(1 - c * c) + (math.pi - math.acos(c)) * c) / math.pi
        expected.append(c)
    np.testing.assert_allclose(prediction.correlation, expected, atol=1e-6)


def test_the_identity_changes_nothing_and_keeps_the_scale() -> None:
    prediction = theory.propagate(lambda x: x, 4, WIDTH, weight_std=2 * XAVIER, input_second_moment=9.0)
    np.testing.assert_allclose(prediction.std, 3 * 2.0 ** np.arange(1, 5))
    np.testing.assert_allclose(prediction.chi, 4)
    assert not prediction.saturated.any() and not prediction.correlation.round(12).any()


def test_sigmoid() -> None:
    prediction = theory.propagate(minigrad.sigmoid, 10, WIDTH, weight_std=XAVIER)
    np.testing.assert_allclose(prediction.mean, 0.5)
    assert_digits(prediction.std[[0, -1]], ".208 .121")
    assert_digits(prediction.chi[[0, -1]], ".0448 .0557")
    assert f"{math.sqrt(prediction.chi.prod()):.1e}" == "4.8e-07"


@pytest.mark.parametrize(
    ("variance", "slope", "std", "gradient"),
    [
        (1 / 3, ".472 .543 .566 .574 .576", ".460 .250 .141 .081 .047", ".102 .187 .330 .576 1"),
        (1.0, ".681 .798 .852 .884 .905", ".628 .486 .408 .358 .322", ".544 .682 .800 .905 1"),
    ],
    ids=["U(±1/√n)", "U(±√6/√(n+n))"],
)
def test_the_uniform_initialisations_of_glorot_and_bengio(variance: float, slope: str, std: str, gradient: str) -> None:
    prediction = theory.propagate(minigrad.tanh, 5, 1000, weight_std=(variance / 1000) ** 0.5)
    assert_digits(np.sqrt(prediction.chi), slope)
    assert_digits(prediction.std, std)
    assert_digits(prediction.gradient, gradient)


def test_the_usual_tanh_gain_of_five_thirds() -> None:
    prediction = theory.propagate(minigrad.tanh, 60, WIDTH, weight_std=5 / 3 * XAVIER)
    assert_digits(prediction.std[:6], ".759 .693 .669 .659 .654 .653")
    assert_digits(prediction.saturated[:6], ".209 .098 .070 .060 .057 .055")
    end = [prediction.q[-1], prediction.std[-1], prediction.saturated[-1], prediction.chi[-1]]
    assert_digits(np.array(end), "1.1785 .6513 .0539 1.21")


def test_critical_tanh_fades_as_the_root_of_the_depth() -> None:
    prediction = theory.propagate(minigrad.tanh, 300, WIDTH, weight_std=XAVIER)
    np.testing.assert_allclose(prediction.q[-1] * 2 * 300, 1, rtol=0.02)
    assert abs(prediction.std[9] - math.sqrt(1 / 20)) < 0.005
    ordered, chaotic = (theory.propagate(minigrad.tanh, 50, WIDTH, weight_std=g * XAVIER).chi[-1] for g in (0.9, 1.2))
    assert ordered < 1 < chaotic


def test_gain() -> None:
    assert_digits(np.array([theory.gain(minigrad.tanh)]), "1.5925")
    assert theory.gain(minigrad.relu) == pytest.approx(math.sqrt(2), rel=1e-7)
    leaky = theory.gain(lambda x: minigrad.maximum(x, 0.01 * x))
    assert leaky == pytest.approx(math.sqrt(2 / (1 + 0.01**2)), rel=1e-7)
    gain = theory.gain(minigrad.tanh, q=0.7)
    kept = theory.propagate(minigrad.tanh, 9, WIDTH, weight_std=gain * XAVIER, input_second_moment=0.7 / gain**2)
    np.testing.assert_allclose(kept.q, 0.7)


# --- any activation ---------------------------------------------------------------------------------------------------
def plain(function, q: float, reach: float = 9.0, step: float = 1e-4) -> float:
    """E[function(√q z)] by the plainest sum."""
    z = np.arange(-reach, reach, step) + step / 3
    return float((function(math.sqrt(q) * z) * np.exp(-z * z / 2)).sum() * step / math.sqrt(2 * math.pi))


def test_any_function_of_numpy_or_minigrad_will_do() -> None:
    def bent(x):
        return np.where(x > 0, x, 0.5 * np.exp(x) - 0.5)

    def slope(x):
        return np.where(x > 0, 1.0, 0.5 * np.exp(x))

    prediction = theory.propagate(bent, 2, 100, weight_std=0.12, bias_std=0.3, input_second_moment=2.0)
    q = 100 * 0.12**2 * 2.0 + 0.3**2
    for layer in range(2):
        mean, second = plain(bent, q), plain(lambda x: bent(x) ** 2, q)
        assert prediction.q[layer] == pytest.approx(q)
        assert prediction.mean[layer] == pytest.approx(mean, rel=1e-6)
        assert prediction.std[layer] == pytest.approx(math.sqrt(second - mean**2), rel=1e-6)
        assert prediction.chi[layer] == pytest.approx(1.44 * plain(lambda x: slope(x) ** 2, q), rel=1e-4)
        q = 1.44 * second + 0.3**2


def test_saturation_means_a_slope_far_below_the_steepest() -> None:
    def saturated(activation, **settings) -> float:
        return theory.propagate(activation, 1, WIDTH, weight_std=3 * XAVIER, **settings).saturated[0]

    def outside(bound: float) -> float:  # P(|3 z| > bound)
        return math.erfc(bound / 3 / math.sqrt(2))

    assert saturated(minigrad.tanh) == pytest.approx(outside(math.atanh(0.97)), abs=1e-5)
    assert saturated(minigrad.tanh, saturated_below=1 - 0.99**2) == pytest.approx(outside(math.atanh(0.99)), abs=1e-5)
    # sigmoid(x) = (1 + tanh(x / 2)) / 2, so |2 sigmoid - 1| > 0.97
    assert saturated(minigrad.sigmoid) == pytest.approx(outside(2 * math.atanh(0.97)), abs=1e-5)
    assert saturated(lambda x: minigrad.clamp(x, -1, 1)) == pytest.approx(outside(1.0), abs=1e-9)
    assert saturated(lambda x: x) == 0


def test_zero_weights_give_zeros_and_no_warning() -> None:
    prediction = theory.propagate(minigrad.tanh, 3, 10, weight_std=0.0)
    for name in ("q", "mean", "std", "std_error", "saturated", "correlation", "chi", "weight_gradient"):
        assert not getattr(prediction, name).any(), name
    np.testing.assert_array_equal(prediction.gradient, [0, 0, 1])
    biased = theory.propagate(minigrad.tanh, 3, 10, weight_std=0.0, bias_std=1.0)
    np.testing.assert_allclose(biased.correlation, 1)  # every sample gets the same: the biases


def test_a_prediction_does_not_depend_on_the_mode_of_the_caller() -> None:
    with minigrad.no_grad():
        inside = theory.gain(minigrad.tanh)
    assert inside == theory.gain(minigrad.tanh)


# --- finite width -----------------------------------------------------------------------------------------------------
ACTIVATIONS = {
    "tanh": (minigrad.tanh, np.tanh),
    "relu": (minigrad.relu, lambda x: np.maximum(x, 0)),
    "sigmoid": (minigrad.sigmoid, lambda x: 0.5 + 0.5 * np.tanh(x / 2)),
    "swish": (lambda x: x * minigrad.sigmoid(x), lambda x: x * (0.5 + 0.5 * np.tanh(x / 2))),
    "linear": (lambda x: x, lambda x: x),
}


def measured_stds(function, depth, width, samples, weight_std, bias_std, seeds) -> np.ndarray:
    """The std of every layer, (seeds, depth), without minigrad."""
    rows = []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        h, row = random.standard_normal((samples, width), dtype=np.float32), []
        for _ in range(depth):
            weight = random.standard_normal((width, width), dtype=np.float32) * np.float32(weight_std)
            bias = random.standard_normal(width, dtype=np.float32) * np.float32(bias_std)
            h = function(h @ weight + bias)
            row.append(h.std(dtype=np.float64))
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize(
    ("name", "width", "samples", "scale", "bias_std"),
    [
        ("tanh", 100, 200, 1.0, 0.0),  # samples stay uncorrelated: the chance correlations of pairs count
        ("tanh", 100, 200, 1.5, 0.3),  # biases make samples alike
        ("tanh", 100, 100, 8.0, 0.0),  # nearly all units saturated
        ("relu", 100, 100, 2**0.5, 0.0),  # samples become alike by themselves
        ("relu", 200, 1, 2**0.5, 0.0),  # a single sample
        ("sigmoid", 100, 100, 1.0, 0.0),
        ("swish", 200, 100, 1.8, 0.0),
        ("linear", 100, 200, 1.0, 0.0),
    ],
)
def test_the_scatter_of_one_run_agrees_with_simulation(
    name: str, width: int, samples: int, scale: float, bias_std: float
) -> None:
    """200 seeds know their own standard deviation to 5 %; theory leaves out terms of relative size depth / width."""
    activation, function = ACTIVATIONS[name]
    weight_std, depth, seeds = scale / math.sqrt(width), 6, 200
    prediction = theory.propagate(activation, depth, width, weight_std=weight_std, bias_std=bias_std, samples=samples)
    stds = measured_stds(function, depth, width, samples, weight_std, bias_std, seeds)
    scatter = stds.std(axis=0, ddof=1) / prediction.std
    np.testing.assert_allclose(scatter, prediction.std_error, rtol=3 / math.sqrt(2 * seeds) + depth / width)
    offset = stds.mean(axis=0) / prediction.std - 1
    assert (np.abs(offset) < 3 * prediction.std_error / math.sqrt(seeds) + 2.5 / width).all()


@pytest.mark.parametrize(
    ("activation", "weight_std", "known"),
    [  # one-run standard deviations of the std over 200 seeds at 1000 samples: {layer: (sd, std)}
        (minigrad.tanh, 0.01, {1: (0.00036, 0.213477), 2: (0.00013, 0.047626), 10: (3e-9, 2.978e-7)}),
        (minigrad.tanh, 1.0, {1: (0.00010, 0.981986), 10: (0.00012, 0.98166)}),
        (minigrad.tanh, XAVIER, {1: (0.00057, 0.6276), 2: (0.00075, 0.486), 5: (0.0011, 0.3213), 10: (0.0016, 0.228)}),
        (
            minigrad.relu,
            XAVIER,
            {1: (0.0013, 0.58382), 2: (0.0077, 0.41282), 5: (0.0087, 0.14596), 10: (0.0030, 0.0258)},
        ),
        (minigrad.relu, KAIMING, {1: (0.0018, 0.8256), 3: (0.028, 0.8256), 6: (0.062, 0.8256), 10: (0.096, 0.816)}),
    ],
)
def test_the_scatter_of_the_classic_cases(activation, weight_std: float, known: dict) -> None:
    prediction = theory.propagate(activation, 10, WIDTH, weight_std=weight_std, samples=1000)
    for layer, (scatter, std) in known.items():
        assert prediction.std_error[layer - 1] == pytest.approx(scatter / std, rel=0.2), f"layer {layer}"


def test_one_relu_layer_adds_five_over_n_to_the_squared_length_of_a_sample() -> None:
    one = theory.propagate(minigrad.relu, 40, 10**6, weight_std=(2 / 10**6) ** 0.5, samples=1)
    # std² = E[h²] - E[h]²; the mean square of h, of relative variance 5 l / n, soon outweighs the rest
    growth = np.diff((2 * one.std_error) ** 2)[-1] * 10**6
    assert growth == pytest.approx(5, rel=1e-3)


# --- weight gradients -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("error_correlation", [0.0, 0.5])
@pytest.mark.parametrize(
    ("activation", "function", "slope", "scale"),
    [
        (minigrad.tanh, np.tanh, lambda h: 1 - h * h, 1.3),
        (minigrad.relu, lambda x: np.maximum(x, 0), lambda h: h > 0, 2**0.5),
    ],
    ids=["tanh", "relu"],
)
def test_weight_gradients_agree_with_simulation(activation, function, slope, scale, error_correlation: float) -> None:
    width, samples, depth, seeds = 300, 60, 6, 50
    sizes = np.empty((seeds, depth))
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        weights = random.standard_normal((depth, width, width), np.float32) * np.float32(scale / math.sqrt(width))
        hs = [random.standard_normal((samples, width), np.float32)]
        for weight in weights:
            hs.append(function(hs[-1] @ weight))
        own, common = random.standard_normal((samples, width)), random.standard_normal(width)
        g = (1 - error_correlation) ** 0.5 * own + error_correlation**0.5 * common
        for layer in reversed(range(depth)):
            delta = g * slope(hs[layer + 1])
            sizes[seed, layer] = (hs[layer].T @ delta).std()
            g = delta @ weights[layer].T
    measured = np.sqrt((sizes**2).mean(axis=0))
    prediction = theory.propagate(
        activation,
        depth,
        width,
        weight_std=scale / math.sqrt(width),
        samples=samples,
        error_correlation=error_correlation,
    )
    np.testing.assert_allclose(measured / measured[-1], prediction.weight_gradient, rtol=0.05)


# --- bad input --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"depth": 0}, "depth must be an integer of at least 1, got 0"),
        ({"width": 2.5}, "width must be an integer of at least 1, got 2.5"),
        ({"samples": True}, "samples must be an integer of at least 1, got True"),
        ({"weight_std": -1.0}, "weight_std must be a finite number of at least 0, got -1.0"),
        ({"weight_std": math.nan}, "weight_std must be a finite number of at least 0, got nan"),
        ({"bias_std": math.inf}, "bias_std must be a finite number of at least 0, got inf"),
        ({"input_second_moment": -1}, "input_second_moment must be a finite number of at least 0"),
        ({"error_correlation": 2}, "error_correlation must lie between 0 and 1, got 2"),
        ({"saturated_below": -0.1}, "saturated_below must lie between 0 and 1, got -0.1"),
        ({"activation": lambda x: x.sum()}, r"must be elementwise, but it turned shape \(8192,\) into \(\)"),
        ({"activation": lambda x: x * x, "depth": 30, "weight_std": 1.0}, "no longer finite in layer 6"),
        ({"activation": np.log}, "no longer finite in layer 1"),
    ],
)
def test_settings_without_a_meaning(settings: dict, message: str) -> None:
    activation = settings.pop("activation", minigrad.tanh)
    with pytest.raises(ValueError, match=message):
        theory.propagate(activation, **{"weight_std": 0.1, **settings})


@pytest.mark.parametrize("activation", [lambda x: x.detach() * 2, lambda x: x.detach().numpy(), lambda x: x > 0])
def test_an_activation_that_loses_the_gradient(activation) -> None:
    with pytest.raises(TypeError, match="must return a Tensor computed from its argument.*minigrad.sigmoid"):
        theory.propagate(activation, weight_std=0.1)


def test_gain_without_a_meaning() -> None:
    with pytest.raises(ValueError, match="q must be a finite number above 0, got 0"):
        theory.gain(minigrad.tanh, 0)
    with pytest.raises(ValueError, match="the activation is 0 everywhere"):
        theory.gain(lambda x: x * 0)


@pytest.mark.parametrize("weight_std", [1.0, 20.0, 100.0, 500.0])
def test_stiff_integrals_are_resolved(weight_std: float) -> None:
    """For large q, E[tanh'(√q z)²] tends to (4/3) / √(2πq)."""
    found = theory.propagate(minigrad.tanh, depth=3, width=500, weight_std=weight_std)
    limit = 500 * weight_std**2 * (4 / 3) / np.sqrt(2 * np.pi * found.q)
    np.testing.assert_allclose(found.chi[1:], limit[1:], rtol=4e-3 / weight_std + 1e-6)


def test_pre_activations_too_large_to_integrate_are_refused() -> None:
    with pytest.raises(ValueError, match="too large to integrate; use smaller weights"):
        theory.propagate(minigrad.tanh, depth=2, width=500, weight_std=1e6)
