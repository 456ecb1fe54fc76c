"""Every loss that PyTorch has for numbers, answers and margins, over all their arguments: values and gradients."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F
from tests.parity import compare, random, torch

torch.set_num_threads(1)  # its idle threads spin, which makes tiny operations slow where cores are busy

SHAPES = {"()": (), "(3)": (3,), "(1)": (1,), "(3, 4)": (3, 4), "(2, 3, 2)": (2, 3, 2)}
REDUCTIONS = ("mean", "sum", "none")
DTYPES = ("float64", "float32")
TF = torch.nn.functional


def signs(shape: tuple[int, ...], dtype: str = "float64") -> Any:
    return np.where(random(shape, seed=7) > 0, 1.0, -1.0).astype(dtype)


def answers(shape: tuple[int, ...], dtype: str = "float64") -> Any:
    """0, 1, and what lies between."""
    values = np.clip(random(shape, seed=7, low=-0.5, high=1.5), 0, 1)
    return values.astype(dtype)


def inside(shape: tuple[int, ...], dtype: str) -> Any:
    return random(shape, dtype, low=0.05, high=0.95)


def counts(shape: tuple[int, ...], dtype: str) -> Any:
    return np.floor(random(shape, low=0.0, high=5.0, seed=3)).astype(dtype)


# Function -> the input, the target, and the values of every other argument.
NUMBER, TARGET = (lambda s, t: random(s, t)), (lambda s, t: random(s, t, seed=1))
CASES: dict[str, tuple[Any, Any, dict[str, tuple[Any, ...]]]] = {
    "mse_loss": (NUMBER, TARGET, {"weight": (None, "each")}),
    "l1_loss": (NUMBER, TARGET, {"weight": (None, "each")}),
    "huber_loss": (NUMBER, TARGET, {"weight": (None, "each"), "delta": (1.0, 0.3, 100.0)}),
    "smooth_l1_loss": (NUMBER, TARGET, {"beta": (1.0, 0.3, 0.0, 100.0)}),
    "poisson_nll_loss": (
        lambda s, t: random(s, t, low=0.1, high=3.0),
        counts,
        {"log_input": (True, False), "full": (False, True), "eps": (1e-8, 0.1)},
    ),
    "binary_cross_entropy": (inside, answers, {"weight": (None, "each", "last")}),
    "binary_cross_entropy_with_logits": (
        NUMBER,
        answers,
        {"weight": (None, "each", "last"), "pos_weight": (None, "each", "last")},
    ),
    "soft_margin_loss": (NUMBER, signs, {}),
}


def factor(kind: Any, shape: tuple[int, ...], dtype: str, seed: int) -> Any:
    if kind == "each":
        return random(shape, dtype, 0.5, 2.0, seed=seed)
    return random(shape[-1:], dtype, 0.5, 2.0, seed=seed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", CASES)
def test_of_numbers(name, shape, dtype):
    make, make_target, choices = CASES[name]
    x, t = make(shape, dtype), make_target(shape, dtype)
    of_target = name not in ("poisson_nll_loss", "soft_margin_loss")  # PyTorch gives NaN, and nothing
    for reduction, *values in itertools.product(REDUCTIONS, *choices.values()):
        options: dict[str, Any] = {"reduction": reduction, **dict(zip(choices, values, strict=True))}
        for seed, (option, value) in enumerate(options.items()):
            if value in ("each", "last"):  # a constant: PyTorch has no derivatives by most of them
                options[option] = factor(value, shape, dtype, seed)

        def ours(*tensors: Any, options=options) -> Any:
            return getattr(F, name)(*tensors, *(() if of_target else (t,)), **options)

        def theirs(*tensors: Any, options=options) -> Any:
            options = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
            return getattr(TF, name)(*tensors, *(() if of_target else (torch.tensor(t),)), **options)

        compare(ours, theirs, x, *((t,) if of_target else ()), order=1)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
def test_gradients_by_the_weight(name):
    arrays = random((3, 4)), random((3, 4), seed=1), random((3, 4), low=0.5, high=2.0)
    for reduction in REDUCTIONS:
        compare(
            lambda x, t, w, r=reduction: getattr(F, name)(x, t, weight=w, reduction=r),
            lambda x, t, w, r=reduction: getattr(TF, name)(x, t, weight=w, reduction=r),
            *arrays,
        )


@pytest.mark.parametrize("name", ["mse_loss", "huber_loss", "smooth_l1_loss", "poisson_nll_loss", "soft_margin_loss"])
def test_second_order(name):
    make, make_target, _ = CASES[name]
    target = make_target((3, 4), "float64")
    compare(
        lambda x: getattr(F, name)(x, target),
        lambda x: getattr(TF, name)(x, torch.tensor(target)),
        make((3, 4), "float64"),
        order=2,
    )


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_second_order_of_answers(name):
    make, make_target, _ = CASES[name]
    target = make_target((3, 4), "float64")
    compare(
        lambda x: getattr(F, name)(x, target, reduction="sum"),
        lambda x: getattr(TF, name)(x, torch.tensor(target), reduction="sum"),
        make((3, 4), "float64"),
        order=2,
    )


VARIANCES = {
    "(3, 4)": ((3, 4), (3, 4)),
    "row": ((3, 4), (3,)),
    "one": ((3, 4), (3, 1)),
    "(2, 3, 4)": ((2, 3, 4), (2, 3, 1)),
    "middle": ((2, 3, 4), (2, 1, 4)),
    "vector": ((5,), (5,)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shapes", VARIANCES.values(), ids=VARIANCES)
def test_gaussian_nll(shapes, dtype):
    shape, of_variance = shapes
    x, t = random(shape, dtype), random(shape, dtype, seed=1)
    variance = random(of_variance, dtype, 0.0, 2.0, seed=2)
    variance.reshape(-1)[0] = 0.0  # where eps takes its place
    for reduction, full, eps in itertools.product(REDUCTIONS, (False, True), (1e-6, 0.5)):
        options = {"reduction": reduction, "full": full, "eps": eps}
        compare(
            lambda *a, o=options: F.gaussian_nll_loss(*a, **o),
            lambda *a, o=options: TF.gaussian_nll_loss(*a, **o),
            x,
            t,
            variance,
            order=1,
        )
    compare(lambda a, b: F.gaussian_nll_loss(a, b, 0.5), lambda a, b: TF.gaussian_nll_loss(a, b, 0.5), x, t)


LABELLED = {"(C)": (4,), "(N, C)": (5, 4), "(1, C)": (1, 4)}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", LABELLED.values(), ids=LABELLED)
def test_multi_margin(shape, dtype):
    labels = np.random.default_rng(0).integers(0, 4, shape[:-1])
    w = np.array([0.5, 2.0, 0.0, 1.25], dtype)
    for reduction, p, margin, weight in itertools.product(REDUCTIONS, (1, 2), (1.0, 0.3, -0.2), (None, w)):
        options = {"p": p, "margin": margin, "reduction": reduction}
        compare(
            lambda x, o=options, w=weight: F.multi_margin_loss(x, labels, weight=w, **o),
            lambda x, o=options, w=weight: TF.multi_margin_loss(
                x, torch.tensor(labels), weight=None if w is None else torch.tensor(w), **o
            ),
            random(shape, dtype),
            order=1,
        )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", LABELLED.values(), ids=LABELLED)
def test_multilabel(shape, dtype):
    places = np.random.default_rng(1).integers(-1, 4, shape)
    places.reshape(-1)[0] = 2  # at least one label in the first row
    yes, w = answers(shape, dtype), np.array([0.5, 2.0, 0.0, 1.25], dtype)
    for reduction in REDUCTIONS:
        compare(
            lambda x, r=reduction: F.multilabel_margin_loss(x, places, reduction=r),
            lambda x, r=reduction: TF.multilabel_margin_loss(x, torch.tensor(places), reduction=r),
            random(shape, dtype),
            order=1,
        )
        for weight in (None, w):
            compare(
                lambda x, t, r=reduction, w=weight: F.multilabel_soft_margin_loss(x, t, w, reduction=r),
                lambda x, t, r=reduction, w=weight: TF.multilabel_soft_margin_loss(
                    x, t, None if w is None else torch.tensor(w), reduction=r
                ),
                random(shape, dtype),
                yes,
            )


C = 4
SCORES = {"(C)": (C,), "(N, C)": (5, C), "(N, C, d)": (3, C, 2), "(N, C, d, e)": (2, C, 3, 2)}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ignore_index", [-100, -1, 1, 255])
@pytest.mark.parametrize("shape", SCORES.values(), ids=SCORES)
def test_nll(shape, ignore_index, dtype):
    labels = np.random.default_rng(len(shape)).integers(0, C, shape[:1] + shape[2:] if len(shape) > 1 else ())
    labels.reshape(-1)[0] = 3
    if labels.size > 1 and ignore_index != -100:
        labels.reshape(-1)[[1, -1]] = ignore_index
    for reduction, weight in itertools.product(REDUCTIONS, (None, np.array([0.5, 2.0, 0.0, 1.25], dtype))):
        options = {"ignore_index": ignore_index, "reduction": reduction}
        compare(
            lambda x, w=weight, o=options: F.nll_loss(F.log_softmax(x, 1 if len(shape) > 1 else 0), labels, w, **o),
            lambda x, w=weight, o=options: TF.nll_loss(
                TF.log_softmax(x, 1 if len(shape) > 1 else 0),
                torch.tensor(labels),
                None if w is None else torch.tensor(w),
                **o,
            ),
            random(shape, dtype),
        )


# --- what PyTorch itself lacks, as compositions of its parts ----------------------------------------------------------
def their_focal(x: Any, t: Any, alpha: float, gamma: float) -> Any:
    """The definition of torchvision's, in PyTorch."""
    p = torch.sigmoid(x)
    losses = TF.binary_cross_entropy_with_logits(x, t, reduction="none")
    losses = losses * (1 - (p * t + (1 - p) * (1 - t))) ** gamma
    return losses * (alpha * t + (1 - alpha) * (1 - t)) if alpha >= 0 else losses


@pytest.mark.parametrize("alpha", [-1, 0.25, 1.0])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_sigmoid_focal(alpha, gamma):
    x, t = random((3, 4)), answers((3, 4))
    compare(lambda x, t: F.sigmoid_focal_loss(x, t, alpha, gamma), lambda x, t: their_focal(x, t, alpha, gamma), x, t)


@pytest.mark.parametrize("alpha", [None, np.array([0.5, 2.0, 0.0, 1.25])])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal(alpha, gamma):
    labels = np.array([0, 3, 1, 1, 2])

    def theirs(x: Any) -> Any:
        logs = TF.log_softmax(x, 1)[torch.arange(5), torch.tensor(labels)]
        losses = -((1 - logs.exp()) ** gamma) * logs
        return (losses if alpha is None else losses * torch.tensor(alpha)[torch.tensor(labels)]).mean()

    compare(lambda x: F.focal_loss(x, labels, alpha, gamma), theirs, random((5, 4)))


@pytest.mark.parametrize("q", [0.1, 0.5, [0.1, 0.5, 0.9]])
def test_quantile(q):
    x, t = random((4, 3)), random((4, 3), seed=1)

    def theirs(x: Any, t: Any) -> Any:
        e, level = t - x, torch.tensor(q, dtype=torch.float64)
        return torch.maximum(level * e, (level - 1) * e).mean()

    compare(lambda x, t: F.quantile_loss(x, t, q), theirs, x, t)


@pytest.mark.parametrize("shape", [(3, 4), (0, 2)])
def test_compositions(shape):
    x, t, s = random(shape), random(shape, seed=1), random(shape, low=0.3, high=2.0, seed=2)
    yes, sign = answers(shape), signs(shape)
    relu, log = torch.relu, torch.log
    for ours, theirs, arrays in [
        (lambda x, t: F.log_cosh_loss(x, t, "none"), lambda x, t: log(torch.cosh(x - t)), (x, t)),
        (
            lambda x, t, s: F.laplace_nll_loss(x, t, s, "none"),
            lambda x, t, s: (x - t).abs() / s + log(2 * s),
            (x, t, s),
        ),
        (
            lambda x, t, v: F.gaussian_nll_logvar_loss(x, t, v, full=True, reduction="sum"),
            lambda x, t, v: -torch.distributions.Normal(x, (0.5 * v).exp()).log_prob(t).sum(),
            (x, t, s),
        ),
        (
            lambda x, t: F.multilabel_bce_loss(x, t, "none"),
            lambda x, t: TF.binary_cross_entropy_with_logits(x, t, reduction="none").sum(-1),
            (x, yes),
        ),
        (lambda x: F.binary_hinge_loss(x, sign, "sum"), lambda x: relu(1 - torch.tensor(sign) * x).sum(), (x,)),
        (lambda x: F.squared_hinge_loss(x, sign, "sum"), lambda x: (relu(1 - torch.tensor(sign) * x) ** 2).sum(), (x,)),
        (F.sse_loss, lambda x, t: ((x - t) ** 2).sum(), (x, t)),
        (lambda x, t: F.mae_loss(x, t, "sum"), lambda x, t: (x - t).abs().sum(), (x, t)),
    ]:
        compare(ours, theirs, *arrays)


@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_temperature(temperature):
    labels, soft = np.array([0, 3, 1, 1, 2]), random((5, 4), low=0.0, high=1.0, seed=2)
    for target in (labels, soft):
        compare(
            lambda x, t=target: F.cross_entropy(x, t, label_smoothing=0.1, temperature=temperature),
            lambda x, t=target: TF.cross_entropy(x / temperature, torch.tensor(t), label_smoothing=0.1),
            random((5, 4)),
        )


# --- old words, positional order, Modules -----------------------------------------------------------------------------
OLD = {
    "mse_loss": (),
    "l1_loss": (),
    "smooth_l1_loss": (),
    "soft_margin_loss": (),
    "binary_cross_entropy": (None,),
    "binary_cross_entropy_with_logits": (None,),
    "multilabel_soft_margin_loss": (None,),
    "multi_margin_loss": (1, 1.0, None),
    "nll_loss": (None,),
    "cross_entropy": (None,),
    "multilabel_margin_loss": (),
}


@pytest.mark.parametrize(
    "words", [(True, None), (False, None), (None, False), (None, True), (False, False), (True, False)]
)
@pytest.mark.parametrize("name", OLD)
def test_the_old_words_mean_the_same_at_the_same_places(name, words):
    x, labels = random((5, 4), low=0.1, high=0.9), np.array([0, 3, 1, 1, 2])
    target = {"soft_margin_loss": signs((5, 4)), "multilabel_margin_loss": np.tile([1, 2, -1, 0], (5, 1))}.get(name)
    if target is None:
        target = labels if name in ("multi_margin_loss", "nll_loss", "cross_entropy") else answers((5, 4))
    size_average, reduce = words
    places = (size_average, -100, reduce) if name in ("nll_loss", "cross_entropy") else words
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = getattr(TF, name)(torch.tensor(x), torch.tensor(target), *OLD[name], *places)
    with pytest.warns(UserWarning, match=f"^{name}: size_average and reduce are PyTorch's old words; write reduction="):
        got = getattr(F, name)(mg.Tensor(x), target, *OLD[name], *places)
    np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-12)


MODULES: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "MSELoss": ((), {"reduction": "sum"}),
    "L1Loss": ((), {}),
    "HuberLoss": (("sum", 0.5), {}),
    "SmoothL1Loss": ((), {"beta": 0.5}),
    "GaussianNLLLoss": ((), {"full": True, "eps": 0.1}),
    "PoissonNLLLoss": ((False, True), {"eps": 0.1}),
    "BCELoss": (("w",), {}),
    "BCEWithLogitsLoss": (("w",), {"pos_weight": "w"}),
    "SoftMarginLoss": ((), {"reduction": "none"}),
    "MultiLabelSoftMarginLoss": (("w",), {}),
    "MultiLabelMarginLoss": ((), {}),
    "MultiMarginLoss": ((2, 0.5, "w"), {}),
    "NLLLoss": (("w",), {"ignore_index": 1}),
    "CrossEntropyLoss": (("w",), {"ignore_index": 1, "label_smoothing": 0.1}),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    arguments, options = MODULES[name]
    w = random((4,), low=0.5, high=2.0)

    def made(library: Any, convert: Any) -> Any:
        def fill(v: Any) -> Any:
            return convert(w) if isinstance(v, str) and v == "w" else v

        return getattr(library, name)(*map(fill, arguments), **{k: fill(v) for k, v in options.items()})

    ours, theirs = made(nn, np.asarray), made(torch.nn, torch.tensor)
    x = random((5, 4), low=0.1, high=0.9)
    targets: dict[str, Any] = {"SoftMarginLoss": signs((5, 4)), "MultiLabelMarginLoss": np.tile([1, 2, -1, 0], (5, 1))}
    labels = {n: np.array([0, 3, 1, 1, 2]) for n in ("MultiMarginLoss", "NLLLoss", "CrossEntropyLoss")}
    target = {**targets, **labels}.get(name, answers((5, 4)))
    more = (random((5, 4), low=0.5, high=2.0),) if name == "GaussianNLLLoss" else ()
    compare(lambda x: ours(x, target, *more), lambda x: theirs(x, *map(torch.tensor, (target, *more))), x, order=1)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.reduction == theirs.reduction
