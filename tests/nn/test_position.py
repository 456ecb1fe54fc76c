"""Positional encodings, against their formulas and the properties that they are used for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn

hypothesis = pytest.importorskip("hypothesis", reason="examples are drawn with hypothesis")
st = pytest.importorskip("hypothesis.strategies")


def make(*shape: int, dtype: Any = np.float32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


# --- sinusoidal -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("channels", [1, 2, 5, 8])
def test_sines_and_cosines_are_those_of_the_paper(channels: int) -> None:
    layer = nn.SinusoidalPositionalEncoding(channels, max_len=50, dtype=np.float64)
    for position in (0, 1, 7, 49):
        for channel in range(channels):
            angle = position / 10_000 ** (channel // 2 * 2 / channels)
            expected = math.sin(angle) if channel % 2 == 0 else math.cos(angle)
            assert layer.encoding[position, channel].item() == pytest.approx(expected, abs=1e-12)


def test_a_step_is_a_rotation_whatever_the_position() -> None:
    encoding = nn.SinusoidalPositionalEncoding(16, max_len=100, dtype=np.float64).encoding.numpy()
    products = encoding @ encoding.T
    for step in (1, 5, 30):
        np.testing.assert_allclose(np.diagonal(products, step), products[0, step], rtol=1e-10)


def test_positions_are_added_along_the_last_dimension_but_one() -> None:
    layer = nn.SinusoidalPositionalEncoding(4, max_len=9)
    for shape in [(5, 4), (3, 5, 4), (2, 3, 5, 4), (9, 4), (0, 4)]:
        x = make(*shape)
        out = layer(x)
        assert out.dtype == np.float32
        np.testing.assert_array_equal(out.numpy(), x + layer.encoding.numpy()[: shape[-2]])
    assert not layer.state_dict() and not list(layer.parameters())


# --- learned ----------------------------------------------------------------------------------------------------------
def test_learned_positions() -> None:
    minigrad.manual_seed(0)
    layer = nn.LearnedPositionalEncoding(40, max_len=100)
    assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05) and [*layer.state_dict()] == ["weight"]
    out = layer(make(3, 5, 40))
    out.sum().backward()
    grad = layer.weight.grad.numpy()
    assert (grad[:5] == 3).all() and not grad[5:].any()


# --- rotary -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("interleaved", [True, False])
def test_rotation_is_the_product_with_the_matrix_of_the_paper(interleaved: bool) -> None:
    size, length = 6, 5
    layer = nn.RotaryPositionalEncoding(size, max_len=10, interleaved=interleaved, dtype=np.float64)
    x = make(2, 3, length, size, dtype=np.float64)
    out = layer(x).numpy()
    for p in range(length):
        matrix = np.zeros((size, size))
        for i in range(size // 2):
            a, b = (2 * i, 2 * i + 1) if interleaved else (i, i + size // 2)
            angle = (p + 0) * 10_000 ** (-2 * i / size)
            matrix[[a, a, b, b], [a, b, a, b]] = [math.cos(angle), -math.sin(angle), math.sin(angle), math.cos(angle)]
        np.testing.assert_allclose(out[:, :, p], x[:, :, p] @ matrix.T, atol=1e-12)


@hypothesis.given(
    m=st.integers(0, 40), n=st.integers(0, 40), shift=st.integers(0, 59), interleaved=st.booleans(),
    half=st.integers(1, 8), seed=st.integers(0, 5),
)  # fmt: skip
@hypothesis.settings(max_examples=60)
def test_products_depend_on_the_distance_only(
    m: int, n: int, shift: int, interleaved: bool, half: int, seed: int
) -> None:
    layer = nn.RotaryPositionalEncoding(2 * half, max_len=100, interleaved=interleaved, dtype=np.float64)
    q, k = make(1, 2 * half, dtype=np.float64, seed=seed), make(1, 2 * half, dtype=np.float64, seed=seed + 9)
    here = (layer(q, offset=m) * layer(k, offset=n)).sum().item()
    there = (layer(q, offset=m + shift) * layer(k, offset=n + shift)).sum().item()
    assert here == pytest.approx(there, abs=1e-9)
    assert np.linalg.norm(layer(q, offset=m).numpy()) == pytest.approx(np.linalg.norm(q))


def test_the_two_conventions_differ_by_a_permutation_of_channels() -> None:
    order = [0, 2, 4, 1, 3, 5]
    x = make(7, 6)
    pairs = nn.RotaryPositionalEncoding(6, interleaved=True)(x).numpy()
    halves = nn.RotaryPositionalEncoding(6, interleaved=False)(x[:, order]).numpy()
    np.testing.assert_allclose(halves, pairs[:, order], rtol=1e-6)


def test_generation_continues_where_it_stopped() -> None:
    layer = nn.RotaryPositionalEncoding(4, max_len=8)
    x = make(2, 8, 4)
    steps = [layer(x[:, i : i + 1], offset=i).numpy() for i in range(8)]
    np.testing.assert_array_equal(np.concatenate(steps, 1), layer(x).numpy())


def test_rotations_have_derivatives_and_keep_the_dtype() -> None:
    layer = nn.RotaryPositionalEncoding(4)
    x = Tensor(make(2, 3, 4), requires_grad=True)
    out = layer(x.transpose(0, 1).transpose(0, 1))
    assert out.dtype == np.float32
    (out * out).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy(), rtol=1e-5)  # a rotation keeps the norm
    double = Tensor(make(2, 3, 4, dtype=np.float64), requires_grad=True)
    assert layer(double).dtype == np.float64
    assert minigrad.autograd.gradcheck(lambda t: layer(t), double)


# --- bad input --------------------------------------------------------------------------------------------------------
LAYERS = [nn.SinusoidalPositionalEncoding, nn.LearnedPositionalEncoding, nn.RotaryPositionalEncoding]


@pytest.mark.parametrize("kind", LAYERS)
def test_bad_input(kind: Any) -> None:
    layer = kind(4, max_len=3)
    with pytest.raises(ValueError, match=r"sequence of 5, input shape \(2, 5, 4\), exceeds max_len=3.*max_len=5"):
        layer(make(2, 5, 4))
    with pytest.raises(ValueError, match=r"\(\.\.\., positions, 4\), got \(2, 3, 5\)"):
        layer(make(2, 3, 5))
    with pytest.raises(ValueError, match="positions, 4"):
        layer(make(4))
    with pytest.raises(TypeError, match="embed integers first"):
        layer(np.ones((3, 4), int))
    with pytest.raises(ValueError, match="at least 1"):
        kind(0)
    with pytest.raises(ValueError, match="at least 1"):
        kind(4, max_len=0)
    assert "max_len=3" in repr(layer)


def test_bad_rotations() -> None:
    with pytest.raises(ValueError, match="even"):
        nn.RotaryPositionalEncoding(3)
    with pytest.raises(ValueError, match="base must be above 0"):
        nn.RotaryPositionalEncoding(4, base=0)
    with pytest.raises(ValueError, match="sequence of 2 from position 7"):
        nn.RotaryPositionalEncoding(4, max_len=8)(make(2, 4), offset=7)
    with pytest.raises(ValueError, match="offset must be at least 0"):
        nn.RotaryPositionalEncoding(4, max_len=8)(make(2, 4), offset=-1)
