import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")
from minigrad import Tensor  # noqa: E402
from minigrad.nn import init  # noqa: E402


@pytest.mark.parametrize("shape", [(3, 2), (5, 4, 3), (2, 3, 4, 5)])
def test_fans_are_pytorchs(shape):
    expected = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
    assert init.fan_in_and_fan_out(Tensor(np.empty(shape))) == expected


def test_gains_are_pytorchs():
    names = ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
             "sigmoid", "tanh", "relu", "selu", "leaky_relu"]  # fmt: skip
    for name in names:
        assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
        assert init.calculate_gain(name, 0.5) == torch.nn.init.calculate_gain(name, 0.5)
    assert init.calculate_gain("leaky_relu", 0) == math.sqrt(2)
