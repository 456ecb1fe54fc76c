from __future__ import annotations

import inspect

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")
import minigrad  # noqa: E402
from minigrad import Tensor, nn  # noqa: E402
from minigrad.nn import functional as F  # noqa: E402
from tests.nn.test_dropout import FUNCTIONS  # noqa: E402


def test_names_and_defaults_are_pytorchs():

    def parameters(f):
        return [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]

    for name, function in FUNCTIONS.items():
        assert parameters(getattr(nn, name)) == parameters(getattr(torch.nn, name))
        assert repr(getattr(nn, name)(0.3, True)) == repr(getattr(torch.nn, name)(0.3, True))
        assert parameters(function) == parameters(getattr(torch.nn.functional, function.__name__))


@pytest.mark.parametrize("p", [0.2, 0.7])
def test_alpha_dropouts_two_values_are_pytorchs(p):
    """What 1 becomes when it is kept, and when it is dropped."""
    torch.manual_seed(0)
    theirs = np.unique(torch.nn.functional.alpha_dropout(torch.ones(500, dtype=torch.float64), p, True).numpy())
    minigrad.manual_seed(0)
    ours = np.unique(F.alpha_dropout(Tensor(np.ones(500)), p, True).numpy())
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
