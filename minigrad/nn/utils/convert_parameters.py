"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from ...core.tensor import Tensor, overwrite
from ...ops.join import cat

__all__ = ["parameters_to_vector", "vector_to_parameters"]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters in one vector, in their order; gradients pass through.

    Shapes:
        the result: (n,), the number of elements of all.

    Raises:
        TypeError, ValueError: for what is no Tensor, and without any.

    Example:
        >>> parameters_to_vector([Tensor([[1.0, 2.0]]), Tensor(3.0)])
        Tensor([1., 2., 3.])
    """
    found = _checked("parameters_to_vector", parameters)
    vector: Tensor = cat([parameter.reshape(-1) for parameter in found])
    return vector


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Write a vector into parameters, in place; the opposite of ``parameters_to_vector``.

    The parameters keep their dtype and their memory, so that optimizers stay valid. PyTorch lets them share the memory
    of the vector, and cuts one of another length in silence.

    Args:
        vec: as many elements as the parameters have.
        parameters: Tensors, such as ``model.parameters()``.

    Raises:
        TypeError, ValueError: for what is no Tensor, and a vector of another length; nothing has changed then.

    Example:
        >>> weight, bias = Tensor([[0.0, 0.0]]), Tensor([0.0])
        >>> vector_to_parameters(Tensor([1.0, 2.0, 3.0]), [weight, bias])
        >>> weight, bias
        (Tensor([[1., 2.]]), Tensor([3.]))
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters takes a Tensor, got {type(vec).__name__}; wrap it: minigrad.tensor(...)")
    found = _checked("vector_to_parameters", parameters)
    size = sum(parameter._array.size for parameter in found)
    if vec.shape != (size,):
        raise ValueError(f"the parameters have {size} elements, and the vector has shape {vec.shape}")
    values = vec._array.copy()  # it may be a view of what is overwritten
    start = 0
    for parameter in found:
        end = start + parameter._array.size
        overwrite(parameter, values[start:end].reshape(parameter.shape))
        start = end


def _checked(function: str, parameters: Iterable[Tensor]) -> list[Tensor]:
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        raise TypeError(
            f"{function} takes a list of Tensors, got {type(parameters).__name__}; write [it], or parameters()"
        )
    found = list(parameters)
    for number, parameter in enumerate(found):
        if not isinstance(parameter, Tensor):
            raise TypeError(f"{function} takes Tensors, and number {number} is {type(parameter).__name__}")
    if not found:
        raise ValueError(f"{function} got no parameters; a generator such as model.parameters() can be used only once")
    return found
