"""Which results look at the memory of their input: the same ones as PyTorch's, and writing through them does the same.

The table has every public function and method that takes Tensors and gives Tensors, as expressions that both libraries
understand. A new one has to be put into it: the last test fails otherwise.
"""

from __future__ import annotations

import inspect
import re
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import Tensor

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

# --- what the expressions are about -----------------------------------------------------------------------------------
_rng = np.random.default_rng(0)


def _floats(*shape: int) -> np.ndarray:
    return (_rng.random(shape) - 0.5).astype(np.float32)


INPUTS: dict[str, np.ndarray] = {
    "x": _floats(3, 4),  # a matrix
    "v": _floats(4),  # a vector
    "z": np.array(1.5, np.float32),  # a number
    "o": _floats(1, 3, 1),  # ones around
    "m": _floats(3, 3),
    "n": _floats(4, 4),
    "w": _floats(4, 2),
    "c": _floats(2, 4, 3, 3),  # pictures
    "s": _floats(2, 4, 5),  # sequences
    "q": _floats(2, 3, 4),  # matrices
    "d": _rng.random((3, 4)),  # another dtype
    "k": np.arange(3),
    "b": _rng.random((3, 4)) > 0.5,
    "i": np.array([0, 2]),
    "j": np.array([[0, 1, 0, 2]] * 3),
    "zero": np.array(0),
    "labels": np.array([0, 2, 1]),
    "places": np.arange(9).reshape(3, 3) * np.ones((2, 4, 1, 1), int),
    "steps": np.arange(5) * np.ones((2, 4, 1), int),
    "p": _rng.random((3, 4)).astype(np.float32),
    "taps": _floats(3, 4, 2),
    "taps2": _floats(3, 4, 2, 2),
    "back": _floats(4, 3, 2),
    "back2": _floats(4, 3, 2, 2),
    "pair": _floats(2, 4, 4),
    "columns": _floats(2, 4, 9),
    "three": _floats(4, 3),
}

# --- the table --------------------------------------------------------------------------------------------------------
UNARY = """
abs absolute acos acosh adjoint all amax amin aminmax any arccos arccosh arcsin arcsinh arctan arctanh argmax argmin
argsort argwhere asin asinh atan atanh bool byte ceil clone contiguous cos cosh count_nonzero cpu deg2rad detach diag
diagflat diagonal diff double erf erfc exp exp2 expm1 flatten fliplr flipud float floor frac half int isfinite isinf
isnan isneginf isposinf log log10 log1p log2 logical_not long max mean median min msort nan_to_num nanmean nansum neg
negative nonzero norm prod rad2deg ravel reciprocal relu round rsqrt sgn short sigmoid sign signbit sin sinc sinh sort
sqrt square squeeze std sum t tan tanh tril triu trunc unbind unique var hardshrink rot90 __pos__ __neg__ __abs__
digamma erfinv i0 lgamma logit
"""
BINARY = """
add arctan2 atan2 copysign div divide eq floor_divide fmax fmin fmod ge greater greater_equal gt hypot isclose kron le
less less_equal logaddexp logaddexp2 logical_and logical_or logical_xor lt maximum minimum mul multiply ne not_equal pow
remainder sub subtract true_divide xlogy inner type_as view_as reshape_as expand_as heaviside
igamma igammac
"""
OTHERS = """
x.T; x.mT; x.data; x[0]; x[0, 1]; x[-1]; x[:, 0]; x[1:]; x[:, ::2]; x[None]; x[...]; x[()]; x[..., 0]; z[()]; z[...]
v[0]; x[i]; x[[0, 1]]; x[b]; x[zero]; x[zero, zero]; x[:, zero]; x[True]; x[0, i]; q[0, :, i]
x.matmul(w); m.matrix_power(1); m.matrix_power(0); m.matrix_power(2); n.addmm(n, n); v.addmv(n, v); n.addr(v, v)
n.addbmm(pair, pair); pair.baddbmm(pair, pair); pair.bmm(pair); x.mm(w); x.mv(v); three.cross(three, 1); v.dot(v)
v.vdot(v); v.outer(v); lib.bilinear(x, x, pair); lib.chain_matmul(x); lib.chain_matmul(x, w); lib.tensordot(x, w, 1)
lib.linalg.multi_dot([x, w]); lib.linalg.vecdot(x, x); lib.einsum('ij->ij', x); lib.einsum('ij->ji', x)
lib.einsum('ii->i', m); lib.einsum('ij->i', x); lib.einsum('ij,jk->ik', x, w); lib.einsum('i->i', v)
lib.einsum('...->...', x); lib.einsum('ij,->ij', x, z)
x.reshape(4, 3); x.reshape(3, 4); x.reshape(-1); x.T.reshape(3, 4); x.T.reshape(-1); x.view(4, 3); x.view(3, 4)
x.unflatten(1, (2, 2)); x.flatten(0); v.flatten(); z.flatten(); v.ravel(); x.T.ravel(); z.ravel()
x.permute(1, 0); x.permute(0, 1); x.transpose(0, 1); x.transpose(0, 0); x.swapaxes(0, 1); x.swapdims(0, 1)
x.movedim(0, 1); x.moveaxis(0, 1); v.t(); z.t(); x.squeeze(0); o.squeeze(); o.squeeze(0); x.unsqueeze(0)
x.expand(3, 4); x.expand(1, 3, 4); x.expand(2, 3, 4); o.expand(2, 3, 2); x.broadcast_to((3, 4))
x.broadcast_to((2, 3, 4)); lib.broadcast_tensors(x, x); lib.broadcast_tensors(x, o)
x.repeat(1, 1); x.repeat(2, 1); v.repeat(1); z.repeat(1); x.repeat(1, 1, 1); x.tile(1); x.tile(1, 1); x.tile(2)
z.tile(()); x.repeat_interleave(1); x.repeat_interleave(1, 0); x.repeat_interleave(2, 0); v.repeat_interleave(1)
o.repeat_interleave(1, 0); x.repeat_interleave(k, 0)
x.flip(0); x.flip(1); x.flip(()); x.flip([0, 1]); o.flip(0); z.flip(()); x.rot90(0); x.rot90(2); x.rot90(3); x.rot90(4)
x.roll(1); x.roll(0); x.roll(1, 0); x.roll(0, 0); v.roll(0); x.roll(3, 0); v.roll(4)
x.diff(0); v.diff(n=0); x.diff(n=0, dim=0); x.diff(n=1); x.diff(n=0, prepend=x)
x.split(1); x.split(3); x.split([1, 2]); x.chunk(2); x.chunk(1); x.tensor_split(2); x.tensor_split(1)
x.tensor_split([1]); x.hsplit(2); x.hsplit(1); x.vsplit(1); x.vsplit(3); s.dsplit(1); x.unbind(1); v.unbind()
x.select(0, 1); x.select(1, -1); v.select(0, 0); x.narrow(0, 0, 2); x.narrow(0, 0, 3); x.narrow(1, 1, 2)
x.index_select(0, i); v.index_select(0, i); x.take(i); x.take_along_dim(j, 1); x.gather(1, j)
x.unfold(0, 2, 1); x.unfold(1, 4, 1); v.unfold(0, 2, 2); v.unfold(0, 4, 1)
x.diagonal(1); c.diagonal(0, 2, 3); v.diag(); x.diag(1); v.diag_embed(); v.diagflat(); m.trace(); m.tril(5); m.triu(-5)
x.to(x.dtype); x.to('cpu'); x.to(x); x.to(d); x.to(x.dtype, copy=True); x.type(x.dtype); d.float(); k.long(); k.int()
b.bool(); x.T.contiguous()
x.clamp(-9, 9); x.clamp(min=-9); x.clamp_min(-9); x.clamp_max(9); x.clip(-9, 9); k.round(); k.floor(); k.ceil()
k.trunc(); k.abs(); b.logical_not(); x.pow(1); x**1; x * 1; x + 0; k.relu(); k.sign(); d.to(x)
x.sum(()); z.sum(0); o.sum(0); x.mean(()); o.mean(0); o.amax(0); o.amin(0); o.max(0); o.min(0); z.max(); z.min()
z.amax(); z.amin(); z.mean(); z.prod(); z.prod(0); o.prod(0); z.median(); o.median(0); z.norm(); o.norm(dim=0)
z.logsumexp(0); o.logsumexp(0); z.sort(); z.msort(); z.argsort(); v.sort(); z.cumsum(0); o.cumsum(0); z.cumprod(0)
o.cumprod(0); z.cummax(0); o.cummax(0); z.cummin(0); o.cummin(0); z.logcumsumexp(0); o.logcumsumexp(0); v.kthvalue(1)
z.kthvalue(1); v.topk(4); x.topk(4); o.topk(1, 0); z.topk(1); z.unique(); v.unique(); o.aminmax(dim=0); z.aminmax()
z.quantile(0.5); x.quantile(0.5); o.quantile(0.5, dim=0); z.nansum(); z.nanmean(); b.all(); z.all(); z.any(); x.any(0)
o.nansum(0); o.nanmean(0); x.softmax(0); o.softmax(0); x.log_softmax(0); o.log_softmax(0); z.softmax(0)
x.masked_fill(b, 0.0); x.masked_fill(b & ~b, 0.0); x.masked_select(b); x.masked_select(b | ~b); x.masked_scatter(b, x)
x.where(b, x); lib.where(b, x, x); lib.where(b | ~b, x, 0.0); x.index_add(0, i, x[:2]); x.index_add(0, i[:0], x[:0])
x.index_fill(0, i, 0.0); x.index_fill(0, i[:0], 0.0); x.index_copy(0, i, x[:2]); x.index_copy(0, i[:0], x[:0])
x.index_put((i,), x[:2]); x.index_put((i[:0],), x[:0]); x.scatter(0, j, 0.0); x.scatter(0, j[:0], 0.0)
x.scatter_add(0, j, x); x.scatter_reduce(0, j, x, 'sum'); x.scatter_reduce(0, j[:0], x[:0], 'sum'); x.lerp(x, 0.0)
x.lerp(x, 1.0); x.addcmul(x, x); x.addcdiv(x, x, value=0.0)
lib.cat([x]); lib.cat([x, x]); lib.concat([x]); lib.concatenate([x]); lib.stack([x]); lib.hstack([x]); lib.vstack([x])
lib.dstack([x]); lib.column_stack([x]); lib.hstack([v]); lib.vstack([v]); lib.column_stack([v]); lib.cat([v])
lib.meshgrid(v, v, indexing='ij'); lib.meshgrid(v, indexing='ij'); lib.meshgrid(v, v[:1], indexing='xy')
lib.atleast_1d(x); lib.atleast_1d(z); lib.atleast_2d(v); lib.atleast_2d(x); lib.atleast_3d(x); lib.atleast_3d(s)
lib.atleast_1d([x, z])
lib.tensor(x); lib.as_tensor(x); lib.as_tensor(x, dtype=x.dtype); lib.asarray(x); lib.asarray(x, copy=True)
lib.asarray(array); lib.as_tensor(array); lib.from_numpy(array); lib.tensor(array); x.new_tensor(x); lib.from_dlpack(x)
lib.empty_like(x); lib.zeros_like(x); lib.ones_like(x); lib.full_like(x, 1.0); lib.rand_like(x); lib.randn_like(x)
lib.randint_like(x, 3); x.new_zeros(2); x.new_ones(2); x.new_full((2,), 1.0); x.new_empty(2); lib.bernoulli(p)
lib.normal(x, 1.0); lib.multinomial(p, 1)
x.std(0); x.var(0); lib.var_mean(x); lib.std_mean(x); k.bincount(); x.histc(4); lib.bucketize(x, v)
x.polygamma(1); x.mvlgamma(1); lib.special.entr(x); lib.special.erfcx(x); lib.special.expit(x)
lib.special.gammainc(x, x); lib.special.gammaincc(x, x); lib.special.gammaln(x); lib.special.i0e(x); lib.special.i1(x)
lib.special.i1e(x); lib.special.log_ndtr(x); lib.special.multigammaln(x, 1); lib.special.ndtr(x); lib.special.ndtri(x)
lib.special.psi(x); lib.special.xlog1py(x, x)
lib.searchsorted(v, x); x.prelu(v[:1]); lib.celu(x); lib.selu(x)
F.relu(x); F.relu6(x); F.elu(x); F.selu(x); F.celu(x); F.gelu(x); F.silu(x); F.mish(x); F.softplus(x); F.softsign(x)
F.softshrink(x); F.softmin(x, 0); F.softmax(x, 0); F.log_softmax(x, 0); F.hardtanh(x); F.hardtanh(x, -9.0, 9.0)
F.hardswish(x); F.hardsigmoid(x); F.hardshrink(x, 0.0); F.leaky_relu(x); F.leaky_relu(x, 1.0); F.prelu(x, v[:1])
F.rrelu(x); F.rrelu(x, training=True); F.threshold(x, -9.0, 0.0); F.tanhshrink(x); F.logsigmoid(x); F.sigmoid(x)
F.tanh(x); F.glu(x); F.normalize(x); F.gumbel_softmax(x)
F.dropout(x, 0.5, False); F.dropout(x, 0.0, True); F.dropout(x, 0.5, True); F.dropout1d(x, 0.5, False)
F.dropout2d(c, 0.5, False); F.dropout2d(c, 0.0, True); F.dropout3d(c, 0.5, False); F.alpha_dropout(x, 0.5, False)
F.alpha_dropout(x, 0.0, True); F.feature_alpha_dropout(c, 0.5, False)
F.pixel_shuffle(c, 2); F.pixel_shuffle(c, 1); F.pixel_unshuffle(c, 3); F.pixel_unshuffle(c, 1)
F.pad(x, (0, 0)); F.pad(x, (1, 0)); F.pad(x, (-1, 0)); F.pad(x, (-1, -1, 0, 0)); F.pad(x, ())
F.pad(c, (0, 0, 0, 0), mode='reflect'); F.pad(c, (0, 0, 0, 0), mode='replicate')
F.pad(c, (0, 0, 0, 0), mode='circular'); F.pad(c, (1, 0, 0, 0), mode='circular')
F.interpolate(c, scale_factor=1); F.interpolate(c, scale_factor=2); F.interpolate(c, size=(3, 3))
F.interpolate(c, size=(3, 3), mode='bilinear'); F.upsample(c, scale_factor=1); F.unfold(c, 1); F.unfold(c, 2)
F.unfold(c, 3); F.fold(columns, (3, 3), 1); F.max_pool2d(c, 1); F.avg_pool2d(c, 1); F.max_pool2d(c, 2)
F.avg_pool2d(c, 2); F.max_pool1d(s, 1); F.avg_pool1d(s, 1); F.adaptive_avg_pool2d(c, 3); F.adaptive_max_pool2d(c, 3)
F.adaptive_avg_pool1d(s, 5); F.adaptive_max_pool1d(s, 5); F.adaptive_avg_pool2d(c, 1); F.max_unpool2d(c, places, 1)
F.max_unpool1d(s, steps, 1)
F.linear(x, w.T); F.bilinear(x, x, pair); F.conv1d(s, taps); F.conv2d(c, taps2); F.conv_transpose1d(s, back)
F.conv_transpose2d(c, back2); F.batch_norm(x, None, None, training=True); F.batch_norm(x, v, p[0], training=False)
F.layer_norm(x, (4,)); F.group_norm(c, 2); F.instance_norm(c); F.local_response_norm(c, 2); F.rms_norm(x, (4,))
F.embedding(i, x); F.embedding(zero, x); F.embedding_bag(i[None], x); F.one_hot(i); F.mse_loss(x, x)
F.mse_loss(x, x * 0, reduction='none'); F.cross_entropy(x, labels); F.cross_entropy(x, labels, reduction='none')
F.scaled_dot_product_attention(s, s, s)
F.l1_loss(x, x * 0, reduction='none'); F.huber_loss(x, x * 0, reduction='none')
F.smooth_l1_loss(x, x * 0, reduction='none'); F.gaussian_nll_loss(x, x, p, reduction='none')
F.poisson_nll_loss(x, p, reduction='none'); F.poisson_nll_loss(x, p * 0, reduction='none')
F.binary_cross_entropy(p, p, reduction='none'); F.binary_cross_entropy_with_logits(x, p * 0, reduction='none')
F.binary_cross_entropy_with_logits(x, p, reduction='none'); F.soft_margin_loss(x, x * 0 + 1, reduction='none')
F.nll_loss(x, labels, reduction='none'); F.multi_margin_loss(x, labels, reduction='none')
F.multilabel_margin_loss(x, j, reduction='none'); F.multilabel_soft_margin_loss(x, p, reduction='none')
F.cosine_similarity(x, x); F.pairwise_distance(x, x, eps=0.0); lib.cdist(x, x); F.pdist(x); lib.pdist(x)
lib.cosine_similarity(x, x); lib.pairwise_distance(x, x); F.margin_ranking_loss(x, x * 0, x * 0 - 1, reduction='none')
F.hinge_embedding_loss(x, x * 0 + 1, reduction='none'); F.kl_div(x, p, reduction='none')
F.cosine_embedding_loss(x, x, v[:3] * 0 + 1, reduction='none'); F.triplet_margin_loss(x, x, x, reduction='none')
F.triplet_margin_with_distance_loss(x, x, x, reduction='none')
F.linear_cross_entropy(x, x, labels, reduction='none'); F.ctc_loss(x, labels[1:], (3,), (2,), blank=3)
"""
PROPERTIES = {"T", "mT", "data"}
EXPRESSIONS = [
    *[f"x.{name}()" for name in UNARY.split()],
    *[f"x.{name}(x)" for name in BINARY.split()],
    *[part.strip() for line in OTHERS.strip().splitlines() for part in line.split(";")],
]

# Writing through these differs from PyTorch on purpose, and why.
REPEATED = (
    "elements that appear in several places are refused for every write; PyTorch lets pass what gives all of them one "
    "value, and writes windows that overlap in any order"
)
UNLIKE: dict[str, str] = {
    "x.expand(2, 3, 4)": REPEATED,
    "o.expand(2, 3, 2)": REPEATED,
    "x.broadcast_to((2, 3, 4))": REPEATED,
    "lib.broadcast_tensors(x, o)": REPEATED,
    "lib.meshgrid(v, v, indexing='ij')": REPEATED,
    "lib.meshgrid(v, v[:1], indexing='xy')": REPEATED,
    "x.unfold(0, 2, 1)": REPEATED,
}

# Public names that give no Tensor made of Tensors, make new ones from numbers, or exist here alone.
NOT_IN_THE_TABLE = """
backward backward_steps requires_grad grad dtype device shape ndim nbytes is_leaf dim size numel nelement element_size
item tolist
numpy register_hook register_post_accumulate_grad_hook retain_grad is_contiguous is_floating_point type allclose equal
Generator Tensor Parameter RemovableHandle arange bernoulli detect_anomaly empty enable_grad eye finfo iinfo full
get_default_dtype get_rng_state inference_mode initial_seed seed is_grad_enabled is_tensor linspace load logspace
manual_seed no_grad ones rand randint randn randperm save set_default_dtype set_grad_enabled set_rng_state
tril_indices triu_indices zeros astype atleast_1d atleast_2d atleast_3d bucketize cbrt expand_dims power ptp
searchsorted std_mean var_mean softmax_with_temperature sample maxout multi_head_attention_forward
add_remaining_self_loops add_self_loops contrastive_loss info_nce_loss nt_xent_loss image_text_loss clip_loss
semi_hard_triplets kl_divergence js_divergence soft_cross_entropy entropy normal_kl normal_kl_between l1_penalty
l2_penalty elastic_net contains_self_loops degree gcn_norm global_add_pool global_max_pool global_mean_pool
remove_self_loops scatter segment_softmax binary_hinge_loss focal_loss gaussian_nll_logvar_loss laplace_nll_loss
log_cosh_loss mae_loss multiclass_hinge_loss multilabel_bce_loss quantile_loss sigmoid_focal_loss squared_hinge_loss
sse_loss in_batch_softmax_loss negative_sampling_loss sampled_softmax_loss
"""


# --- the two libraries ------------------------------------------------------------------------------------------------
def flat(value: Any) -> list[Any]:
    return [t for part in value for t in flat(part)] if isinstance(value, (tuple, list)) else [value]


class Ours:
    kind = Tensor
    lib = SimpleNamespace(
        **{name: getattr(mg, name) for name in mg.__all__},
        linalg=SimpleNamespace(multi_dot=mg.multi_dot, vecdot=mg.vecdot),
    )
    functional = F
    make = staticmethod(Tensor)
    from_numpy = staticmethod(mg.from_numpy)

    @staticmethod
    def shares(a: Any, b: Any) -> bool:
        return bool(np.shares_memory(a.numpy(), b.numpy()))

    @staticmethod
    def values(tensor: Any) -> np.ndarray:
        return np.array(tensor.numpy())


class Theirs:
    kind = torch.Tensor
    lib = torch
    functional = torch.nn.functional
    make = staticmethod(torch.tensor)
    from_numpy = staticmethod(torch.from_numpy)

    @staticmethod
    def shares(a: Any, b: Any) -> bool:
        return bool(a.numel() and a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr())

    @staticmethod
    def values(tensor: Any) -> np.ndarray:
        return np.array(tensor.numpy())


def evaluated(library: Any, expression: str) -> tuple[dict[str, Any], list[Any]]:
    """The inputs by name, and the Tensors that come out."""
    array = INPUTS["x"].copy()
    inputs = {name: library.make(values.copy()) for name, values in INPUTS.items()}
    names = {"lib": library.lib, "F": library.functional, "array": array, **inputs}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = eval(expression, names)
    inputs["array"] = library.from_numpy(array)
    return inputs, [t for t in flat(out) if isinstance(t, library.kind)]


def shared(library: Any, expression: str) -> list[list[str]]:
    """For every result, the inputs whose memory it looks at."""
    inputs, outs = evaluated(library, expression)
    assert outs, "nothing to look at"
    return [[name for name, tensor in inputs.items() if library.shares(out, tensor)] for out in outs]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_same_results_share_memory(expression: str) -> None:
    assert shared(Ours, expression) == shared(Theirs, expression)


# --- writing through a view -------------------------------------------------------------------------------------------
VIEWS = [e for e in EXPRESSIONS if any(shared(Theirs, e)) and "array" not in e]
WRITES = {
    "mul_": lambda t: t.mul_(2),
    "fill_": lambda t: t.fill_(1),
    "[...] =": lambda t: t.__setitem__(..., t + 1),
    "first": lambda t: t.__setitem__(0, 1) if t.ndim else t.fill_(1),
}


def written(library: Any, expression: str, write: Any) -> Any:
    """The inputs after a write into the last result; or None if it is refused."""
    inputs, outs = evaluated(library, expression)
    try:
        write(outs[-1])
    except (RuntimeError, TypeError):  # for what cannot be written, or not into such elements
        return None
    return {name: library.values(tensor) for name, tensor in inputs.items()}


@pytest.mark.parametrize("how", WRITES)
@pytest.mark.parametrize("expression", [e for e in VIEWS if e not in UNLIKE])
def test_a_write_through_a_view_reaches_the_same_elements(expression: str, how: str) -> None:
    ours, theirs = written(Ours, expression, WRITES[how]), written(Theirs, expression, WRITES[how])
    if theirs is None:
        assert ours is None
    else:
        assert ours is not None
        for name in theirs:
            np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


@pytest.mark.parametrize("expression", UNLIKE)
def test_a_write_to_repeated_elements_is_refused_with_the_cure(expression: str) -> None:
    _, outs = evaluated(Ours, expression)
    for write in (lambda t: t.mul_(2), lambda t: t.fill_(1), lambda t: t.__setitem__(..., t + 1)):
        with pytest.raises(RuntimeError, match=r"several times.*\.clone\(\)"):
            write(outs[-1])


# --- nothing is left out ----------------------------------------------------------------------------------------------
def test_every_public_function_and_method_is_in_the_table() -> None:
    def public(owner: Any, names: list[str]) -> set[str]:
        return {
            name
            for name in names
            if not name.startswith("_") and not name.endswith("_") and not inspect.ismodule(getattr(owner, name, None))
        }

    functions = {name for name in public(mg, mg.__all__) if callable(getattr(mg, name))}
    methods = public(Tensor, dir(Tensor))
    layers = {n for n in public(F, dir(F)) if callable(getattr(F, n)) and not inspect.isclass(getattr(F, n))}
    table = set(re.findall(r"\w+", " ".join(EXPRESSIONS)))
    assert (functions | methods | layers) - table == set(NOT_IN_THE_TABLE.split()) - table
