"""The summary of a model as text, laid out as torchinfo does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .summary import Layer, ModelSummary


def rendered(result: ModelSummary) -> str:
    """The table."""
    columns = [COLUMNS[name] for name in result.col_names]
    rows = [["Layer (type:depth-idx)", *[title for title, _ in columns]]]
    for layer in result.layers:
        if layer.depth <= result.depth:
            cut = layer.depth == result.depth
            rows.append([_label(layer), *[cell(layer, cut) for _, cell in columns]])
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    lines = ["".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    totals = _totals(result)
    rule = "=" * max(map(len, [*lines, *totals]))
    half = len(totals) - 4
    parts = [rule, lines[0], rule, *lines[1:], rule, *totals[:half], rule, *totals[half:], rule, *result.notes]
    return "\n".join(parts)


def _label(layer: Layer) -> str:
    if layer.depth == 0:
        return layer.kind
    branch = "├─" if layer.depth == 1 else "│    " * (layer.depth - 1) + "└─"
    return f"{branch}{layer.kind}: {layer.depth}-{layer.index}"


def _totals(result: ModelSummary) -> list[str]:
    return [
        f"Total params: {result.total_params:,}",
        f"Trainable params: {result.trainable_params:,}",
        f"Non-trainable params: {result.non_trainable_params:,}",
        f"Total mult-adds{_large(result.total_mult_adds)}",
        f"Input size (MB): {result.input_bytes / 1e6:.2f}",
        f"Forward/backward pass size (MB): {result.output_bytes / 1e6:.2f}",
        f"Params size (MB): {result.param_bytes / 1e6:.2f}",
        f"Estimated total size (MB): {result.total_bytes / 1e6:.2f}",
    ]


def _large(number: int) -> str:
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6)):
        if number >= size:
            return f" ({unit}): {number / size:.2f}"
    return f": {number:,}"


# --- cells: the text for a layer, and for all that is inside it where the depth is cut off ----------------------------
def _input(layer: Layer, cut: bool) -> str:
    return str(list(layer.input_shapes[0])) if layer.input_shapes else "--"


def _output(layer: Layer, cut: bool) -> str:
    return str(list(layer.output_shapes[0])) if layer.output_shapes else "--"


def _params(layer: Layer, cut: bool) -> str:
    number = sum(inner.parameters for inner in layer.walk()) if cut else layer.parameters
    if number:
        return f"{number:,}"
    if layer.repeated and next(layer.module.parameters(), None) is not None:
        return "(recursive)"
    return "(shared)" if layer.shared else "--"


def _kernel(layer: Layer, cut: bool) -> str:
    size = getattr(layer.module, "kernel_size", None)
    if size is None:
        return "--"
    return str(list(size)) if isinstance(size, (tuple, list)) else str(size)


def _mult_adds(layer: Layer, cut: bool) -> str:
    number = sum(inner.mult_adds for inner in layer.walk()) if cut else layer.mult_adds
    return f"{number:,}" if number else "--"


def _trainable(layer: Layer, cut: bool) -> str:
    kinds = {parameter.requires_grad for parameter in layer.module.parameters()}
    return "--" if not kinds else "Partial" if len(kinds) == 2 else str(kinds.pop())


COLUMNS: dict[str, tuple[str, Callable[[Layer, bool], str]]] = {
    "input_size": ("Input Shape", _input),
    "output_size": ("Output Shape", _output),
    "num_params": ("Param #", _params),
    "kernel_size": ("Kernel Shape", _kernel),
    "mult_adds": ("Mult-Adds", _mult_adds),
    "trainable": ("Trainable", _trainable),
}
