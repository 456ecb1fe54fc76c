import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")
from minigrad import Tensor, autograd, nn  # noqa: E402


def test_parity_with_pytorch_up_to_second_order():
    for shape in [(3,), (4, 3), (2, 4, 3)]:
        theirs = torch.nn.Linear(3, 2, dtype=torch.float64)
        ours = nn.Linear(3, 2, dtype=np.float64)
        ours.load_state_dict(theirs.state_dict())
        values = np.random.default_rng(1).standard_normal(shape)
        x, their_x = Tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
        first = autograd.grad((ours(x) ** 3).sum(), [x, *ours.parameters()], create_graph=True)
        their_first = torch.autograd.grad(
            (theirs(their_x) ** 3).sum(), [their_x, *theirs.parameters()], create_graph=True
        )
        second = autograd.grad(sum((g**2).sum() for g in first), [x, *ours.parameters()])
        their_second = torch.autograd.grad(sum((g**2).sum() for g in their_first), [their_x, *theirs.parameters()])
        for a, b in zip([*first, *second], [*their_first, *their_second], strict=True):
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10)


def test_state_keys_are_pytorchs():

    def net(library, module):
        class Net(module):
            def __init__(self):
                super().__init__()
                self.body = library.Sequential(library.Linear(2, 3), library.ReLU(), library.Linear(3, 3, bias=False))
                self.head = library.Linear(3, 1)

        return Net()

    theirs, ours = net(torch.nn, torch.nn.Module), net(nn, nn.Module)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert [n for n, _ in ours.named_modules()] == [n for n, _ in theirs.named_modules()]
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        assert (ours.state_dict()[name].numpy() == value.numpy()).all()
