"""The steps of libraries that record a graph under PyTorch's names: minigrad in its two forms, and PyTorch."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .contestants import load

Builder = Callable[[], Callable[[], Any]]


@dataclass
class Problem:
    """What one step is about.

    Attributes:
        loss: from the inputs to the number that is differentiated.
        inputs: what the loss is given.
        leaves: whose gradients are wanted, where nothing is trained.
        optimizer: makes a step after backward, if there is one.
    """

    loss: Callable[..., Any]
    inputs: Sequence[Any] = ()
    leaves: Sequence[Any] = ()
    optimizer: Any = None

    def step(self, around_loss: Any = None) -> Callable[[], Any]:
        """A whole step; returns the loss, or the first gradient where nothing is trained.

        Args:
            around_loss: turns the function of the loss into another, as ``torch.compile`` does.
        """
        loss_of = around_loss(self.loss) if around_loss else self.loss

        def train() -> float:
            self.optimizer.zero_grad()
            loss = loss_of(*self.inputs)
            loss.backward()
            self.optimizer.step()
            return loss.item()

        def differentiate() -> Any:
            for leaf in self.leaves:
                leaf.grad = None
            loss_of(*self.inputs).backward()
            return self.leaves[0].grad

        return differentiate if self.optimizer is None else train


def graph(make: Callable[[Any], Problem], compiled: bool = True) -> dict[str, Builder]:
    """The builders of a problem that is written once for both libraries.

    Args:
        make: the problem in a library.
        compiled: whether torch.compile makes sense.
    """
    found: dict[str, Builder] = {
        "PyTorch": lambda: make(load("torch")).step(),
        "minigrad": lambda: make(load("minigrad")).step(),
        "minigrad fast": lambda: make(load("minigrad")).step(),
    }
    if compiled:
        found["PyTorch compiled"] = lambda: make(load("torch")).step(around_loss=load("torch").compile)
    return found


def initial(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The same numbers for a Parameter in every library: weights of variance 1 / inputs, scales 1, shifts 0."""
    if len(shape) > 1:
        numbers = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, dtype=np.float32)
        return numbers * np.float32(np.prod(shape[1:]) ** -0.5)
    return np.ones(shape, np.float32) if name.endswith("weight") else np.zeros(shape, np.float32)


def classification(
    network: Callable[[Any], Any], optimizer: str, data: Callable[[], tuple[np.ndarray, np.ndarray]], **options: Any
) -> dict[str, Builder]:
    """One step of training a network with cross-entropy.

    Args:
        network: makes the Module from the library.
        optimizer: the name of its class.
        data: makes the inputs and the labels.
        options: of the optimizer.
    """

    def make(library: Any) -> Problem:
        model = network(library)
        with library.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(library.tensor(initial(name, tuple(parameter.shape))))
        trained = getattr(library.optim, optimizer)(model.parameters(), **{"lr": 1e-3, **options})
        cross_entropy = library.nn.functional.cross_entropy
        return Problem(lambda x, y: cross_entropy(model(x), y), [library.tensor(a) for a in data()], optimizer=trained)

    return graph(make)
