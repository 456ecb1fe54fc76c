"""lint: every pattern, and what looks like one and is none."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.debug import lint
from minigrad.nn import functional as F

LABELS = Tensor([0, 1, 2, 0])


def logits():
    return mg.randn(4, 3, requires_grad=True)


def column():
    return mg.randn(4, 1, requires_grad=True)


BROKEN = {
    "softmax before cross-entropy": ("double-softmax", lambda: F.cross_entropy(logits().softmax(1), LABELS)),
    "softmax, transposed": (
        "double-softmax",
        lambda: F.cross_entropy(
            mg.randn(4, 5, 3, requires_grad=True).softmax(2).transpose(1, 2), mg.zeros(4, 5).long()
        ),
    ),
    "softmax, target probabilities": (
        "double-softmax",
        lambda: F.cross_entropy(logits().softmax(1), F.one_hot(LABELS, 3).float()),
    ),
    "sigmoid before its logits form": (
        "double-sigmoid",
        lambda: F.binary_cross_entropy_with_logits(logits().sigmoid(), mg.ones(4, 3)),
    ),
    "softmax before nll_loss": ("expects-log-probabilities", lambda: F.nll_loss(logits().softmax(1), LABELS)),
    "log of softmax": ("overflow-risk", lambda: -logits().softmax(1).log().mean()),
    "log of sigmoid": ("overflow-risk", lambda: -logits().sigmoid().log().mean()),
    "log of sum of exp": ("overflow-risk", lambda: logits().exp().sum(1).log().mean()),
    "softmax by hand": ("overflow-risk", lambda: (lambda e: (e / e.sum(1, keepdim=True)).log().mean())(logits().exp())),
    "two linear layers": ("no-nonlinearity", lambda: nn.Sequential(nn.Linear(3, 8), nn.Linear(8, 2))(logits()).sum()),
    "(N, 1) against (N,)": ("target-broadcast", lambda: ((column() - Tensor(np.ones(4, "f"))) ** 2).mean()),
    "(N, 1) against (N,), absolute": ("target-broadcast", lambda: (column() - Tensor(np.ones(4, "f"))).abs().mean()),
    "(N,) against (N, 1)": ("target-broadcast", lambda: (column().squeeze(1) - mg.ones(4, 1)).square().mean()),
    "rounded": ("nondifferentiable-op", lambda: (logits().round() - 1).square().mean()),
    "sign": ("nondifferentiable-op", lambda: (logits().sign() * 2).sum()),
}
HEALTHY = {
    "logits": lambda: F.cross_entropy(logits(), LABELS),
    "log-softmax is its own logarithm": lambda: F.cross_entropy(logits().log_softmax(1), LABELS),
    "nll of log-softmax": lambda: F.nll_loss(logits().log_softmax(1), LABELS),
    "softmax of attention, then logits": lambda: F.cross_entropy(logits().softmax(1) @ mg.randn(3, 3), LABELS),
    "binary logits": lambda: F.binary_cross_entropy_with_logits(logits(), mg.ones(4, 3)),
    "binary probabilities": lambda: F.binary_cross_entropy(logits().sigmoid(), mg.ones(4, 3)),
    "logsumexp": lambda: logits().logsumexp(1).mean(),
    "low-rank factors": lambda: nn.Sequential(nn.Linear(3, 1), nn.Linear(1, 5))(logits()).sum(),
    "a ReLU between": lambda: nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))(logits()).sum(),
    "equal shapes": lambda: ((column() - mg.ones(4, 1)) ** 2).mean(),
    "all pairs of points": lambda: (lambda x: ((x - x.reshape(1, 4)) ** 2).mean())(column()),
    "all pairs, not reduced": lambda: ((column() - Tensor(np.ones(4, "f"))) ** 2).sum(1).max(),
    "straight through": lambda: (lambda x: (x + (x.round() - x).detach()).square().sum())(logits()),
    "a fraction": lambda: (lambda x: (x - x.floor()).sum())(logits()),
    "an expected reward": lambda: -(logits().softmax(1) * mg.randn(4, 3)).sum(),
    "transformer": lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)(mg.randn(2, 5, 8)).sum(),
    "LSTM": lambda: nn.LSTM(3, 4)(mg.randn(5, 2, 3))[0].sum(),
    "CNN with norm": lambda: (
        nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 10)
        )(mg.randn(4, 1, 8, 8))
        .logsumexp(1)
        .mean()
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_mistakes(name):
    code, make = BROKEN[name]
    report = lint(make())
    assert report.codes == [code], str(report)
    assert all(len(str(finding).splitlines()) <= 9 for finding in report.findings)


@pytest.mark.parametrize("name", HEALTHY)
def test_no_false_alarms(name):
    assert lint(HEALTHY[name]()).codes == []


def test_parameters_that_the_loss_does_not_depend_on():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    report = lint(model[0](mg.randn(2, 3)).sum(), model)
    assert report.codes == ["parameter-unreachable"] and report.findings[0].where == "1.weight, 1.bias"
    assert report.findings[0].severity == "warning"
    model[1].requires_grad_(False)
    assert lint(model[0](mg.randn(2, 3)).sum(), model).ok


def test_overwritten_values():
    model = nn.Linear(3, 3)
    loss = (model(mg.randn(2, 3).requires_grad_()) ** 2).sum()
    assert lint(loss).ok
    with mg.no_grad():
        model.weight += 1
    assert lint(loss).codes == ["in-place-damage"]


def test_what_it_cannot_look_at():
    with pytest.raises(TypeError, match="got float"):
        lint(1.0)
    with pytest.raises(RuntimeError, match="no graph"):
        lint(Tensor(1.0))


def test_it_changes_nothing():
    x = logits()
    loss = F.cross_entropy(x.softmax(1), LABELS)
    lint(loss)
    loss.backward()
    assert x.grad is not None
    assert lint(loss).codes == ["double-softmax"]  # after backward too
