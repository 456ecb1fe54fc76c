"""Special functions under the names of ``torch.special``.

Every one is differentiable to any order. They compute in double precision, and round once, to the precision of their
input; those that training calls millions of times, ``erf``, ``erfc`` and the exponentials, compute in the precision of
their input, to some units of its last digit. ``minigrad.lgamma`` and ``minigrad.special.gammaln`` are the same
function, as in PyTorch.

Example:
    >>> minigrad.special.ndtr(minigrad.special.ndtri(Tensor([0.25])))
    Tensor([0.25])
"""

from .nn.kernels.softmax import log_softmax, logsumexp, softmax
from .ops.special.bessel import i0, i0e, i1, i1e
from .ops.special.elementary import exp2, expm1, log1p, xlogy
from .ops.special.elementary import round_ as round
from .ops.special.entropy import entr, xlog1py
from .ops.special.errors import erf, erfc, erfcx
from .ops.special.gamma import digamma, gammaln, multigammaln, polygamma, psi
from .ops.special.gammainc import gammainc, gammaincc
from .ops.special.probit import erfinv, expit, log_ndtr, logit, ndtr, ndtri
from .ops.trigonometric import sinc

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammainc",
    "gammaincc",
    "gammaln",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show
