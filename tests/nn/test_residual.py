from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn


class Shape(nn.Module):
    """A body that returns numbers of a given shape."""

    def __init__(self, shape):
        self.shape = shape

    def forward(self, input):
        return Tensor(np.ones(self.shape, np.float32))


def test_sum_of_body_and_input():
    x = Tensor([[1.0, -2.0]], requires_grad=True)
    body = nn.Linear(2, 2)
    out = nn.Residual(body)(x)
    np.testing.assert_array_equal(out.detach().numpy(), (body(x) + x).detach().numpy())
    out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 1 + body.weight.detach().numpy().sum(0, keepdims=True), rtol=1e-6)


def test_several_modules_run_one_after_the_other():
    first, second = nn.Linear(3, 5), nn.Linear(5, 3)
    block = nn.Residual(first, nn.ReLU(), second)
    x = Tensor(np.random.default_rng(0).standard_normal((4, 3)), dtype=np.float32)
    np.testing.assert_array_equal(block(x).detach().numpy(), (second(first(x).relu()) + x).detach().numpy())
    assert [*block.state_dict()] == ["body.0.weight", "body.0.bias", "body.2.weight", "body.2.bias"]
    assert [*nn.Residual(first).state_dict()] == ["body.weight", "body.bias"]


@pytest.mark.parametrize("projection", [nn.Linear(3, 4), lambda x: x @ np.ones((3, 4), np.float32)])
def test_projection(projection):
    body = nn.Linear(3, 4)
    x = Tensor(np.ones((2, 3), np.float32))
    out = nn.Residual(body, projection=projection)(x)
    np.testing.assert_array_equal(out.detach().numpy(), (body(x) + projection(x)).detach().numpy())


def test_a_projections_parameters_are_trained():
    block = nn.Residual(nn.Linear(3, 4), projection=nn.Linear(3, 4, bias=False))
    block(np.ones((2, 3), np.float32)).sum().backward()
    assert [*block.state_dict()] == ["body.weight", "body.bias", "projection.weight"]
    assert all(p.grad is not None for p in block.parameters())


@pytest.mark.parametrize(
    ("given", "out", "cure"),
    [
        ((2, 3), (2, 4), r"projection=nn\.Linear\(3, 4\)"),
        ((2, 5, 8), (2, 5, 9), r"projection=nn\.Linear\(8, 9\)"),
        ((2, 16, 8, 8), (2, 32, 4, 4), r"projection=nn\.Conv2d\(16, 32, 1, stride=2\)"),
        ((2, 16, 8, 8), (2, 32, 8, 8), r"projection=nn\.Conv2d\(16, 32, 1\)"),
        ((2, 16, 9, 6), (2, 16, 3, 6), r"projection=nn\.Conv2d\(16, 16, 1, stride=\(3, 1\)\)"),
        ((2, 16, 10), (2, 32, 5), r"projection=nn\.Conv1d\(16, 32, 1, stride=2\)"),
        ((2, 3), (6,), "a function that makes the one shape of the other"),
        ((2, 3, 4, 4), (2, 3, 8, 8), r"turns \(2, 3, 4, 4\) into \(2, 3, 8, 8\)"),
    ],
)
def test_a_missing_projection_is_named(given, out, cure):
    block = nn.Sequential(nn.Residual(Shape(out)))
    with pytest.raises(ValueError, match=rf"the body turns .* into .*; pass .*{cure}") as caught:
        block(np.ones(given, np.float32))
    assert "which is 0 of Sequential" in caught.value.__notes__[0]


def test_nothing_is_broadcast():
    with pytest.raises(ValueError, match=r"turns \(2, 3\) into \(2, 1\)"):
        nn.Residual(Shape((2, 1)))(np.ones((2, 3), np.float32))
    with pytest.raises(ValueError, match=r"but the projection into \(2, 5\)"):
        nn.Residual(Shape((2, 4)), projection=Shape((2, 5)))(np.ones((2, 3), np.float32))


@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.parametrize("projection", [None, nn.Identity()])
def test_a_body_that_overwrites_its_input_is_refused(requires_grad, projection):
    x = Tensor(np.array([[-1.0, 2.0]], np.float32), requires_grad=requires_grad) * 1
    with pytest.raises(RuntimeError, match="overwrote its input in place.*leave out inplace=True"):
        nn.Residual(nn.ReLU(inplace=True), nn.Linear(2, 2), projection=projection)(x)


def test_a_body_may_overwrite_what_is_its_own():
    x = Tensor(np.array([[-1.0, 2.0]], np.float32))
    body = nn.Linear(2, 2)
    expected = np.maximum(body(x).detach().numpy(), 0) + x.numpy()
    np.testing.assert_array_equal(nn.Residual(body, nn.ReLU(inplace=True))(x).detach().numpy(), expected)
    double = nn.Residual(nn.ReLU(inplace=True), projection=lambda x: 2 * x)  # adds nothing that is overwritten
    assert double(Tensor([[-1.0, 2.0]])).tolist() == [[-2, 6]]


def test_wrong_arguments():
    with pytest.raises(TypeError, match="needs a body"):
        nn.Residual()
    with pytest.raises(TypeError, match="Modules as its body, got Linear, function"):
        nn.Residual(nn.Linear(1, 1), lambda x: x)
    with pytest.raises(TypeError, match="must be a Module or a function"):
        nn.Residual(nn.Linear(1, 1), projection=3)


def gradient_at_the_first_layer(depth, skip):
    """|dL/dh₁| of a tanh network whose weights are half as large as they should be, over |dL/dh| at its end."""
    minigrad.manual_seed(depth)
    layers = []
    for _ in range(depth):
        linear = nn.Linear(64, 64, bias=False)
        nn.init.normal_(linear.weight, std=0.5 / 8)
        body = nn.Sequential(linear, nn.Tanh())
        layers.append(nn.Residual(body) if skip else body)
    first = Tensor(np.random.default_rng(0).standard_normal((32, 64)), requires_grad=True, dtype=np.float32)
    out = nn.Sequential(*layers)(first)
    out.sum().backward()
    return np.linalg.norm(first.grad.numpy()) / np.sqrt(out.numel())


def test_skips_keep_the_gradient_alive_at_any_depth():
    depths = (2, 8, 24)
    without = [gradient_at_the_first_layer(d, skip=False) for d in depths]
    with_skips = [gradient_at_the_first_layer(d, skip=True) for d in depths]
    for depth, norm in zip(depths, without, strict=True):
        assert norm < 0.55**depth * 1.5  # each layer halves it, or more
    assert without[-1] < 1e-6
    assert all(0.5 < norm for norm in with_skips)
    assert with_skips[-1] > 1e6 * without[-1]
