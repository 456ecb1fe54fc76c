"""Cross-entropy over one class: always 0, and said so."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, nn
from minigrad.nn import functional as F

CASES: dict[str, tuple[tuple[int, ...], Any]] = {
    "rows": ((3, 1), [0, 0, 0]),
    "one row": ((1,), 0),
    "pixels": ((2, 1, 3), np.zeros((2, 3), np.int64)),
    "probabilities": ((3, 1), np.ones((3, 1), np.float32)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_it_warns_at_the_line_that_asks(name: str, reduction: str) -> None:
    shape, target = CASES[name]
    scores = Tensor(np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape), requires_grad=True)
    layer = nn.CrossEntropyLoss(reduction=reduction)
    for ask in (lambda: F.cross_entropy(scores, target, reduction=reduction), lambda: layer(scores, target)):
        with pytest.warns(UserWarning, match=r"over one class \(input shape .*two for a question") as caught:
            loss = ask()
        assert [warning.filename for warning in caught] == [__file__]
        loss.sum().backward()
        assert not np.any(loss.detach().numpy()) and not np.any(scores.grad.numpy())


def test_it_warns_once_in_a_loop() -> None:
    layer = nn.CrossEntropyLoss()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(5):
            layer(Tensor([[1.0], [2.0]]), [0, 0])
    assert len(caught) == 1


def test_two_classes_are_silent() -> None:
    assert F.cross_entropy(Tensor([[1.0, 2.0]]), [0]).item() > 0
