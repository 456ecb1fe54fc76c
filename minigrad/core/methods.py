"""The operations that are also methods of Tensor, by family.

Only their names stand here, so that editors and type checkers know them. Each is defined once, as a function, in
``ops/``, and becomes a method there through ``declare.register``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .inplace_methods import InPlaceMethods

if TYPE_CHECKING:
    from .tensor import Tensor

    Method = Callable[..., Tensor]


class Methods(InPlaceMethods):
    """Names of the methods that ``ops/`` fills in; a test holds them against what it really filled in."""

    __slots__ = ()

    # core/backward.py
    backward: Callable[..., None]
    # autograd/steps.py
    backward_steps: Callable[..., Any]
    # core/hooks.py
    register_hook: Callable[..., Any]
    register_post_accumulate_grad_hook: Callable[..., Any]
    retain_grad: Callable[..., Any]
    # nn/functional/activation/rectifier.py
    hardshrink: Method
    prelu: Method
    # nn/kernels/activation/rectifier.py
    relu: Method
    # nn/kernels/softmax.py
    log_softmax: Method
    logsumexp: Method
    softmax: Method
    # ops/arithmetic.py
    add: Method
    addcdiv: Method
    addcmul: Method
    div: Method
    lerp: Method
    sub: Method
    subtract: Method
    # ops/bessel.py
    i0: Method
    # ops/chains.py
    matrix_power: Method
    # ops/comparison.py
    allclose: Callable[..., Any]
    eq: Method
    equal: Callable[..., Any]
    ge: Method
    greater: Method
    greater_equal: Method
    gt: Method
    isclose: Method
    isfinite: Method
    isinf: Method
    isnan: Method
    isneginf: Method
    isposinf: Method
    le: Method
    less: Method
    less_equal: Method
    logical_and: Method
    logical_not: Method
    logical_or: Method
    logical_xor: Method
    lt: Method
    ne: Method
    not_equal: Method
    signbit: Method
    # ops/convert.py
    astype: Method
    bool: Method
    byte: Method
    clone: Method
    contiguous: Method
    cpu: Method
    device: Any
    dim: Callable[..., Any]
    double: Method
    element_size: Callable[..., Any]
    float: Method
    half: Method
    int: Method
    is_contiguous: Callable[..., Any]
    is_floating_point: Callable[..., Any]
    long: Method
    nbytes: Any
    nelement: Callable[..., Any]
    numel: Callable[..., Any]
    short: Method
    size: Callable[..., Any]
    to: Method
    type: Callable[..., Any]
    type_as: Method
    # ops/creation.py
    new_empty: Method
    new_full: Method
    new_ones: Method
    new_tensor: Method
    new_zeros: Method
    # ops/diagonal.py
    diag: Method
    diag_embed: Method
    diagflat: Method
    diagonal: Method
    trace: Method
    tril: Method
    triu: Method
    # ops/elementwise.py
    abs: Method
    absolute: Method
    clamp: Method
    clamp_max: Method
    clamp_min: Method
    clip: Method
    divide: Method
    exp: Method
    floor_divide: Method
    log: Method
    maximum: Method
    minimum: Method
    mul: Method
    multiply: Method
    neg: Method
    negative: Method
    pow: Method
    power: Method
    remainder: Method
    sgn: Method
    sigmoid: Method
    sign: Method
    sqrt: Method
    square: Method
    tanh: Method
    true_divide: Method
    # ops/gamma.py
    digamma: Method
    lgamma: Method
    mvlgamma: Method
    polygamma: Method
    # ops/gammainc.py
    igamma: Method
    igammac: Method
    # ops/index/masked.py
    masked_fill: Method
    masked_scatter: Method
    masked_select: Method
    # ops/index/scatter.py
    gather: Method
    scatter: Method
    scatter_add: Method
    scatter_reduce: Method
    # ops/index/select.py
    index_add: Method
    index_copy: Method
    index_fill: Method
    index_put: Method
    index_select: Method
    narrow: Method
    select: Method
    take: Method
    take_along_dim: Method
    # ops/join.py
    chunk: Callable[..., Any]
    dsplit: Callable[..., Any]
    hsplit: Callable[..., Any]
    split: Callable[..., Any]
    tensor_split: Callable[..., Any]
    unbind: Callable[..., Any]
    vsplit: Callable[..., Any]
    # ops/linalg.py
    matmul: Method
    # ops/order.py
    argsort: Method
    kthvalue: Callable[..., Any]
    median: Callable[..., Any]
    msort: Method
    quantile: Method
    sort: Callable[..., Any]
    topk: Callable[..., Any]
    # ops/probit.py
    erfinv: Method
    logit: Method
    # ops/products.py
    addbmm: Method
    addmm: Method
    addmv: Method
    addr: Method
    baddbmm: Method
    bmm: Method
    cross: Method
    dot: Method
    inner: Method
    kron: Method
    mm: Method
    mv: Method
    outer: Method
    vdot: Method
    # ops/reduce/counts.py
    all: Method
    any: Method
    count_nonzero: Method
    # ops/reduce/extremes.py
    amax: Method
    amin: Method
    aminmax: Callable[..., Any]
    argmax: Method
    argmin: Method
    max: Callable[..., Any]
    min: Callable[..., Any]
    ptp: Method
    # ops/reduce/norms.py
    norm: Method
    # ops/reduce/prod.py
    prod: Method
    # ops/reduce/sums.py
    mean: Method
    nanmean: Method
    nansum: Method
    sum: Method
    # ops/reduce/variance.py
    std: Method
    std_mean: Callable[..., Any]
    var: Method
    var_mean: Callable[..., Any]
    # ops/scan.py
    cummax: Callable[..., Any]
    cummin: Callable[..., Any]
    cumprod: Method
    cumsum: Method
    diff: Method
    logcumsumexp: Method
    # ops/search.py
    argwhere: Method
    bincount: Method
    bucketize: Method
    histc: Callable[..., Any]
    nonzero: Callable[..., Any]
    searchsorted: Method
    unique: Callable[..., Any]
    where: Method
    # ops/shape/expand.py
    broadcast_to: Method
    expand: Method
    expand_as: Method
    repeat: Method
    repeat_interleave: Method
    tile: Method
    # ops/shape/flip.py
    flip: Method
    fliplr: Method
    flipud: Method
    roll: Method
    rot90: Method
    # ops/shape/permute.py
    adjoint: Method
    moveaxis: Method
    movedim: Method
    permute: Method
    swapaxes: Method
    swapdims: Method
    t: Method
    transpose: Method
    # ops/shape/reshape.py
    atleast_1d: Method
    atleast_2d: Method
    atleast_3d: Method
    expand_dims: Method
    flatten: Method
    ravel: Method
    reshape: Method
    reshape_as: Method
    squeeze: Method
    unflatten: Method
    unsqueeze: Method
    view: Method
    view_as: Method
    # ops/special.py
    cbrt: Method
    ceil: Method
    copysign: Method
    erf: Method
    erfc: Method
    exp2: Method
    expm1: Method
    floor: Method
    fmax: Method
    fmin: Method
    fmod: Method
    frac: Method
    heaviside: Method
    log10: Method
    log1p: Method
    log2: Method
    logaddexp: Method
    logaddexp2: Method
    nan_to_num: Method
    reciprocal: Method
    round: Method
    rsqrt: Method
    trunc: Method
    xlogy: Method
    # ops/trigonometric.py
    acos: Method
    acosh: Method
    arccos: Method
    arccosh: Method
    arcsin: Method
    arcsinh: Method
    arctan: Method
    arctan2: Method
    arctanh: Method
    asin: Method
    asinh: Method
    atan: Method
    atan2: Method
    atanh: Method
    cos: Method
    cosh: Method
    deg2rad: Method
    hypot: Method
    rad2deg: Method
    sin: Method
    sinc: Method
    sinh: Method
    tan: Method
    # ops/windows.py
    unfold: Method
