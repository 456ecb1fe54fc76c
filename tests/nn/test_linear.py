import re

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn


def test_shapes_and_dtype():
    layer = nn.Linear(3, 2)
    assert layer.weight.shape == (2, 3) and layer.bias.shape == (2,)
    assert layer.weight.dtype == layer.bias.dtype == np.float32
    for shape in [(3,), (4, 3), (5, 4, 3)]:
        out = layer(Tensor(np.ones(shape, np.float32)))
        assert out.shape == (*shape[:-1], 2) and out.dtype == np.float32
    double = nn.Linear(3, 2, bias=False, dtype=np.float64)
    assert double.weight.dtype == np.float64 and double.bias is None and [*double.state_dict()] == ["weight"]


def test_default_dtype():
    minigrad.set_default_dtype(np.float64)
    try:
        assert nn.Linear(1, 1).weight.dtype == np.float64
    finally:
        minigrad.set_default_dtype(np.float32)


def test_initial_values_are_uniform_within_one_over_the_root_of_the_inputs():
    minigrad.manual_seed(0)
    layer = nn.Linear(400, 300, dtype=np.float64)
    bound = 1 / 20
    for values in (layer.weight.detach().numpy(), layer.bias.detach().numpy()):
        assert np.abs(values).max() <= bound
        error = bound / np.sqrt(3 * values.size)
        assert abs(values.mean()) < 5 * error
        assert values.var() == pytest.approx(bound**2 / 3, rel=5 * np.sqrt(0.8 / values.size))  # excess kurtosis -1.2


def test_seed_fixes_the_values_in_every_dtype():
    values = []
    for dtype in (np.float32, np.float32, np.float64):
        minigrad.manual_seed(7)
        values.append(nn.Linear(5, 4, dtype=dtype).weight.detach().numpy())
    assert (values[0] == values[1]).all()
    np.testing.assert_array_equal(values[2].astype(np.float32), values[0])


@pytest.mark.parametrize("sizes", [(0, 3), (3, -1)])
def test_sizes_below_one(sizes):
    with pytest.raises(ValueError, match="must be at least 1"):
        nn.Linear(*sizes)


def test_sizes_that_are_no_integers():
    with pytest.raises(TypeError, match="integer"):
        nn.Linear(2.0, 3)


@pytest.mark.parametrize(
    ("sizes", "shape", "message"),
    [
        ((3, 4), (1, 2), "in_features=3, got shape (1, 2); nn.Linear(2, 4) would take it"),
        ((64, 10), (2, 16, 2, 2), "got shape (2, 16, 2, 2); x.flatten(1) makes it (2, 64)"),
        ((6, 10), (2, 5, 3, 2), "x.flatten(2) makes it (2, 5, 6)"),
        ((6, 10), (3, 2), "nn.Linear(2, 10) would take it"),  # the batch is not to be flattened
        ((3, 4), (), "in_features=3, got shape ()"),
    ],
)
@pytest.mark.parametrize("given", [Tensor, np.asarray, np.ndarray.tolist])
def test_wrong_input_names_the_shapes_and_the_cure(sizes, shape, message, given):
    with pytest.raises(ValueError, match=re.escape(message)):
        nn.Linear(*sizes)(given(np.zeros(shape, np.float32)))


def test_what_other_layers_return_and_layers_themselves_are_refused():
    model = nn.Sequential(nn.LSTM(4, 5), nn.Linear(5, 2))
    with pytest.raises(TypeError, match=r"got a tuple of 2; recurrent .* output, _ = layer\(input\)") as caught:
        model(Tensor(np.zeros((3, 2, 4), np.float32)))
    assert "which is 1 of Sequential" in caught.value.__notes__[0]
    with pytest.raises(TypeError, match="got a Tanh; make the layer first"):
        nn.Linear(3, 4)(nn.Tanh())


def test_what_is_wrong_besides_the_shape_is_told_as_it_was():
    with pytest.raises(TypeError, match="a Tensor holds real numbers or booleans"):
        nn.Linear(3, 4)(np.array([["a", "b", "c"]]))
    layer = nn.Linear(3, 4)
    layer.bias = nn.Parameter(Tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"linear\(input: float32 \(1, 3\), weight: .* bias: float32 \(2,\)\)"):
        layer(Tensor([[1.0, 2.0, 3.0]]))


def test_identity():
    x = Tensor([1.0])
    assert nn.Identity(54, unused=True)(x) is x
