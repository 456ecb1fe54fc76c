"""Averages of weights: PyTorch's numbers for every way to average, batch statistics, and the rates of SWALR."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import minigrad as mg

torch = pytest.importorskip("torch", reason="parity with PyTorch needs it: pip install torch==2.13.0")
import minigrad.optim.swa_utils as ours  # noqa: E402

theirs = torch.optim.swa_utils


def models(dtype: str = "float64") -> tuple[Any, Any]:
    """The same network in both libraries, with batch normalisation and two dtypes."""
    made = []
    for library in (mg, torch):
        nn = library.nn
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
        model = model.double() if dtype == "float64" else model
        made.append(model)
    made[0].load_state_dict({name: value.numpy() for name, value in made[1].state_dict().items()})
    return made[0], made[1]


def states_agree(mine: Any, other: Any, rtol: float) -> None:
    a, b = mine.state_dict(), other.state_dict()
    assert list(a) == list(b)
    for name in a:
        assert str(a[name].dtype) == str(b[name].dtype).removeprefix("torch.")
        np.testing.assert_allclose(a[name].numpy(), b[name].numpy(), rtol=rtol, atol=1e-7 if rtol > 1e-9 else 1e-14)


def halfway(averages: Any, current: Any, n: Any) -> None:
    for average, new in zip(averages, current, strict=True):
        average.mul_(0.5).add_(0.5 * new)


WAYS = {
    "mean": lambda library: {},
    "ema": lambda library: {"avg_fn": library.get_ema_avg_fn(0.9)},
    "many ema": lambda library: {"multi_avg_fn": library.get_ema_multi_avg_fn(0.7)},
    "swa": lambda library: {"avg_fn": library.get_swa_avg_fn()},
    "many swa": lambda library: {"multi_avg_fn": library.get_swa_multi_avg_fn()},
    "own": lambda library: {"avg_fn": lambda average, current, n: (average * n + 2 * current) / (n + 2)},
    "own in place": lambda library: {"multi_avg_fn": halfway},
}
# With buffers: PyTorch cannot divide counts of batches, and neither can multiply them by a half in place.
ONLY_PARAMETERS = ("many swa", "own in place")
CASES = [(way, use_buffers) for way in WAYS for use_buffers in (False, True)]
CASES = [(way, use_buffers) for way, use_buffers in CASES if not (use_buffers and way in ONLY_PARAMETERS)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("way", "use_buffers"), CASES)
def test_averages(way: str, use_buffers: bool, dtype: str) -> None:
    rng = np.random.default_rng(0)
    pair = models(dtype)
    averages = [
        library.AveragedModel(model, use_buffers=use_buffers, **WAYS[way](library))
        for library, model in zip((ours, theirs), pair, strict=True)
    ]
    states_agree(*averages, 0)
    x = rng.standard_normal((5, 8, 3)).astype(dtype)
    for step in range(5):
        for library, model, average in zip((mg, torch), pair, averages, strict=True):
            model(library.tensor(x[step]))
            with library.no_grad():
                for number, parameter in enumerate(model.parameters()):
                    parameter.mul_(0.9).add_(0.1 * (number + step))
            average.update_parameters(model)
        exact = dtype == "float64" and way != "many swa"  # for which PyTorch rounds 1 / n to single precision
        states_agree(*averages, 1e-12 if exact else 1e-5)
    found = [average.eval()(library.tensor(x[0])) for library, average in zip((mg, torch), averages, strict=True)]
    np.testing.assert_allclose(found[0].detach().numpy(), found[1].detach().numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x, 1], lambda x: (x,)])
def test_batch_statistics(wrap: Any) -> None:
    rng = np.random.default_rng(0)
    pair = models()
    x = rng.standard_normal((4, 8, 3))
    for library, utils, model in zip((mg, torch), (ours, theirs), pair, strict=True):
        model(library.tensor(x[0]) * 5)
        model.eval()
        utils.update_bn([wrap(library.tensor(batch)) for batch in x], model)
        assert not model.training
        assert model[1].momentum == 0.1
    states_agree(*pair, 1e-12)
    for utils, library in ((ours, mg), (theirs, torch)):
        utils.update_bn(iter(()), library.nn.Linear(2, 2))


@pytest.mark.parametrize("resumed", [False, True])
def test_rates(resumed: bool) -> None:
    for swa_lr, epochs, strategy in itertools.product([0.05, [0.01, 0.5]], [0, 1, 10, 150, 300], ["cos", "linear"]):
        found = []
        for library, utils in ((mg, ours), (torch, theirs)):
            weights = [library.tensor([1.0], requires_grad=True) for _ in range(2)]
            for weight in weights:
                (weight * weight).sum().backward()
            optimizer = library.optim.SGD([{"params": [weights[0]]}, {"params": [weights[1]], "lr": 0.3}], lr=0.1)
            decay = library.optim.lr_scheduler.ExponentialLR(optimizer, 0.99)
            scheduler = utils.SWALR(optimizer, swa_lr, epochs, strategy)
            optimizer.step()
            rows = []
            for step in range(200):
                if step < 3:
                    decay.step()  # both act on the rate
                if resumed and step == 20:
                    state = scheduler.state_dict()
                    saved = [dict(group) for group in optimizer.param_groups]
                    scheduler = utils.SWALR(optimizer, swa_lr, epochs, strategy)
                    scheduler.load_state_dict(state)
                    for group, old in zip(optimizer.param_groups, saved, strict=True):
                        group.update(old)
                scheduler.step()
                rows.append(scheduler.get_last_lr())
            found.append(rows)
        np.testing.assert_allclose(found[0], found[1], rtol=1e-11, atol=1e-14)
