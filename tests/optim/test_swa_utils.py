"""Averages of weights: errors change nothing, EMA swaps and gives back, and its state goes on."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.optim.swa_utils import (
    EMA,
    SWALR,
    AveragedModel,
    get_ema_avg_fn,
    get_ema_multi_avg_fn,
    get_swa_avg_fn,
    get_swa_multi_avg_fn,
    update_bn,
)


def model(dtype: str = "float32") -> nn.Module:
    made = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(made.weight)
    return made.half() if dtype == "float16" else made


def set_to(made: nn.Module, value: float) -> None:
    nn.init.constant_(made.weight, value)


# --- EMA --------------------------------------------------------------------------------------------------------------
def test_an_exponential_average() -> None:
    made = model()
    ema, expected = EMA(made, decay=0.9), 0.0
    for value in (1.0, 5.0, -2.0):
        set_to(made, value)
        ema.update()
        expected = 0.9 * expected + 0.1 * value
    with ema.applied():
        assert made.weight.item() == pytest.approx(expected)
    assert made.weight.item() == -2.0
    ema.copy_to()
    assert made.weight.item() == pytest.approx(expected)
    assert "decay=0.9, 3 updates" in repr(ema)


def test_a_warm_up_of_the_decay() -> None:
    made = model()
    ema = EMA(made, decay=0.5, warmup=True)
    set_to(made, 1.0)
    expected = 0.0
    for n in range(12):
        ema.update()
        kept = min(0.5, (1 + n) / (10 + n))
        expected = kept * expected + 1 - kept
    with ema.applied():
        assert made.weight.item() == pytest.approx(expected)


def test_half_precision_is_averaged_in_more() -> None:
    made = model("float16")
    set_to(made, 1.0)
    ema = EMA(made, decay=0.9999)
    set_to(made, 2.0)
    for _ in range(20):  # each adds 1e-4, which half precision has not beside 1
        ema.update()
    assert ema.state_dict()["averages"]["weight"].item() == pytest.approx(2 - 0.9999**20, rel=1e-5)
    with ema.applied():
        assert made.weight.dtype == np.float16


def test_training_goes_on_as_if_nothing_had_been_swapped() -> None:
    def train(with_averages: bool) -> np.ndarray:
        mg.manual_seed(0)
        made = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        optimizer, ema = optim.Adam(made.parameters(), lr=0.1), EMA(made, 0.9)
        x = mg.randn(8, 3)
        for _ in range(5):
            optimizer.zero_grad()
            (made(x) ** 2).mean().backward()
            optimizer.step()
            ema.update()
            if with_averages:
                with ema.applied(), mg.no_grad():
                    made(x)
        return nn.utils.parameters_to_vector(made.parameters()).detach().numpy()

    assert train(True).tobytes() == train(False).tobytes()


def test_an_error_within_gives_the_weights_back() -> None:
    made = model()
    ema = EMA(made, 0.5)
    set_to(made, 1.0)
    with pytest.raises(KeyError), ema.applied():
        raise KeyError
    assert made.weight.item() == 1.0
    with ema.applied():
        with pytest.raises(RuntimeError, match="would take averages for weights; leave it first"):
            ema.update()
        with pytest.raises(RuntimeError), ema.applied():
            pass
        assert made.weight.item() == 0.0
    assert made.weight.item() == 1.0


def test_a_state_goes_on() -> None:
    made = model()
    ema = EMA(made, 0.5, warmup=True)
    set_to(made, 1.0)
    ema.update()
    state = ema.state_dict()
    other = EMA(made, 0.9, warmup=True)
    other.load_state_dict(state)
    for one in (ema, other):
        one.update()
    assert state["averages"]["weight"].item() == pytest.approx(0.9)  # the state is a copy
    assert ema.state_dict()["averages"]["weight"].tolist() == other.state_dict()["averages"]["weight"].tolist()
    assert (other.decay, other.updates) == (0.5, 2)


def average(made: Any) -> Any:
    return EMA(made)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: EMA([mg.tensor([1.0])]), TypeError, "EMA takes a Module, got list"),
        (lambda: EMA(nn.ReLU()), ValueError, "ReLU has no Parameters to average"),
        (lambda: EMA(model(), 1.5), ValueError, "between 0 and 1; got 1.5"),
        (lambda: EMA(model(), math.nan), ValueError, "between 0 and 1; got nan"),
        (lambda: EMA(model()).load_state_dict({"weight": 1}), TypeError, "decay, updates and averages"),
        (
            lambda: EMA(model()).load_state_dict(EMA(nn.Linear(1, 1)).state_dict()),
            ValueError,
            r"another model: \['bias'\] are in one",
        ),
        (
            lambda: EMA(model()).load_state_dict(EMA(nn.Linear(2, 1, bias=False)).state_dict()),
            ValueError,
            r"weight has shape \(1, 2\) in the state, \(1, 1\) here",
        ),
        (lambda: get_ema_avg_fn(2.0), ValueError, "between 0 and 1; got 2.0"),
        (lambda: get_ema_multi_avg_fn(-1.0), ValueError, "between 0 and 1; got -1.0"),
        (lambda: AveragedModel(model(), avg_fn=max, multi_avg_fn=max), AssertionError, "leave one out"),
        (lambda: AveragedModel(model()).update_parameters(nn.Linear(1, 1)), ValueError, "the model has 2 Parameters"),
        (lambda: AveragedModel(model()).update_parameters(nn.Linear(2, 1, bias=False)), ValueError, "shapes differ"),
        (lambda: SWALR(3, 0.1), TypeError, "SWALR takes an optimizer, got int"),
        (lambda: SWALR(optim.SGD(model().parameters()), 0.1, -1), ValueError, "anneal_epochs must be an integer"),
        (lambda: SWALR(optim.SGD(model().parameters()), 0.1, 3, "x"), ValueError, "'cos' or 'linear', got 'x'"),
        (lambda: SWALR(optim.SGD(model().parameters()), [0.1, 0.2]), ValueError, "swa_lr must be one number"),
    ],
)
def test_errors(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


# --- averaged models --------------------------------------------------------------------------------------------------
def test_an_averaged_model_is_one_of_its_own() -> None:
    made = model()
    averaged = AveragedModel(made, device="cpu")
    set_to(made, 1.0)
    averaged.update_parameters(made)
    set_to(made, 3.0)
    assert averaged.module.weight.item() == 1.0
    averaged.update_parameters(made)
    assert (averaged.module.weight.item(), averaged.n_averaged.item()) == (2.0, 2)
    assert averaged.module.weight.detach().numpy() is not made.weight.detach().numpy()


@pytest.mark.parametrize("use_buffers", [False, True])
def test_the_mean_of_lists_is_the_mean(use_buffers: bool) -> None:
    """In double precision, with counts of batches among the buffers; PyTorch rounds to single, and refuses counts."""
    made = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).double()
    ways = [{}, {"multi_avg_fn": get_swa_multi_avg_fn()}, {"avg_fn": get_swa_avg_fn()}]
    averages = [AveragedModel(made, use_buffers=use_buffers, **way) for way in ways]
    seen = []
    for step in range(7):
        made(mg.rand(4, 2, dtype=mg.float64) * step)
        with mg.no_grad():
            made[0].weight.add_(mg.rand(3, 2, dtype=mg.float64))
        seen.append((made[0].weight.tolist(), made[1].running_mean.tolist(), made[1].num_batches_tracked.item()))
        for averaged in averages:
            averaged.update_parameters(made)
    for averaged in averages:
        np.testing.assert_allclose(averaged.module[0].weight.tolist(), np.mean([w for w, _, _ in seen], 0), rtol=1e-13)
        mean = np.mean([m for _, m, _ in seen], 0) if use_buffers else seen[-1][1]
        np.testing.assert_allclose(averaged.module[1].running_mean.tolist(), mean, rtol=1e-13)


def test_statistics_are_given_back_after_an_error() -> None:
    layer = nn.BatchNorm1d(2)
    layer.eval()
    with pytest.raises(ValueError, match="3 channels|takes 2 channels"):
        update_bn([mg.ones(4, 3)], layer)
    assert (layer.momentum, layer.training) == (0.1, False)


def test_signatures_are_pytorchs() -> None:
    theirs = pytest.importorskip("torch", reason="parity with PyTorch needs torch").optim.swa_utils
    for name in theirs.__all__:
        mine, other = (inspect.signature(getattr(place, name)) for place in (optim.swa_utils, theirs))
        assert [(p.name, p.default) for p in mine.parameters.values()] == [
            (p.name, p.default) for p in other.parameters.values()
        ]
