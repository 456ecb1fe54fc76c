"""What there is to say of a loss, and how it is shown: as text, in a notebook, as a picture."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...autograd import grad
from ...core.tensor import Tensor

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 57  # characters of a curve in text: an odd number has a middle


@dataclass(frozen=True)
class Explanation:
    """A loss: what it assumes of the data, what it makes of a network, and how hard it pulls.

    Attributes:
        name: the function in ``nn.functional``.
        module: the Module in ``nn``.
        formula: the loss J of one sample.
        model: the noise, the distribution or the geometry that it stands for.
        optimum: the statistic of the targets that minimises it.
        head: what a network for it ends in.
        gradient: the derivative by the network's output, in closed form.
        remark: what to look out for.
        variable: what the curves are drawn against.
        span: from where to where.
        loss: the losses of a vector of the variable.
        slope: their derivative, as ``gradient`` has it.
        likelihood: where the loss is minus a log-likelihood, up to a constant and a factor: the distribution for every
            value of the variable, and the target; otherwise None.
    """

    name: str
    module: str
    formula: str
    model: str
    optimum: str
    head: str
    gradient: str
    remark: str
    variable: str
    span: tuple[float, float]
    loss: Callable[[Tensor], Tensor]
    slope: Callable[[Any], Any]
    likelihood: Callable[[Tensor], tuple[Any, Any]] | None = None

    def curve(self, count: int = 201) -> tuple[Any, Any, Any]:
        """The variable, the loss and its derivative (the influence curve) as arrays of ``count`` numbers.

        Example:
            >>> from minigrad.nn.losses import explain
            >>> variable, loss, slope = explain("mse_loss").curve(3)
            >>> loss.tolist(), slope.tolist()
            ([9.0, 0.0, 9.0], [-6.0, 0.0, 6.0])
        """
        variable = Tensor(np.linspace(*self.span, count), requires_grad=True)
        losses = self.loss(variable)
        (slope,) = grad(losses.sum(), variable)
        assert slope is not None
        return variable.numpy(force=True), losses.numpy(force=True), slope.numpy(force=True)

    def plot(self, axes: Any = None) -> Any:
        """Draw the loss and its derivative with matplotlib.

        Args:
            axes: matplotlib's, by default new ones.

        Returns:
            The axes.

        Raises:
            ImportError: without matplotlib: ``pip install matplotlib``.
        """
        if axes is None:
            try:
                from matplotlib.figure import Figure
            except ImportError as error:
                raise ImportError("curves are drawn by the package matplotlib: pip install matplotlib") from error
            axes = Figure(figsize=(6, 3.6), layout="constrained").add_subplot()
        variable, loss, slope = self.curve()
        axes.axhline(0, color="0.8", linewidth=0.8)
        axes.plot(variable, loss, label="loss J", color="tab:blue")
        axes.plot(variable, slope, label="gradient", color="tab:orange", linestyle="--")
        axes.set(xlabel=self.variable, title=self.name)
        axes.legend(frameon=False)
        return axes

    def rows(self) -> dict[str, str]:
        """What is said of the loss, by headings."""
        return {
            "loss": f"J = {self.formula}",
            "stands for": self.model,
            "optimum": self.optimum,
            "output head": self.head,
            "gradient": self.gradient,
            "note": self.remark,
        }

    def __str__(self) -> str:
        lines = [self._title()]
        for heading, text in self.rows().items():
            lines += textwrap.wrap(text, 96, initial_indent=f"  {heading:<13}", subsequent_indent=" " * 15)
        variable, loss, slope = self.curve(_WIDTH)
        lines += ["", f"  loss and gradient from {variable[0]:g} to {variable[-1]:g}: {self.variable}"]
        lines += [f"    J  {_bars(loss)}  {_range(loss)}", f"    g  {_bars(slope)}  {_range(slope)}"]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{heading}</th><td style='text-align:left'>{html.escape(text)}</td></tr>"
            for heading, text in self.rows().items()
        )
        return f"<b>{html.escape(self._title())}</b><table>{rows}</table>{self._picture()}"

    def _title(self) -> str:
        return f"{self.name} (nn.{self.module})" if self.module else self.name

    def _picture(self) -> str:
        """The curves as SVG, or as text where matplotlib is missing."""
        try:
            import io

            from matplotlib.backends.backend_svg import FigureCanvasSVG
            from matplotlib.figure import Figure
        except ImportError:
            return f"<pre>{html.escape(str(self).rpartition(chr(10) * 2)[2])}</pre>"
        figure = Figure(figsize=(6, 3.6), layout="constrained")
        self.plot(figure.add_subplot())
        file = io.StringIO()
        FigureCanvasSVG(figure).print_svg(file)  # type: ignore[no-untyped-call]
        return file.getvalue().partition("?>")[2].partition('.dtd">')[2]


def _bars(values: Any) -> str:
    """A line of blocks, the higher the larger."""
    low, high = float(values.min()), float(values.max())
    if high == low:
        return _BARS[0] * len(values)
    return "".join(_BARS[min(int((v - low) / (high - low) * 8), 7)] for v in values)


def _range(values: Any) -> str:
    return f"{values.min():.3g} … {values.max():.3g}"
