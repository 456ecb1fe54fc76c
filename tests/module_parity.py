"""How a Module is compared with PyTorch's of the same name: state, outputs and all gradients, in both modes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

import minigrad
from minigrad import Tensor, nn
from tests.parity import random, torch, weights

TOLERANCE = 1e-6  # relative to the largest entry, in float64


@contextmanager
def double_precision() -> Iterator[None]:
    """Both libraries make float64 Parameters."""
    before = minigrad.get_default_dtype(), torch.get_default_dtype()
    minigrad.set_default_dtype(np.float64)
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        minigrad.set_default_dtype(before[0])
        torch.set_default_dtype(before[1])


def pair(name: str, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """Our Module and PyTorch's, made with the same arguments in float64, ours with PyTorch's weights."""
    with double_precision():
        torch.manual_seed(0)
        ours, theirs = getattr(nn, name)(*args, **kwargs), getattr(torch.nn, name)(*args, **kwargs)
    load(ours, theirs)
    return ours, theirs


def load(ours: nn.Module, theirs: Any) -> None:
    """Give our Module PyTorch's state, whose keys and shapes must be ours, in the same order."""
    state = {key: value.detach().numpy().copy() for key, value in theirs.state_dict().items()}
    assert [*ours.state_dict()] == [*state]
    assert [v.shape for v in ours.state_dict().values()] == [v.shape for v in state.values()]
    ours.load_state_dict(state)


def compare_modules(
    name: str, *args: Any, inputs: Sequence[Any], modes: Sequence[bool] = (True, False), call: Any = None, **kwargs: Any
) -> None:
    """Assert that ``nn.<name>(*args, **kwargs)`` is PyTorch's: signature, state, outputs and gradients.

    Args:
        name: of the class in both libraries.
        *args: of the constructor, as are ``kwargs``.
        inputs: arrays, or shapes of which arrays are made; None is handed on.
        modes: whether to be in training, one comparison for each, on the same pair of Modules.
        call: keyword arguments of the call, arrays among them, the same for both.
    """
    same_modules(*pair(name, *args, **kwargs), inputs=inputs, modes=modes, call=call)


def same_modules(
    ours: Any, theirs: Any, *, inputs: Sequence[Any], modes: Sequence[bool] = (True, False), call: Any = None
) -> None:
    """Assert that two Modules with equal state do the same."""
    arrays = [random(x, seed=i) if isinstance(x, tuple) else x for i, x in enumerate(inputs)]
    for training in modes:
        ours.train(training)
        theirs.train(training)
        mine, reference = _run(ours, arrays, call, _our_leaf), _run(theirs, arrays, call, _their_leaf)
        assert mine.keys() == reference.keys(), (mine.keys(), reference.keys())
        for what, value in reference.items():
            _same(f"{what}, {'in training' if training else 'in evaluation'}", mine[what], value)


def _run(module: Any, arrays: Sequence[Any], call: Any, leaf: Any) -> dict[str, Any]:
    """Outputs, gradients of inputs and Parameters, and the buffers afterwards, by name."""
    module.zero_grad()
    leaves = [x if x is None else leaf(x) for x in arrays]
    named = {key: leaf(x) if isinstance(x, np.ndarray) else x for key, x in (call or {}).items()}
    outputs = list(_flat(module(*leaves, **named)))
    found = {f"output {i}": _array(out) for i, out in enumerate(outputs)}
    total = 0
    for i, out in enumerate(outputs):
        if out.requires_grad:
            given = weights(tuple(out.shape), "float64", seed=i)
            total = (out * (Tensor(given) if isinstance(out, Tensor) else torch.tensor(given))).sum() + total
    if outputs and any(out.requires_grad for out in outputs):
        total.backward()
    for i, x in enumerate([*leaves, *named.values()]):
        if getattr(x, "requires_grad", False):
            found[f"gradient of input {i}"] = None if x.grad is None else _array(x.grad)
    for name, parameter in module.named_parameters():
        found[f"gradient of {name}"] = None if parameter.grad is None else _array(parameter.grad)
    found |= {f"buffer {name}": _array(buffer) for name, buffer in module.named_buffers()}
    return found


def _flat(output: Any) -> Iterator[Any]:
    if isinstance(output, (tuple, list)):
        for part in output:
            yield from _flat(part)
    elif output is not None:
        yield output


def _our_leaf(array: np.ndarray) -> Tensor:
    return Tensor(array, requires_grad=array.dtype.kind == "f")


def _their_leaf(array: np.ndarray) -> Any:
    return torch.tensor(array, requires_grad=array.dtype.kind == "f")


def _array(tensor: Any) -> np.ndarray:
    return np.array(tensor.detach().numpy())


def _same(what: str, mine: Any, reference: Any) -> None:
    if reference is None or mine is None:  # PyTorch leaves None where nothing flows, or zeros: both say the same
        assert not np.any(reference if mine is None else mine), f"{what}: {mine} and {reference}"
        return
    assert mine.shape == reference.shape, f"{what} has shape {mine.shape}, PyTorch's {reference.shape}"
    assert mine.dtype == reference.dtype, f"{what} is {mine.dtype}, PyTorch's {reference.dtype}"
    scale = float(np.max(np.abs(reference[np.isfinite(reference)]), initial=1e-3))
    np.testing.assert_allclose(mine, reference, rtol=TOLERANCE, atol=TOLERANCE * scale, err_msg=f"{what} differs")
