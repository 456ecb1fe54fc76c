"""The names of the in-place methods of Tensor, which ``ops/inplace.py`` and ``ops/sampling.py`` fill in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tensor import Tensor

    Method = Callable[..., Tensor]


class InPlaceMethods:
    """Names of methods that end in an underscore, for editors and type checkers."""

    __slots__ = ()

    # ops/inplace.py
    abs_: Method
    acos_: Method
    acosh_: Method
    add_: Method
    addbmm_: Method
    addcdiv_: Method
    addcmul_: Method
    addmm_: Method
    addmv_: Method
    addr_: Method
    asin_: Method
    asinh_: Method
    atan2_: Method
    atan_: Method
    atanh_: Method
    baddbmm_: Method
    ceil_: Method
    clamp_: Method
    clip_: Method
    copy_: Method
    copysign_: Method
    cos_: Method
    cosh_: Method
    cumprod_: Method
    cumsum_: Method
    deg2rad_: Method
    digamma_: Method
    div_: Method
    divide_: Method
    erf_: Method
    erfc_: Method
    erfinv_: Method
    exp2_: Method
    exp_: Method
    expm1_: Method
    fill_: Method
    floor_: Method
    floor_divide_: Method
    fmod_: Method
    frac_: Method
    hypot_: Method
    i0_: Method
    igamma_: Method
    igammac_: Method
    index_add_: Method
    index_copy_: Method
    index_fill_: Method
    index_put_: Method
    lerp_: Method
    lgamma_: Method
    log10_: Method
    log1p_: Method
    log2_: Method
    log_: Method
    logit_: Method
    masked_fill_: Method
    masked_scatter_: Method
    mul_: Method
    multiply_: Method
    mvlgamma_: Method
    nan_to_num_: Method
    neg_: Method
    negative_: Method
    polygamma_: Method
    pow_: Method
    rad2deg_: Method
    reciprocal_: Method
    relu_: Method
    remainder_: Method
    round_: Method
    rsqrt_: Method
    scatter_: Method
    scatter_add_: Method
    scatter_reduce_: Method
    sgn_: Method
    sigmoid_: Method
    sign_: Method
    sin_: Method
    sinc_: Method
    sinh_: Method
    sqrt_: Method
    square_: Method
    sub_: Method
    subtract_: Method
    tan_: Method
    tanh_: Method
    tril_: Method
    triu_: Method
    true_divide_: Method
    trunc_: Method
    xlogy_: Method
    zero_: Method
    # ops/sampling.py
    bernoulli_: Method
    normal_: Method
    uniform_: Method
