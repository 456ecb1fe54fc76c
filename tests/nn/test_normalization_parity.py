"""Parity with PyTorch of every normalisation, as function and as Module."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn
from minigrad.autograd import checkpoint
from minigrad.func import functional_call
from minigrad.nn import functional as F
from tests.module_parity import compare_modules, pair
from tests.parity import compare, random, torch

BATCH = {"BatchNorm1d": [(5, 3), (4, 3, 6), (1, 3, 6)], "BatchNorm2d": [(4, 3, 5, 2)], "BatchNorm3d": [(2, 3, 2, 3, 2)]}
INSTANCE = {
    "InstanceNorm1d": [(4, 3, 6), (3, 6)],
    "InstanceNorm2d": [(4, 3, 5, 2), (3, 4, 5)],
    "InstanceNorm3d": [(2, 3, 2, 3, 2), (3, 2, 3, 2)],
}
SHAPES = [(n, shape) for family in (BATCH, INSTANCE) for n, shapes in family.items() for shape in shapes]


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("track", [True, False])
@pytest.mark.parametrize("momentum", [0.1, 0.7, None])
@pytest.mark.parametrize(("name", "shape"), SHAPES)
def test_channel_norms(name, shape, momentum, track, affine):
    modes = (True, True, False, True)  # running statistics move on, are used, and move on
    compare_modules(name, 3, momentum=momentum, affine=affine, track_running_stats=track, inputs=[shape], modes=modes)


@pytest.mark.parametrize("name", [*BATCH, *INSTANCE])
def test_channel_norms_without_bias_and_with_another_eps(name):
    compare_modules(name, 3, 0.3, affine=True, bias=False, inputs=[SHAPES_OF[name][0]])


SHAPES_OF = {**BATCH, **INSTANCE}


@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 4), (4,), (0, 4)])
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"elementwise_affine": False}, {"eps": 0.1}])
def test_layer_norm(shape, options):
    compare_modules("LayerNorm", 4, inputs=[shape], **options)


@pytest.mark.parametrize("size", [[3, 4], (2, 3, 4)])
def test_layer_norm_over_several_dimensions(size):
    compare_modules("LayerNorm", size, inputs=[(5, 2, 3, 4)])
    compare_modules("RMSNorm", size, inputs=[(5, 2, 3, 4)])


@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 4), (4,), (0, 4)])
@pytest.mark.parametrize("options", [{}, {"eps": 0.1}, {"elementwise_affine": False}])
def test_rms_norm(shape, options):
    compare_modules("RMSNorm", 4, inputs=[shape], **options)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 5), (2, 6, 3, 2), (0, 6, 3, 2)])
@pytest.mark.parametrize("options", [{}, {"affine": False}, {"bias": False}, {"eps": 0.1}])
def test_group_norm(groups, shape, options):
    compare_modules("GroupNorm", groups, 6, inputs=[shape], **options)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("shape", [(2, 4, 3), (2, 4, 3, 2), (2, 4, 3, 2, 2)])
def test_local_response_norm(size, shape):
    compare_modules("LocalResponseNorm", size, 0.5, 0.6, 2.0, inputs=[shape])


# --- functions, to second order and in every layout -------------------------------------------------------------------
C, W, B = random((3,), seed=1), random((3,), seed=2), random((3,), seed=3)
LAYOUTS = {
    "contiguous": lambda shape: random(shape),
    "channels last": lambda shape: np.moveaxis(random((shape[0], *shape[2:], shape[1])), -1, 1),
    "batch last": lambda shape: np.transpose(random((shape[2], shape[1], shape[3], shape[0])), (3, 1, 0, 2)),
    "strided": lambda shape: random((2 * shape[0], shape[1], shape[2], 3 * shape[3]))[::2, ::-1, :, 1::3],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_functions_to_second_order(layout):
    x = LAYOUTS[layout]((4, 3, 2, 5))
    compare(
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        lambda x, w, b: torch.nn.functional.batch_norm(x, None, None, w, b, training=True),
        x, W, B,
    )  # fmt: skip
    mean, var = C, np.abs(C) + 0.5
    compare(
        lambda x, w, b: F.batch_norm(x, Tensor(mean), Tensor(var), w, b),
        lambda x, w, b: torch.nn.functional.batch_norm(x, torch.tensor(mean), torch.tensor(var), w, b),
        x, W, B,
    )  # fmt: skip
    compare(
        lambda x, w, b: F.instance_norm(x, None, None, w, b),
        lambda x, w, b: torch.nn.functional.instance_norm(x, None, None, w, b),
        x, W, B,
    )  # fmt: skip
    for name, weights in [("layer_norm", (random((5,)), random((5,), seed=1))), ("rms_norm", (random((5,)),))]:
        ours, theirs = getattr(F, name), getattr(torch.nn.functional, name)
        compare(lambda x, *w: ours(x, (5,), *w, eps=0.01), lambda x, *w: theirs(x, (5,), *w, eps=0.01), x, *weights)  # noqa: B023
    compare(lambda x: F.local_response_norm(x, 3), lambda x: torch.nn.functional.local_response_norm(x, 3), x)
    compare(
        lambda x, w, b: F.group_norm(x, 3, w, b), lambda x, w, b: torch.nn.functional.group_norm(x, 3, w, b), x, W, B
    )
    six = LAYOUTS[layout]((2, 6, 2, 5))
    weights = random((6,), seed=4), random((6,), seed=5)
    compare(
        lambda x, w, b: F.group_norm(x, 2, w, b), lambda x, w, b: torch.nn.functional.group_norm(x, 2, w, b),
        six, *weights,
    )  # fmt: skip


@pytest.mark.parametrize("training", [True, False])
def test_only_a_weight_or_only_a_bias(training):
    x, mean, var = random((4, 3, 5)), Tensor(C), Tensor(np.abs(C) + 0.5)
    theirs = torch.tensor(C), torch.tensor(np.abs(C) + 0.5)
    reference = torch.nn.functional.batch_norm
    for mine, other in [
        (lambda x, w: F.batch_norm(x, mean, var, w, None, training, 0.0),
         lambda x, w: reference(x, *theirs, w, None, training, 0.0)),
        (lambda x, b: F.batch_norm(x, mean, var, None, b, training, 0.0),
         lambda x, b: reference(x, *theirs, None, b, training, 0.0)),
    ]:  # fmt: skip
        compare(mine, other, x, W, order=1)  # PyTorch itself fails at order 2 here
    compare(
        lambda x, b: F.layer_norm(x, (5,), None, b),
        lambda x, b: torch.nn.functional.layer_norm(x, (5,), None, b),
        x, random((5,), seed=1), order=1,
    )  # fmt: skip
    compare(
        lambda x, b: F.group_norm(x, 3, None, b),
        lambda x, b: torch.nn.functional.group_norm(x, 3, torch.ones_like(b), b),  # None fails in PyTorch
        x, B,
    )  # fmt: skip


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, 1.5])
@pytest.mark.parametrize("dim", [0, 1, -1, (0, 2)])
def test_normalize(p, dim):
    compare(lambda x: F.normalize(x, p, dim), lambda x: torch.nn.functional.normalize(x, p, dim), random((3, 4, 2)))


def test_normalize_of_short_vectors():
    x = np.array([[0.0, 0.0], [3e-13, 4e-13], [3.0, 4.0]])
    compare(lambda x: F.normalize(x), lambda x: torch.nn.functional.normalize(x), x, order=1)
    compare(lambda x: F.normalize(x, eps=10.0), lambda x: torch.nn.functional.normalize(x, eps=10.0), x, order=1)


# --- what both libraries call things ----------------------------------------------------------------------------------
MODULES = [*BATCH, *INSTANCE, "GroupNorm", "LayerNorm", "RMSNorm", "LocalResponseNorm"]
FUNCTIONS = ["batch_norm", "instance_norm", "group_norm", "layer_norm", "rms_norm", "local_response_norm", "normalize"]


def parameters(function):
    return [
        (p.name, p.kind, p.default)
        for p in inspect.signature(function).parameters.values()
        if p.name not in ("axis", "keepdims")
    ]


@pytest.mark.parametrize("name", MODULES)
def test_constructors_are_pytorchs(name):
    assert parameters(getattr(nn, name)) == parameters(getattr(torch.nn, name))
    assert parameters(getattr(nn, name).forward)[0][0] == "self"
    args = {"GroupNorm": (2, 4), "LayerNorm": ([2, 4],), "RMSNorm": (4,)}.get(name, (4,))
    ours, theirs = pair(name, *args)
    assert repr(ours) == repr(theirs)
    public = {k for k in vars(theirs) if not k.startswith("_")}
    assert all(getattr(ours, k) == getattr(theirs, k) for k in public)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_pytorchs_signatures(name):
    assert parameters(getattr(F, name)) == parameters(getattr(torch.nn.functional, name))


# --- single precision -------------------------------------------------------------------------------------------------
LARGE = [
    (lambda f, x: f.batch_norm(x, None, None, training=True), (64, 16, 14, 14)),
    (lambda f, x: f.batch_norm(x, None, None, training=True), (4133, 32)),
    (lambda f, x: f.instance_norm(x), (4, 3, 64, 64)),
    (lambda f, x: f.group_norm(x, 4), (4, 8, 16, 16)),
    (lambda f, x: f.layer_norm(x, x.shape[-1:]), (64, 128)),
    (lambda f, x: f.layer_norm(x, x.shape[-1:]), (16, 5000)),
]


@pytest.mark.parametrize(("function", "shape"), LARGE)
def test_a_small_spread_around_a_large_mean_keeps_its_digits(function, shape):
    """In float32 E[x²] - E[x]² of numbers around 10⁴ is noise: it is off by about 10⁸ · 6e-8 = 6."""
    x = (1e4 + np.random.default_rng(0).standard_normal(shape)).astype(np.float32)
    exact = function(torch.nn.functional, torch.tensor(x.astype(np.float64))).numpy()
    mine = function(F, Tensor(x)).numpy()
    assert mine.dtype == np.float32
    assert np.abs(mine - exact).max() < 5 * np.spacing(np.float32(1e4))  # a few steps of the input itself
    one_pass = np.mean(x * x, dtype=np.float32) - np.mean(x, dtype=np.float32) ** 2
    assert abs(one_pass - 1) > 0.1  # the formula that would fail does fail here


@pytest.mark.parametrize(("function", "shape"), [*LARGE, (lambda f, x: f.normalize(x), (3, 900)),
                                                 (lambda f, x: f.rms_norm(x, x.shape[-1:]), (3, 900))])  # fmt: skip
def test_half_precision_is_computed_in_single(function, shape):
    """The squares of a thousand numbers around 100 add up to 10⁷; float16 ends at 65504."""
    x = (100 * random(shape)).astype(np.float16)
    leaf, theirs = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    out, expected = function(F, leaf), function(torch.nn.functional, theirs)
    assert out.dtype == np.float16
    np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), rtol=2e-3, atol=2e-3)
    pushed = random(out.shape, "float16", seed=1)
    out.backward(Tensor(pushed))
    expected.backward(torch.tensor(pushed))
    assert leaf.grad.dtype == np.float16
    np.testing.assert_allclose(leaf.grad.numpy(), theirs.grad.numpy(), rtol=1e-2, atol=2e-4)


def test_rms_norm_of_small_numbers_in_half_precision():
    x = np.array([1e-3, 2e-3], np.float16)
    expected = torch.nn.functional.rms_norm(torch.tensor(x), (2,)).numpy()
    np.testing.assert_allclose(F.rms_norm(Tensor(x), 2).numpy(), expected, rtol=2e-3)


@pytest.mark.parametrize("name", [*MODULES[:-1]])
def test_gradients_in_single_precision(name):
    args = {"GroupNorm": (2, 4), "LayerNorm": ([4, 6, 3],), "RMSNorm": (3,)}.get(name, (4,))
    shape = (5, 4, 6, 3)
    shape = shape[:3] if name.endswith("1d") else (*shape, 2) if name.endswith("3d") else shape
    if name == "RMSNorm":
        shape = (50, 3)
    x = random(shape)
    found = []
    for dtype in (np.float32, np.float64):
        module = getattr(nn, name)(*args, dtype=dtype)
        leaf = Tensor(x, dtype=dtype, requires_grad=True)
        out = module(leaf)
        (out * out * out).sum().backward()
        grads = [out.detach(), leaf.grad, *(p.grad for p in module.parameters())]
        assert all(g.dtype == dtype for g in grads)
        assert all(b.dtype in (dtype, np.int64) for b in module.buffers())
        found.append([g.numpy() for g in grads])
    for single, double in zip(*found, strict=True):
        np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-4 * np.abs(double).max())


# --- running statistics -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["BatchNorm1d", "InstanceNorm1d"])
def test_running_statistics_of_functions(name):
    function = {"BatchNorm1d": "batch_norm", "InstanceNorm1d": "instance_norm"}[name]
    x = random((4, 3, 6))
    mean, var = Tensor(C), Tensor(np.abs(C))
    theirs = torch.tensor(C), torch.tensor(np.abs(C))
    memory = mean.numpy()
    for _ in range(3):
        getattr(F, function)(Tensor(x), mean, var, None, None, True, 0.3)
        getattr(torch.nn.functional, function)(torch.tensor(x), *theirs, None, None, True, 0.3)
    assert mean.numpy() is memory
    for a, b in zip((mean, var), theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)


def both_batch_norms():
    x = random((8, 3), "float32")
    return (
        nn.BatchNorm1d(3),
        torch.nn.BatchNorm1d(3),
        Tensor(x, requires_grad=True),
        torch.tensor(x, requires_grad=True),
    )


def same_state(mine, theirs):
    for name, value in theirs.items():
        np.testing.assert_allclose(mine[name].numpy(), value.numpy(), rtol=1e-6, err_msg=name)


def test_running_statistics_under_checkpoint_are_pytorchs():
    """Both run the layer twice, and record twice."""
    ours, theirs, x, t = both_batch_norms()
    checkpoint(ours, x).sum().backward()
    torch.utils.checkpoint.checkpoint(theirs, t, use_reentrant=False).sum().backward()
    assert ours.num_batches_tracked.item() == 2
    same_state(ours.state_dict(), theirs.state_dict())
    np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), atol=1e-6)


def test_running_statistics_are_recorded_without_grad_in_functional_calls_and_in_copies():
    ours, theirs, x, t = both_batch_norms()
    with minigrad.no_grad(), torch.no_grad():
        ours(x), theirs(t)
    same_state(ours.state_dict(), theirs.state_dict())
    mine = {name: value.clone() for name, value in ours.state_dict().items()}
    reference = {name: value.clone() for name, value in theirs.state_dict().items()}
    functional_call(ours, mine, (x,)), torch.func.functional_call(theirs, reference, (t,))
    same_state(mine, reference)
    copied = copy.deepcopy(ours)
    copied(x)
    assert (copied.num_batches_tracked.item(), ours.num_batches_tracked.item()) == (2, 1)
    same_state(ours.state_dict(), theirs.state_dict())  # neither of them reached the layer itself


def test_models_trained_elsewhere_give_equal_outputs():
    theirs = torch.nn.BatchNorm2d(4)
    for seed in range(3):
        theirs(torch.tensor(random((3, 4, 5, 5), "float32", seed=seed)))
    ours = nn.BatchNorm2d(4)
    ours.load_state_dict(theirs.state_dict())
    assert ours.num_batches_tracked.item() == 3 and ours.num_batches_tracked.dtype == np.int64
    x = random((2, 4, 3, 3), "float32")
    mine = ours.eval()(Tensor(x)).detach().numpy()
    np.testing.assert_allclose(mine, theirs.eval()(torch.tensor(x)).detach().numpy(), rtol=1e-5, atol=1e-6)
