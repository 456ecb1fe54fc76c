"""What the monitor writes down."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class LayerRecord:
    """The output of one layer, or of an activation function inside one, in one step.

    Attributes:
        step: the number of the training step, from 0.
        layer: the path of the Module; for an activation that is a function, the Module that calls it and its name.
        kind: the class of the Module, or the name of the function.
        mean: of the activations.
        std: of the activations.
        saturated: share of values where the slope of the activation is nearly 0, for those that have such places.
        dead: share of units that are 0 for the whole batch, for those that can die.
        gradient: the norm of the gradient of the loss by this output; None until backward came by.
        histogram: counts in equal bins from ``low`` to ``high``.
    """

    step: int
    layer: str
    kind: str
    mean: float
    std: float
    saturated: float | None
    dead: float | None
    gradient: float | None = None
    histogram: list[int] = field(default_factory=list, repr=False)
    low: float = 0.0
    high: float = 0.0


@dataclass
class WeightRecord:
    """One Parameter in one step.

    Attributes:
        step: the number of the training step, from 0.
        name: of the Parameter.
        size: its norm before the step.
        gradient: the norm of its gradient; None without one.
        update: the norm of its change; None where no optimizer was given.
    """

    step: int
    name: str
    size: float
    gradient: float | None
    update: float | None

    @property
    def ratio(self) -> float | None:
        """The norm of the update relative to the norm of the Parameter."""
        return None if self.update is None or not self.size else self.update / self.size
