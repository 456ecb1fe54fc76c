"""Limits on gradients: PyTorch's numbers, extremes without overflow, and refusals that change nothing."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")
import minigrad  # noqa: E402
from minigrad import Parameter, Tensor, nn  # noqa: E402
from minigrad.nn.utils import clip_grad_norm_  # noqa: E402
from tests.nn.utils.test_clip_grad import parameters  # noqa: E402


@pytest.mark.parametrize(("p", "max_norm"), [*itertools.product([1, 2, 2.0, 3.5, 0.5, math.inf], [0.0, 0.1, 3.0, 1e6])])
def test_norms_and_clipped_gradients_are_pytorchs(p: float, max_norm: float) -> None:
    ours = parameters()
    theirs = [torch.nn.Parameter(torch.zeros(q.shape, dtype=torch.float64)) for q in ours]
    for a, b in zip(ours, theirs, strict=True):
        b.grad = None if a.grad is None else torch.tensor(a.grad.numpy())
    kept = [i for i, q in enumerate(ours) if q.grad is not None and (p != math.inf or q.grad.numel())]
    expected = torch.nn.utils.clip_grad_norm_([theirs[i] for i in kept], max_norm, p)
    assert clip_grad_norm_(ours, max_norm, p).item() == pytest.approx(expected.item(), rel=1e-12)
    for a, b in zip(ours, theirs, strict=True):
        if a.grad is not None:
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-12)


def pair(dtypes: list[str], missing: bool = True, scale: float = 1.0) -> tuple[list[Parameter], list[torch.Tensor]]:
    """Parameters of both libraries, the same gradients, one of them without."""
    rng = np.random.default_rng(1)
    mine, theirs = [], []
    for number, (dtype, shape) in enumerate(zip(dtypes, [(3, 4), (), (5,), (2, 1)], strict=False)):
        gradient = np.asarray(scale * rng.standard_normal(shape)).astype(dtype)
        mine.append(Parameter(np.zeros(shape, dtype)))
        theirs.append(torch.nn.Parameter(torch.tensor(np.zeros(shape, dtype))))
        if number != 1 or not missing:
            mine[-1].grad, theirs[-1].grad = Tensor(gradient), torch.tensor(gradient)
    return mine, theirs


def same(mine: list[Parameter], theirs: list[torch.Tensor], rtol: float) -> None:
    for a, b in zip(mine, theirs, strict=True):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            assert str(a.grad.dtype) == str(b.grad.dtype).removeprefix("torch.")
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=rtol)


DTYPES = [
    (["float64"] * 4, 1e-12), (["float32"] * 4, 1e-5), (["float32", "float64", "float32", "float64"], 1e-5),
    (["float16", "float32", "float16", "float16"], 2e-3),
]  # fmt: skip


@pytest.mark.parametrize(("dtypes", "rtol"), DTYPES)
@pytest.mark.parametrize("p", [0.5, 1, 2.0, 3, math.inf])
@pytest.mark.parametrize("foreach", [None, True, False])
@pytest.mark.parametrize("given", [list, iter, lambda some: (one for one in some), lambda some: some[0]])
def test_every_way_to_limit_a_norm(dtypes, rtol, p, foreach, given) -> None:
    for max_norm in (0.0, 0.3, 1e5):
        mine, theirs = pair(dtypes)
        norms = [
            library.nn.utils.clip_grad_norm_(given(some), max_norm, p, False, foreach)
            for library, some in ((minigrad, mine), (torch, theirs))
        ]
        assert str(norms[0].dtype) == str(norms[1].dtype).removeprefix("torch.")
        np.testing.assert_allclose(norms[0].numpy(), norms[1].numpy(), rtol=rtol)
        same(mine, theirs, rtol)


@pytest.mark.parametrize(("dtypes", "rtol"), DTYPES)
def test_a_known_norm_and_values(dtypes, rtol) -> None:
    for known in (0.01, 7.0):
        mine, theirs = pair(dtypes)
        nn.utils.clip_grads_with_norm_(mine, 1.5, Tensor(known))
        torch.nn.utils.clip_grads_with_norm_(theirs, 1.5, torch.tensor(known, dtype=torch.float64))
        same(mine, theirs, rtol)
    mine, theirs = pair(dtypes)
    nn.utils.clip_grad_value_(mine, 0.4, foreach=True)
    torch.nn.utils.clip_grad_value_(theirs, 0.4, foreach=True)
    same(mine, theirs, 0)
    gradients = [[q.grad for q in some if q.grad is not None] for some in (mine, theirs)]
    mine_norm, theirs_norm = nn.utils.get_total_norm(gradients[0], 3), torch.nn.utils.get_total_norm(gradients[1], 3)
    np.testing.assert_allclose(mine_norm.numpy(), theirs_norm.numpy(), rtol=rtol)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_if_asked_for(bad: float) -> None:
    mine, theirs = pair(["float64"] * 4)
    mine[2].grad[0] = bad
    theirs[2].grad[0] = bad
    norm = nn.utils.clip_grad_norm_(mine, 1.0, error_if_nonfinite=False)
    np.testing.assert_equal(norm.item(), torch.nn.utils.clip_grad_norm_(theirs, 1.0).item())
    same(mine, theirs, 1e-12)


def test_vectors_of_parameters() -> None:
    rng = np.random.default_rng(2)
    arrays = [rng.standard_normal(shape) for shape in [(3, 4), (), (0,), (5, 1)]]
    mine, theirs = [Parameter(a.copy()) for a in arrays], [torch.nn.Parameter(torch.tensor(a)) for a in arrays]
    a, b = nn.utils.parameters_to_vector(iter(mine)), torch.nn.utils.parameters_to_vector(iter(theirs))
    assert np.array_equal(a.detach().numpy(), b.detach().numpy())
    (a * a).sum().backward()
    (b * b).sum().backward()
    for p, q in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy())
    nn.utils.vector_to_parameters(a * 2, iter(mine))
    torch.nn.utils.vector_to_parameters(b * 2, iter(theirs))
    for p, q in zip(mine, theirs, strict=True):
        assert np.array_equal(p.detach().numpy(), q.detach().numpy())
