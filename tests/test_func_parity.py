"""Transforms: gradients, products, Jacobians and Hessians of functions of arrays, trees and Modules."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")
import minigrad as mg  # noqa: E402
from minigrad import func  # noqa: E402
from tests.test_func import X  # noqa: E402


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch's own
def test_agreement_with_pytorch() -> None:
    ours = func.hessian(lambda x: mg.logsumexp(mg.sin(x) * x, 0))(X).numpy()
    theirs = torch.func.hessian(lambda x: torch.logsumexp(torch.sin(x) * x, 0))(torch.tensor(X)).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
