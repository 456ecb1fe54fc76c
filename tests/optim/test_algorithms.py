"""What the papers promise of every algorithm, and where PyTorch's goes wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import Parameter, Tensor, optim


def steps(optimizer: Any, parameters: list[Parameter], gradients: Any, count: int) -> None:
    for t in range(count):
        for i, parameter in enumerate(parameters):
            parameter.grad = Tensor(gradients(t, i, parameter), dtype=parameter.dtype)
        optimizer.step()


def test_descent_on_a_parabola_is_a_geometric_series() -> None:
    w = Parameter([3.0, -2.0], dtype=np.float64)
    steps(optim.SGD([w], lr=0.1), [w], lambda t, i, p: 2 * p.detach(), 25)
    np.testing.assert_allclose(w.tolist(), np.array([3.0, -2.0]) * 0.8**25, rtol=1e-12)


def test_momentum_on_a_parabola_follows_its_recurrence() -> None:
    w = Parameter([1.0], dtype=np.float64)
    steps(optim.SGD([w], lr=0.1, momentum=0.5), [w], lambda t, i, p: 2 * p.detach(), 30)
    matrix = np.array([[1 - 0.1 * 2, -0.1 * 0.5], [2, 0.5]])  # of (p, b): b' = b / 2 + 2 p, p' = p - 0.1 b'
    assert w.item() == pytest.approx((np.linalg.matrix_power(matrix, 30) @ [1, 0])[0], rel=1e-12)


@pytest.mark.parametrize("name", ["Adam", "AdamW", "Adamax", "Lion", "Rprop", "Adagrad"])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_first_step_is_as_long_as_the_rate(name: str, scale: float) -> None:
    w = Parameter([3.0, -5.0], dtype=np.float64)
    options = {"eps": 1e-30} if name not in ("Lion", "Rprop") else {}
    options |= {"weight_decay": 0} if name == "AdamW" else {}
    steps(getattr(optim, name)([w], lr=0.1, **options), [w], lambda t, i, p: np.array([6.0, -10.0]) * scale, 1)
    np.testing.assert_allclose(w.tolist(), [2.9, -4.9], rtol=1e-12)


@pytest.mark.parametrize("name", ["Adam", "RMSprop", "Adagrad", "Adamax", "NAdam", "Adafactor", "Lion"])
def test_steps_do_not_depend_on_the_scale_of_the_gradient(name: str) -> None:
    """To the last bit, for powers of two."""
    one, other = Parameter([3.0, -5.0], dtype=np.float64), Parameter([3.0, -5.0], dtype=np.float64)
    options = {} if name == "Lion" else {"eps": (1e-150, 1e-3)} if name == "Adafactor" else {"eps": 1e-300}
    for w, scale in ((one, 1.0), (other, 2.0**20)):
        gradients = scale * np.random.default_rng(0).standard_normal((20, 2))
        steps(getattr(optim, name)([w], lr=0.1, **options), [w], lambda t, i, p, g=gradients: g[t], 20)
    assert one.tolist() == other.tolist()


def test_lion_is_the_program_of_its_paper() -> None:
    rng = np.random.default_rng(0)
    values, m = rng.standard_normal(7), np.zeros(7)
    w, gradients = Parameter(values), rng.standard_normal((200, 7))
    steps(optim.Lion([w], lr=0.01, betas=(0.8, 0.95), weight_decay=0.3), [w], lambda t, i, p: gradients[t], 200)
    for g in gradients:
        update = np.sign(0.8 * m + 0.2 * g)
        values = values - 0.01 * (update + 0.3 * values)
        m = 0.95 * m + 0.05 * g
    np.testing.assert_allclose(w.tolist(), values, rtol=1e-10)


@pytest.mark.parametrize("shape", [(4, 4), (3, 8), (8, 3), (1, 5)])
def test_muon_steps_along_a_nearly_orthogonal_matrix(shape: tuple[int, int]) -> None:
    w = Parameter(np.zeros(shape))
    gradient = np.random.default_rng(0).standard_normal(shape) * np.logspace(0, -1, shape[1])
    steps(optim.Muon([w], lr=1.0, weight_decay=0.0), [w], lambda t, i, p: gradient, 1)
    factor = max(1, shape[0] / shape[1]) ** 0.5
    u, s, v = np.linalg.svd(gradient, full_matrices=False)
    singular = np.diag(u.T @ -np.array(w.tolist()) @ v.T) / factor
    assert (singular > 0.5).all() and (singular < 1.3).all()


def test_adafactor_keeps_rows_and_columns() -> None:
    w = Parameter(np.ones((50, 30)))
    steps(optim.Adafactor([w]), [w], lambda t, i, p: np.random.default_rng(t).standard_normal(p.shape), 3)
    optimizer = optim.Adafactor([w])
    w.grad = Tensor(np.outer(np.arange(1, 51), np.arange(1, 31)).astype(float))
    optimizer.step()
    square = optimizer.state[w]["row_var"] * optimizer.state[w]["col_var"] / optimizer.state[w]["row_var"].mean()
    np.testing.assert_allclose(square.numpy(), w.grad.numpy() ** 2, rtol=1e-12)  # exact where rows are alike


def test_asgd_keeps_the_mean_of_its_parameters() -> None:
    w = Parameter([1.0], dtype=np.float64)
    optimizer, seen = optim.ASGD([w], lr=0.1, lambd=0.0, t0=5), []
    for t in range(20):
        w.grad = Tensor([float(np.cos(t))], dtype=np.float64)
        optimizer.step()
        seen.append(w.item())
    assert optimizer.state[w]["ax"].item() == pytest.approx(np.mean(seen[6:]), rel=1e-12)


def test_rosenbrocks_valley_by_lbfgs() -> None:
    w = Parameter(np.full(10, -1.2))
    optimizer = optim.LBFGS([w], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = (100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() > 1000
    np.testing.assert_allclose(w.tolist(), 1, rtol=1e-5)
    assert optimizer.state[w]["func_evals"] < 150


# --- where PyTorch goes wrong -----------------------------------------------------------------------------------------
def test_a_centered_variance_below_zero_by_rounding_counts_as_zero() -> None:
    w = Parameter(np.ones(64, np.float32))
    gradient = np.random.default_rng(0).uniform(0.1, 1000, 64)
    steps(optim.RMSprop([w], centered=True, lr=1e-6), [w], lambda t, i, p: gradient, 3000)
    assert np.isfinite(w.tolist()).all()


@pytest.mark.parametrize("name", ["Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adamax", "Adafactor"])
def test_small_gradients_of_half_precision(name: str) -> None:
    """Their squares, and eps, would be 0 in half precision, and the parameters infinite."""
    w = Parameter(np.ones(4), dtype=np.float16)
    gradient = np.array([1e-4, 1e-6, 0.0, -1e-4])
    steps(getattr(optim, name)([w], lr=0.01), [w], lambda t, i, p: gradient, 10)
    values = np.array(w.tolist())
    assert np.isfinite(values).all() and values[0] < 1 and (name in ("AdamW",) or values[2] == 1) and values[3] > 1


def test_signs_of_gradients_whose_product_is_zero() -> None:
    w = Parameter([1.0])
    steps(optim.Rprop([w], lr=0.01), [w], lambda t, i, p: [1e-30], 3)
    assert w.item() == pytest.approx(1 - 0.01 * (1 + 1.2 + 1.44), rel=1e-6)


def test_a_line_search_between_equal_points() -> None:
    """A loss that does not change: PyTorch may divide by zero."""
    w = Parameter([1.0, 1.0])
    optimizer = optim.LBFGS([w], line_search_fn="strong_wolfe")

    def closure() -> float:
        w.grad = Tensor([1.0, -1.0])
        return 0.0

    optimizer.step(closure)
    assert np.isfinite(w.tolist()).all()


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adafactor", "Lion"])
def test_gradients_that_are_not_finite_step_in_silence(name: str) -> None:
    """As in PyTorch; clip_grad_norm_(..., error_if_nonfinite=True) names them."""
    w = Parameter([[1.0, 1.0]], dtype=np.float64)
    steps(getattr(optim, name)([w]), [w], lambda t, i, p: [[np.nan, 1.0]], 1)
    assert np.isnan(w.tolist()[0][0])


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adafactor", "Lion", "Adadelta", "NAdam", "Muon"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_gradients_whose_squares_overflow_step_in_silence(name: str, dtype: Any) -> None:
    w = Parameter([[1.0, 1.0]], dtype=dtype)
    steps(getattr(optim, name)([w], lr=100.0), [w], lambda t, i, p: [[np.finfo(dtype).max, 0.0]], 3)


def test_mixed_learning_of_several_optimizers() -> None:
    """Matrices by Muon and the rest by AdamW, with one loss."""
    rng = np.random.default_rng(0)
    matrix, bias = Parameter(rng.standard_normal((4, 3))), Parameter(np.zeros(3))
    x, y = rng.standard_normal((32, 4)), rng.standard_normal((32, 3))
    optimizers = [optim.Muon([matrix], lr=0.05), optim.AdamW([bias], lr=0.05)]
    losses = []
    for _ in range(60):
        loss = ((Tensor(x) @ matrix + bias - y) ** 2).mean()
        losses.append(loss.item())
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    assert losses[-1] < 0.5 * losses[0]
