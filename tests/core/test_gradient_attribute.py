"""``.grad``: what may be assigned to it, and what reading it says."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn, optim


def leaf(*values: float) -> Tensor:
    return Tensor(list(values), requires_grad=True)


# --- assignment -------------------------------------------------------------------------------------------------------
WRONG = {
    "list": (lambda x: [1.0, 2.0], TypeError, r"must be a Tensor or None, got list; wrap it: minigrad\.tensor"),
    "number": (lambda x: 1.0, TypeError, "got float"),
    "array": (lambda x: np.ones(2, np.float32), TypeError, "got ndarray"),
    "shape": (lambda x: Tensor([1.0, 2.0, 3.0]), RuntimeError, r"of shape \(2,\) must have that shape, got \(3,\)"),
    "broadcast": (lambda x: Tensor([[1.0], [2.0]]), RuntimeError, r"got \(2, 1\)"),
    "one": (lambda x: Tensor(1.0), RuntimeError, r"got \(\)"),
    "wider": (lambda x: Tensor(np.ones(2)), RuntimeError, r"must be float32, got float64; .*astype\('float32'\)"),
    "integers": (lambda x: Tensor([1, 2]), RuntimeError, "must be float32, got int64"),
    "itself": (lambda x: x, RuntimeError, r"its own \.grad; make a copy"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_a_gradient(name: str) -> None:
    make, kind, message = WRONG[name]
    x = leaf(3.0, 4.0)
    x.grad = kept = Tensor([1.0, 1.0])
    with pytest.raises(kind, match=message):
        x.grad = make(x)
    assert x.grad is kept


def test_what_can_be_a_gradient() -> None:
    x = leaf(3.0, 4.0)
    for value in (None, Tensor([1.0, 2.0]), leaf(1.0, 2.0), leaf(1.0, 2.0) * 2, nn.Parameter([1.0, 2.0])):
        x.grad = value
        assert x.grad is value
    (x * 2).sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]
    del x.grad
    assert x.grad is None
    counts = Tensor([1, 2])
    counts.grad = Tensor([3, 4])
    assert counts.grad.tolist() == [3, 4]


def test_augmented_assignment_is_checked_too() -> None:
    x = leaf(3.0, 4.0)
    x.grad = Tensor([1.0, 1.0])
    x.grad /= 2
    x.grad = x.grad * 2
    assert x.grad.tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="must be float32, got float64"):
        x.grad = x.grad * np.ones(2)


def test_hooks_that_replace_the_gradient_meet_the_same_check() -> None:
    x = leaf(3.0, 4.0)

    def widened(tensor: Tensor) -> None:
        tensor.grad = tensor.grad.astype(np.float64)

    x.register_post_accumulate_grad_hook(widened)
    with pytest.raises(RuntimeError, match="must be float32"):
        x.sum().backward()


def test_copies_and_conversions_keep_gradients_that_fit() -> None:
    layer = nn.Linear(2, 1)
    layer(Tensor([[1.0, 2.0]])).sum().backward()
    layer.double()
    assert layer.weight.grad.dtype == np.float64
    layer.weight.grad = layer.weight.grad.clone()
    again = copy.deepcopy(layer)
    assert again.weight.grad.tolist() == [[1.0, 2.0]] and again.weight.grad is not layer.weight.grad
    assert pickle.loads(pickle.dumps(layer.weight)).grad is None


def test_every_subclass_checks() -> None:
    weight = nn.Parameter([1.0, 2.0])
    with pytest.raises(TypeError, match="got list"):
        weight.grad = [1.0, 2.0]  # type: ignore[assignment]


# --- reading ----------------------------------------------------------------------------------------------------------
def test_the_grad_of_an_inner_tensor_warns_at_the_line_that_reads_it() -> None:
    x = leaf(1.0, 2.0)
    h = x * 2
    h.sum().backward()
    with pytest.warns(UserWarning, match=r"not a leaf.*\.retain_grad\(\).*the leaf") as caught:
        assert h.grad is None
    assert [warning.filename for warning in caught] == [__file__]


def test_it_warns_once_for_each_line() -> None:
    x = leaf(1.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(5):
            assert (x * 2).grad is None
        assert (x * 3).grad is None
    assert len(caught) == 2 and caught[0].lineno + 1 == caught[1].lineno


def silent() -> list[Any]:
    x = leaf(1.0, 2.0)
    retained, assigned, moved = x * 2, x * 2, x * 2
    retained.retain_grad()
    moved.retain_grad()
    moved.add_(1.0)
    assigned.grad = Tensor([1.0, 2.0])
    with mg.no_grad():
        unrecorded = x * 2
    return [x, retained, assigned, moved, unrecorded, x.detach(), Tensor([1]), Tensor([1.0])]


def test_reading_is_silent_where_none_is_no_surprise() -> None:
    for tensor in silent():
        assert tensor.grad is None or tensor.grad.tolist() == [1.0, 2.0]


def test_nothing_in_the_library_reads_it_by_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    out = model(Tensor([[1.0, 2.0]]))
    print(out, repr(out), f"{out.sum():.1f}")
    out.sum().backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optim.SGD(model.parameters(), lr=0.1).step()
    model.zero_grad()
    mg.no_grad()(model)(Tensor([[1.0, 2.0]]))


# --- other warnings ---------------------------------------------------------------------------------------------------
def test_a_number_made_of_a_tensor_warns_at_the_line() -> None:
    x = Tensor(2.0, requires_grad=True)
    with pytest.warns(UserWarning, match="became a Python float") as caught:
        float(x)
    assert caught[0].filename == __file__
