"""Normalisation without PyTorch: closed forms, modes, memory layout, and what is refused."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from minigrad import Tensor, autograd, nn
from minigrad.nn import functional as F

RNG = np.random.default_rng


def test_outputs_have_mean_0_and_variance_1_over_the_right_dimensions():
    x = 5 + 3 * RNG(0).standard_normal((6, 4, 5, 7))
    for layer, axis in [
        (nn.BatchNorm2d(4, eps=1e-12), (0, 2, 3)),
        (nn.InstanceNorm2d(4, eps=1e-12), (2, 3)),
        (nn.LayerNorm(7, eps=1e-12), (3,)),
        (nn.LayerNorm((5, 7), eps=1e-12), (2, 3)),
        (nn.GroupNorm(1, 4, eps=1e-12), (1, 2, 3)),
    ]:
        y = layer.double()(Tensor(x)).detach().numpy()
        np.testing.assert_allclose(y.mean(axis), 0, atol=1e-12)
        np.testing.assert_allclose(y.var(axis), 1, rtol=1e-9)
    y = nn.RMSNorm(7, dtype=np.float64)(Tensor(x)).detach().numpy()
    np.testing.assert_allclose((y**2).mean(-1), 1, rtol=1e-9)


def test_running_statistics_in_closed_form():
    layer = nn.BatchNorm1d(1, momentum=0.25, dtype=np.float64)
    layer(Tensor([[1.0], [3.0]], dtype=np.float64))
    assert layer.running_mean.tolist() == [0.75 * 0 + 0.25 * 2]
    assert layer.running_var.tolist() == [0.75 * 1 + 0.25 * 2]  # unbiased: (1 + 1) / (2 - 1)
    assert layer.num_batches_tracked.item() == 1
    before = copy.deepcopy(layer.state_dict())
    layer.eval()(Tensor([[5.0], [7.0]], dtype=np.float64))
    assert all((before[k].numpy() == v.numpy()).all() for k, v in layer.state_dict().items())
    layer.reset_running_stats()
    assert (layer.running_mean.tolist(), layer.running_var.tolist(), layer.num_batches_tracked.item()) == ([0], [1], 0)


def test_no_momentum_is_the_mean_over_batches():
    layer = nn.BatchNorm1d(1, momentum=None, dtype=np.float64)
    batches = RNG(0).standard_normal((7, 5, 1))
    for batch in batches:
        layer(Tensor(batch))
    np.testing.assert_allclose(layer.running_mean.numpy(), batches.mean(), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var.numpy(), batches.var(1, ddof=1).mean(), rtol=1e-12)


def test_the_running_mean_converges_to_that_of_the_data():
    layer, rng = nn.BatchNorm1d(2), RNG(0)
    for _ in range(200):
        layer(Tensor((rng.standard_normal((64, 2)) * [1, 3] + [4, -2]).astype(np.float32)))
    np.testing.assert_allclose(layer.running_mean.numpy(), [4, -2], atol=0.4)
    np.testing.assert_allclose(layer.running_var.numpy(), [1, 9], rtol=0.2)


def test_the_mean_of_a_long_batch_keeps_its_digits():
    """From 1,025 rows on they are added up in blocks; a row by itself is left over here."""
    x = (100 + RNG(0).standard_normal((1025, 64))).astype(np.float32)
    layer = nn.BatchNorm1d(64, momentum=1.0)
    layer(Tensor(x))
    one_by_one = np.add.accumulate(x)[-1] / np.float32(1025)
    ours, naive = (np.std(mean - x.mean(0, dtype=np.float64)) for mean in (layer.running_mean.numpy(), one_by_one))
    assert ours < naive / 4


def test_statistics_cost_no_second_pass_and_are_not_part_of_the_graph():
    layer = nn.BatchNorm1d(3)
    x = Tensor(RNG(0).standard_normal((4, 3)), dtype=np.float32, requires_grad=True)
    out = layer(x)
    assert not layer.running_mean.requires_grad
    layer(x)  # writes into the running statistics, which no rule has named
    out.sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.layer_norm(x, (4,)),
        lambda x: F.rms_norm(x, (4,)),
        lambda x: F.batch_norm(x, None, None, training=True),
        lambda x: F.group_norm(x, 2),
        lambda x: F.instance_norm(x.reshape(1, 3, 4)),
        lambda x: F.normalize(x),
    ],
)
@pytest.mark.parametrize("value", [0.0, 3.0, 1e4])
def test_equal_numbers_have_finite_gradients(function, value):
    x = Tensor(np.full((3, 4), value, np.float32), requires_grad=True)
    out = function(x)
    (out * Tensor(RNG(0).standard_normal(out.shape), dtype=np.float32)).sum().backward()
    assert np.isfinite(out.detach().numpy()).all() and np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 1, 3, 0), (0, 2, 3, 1)])
def test_the_memory_layout_is_kept(order):
    """Convolutions hand over (H, C, W, N) under the shape (N, C, H, W)."""
    home = np.argsort(order)
    values = RNG(0).standard_normal((40, 8, 30, 24)).astype(np.float32)
    x = np.ascontiguousarray(values.transpose(order)).transpose(home)
    for layer in (nn.BatchNorm2d(8), nn.InstanceNorm2d(8, affine=True), nn.GroupNorm(2, 8), nn.BatchNorm2d(8).eval()):
        tensor = Tensor(x)
        assert tensor.numpy().strides == x.strides
        out = layer(tensor).detach().numpy()
        assert out.strides == x.strides
        np.testing.assert_allclose(out, layer(Tensor(values)).detach().numpy(), rtol=1e-3, atol=1e-4)


def _rows_first(x):
    """(N, C, ..., W) in the memory order (..., C, W, N) of a convolution."""
    order = (*range(2, x.ndim - 1), 1, x.ndim - 1, 0)
    return np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))


LAYOUTS = {
    "rows, channels, columns, samples": _rows_first,
    "channels innermost": lambda x: np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1),
    "with gaps": lambda x: np.repeat(_rows_first(x), 2, axis=-1)[..., ::2],
    "backwards": lambda x: _rows_first(x[..., ::-1])[..., ::-1],
}
NORMS = {
    "batch": lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
    "instance": lambda x, w, b: F.instance_norm(x, None, None, w, b),
    "group": lambda x, w, b: F.group_norm(x, 2, w, b),
    "evaluation": lambda x, w, b: F.batch_norm(x, Tensor(np.zeros(8)), Tensor(np.ones(8)), w, b),
}


@pytest.mark.parametrize("shape", [(16, 8, 9, 8), (4, 8, 3, 97), (33, 8, 64), (1, 8, 40, 40), (5, 8, 3, 9, 11)])
@pytest.mark.parametrize("norm", NORMS)
def test_values_and_gradients_do_not_depend_on_the_layout(norm, shape):
    """From 8,192 elements on, what is summed and broadcast follows the order of memory."""
    rng = RNG(0)
    x, g, weight, bias = (rng.standard_normal(s) for s in (shape, shape, 8, 8))

    def results(x, g):
        parts = [Tensor(v, requires_grad=True) for v in (x, weight, bias)]
        out = NORMS[norm](*parts)
        return [t.numpy() for t in (out.detach(), *autograd.grad(out, parts, Tensor(g)))]

    expected = results(x, g)
    for layout in LAYOUTS.values():
        for found, value in zip(results(layout(x), layout(g)), expected, strict=True):
            np.testing.assert_allclose(found, value, rtol=1e-9, atol=1e-11)
    for found, value in zip(results(_rows_first(x), g), expected, strict=True):  # a gradient in another order
        np.testing.assert_allclose(found, value, rtol=1e-9, atol=1e-11)


def test_nan_stays_in_its_group():
    x = _rows_first(RNG(0).standard_normal((16, 4, 16, 16)).astype(np.float32))
    x[3, 1, 5, 6] = np.nan
    touched = {"instance": (3, slice(1, 2)), "group": (3, slice(2)), "batch": (slice(None), slice(1, 2))}
    for norm, where in touched.items():
        expected = np.zeros(x.shape, bool)
        expected[where] = True
        layer = Tensor(np.ones(4, np.float32))
        np.testing.assert_array_equal(np.isnan(NORMS[norm](Tensor(x), layer, layer).numpy()), expected)


def test_numpys_buffer_is_left_as_it_was():
    layer, x = nn.BatchNorm2d(2), np.ones((2, 2, 32, 32), np.float32)
    before = np.setbufsize(4096)  # a size that nothing else sets: what an earlier test left behind would hide the fault
    try:
        layer(Tensor(x))
        assert np.getbufsize() == 4096
        with np.errstate(invalid="raise"):  # leaving it restores the buffer as well, so the size is read within
            with pytest.raises(FloatingPointError):
                layer(Tensor(x * np.inf))
            assert np.getbufsize() == 4096
    finally:
        np.setbufsize(before)


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(3), nn.LayerNorm(3), nn.RMSNorm(3), nn.GroupNorm(3, 3)])
def test_lists_and_arrays(layer):
    values = [[1.0, 2.0, 3.0], [3.0, 0.0, 1.0]]
    expected = layer(Tensor(values)).detach().numpy()
    np.testing.assert_array_equal(layer(values).detach().numpy(), expected)
    np.testing.assert_array_equal(layer(np.array(values, np.float32)).detach().numpy(), expected)


def test_numpys_integers_are_sizes():
    x = np.ones((2, 3), np.float32)
    for size in (np.int64(3), [np.int64(3)], (np.int32(3),)):
        assert nn.LayerNorm(size).normalized_shape == (3,)
        assert F.layer_norm(x, size).shape == F.rms_norm(x, size).shape == (2, 3)


def test_weights_given_as_arrays():
    x, ones = [[1.0, 2.0], [3.0, 5.0]], np.ones(2, np.float32)
    for out in (F.batch_norm(x, ones * 0, ones, ones, ones), F.layer_norm(x, 2, ones, ones), F.rms_norm(x, 2, ones)):
        assert out.shape == (2, 2) and out.dtype == np.float32


def test_what_is_done_to_the_output_does_not_reach_the_gradient():
    for function in (lambda x: F.layer_norm(x, (3,)), lambda x: F.instance_norm(x.reshape(1, 2, 3))):
        found = []
        for inplace in (False, True):
            x = Tensor(RNG(0).standard_normal((2, 3)), requires_grad=True)
            out = function(x)
            out = out.mul_(2.0) if inplace else out * 2.0
            (out * out * out).sum().backward()
            found.append(x.grad.numpy())
        np.testing.assert_array_equal(*found)


def test_layer_norm_keeps_its_input_and_two_numbers_of_every_row():
    x = Tensor(RNG(0).standard_normal((4, 5, 60)), requires_grad=True)
    kept = F.layer_norm(x + 0, (60,))._node.saved
    assert sorted(part.shape for part in kept if isinstance(part, np.ndarray)) == [(4, 5, 60), (20, 1), (20, 1)]


def test_batch_norm_keeps_its_input_and_two_numbers_of_every_channel():
    x = Tensor(RNG(0).standard_normal((4, 3, 5, 5)), requires_grad=True)
    (whole,) = F.batch_norm(x + 0, None, None, training=True)._node.parents
    kept = [part for part in whole.saved if isinstance(part, np.ndarray)]
    assert sorted(part.shape for part in kept) == [(1, 3, 1, 1), (1, 3, 1, 1), (4, 3, 5, 5)]


ONE = Tensor(np.ones((1, 3), np.float32))
BAD = [
    (lambda: nn.BatchNorm1d(3)(ONE), ValueError, r"more than one value per channel, got input shape \(1, 3\); use a"),
    (lambda: nn.BatchNorm1d(3, track_running_stats=False).eval()(ONE), ValueError, "eval.. of a layer with track"),
    (lambda: nn.BatchNorm2d(3)(np.ones((1, 3, 1, 1))), ValueError, r"one value per channel.*\(1, 3, 1, 1\)"),
    (lambda: nn.BatchNorm1d(3)(np.ones((0, 3))), ValueError, r"more than one value"),
    (lambda: nn.BatchNorm1d(4)(np.ones((2, 3))), ValueError, r"BatchNorm1d\(4\) takes 4 channels.*has 3"),
    (lambda: nn.BatchNorm2d(3)(np.ones((3, 4, 4))), ValueError, r"\(N, C, H, W\).*got \(3, 4, 4\)"),
    (lambda: nn.BatchNorm1d(3)(np.ones((2, 3), int)), TypeError, "floating-point, got int64"),
    (lambda: nn.BatchNorm1d(0), ValueError, "BatchNorm1d: num_features must be at least 1"),
    (lambda: nn.BatchNorm1d(2.0), TypeError, "num_features must be an integer"),
    (lambda: F.batch_norm(np.ones((2, 3)), None, None), ValueError, "running_mean and running_var are needed"),
    (lambda: F.batch_norm(np.ones((2, 3)), None, None, np.ones(2), training=True), ValueError, r"weight has shape"),
    (lambda: F.batch_norm(np.ones(3), None, None, training=True), ValueError, r"\(N, C, ...\), got shape \(3,\)"),
    (lambda: F.batch_norm(np.eye(3), np.ones(3), np.ones(3), training=True), TypeError, "pass Tensors, not ndarray"),
    (lambda: F.batch_norm(np.eye(3), None, None, training=True, eps=0.0), ValueError, "eps must be positive"),
    (lambda: nn.InstanceNorm1d(3)(np.ones((2, 3, 1))), ValueError, r"more than one position .* \(2, 3, 1\)"),
    (lambda: nn.InstanceNorm2d(3)(np.ones((2, 4, 2, 2))), ValueError, r"takes 3 channels"),
    (lambda: nn.InstanceNorm2d(3)(np.ones((2, 3))), ValueError, r"\(N, C, H, W\) or \(C, H, W\), got \(2, 3\)"),
    (lambda: nn.LayerNorm(3)(np.ones((2, 4))), ValueError, r"must end in the dimensions \(3,\).*got shape \(2, 4\)"),
    (lambda: nn.LayerNorm((2, 3))(np.ones(3)), ValueError, r"must end in the dimensions \(2, 3\)"),
    (lambda: nn.LayerNorm(0), ValueError, "normalized_shape must be at least 1, got 0"),
    (lambda: nn.LayerNorm([]), ValueError, "normalized_shape"),
    (lambda: F.layer_norm(np.ones((2, 3)), (3,), np.ones(2)), ValueError, r"weight must have the normalized_shape"),
    (lambda: F.layer_norm(np.ones((2, 3)), ()), ValueError, "at least one size"),
    (lambda: nn.RMSNorm(3)(np.ones((2, 4))), ValueError, "rms_norm: the input must end in"),
    (lambda: nn.GroupNorm(2, 3), ValueError, "num_groups must divide num_channels, got 2 and 3"),
    (lambda: nn.GroupNorm(2, 4)(np.ones((2, 6))), ValueError, "group_norm: weight has shape .4,., and the input 6"),
    (lambda: F.group_norm(np.ones((2, 3)), 2), ValueError, "3 channels .* do not split into 2 groups"),
    (lambda: F.group_norm(np.ones((1, 3)), 3), ValueError, "more than one value per group"),
    (lambda: F.layer_norm(np.ones((2, 3)), 3.0), TypeError, "layer_norm: normalized_shape must be an integer, got 3.0"),
    (lambda: F.layer_norm(np.ones((2, 3)), None), TypeError, "layer_norm: normalized_shape must be an integer"),
    (lambda: F.rms_norm(np.ones((2, 3)), -3), ValueError, "rms_norm: normalized_shape must be at least 1, got -3"),
    (lambda: F.layer_norm(np.ones((2, 3)), 3, eps="0"), TypeError, "layer_norm: eps must be a number, got '0'"),
    (lambda: F.group_norm(np.ones((2, 4)), 2.0), TypeError, "group_norm: num_groups must be an integer, got 2.0"),
    (lambda: F.local_response_norm(np.ones((2, 3, 1)), 2.0), TypeError, "size must be an integer, got 2.0"),
    (lambda: nn.BatchNorm1d(3, momentum="a")(np.eye(3)), TypeError, "batch_norm: momentum must be a number, got 'a'"),
    (lambda: nn.BatchNorm2d(3)(np.ones((2, 3))), ValueError, r"\(N, C, H, W\), got \(2, 3\); BatchNorm1d, 2d and 3d"),
    (lambda: F.normalize(np.ones(3)), IndexError, "normalize: dimension 1 does not exist"),
    (lambda: F.normalize(np.ones((3, 1)), out=np.ones(3)), TypeError, "autograd's back"),
    (lambda: nn.LocalResponseNorm(0), ValueError, "size must be at least 1"),
    (lambda: F.local_response_norm(np.ones((2, 3)), 2), ValueError, "at least 3-D"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), BAD)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_errors_name_the_place_in_the_model():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(3))
    with pytest.raises(ValueError, match="takes 3 channels") as caught:
        model(np.ones((2, 3), np.float32))
    assert "which is 1 of Sequential" in caught.value.__notes__[0]
