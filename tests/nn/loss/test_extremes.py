"""Losses where floats end: huge scores, certainty, kinks, single elements, half precision. No warnings, no NaN."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

from minigrad import Tensor, autograd
from minigrad.nn import functional as F

HUGE = np.array([-1e4, -100.0, -20.0, 0.0, 20.0, 100.0, 1e4])
YES, NO = np.ones(7), np.zeros(7)
SIGNS = np.ones(7)
PRECISIONS = pytest.mark.parametrize("dtype", [np.float32, np.float64])

# Losses of scores, of any size: each a function of a vector, with what it should be at HUGE and its slope there.
LOSSES = {
    "yes": (
        lambda z: F.binary_cross_entropy_with_logits(z, YES, reduction="none"),
        np.log1p(np.exp(-np.abs(HUGE))) + np.maximum(-HUGE, 0),
    ),
    "no": (
        lambda z: F.binary_cross_entropy_with_logits(z, NO, reduction="none"),
        np.log1p(np.exp(-np.abs(HUGE))) + np.maximum(HUGE, 0),
    ),
    "weighted": (
        lambda z: F.binary_cross_entropy_with_logits(z, YES, pos_weight=3.0, reduction="none"),
        3 * (np.log1p(np.exp(-np.abs(HUGE))) + np.maximum(-HUGE, 0)),
    ),
    "soft margin": (
        lambda z: F.soft_margin_loss(z, -SIGNS, reduction="none"),
        np.log1p(np.exp(-np.abs(HUGE))) + np.maximum(HUGE, 0),
    ),
    "several": (
        lambda z: F.multilabel_bce_loss(z.unsqueeze(1), YES[:, None], "none"),
        np.log1p(np.exp(-np.abs(HUGE))) + np.maximum(-HUGE, 0),
    ),
    "soft several": (
        lambda z: F.multilabel_soft_margin_loss(z.unsqueeze(1), NO[:, None], reduction="none"),
        np.log1p(np.exp(-np.abs(HUGE))) + np.maximum(HUGE, 0),
    ),
    "log cosh": (lambda z: F.log_cosh_loss(z, NO, "none"), np.where(HUGE == 0, 0, np.abs(HUGE) - math.log(2))),
    "huber": (lambda z: F.huber_loss(z, NO, "none"), np.where(HUGE == 0, 0, np.abs(HUGE) - 0.5)),
    "hinge": (lambda z: F.binary_hinge_loss(z, SIGNS, "none"), np.maximum(1 - HUGE, 0)),
    "squared hinge": (lambda z: F.squared_hinge_loss(z, SIGNS, "none"), np.maximum(1 - HUGE, 0) ** 2),
    "focal 0": (
        lambda z: F.sigmoid_focal_loss(z, YES, -1, 0.0),
        np.log1p(np.exp(-np.abs(HUGE))) + np.maximum(-HUGE, 0),
    ),
    "focal ½": (lambda z: F.sigmoid_focal_loss(z, YES, -1, 0.5), None),
    "focal 2": (lambda z: F.sigmoid_focal_loss(z, NO, 0.25, 2.0), None),
    "focal of classes": (
        lambda z: F.focal_loss(z.unsqueeze(1) * np.array([1.0, 0.0], np.float32), np.zeros(7, int), None, 0.5, "none"),
        None,
    ),
    "classes": (
        lambda z: F.cross_entropy(
            z.unsqueeze(1) * np.array([1.0, 0.0], np.float32), np.zeros(7, int), reduction="none"
        ),
        np.log1p(np.exp(-np.abs(HUGE))) + np.maximum(-HUGE, 0),
    ),
}


@PRECISIONS
@pytest.mark.parametrize("name", LOSSES)
def test_huge_scores(name, dtype):
    loss, expected = LOSSES[name]
    z = Tensor(HUGE.astype(dtype), requires_grad=True)
    values = loss(z)
    assert values.dtype == dtype
    if expected is not None:
        np.testing.assert_allclose(
            values.numpy(force=True),
            expected,
            rtol=3e-7 if dtype == np.float32 else 1e-13,
            atol=1e-7 if dtype == np.float32 else 1e-15,
        )
    assert np.all(np.isfinite(values.numpy(force=True))) and np.all(values.numpy(force=True) >= 0)
    (slope,) = autograd.grad(values.sum(), z, create_graph=True)
    (bend,) = autograd.grad(slope.sum() + 0 * z.sum(), z)  # a hinge's slope depends on nothing
    assert slope.dtype == bend.dtype == dtype
    assert np.all(np.isfinite(slope.numpy(force=True))) and np.all(np.isfinite(bend.numpy()))


@PRECISIONS
def test_the_traps_of_probabilities(dtype):
    """Scores of -50 for yes and 40 for no: losses 50 and 40 with slopes -1 and 1, where the composition loses both."""
    z = Tensor(np.array([-50.0, 40.0], dtype), requires_grad=True)
    losses = F.binary_cross_entropy_with_logits(z, [1.0, 0.0], reduction="none")
    assert losses.tolist() == [50, 40]
    assert autograd.grad(losses.sum(), z)[0].tolist() == [-1, 1]


@PRECISIONS
def test_certain_probabilities(dtype):
    p = Tensor(np.array([0.0, 0.0, 1.0, 1.0, 0.5], dtype), requires_grad=True)
    t = Tensor(np.array([0.0, 1.0, 0.0, 1.0, 0.5], dtype), requires_grad=True)
    losses = F.binary_cross_entropy(p, t, reduction="none")
    np.testing.assert_allclose(losses.numpy(force=True), [0, 100, 100, 0, math.log(2)], rtol=1e-6)
    slopes = autograd.grad(losses.sum(), [p, t], create_graph=True)
    np.testing.assert_allclose(slopes[0].numpy(force=True), [0, -1e12, 1e12, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(slopes[1].numpy(force=True), [100, 100, -100, -100, 0], rtol=1e-6)
    for slope in slopes:
        for bend in autograd.grad(slope.sum() + 0 * t.sum(), [p, t], retain_graph=True):
            assert np.all(np.isfinite(bend.numpy()))


@PRECISIONS
def test_small_errors_keep_their_digits(dtype):
    small = np.array([1e-6, 1e-10, -1e-8], dtype)
    x = Tensor(small, requires_grad=True)
    losses = F.log_cosh_loss(x, np.zeros(3), "none")
    np.testing.assert_allclose(losses.numpy(force=True), small.astype(float) ** 2 / 2, rtol=1e-6)
    np.testing.assert_allclose(autograd.grad(losses.sum(), x)[0].numpy(), small, rtol=1e-6)
    tiny = F.focal_loss(Tensor([[20.0, 0.0]], dtype=np.float64), [0], gamma=1.0).item()
    assert tiny == pytest.approx(math.exp(-40), rel=1e-7)


@PRECISIONS
def test_kinks_have_the_slope_0(dtype):
    x, zero = Tensor(np.zeros(1, dtype), requires_grad=True), np.zeros(1)
    for loss in (F.l1_loss, F.mae_loss, F.huber_loss, F.log_cosh_loss, lambda a, b: F.quantile_loss(a, b, 0.3)):
        assert autograd.grad(loss(x, zero), x)[0].item() == 0
    one = Tensor(np.ones(1, dtype), requires_grad=True)
    assert autograd.grad(F.binary_hinge_loss(one, [1.0]), one)[0].item() == 0
    assert F.laplace_nll_loss(x, zero, 0.5).item() == 0  # log 2·½


def test_a_variance_of_0_counts_as_eps_and_still_learns():
    var = Tensor(np.zeros(1), requires_grad=True)
    loss = F.gaussian_nll_loss(np.array([1.0]), [1.0], var)
    assert loss.item() == pytest.approx(0.5 * math.log(1e-6))
    assert autograd.grad(loss, var)[0].item() == pytest.approx(0.5e6)


@PRECISIONS
def test_a_variance_that_vanishes_does_not_matter_to_what_is_exact(dtype):
    log_var = Tensor(np.array([-1e4, 1e4, -1e4, 1e4], dtype), requires_grad=True)
    x, t = Tensor(np.array([2.0, 2.0, 0.0, 5.0], dtype), requires_grad=True), np.array([2.0, 3.0, 0.0, 5.0], dtype)
    losses = F.gaussian_nll_logvar_loss(x, t, log_var, reduction="none")
    assert losses.tolist() == [-5000, 5000, -5000, 5000]
    slopes = autograd.grad(losses.sum(), (x, log_var), create_graph=True)
    assert slopes[0].tolist() == [0, 0, 0, 0] and slopes[1].tolist() == [0.5, 0.5, 0.5, 0.5]
    for bend in autograd.grad(sum(slope.sum() for slope in slopes), (x, log_var)):
        assert np.all(np.isfinite(bend.numpy()))
    one = F.gaussian_nll_logvar_loss(np.zeros((2, 3)), np.zeros((2, 3)), -1e4, reduction="none")
    assert np.all(one.numpy() == -5000)
    same = F.normal_kl_between(x.detach()[None], log_var[None], x.detach()[None], log_var[None])
    assert same.item() == 0 and not autograd.grad(same, log_var)[0].numpy().any()


def test_counts_of_0():
    rate = Tensor(np.zeros(2), requires_grad=True)
    loss = F.poisson_nll_loss(rate, [0.0, 2.0], log_input=False, full=True, reduction="none")
    np.testing.assert_allclose(
        loss.numpy(force=True), [0, -2 * math.log(1e-8) + 2 * math.log(2) - 2 + 0.5 * math.log(4 * math.pi)]
    )
    assert np.all(np.isfinite(autograd.grad(loss.sum(), rate)[0].numpy()))
    target = Tensor(np.array([0.0, 1.0, 3.0]), requires_grad=True)
    (slope,) = autograd.grad(F.poisson_nll_loss(np.zeros(3), target, full=True).sum(), target)
    assert np.all(np.isfinite(slope.numpy()))  # PyTorch: NaN where the target is 0


# --- one element, other types, shared memory --------------------------------------------------------------------------
PAIRS = {
    "mse_loss": 0.5,
    "l1_loss": 0.5,
    "mae_loss": 0.5,
    "sse_loss": 0.5,
    "huber_loss": 0.5,
    "smooth_l1_loss": 0.5,
    "log_cosh_loss": 0.5,
    "binary_cross_entropy": 1.0,
    "binary_cross_entropy_with_logits": 1.0,
    "multilabel_bce_loss": 1.0,
    "sigmoid_focal_loss": 1.0,
    "poisson_nll_loss": 1.0,
    "soft_margin_loss": 1.0,
    "binary_hinge_loss": 1.0,
    "squared_hinge_loss": 1.0,
    "multilabel_soft_margin_loss": 1.0,
}
LABELLED = ("cross_entropy", "nll_loss", "focal_loss", "multiclass_hinge_loss", "multi_margin_loss")


def calls(dtype, rows=3):
    """Name -> a loss of one leaf, and that leaf."""
    made = {}
    for name, t in PAIRS.items():
        x = Tensor(np.full((rows, 2), 0.25, dtype), requires_grad=True)
        made[name] = (lambda x, name=name, t=t: getattr(F, name)(x, np.full((rows, 2), t)), x)
    for name in LABELLED:
        x = Tensor(np.tile(np.array([0.5, -1.0, 0.25], dtype), (rows, 1)), requires_grad=True)
        made[name] = (lambda x, name=name: getattr(F, name)(x, np.zeros(rows, int)), x)
    for name, spread in (
        ("gaussian_nll_loss", 0.5),
        ("gaussian_nll_logvar_loss", 0.5),
        ("laplace_nll_loss", 0.5),
        ("quantile_loss", 0.5),
    ):
        x = Tensor(np.full((rows, 2), 0.25, dtype), requires_grad=True)
        made[name] = (lambda x, name=name, spread=spread: getattr(F, name)(x, np.ones((rows, 2)), spread), x)
    x = Tensor(np.full((rows, 2), 0.25, dtype), requires_grad=True)
    made["multilabel_margin_loss"] = (lambda x: F.multilabel_margin_loss(x, np.tile([1, -1], (rows, 1))), x)
    return made


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", calls(float))
def test_precision_is_kept_and_one_row_will_do(name, dtype):
    loss, x = calls(dtype)[name]
    value = loss(x)
    (slope,) = autograd.grad(value.sum(), x)
    assert value.dtype == slope.dtype == dtype
    exact, y = calls(np.float64)[name]
    tolerance = {np.float16: 3e-3, np.float32: 3e-6, np.float64: 0}[dtype]
    np.testing.assert_allclose(value.numpy(force=True), exact(y).numpy(force=True), rtol=tolerance)
    np.testing.assert_allclose(
        slope.numpy(), autograd.grad(exact(y).sum(), y)[0].numpy(), rtol=tolerance, atol=tolerance
    )
    single, one = calls(dtype, rows=1)[name]
    reduced = single(one)
    if reduced.ndim == 0 and name != "sse_loss":
        assert reduced.item() == pytest.approx(value.item(), rel=2e-3)


@pytest.mark.parametrize("name", [*PAIRS, "gaussian_nll_loss", "laplace_nll_loss"])
def test_a_target_may_be_the_input_itself(name):
    """Both gradients arrive, and the result shares no memory with what the caller may write to."""
    x = Tensor(np.array([1.0, 1.0]), requires_grad=True)
    more = (0.5,) if name in ("gaussian_nll_loss", "laplace_nll_loss") else ()
    once = getattr(F, name)(x, x, *more)
    copy = Tensor(np.array([1.0, 1.0]), requires_grad=True)
    other = Tensor(np.array([1.0, 1.0]), requires_grad=True)
    twice = autograd.grad(getattr(F, name)(copy, other, *more).sum(), [copy, other])
    np.testing.assert_allclose(autograd.grad(once.sum(), x)[0].numpy(), twice[0].numpy() + twice[1].numpy())


@pytest.mark.parametrize("name", PAIRS)
def test_the_callers_arrays_may_change_before_backward(name):
    target, x = np.ones((2, 2)), Tensor(np.full((2, 2), 0.25), requires_grad=True)
    expected = autograd.grad(getattr(F, name)(x, target).sum(), x)[0].numpy()
    loss = getattr(F, name)(x, target)
    target[:] = 0.5
    np.testing.assert_array_equal(autograd.grad(loss.sum(), x)[0].numpy(), expected)


@pytest.mark.parametrize("name", PAIRS)
def test_empty_batches_have_a_sum_and_no_mean(name):
    x = Tensor(np.zeros((0, 2)), requires_grad=True)
    if name == "sse_loss":
        assert F.sse_loss(x, np.zeros((0, 2))).item() == 0
        return
    total = getattr(F, name)(x, np.zeros((0, 2)), reduction="sum")
    assert total.item() == 0 and autograd.grad(total, x)[0].shape == (0, 2)
    with pytest.raises(ValueError, match=rf"^{name}: the mean over an empty batch, input shape \(0, 2\)"):
        getattr(F, name)(x, np.zeros((0, 2)), reduction="mean")


def test_several_labels_of_many_classes_need_no_array_of_all_pairs():
    x = Tensor(np.random.default_rng(0).normal(size=(8, 2000)), requires_grad=True)  # 8 x 2000 x 2000 pairs: 256 MB
    tracemalloc.start()
    F.multilabel_margin_loss(x, np.tile([5, 7, 5] + 1997 * [-1], (8, 1))).backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6


def test_scores_of_minus_infinity_are_classes_that_cannot_be():
    scores = np.array([[-math.inf, 0.5, 1.0]])
    for loss in (F.multiclass_hinge_loss, F.multi_margin_loss):
        assert loss(scores, [0]).item() == math.inf
        assert math.isfinite(loss(scores, [1]).item())
    assert F.multilabel_margin_loss(scores, [[0, -1, 1]]).item() == math.inf
    assert math.isfinite(F.multilabel_margin_loss(scores, [[1, 2, -1]]).item())
