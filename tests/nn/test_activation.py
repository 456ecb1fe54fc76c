import numpy as np
import pytest

from minigrad import Tensor, nn
from minigrad.nn import functional as F

X = np.array([[-2.0, 0.0, 0.5], [3.0, 3.0, -1000.0]])
MODULES = {
    "relu": (nn.ReLU(), lambda x: F.relu(x), "ReLU()"),
    "tanh": (nn.Tanh(), lambda x: F.tanh(x), "Tanh()"),
    "sigmoid": (nn.Sigmoid(), lambda x: F.sigmoid(x), "Sigmoid()"),
    "softmax": (nn.Softmax(dim=1), lambda x: F.softmax(x, dim=1), "Softmax(dim=1)"),
    "log_softmax": (nn.LogSoftmax(dim=0), lambda x: F.log_softmax(x, 0), "LogSoftmax(dim=0)"),
}


@pytest.mark.parametrize("name", MODULES)
def test_module_and_function_agree_with_pytorch(name):
    torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")
    module, function, shown = MODULES[name]
    dim = {"dim": module.dim} if hasattr(module, "dim") else {}
    x, their_x = Tensor(X, requires_grad=True), torch.tensor(X, requires_grad=True)
    out, expected = module(x), getattr(torch, name)(their_x, **dim)
    np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), rtol=1e-12)
    np.testing.assert_array_equal(function(X), out.detach().numpy())
    out.backward(gradient=np.arange(6.0).reshape(2, 3))
    expected.backward(torch.arange(6.0, dtype=torch.float64).reshape(2, 3))
    np.testing.assert_allclose(x.grad.numpy(), their_x.grad.numpy(), rtol=1e-12, atol=1e-15)
    assert repr(module) == shown and list(module.parameters()) == []


def test_softmax_has_no_default_dimension():
    with pytest.raises(TypeError, match="dim"):
        nn.Softmax()
