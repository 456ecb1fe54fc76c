"""The losses without a reference: identities, what they accept, and what they say about bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigrad import Tensor, autograd, nn
from minigrad.nn import functional as F

LOGITS = np.random.default_rng(0).standard_normal((6, 4))
LABELS = np.array([0, 3, 1, 1, 2, 0])


def leaf(values):
    return Tensor(values, requires_grad=True)


def gradient(loss, x):
    return autograd.grad(loss, x)[0].numpy()


# --- identities -------------------------------------------------------------------------------------------------------
def test_worked_example_of_the_notes():
    scores = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]]
    losses = F.cross_entropy(np.array(scores), [0, 1, 2], reduction="none")
    np.testing.assert_allclose(losses.numpy(), [2.0404, 0.0791, 6.1565], atol=5e-5)
    assert F.cross_entropy(np.array(scores), [0, 1, 2]).item() == pytest.approx(2.7587, abs=5e-5)


def test_gradient_is_probability_minus_one_hot():
    x = leaf(LOGITS)
    one_hot = np.eye(4)[LABELS]
    expected = F.softmax(LOGITS, dim=1) - one_hot
    np.testing.assert_allclose(gradient(F.cross_entropy(x, LABELS, reduction="sum"), x), expected, atol=1e-15)
    np.testing.assert_allclose(gradient(F.cross_entropy(x, one_hot, reduction="sum"), x), expected, atol=1e-15)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_labels_are_one_hot_probabilities(reduction, smoothing):
    a = F.cross_entropy(LOGITS, LABELS, reduction=reduction, label_smoothing=smoothing)
    b = F.cross_entropy(LOGITS, np.eye(4)[LABELS], reduction=reduction, label_smoothing=smoothing)
    np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-14)


@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 3.0, 1.0]])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_ignored_rows_are_absent_rows(weight, smoothing, reduction):
    """Bit for bit, whatever stands in them."""
    labels, logits = np.where([0, 1, 0, 0, 1, 0], -100, LABELS), LOGITS.copy()
    logits[1], logits[4] = math.nan, [math.inf, -math.inf, 1, 1e308]
    kept = labels != -100
    x, y = leaf(logits), leaf(LOGITS[kept])
    options = {"weight": weight, "reduction": reduction, "label_smoothing": smoothing}
    with_them, without = F.cross_entropy(x, labels, **options), F.cross_entropy(y, LABELS[kept], **options)
    if reduction == "none":
        np.testing.assert_array_equal(with_them.detach().numpy()[~kept], 0)
        with_them = with_them[kept]
    np.testing.assert_array_equal(with_them.detach().numpy(), without.detach().numpy())
    grad = gradient(with_them.sum(), x)
    np.testing.assert_array_equal(grad[kept], gradient(without.sum(), y))
    np.testing.assert_array_equal(grad[~kept], 0)


def test_uniform_scores_cost_the_logarithm_of_the_number_of_classes():
    assert F.cross_entropy(np.zeros((3, 10)), [1, 2, 3]).item() == pytest.approx(math.log(10))


def test_impossible_classes():
    """A score of -inf is a class that cannot be: no cost unless it is the target."""
    logits = np.array([[0.0, -math.inf], [-math.inf, 0.0]])
    losses = F.cross_entropy(logits, [0, 0], reduction="none")
    assert losses.tolist() == [0, math.inf]
    assert F.cross_entropy(logits, np.array([[1.0, 0.0], [0.0, 1.0]])).item() == 0


@pytest.mark.parametrize("shape", [(4,), (6, 4), (2, 4, 3)])
def test_gradients_reach_every_floating_point_argument(shape):
    rng = np.random.default_rng(1)
    x, t, w = (leaf(rng.random(s)) for s in (shape, shape, (4,)))
    step = 1e-6
    for target in (t, rng.integers(0, 4, shape[:1] + shape[2:] if len(shape) > 1 else ())):
        inputs = [x, w, t] if target is t else [x, w]

        def loss(*, target=target):
            return F.cross_entropy(x, target, w, label_smoothing=0.1)

        for tensor, grad in zip(inputs, autograd.grad(loss(), inputs), strict=True):
            values = tensor.detach().numpy()
            for i in np.ndindex(values.shape):
                old = values[i]
                values[i] = old + step
                high = loss().item()
                values[i] = old - step
                low = loss().item()
                values[i] = old
                assert grad.numpy()[i] == pytest.approx((high - low) / (2 * step), abs=1e-8)


# --- what is accepted -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("convert", [list, Tensor, np.int8, np.uint64, lambda a: a.astype(np.int32)[::1]])
def test_kinds_of_labels(convert):
    labels = convert(LABELS) if not isinstance(convert, type) or convert in (list, Tensor) else LABELS.astype(convert)
    assert F.cross_entropy(LOGITS, labels).item() == F.cross_entropy(LOGITS, LABELS).item()


def test_kinds_of_inputs():
    expected = F.cross_entropy(Tensor(LOGITS), LABELS)
    assert isinstance(F.cross_entropy(LOGITS, LABELS), Tensor)
    assert F.cross_entropy(LOGITS, LABELS).item() == expected.item()
    assert F.cross_entropy(LOGITS.tolist(), LABELS.tolist()).item() == pytest.approx(expected.item(), rel=1e-6)
    np.testing.assert_array_equal(F.mse_loss([1.0, 3.0], [1, 2], reduction="none").numpy(), [0, 1])


@pytest.mark.parametrize("options", [{}, {"weight": np.ones(4)}, {"label_smoothing": 0.1}, {"reduction": "none"}])
@pytest.mark.parametrize("target", [LABELS, np.where(LABELS == 3, -100, LABELS), np.eye(4)[LABELS]])
def test_float32_stays_float32(options, target):
    x = leaf(LOGITS.astype(np.float32))
    loss = F.cross_entropy(x, target, **options)
    assert loss.dtype == np.float32 and gradient(loss.sum(), x).dtype == np.float32
    assert F.mse_loss(x, LOGITS).dtype == np.float32


@pytest.mark.parametrize("target", [LABELS.copy(), np.eye(4)[LABELS]])
@pytest.mark.parametrize("create_graph", [False, True])
def test_the_caller_may_reuse_its_target_array(target, create_graph):
    x = leaf(LOGITS)
    expected = gradient(F.cross_entropy(x, target), x)
    loss = F.cross_entropy(x, target)
    target[:] = 0
    grad = autograd.grad(loss, x, create_graph=create_graph)[0]
    np.testing.assert_array_equal(grad.detach().numpy(), expected)


def test_empty_batches_have_a_sum():
    x = leaf(np.zeros((0, 3)))
    loss = F.cross_entropy(x, np.zeros(0, int), reduction="sum")
    assert loss.item() == 0 and gradient(loss, x).shape == (0, 3)
    assert F.cross_entropy(x, np.zeros(0, int), reduction="none").shape == (0,)
    assert F.cross_entropy(np.zeros((0, 3, 2)), np.zeros((0, 3, 2)), reduction="none").shape == (0, 2)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_all_rows_ignored_have_a_sum(shape, smoothing):
    x = leaf(np.full(shape, math.nan))
    labels = np.full(shape[:1] + shape[2:] if len(shape) > 1 else (), -100)
    loss = F.cross_entropy(x, labels, reduction="sum", label_smoothing=smoothing)
    assert loss.item() == 0 and not gradient(loss, x).any()
    none = F.cross_entropy(x, labels, reduction="none", label_smoothing=smoothing)
    assert none.shape == labels.shape and not none.any()


# --- bad input --------------------------------------------------------------------------------------------------------
X, Y = LOGITS, LABELS
IMAGE = np.zeros((2, 3, 4, 4))
BAD = [
    ((X, [0, 4, 1, 1, 2, 0]), {}, IndexError, r"label 4 at target\[1\] is no class; with 4 classes, .* from 0 to 3"),
    ((X, [0, 1, 1, 1, 2, -1]), {}, IndexError, r"label -1 at target\[5\] .*\(or are ignore_index=-100\)"),
    ((X, [0, 1, 1, -100, 2, 9]), {"ignore_index": 1}, IndexError, r"label -100 at target\[3\]"),
    ((IMAGE, np.arange(32).reshape(2, 4, 4) // 23 * 7), {}, IndexError, r"label 7 at target\[1, 1, 3\]"),
    ((X[0], 4), {}, IndexError, r"label 4 at target\[\(\)\]"),
    ((X, np.full(6, 2**64 - 1, np.uint64)), {}, IndexError, r"label 18446744073709551615 at target\[0\]"),
    ((X, Y.astype(float)), {}, TypeError, r"labels must be integers, got float64; use target\.astype\(np\.int64\)"),
    ((X, Y == 0), {}, TypeError, r"labels must be integers, got bool"),
    ((X, np.eye(4, dtype=int)[Y]), {}, TypeError, r"one-hot rows use target\.astype\(np\.float32\)"),
    ((X, np.eye(4)[Y] == 1), {}, TypeError, r"probabilities, which are floating-point, got bool"),
    ((X, Y[:5]), {}, ValueError, r"input \(6, 4\) needs labels of shape \(6,\) or .* \(6, 4\), got .* shape \(5,\)"),
    ((X, Y[:, None]), {}, ValueError, r"got a target of shape \(6, 1\)"),
    ((X, np.zeros((6, 5))), {}, ValueError, r"got a target of shape \(6, 5\)"),
    ((IMAGE, np.zeros((2, 3), int)), {}, ValueError, r"needs labels of shape \(2, 4, 4\)"),
    ((X[0], [1]), {}, ValueError, r"needs labels of shape \(\) or"),
    ((1.0, 0), {}, ValueError, r"needs a dimension for the classes"),
    ((X[:, :0], Y), {"reduction": "sum"}, ValueError, r"shape \(6, 0\) has no classes"),
    ((X[:, :0], X[:, :0]), {"reduction": "sum", "label_smoothing": 0.1}, ValueError, r"has no classes"),
    ((Y, Y), {}, TypeError, r"input must be floating-point, got int64; is it the target\?"),
    ((X, Y), {"reduction": "avg"}, ValueError, r"reduction must be 'mean', 'sum' or 'none', got 'avg'"),
    ((X, Y), {"reduction": None}, ValueError, r"got None"),
    ((X, Y), {"label_smoothing": 1.5}, ValueError, r"share between 0 and 1, got 1.5"),
    ((X, Y), {"label_smoothing": -0.1}, ValueError, r"got -0.1"),
    ((X, Y), {"label_smoothing": math.nan}, ValueError, r"got nan"),
    ((X, Y), {"weight": np.ones(3)}, ValueError, r"shape \(4,\), got \(3,\)"),
    ((X, Y), {"weight": 1.0}, ValueError, r"shape \(4,\), got \(\)"),
    ((X, np.eye(4)[Y]), {"ignore_index": 0}, ValueError, r"ignore_index=0 has no meaning for probabilities"),
    ((X[:0], Y[:0]), {}, ValueError, r"mean over an empty batch, input shape \(0, 4\)"),
    ((X[:0], X[:0]), {}, ValueError, r"mean over an empty batch"),
    ((X, np.full(6, -100)), {}, ValueError, r"all 6 rows are ignored \(ignore_index=-100\).*reduction='sum'"),
    ((X, np.full(6, 2)), {"ignore_index": 2}, ValueError, r"all 6 rows are ignored"),
    ((X, np.full(6, 2)), {"weight": [1.0, 1.0, 0.0, 1.0]}, ValueError, r"weights of all labels .* sum to 0"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "options", "kind", "message"), BAD)
def test_cross_entropy_says_what_is_wrong(arguments, options, kind, message):
    with pytest.raises(kind, match="^cross_entropy: .*" + message):
        F.cross_entropy(*arguments, **options)


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "message"),
    [
        ((np.zeros((3, 1)), np.zeros(3)), {}, ValueError, r"input has shape \(3, 1\), the target \(3,\).*reshape"),
        ((np.zeros(3), 0.0), {}, ValueError, r"input has shape \(3,\), the target \(\)"),
        ((np.zeros(3, int), np.zeros(3)), {}, TypeError, r"must be floating-point, got int64"),
        ((np.zeros(0), np.zeros(0)), {}, ValueError, r"empty batch, input shape \(0,\)"),
        ((np.zeros(3), np.zeros(3)), {"reduction": "max"}, ValueError, r"reduction must be"),
    ],
)
def test_mse_says_what_is_wrong(arguments, options, kind, message):
    with pytest.raises(kind, match="^mse_loss: .*" + message):
        F.mse_loss(*arguments, **options)


# --- modules ----------------------------------------------------------------------------------------------------------
def test_modules_check_their_arguments_when_made():
    with pytest.raises(ValueError, match="CrossEntropyLoss: reduction"):
        nn.CrossEntropyLoss(reduction="avg")
    with pytest.raises(ValueError, match="CrossEntropyLoss: label_smoothing"):
        nn.CrossEntropyLoss(label_smoothing=2)
    with pytest.raises(ValueError, match="MSELoss: reduction"):
        nn.MSELoss(reduction="avg")


def test_modules_show_what_is_not_the_default():
    assert repr(nn.CrossEntropyLoss()) == "CrossEntropyLoss()" and nn.CrossEntropyLoss().state_dict() == {}
    loss = nn.CrossEntropyLoss([1.0, 2.0], ignore_index=0, label_smoothing=0.1)
    assert repr(loss) == "CrossEntropyLoss(weight=[1.0, 2.0], ignore_index=0, label_smoothing=0.1)"
    assert repr(nn.MSELoss(reduction="sum")) == "MSELoss(reduction='sum')" and repr(nn.MSELoss()) == "MSELoss()"
