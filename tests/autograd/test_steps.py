"""backward_steps: the same numbers as backward, rules as their source writes them, and nothing is changed."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.autograd import rule_text
from minigrad.core.graph import Leaf
from minigrad.core.primitive import REGISTRY
from minigrad.nn import functional as F


def gathered(output, gradient=None):
    """What the steps brought to every leaf."""
    found = {}
    for step in output.backward_steps(gradient):
        for c in step.contributions:
            if isinstance(c.parent, Leaf):
                found[c.parent] = c.total
    return found


def graphs():
    w, x = mg.randn(4, 3, requires_grad=True), mg.randn(5, 3, requires_grad=True)
    yield F.cross_entropy(F.linear(x, w).tanh(), Tensor([0, 1, 2, 3, 0]))
    yield (w.split(2, dim=1)[0] ** 2).sum() + w[0].exp().mean() * x.max()
    yield mg.stack([x, x * 2]).sum() + mg.cat([x, w]).prod()
    lstm = nn.LSTM(3, 4)
    yield lstm(x.reshape(5, 1, 3))[0].pow(2).sum()
    yield F.scaled_dot_product_attention(x[None], x[None], x[None]).sum()
    values, _ = x.max(dim=1)
    yield values.sum()


def test_the_same_gradients_as_backward_and_no_trace_of_them():
    for output in graphs():
        leaves = gathered(output)
        assert leaves and all(leaf.tensor().grad is None for leaf in leaves)
        output.backward()
        for leaf, total in leaves.items():
            np.testing.assert_array_equal(total, leaf.tensor().grad.numpy())
            leaf.tensor().grad = None


def test_why_the_order_matters():
    a = Tensor(3.0, requires_grad=True)
    b = a + a
    c = b * b
    steps = list(c.backward_steps())
    assert [step.name for step in steps] == ["multiply", "add"]
    assert [float(k.total) for k in steps[0].contributions] == [6, 12]
    assert float(steps[1].gradient) == 12  # both uses of b have arrived before b passes anything on
    assert [float(k.total) for k in steps[1].contributions] == [12, 24]
    assert [step.waiting for step in steps] == [1, 1]


def test_a_gradient_to_start_from():
    x = mg.randn(3, requires_grad=True)
    (found,) = gathered(x * 2, Tensor([1.0, 2.0, 3.0])).values()
    np.testing.assert_array_equal(found, [2, 4, 6])
    with pytest.raises(RuntimeError, match=r"t.backward_steps\(\) for a Tensor of shape \(3,\) needs the gradient"):
        (x * 2).backward_steps()
    with pytest.raises(RuntimeError, match="requires grad"):
        Tensor(1.0).backward_steps()
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="already used"):
        list(y.backward_steps())


def test_what_a_step_says():
    x, y = Tensor(2.0, requires_grad=True, dtype=np.float64), Tensor(-3.0, requires_grad=True, dtype=np.float64)
    first, second = (x * y).tanh().backward_steps()
    assert str(second).splitlines()[1] == "   to x (leaf): g * y = 2.458e-05 * (-3) = -7.373e-05"
    assert first.contributions[0].latex == r"g \, \left(1 - y^{2}\right)"
    (step,) = mg.randn(2, 2, requires_grad=True).exp().backward_steps(mg.ones(2, 2))
    assert str(step).startswith(
        "0: exp, where the gradient of shape (2, 2), norm 2 has arrived\n   to x (leaf): g * out, of"
    )


@pytest.mark.parametrize(
    ("name", "input", "python", "latex"),
    [
        ("multiply", "x", "g * y", r"g \, x_2"),
        ("add", "y", "g", "g"),
        ("subtract", "y", "-g", "-g"),
        ("divide", "y", "-g * out / y", r"\frac{-g \, y}{x_2}"),
        ("tanh", "x", "g * (1 - out * out)", r"g \, \left(1 - y^{2}\right)"),
        ("square", "x", "g * (2 * x)", r"g \, 2 \, x_1"),
        ("sqrt", "x", "g / (2 * out)", r"\frac{g}{2 \, y}"),
        ("log", "x", "g / x", r"\frac{g}{x_1}"),
        ("abs", "x", "g * sign(x)", r"g \, \operatorname{sgn}\left(x_1\right)"),
    ],
)
def test_rules_are_read_from_their_source(name, input, python, latex):
    tree = rule_text.expression(REGISTRY[name].rules[input])
    assert (rule_text.python(tree), rule_text.latex(tree)) == (python, latex)


def test_every_rule_that_is_one_expression_is_found():
    lambdas = [rule for op in REGISTRY.values() for rule in op.rules.values() if rule.__name__ == "<lambda>"]
    texts = [rule_text.expression(rule) for rule in lambdas]
    assert len(lambdas) > 150 and None not in texts
    for tree in texts:
        written = rule_text.latex(tree)
        assert written.count("{") == written.count("}") and written.count(r"\left(") == written.count(r"\right)")
        assert "np." not in rule_text.python(tree)
