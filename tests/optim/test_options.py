"""Options that are changed between steps, options in the wrong place, and steps without gradients."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, nn, optim
from minigrad.optim import SGD, Adam, AdamW, FlatOptimizer

KINDS = {"SGD": SGD, "Adam": Adam, "AdamW": AdamW}
EVERY = pytest.mark.parametrize("kind", KINDS)


def parameter(*values: float) -> nn.Parameter:
    p = nn.Parameter(list(values))
    p.grad = Tensor([1.0] * len(values))
    return p


# --- checked when a step uses them ------------------------------------------------------------------------------------
WRONG: list[tuple[str, Any]] = [
    ("lr", -0.1),
    ("lr", float("nan")),
    ("lr", float("inf")),
    ("lr", "0.1"),
    ("lr", None),
    ("lr", [0.1]),
    ("weight_decay", -1),
    ("weight_decay", "none"),
]
OF_SGD = [("momentum", -0.5), ("momentum", None), ("nesterov", True)]
OF_ADAM = [
    ("eps", -1e-8),
    ("betas", (0.9, 1.0)),
    ("betas", (-0.1, 0.9)),
    ("betas", 0.9),
    ("betas", (0.9,)),
    ("betas", ("a", 0.9)),
]
CASES = [(kind, *case) for kind in KINDS for case in WRONG + (OF_SGD if kind == "SGD" else OF_ADAM)]


@pytest.mark.parametrize(("kind", "name", "value"), CASES)
def test_a_changed_option_meets_the_error_of_the_constructor(kind: str, name: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as expected:
        KINDS[kind]([parameter(1.0)], **{name: value})
    w, other = parameter(1.0), parameter(2.0)
    optimizer = KINDS[kind]([{"params": [w]}, {"params": [other]}])
    optimizer.step()
    before, state = [w.tolist(), other.tolist()], repr(optimizer.state_dict()["state"])
    good = optimizer.param_groups[1][name]
    optimizer.param_groups[1][name] = value
    for _ in range(2):
        with pytest.raises(type(expected.value)) as caught:
            optimizer.step()
        assert str(caught.value) == str(expected.value)
    assert [w.tolist(), other.tolist()] == before and repr(optimizer.state_dict()["state"]) == state
    optimizer.param_groups[1][name] = good
    optimizer.step()
    assert w.tolist() != before[0] and other.tolist() != before[1]


@EVERY
def test_good_changes_are_used_at_once(kind: str) -> None:
    w = parameter(1.0)
    optimizer = KINDS[kind]([w], lr=0.0, weight_decay=0.0)
    optimizer.step()
    assert w.tolist() == [1.0]
    optimizer.param_groups[0]["lr"] = np.float32(0.5)
    optimizer.step()
    assert w.item() < 1.0


def test_values_that_change_in_place_are_checked_again() -> None:
    betas = [0.9, 0.99]
    optimizer = Adam([parameter(1.0)], betas=betas)  # type: ignore[arg-type]
    optimizer.step()
    betas[0] = 1.5
    with pytest.raises(ValueError, match=r"betas\[0\] must be at least 0 and below 1, got 1\.5"):
        optimizer.step()


def test_options_are_checked_only_when_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    optimizer = SGD([parameter(1.0)], lr=0.1)
    checks: list[float] = []
    monkeypatch.setattr(SGD, "_check", lambda self, group: checks.append(group["lr"]))
    for lr in (0.1, 0.1, 0.2, 0.2, 0.1):
        optimizer.param_groups[0]["lr"] = lr
        optimizer.step()
    assert checks == [0.1, 0.2, 0.1]


def test_options_and_groups_that_are_gone() -> None:
    optimizer = SGD([parameter(1.0)], lr=0.1)
    del optimizer.param_groups[0]["lr"]
    with pytest.raises(KeyError, match="group 0 of SGD has no option 'lr' any more"):
        optimizer.step()
    optimizer = SGD([parameter(1.0)], lr=0.1)
    optimizer.param_groups.append({"params": [parameter(2.0)], "lr": 0.1})
    with pytest.raises(KeyError, match="group 1 of SGD has no option 'momentum' any more"):
        optimizer.step()


# --- options in the wrong place ---------------------------------------------------------------------------------------
@EVERY
def test_an_option_as_an_attribute_is_refused_with_the_cure(kind: str) -> None:
    optimizer = KINDS[kind]([parameter(1.0)], lr=0.25)
    for name in optimizer.defaults:
        with pytest.raises(AttributeError, match=f"{kind} has {name} in its parameter groups") as caught:
            setattr(optimizer, name, 0.5)
        assert f"for group in optimizer.param_groups: group[{name!r}] = 0.5" in str(caught.value)
        assert not hasattr(optimizer, name)
    exec("for group in optimizer.param_groups: group['lr'] = 0.5", {"optimizer": optimizer})
    assert optimizer.param_groups[0]["lr"] == 0.5
    optimizer.note = "mine"
    assert optimizer.note == "mine"
    with pytest.raises(AttributeError, match=f"'{kind}' object has no attribute 'nothing'"):
        _ = optimizer.nothing


@EVERY
def test_copies_and_pickles(kind: str) -> None:
    optimizer = KINDS[kind]([parameter(1.0, 2.0)], lr=0.25)
    optimizer.step()
    for again in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer)), copy.copy(optimizer)):
        assert again.param_groups[0]["lr"] == 0.25
        again.step()
        again.param_groups[0]["lr"] = -1
        with pytest.raises(ValueError, match="lr must be at least 0"):
            again.step()
        again.param_groups[0]["lr"] = 0.25
        with pytest.raises(AttributeError, match="parameter groups"):
            again.lr = 1.0


class Plain(FlatOptimizer):
    """An optimizer of a user's, with attributes of its own."""

    def __init__(self, params: Any, lr: float) -> None:
        self.calls = 0
        super().__init__(params, {"lr": lr, "weight_decay": 0.0, "maximize": False})
        self.history: list[float] = []

    def _check(self, group: dict[str, Any]) -> None:
        self.calls += 1

    def rule(self, group: dict[str, Any], numbers: dict[str, Any]) -> Any:
        return descent, {"rate": group["lr"]}


def descent(p: Any, g: Any, *, rate: float) -> Any:
    return p - rate * g


def test_an_optimizer_of_a_users_own() -> None:
    w = parameter(1.0)
    optimizer = Plain([w], 0.25)
    optimizer.step()
    assert w.tolist() == [0.75] and optimizer.history == [] and optimizer.calls == 2


# --- steps without gradients ------------------------------------------------------------------------------------------
@EVERY
def test_a_step_before_any_gradient_warns_once_at_the_line(kind: str) -> None:
    w = nn.Parameter([1.0])
    optimizer = KINDS[kind]([w])
    with pytest.warns(UserWarning, match=rf"{kind}\.step\(\) had nothing to do: no parameter .*backward") as caught:
        optimizer.step()
    assert [warning.filename for warning in caught] == [__file__]
    optimizer.step()
    w.grad = Tensor([1.0])
    optimizer.step()
    assert w.item() < 1.0


def test_a_step_without_gradients_after_one_with_them_is_silent() -> None:
    w, other = nn.Parameter([1.0]), nn.Parameter([1.0])
    optimizer = SGD([w, other], lr=0.1)
    other.grad = Tensor([1.0])
    optimizer.step()
    optimizer.zero_grad()
    optimizer.step()
    assert w.tolist() == [1.0]


def test_a_step_whose_closure_calls_backward_is_silent() -> None:
    w = nn.Parameter([1.0])

    def closure() -> Tensor:
        loss = (w * w).sum()
        loss.backward()
        return loss

    assert SGD([w], lr=0.1).step(closure).item() == 1.0
    with pytest.warns(UserWarning, match="had nothing to do"):
        SGD([nn.Parameter([1.0])], lr=0.1).step(lambda: None)


def test_the_usual_mistakes_are_noticed() -> None:
    model, other = nn.Linear(2, 1), nn.Linear(2, 1)
    for wrong in (optim.SGD(other.parameters(), lr=0.1), optim.SGD(nn.Linear(2, 1).requires_grad_(False).parameters())):
        model(Tensor([[1.0, 2.0]])).sum().backward()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            for _ in range(3):
                wrong.step()
        assert len(caught) == 1


def test_an_optimizer_with_a_single_option() -> None:
    class Plain(optim.SGD):
        def __init__(self, params: object, lr: float) -> None:
            super().__init__(params, lr=lr)
            self.defaults = {"lr": lr}

    x = Tensor([1.0, 1.0], requires_grad=True)
    optimizer = Plain([x], 0.5)
    x.sum().backward()
    optimizer.step()
    assert x.tolist() == [0.5, 0.5]
