"""Limits on gradients: PyTorch's numbers, extremes without overflow, and refusals that change nothing."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")
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
