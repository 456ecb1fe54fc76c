"""What relaxed distributions share: their parameters are those of the distribution that they transform."""

from __future__ import annotations

from typing import Any

from .transformed_distribution import TransformedDistribution


class Relaxed(TransformedDistribution):
    """A transformed distribution that shows the temperature and the probabilities of its base."""

    has_rsample = True
    _also_shown = ("temperature",)

    @property
    def temperature(self) -> Any:
        """The temperature."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        """The parameter ``logits``, given or computed from the probabilities."""
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        """The parameter ``probs``, given or computed from the logits."""
        return self.base_dist.probs
