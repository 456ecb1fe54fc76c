"""Where in an epoch a loader stands, so that another run can go on from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..random import get_state, set_state
from .dataset import shown


@dataclass
class Position:
    """An epoch in progress, or about to begin.

    Args:
        epoch: its number, from 0.
        start: the states of the generators that the order is drawn from, before that.
        batch: how many batches were handed out without a gap.
        ahead: numbers of batches that were handed out beyond that, by workers that need not keep the order.
        seed: of the workers.
    """

    epoch: int
    start: list[dict[str, Any]] = field(default_factory=list)
    batch: int = 0
    ahead: set[int] = field(default_factory=set)
    seed: int = 0

    def handed_out(self, number: int) -> None:
        """Count a batch."""
        self.ahead.add(number)
        while self.batch in self.ahead:
            self.ahead.remove(self.batch)
            self.batch += 1

    def is_done(self, number: int) -> bool:
        """Whether a batch was handed out."""
        return number < self.batch or number in self.ahead


def as_state(
    position: Position, own: Sequence[np.random.Generator], batch_size: int | None, samples: int | None
) -> dict[str, Any]:
    """A position as numbers and text, which JSON and ``minigrad.save`` can hold."""
    return {
        "epoch": position.epoch,
        "batch": position.batch,
        "ahead": sorted(position.ahead),
        "start": position.start,
        "generators": [get_state(generator) for generator in own],
        "batch_size": batch_size,
        "samples": samples,
    }


def from_state(
    state: Any, own: Sequence[np.random.Generator], batch_size: int | None, samples: int | None, dataset: Any
) -> Position:
    """The position that a state describes; the generators are set to where they stood.

    Raises:
        TypeError: for what is no state.
        ValueError: for the state of a loader of another dataset, batch size or number of generators.
    """
    if not isinstance(state, dict) or not {"epoch", "batch", "start", "generators"} <= state.keys():
        raise TypeError("a loader's state is the dictionary that its state_dict() returned")
    for name, here in (("batch_size", batch_size), ("samples", samples)):
        if state.get(name) != here:
            raise ValueError(
                f"the state is of a loader with {name}={state.get(name)}, and this one has {name}={here} "
                f"({shown(dataset)}): the same batches cannot follow"
            )
    if len(state["generators"]) != len(own):
        raise ValueError(
            f"the state is of a loader with {len(state['generators'])} generators of its own, and this one has "
            f"{len(own)}; make it with the same arguments"
        )
    if len(state["start"]) != len(own) + 1 and (state["start"] or state["batch"]):  # one is the library's
        raise ValueError("the state is damaged: it does not say from which generators the order was drawn")
    for generator, stood in zip(own, state["generators"], strict=True):
        set_state(stood, generator)
    return Position(state["epoch"], list(state["start"]), state["batch"], {*state.get("ahead", ())})
