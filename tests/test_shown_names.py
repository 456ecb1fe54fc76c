"""The names that people read: every operation goes by a public name, or there is a reason why it has none."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.core.primitive import REGISTRY
from minigrad.debug import lint
from tests.samples import SAMPLES

F = nn.functional
FAMILIES = {
    "conv": ("conv1d", "conv2d"),
    "conv_transpose": ("conv_transpose1d", "conv_transpose2d"),
    "max_pool": ("max_pool1d", "max_pool2d"),
}
DERIVATIVES = "only derivatives use it"
IN_NUMPY = "NumPy's name of a function that takes Tensors"
SAMPLING = "draws for minigrad.distributions, whose classes are what users call"
REASONS = {
    "add_rows": DERIVATIVES,
    "affine": "scale and shift of batch_norm in evaluation and of alpha_dropout",
    "along_edges": DERIVATIVES,
    "attention_weights": "what MultiheadAttention returns with need_weights=True",
    "bessel_i": "special.i0, i0e, i1 and i1e, by their argument order",
    "beta_density": DERIVATIVES,
    "beta_quantile": SAMPLING,
    "beta_relative": DERIVATIVES,
    "beta_sample": SAMPLING,
    "beta_share": SAMPLING,
    "center": "the deviations from the mean inside normalisation",
    "channel_sums": DERIVATIVES,
    "cholesky": IN_NUMPY,
    "convolve_weight": DERIVATIVES,
    "ctc_occupancy": DERIVATIVES,
    "differences_along": DERIVATIVES,
    "exp_beyond_line": "exp(x) - 1 - x inside normal_kl",
    "from_diagonals": DERIVATIVES,
    "gamma_density": DERIVATIVES,
    "gamma_quantile": SAMPLING,
    "gamma_sample": SAMPLING,
    "gammainc_relative": DERIVATIVES,
    "gelu_pull": DERIVATIVES,
    "gelu_tanh_pull": DERIVATIVES,
    "getitem": "x[...]",
    "gru": "nn.GRU",
    "linear_cross_entropy_gradients": DERIVATIVES,
    "log_gamma_sample": SAMPLING,
    "lstm": "nn.LSTM",
    "mish_pull": DERIVATIVES,
    "project": DERIVATIVES,
    "propagate": "the sum over neighbours inside nn.GCNConv and its kin",
    "put": DERIVATIVES,
    "put_along_axis": DERIVATIVES,
    "put_winners": DERIVATIVES,
    "recurrence": DERIVATIVES,
    "rnn": "nn.RNN",
    "rotate_pairs": "nn.RotaryEmbedding",
    "setitem": "x[...] = y",
    "silu_pull": DERIVATIVES,
    "sinc_derivative": DERIVATIVES,
    "softmax_minus_one_hot": DERIVATIVES,
    "softmax_minus_target": DERIVATIVES,
    "solve_triangular": IN_NUMPY.replace("NumPy", "PyTorch"),
    "sum_of_products": DERIVATIVES,
    "take_along_axis": IN_NUMPY,
    "take_winners": DERIVATIVES,
    "weighted_differences": DERIVATIVES,
    "weighted_slopes": DERIVATIVES,
    "window_sums": "the sums inside avg_pool and lp_pool",
}


def is_public(name: str) -> bool:
    return any(hasattr(place, name) for place in (mg, F, Tensor, mg.special)) or name in FAMILIES


def test_every_operation_goes_by_a_public_name_or_has_a_reason() -> None:
    nameless = {name for name in SAMPLES if not is_public(REGISTRY[name].shown)}
    assert nameless == set(REASONS)


def test_operations_that_only_derivatives_use_keep_their_names() -> None:
    assert all(REGISTRY[name].shown == name for name, reason in REASONS.items() if reason == DERIVATIVES)


def test_families_are_public() -> None:
    assert all(hasattr(F, name) for names in FAMILIES.values() for name in names)


def leaf(*shape: int) -> Tensor:
    return Tensor(np.ones(shape, np.float32), requires_grad=True)


@pytest.mark.parametrize(
    ("compute", "shown"),
    [
        (lambda: F.cross_entropy(leaf(2, 3), [0, 1], reduction="none"), "cross_entropy"),
        (lambda: F.dropout(leaf(4)), "dropout"),
        (lambda: F.dropout2d(leaf(1, 2, 3, 3)), "dropout"),
        (lambda: F.layer_norm(leaf(2, 3), (3,)), "layer_norm"),
        (lambda: F.max_pool2d(leaf(1, 1, 4, 4), 2), "max_pool"),
        (lambda: F.conv2d(leaf(1, 1, 4, 4), leaf(1, 1, 3, 3)), "conv"),
        (lambda: F.conv_transpose2d(leaf(1, 1, 4, 4), leaf(1, 1, 3, 3)), "conv_transpose"),
        (lambda: F.embedding(np.array([0, 1]), leaf(3, 2)), "embedding"),
        (lambda: F.gelu(leaf(3), approximate="tanh"), "gelu"),
        (lambda: F.scaled_dot_product_attention(*[leaf(1, 3, 2)] * 3), "scaled_dot_product_attention"),
    ],
)
def test_a_tensor_says_which_public_function_made_it(compute, shown) -> None:
    out = compute()
    assert f"op={shown})" in repr(out)
    assert out._node.shown == shown and out._node.name in REGISTRY


def test_errors_speak_of_public_functions() -> None:
    weight = leaf(3, 2)
    rows = F.embedding(np.array([0, 1]), weight)
    loss = rows.mean()
    loss.backward()
    with pytest.raises(RuntimeError, match="the graph through mean was"):
        loss.backward()
    with pytest.raises(RuntimeError, match="output of embedding"):
        rows._copy()
    with pytest.raises(RuntimeError, match="the graph through cross_entropy was"):
        parts = F.cross_entropy(leaf(2, 3), [0, 1], reduction="none")
        parts.sum().backward()
        parts.sum().backward()


def test_findings_speak_of_public_functions() -> None:
    (finding,) = lint(F.cross_entropy(leaf(2, 3).softmax(dim=1), [0, 1])).findings
    assert "_of_labels" not in str(finding)


def test_dropout_in_training_is_what_multiplying_by_its_mask_is() -> None:
    x = leaf(50, 4)
    mg.manual_seed(3)
    out = F.dropout(x, 0.25)
    out.sum().backward()
    kept = out.detach().numpy() > 0
    assert 0 < kept.mean() < 1
    np.testing.assert_array_equal(x.grad.numpy(), np.where(kept, np.float32(1 / 0.75), np.float32(0)))
