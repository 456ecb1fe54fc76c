"""Activation functions without PyTorch: closed forms, random ones, Maxout, and what is refused."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.nn import functional as F


def test_softmax_has_no_default_dimension():
    for module in (nn.Softmax, nn.LogSoftmax, nn.Softmin):
        with pytest.raises(TypeError, match=rf"{module.__name__} needs .* such as {module.__name__}\(dim=-1\)"):
            module()
    for function in (F.softmax, F.log_softmax, F.softmin):
        with pytest.raises(TypeError, match="dimension"):
            function(Tensor([1.0, 2.0]))


def test_random_leaky_relu_draws_a_slope_for_every_element_in_training():
    mg.manual_seed(3)
    x = Tensor(np.array([[-1.0, 2.0]] * 20_000), requires_grad=True)
    y = nn.RReLU(0.1, 0.5)(x)
    y.sum().backward()
    slopes = -y.detach().numpy()[:, 0]
    np.testing.assert_array_equal(x.grad.numpy()[:, 0], slopes)
    np.testing.assert_array_equal(y.detach().numpy()[:, 1], 2)
    assert 0.1 <= slopes.min() < 0.101 and 0.499 < slopes.max() < 0.5
    assert abs(slopes.mean() - 0.3) < 4 * 0.4 / np.sqrt(12 * 20_000)  # four standard errors
    single = F.rrelu(Tensor([-1.0]), training=True)
    assert single.dtype == np.float32 and np.isinf(F.rrelu(Tensor([-np.inf, np.inf]), training=True).numpy()).all()


def test_prelu_learns_its_slope():
    layer = nn.PReLU(2)
    assert layer.weight.tolist() == [0.25, 0.25] and list(layer.state_dict()) == ["weight"]
    target = Tensor(np.array([[-0.5, -0.75]], np.float32))
    optimizer = mg.optim.SGD(layer.parameters(), lr=0.5)
    for _ in range(60):
        optimizer.zero_grad()
        nn.MSELoss()(layer(Tensor([[-1.0, -1.0]])), target).backward()
        optimizer.step()
    np.testing.assert_allclose(layer.weight.detach().numpy(), [0.5, 0.75], atol=1e-4)


def test_maxout_is_the_largest_of_its_linear_pieces():
    layer = nn.Maxout(3, 4, pieces=5)
    x = Tensor(np.random.default_rng(0).standard_normal((2, 3), np.float32))
    pieces = layer.linear(x).detach().numpy().reshape(2, 4, 5)
    np.testing.assert_array_equal(layer(x).detach().numpy(), pieces.max(2))
    assert {k: v.shape for k, v in layer.state_dict().items()} == {"linear.weight": (20, 3), "linear.bias": (20,)}
    assert nn.Maxout(3, 4, bias=False).linear.bias is None


@pytest.mark.parametrize("kw", [{}, {"pieces": 3, "stride": 2, "padding": 1}, {"groups": 2, "bias": False}])
@pytest.mark.parametrize("shape", [(2, 4, 6, 5), (4, 6, 5)])
def test_maxout_of_convolutions(kw, shape):
    layer = nn.MaxoutConv2d(4, 6, 3, **kw)
    x = Tensor(np.random.default_rng(0).standard_normal(shape, np.float32))
    scores = layer.conv(x).detach().numpy()
    pieces = layer.pieces
    expected = scores.reshape(*shape[:-3], 6, pieces, *scores.shape[-2:]).max(-3)
    np.testing.assert_array_equal(layer(x).detach().numpy(), expected)
    assert layer.state_dict()["conv.weight"].shape == (6 * pieces, 4 // kw.get("groups", 1), 3, 3)
    layer(x).sum().backward()
    assert layer.conv.weight.grad.shape == layer.conv.weight.shape


def test_maxout_can_be_the_absolute_value():
    layer = nn.Maxout(1, 1, bias=False)
    layer.linear.weight.data = np.array([[1.0], [-1.0]], np.float32)
    assert layer(Tensor([[-3.0], [2.0]])).tolist() == [[3.0], [2.0]]


def test_equal_pieces_give_the_gradient_to_the_first():
    x = Tensor([2.0, 2.0, 1.0, 3.0], requires_grad=True)
    F.maxout(x, 2).sum().backward()
    assert x.grad.tolist() == [1, 0, 0, 1]


def test_temperature_sharpens_and_flattens():
    x = np.array([1.0, 2.0, 4.0])
    entropies = []
    for temperature in (1e-3, 0.1, 1.0, 10.0, 1e6):
        p = nn.SoftmaxWithTemperature(temperature, dim=-1)(Tensor(x)).numpy()
        entropies.append(-np.sum(p * np.log(np.where(p > 0, p, 1))))
    assert entropies == sorted(entropies)
    assert entropies[0] == 0 and abs(entropies[-1] - np.log(3)) < 1e-9


def test_temperature_never_overflows():
    x = Tensor(np.array([1e38, -1e38, 1e38], np.float32))
    assert F.softmax_with_temperature(x, 1e-30, 0).tolist() == [0.5, 0, 0.5]


@pytest.mark.parametrize("temperature", [0, -1.0, np.nan, np.inf])
def test_temperatures_that_are_none(temperature):
    with pytest.raises(ValueError, match="temperature"):
        F.softmax_with_temperature(Tensor([1.0]), temperature, 0)
    with pytest.raises(ValueError, match="temperature"):
        nn.SoftmaxWithTemperature(temperature, dim=0)


@pytest.mark.parametrize("temperature", ["1", None, True])
def test_temperatures_that_are_no_numbers(temperature):
    with pytest.raises(TypeError, match="a temperature is a number"):
        F.softmax_with_temperature(Tensor([1.0]), temperature, 0)
    with pytest.raises(TypeError, match="SoftmaxHead: a temperature is a number"):
        nn.SoftmaxHead(2, 2, temperature)


def test_a_temperature_parameter_is_found_and_trained():
    module = nn.SoftmaxWithTemperature(nn.Parameter([1.0]), dim=-1)
    assert [name for name, _ in module.named_parameters()] == ["temperature"]
    module(Tensor([1.0, 2.0]))[0].backward()
    assert module.temperature.grad.shape == (1,)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: F.gelu(x, "sigmoid"), ValueError, "'none' or 'tanh'"),
        (lambda x: nn.GELU("sigmoid"), ValueError, "'none' or 'tanh'"),
        (lambda x: F.celu(x, 0.0), ValueError, "alpha"),
        (lambda x: F.softplus(x, beta=0), ValueError, "beta"),
        (lambda x: F.softshrink(x, -1.0), ValueError, "lambd"),
        (lambda x: F.hardtanh(x, 1.0, -1.0), ValueError, "min_val"),
        (lambda x: nn.Hardtanh(1.0, 1.0), ValueError, "min_val"),
        (lambda x: F.rrelu(x, 0.5, 0.1), ValueError, "lower"),
        (lambda x: F.prelu(x, Tensor([0.1, 0.2])), ValueError, r"3 channels.*\(2,\).*PReLU\(3\)"),
        (lambda x: F.prelu(x, Tensor([[0.1]])), ValueError, "one slope"),
        (lambda x: F.prelu(Tensor([1]), Tensor([0.1])), TypeError, "floating"),
        (lambda x: nn.PReLU(0), ValueError, "num_parameters"),
        (lambda x: F.glu(x), ValueError, "even"),
        (lambda x: F.glu(x, dim=2), IndexError, "dimension 2"),
        (lambda x: F.maxout(x, 2), ValueError, "2 pieces do not divide the size 3"),
        (lambda x: F.maxout(x, 0), ValueError, "pieces"),
        (lambda x: nn.Maxout(3, 0), ValueError, "Maxout: out_features"),
        (lambda x: nn.MaxoutConv2d(2, 3, 3, groups=2), ValueError, "groups=2 does not divide out_channels=3"),
        (lambda x: nn.MaxoutConv2d(2, 3, 3, pieces=0), ValueError, "MaxoutConv2d: pieces"),
        (lambda x: nn.Softmax2d()(x), ValueError, "Softmax2d"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call(Tensor(np.ones((2, 3), np.float32)))


HALF = np.float64(0.5)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: F.leaky_relu(x, HALF),
        lambda x: F.elu(x, HALF),
        lambda x: F.celu(x, HALF),
        lambda x: F.softplus(x, HALF, HALF),
        lambda x: F.hardtanh(x, -HALF, HALF),
        lambda x: F.hardshrink(x, HALF),
        lambda x: F.softshrink(x, HALF),
        lambda x: F.threshold(x, HALF, HALF),
        lambda x: F.rrelu(x, HALF, HALF),
        lambda x: F.rrelu(x, HALF, HALF, training=True),
        lambda x: F.softmax_with_temperature(x, HALF, 0),
        lambda x: F.gumbel_softmax(x, HALF),
        lambda x: F.dropout(x, HALF),
        lambda x: F.alpha_dropout(x, HALF, training=True),
        lambda x: F.layer_norm(x, 3, eps=HALF),
        lambda x: F.rms_norm(x, 3, eps=HALF),
        lambda x: F.normalize(x, dim=0, eps=HALF),
        lambda x: F.group_norm(x.reshape(1, 3), 1, eps=HALF),
        lambda x: F.batch_norm(x.reshape(3, 1), None, None, training=True, eps=HALF),
        lambda x: F.instance_norm(x.reshape(1, 1, 3), eps=HALF),
        lambda x: F.local_response_norm(x.reshape(1, 3, 1), 3, HALF, HALF, HALF),
    ],
)
def test_numpy_scalars_as_arguments_leave_float32_alone(f):
    x = Tensor([-1.0, 0.5, 2.0], requires_grad=True)
    out = f(x)
    out.sum().backward()
    assert out.dtype == np.float32 and x.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: F.elu(x, "1"), "elu: alpha must be a number, got '1'"),
        (lambda x: F.leaky_relu(x, None), "leaky_relu: negative_slope must be a number, got None"),
        (lambda x: F.leaky_relu(x, Tensor([0.1, 0.2])), "leaky_relu: negative_slope must be a number"),
        (lambda x: F.threshold_(x, 1.0, "0"), "threshold: value must be a number"),
    ],
)
def test_arguments_that_are_no_numbers(call, message):
    with pytest.raises(TypeError, match=message):
        call(Tensor([1.0, -1.0]))


def test_single_numbers_in_tensors_are_numbers():
    x = Tensor([1.0, -1.0])
    np.testing.assert_array_equal(F.elu(x, Tensor(0.5)).numpy(), F.elu(x, 0.5).numpy())


def test_keywords_of_sigmoid_and_tanh():
    assert F.sigmoid(input=Tensor([0.0])).tolist() == [0.5] and F.tanh(input=Tensor([0.0])).tolist() == [0]


def test_what_cannot_be_updated_in_place_names_the_way_out():
    model = nn.Sequential(nn.ReLU(inplace=True))
    with pytest.raises(RuntimeError, match="leaf.*use relu without inplace=True"):
        model(Tensor([1.0], requires_grad=True))
    h = Tensor([-1.0, 1.0], requires_grad=True) * 2
    kept = h.detach()
    with pytest.raises(RuntimeError, match="detached.*use relu without inplace=True"):
        F.relu(h, inplace=True)
    assert h.tolist() == kept.tolist() == [-2, 2]
    del kept
    F.relu(h[:1], inplace=True)
    assert h.tolist() == [0, 2]


# --- gumbel_softmax ---------------------------------------------------------------------------------------------------
def test_gumbel_softmax_draws_with_the_probabilities_of_the_softmax():
    mg.manual_seed(0)
    p = np.array([0.1, 0.6, 0.3], np.float32)
    drawn = F.gumbel_softmax(np.tile(np.log(p), (20_000, 1)), hard=True)
    assert drawn.dtype == np.float32 and set(np.unique(drawn.numpy())) == {0, 1} and (drawn.numpy().sum(-1) == 1).all()
    np.testing.assert_array_less(np.abs(drawn.numpy().mean(0) - p), 4.5 * np.sqrt(p * (1 - p) / 20_000))


@pytest.mark.parametrize("hard", [False, True])
def test_gumbel_softmax_along_any_dimension(hard):
    out = F.gumbel_softmax(Tensor(np.zeros((4, 5, 2))), 0.5, hard, dim=1).numpy()
    np.testing.assert_allclose(out.sum(1), 1, rtol=1e-12)
    assert F.gumbel_softmax(np.zeros((0, 3)), hard=hard).shape == (0, 3)
    assert F.gumbel_softmax(np.array([-np.inf, 0.0]), hard=hard).tolist() == [0, 1]
    assert np.isfinite(F.gumbel_softmax(np.zeros(3, np.float32), 1e-30, hard).numpy()).all()


def test_gumbel_softmax_refuses():
    with pytest.raises(TypeError, match="gumbel_softmax: the input must be floating-point"):
        F.gumbel_softmax(Tensor([1, 2]))
    with pytest.raises(ValueError, match="gumbel_softmax: a temperature is positive"):
        F.gumbel_softmax(Tensor([1.0]), tau=0)
    with pytest.raises(IndexError, match="gumbel_softmax: dimension 1"):
        F.gumbel_softmax(Tensor([1.0]), dim=1)
    with pytest.warns(FutureWarning, match="eps has no effect"):
        F.gumbel_softmax(Tensor([1.0]), eps=1e-5)


def test_a_wrong_dimension_for_a_temperature_is_named():
    with pytest.raises(IndexError, match="softmax_with_temperature: dimension 5"):
        F.softmax_with_temperature(Tensor([1.0]), 1.0, 5)


def test_old_names_of_hardtanhs_bounds():
    with pytest.warns(FutureWarning, match="min_val"):
        assert nn.Hardtanh(min_value=-2.0, max_value=3.0).min_val == -2.0


def test_integers_become_the_default_dtype():
    for f in (F.gelu, F.silu, F.mish, F.softplus, F.leaky_relu, F.elu, F.hardswish, F.softsign, F.tanhshrink):
        assert f(Tensor([-1, 0, 2])).dtype == np.float32


# --- the input times a smooth step ------------------------------------------------------------------------------------
GATED = {
    "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "mish": F.mish
}  # fmt: skip
BLOCK = 65536  # numbers that are computed at a time


@pytest.fixture(params=GATED)
def gated(request):
    """One of them."""
    return GATED[request.param]


def slope(function, x, g=None):
    """Its derivative, times ``g``."""
    x = Tensor(x, requires_grad=True)
    out = function(x)
    out.backward(Tensor(np.ones_like(out.detach().numpy()) if g is None else g))
    return x.grad.numpy()


def test_only_the_input_and_the_value_are_kept(gated):
    x = Tensor(np.linspace(-3, 3, 7), requires_grad=True)
    out = gated(x)
    assert {id(part) for part in out._node.saved} == {id(x._array), id(out._array)}


def test_the_value_may_be_overwritten(gated):
    x = np.linspace(-3, 3, 7)
    found = []
    for change in (lambda out: out * 3.0, lambda out: out.mul_(3.0)):
        leaf = Tensor(x, requires_grad=True)
        out = change(gated(leaf))
        (first,) = mg.autograd.grad(out.sum(), leaf, create_graph=True)
        (second,) = mg.autograd.grad(first.sum(), leaf)
        found.append([out.tolist(), first.tolist(), second.tolist()])
    np.testing.assert_array_equal(*found)
    np.testing.assert_allclose(slope(lambda x: gated(x).mul_(3.0), x), found[0][1], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_slopes_where_the_quotient_of_value_and_input_has_no_digits(gated, dtype):
    tiny = [0.0, -0.0, *np.array([1e-7, -1e-7, 1e-20, -1e-20, 1e-41, -1e-41, 3e-45, 5e-324, -5e-324]).tolist()]
    ends = [np.inf, 1e30, 900.0, 50.0, -50.0, -900.0, -1e30, -np.inf]
    middle = slope(gated, np.array([0.0]))[0]
    assert middle in (0.5, 0.6)
    wants = [middle] * len(tiny) + [1.0] * 4 + [0.0] * 4 + [np.nan]
    with np.errstate(over="ignore"):
        x = np.array([*tiny, *ends, np.nan]).astype(dtype)
    found = slope(gated, x)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, wants, atol=1e-3 if dtype is np.float16 else 3e-7)


def test_slopes_of_any_layout_are_those_of_the_numbers(gated):
    x = np.random.default_rng(0).standard_normal((3, 7, 5000)).astype(np.float32)  # more than one block
    g = np.random.default_rng(1).standard_normal(x.shape, dtype=np.float32)
    assert x.size > BLOCK
    want = slope(gated, x, g)
    for turn in (lambda a: a.transpose(2, 0, 1), lambda a: a[:, ::-2], lambda a: a[..., :1]):
        np.testing.assert_allclose(slope(gated, turn(x), turn(g)), turn(want), rtol=1e-6, atol=1e-6)
    repeated = np.broadcast_to(g[:1], g.shape)
    np.testing.assert_array_equal(slope(gated, x, repeated), slope(gated, x, repeated.copy()))
