"""Calls of minigrad's and PyTorch's function of one name, and how their results differ; for tests of dtypes."""

from __future__ import annotations

import math
import operator
import warnings
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import minigrad as mg
import minigrad.nn.functional as F  # noqa: N812
from minigrad import Tensor
from tests.parity import torch

INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
FLOATS = ("float16", "float32", "float64")
UNSIGNED = ("uint16", "uint32")  # PyTorch knows them, but for few functions
DTYPES = (*INTEGERS, "bool", *FLOATS)
TOLERANCE = {2: 3e-3, 4: 1e-5, 8: 1e-9}


class Call(NamedTuple):
    """One call, the same for both libraries, and what came of it: a value or an exception."""

    name: str
    arguments: tuple[Any, ...]  # arrays, which become Tensors, and numbers
    ours: Any
    theirs: Any

    @property
    def dtypes(self) -> list[str]:
        return [str(a.dtype) for a in self.arguments if isinstance(a, np.ndarray)]

    @property
    def numbers(self) -> list[Any]:
        return [a for a in self.arguments if isinstance(a, (bool, int, float))]

    def __str__(self) -> str:
        shown = [f"{a.dtype}{a.tolist()}"[:200] if isinstance(a, np.ndarray) else repr(a)[:200] for a in self.arguments]
        return f"{self.name}({', '.join(shown)})\n  ours:   {self.ours!r}\n  theirs: {self.theirs!r}"


# --- what is called, and how ------------------------------------------------------------------------------------------
LIBRARIES = {"": (mg, torch), "F.": (F, torch.nn.functional)}
WITHOUT_PYTORCH = {
    "Parameter", "RemovableHandle", "cbrt", "data", "detect_anomaly", "dtypes", "expand_dims", "multi_dot", "ptp",
    "vecdot", "F.add_remaining_self_loops", "F.add_self_loops", "F.contains_self_loops", "F.degree", "F.gcn_norm",
    "F.global_add_pool", "F.global_max_pool", "F.global_mean_pool", "F.maxout", "F.remove_self_loops", "F.sample",
    "F.scatter", "F.segment_softmax", "F.softmax_with_temperature", "F.binary_hinge_loss", "F.focal_loss",
    "F.gaussian_nll_logvar_loss", "F.laplace_nll_loss", "F.log_cosh_loss", "F.mae_loss", "F.multiclass_hinge_loss",
    "F.multilabel_bce_loss", "F.quantile_loss", "F.sigmoid_focal_loss", "F.squared_hinge_loss", "F.sse_loss",
    "F.in_batch_softmax_loss", "F.negative_sampling_loss", "F.sampled_softmax_loss", "F.clip_loss", "F.elastic_net",
    "F.contrastive_loss", "F.entropy", "F.image_text_loss", "F.info_nce_loss", "F.js_divergence", "F.kl_divergence",
    "F.l1_penalty", "F.l2_penalty", "F.normal_kl", "F.normal_kl_between", "F.nt_xent_loss", "F.semi_hard_triplets",
    "F.soft_cross_entropy",
}  # fmt: skip
NO_DTYPES = {  # about files, modes, places and random numbers, or without an array among the inputs
    "autograd", "device", "distributions", "empty", "empty_like", "enable_grad", "finfo", "from_dlpack", "from_numpy",
    "func", "get_default_dtype", "get_rng_state", "iinfo", "inference_mode", "is_grad_enabled", "is_tensor", "load",
    "manual_seed", "nn", "no_grad", "numel", "optim", "save", "set_default_dtype", "set_grad_enabled", "set_rng_state",
    "special", "tensor", "tril_indices", "triu_indices", "eye", "ones", "zeros", "arange", "linspace", "logspace",
    "full", "bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like",
    "randperm", "F.alpha_dropout", "F.dropout", "F.dropout1d", "F.dropout2d", "F.dropout3d",
    "F.feature_alpha_dropout", "F.gumbel_softmax", "F.rrelu", "F.rrelu_", "F.multi_head_attention_forward",
    "F.ctc_loss", "Generator", "accelerator", "backends", "channels_last", "contiguous_format",
    "cuda", "initial_seed", "preserve_format", "seed", "utils",
}  # fmt: skip


COUNTING = {
    "bincount",
    "tensordot",
    "repeat_interleave",
    "tile",
    "broadcast_to",
    "F.one_hot",
}  # large integers make large results


def array(dtype: str, shape: tuple[int, ...], rng: Any, kind: str = "small") -> np.ndarray:
    """Numbers of a dtype, integers and booleans all different where there are enough of them."""
    count = math.prod(shape)
    if dtype == "bool":
        return np.resize(rng.permutation([True, False, True]), shape)
    if dtype in FLOATS:
        return np.asarray(rng.uniform(-4, 4, shape)).astype(dtype)
    limits = np.iinfo(dtype)
    if kind == "wide":  # not the smallest: its negative does not exist
        return np.asarray(rng.integers(limits.min + 1, limits.max, shape, dtype=dtype, endpoint=True))
    numbers = np.arange(1 if limits.min == 0 else -12, 26)
    return rng.permutation(numbers[numbers != 0])[:count].reshape(shape).astype(dtype)


class Inputs:
    """What functions are called with, all of one dtype; the same numbers for both libraries."""

    def __init__(self, dtype: str, seed: int, kind: str = "small") -> None:
        rng = np.random.default_rng([seed, len(kind)])
        self.x, self.y, self.z = (array(dtype, (2, 3), rng, kind) for _ in range(3))
        self.square, self.other = (array(dtype, (3, 3), rng, kind) for _ in range(2))
        self.vector, self.row = (np.sort(array(dtype, (3,), rng, kind)) for _ in range(2))
        self.stack = array(dtype, (1, 3, 3), rng, kind)
        self.image = array(dtype, (1, 1, 4, 4), rng, kind)
        self.index = np.array([[0, 1, 0], [1, 0, 1]])
        self.places = np.array([1, 0])
        self.mask = np.array([[True, False, True], [False, True, True]])


WAYS: list[Callable[[Inputs], tuple[Any, ...]]] = [
    lambda a: (a.x,),
    lambda a: (a.x, 0),
    lambda a: (a.x, 1),
    lambda a: (a.x, -1),
    lambda a: (a.x, 2),
    lambda a: (a.x, 0.5),
    lambda a: (a.x, 2.0),
    lambda a: (2, a.x),
    lambda a: (a.x, a.y),
    lambda a: (a.x, a.y, a.z),
    lambda a: (a.x, a.y, 0.5),
    lambda a: (a.x, 0, 2),
    lambda a: (a.x, 1, 1),
    lambda a: ([a.x, a.y],),
    lambda a: (a.vector,),
    lambda a: (a.vector, a.row),
    lambda a: (a.square,),
    lambda a: (a.square, a.other),
    lambda a: (a.square, a.square, a.other),
    lambda a: (a.square, a.vector),
    lambda a: (a.vector, a.square, a.row),
    lambda a: (a.square, a.vector, a.row),
    lambda a: (a.square, 2),
    lambda a: (a.stack,),
    lambda a: (a.stack, a.stack),
    lambda a: (a.square, a.stack, a.stack),
    lambda a: (a.stack, a.stack, a.stack),
    lambda a: (a.stack, 1),
    lambda a: (a.stack, 2),
    lambda a: (a.image, 2),
    lambda a: (a.image, a.image),
    lambda a: (a.image, 1),
    lambda a: (a.image[0], a.image[0].repeat(4, axis=0).transpose(1, 0, 2)),
    lambda a: (a.x, (0, 1)),
    lambda a: (a.x, (3, 2)),
    lambda a: (a.x, (2, 2, 3)),
    lambda a: (a.x, 0, a.index),
    lambda a: (a.x, 0, a.places),
    lambda a: (a.x, 0, a.index, a.y),
    lambda a: (a.x, 0, a.index, 3),
    lambda a: (a.x, 0, a.places, a.y),
    lambda a: (a.x, 0, a.places, 3),
    lambda a: (a.x, 0, a.index, a.y, "sum"),
    lambda a: (a.x, 0, a.index, a.y, "amax"),
    lambda a: (a.x, a.index),
    lambda a: (a.x, a.mask),
    lambda a: (a.x, a.mask, 3),
    lambda a: (a.x, a.mask, a.y),
    lambda a: (a.mask, a.x, a.y),
    lambda a: (a.x, (a.places,), a.x),
    lambda a: (a.x, 0, 0, 1),
    lambda a: (a.x, 1, (3, 1)),
    lambda a: (a.index, a.x),
    lambda a: ("ij,kj->ik", a.x, a.y),
    lambda a: (a.vector, a.row, a.stack),
    lambda a: (a.x, a.y, a.stack),
    lambda a: (a.places,),
    lambda a: (a.image, (2, 2), (1, 1)),
    lambda a: (a.image, None, 2),
    lambda a: (a.stack, (3,)),
    lambda a: (a.stack, (3,), a.vector, a.row),
    lambda a: (a.image, a.image[0, 0, 0, :1], abs(a.image[0, 0, 0, 1:2])),
    lambda a: (a.image.reshape(1, 4, 2, 2), 2),
    lambda a: (a.image.reshape(1, 4, 4), (4, 4), 2),
    lambda a: (a.image.reshape(1, 4, 4), (4, 4), (2, 2), 1, 0, (2, 2)),
    lambda a: (a.image[:, :, :2, :2], np.array([[[[0, 3], [12, 15]]]]), 2),
    lambda a: (a.image[:, 0, :, :2], np.array([[[0, 2], [1, 3], [0, 3], [1, 2]]]), 2),
    lambda a: (a.image.reshape(2, 2, 2, 2), 2, 2),
    lambda a: (a.x, a.places),
    lambda a: (a.x / 100 * (a.x > 0), a.mask.astype(np.float32)),
    lambda a: (a.x, a.y, abs(a.z)),
    lambda a: (a.x, a.y, np.array([1.0, -1.0], np.float32)),
]

OPERATORS = {
    f"operator.{f.__name__}": (f, f)
    for f in (
        operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
        operator.matmul, operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
        operator.and_, operator.or_, operator.xor, operator.neg, operator.pos, operator.abs, operator.invert,
        operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv, operator.imod,
    )
}  # fmt: skip


def _everything() -> dict[str, tuple[Any, Any]]:
    found = dict(OPERATORS)
    for prefix, (ours, theirs) in LIBRARIES.items():
        for name in ours.__all__:
            full = prefix + name
            if full not in WITHOUT_PYTORCH | NO_DTYPES and not isinstance(getattr(ours, name), (np.dtype, float)):
                found[full] = getattr(ours, name), getattr(theirs, name, None) or getattr(torch.special, name)
    return found


FUNCTIONS = _everything()


# --- comparing --------------------------------------------------------------------------------------------------------
def _turned(argument: Any, tensor: Callable[[np.ndarray], Any]) -> Any:
    if isinstance(argument, np.ndarray):
        return tensor(argument.copy())
    if isinstance(argument, (list, tuple)):
        return type(argument)(_turned(a, tensor) for a in argument)
    return argument


def attempt(function: Any, arguments: Any, tensor: Any, **options: Any) -> Any:
    """The result, or the exception that came instead."""
    try:
        return function(*_turned(arguments, tensor), **options)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the other library is compared with
        return error


def call(name: str, ours: Any, theirs: Any, arguments: tuple[Any, ...], **options: Any) -> Call:
    """Call both; warnings of NumPy are errors where PyTorch's result is finite."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = attempt(theirs, arguments, torch.from_numpy, **options)
        if isinstance(result, Exception):
            return Call(name, arguments, None, result)
        if any(isinstance(t, torch.Tensor) and not torch.isfinite(t).all() for t in flat(result)):
            with np.errstate(all="ignore"):
                return Call(name, arguments, attempt(ours, arguments, Tensor, **options), result)
    return Call(name, arguments, attempt(ours, arguments, Tensor, **options), result)


def flat(result: Any) -> list[Any]:
    """The parts of a result of several."""
    return [leaf for part in result for leaf in flat(part)] if isinstance(result, (tuple, list)) else [result]


def difference(call: Call) -> str:
    """How our result differs from PyTorch's; empty where it does not."""
    if isinstance(call.ours, Exception):
        return "refused, where PyTorch answers"
    mine, theirs = flat(call.ours), flat(call.theirs)
    if len(mine) != len(theirs):
        return f"{len(mine)} results, not {len(theirs)}"
    for a, b in zip(mine, theirs, strict=True):
        if isinstance(a, Tensor) is not isinstance(b, torch.Tensor):
            return f"{type(a)}, not {type(b)}"
        if not isinstance(b, torch.Tensor):
            if isinstance(b, (bool, int, float, str)) and a != b:
                return f"{a}, not {b}"
            continue
        b = b.numpy(force=True)
        a = a.detach().numpy()
        if (a.dtype, a.shape) != (b.dtype, b.shape):
            return f"{a.dtype} {a.shape}, not {b.dtype} {b.shape}"
        tolerance = TOLERANCE[a.itemsize] if a.dtype.kind == "f" else 0
        with np.errstate(all="ignore"):
            scale = max(1.0, float(np.max(np.abs(b[np.isfinite(b)].astype(float)), initial=0.0)))
            if not np.allclose(
                a.astype(float), b.astype(float), tolerance, tolerance * min(scale, 100), equal_nan=True
            ):
                return "another value"
    return ""


def seed_of(name: str) -> int:
    return zlib.crc32(name.encode())


def answers(theirs: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether PyTorch's function has a result for these arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return not isinstance(attempt(theirs, arguments, torch.from_numpy), Exception)
