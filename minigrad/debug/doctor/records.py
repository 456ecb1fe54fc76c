"""What an examination writes down: of one pass, and of one step of the user's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..trace import Call, Step, Trace
from .numbers import Array, number


@dataclass(eq=False)
class Pass:
    """One forward and backward pass, recorded, as far as it came.

    Attributes:
        output: what the model returned.
        loss: what the loss function returned.
        trace: operations and calls of Modules, with values and gradients.
        forward_steps: how many operations the model recorded; those after them belong to the loss.
        gradients: of every Parameter by its name; None where backward did not come by.
        error: what was raised, if anything.
        failed_in: "model", "loss" or "backward".
    """

    output: Any = None
    loss: Any = None
    trace: Trace = field(default_factory=Trace)
    forward_steps: int = 0
    gradients: dict[str, Array | None] = field(default_factory=dict)
    error: Exception | None = None
    failed_in: str = ""

    @property
    def value(self) -> float:
        """The loss as a number; NaN where there is none."""
        return number(self.loss)

    @property
    def model_steps(self) -> list[Step]:
        """The operations of the model."""
        return self.trace.steps[: self.forward_steps]

    @property
    def loss_steps(self) -> list[Step]:
        """The operations of the loss function."""
        return self.trace.steps[self.forward_steps :]

    @property
    def layers(self) -> list[Call]:
        """The calls of Modules that have none inside, in order."""
        return [call for call in self.trace.calls if next(call.module.children(), None) is None]


@dataclass(eq=False)
class UserStep:
    """What one training step of the user's did.

    Attributes:
        moved: how far each Parameter went, the norm of its change.
        sizes: the norm of each Parameter before.
        arrived: for each Parameter the gradients that backward passes brought, in order: what came, and what stood
            in ``.grad`` after it was added.
        losses: the values that ``backward()`` was called on.
        training: the mode of every Module that was called, by path, as it was called.
        shapes: of the first input of every Module that was called, by path.
        stepped: how often an optimizer took a step.
        gradients_at_step: how many gradients there were when it did.
        shortened: the norm of all gradients as the optimizer got them, as a part of what had arrived; 1 if unchanged.
        rates: the learning rate of every group of the optimizer.
        error: what was raised, if anything.
    """

    moved: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)
    arrived: dict[str, list[tuple[Array, Array]]] = field(default_factory=dict)
    training: dict[str, bool] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    stepped: int = 0
    gradients_at_step: int = 0
    shortened: float = 1.0
    rates: list[float] = field(default_factory=list)
    error: Exception | None = None
