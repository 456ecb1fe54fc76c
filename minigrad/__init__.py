"""minigrad: an autodiff framework on NumPy, to learn from and to keep using."""

from math import e, inf, nan, pi

from numpy import finfo, iinfo

from . import autograd, data, func, nn, optim
from .core import dtypes
from .core.memory import keep_freed_memory

# --- Tensors: making, converting, drawing ---------------------------------------------------------------------------
from .core.tensor import Tensor
from .nn.parameter import Parameter
from .ops.creation import (
    arange, as_tensor, asarray, empty, empty_like, eye, from_numpy, full, full_like, linspace, logspace, ones,
    ones_like, tensor, zeros, zeros_like,
)  # fmt: skip
from .ops.sampling import (
    bernoulli, multinomial, normal, rand, rand_like, randint, randint_like, randn, randn_like, randperm,
)  # fmt: skip
from .random import get_rng_state, manual_seed, set_rng_state
from .core.dtypes import (
    bool_ as bool, double, float16, float32, float64, float_ as float, half, int8, int16, int32, int64, int_ as
    int, long, short, uint8,
)  # fmt: skip
from .core.arrays import get_default_dtype, set_default_dtype
from .ops.interchange import from_dlpack
from .serialization import load, save

# --- gradients -------------------------------------------------------------------------------------------------------
from .autograd import detect_anomaly, enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .core.hooks import RemovableHandle

# --- operations, by family --------------------------------------------------------------------------------------------
from .ops.elementwise import (
    abs_ as abs, clamp, clamp_max, clamp_min, clip_ as clip, clone, divide, exp, floor_divide, log, maximum, minimum,
    multiply, negative, pow_ as pow, relu, remainder, sigmoid, sign, sqrt, square, tanh,
)  # fmt: skip
from .ops.names import (
    absolute, add, allclose, div, eq, equal, ge, greater, greater_equal, gt, is_tensor, isclose, isfinite,
    isinf, isnan, isneginf, isposinf, le, lerp, less, less_equal, logical_and, logical_not, logical_or,
    logical_xor, lt, mul, ne, neg, not_equal, sgn, signbit, sub, subtract, true_divide,
)  # fmt: skip
from .ops.special import (
    cbrt, ceil, copysign, erf, erfc, exp2, expm1, floor, fmax, fmin, fmod, frac, heaviside, log1p, log2, log10,
    logaddexp, logaddexp2, nan_to_num, reciprocal, round_ as round, rsqrt, trunc, xlogy,
)  # fmt: skip
from .ops.trigonometric import (
    acos, acosh, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, asin, asinh, atan, atan2, atanh,
    cos, cosh, deg2rad, hypot, rad2deg, sin, sinc, sinh, tan,
)  # fmt: skip
from .ops.reduce.sums import (
    all_ as all, amax, amin, any_ as any, argmax, argmin, max_ as max, mean, min_ as min, sum_ as sum, var,
)  # fmt: skip
from .ops.reduce.norms import aminmax, count_nonzero, nanmean, nansum, norm, prod, ptp, std, std_mean, var_mean
from .nn.kernels.softmax import log_softmax, logsumexp, softmax
from .ops.scan import cummax, cummin, cumprod, cumsum, diff, logcumsumexp
from .ops.order import argsort, kthvalue, median, msort, quantile, sort, topk
from .ops.search import argwhere, bincount, bucketize, histc, nonzero, searchsorted, unique, where
from .ops.linalg import matmul
from .ops.products import (
    addbmm, addmm, addmv, addr, baddbmm, bilinear, bmm, cross, dot, inner, kron, mm, mv, outer, tensordot, vdot,
    vecdot,
)  # fmt: skip
from .ops.chains import chain_matmul, matrix_power, multi_dot
from .ops.einsum import einsum
from .ops.shape.reshape import (
    broadcast_to, concatenate, expand_dims, flatten, permute, reshape, squeeze, stack, swapaxes, transpose,
    unsqueeze,
)  # fmt: skip
from .ops.shape.arrange import (
    adjoint, atleast_1d, atleast_2d, atleast_3d, broadcast_tensors, flip, fliplr, flipud, moveaxis, movedim,
    ravel, swapdims, repeat_interleave, roll, rot90, t, tile, unflatten,
)  # fmt: skip
from .ops.join import (
    cat, chunk, concat, column_stack, dsplit, dstack, hsplit, hstack, meshgrid, split, tensor_split, unbind,
    vsplit, vstack,
)  # fmt: skip
from .ops.diagonal import diag, diag_embed, diagflat, diagonal, trace, tril, triu
from .ops.index.select import (
    index_add, index_copy, index_fill, index_put, index_select, masked_fill, masked_scatter, masked_select,
    narrow, select, take, take_along_dim, tril_indices, triu_indices,
)  # fmt: skip
from .ops.index.scatter import gather, scatter, scatter_add, scatter_reduce
from .ops.convert import device, is_floating_point, numel
from .nn.functional import celu, hardshrink, prelu, selu

keep_freed_memory()

__all__ = [
    "Parameter", "RemovableHandle", "Tensor", "abs", "absolute", "acos", "acosh", "add", "addbmm", "addmm",
    "addmv", "addr", "adjoint", "all", "allclose", "amax", "amin", "aminmax", "any", "arange", "arccos",
    "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "argmax", "argmin", "argsort", "argwhere",
    "as_tensor", "asarray", "asin", "asinh", "atan", "atan2", "atanh", "atleast_1d", "atleast_2d", "atleast_3d",
    "autograd", "baddbmm", "bernoulli", "bilinear", "bincount", "bmm", "bool", "broadcast_tensors",
    "broadcast_to", "bucketize", "cat", "cbrt", "ceil", "celu", "chain_matmul", "chunk", "clamp", "clamp_max",
    "clamp_min", "clip", "clone", "column_stack", "concat", "concatenate", "copysign", "cos", "cosh",
    "count_nonzero", "cross", "cummax", "cummin", "cumprod", "cumsum", "data", "deg2rad", "detect_anomaly",
    "device", "diag", "diag_embed", "diagflat", "diagonal", "diff", "div", "divide", "dot", "double", "dsplit",
    "dstack", "dtypes", "e", "einsum", "empty", "empty_like", "enable_grad", "eq", "equal", "erf", "erfc",
    "exp", "exp2", "expand_dims", "expm1", "eye", "finfo", "flatten", "flip", "fliplr", "flipud", "float",
    "float16", "float32", "float64", "floor", "floor_divide", "fmax", "fmin", "fmod", "frac", "from_dlpack",
    "from_numpy", "full", "full_like", "func", "gather", "ge", "get_default_dtype", "get_rng_state", "greater",
    "greater_equal", "gt", "half", "hardshrink", "heaviside", "histc", "hsplit", "hstack", "hypot", "iinfo",
    "index_add", "index_copy", "index_fill", "index_put", "index_select", "inf", "inference_mode", "inner",
    "int", "int16", "int32", "int64", "int8", "is_floating_point", "is_grad_enabled", "is_tensor", "isclose",
    "isfinite", "isinf", "isnan", "isneginf", "isposinf", "kron", "kthvalue", "le", "lerp", "less",
    "less_equal", "linspace", "load", "log", "log10", "log1p", "log2", "log_softmax", "logaddexp", "logaddexp2",
    "logcumsumexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logspace", "logsumexp", "long",
    "lt", "manual_seed", "masked_fill", "masked_scatter", "masked_select", "matmul", "matrix_power", "max",
    "maximum", "mean", "median", "meshgrid", "min", "minimum", "mm", "moveaxis", "movedim", "msort", "mul",
    "multi_dot", "multinomial", "multiply", "mv", "nan", "nan_to_num", "nanmean", "nansum", "narrow", "ne",
    "neg", "negative", "nn", "no_grad", "nonzero", "norm", "normal", "not_equal", "numel", "ones", "ones_like",
    "optim", "outer", "permute", "pi", "pow", "prelu", "prod", "ptp", "quantile", "rad2deg", "rand",
    "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "ravel", "reciprocal", "relu",
    "remainder", "repeat_interleave", "reshape", "roll", "rot90", "round", "rsqrt", "save", "scatter",
    "scatter_add", "scatter_reduce", "searchsorted", "select", "selu", "set_default_dtype", "set_grad_enabled",
    "set_rng_state", "sgn", "short", "sigmoid", "sign", "signbit", "sin", "sinc", "sinh", "softmax", "sort",
    "split", "sqrt", "square", "squeeze", "stack", "std", "std_mean", "sub", "subtract", "sum", "swapaxes",
    "swapdims", "t", "take", "take_along_dim", "tan", "tanh", "tensor", "tensor_split", "tensordot", "tile",
    "topk", "trace", "transpose", "tril", "tril_indices", "triu", "triu_indices", "true_divide", "trunc",
    "uint8", "unbind", "unflatten", "unique", "unsqueeze", "var", "var_mean", "vdot", "vecdot", "vsplit",
    "vstack", "where", "xlogy", "zeros", "zeros_like",
]  # fmt: skip
