"""Transforms: gradients, products, Jacobians and Hessians of functions of arrays, trees and Modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, func, nn, optim

A = np.array([[2.0, 1.0, 0.0], [0.5, 3.0, 1.0]])
X = np.array([0.3, -0.7, 1.1])


def test_grad_of_grad_of_grad() -> None:
    f = lambda x: x**4  # noqa: E731
    assert [float(g.item()) for g in (func.grad(f)(2.0), func.grad(func.grad(f))(2.0))] == [32.0, 48.0]
    assert func.grad(func.grad(func.grad(f)))(2.0).item() == 48.0


def test_closed_forms() -> None:
    quadratic = lambda x: 0.5 * (x * ((A.T @ A) @ x)).sum()  # noqa: E731
    np.testing.assert_allclose(func.grad(quadratic)(X).numpy(), A.T @ A @ X)
    np.testing.assert_allclose(func.hessian(quadratic)(X).numpy(), A.T @ A, atol=1e-12)
    np.testing.assert_allclose(
        func.jacobian(lambda x: mg.tanh(A @ x))(X).numpy(), (1 - np.tanh(A @ X) ** 2)[:, None] * A
    )
    v = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(func.hvp(quadratic, (X,), (v,)).numpy(), A.T @ A @ v)


def test_vjp_and_jvp_are_adjoint_and_agree_with_the_jacobian() -> None:
    f = lambda x: mg.tanh(A @ x) * mg.exp(x[:2])  # noqa: E731
    jacobian = func.jacobian(f)(X).numpy()
    v, u = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.7])
    out, tangent = func.jvp(f, (X,), (v,))
    value, pull = func.vjp(f, X)
    np.testing.assert_allclose(tangent.numpy(), jacobian @ v)
    np.testing.assert_allclose(pull(u)[0].numpy(), u @ jacobian)
    np.testing.assert_allclose(pull(2 * u)[0].numpy(), 2 * u @ jacobian)  # any number of times
    np.testing.assert_array_equal(out.numpy(), value.numpy())


def test_trees_several_arguments_and_aux() -> None:
    def loss(parameters: dict[str, Any], x: Any) -> tuple[Any, Any]:
        y = x @ parameters["layers"][0] + parameters["b"]
        return (y * y).sum(), y

    parameters = {"layers": [np.ones((3, 2))], "b": np.zeros(2)}
    (value, y), (by_parameters, by_x) = func.value_and_grad(loss, argnums=(0, 1), has_aux=True)(parameters, X)
    np.testing.assert_allclose(by_parameters["layers"][0].numpy(), np.outer(X, 2 * y.numpy()))
    np.testing.assert_allclose(by_parameters["b"].numpy(), 2 * y.numpy())
    np.testing.assert_allclose(by_x.numpy(), 2 * y.numpy().sum() * np.ones(3))
    assert value.item() == pytest.approx((y.numpy() ** 2).sum())


def test_parameters_of_a_module() -> None:
    mg.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    x = mg.randn(5, 3)
    parameters = dict(net.named_parameters())
    found = func.grad(lambda p: (func.functional_call(net, p, (x,)) ** 2).mean())(parameters)
    (net(x) ** 2).mean().backward()
    for name, parameter in net.named_parameters():
        np.testing.assert_allclose(found[name].detach().numpy(), parameter.grad.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: func.grad(lambda x: x * 2)(X), ValueError, r"one number, got shape \(3,\)"),
        (lambda: func.grad(lambda x: x * 2)(np.array([1, 2])), TypeError, "float"),
        (lambda: func.grad(lambda x: "text")(X), TypeError, "one number, got str"),
        (lambda: func.grad(lambda x: x, argnums=1)(X), (IndexError, ValueError, TypeError), "argnums|argument"),
    ],
)
def test_bad_input(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_an_output_that_does_not_depend_on_the_input_has_gradient_zero() -> None:
    assert func.grad(lambda x: Tensor(3.0))(X).tolist() == [0, 0, 0]


def test_a_gradient_penalty_trains() -> None:
    """As in WGAN-GP: the loss contains the norm of the critic's gradient by its input."""
    mg.manual_seed(1)
    critic = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = optim.Adam(critic.parameters(), lr=0.01)
    real = mg.randn(64, 2) + np.array([2.0, 0.0], np.float32)
    fake = mg.randn(64, 2)
    history = []
    for _ in range(60):
        mixed = (0.5 * real + 0.5 * fake).requires_grad_()
        (slope,) = mg.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
        penalty = ((mg.sqrt((slope * slope).sum(1) + 1e-12) - 1) ** 2).mean()
        loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append((loss.item(), penalty.item()))
    assert history[-1][0] < history[0][0] - 1
    assert history[-1][1] < 0.1 < history[0][1]


def test_what_is_no_floating_point_number_has_no_gradient():
    for output in (lambda x: x > 0, lambda x: (x > 0).sum(), lambda x: np.argmax(x), lambda x: bool(x > 0)):
        for transform in (func.grad, func.value_and_grad, func.jacobian):
            with pytest.raises(TypeError, match="must return floating-point numbers, got (bool|int64)"):
                transform(output)(Tensor(2.0))
    x = Tensor([1.0, 2.0], requires_grad=True)
    for start in ((x > 1).any(), x.argmax()):
        with pytest.raises(RuntimeError, match="no gradient starts from (bool|int64)"):
            start.backward()
        with pytest.raises(RuntimeError, match="no gradient starts from (bool|int64)"):
            mg.autograd.grad(start, x)
