"""Limits on gradients: PyTorch's numbers, extremes without overflow, and refusals that change nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigrad import Parameter, Tensor, nn
from minigrad.nn.utils import clip_grad_norm_, clip_grad_value_, get_total_norm
from minigrad.nn.utils.clip_grad import clip_grad_norm, clip_grads_with_norm_

RNG = np.random.default_rng(0)


def parameters(dtype: str = "float64", scale: float = 1.0) -> list[Parameter]:
    """Three with a gradient, one without, one without elements."""
    made = [Parameter(np.zeros(shape, dtype)) for shape in [(3, 4), (), (5,), (2,), (0,)]]
    for parameter in made:
        parameter.grad = Tensor((scale * RNG.standard_normal(parameter.shape)).astype(dtype))
    made[3].grad = None
    return made


def gradients(made: list[Parameter]) -> list[np.ndarray | None]:
    return [None if p.grad is None else p.grad.numpy().copy() for p in made]


def test_gradients_below_the_limit_stay_as_they_are() -> None:
    made = parameters()
    before = gradients(made)
    norm = get_total_norm([p.grad for p in made if p.grad is not None])
    clip_grad_norm_(made, norm.item() * 1.001)
    for a, b in zip(before, gradients(made), strict=True):
        assert (a is None) == (b is None)
        assert a is None or a.tobytes() == b.tobytes()


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e25])
def test_no_overflow_and_no_underflow_on_the_way(scale: float) -> None:
    made = parameters("float32", scale)
    exact = math.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in gradients(made) if g is not None))
    norm = clip_grad_norm_(made, scale)
    assert norm.dtype == np.float32
    assert norm.item() == pytest.approx(exact, rel=1e-6)
    after = math.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in gradients(made) if g is not None))
    assert after <= scale * (1 + 1e-5)
    if scale > 1e-6:  # below, the 1e-6 in PyTorch's formula counts
        assert after == pytest.approx(min(exact, scale), rel=1e-3)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_is_named_and_nothing_changes(bad: float) -> None:
    made = parameters()
    made[2].grad[1] = bad
    before = gradients(made)
    with pytest.raises(RuntimeError, match=r"number 2, of shape \(5,\), with 1 elements"):
        clip_grad_norm_(made, 1.0)
    for a, b in zip(before, gradients(made), strict=True):
        assert a is None or a.tobytes() == b.tobytes()


def test_pytorchs_way_with_what_is_not_finite_on_request() -> None:
    made = parameters()
    made[2].grad[1] = math.inf
    assert clip_grad_norm_(made, 1.0, error_if_nonfinite=False).item() == math.inf
    assert not made[0].grad.numpy().any()
    assert math.isnan(made[2].grad[1].item())


def test_values() -> None:
    made = parameters()
    before = gradients(made)
    clip_grad_value_(made, 0.5)
    for a, b in zip(before, gradients(made), strict=True):
        assert a is None or np.array_equal(np.clip(a, -0.5, 0.5), b)


def test_one_tensor_no_gradient_and_nothing() -> None:
    (w,) = (Parameter([3.0, 4.0]),)
    assert clip_grad_norm_(w, 1.0).item() == 0
    w.grad = Tensor([3.0, 4.0])
    assert clip_grad_norm_(w, 1.0).item() == 5
    np.testing.assert_allclose(w.grad.numpy(), [0.6, 0.8], rtol=1e-6)
    assert clip_grad_norm_([], 1.0).item() == 0


def test_the_name_of_a_parameter_that_is_not_finite() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    model(np.ones((4, 2), np.float32)).sum().backward()
    assert clip_grad_norm_(model.named_parameters(), 1e6).item() > 0
    model[1].weight.grad[0, 2] = math.nan
    with pytest.raises(RuntimeError, match=r"the first at fault is '1.weight', of shape \(1, 3\), with 1 elements"):
        clip_grad_norm_(model.named_parameters(), 1.0)
    with pytest.raises(RuntimeError, match=r"number 2, of shape \(1, 3\).*model.named_parameters\(\) in place of them"):
        clip_grad_norm_(model.parameters(), 1.0)
    with pytest.raises(RuntimeError, match="get_total_norm: the norm of the gradients is nan; the first .* tensor 1,"):
        get_total_norm([Tensor([1.0]), Tensor([math.nan])], error_if_nonfinite=True)
    assert math.isnan(get_total_norm([Tensor([1.0]), Tensor([math.nan])]).item())


def test_a_parameter_that_is_given_twice_counts_once() -> None:
    w = Parameter([0.0, 0.0])
    w.grad = Tensor([3.0, 4.0])
    assert clip_grad_norm_([w, w], 1.0).item() == 5
    np.testing.assert_allclose(w.grad.numpy(), [0.6, 0.8], rtol=1e-6)


def test_half_precision_is_summed_in_more() -> None:
    w = Parameter(np.zeros(100_000, np.float16))
    w.grad = Tensor(np.full(100_000, 0.1, np.float16))
    norm = clip_grad_norm_(w, 1.0)
    assert norm.dtype == np.float16
    assert norm.item() == pytest.approx(math.sqrt(100_000) * 0.1, rel=1e-3)
    clip_grad_value_(w, 1e6)


def test_a_generator_that_was_used_before() -> None:
    used = nn.Linear(2, 2).parameters()
    list(used)
    with pytest.warns(UserWarning, match="clip_grad_norm_ got a generator without parameters"):
        assert clip_grad_norm_(used, 1.0).item() == 0


def test_the_old_name() -> None:
    w = Parameter([0.0])
    w.grad = Tensor([3.0])
    with pytest.warns(FutureWarning, match="with an underscore at its end"):
        assert clip_grad_norm(w, 1.0).item() == 3
    clip_grads_with_norm_(w, 0.5, 1.0)
    assert w.grad.item() == pytest.approx(0.5, rel=1e-5)


def test_training_with_a_limit_moves_no_further_than_it_says() -> None:
    model = nn.Linear(4, 1)
    before = [p.detach().numpy().copy() for p in model.parameters()]
    (model(1e6 * RNG.standard_normal((8, 4)).astype(np.float32)) ** 2).mean().backward()
    clip_grad_norm_(model.parameters(), 0.1)
    for p, old in zip(model.parameters(), before, strict=True):
        assert np.linalg.norm(p.grad.numpy()) <= 0.1 + 1e-6
        assert np.array_equal(p.detach().numpy(), old)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: clip_grad_norm_([Parameter([1.0])], -1.0), ValueError, "max_norm must be at least 0, got -1"),
        (lambda: clip_grad_norm_([Parameter([1.0])], math.nan), ValueError, "max_norm must be at least 0, got nan"),
        (lambda: clip_grad_norm_([Parameter([1.0])], 1.0, 0), ValueError, "norm_type must be above 0"),
        (lambda: clip_grad_norm_(nn.Linear(2, 2), 1.0), TypeError, r"pass model.parameters\(\)"),
        (lambda: clip_grad_norm_(["w"], 1.0), TypeError, "number 0 is str"),
        (lambda: clip_grad_value_([Parameter([1.0])], -1), ValueError, "clip_value must be at least 0"),
        (lambda: clip_grads_with_norm_([Parameter([1.0])], -1, 1), ValueError, "max_norm must be at least 0"),
    ],
)
def test_bad_input(call, kind, message) -> None:
    with pytest.raises(kind, match=message):
        call()
