"""minigrad: an autodiff framework on NumPy, to learn from and to keep using."""

from . import autograd, data, nn, optim
from .arrays import get_default_dtype, set_default_dtype
from .autograd import detect_anomaly, enable_grad, is_grad_enabled, no_grad
from .memory import keep_freed_memory
from .nn import Parameter
from .ops.elementwise import (
    abs_ as abs,
)
from .ops.elementwise import (
    add,
    clamp,
    clone,
    divide,
    exp,
    log,
    maximum,
    minimum,
    multiply,
    relu,
    sigmoid,
    sign,
    sqrt,
    square,
    subtract,
    tanh,
    where,
)
from .ops.elementwise import (
    clip_ as clip,
)
from .ops.elementwise import (
    pow_ as pow,
)
from .ops.linalg import matmul
from .ops.reduce import (
    all_ as all,
)
from .ops.reduce import (
    amax,
    amin,
    argmax,
    argmin,
    mean,
    var,
)
from .ops.reduce import (
    any_ as any,
)
from .ops.reduce import (
    max_ as max,
)
from .ops.reduce import (
    min_ as min,
)
from .ops.reduce import (
    sum_ as sum,
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
from .ops.softmax import log_softmax, logsumexp, softmax
from .random import manual_seed
from .tensor import Tensor, tensor

keep_freed_memory()

__all__ = [
    "optim",
    "nn",
    "data",
    "Parameter",
    "Tensor",
    "abs",
    "add",
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "autograd",
    "broadcast_to",
    "clamp",
    "clip",
    "clone",
    "concatenate",
    "detect_anomaly",
    "divide",
    "enable_grad",
    "exp",
    "expand_dims",
    "flatten",
    "get_default_dtype",
    "is_grad_enabled",
    "log",
    "log_softmax",
    "logsumexp",
    "manual_seed",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "multiply",
    "no_grad",
    "permute",
    "pow",
    "relu",
    "reshape",
    "set_default_dtype",
    "sigmoid",
    "sign",
    "softmax",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "subtract",
    "sum",
    "swapaxes",
    "tanh",
    "tensor",
    "transpose",
    "unsqueeze",
    "var",
    "where",
]
