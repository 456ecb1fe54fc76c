"""Initialisers beyond independent uniform and normal values, exact gains, and every distribution beside PyTorch's."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")
import minigrad  # noqa: E402
from minigrad import Tensor, nn  # noqa: E402
from minigrad.nn import init  # noqa: E402
from tests.nn.init.test_structured import filled  # noqa: E402

DENSE, CONV, GROUPED = (300, 200), (64, 32, 5, 5), (96, 8, 3, 3)  # the last: 8 of 64 channels in each of 8 groups
SHAPES = [DENSE, CONV, GROUPED]
# --- beside PyTorch ---------------------------------------------------------------------------------------------------
CALLS = {
    "uniform_": (-0.3, 0.7),
    "normal_": (0.2, 0.5),
    "trunc_normal_": (0.1, 0.5, -0.4, 1.0),
    "xavier_uniform_": (1.5,),
    "xavier_normal_": (1.5,),
    "kaiming_uniform_": (0.2,),
    "kaiming_normal_": (0.2, "fan_out"),
    "orthogonal_": (1.3,),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", CALLS)
def test_distributions_are_pytorchs(name, shape):
    torch.manual_seed(0)
    theirs = getattr(torch.nn.init, name)(torch.empty(shape, dtype=torch.float64), *CALLS[name]).numpy()
    ours = filled(getattr(init, name), shape, *CALLS[name])
    same_distribution(ours, theirs)


def same_distribution(ours, theirs):
    """Means, variances and extremes of two samples agree within five standard errors of their difference."""
    n = ours.size
    assert abs(ours.mean() - theirs.mean()) < 5 * theirs.std() * math.sqrt(2 / n)
    kurtosis = ((theirs - theirs.mean()) ** 4).mean() / theirs.var() ** 2
    assert abs(ours.var() / theirs.var() - 1) < 5 * math.sqrt(2 * (kurtosis - 1) / n)
    if kurtosis < 2.0:  # uniform: bounds are sharp
        for extreme in (np.min, np.max):
            assert abs(extreme(ours) - extreme(theirs)) < 20 * (theirs.max() - theirs.min()) / n


@pytest.mark.parametrize("shape", [(4, 3, 3), (6, 2, 3, 5), (4, 4, 2, 3, 2)])
@pytest.mark.parametrize("groups", [1, 2])
def test_dirac_is_pytorchs(shape, groups):
    expected = torch.nn.init.dirac_(torch.empty(shape), groups).numpy()
    np.testing.assert_array_equal(init.dirac_(Tensor(np.empty(shape)), groups).numpy(), expected)


def test_signatures_are_pytorchs():
    for name in [*CALLS, "eye_", "dirac_", "sparse_", "zeros_", "ones_", "constant_", "calculate_gain"]:
        ours, theirs = (inspect.signature(getattr(m, name)).parameters for m in (init, torch.nn.init))
        assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()], name


# Layers by name, with arguments that give their Parameters enough elements to compare.
LAYERS = {
    "Linear": (300, 200),
    "Bilinear": (40, 30, 20),
    "Conv1d": (32, 64, 5),
    "Conv2d": (32, 64, 3),
    "Conv2d grouped": (64, 96, 3, 1, 0, 1, 8),
    "ConvTranspose1d": (32, 64, 5),
    "ConvTranspose2d": (32, 64, 3),
    "Embedding": (300, 64),
    "EmbeddingBag": (300, 64),
    "RNN": (50, 60),
    "LSTM": (50, 60),
    "GRU": (50, 60),
    "RNNCell": (50, 60),
    "LSTMCell": (50, 60),
    "GRUCell": (50, 60),
    "MultiheadAttention": (64, 4),
    "LayerNorm": (64,),
    "BatchNorm2d": (64,),
    "PReLU": (64,),
}


@pytest.mark.parametrize("name", LAYERS)
def test_default_values_of_layers_are_distributed_as_pytorchs(name):
    kind = name.split()[0]
    minigrad.manual_seed(0)
    torch.manual_seed(0)
    ours = [dict(getattr(nn, kind)(*LAYERS[name]).named_parameters()) for _ in range(5)]
    theirs = [dict(getattr(torch.nn, kind)(*LAYERS[name]).named_parameters()) for _ in range(5)]
    for key in theirs[0]:
        mine = np.concatenate([state[key].detach().numpy().ravel() for state in ours])
        other = np.concatenate([state[key].detach().numpy().ravel() for state in theirs])
        if other.std() == 0:
            np.testing.assert_array_equal(mine, other)
        else:
            same_distribution(mine.astype(float), other.astype(float))
