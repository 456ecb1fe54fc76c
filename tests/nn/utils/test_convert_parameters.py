"""Parameters as a vector: their memory and dtype stay, and nothing changes when something is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Parameter, Tensor, nn
from minigrad.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters


def test_there_and_back_in_the_memory_that_an_optimizer_holds() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)).double()
    memory = [parameter.detach().numpy() for parameter in model.parameters()]
    vector = parameters_to_vector(model.parameters())
    assert vector.requires_grad
    vector_to_parameters(vector * 0 + Tensor(np.arange(13.0)), model.parameters())
    assert all(parameter.detach().numpy() is kept for parameter, kept in zip(model.parameters(), memory, strict=True))
    assert parameters_to_vector(model.parameters()).tolist() == [*range(13)]
    vector.detach().numpy()[:] = 7  # the vector and the parameters share nothing
    assert parameters_to_vector(model.parameters()).tolist() == [*range(13)]


def test_dtypes_stay() -> None:
    mixed = [Parameter(np.zeros(2, np.float32)), Parameter(np.zeros(1, np.float64))]
    assert parameters_to_vector(mixed).dtype == np.float64
    vector_to_parameters(Tensor(np.array([1.0, 2.0, 3.0])), mixed)
    assert [str(p.dtype) for p in mixed] == ["float32", "float64"]


def test_a_vector_that_is_a_view_of_the_parameters() -> None:
    both = Tensor([1.0, 2.0, 3.0, 4.0])
    vector_to_parameters(both[1:], [both[:3]])
    assert both.tolist() == [2.0, 3.0, 4.0, 4.0]
    one = Parameter([1.0, 2.0])
    assert not np.shares_memory(parameters_to_vector([one]).detach().numpy(), one.detach().numpy())


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda p: parameters_to_vector([]), ValueError, "got no parameters"),
        (lambda p: parameters_to_vector(p), TypeError, "takes a list of Tensors, got Parameter"),
        (lambda p: parameters_to_vector([p, 3]), TypeError, "number 1 is int"),
        (lambda p: vector_to_parameters([1.0], [p]), TypeError, "takes a Tensor, got list"),
        (lambda p: vector_to_parameters(Tensor([1.0, 2.0, 3.0]), [p]), ValueError, r"2 elements, and .* shape \(3,\)"),
        (lambda p: vector_to_parameters(Tensor([[1.0, 2.0]]), [p]), ValueError, r"2 elements, and .* shape \(1, 2\)"),
    ],
)
def test_bad_input(call, kind, message) -> None:
    parameter = Parameter([5.0, 6.0])
    with pytest.raises(kind, match=message):
        call(parameter)
    assert parameter.tolist() == [5.0, 6.0]
