"""Activation functions against PyTorch: values, first and second derivatives, arguments, layouts, kinks, extremes."""

import inspect
import itertools
from functools import partial

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.autograd import grad
from minigrad.nn import functional as F
from tests.module_parity import compare_modules, same_modules
from tests.parity import DTYPES, LAYOUTS, compare, random, torch

TF = torch.nn.functional
# name of the function -> choices of keyword arguments, the same for both libraries
ELEMENTWISE = {
    **{name: [{}] for name in (
        "sigmoid", "tanh", "relu", "relu6", "selu", "silu", "mish", "softsign", "tanhshrink", "logsigmoid",
        "hardsigmoid", "hardswish")},
    "leaky_relu": [{}, {"negative_slope": 0.3}, {"negative_slope": 0.0}, {"negative_slope": 1.5},
                   {"negative_slope": -0.5}],
    "elu": [{}, {"alpha": 0.5}, {"alpha": 2.0}],
    "celu": [{}, {"alpha": 0.5}, {"alpha": 2.0}],
    "gelu": [{}, {"approximate": "none"}, {"approximate": "tanh"}],
    "softplus": [{}, {"beta": 2.0}, {"beta": 0.5, "threshold": 0.6}, {"beta": 3, "threshold": 1}],
    "softshrink": [{}, {"lambd": 1.1}, {"lambd": 0.0}],
    "hardshrink": [{}, {"lambd": 1.1}, {"lambd": 0.0}],
    "threshold": [{"threshold": 0.1, "value": 7.0}, {"threshold": -1, "value": 2}],
    "hardtanh": [{}, {"min_val": -0.25, "max_val": 1.25}],
    "rrelu": [{}, {"lower": 0.2, "upper": 0.4}],
}  # fmt: skip
CASES = [pytest.param(name, kw, id=f"{name}-{kw}") for name, choices in ELEMENTWISE.items() for kw in choices]
each_case = pytest.mark.parametrize(("name", "kw"), CASES)


class Reference:
    """PyTorch's functions, but for one whose derivative is only exact to single precision there."""

    hardsigmoid = staticmethod(lambda x, inplace=False: TF.relu6(x + 3) / 6)

    def __getattr__(self, name):
        return getattr(TF, name)


REFERENCE = Reference()
KINKS = np.array([-6, -3, -1.1, -1, -0.5, -0.25, 0.0, 0.1, 0.25, 0.5, 1, 1.1, 1.25, 3, 6])
EXTREME = np.array([-np.inf, -1e38, -1e4, -300, -90, -20, 20, 90, 300, 1e4, 1e38, np.inf])
LIMITS = {  # at -inf, for the functions that PyTorch gives NaN there: the limit
    "silu": 0, "mish": 0, "gelu": 0, "hardswish": 0, "softsign": -1, "leaky_relu": 0,
}  # fmt: skip


@each_case
@DTYPES
@pytest.mark.parametrize("layout", LAYOUTS)
def test_values_and_derivatives(name, kw, dtype, layout):
    x = LAYOUTS[layout](partial(random, dtype=dtype, low=-6, high=6))
    compare(partial(getattr(F, name), **kw), partial(getattr(REFERENCE, name), **kw), x)


@each_case
def test_kinks(name, kw):
    kinks = KINKS[KINKS != 0.6]
    order = 1 if name == "softplus" else 2
    compare(partial(getattr(F, name), **kw), partial(getattr(REFERENCE, name), **kw), kinks, order=order)


@each_case
def test_half_precision(name, kw):
    x = (3 * random((4, 5))).astype(np.float16)
    compare(partial(getattr(F, name), **kw), partial(getattr(REFERENCE, name), **kw), x, order=1)


def derivatives(f, x):
    """Value, first and second derivative by minigrad, elementwise."""
    t = Tensor(x, requires_grad=True)
    y = f(t)
    (g,) = grad(y, t, np.ones_like(x), create_graph=True)
    h = grad(g, t, np.ones_like(x), allow_unused=True)[0] if g.requires_grad else None
    return y.detach().numpy(), g.detach().numpy(), np.zeros_like(x) if h is None else h.numpy()


@each_case
@DTYPES
def test_extremes_are_finite_or_limits_without_a_warning(name, kw, dtype):
    x = EXTREME.astype(dtype)
    y, g, h = derivatives(partial(getattr(F, name), **kw), x)
    assert not np.isnan(y).any() and np.isfinite(g).all() and np.isfinite(h).all(), (y, g, h)
    theirs = torch.tensor(x, requires_grad=True)
    expected = getattr(TF, name)(theirs, **kw)
    expected.sum().backward()
    expected, slope = expected.detach().numpy().copy(), theirs.grad.numpy()
    if np.isnan(expected[0]):
        expected[0] = LIMITS[name]
    if name in ("gelu", "softsign"):
        expected[-1] = 1 if name == "softsign" else np.inf
    if name == "hardswish":
        expected[-2] = x[-2]  # PyTorch multiplies before it divides, and overflows
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-7)
    known = np.isfinite(slope)
    np.testing.assert_allclose(g[known], slope[known], rtol=1e-5, atol=1e-6)


@each_case
def test_nan_passes_through(name, kw):
    x = np.array([1.0, np.nan, -1.0], np.float32)
    out = getattr(F, name)(Tensor(x), **kw)
    np.testing.assert_array_equal(np.isnan(out.numpy()), np.isnan(x))


@each_case
def test_layout_in_memory_is_kept_and_plain_arrays_give_plain_arrays(name, kw):
    x = random((2, 3, 4, 5)).transpose(0, 3, 1, 2)
    f = partial(getattr(F, name), **kw)
    out = f(x)
    assert type(out) is np.ndarray and out.strides == x.strides
    np.testing.assert_array_equal(out, f(x.copy()))
    np.testing.assert_array_equal(f(Tensor(x)).numpy(), out)
    np.testing.assert_array_equal(f(x.tolist()).shape, x.shape)


@pytest.mark.parametrize("name", ["gelu", "silu", "mish"])
def test_many_blocks_with_extremes_in_one(name):
    x = random((70_001,), low=-5, high=5)
    x[[0, 40_000]] = -np.inf, 1e300
    got, expected = getattr(F, name)(x), getattr(TF, name)(torch.tensor(x)).numpy()
    expected[0] = 0
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


def test_gelu_keeps_relative_precision_in_the_tail():
    x = np.array([-5.0, -10.0, -20.0, -37.0])
    expected = x * 0.5 * torch.special.erfc(-torch.tensor(x) * 2**-0.5).numpy()
    np.testing.assert_allclose(F.gelu(x), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["gelu", "silu", "mish"])
def test_third_derivatives(name):
    x, theirs = Tensor(random((9,)), requires_grad=True), torch.tensor(random((9,)), requires_grad=True)
    mine, reference = getattr(F, name)(x).sum(), getattr(TF, name)(theirs).sum()
    for order in (1, 2, 3):
        (mine,) = grad(mine, x, create_graph=True)
        (reference,) = torch.autograd.grad(reference, theirs, create_graph=True)
        np.testing.assert_allclose(mine.detach().numpy(), reference.detach().numpy(), rtol=1e-9, err_msg=str(order))
        mine, reference = mine.sum(), reference.sum()


# --- in place ---------------------------------------------------------------------------------------------------------
IN_PLACE = ["relu", "relu6", "leaky_relu", "elu", "selu", "celu", "silu", "mish", "hardtanh", "hardsigmoid",
            "hardswish", "rrelu"]  # fmt: skip


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_inside_and_outside_a_graph(name):
    values = random((3, 4))
    t = Tensor(values)
    memory = t.numpy()
    assert getattr(F, name)(t, inplace=True) is t
    assert t.numpy() is memory
    np.testing.assert_allclose(memory, getattr(TF, name)(torch.tensor(values)).numpy(), rtol=1e-12, atol=1e-15)

    def moved(library, f, leaf):
        h = leaf * 2
        out = f(h, inplace=True)
        assert out is h
        (h * h).sum().backward()
        return leaf.grad

    mine = moved(mg, getattr(F, name), Tensor(values, requires_grad=True))
    reference = moved(torch, getattr(TF, name), torch.tensor(values, requires_grad=True))
    tolerance = 1e-7 if name == "hardsigmoid" else 1e-12
    np.testing.assert_allclose(mine.numpy(), reference.numpy(), rtol=tolerance, atol=1e-15)
    with pytest.raises(RuntimeError, match="leaf"):
        getattr(F, name)(Tensor(values, requires_grad=True), inplace=True)
    with pytest.raises(TypeError, match=f"{name}.*ndarray"):
        getattr(F, name)(values, inplace=True)


@pytest.mark.parametrize(
    ("name", "args"),
    [("relu_", ()), ("leaky_relu_", (0.2,)), ("elu_", (2.0,)), ("selu_", ()), ("celu_", (2.0,)), ("rrelu_", ()),
     ("hardtanh_", (-0.5, 0.5)), ("threshold_", (0.1, 3.0))],
)  # fmt: skip
def test_functions_with_an_underscore(name, args):
    values = random((3, 4))
    t, theirs = Tensor(values), torch.tensor(values)
    assert getattr(F, name)(t, *args) is t
    getattr(TF, name)(theirs, *args)
    np.testing.assert_allclose(t.numpy(), theirs.numpy(), rtol=1e-12)


# --- signatures and Modules -------------------------------------------------------------------------------------------
FUNCTIONS = [*ELEMENTWISE, "prelu", "glu", "softmax", "log_softmax", "softmin", "gumbel_softmax", "relu_", "elu_",
             "selu_", "celu_", "leaky_relu_", "hardtanh_", "threshold_", "rrelu_"]  # fmt: skip


def parameters(f):
    """Names and defaults, without the NumPy names that are accepted besides."""
    found = {k: p.default for k, p in inspect.signature(f).parameters.items() if k not in ("axis", "args", "kwargs")}
    return {k: round(v, 12) if isinstance(v, float) else v for k, v in found.items()}


NEEDED = inspect.Parameter.empty
BUILT_IN = {  # as PyTorch's documentation has them
    "gelu": {"input": NEEDED, "approximate": "none"},
    "hardshrink": {"input": NEEDED, "lambd": 0.5},
    "logsigmoid": {"input": NEEDED},
    "prelu": {"input": NEEDED, "weight": NEEDED},
    "softplus": {"input": NEEDED, "beta": 1.0, "threshold": 20.0},
    "softshrink": {"input": NEEDED, "lambd": 0.5},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_pytorchs_signature(name):
    try:
        expected = parameters(getattr(TF, name))
    except ValueError:  # it cannot be inspected; with an underscore it has the other one's, but for ``inplace``
        expected = BUILT_IN[name] if name in BUILT_IN else parameters(getattr(TF, name[:-1]))
        expected.pop("inplace", None)
    assert parameters(getattr(F, name)) == expected


def test_modules_are_kin_where_pytorchs_are():
    """``isinstance`` chooses layers, as in initialisation: a Mish is no SiLU."""
    for one, other in itertools.permutations([*MODULES, "RReLU"], 2):
        expected = issubclass(getattr(torch.nn, one), getattr(torch.nn, other))
        assert issubclass(getattr(nn, one), getattr(nn, other)) == expected, (one, other)


MODULES = {
    **{name: [{}] for name in (
        "Sigmoid", "Tanh", "ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Softsign", "Tanhshrink", "LogSigmoid",
        "Hardsigmoid", "Hardswish", "Softmax2d")},
    "LeakyReLU": [{}, {"negative_slope": 0.2}],
    "ELU": [{}, {"alpha": 0.5}],
    "CELU": [{}, {"alpha": 0.5}],
    "GELU": [{}, {"approximate": "tanh"}],
    "Softplus": [{}, {"beta": 2.0, "threshold": 5.0}],
    "Softshrink": [{}, {"lambd": 0.1}],
    "Hardshrink": [{}, {"lambd": 0.1}],
    "Threshold": [{"threshold": 0.1, "value": 7.0}],
    "Hardtanh": [{}, {"min_val": -0.3, "max_val": 0.4}],
    "PReLU": [{}, {"num_parameters": 3}, {"num_parameters": 3, "init": 0.1}],
    "GLU": [{"dim": 2}, {"dim": -2}],
    "Softmax": [{"dim": 1}, {"dim": -1}],
    "LogSoftmax": [{"dim": 1}, {"dim": -1}],
    "Softmin": [{"dim": 1}, {"dim": -1}],
}  # fmt: skip
IN_PLACE_MODULES = ["ReLU", "ReLU6", "LeakyReLU", "ELU", "CELU", "SELU", "SiLU", "Mish", "Hardtanh", "Hardsigmoid",
                    "Hardswish", "RReLU"]  # fmt: skip


@pytest.mark.parametrize(("name", "kw"), [(name, kw) for name, choices in MODULES.items() for kw in choices])
def test_modules(name, kw):
    for x in (random((2, 3, 4, 6)), 3 * random((6, 3, 2, 4)).transpose(3, 1, 2, 0)[::2]):
        compare_modules(name, inputs=[x], **kw)
    assert repr(getattr(nn, name)(**kw)) == repr(getattr(torch.nn, name)(**kw))


@pytest.mark.parametrize("name", [*MODULES, "RReLU"])
def test_modules_have_pytorchs_signature(name):
    mine, theirs = parameters(getattr(nn, name)), parameters(getattr(torch.nn, name))
    if name in ("Softmax", "LogSoftmax", "Softmin"):  # no default here, on purpose: PyTorch guesses, and warns
        assert mine.keys() == theirs.keys()
    else:
        assert mine == theirs


@pytest.mark.parametrize("name", IN_PLACE_MODULES)
def test_modules_in_place(name):
    ours, theirs = getattr(nn, name)(inplace=True).eval(), getattr(torch.nn, name)(inplace=True).eval()
    assert repr(ours) == repr(theirs) and ours.inplace
    x = random((3, 4))
    mine, reference = Tensor(x), torch.tensor(x)
    assert ours(mine) is mine
    theirs(reference)
    np.testing.assert_allclose(mine.numpy(), reference.numpy(), rtol=1e-12, atol=1e-15)


def test_rrelu_in_evaluation():
    same_modules(nn.RReLU(0.1, 0.3), torch.nn.RReLU(0.1, 0.3), inputs=[(3, 4)], modes=[False])


# --- PReLU, GLU, softmax ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shape", "slopes"), [((), 1), ((4,), 1), ((2, 3), 1), ((2, 3), 3), ((2, 3, 4), 3), ((2, 3, 4, 5), 3), ((0, 3), 3)]
)
@DTYPES
def test_prelu(shape, slopes, dtype):
    x, weight = random(shape, dtype), random((slopes,), dtype, seed=1)
    compare(F.prelu, TF.prelu, x, weight)
    if slopes == 1:
        compare(F.prelu, TF.prelu, x, weight.reshape(()))
    np.testing.assert_array_equal(Tensor(x).prelu(Tensor(weight)).numpy(), F.prelu(x, weight))


def test_prelu_at_zero():
    """To first order: PyTorch's mixed second derivative there, 0, does not fit its first, which is the slope."""
    compare(F.prelu, TF.prelu, np.array([[-1.0, 0.0, 1.0]]), np.array([0.25, 0.5, 0.75]), order=1)


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -3])
@DTYPES
def test_glu(dim, dtype):
    compare(partial(F.glu, dim=dim), partial(TF.glu, dim=dim), random((4, 6, 2), dtype))


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_softmax_family(name, dim):
    f, theirs = getattr(F, name), getattr(TF, name)
    compare(partial(f, dim=dim), partial(theirs, dim=dim), random((3, 4)))
    single = random((3, 4), "float32")
    assert f(Tensor(single), dim, dtype=np.float64).dtype == np.float64
    compare(partial(f, dim=dim, dtype=np.float64), partial(theirs, dim=dim, dtype=torch.float64), single)
    np.testing.assert_array_equal(f(single, axis=dim), f(single, dim))


EXTREME_ROWS = np.array([[3e38, -3e38], [-np.inf, 0], [-1e4, 1e4], [np.inf, 0], [-np.inf, -np.inf], [np.inf, np.inf],
                         [np.nan, 0]], np.float32)  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(mg.softmax, torch.softmax), (F.softmax, torch.softmax), (Tensor.softmax, torch.softmax), (F.softmin, TF.softmin),
     (mg.log_softmax, torch.log_softmax), (F.log_softmax, torch.log_softmax), (mg.logsumexp, torch.logsumexp)],
)  # fmt: skip
@pytest.mark.parametrize("row", EXTREME_ROWS)
def test_softmax_family_at_extremes_is_pytorchs_without_a_warning(ours, theirs, row):
    x, reference = Tensor(row, requires_grad=True), torch.tensor(row, requires_grad=True)
    mine, expected = ours(x, dim=0), theirs(reference, dim=0)
    np.testing.assert_allclose(mine.detach().numpy(), expected.detach().numpy(), rtol=1e-6)
    slope = grad(mine.sum(), x, create_graph=True)[0]
    expected.sum().backward()
    flat = ours is mg.logsumexp and (row == -np.inf).all()  # 0 here, so that masked rows can be ignored; there NaN
    expected = np.zeros(2, np.float32) if flat else reference.grad.numpy()
    np.testing.assert_allclose(slope.detach().numpy(), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize(("shape", "dim"), [((0, 3), 0), ((0, 3), 1), ((3, 0), 1), ((0,), 0)])
def test_softmax_family_of_nothing(name, shape, dim):
    compare(partial(getattr(F, name), dim=dim), partial(getattr(TF, name), dim=dim), np.zeros(shape))
    assert F.softmax_with_temperature(Tensor(np.zeros(shape)), 2.0, dim).shape == shape


def test_gumbel_softmax_is_the_softmax_of_noisy_scores():
    """With the noise known, value and gradients are those of its definition, and the hard one has the soft gradient."""
    scores, tau, weight = random((4, 5)), 0.7, random((4, 5), seed=1)
    noise = np.random.default_rng(3).gumbel(size=(4, 5))
    leaf = torch.tensor(scores, requires_grad=True)
    expected = torch.softmax((leaf + torch.tensor(noise)) / tau, -1)
    (expected * torch.tensor(weight)).sum().backward()
    for hard in (False, True):
        mg.manual_seed(3)
        x = Tensor(scores, requires_grad=True)
        y = F.gumbel_softmax(x, tau, hard)
        (y * weight).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), leaf.grad.numpy(), rtol=1e-12, atol=1e-15)
        value = expected.detach().numpy()
        value = np.eye(5)[value.argmax(-1)] if hard else value
        np.testing.assert_allclose(y.detach().numpy(), value, rtol=1e-12, atol=0)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 7.0])
def test_softmax_with_temperature(temperature):
    f = partial(F.softmax_with_temperature, temperature=temperature, dim=1)
    compare(f, lambda x: torch.softmax(x / temperature, 1), random((3, 4)))


def test_temperature_can_be_learned():
    compare(
        lambda x, t: F.softmax_with_temperature(x, t, 1), lambda x, t: torch.softmax(x / t, 1), random((3, 4)),
        np.array(0.7),
    )  # fmt: skip


@pytest.mark.parametrize(("dim", "pieces"), [(0, 2), (1, 3), (2, 1), (-1, 4)])
@DTYPES
def test_maxout(dim, pieces, dtype):
    x = random((4, 6, 8), dtype)
    axis = dim % 3

    def theirs(t):
        return t.unflatten(axis, (t.shape[axis] // pieces, pieces)).max(axis + 1).values

    compare(partial(F.maxout, pieces=pieces, dim=dim), theirs, x)
