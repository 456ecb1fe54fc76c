"""minigrad: an autodiff framework on NumPy, to learn from and to keep using."""

import importlib
import os
from math import e, inf, nan, pi
from typing import Any

from numpy import finfo, iinfo

from . import nn  # first: it imports distributions, which import nn.functional
from . import accelerator, autograd, backends, cuda, data, distributions, func, optim, special, utils
from .core import dtypes
from .core.memory import keep_freed_memory
from .notebook import shorten_tracebacks

# --- Tensors: making, converting, drawing ---------------------------------------------------------------------------
from .core.tensor import Tensor
from .nn.parameter import Parameter
from .ops.creation import (
    arange, as_tensor, asarray, channels_last, contiguous_format, empty, empty_like, eye, from_numpy, full,
    full_like, linspace, logspace, ones, ones_like, preserve_format, tensor, zeros, zeros_like,
)  # fmt: skip
from .ops.sampling import (
    bernoulli, multinomial, normal, rand, rand_like, randint, randint_like, randn, randn_like, randperm,
)  # fmt: skip
from .random import Generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
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
    abs_ as abs, clamp, clamp_max, clamp_min, clip_ as clip, exp, floor_divide, log, maximum,
    minimum, multiply, negative, pow_ as pow, remainder, sigmoid, sign, sqrt, square, tanh,
)  # fmt: skip
from .ops.arithmetic import (
    absolute, add, addcdiv, addcmul, div, divide, lerp, mul, neg, sgn, sub, subtract, true_divide,
)  # fmt: skip
from .ops.comparison import (
    allclose, eq, equal, ge, greater, greater_equal, gt, is_tensor, isclose, isfinite, isinf, isnan,
    isneginf, isposinf, le, less, less_equal, logical_and, logical_not, logical_or, logical_xor, lt, ne,
    not_equal, signbit,
)  # fmt: skip
from .ops.special.elementary import (
    cbrt, ceil, copysign, exp2, expm1, floor, fmax, fmin, fmod, frac, heaviside, log10, log1p, log2, logaddexp,
    logaddexp2, nan_to_num, reciprocal, round_ as round, rsqrt, trunc, xlogy,
)  # fmt: skip
from .ops.special.errors import erf, erfc, erfcx
from .ops.special.gamma import digamma, gammaln, lgamma, multigammaln, mvlgamma, polygamma, psi
from .ops.special.gammainc import gammainc, gammaincc, igamma, igammac
from .ops.special.probit import erfinv, expit, log_ndtr, logit, ndtr, ndtri
from .ops.special.bessel import i0, i0e, i1, i1e
from .ops.special.entropy import entr, xlog1py
from .ops.trigonometric import (
    acos, acosh, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, asin, asinh, atan, atan2,
    atanh, cos, cosh, deg2rad, hypot, rad2deg, sin, sinc, sinh, tan,
)  # fmt: skip
from .ops.reduce.sums import mean, nanmean, nansum, sum_ as sum
from .ops.reduce.prod import prod
from .ops.reduce.variance import std, std_mean, var, var_mean
from .ops.reduce.extremes import amax, amin, aminmax, argmax, argmin, max_ as max, min_ as min, ptp
from .ops.reduce.norms import norm
from .ops.reduce.counts import all_ as all, any_ as any, count_nonzero
from .ops.scan import cummax, cummin, cumprod, cumsum, diff, logcumsumexp
from .ops.order import argsort, kthvalue, median, msort, quantile, sort, topk
from .ops.search import argwhere, bincount, bucketize, histc, nonzero, searchsorted, unique, where
from .ops.linalg import matmul
from .ops.products import (
    addbmm, addmm, addmv, addr, baddbmm, bilinear, bmm, cross, dot, inner, kron, mm, mv, outer, tensordot,
    vdot, vecdot,
)  # fmt: skip
from .ops.chains import chain_matmul, matrix_power, multi_dot
from .ops.einsum import einsum
from .ops.shape.reshape import (
    atleast_1d, atleast_2d, atleast_3d, expand_dims, flatten, ravel, reshape, squeeze, unflatten, unsqueeze,
)  # fmt: skip
from .ops.shape.permute import adjoint, moveaxis, movedim, permute, swapaxes, swapdims, t, transpose
from .ops.shape.expand import broadcast_tensors, broadcast_to, repeat_interleave, tile
from .ops.shape.flip import flip, fliplr, flipud, roll, rot90
from .ops.join import (
    cat, chunk, column_stack, concat, concatenate, dsplit, dstack, hsplit, hstack, meshgrid, split, stack,
    tensor_split, unbind, vsplit, vstack,
)  # fmt: skip
from .ops.diagonal import diag, diag_embed, diagflat, diagonal, trace, tril, triu
from .ops.index.select import (
    index_add, index_copy, index_fill, index_put, index_select, narrow, select, take, take_along_dim,
)  # fmt: skip
from .ops.index.scatter import gather, scatter, scatter_add, scatter_reduce
from .ops.index.masked import masked_fill, masked_scatter, masked_select
from .ops.creation import tril_indices, triu_indices
from .ops.convert import clone, device, is_floating_point, numel
from .nn.kernels.activation.rectifier import relu
from .nn.kernels.softmax import log_softmax, logsumexp, softmax
from .nn.functional import celu, hardshrink, prelu, selu
from .nn.functional.distance import cdist, cosine_similarity, pairwise_distance, pdist

keep_freed_memory()
shorten_tracebacks()

__all__ = [
    "Generator", "Parameter", "RemovableHandle", "Tensor", "abs", "absolute", "accelerator", "acos", "acosh",
    "add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addr", "adjoint", "all", "allclose", "amax",
    "amin", "aminmax", "any", "arange", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2",
    "arctanh", "argmax", "argmin", "argsort", "argwhere", "as_tensor", "asarray", "asin", "asinh", "atan",
    "atan2", "atanh", "atleast_1d", "atleast_2d", "atleast_3d", "autograd", "backends", "baddbmm", "bernoulli",
    "bilinear", "bincount", "bmm", "bool", "broadcast_tensors", "broadcast_to", "bucketize", "cat", "cbrt",
    "cdist", "ceil", "celu", "chain_matmul", "channels_last", "chunk", "clamp", "clamp_max", "clamp_min",
    "clip", "clone", "column_stack", "concat", "concatenate", "contiguous_format", "copysign", "cos", "cosh",
    "cosine_similarity", "count_nonzero", "cross", "cuda", "cummax", "cummin", "cumprod", "cumsum", "data",
    "deg2rad", "detect_anomaly", "device", "diag", "diag_embed", "diagflat", "diagonal", "diff", "digamma",
    "distributions", "div", "divide", "dot", "double", "dsplit", "dstack", "dtypes", "e", "einsum", "empty",
    "empty_like", "enable_grad", "entr", "eq", "equal", "erf", "erfc", "erfcx", "erfinv", "exp", "exp2",
    "expand_dims", "expit", "expm1", "eye", "finfo", "flatten", "flip", "fliplr", "flipud", "float", "float16",
    "float32", "float64", "floor", "floor_divide", "fmax", "fmin", "fmod", "frac", "from_dlpack", "from_numpy",
    "full", "full_like", "func", "gammainc", "gammaincc", "gammaln", "gather", "ge", "get_default_dtype",
    "get_rng_state", "greater", "greater_equal", "gt", "half", "hardshrink", "heaviside", "histc", "hsplit",
    "hstack", "hypot", "i0", "i0e", "i1", "i1e", "igamma", "igammac", "iinfo", "index_add", "index_copy",
    "index_fill", "index_put", "index_select", "inf", "inference_mode", "initial_seed", "inner", "int", "int16",
    "int32", "int64", "int8", "is_floating_point", "is_grad_enabled", "is_tensor", "isclose", "isfinite",
    "isinf", "isnan", "isneginf", "isposinf", "kron", "kthvalue", "le", "lerp", "less", "less_equal", "lgamma",
    "linspace", "load", "log", "log10", "log1p", "log2", "log_ndtr", "log_softmax", "logaddexp", "logaddexp2",
    "logcumsumexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logit", "logspace", "logsumexp",
    "long", "lt", "manual_seed", "masked_fill", "masked_scatter", "masked_select", "matmul", "matrix_power",
    "max", "maximum", "mean", "median", "meshgrid", "min", "minimum", "mm", "moveaxis", "movedim", "msort",
    "mul", "multi_dot", "multigammaln", "multinomial", "multiply", "mv", "mvlgamma", "nan", "nan_to_num",
    "nanmean", "nansum", "narrow", "ndtr", "ndtri", "ne", "neg", "negative", "nn", "no_grad", "nonzero", "norm",
    "normal", "not_equal", "numel", "ones", "ones_like", "optim", "outer", "pairwise_distance", "pdist",
    "permute", "pi", "polygamma", "pow", "prelu", "preserve_format", "prod", "psi", "ptp", "quantile",
    "rad2deg", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "ravel",
    "reciprocal", "relu", "remainder", "repeat_interleave", "reshape", "roll", "rot90", "round", "rsqrt",
    "save", "scatter", "scatter_add", "scatter_reduce", "searchsorted", "seed", "select", "selu",
    "set_default_dtype", "set_grad_enabled", "set_rng_state", "sgn", "short", "sigmoid", "sign", "signbit",
    "sin", "sinc", "sinh", "softmax", "sort", "special", "split", "sqrt", "square", "squeeze", "stack", "std",
    "std_mean", "sub", "subtract", "sum", "swapaxes", "swapdims", "t", "take", "take_along_dim", "tan", "tanh",
    "tensor", "tensor_split", "tensordot", "tile", "topk", "trace", "transpose", "tril", "tril_indices", "triu",
    "triu_indices", "true_divide", "trunc", "uint8", "unbind", "unflatten", "unique", "unsqueeze", "utils",
    "var", "var_mean", "vdot", "vecdot", "vsplit", "vstack", "where", "xlog1py", "xlogy", "zeros", "zeros_like",
]  # fmt: skip
# Modules that are loaded when they are first used. ``checkpoint`` saves runs; ``autograd.checkpoint`` recomputes
# activations.
_LATER = (
    "checkpoint", "debug", "experiment", "fast", "metrics", "random", "receipts", "recommend", "serialization",
    "theory", "viz",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    """``minigrad.debug`` and its kin, without importing them first."""
    if name in _LATER:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What the completion of editors and shells shows."""
    return [*__all__, *[name for name in _LATER if name in globals()]]


if "MINIGRAD_FAST" in os.environ:
    importlib.import_module(".fast.switch", __name__).enable_if_asked()
