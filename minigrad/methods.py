"""The operations that are also methods of Tensor, by family.

Only their names stand here, so that editors and type checkers know them. Each is defined once, as a function, in
``ops/``, and becomes a method there through ``tensor.offer``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tensor import Tensor

    Method = Callable[..., Tensor]


class Methods:
    """Names of the methods that ``ops/`` fills in; a test holds them against what it really filled in."""

    __slots__ = ()

    # elementwise
    abs: Method
    add: Method
    clamp: Method
    clip: Method
    divide: Method
    exp: Method
    floor_divide: Method
    log: Method
    maximum: Method
    minimum: Method
    multiply: Method
    negative: Method
    pow: Method
    power: Method
    relu: Method
    remainder: Method
    sigmoid: Method
    sign: Method
    sqrt: Method
    square: Method
    subtract: Method
    tanh: Method
    # conversion
    astype: Method
    clone: Method
    # reductions
    all: Method
    amax: Method
    amin: Method
    any: Method
    argmax: Method
    argmin: Method
    log_softmax: Method
    logsumexp: Method
    max: Callable[..., Any]  # a Tensor, or values and indices along a dimension
    mean: Method
    min: Callable[..., Any]
    softmax: Method
    sum: Method
    var: Method
    # shape
    broadcast_to: Method
    expand_dims: Method
    flatten: Method
    permute: Method
    reshape: Method
    squeeze: Method
    swapaxes: Method
    transpose: Method
    unsqueeze: Method
    # in place
    abs_: Method
    add_: Method
    clamp_: Method
    clip_: Method
    copy_: Method
    divide_: Method
    exp_: Method
    fill_: Method
    log_: Method
    multiply_: Method
    negative_: Method
    pow_: Method
    relu_: Method
    sigmoid_: Method
    sqrt_: Method
    square_: Method
    subtract_: Method
    tanh_: Method
    zero_: Method
    # products
    matmul: Method
