"""Activation functions made of straight pieces, as Modules."""

from __future__ import annotations

from typing import Any

from ...core.arrays import refuse_gradient
from ...core.caller import warn
from .. import functional, init
from ..functional.sizes import at_least
from ..module.module import Module
from ..parameter import unset


class InPlace(Module):
    """What has only the argument ``inplace``."""

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Whether it works in place."""
        return "inplace=True" if self.inplace else ""


class ReLU(InPlace):
    """max(input, 0), elementwise; the derivative at 0 is 0.

    Args:
        inplace: write the result into the input Tensor.

    Example:
        >>> ReLU()(Tensor([-1.0, 2.0]))
        Tensor([0., 2.])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.relu(input, self.inplace)


class Hardsigmoid(InPlace):
    """(input + 3) / 6 limited to [0, 1]: a sigmoid of straight pieces.

    Args:
        inplace: write the result into the input Tensor.

    Example:
        >>> Hardsigmoid()(Tensor([0.0]))
        Tensor([0.5])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch."""
        return ""


class Hardswish(InPlace):
    """The input times its ``Hardsigmoid``: a cheap ``SiLU``.

    Args:
        inplace: write the result into the input Tensor.

    Example:
        >>> Hardswish()(Tensor([4.0]))
        Tensor([4.])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch."""
        return ""


class LeakyReLU(Module):
    """The input where it is positive, else ``negative_slope`` times it, so that no unit dies.

    Args:
        negative_slope: the slope below 0.
        inplace: write the result into the input Tensor.

    Example:
        >>> LeakyReLU(0.1)(Tensor([-1.0, 2.0]))
        Tensor([-0.1,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class PReLU(Module):
    """A leaky ReLU whose slope below 0 is learned, one for all or one for each channel.

    Do not apply weight decay to ``weight``: it would push PReLU towards ReLU.

    Shapes:
        input: (N, num_parameters, ...), or any for one parameter.
        weight: (num_parameters,).

    Args:
        num_parameters: 1, or the number of channels.
        init: the slope at the start.
        device: None or ``"cpu"``.
        dtype: of the Parameter, by default the default dtype (float32).

    Source:
        He et al., "Delving Deep into Rectifiers", 2015, section 2.1.

    Example:
        >>> PReLU()(Tensor([-1.0, 2.0])).tolist()
        [-0.25, 2.0]
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        (self.num_parameters,) = at_least("PReLU", 1, num_parameters=num_parameters)
        refuse_gradient("PReLU", init=init)
        self.init = init
        self.weight = unset((self.num_parameters,), device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set every slope to its value at the start."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """How many slopes there are."""
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """A leaky ReLU whose slope is drawn anew for every element in training, and is the mean of them afterwards.

    Args:
        lower: the smallest slope.
        upper: the largest one.
        inplace: write the result into the input Tensor.

    Example:
        >>> RReLU().eval()(Tensor([-48.0, 2.0]))
        Tensor([-11.,   2.])
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")


class Hardtanh(Module):
    """The input limited to [min_val, max_val]; the derivative at the bounds is 0.

    Args:
        min_val: the lower bound.
        max_val: the upper bound.
        inplace: write the result into the input Tensor.
        min_value: the old name of ``min_val``.
        max_value: the old name of ``max_val``.

    Raises:
        ValueError: if ``min_val`` is not below ``max_val``.

    Example:
        >>> Hardtanh()(Tensor([-2.0, 0.5]))
        Tensor([-1. ,  0.5])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        if min_value is not None or max_value is not None:
            warn("Hardtanh: min_value and max_value are now called min_val and max_val", FutureWarning)
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if not self.min_val < self.max_val:
            raise ValueError(f"Hardtanh: min_val must be below max_val, got {self.min_val} and {self.max_val}")

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class ReLU6(Hardtanh):
    """``ReLU`` that stops at 6; the derivative at 0 and at 6 is 0.

    Args:
        inplace: write the result into the input Tensor.

    Example:
        >>> ReLU6()(Tensor([-1.0, 9.0]))
        Tensor([0., 6.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """Whether it works in place."""
        return "inplace=True" if self.inplace else ""


class _Shrink(Module):
    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def extra_repr(self) -> str:
        """The distance."""
        return f"{self.lambd}"


class Hardshrink(_Shrink):
    """The input where it is further than ``lambd`` from 0, else 0.

    Args:
        lambd: the distance.

    Example:
        >>> Hardshrink()(Tensor([0.25, 0.75]))
        Tensor([0.  , 0.75])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    """The input moved by ``lambd`` towards 0, where it stops.

    Args:
        lambd: the distance, at least 0.

    Example:
        >>> Softshrink()(Tensor([0.25, 0.75]))
        Tensor([0.  , 0.25])
    """

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.softshrink(input, self.lambd)


class Threshold(Module):
    """The input where it is above ``threshold``, else ``value``.

    Args:
        threshold: the bound.
        value: what takes the place of the others.
        inplace: write the result into the input Tensor.

    Example:
        >>> Threshold(1.0, -1.0)(Tensor([0.5, 2.0]))
        Tensor([-1.,  2.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """Apply the function to every element."""
        return functional.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"threshold={self.threshold}, value={self.value}" + (", inplace=True" if self.inplace else "")
