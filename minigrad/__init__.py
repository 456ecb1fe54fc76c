"""minigrad: an autodiff framework on NumPy, to learn from and to keep using."""

from . import autograd
from .arrays import get_default_dtype, set_default_dtype
from .autograd import detect_anomaly, enable_grad, is_grad_enabled, no_grad
from .ops.elementwise import (
    abs_ as abs,
    add,
    clamp,
    clip_ as clip,
    clone,
    divide,
    exp,
    log,
    maximum,
    minimum,
    multiply,
    pow_ as pow,
    relu,
    sigmoid,
    sign,
    sqrt,
    square,
    subtract,
    tanh,
    where,
)
from .ops.linalg import matmul
from .ops.reduce import (
    all_ as all,
    amax,
    amin,
    any_ as any,
    argmax,
    argmin,
    log_softmax,
    logsumexp,
    max_ as max,
    mean,
    min_ as min,
    softmax,
    sum_ as sum,
    var,
)
from .ops.shape import (
    broadcast_to,
    concatenate,
    expand_dims,
    flatten,
    permute,
    reshape,
    squeeze,
    stack,
    swapaxes,
    transpose,
    unsqueeze,
)
from .random import manual_seed
from .tensor import Parameter, Tensor, tensor
