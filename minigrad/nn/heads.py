"""Task heads: the last layer of a model, which turns features into what the loss of a task takes.

======================  ========================================  =======================================
head                    result                                    loss
======================  ========================================  =======================================
``LinearHead``          any real numbers                          ``mse_loss`` (or another distance)
``PositiveHead``        positive numbers                          ``mse_loss`` (or another distance)
``GaussianHead``        mean and log-variance                     Gaussian negative log-likelihood
``TanhHead``            numbers in (-1, 1)                        ``mse_loss`` (or another distance)
``LogitsHead``          scores                                    ``cross_entropy``
``SigmoidHead``         independent probabilities                 binary cross-entropy of probabilities
``SoftmaxHead``         probabilities that sum to 1               negative log-likelihood of their logarithm
``GenerationHead``      scores; draws indices from them           ``cross_entropy``
======================  ========================================  =======================================

For training a classifier prefer the scores of ``LogitsHead``: losses on scores keep their gradient where a probability
has rounded to 0 or 1.
"""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor
from ..ops.join import split
from . import functional
from .functional.generation import check_sampling
from .functional.sizes import at_least
from .functional.softmax import check_temperature
from .linear import Linear
from .module.module import Module


class _Head(Module):
    """A linear layer called ``linear``, whose output the head makes into its result."""

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        self.in_features, self.out_features = at_least(
            type(self).__name__, 1, in_features=in_features, out_features=out_features
        )
        self.linear = Linear(self.in_features, self._outputs(), bias, device, dtype)

    def _outputs(self) -> int:
        """How many numbers the linear layer computes."""
        return self.out_features


# --- regression -------------------------------------------------------------------------------------------------------
class LinearHead(_Head):
    """Use it for regression: any real numbers, with no activation, so that no value is out of reach.

    With ``mse_loss`` it predicts the mean, with the absolute error the median.

    Shapes:
        input: (..., in_features).
        result: (..., out_features).

    Args:
        in_features: the number of features.
        out_features: the number of targets.
        bias: whether to add a bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Example:
        >>> LinearHead(8, 1)(Tensor(np.zeros((4, 8), np.float32))).shape
        (4, 1)
    """

    def forward(self, input: Any) -> Any:
        """The predicted numbers."""
        return self.linear(input)


class PositiveHead(_Head):
    """Use it for regression of what cannot be negative, such as a price, a count or a duration.

    ``"softplus"`` is positive with a gradient everywhere; ``"relu"`` reaches 0 exactly, but an output that is 0 for
    every sample has no gradient and stays so.

    Shapes:
        input: (..., in_features).
        result: (..., out_features).

    Args:
        in_features: the number of features.
        out_features: the number of targets.
        transform: ``"softplus"`` or ``"relu"``.
        bias: whether to add a bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for another transform.

    Example:
        >>> head = PositiveHead(8, 1)
        >>> bool((head(Tensor(np.ones((4, 8), np.float32))) > 0).all())
        True
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        transform: str = "softplus",
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if transform not in ("softplus", "relu"):
            raise ValueError(f"PositiveHead: transform must be 'softplus' or 'relu', got {transform!r}")
        super().__init__(in_features, out_features, bias, device, dtype)
        self.transform = transform

    def forward(self, input: Any) -> Any:
        """The predicted numbers, none negative."""
        output = self.linear(input)
        return functional.softplus(output) if self.transform == "softplus" else functional.relu(output)

    def extra_repr(self) -> str:
        """The transform."""
        return f"transform={self.transform!r}"


class GaussianHead(_Head):
    """Use it for probabilistic regression: a mean and how sure the model is of it, for every target.

    It learns with the Gaussian negative log-likelihood ½ (s + (y - m)² exp(-s)), for a mean m, a log-variance s and a
    target y; the variance is exp(s), positive for every s.

    Shapes:
        input: (..., in_features).
        result: (mean, log_variance), both (..., out_features).

    Args:
        in_features: the number of features.
        out_features: the number of targets.
        bias: whether to add a bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Source:
        Nix and Weigend, "Estimating the mean and variance of the target probability distribution", 1994.

    Example:
        >>> mean, log_variance = GaussianHead(8, 2)(Tensor(np.zeros((4, 8), np.float32)))
        >>> mean.shape, log_variance.shape
        ((4, 2), (4, 2))
    """

    def _outputs(self) -> int:
        return 2 * self.out_features

    def forward(self, input: Any) -> tuple[Tensor, Tensor]:
        """The means and the logarithms of the variances."""
        mean, log_variance = split(self.linear(input), self.out_features, dim=-1)
        return mean, log_variance


class TanhHead(_Head):
    """Use it for targets in (-1, 1), such as pixels scaled to that range or the action of a controller.

    Shapes:
        input: (..., in_features).
        result: (..., out_features).

    Args:
        in_features: the number of features.
        out_features: the number of targets.
        bias: whether to add a bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Example:
        >>> TanhHead(8, 3)(Tensor(np.zeros((4, 8), np.float32))).shape
        (4, 3)
    """

    def forward(self, input: Any) -> Any:
        """The predicted numbers, between -1 and 1."""
        return functional.tanh(self.linear(input))


# --- classification ---------------------------------------------------------------------------------------------------
class LogitsHead(_Head):
    """Use it to train a classifier: scores (logits) for the classes, not normalised.

    The loss is ``cross_entropy`` for one class of many, and the binary cross-entropy *with logits* for a yes or no, or
    for several labels at once; both contain the softmax or sigmoid in a form that does not overflow.

    Shapes:
        input: (..., in_features).
        result: (..., out_features).

    Args:
        in_features: the number of features.
        out_features: the number of classes.
        bias: whether to add a bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Example:
        >>> scores = LogitsHead(8, 10)(Tensor(np.zeros((4, 8), np.float32)))
        >>> functional.cross_entropy(scores, [1, 2, 3, 4]).shape
        ()
    """

    def forward(self, input: Any) -> Any:
        """The scores."""
        return self.linear(input)


class SigmoidHead(_Head):
    """Use it for yes or no (one output), and for several labels that may hold together (multi-label).

    Its loss is the binary cross-entropy of probabilities; for training prefer ``LogitsHead`` with that of logits.

    Shapes:
        input: (..., in_features).
        result: (..., out_features), each in (0, 1), independent of the others.

    Args:
        in_features: the number of features.
        out_features: the number of labels.
        bias: whether to add a bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Example:
        >>> SigmoidHead(8, 5)(Tensor(np.zeros((4, 8), np.float32))).shape
        (4, 5)
    """

    def forward(self, input: Any) -> Any:
        """The probability of every label."""
        return functional.sigmoid(self.linear(input))


class SoftmaxHead(_Head):
    """Use it where probabilities of classes that exclude each other are wanted, with a temperature to set their spread.

    Its loss is the negative log-likelihood, -log of the probability of the right class; for training prefer
    ``LogitsHead`` with ``cross_entropy``, which is the same without underflow.

    Shapes:
        input: (..., in_features).
        result: (..., out_features), which sum to 1 along the last dimension.

    Args:
        in_features: the number of features.
        out_features: the number of classes.
        temperature: below 1 the head is more confident, above 1 less.
        bias: whether to add a bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Raises:
        ValueError: for a temperature that is not positive.

    Example:
        >>> SoftmaxHead(8, 4, temperature=2.0)(Tensor(np.zeros((1, 8), np.float32))).shape
        (1, 4)
    """

    _takes_arrays = frozenset({"temperature"})

    def __init__(
        self,
        in_features: int,
        out_features: int,
        temperature: float = 1.0,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_temperature("SoftmaxHead", temperature)
        super().__init__(in_features, out_features, bias, device, dtype)
        self.temperature = temperature

    def forward(self, input: Any) -> Any:
        """The probability of every class."""
        return functional.softmax_with_temperature(self.linear(input), self.temperature, dim=-1)

    def extra_repr(self) -> str:
        """The temperature."""
        return f"temperature={self.temperature}"


# --- generation -------------------------------------------------------------------------------------------------------
class GenerationHead(_Head):
    """Use it to generate sequences: scores for what comes next, from which ``sample`` draws.

    It learns with ``cross_entropy`` of the scores and the indices that did come next. To tie it to an embedding, assign
    ``head.linear.weight = embedding.weight`` (with ``bias=False``).

    Shapes:
        input: (..., in_features).
        result: (..., out_features).

    Args:
        in_features: the number of features.
        out_features: the size of the vocabulary.
        temperature: below 1 more predictable, above 1 more varied; 0 always takes the most likely.
        top_k: draw only from so many of the most likely.
        top_p: draw only from the smallest set whose probability reaches this.
        bias: whether to add a bias.
        device: None or ``"cpu"``.
        dtype: of the Parameters, by default the default dtype (float32).

    Example:
        >>> head = GenerationHead(8, 50, temperature=0.8, top_k=10)
        >>> head.sample(Tensor(np.zeros((4, 8), np.float32))).shape
        (4,)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        check_sampling("GenerationHead", temperature, top_k, top_p)
        super().__init__(in_features, out_features, bias, device, dtype)
        self.temperature = temperature
        self.top_k = top_k
        self.top_p = top_p

    def forward(self, input: Any) -> Any:
        """The scores."""
        return self.linear(input)

    def sample(self, input: Any, generator: Any = None) -> Tensor:
        """Indices drawn from the scores of ``input``, as ``functional.sample`` draws them; of shape (...), int64."""
        return functional.sample(self(input), self.temperature, self.top_k, self.top_p, generator)

    def extra_repr(self) -> str:
        """How indices are drawn."""
        chosen = {"top_k": self.top_k, "top_p": self.top_p}
        return ", ".join([f"temperature={self.temperature}", *(f"{k}={v}" for k, v in chosen.items() if v is not None)])
