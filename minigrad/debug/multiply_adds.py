"""How many multiply-adds one call of a layer takes, from the shapes of its weights and of its inputs and outputs.

A weight counts once for each position where it is used, a bias as one multiply-add for each number it is added to.
Counted are Linear and Bilinear, convolutions (also transposed ones), recurrent layers and cells, and attention. All
other layers count 0: normalisation, activations, pooling and looking up embeddings are no products with weights. For
Linear on matrices, convolutions and recurrent layers this is torchinfo's number; torchinfo forgets the other positions
of a Linear on more than two dimensions, and attention.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..core.tensor import Tensor
from ..nn.module.module import Module

Shape = tuple[int, ...]
Rule = Callable[[Any, list[Shape], Shape], int]  # of the layer, the shapes of its inputs, and that of its output


def rule_for(module: Module) -> Rule | None:
    """The rule for a layer, found by what it has; None if there is none."""
    name = type(module).__name__
    if hasattr(module, "in_proj_weight") and hasattr(module, "num_heads"):
        return _attention
    if hasattr(module, "input_size") and hasattr(module, "hidden_size") and _gates(module):
        return _recurrent
    if not isinstance(getattr(module, "weight", None), Tensor):
        return None
    if hasattr(module, "kernel_size") and "Conv" in name:
        return _transposed if "Transpose" in name else _convolution
    if hasattr(module, "out_features"):
        return _linear
    return None


def _size(tensor: Any) -> int:
    return math.prod(tensor.shape) if tensor is not None else 0


def _linear(module: Any, inputs: list[Shape], output: Shape) -> int:
    positions = math.prod(output) // module.out_features
    return int(positions * (_size(module.weight) + _size(module.bias)))


def _convolution(module: Any, inputs: list[Shape], output: Shape) -> int:
    positions = math.prod(output) // module.out_channels
    return int(positions * (_size(module.weight) + _size(module.bias)))


def _transposed(module: Any, inputs: list[Shape], output: Shape) -> int:
    positions = math.prod(inputs[0]) // module.in_channels  # every number of the input meets all its weights
    return int(positions * _size(module.weight)) + (math.prod(output) if module.bias is not None else 0)


def _gates(module: Any) -> list[Any]:
    return [tensor for name, tensor in module.named_parameters(recurse=False) if name.startswith(("weight_", "bias_"))]


def _recurrent(module: Any, inputs: list[Shape], output: Shape) -> int:
    return int(math.prod(inputs[0]) // module.input_size * sum(map(_size, _gates(module))))


def _attention(module: Any, inputs: list[Shape], output: Shape) -> int:
    query, key, value = (inputs + inputs[-1:] * 2)[:3]
    width = module.embed_dim
    queries, keys, values = (math.prod(shape[:-1]) for shape in (query, key, value))
    projections = width * (queries * query[-1] + keys * key[-1] + values * value[-1])
    biases = width * (queries + keys + values) if module.in_proj_bias is not None else 0
    time = 1 if getattr(module, "batch_first", False) and len(query) == 3 else 0
    products = 2 * queries * key[time] * width  # scores and weighted sums
    return int(projections + biases + products + queries * (width * width + _size(module.out_proj.bias)))
