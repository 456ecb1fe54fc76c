"""Bad input: every message says what was wrong, in which operation and with which shapes, and what to do about it.

Each case gives a call, the kind of error, and what the message must mention: regular expressions, in any order.
"""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd, nn
from minigrad.core.primitive import REGISTRY, Primitive
from minigrad.nn.kernels.linear import linear


def x(*shape, requires_grad=True):
    """A float32 Tensor of this shape, (2, 3) by default."""
    return Tensor(np.ones(shape or (2, 3), np.float32), requires_grad=requires_grad)


def plain(*shape):
    return x(*shape, requires_grad=False)


def case(name: str, error: type[BaseException], call: Callable[[], Any], *mentions: str) -> Any:
    return pytest.param(call, error, mentions, id=name)


def assign(tensor, index, value):
    tensor[index] = value


def assign_beside_an_alias(tensor):
    alias = tensor.detach()
    tensor[0][1] = 1.0
    return alias


def add_to(tensor, value):
    tensor += value


def used_twice(y):
    y.backward()
    y.backward()


TWO_THREE = r"\(2, 3\)"
BROADCAST = "equal or 1"

SHAPES = [
    case("add", ValueError, lambda: x() + np.ones(4), r"\badd\b", "float32", TWO_THREE, r"\(4,\)", BROADCAST),
    case("array + tensor", ValueError, lambda: np.ones(4) + x(), r"\badd\b", TWO_THREE, r"\(4,\)", BROADCAST),
    case("list", ValueError, lambda: x() * [1.0, 2.0], "multiply", TWO_THREE, r"\(2,\)", BROADCAST),
    case("divide", ValueError, lambda: x() / x(3, 2), "divide", TWO_THREE, r"\(3, 2\)", BROADCAST),
    case("power", ValueError, lambda: x() ** x(4), "power", TWO_THREE, r"\(4,\)", BROADCAST),
    case("maximum", ValueError, lambda: mg.maximum(x(), x(4)), "maximum", TWO_THREE, r"\(4,\)", BROADCAST),
    case(
        "where", ValueError, lambda: mg.where(x() > 0, x(), np.ones(4)), r"where\(", TWO_THREE, r"\(4,\)", "broadcast"
    ),
    case(
        "where mask", ValueError, lambda: mg.where(np.ones((2, 2), bool), x(), 0.0), r"where\(", r"\(2, 2\)", TWO_THREE
    ),
    case("clamp", ValueError, lambda: x().clamp(min=np.ones(4)), "cl(amp|ip)", TWO_THREE, r"\(4,\)", "bounds"),
    case("matmul", ValueError, lambda: x() @ x(4, 2), "matmul", TWO_THREE, r"\(4, 2\)", "last size", "mT"),
    case("matmul vector", ValueError, lambda: x() @ x(2), "matmul", TWO_THREE, r"\(2,\)", "last size"),
    case("matmul stacks", ValueError, lambda: x(2, 3, 4) @ x(3, 4, 5), "matmul", r"\(2, 3, 4\)", r"\(3, 4, 5\)"),
    case("matmul 0-d", ValueError, lambda: x() @ Tensor(3.0), "matmul", TWO_THREE, r"\(\)"),
    case("matmul number", ValueError, lambda: 2.0 @ x(), "matmul", "2.0", TWO_THREE),
    case("linear", ValueError, lambda: linear(x(), x(4, 5)), "linear", TWO_THREE, r"\(4, 5\)", "in_features"),
    case(
        "linear vector",
        ValueError,
        lambda: linear(x(), x(4)),
        "linear",
        r"\(4,\)",
        r"matrix \(out_features, in_features\)",
    ),
    case(
        "linear bias",
        ValueError,
        lambda: linear(x(), x(4, 3), x(5)),
        "linear",
        r"\(5,\)",
        r"bias must have shape \(4,\)",
    ),
    case("linear 0-d", ValueError, lambda: linear(Tensor(1.0), x(4, 3)), "linear", r"\(\)", r"\(4, 3\)"),
    case("reshape", ValueError, lambda: x().reshape(4, 2), "reshape", TWO_THREE, r"\(4, 2\)", "number of elements"),
    case("reshape to nothing", ValueError, lambda: x().reshape(()), "reshape", TWO_THREE, "number of elements"),
    case("reshape two -1", ValueError, lambda: x().reshape(-1, -1), "reshape", TWO_THREE, "one size may be -1"),
    case("reshape -2", ValueError, lambda: x().reshape(-2, 3), "reshape", r"\(-2, 3\)", "-1"),
    case("reshape text", TypeError, lambda: x().reshape("a"), "reshape|sizes", "'a'", "integers"),
    case("reshape float", TypeError, lambda: x().reshape(3.0, 2), "reshape|sizes", r"3\.0", "integers"),
    case(
        "broadcast_to",
        ValueError,
        lambda: x().broadcast_to((4, 3)),
        "broadcast_to",
        TWO_THREE,
        r"\(4, 3\)",
        "grow from 1",
    ),
    case("broadcast_to fewer", ValueError, lambda: x().broadcast_to((3,)), "broadcast_to", TWO_THREE, r"\(3,\)"),
    case(
        "concatenate",
        ValueError,
        lambda: mg.concatenate([x(), x(1, 1)]),
        "concatenate",
        TWO_THREE,
        r"\(1, 1\)",
        "same sizes",
    ),
    case(
        "concatenate ranks",
        ValueError,
        lambda: mg.concatenate([x(), x(3)]),
        "concatenate",
        TWO_THREE,
        r"\(3,\)",
        "same rank",
    ),
    case("concatenate nothing", ValueError, lambda: mg.concatenate([]), "concatenate", "at least one"),
    case(
        "concatenate 0-d",
        ValueError,
        lambda: mg.concatenate([Tensor(1.0)]),
        "concatenate",
        "0-d|single number",
        "stack",
    ),
    case("concatenate number", TypeError, lambda: mg.concatenate(3), "concatenate", "list|sequence", "int|3"),
    case("stack", ValueError, lambda: mg.stack([x(), x(3)]), "stack", TWO_THREE, r"\(3,\)", "same shape"),
    case("stack nothing", ValueError, lambda: mg.stack([]), "stack", "at least one"),
    case("permute twice", ValueError, lambda: x().permute(0, 0), "permute", TWO_THREE, r"\(0, 0\)", "once"),
    case("permute too few", ValueError, lambda: x().permute(0), "permute", TWO_THREE, r"\(0,\)", "once"),
    case(
        "np.transpose",
        ValueError,
        lambda: np.transpose(x(), (0, 0)),
        "permute|transpose",
        TWO_THREE,
        r"\(0, 0\)",
        "once",
    ),
    case("np.squeeze", ValueError, lambda: np.squeeze(x(), 0), "squeeze", TWO_THREE, "dimension 0", "size 1"),
    case("flatten backwards", ValueError, lambda: x().flatten(1, 0), "flatten", "1", "0", "first"),
    case("expand_dims twice", ValueError, lambda: mg.expand_dims(x(), (0, 0)), "expand_dims", r"\(0, 0\)", "twice"),
    case("iadd", ValueError, lambda: add_to(plain(3), np.ones((2, 3))), r"\badd\b", r"\(3,\)", r"\(2, ?3\)"),
    case("assignment", ValueError, lambda: assign(plain(), 0, [1.0, 2.0]), "assignment", TWO_THREE, r"\(2,\)"),
    case("data", ValueError, lambda: setattr(x(), "data", np.ones(4)), TWO_THREE, r"\(4,\)"),
]


def dims(name, call, dim=2, shape=TWO_THREE):
    return case(f"{name} dim {dim}", IndexError, call, name, rf"dimension {dim}\b", shape, "-2 to 1")


DIMENSIONS = [
    dims("sum", lambda: x().sum(2)),
    dims("sum", lambda: x().sum(axis=-3), -3),
    dims("sum", lambda: x().sum((0, 2))),
    dims("mean", lambda: x().mean(2)),
    dims("var", lambda: x().var(2)),
    dims("amax", lambda: x().amax(2)),
    dims("amin", lambda: x().amin(2)),
    dims("max", lambda: x().max(2)),
    dims("min", lambda: x().min(2)),
    dims("argmax", lambda: x().argmax(2)),
    dims("argmin", lambda: x().argmin(2)),
    dims("all", lambda: x().all(2)),
    dims("any", lambda: x().any(2)),
    dims("logsumexp", lambda: x().logsumexp(2)),
    dims("softmax", lambda: x().softmax(2)),
    dims("log_softmax", lambda: x().log_softmax(-3), -3),
    dims("transpose", lambda: x().transpose(0, 2)),
    dims("swapaxes", lambda: x().swapaxes(2, 0)),
    dims("permute", lambda: x().permute(0, 2)),
    dims("squeeze", lambda: x().squeeze(2)),
    dims("flatten", lambda: x().flatten(2)),
    dims("concatenate", lambda: mg.concatenate([x(), x()], 2)),
    case("sum twice", ValueError, lambda: x().sum((0, -2)), "sum", TWO_THREE, r"\(0, -2\)", "twice"),
    case("sum text", TypeError, lambda: x().sum("a"), "sum", "'a'", "integer"),
    case("sum float", TypeError, lambda: x().sum(1.0), "sum", r"1\.0", "integer"),
    case("np.sum", IndexError, lambda: np.sum(x(), axis=2), "sum", "dimension 2", TWO_THREE),
    case("sum of a number", IndexError, lambda: Tensor(1.0).sum(1), "sum", "dimension 1", r"\(\)", "has none"),
    case("argmax several", TypeError, lambda: x().argmax((0, 1)), "argmax", r"\(0, 1\)", "integer"),
    case("max several", TypeError, lambda: x().max((0, 1)), "max", r"\(0, 1\)", "amax"),
    case("softmax several", TypeError, lambda: x().softmax((0, 1)), "softmax", r"\(0, 1\)", "integer"),
    case("unsqueeze", IndexError, lambda: x().unsqueeze(5), "unsqueeze", r"\b5\b", TWO_THREE, "-3 to 2"),
    case("expand_dims", IndexError, lambda: np.expand_dims(x(), -4), "expand_dims", "-4", TWO_THREE, "-3 to 2"),
    case("stack", IndexError, lambda: mg.stack([x(), x()], 3), "stack", r"\b3\b", "2, 3\\)", "-3 to 2"),
    case("mT", IndexError, lambda: x(3).mT, r"transpose|swapaxes|mT", r"\(3,\)", "dimension -[12]"),
    case("softmax without dim", TypeError, lambda: x().softmax(), "softmax", "dim", "such as dim=-1"),
    case("log_softmax without dim", TypeError, lambda: mg.log_softmax(x()), "log_softmax", "dim", "such as dim=-1"),
    case("logsumexp without dim", TypeError, lambda: x().logsumexp(), "logsumexp", "dim", "such as dim=-1"),
    case("two names", TypeError, lambda: x().sum(dim=0, axis=0), "sum", "axis", "dim", "one of them"),
    case("unknown keyword", TypeError, lambda: x().sum(dims=0), r"\bsum\b", "dims"),
    case("take_along_axis", (IndexError, ValueError), lambda: np.take_along_axis(x(), np.zeros((1, 1, 1), int), 1),
         "take_along_axis", TWO_THREE, r"\(1, 1, 1\)", "rank"),
]  # fmt: skip

NOTHING = [
    case("mean", ValueError, lambda: x(0, 3).mean(), "mean", r"\(0, 3\)", "empty"),
    case("mean of rows", ValueError, lambda: x(0, 3).mean(0), "mean", r"\(0, 3\)", "empty"),
    case("max", ValueError, lambda: x(0, 3).max(), r"\bmax\b", r"\(0, 3\)", "empty"),
    case("min dim", ValueError, lambda: x(0, 3).min(0), r"\bmin\b", r"\(0, 3\)", "empty"),
    case("amax", ValueError, lambda: x(0, 3).amax(0), "amax", r"\(0, 3\)", "empty"),
    case("argmax", ValueError, lambda: x(0, 3).argmax(), "argmax", r"\(0, 3\)", "empty"),
    case("logsumexp", ValueError, lambda: x(0, 3).logsumexp(0), "logsumexp", r"\(0, 3\)", "empty"),
    case("var of nothing", ValueError, lambda: x(0, 3).var(), "var", r"\(0, 3\)"),
    case("var of one", ValueError, lambda: x(1).var(), "var", r"1 value", "correction=0"),
    case("var of a number", ValueError, lambda: Tensor(1.0).var(), r"1 value", "correction=0"),
    case("var of columns", ValueError, lambda: x(1, 3).var(0), r"1 value", "correction=0"),
    case("clamp", ValueError, lambda: x().clamp(), "clamp", "min", "max", r"clamp\(x, min=0\)"),
    case("np.clip", ValueError, lambda: np.clip(x(), None, None), "cl(amp|ip)", "min", "max"),
]

INDICES = [
    case("out of bounds", IndexError, lambda: x()[2], "getitem", TWO_THREE, "index 2 is out of bounds", "size 2"),
    case("second axis", IndexError, lambda: x()[0, 5], "getitem", TWO_THREE, "index 5 is out of bounds", "size 3"),
    case("array", IndexError, lambda: x()[[0, 7]], "getitem", TWO_THREE, "index 7 is out of bounds"),
    case("too many", IndexError, lambda: x()[0, 0, 0], "getitem", TWO_THREE, "too many indices"),
    case("float", IndexError, lambda: x()[1.5], "getitem", r"1\.5", "integers"),
    case("text", IndexError, lambda: x()["a"], "getitem", "'a'", "integers"),
    case("float tensor", IndexError, lambda: x()[Tensor([0.5])], "getitem", "float32", "integer"),
    case(
        "mask shape", IndexError, lambda: x()[np.ones(5, bool)], "getitem", TWO_THREE, r"bool \(5,\)", "did not match"
    ),
    case("arrays", IndexError, lambda: x()[[0, 1], [0, 1, 2]], "getitem", TWO_THREE, r"\(2,\) \(3,\)"),
    case("two ellipses", IndexError, lambda: x()[..., ...], "getitem", "ellipsis"),
    case("write", IndexError, lambda: assign(plain(), 7, 0.0), "assignment", TWO_THREE, "index 7 is out of bounds"),
    case("list position", TypeError, lambda: [1, 2][Tensor(1.0)], "integer Tensor", "float32"),
]

DATA = [
    case("int", TypeError, lambda: Tensor([1, 2], requires_grad=True), "int64", r"1\.0 instead of 1", "float"),
    case("bool", TypeError, lambda: Tensor(True, requires_grad=True), "bool", "float"),
    case("int array", TypeError, lambda: Tensor(np.ones(2, np.int32), requires_grad=True), "int32", "np.float32"),
    case("int later", TypeError, lambda: Tensor([1, 2]).requires_grad_(), "int64", r"1\.0 instead of 1"),
    case("text", TypeError, lambda: Tensor("abc"), "numbers", "<U3|str|text"),
    case("texts", TypeError, lambda: Tensor([1.0, "a"]), "numbers"),
    case("None", TypeError, lambda: Tensor(None), "numbers", "None|object"),
    case("dict", TypeError, lambda: Tensor({}), "numbers", "dict|object"),
    case("complex", TypeError, lambda: Tensor([1 + 2j]), "real numbers", "complex128"),
    case("complex array", TypeError, lambda: Tensor(np.ones(2, complex)), "real numbers", "complex128"),
    case("complex dtype", TypeError, lambda: Tensor([1.0], dtype=complex), "real numbers", "complex128"),
    case("astype complex", TypeError, lambda: x().astype(complex), "astype|real numbers", "complex128"),
    case("object array", TypeError, lambda: Tensor(np.array([1, None])), "numbers", "object"),
    case("ragged", ValueError, lambda: Tensor([[1, 2], [3]]), "rows", "equal length"),
    case("unknown dtype", TypeError, lambda: Tensor([1.0], dtype="float99"), "float99", "dtype|data type"),
    case("list of tensors", TypeError, lambda: Tensor([x(), x()]), "require grad", r"stack\(tensors\)"),
    case("nested list of tensors", TypeError, lambda: Tensor([[x()]]), "require grad", "stack"),
    case("list with a later tensor", TypeError, lambda: Tensor([1.0, x(1).sum()]), "require grad", "stack"),
    case("default dtype", TypeError, lambda: mg.set_default_dtype(int), "floating-point", "int64"),
    case("add text", TypeError, lambda: x() + "abc", r"\+|add", "str|abc"),
    case("text + tensor", TypeError, lambda: "abc" + x(), r"\+|add|concatenate", "str|abc"),
    case("add None", TypeError, lambda: x() + None, r"\+", "NoneType"),
    case("add dict", TypeError, lambda: x() + {}, r"\+|add", "dict"),
    case("times 1j", TypeError, lambda: x() * 1j, "multiply", "real numbers|complex"),
    case("complex operand", TypeError, lambda: x() + np.ones(3, complex), r"\badd\b", "complex128"),
    case("object operand", TypeError, lambda: x() * np.array([1, None, 2]), "multiply", "object"),
    case("fraction", TypeError, lambda: x() * Fraction(1, 2), "multiply", "Fraction|object"),
    case("astype unknown", TypeError, lambda: x().astype("float99"), "float99", "dtype"),
    case("compare None", TypeError, lambda: x() < None, "<", "NoneType"),
    case("exp of text", TypeError, lambda: mg.exp("abc"), "exp", "abc|str"),
    case("bool minus", TypeError, lambda: Tensor([True]) - Tensor([True]), "subtract", "bool"),
    case("int to -1", ValueError, lambda: Tensor([1, 2]) ** -1, "power", "int64", "-1"),
    case("too few inputs", TypeError, lambda: mg.multiply(x()), "multiply", r"\(input, other\)", "got 1"),
    case("too many inputs", TypeError, lambda: mg.exp(x(), x()), "exp", r"\(input\)", "got 2"),
    case("three addends", TypeError, lambda: mg.multiply(x(), x(), x()), "multiply", r"\(input, other\)", "got 3"),
    case("copy_ text", TypeError, lambda: plain().copy_("abc"), "copy_", TWO_THREE, "real numbers"),
    case("int += float", TypeError, lambda: add_to(Tensor([1, 2]), 0.5), "add", "int64", "float"),
]

GRADIENTS = [
    case(
        "backward of many",
        RuntimeError,
        lambda: x().backward(),
        r"^t\.backward\(\) for a Tensor of shape " + TWO_THREE,
        r"t\.sum\(\)\.backward\(\)",
        r" gradient=minigrad\.ones_like\(t\)$",
    ),
    case(
        "grad of many",
        RuntimeError,
        lambda: (lambda leaf: autograd.grad(leaf * 2, leaf))(x()),
        r"^grad\(t, inputs\) for a Tensor of shape " + TWO_THREE,
        r"grad\(t\.sum\(\), inputs\)",
        r" grad_outputs=minigrad\.ones_like\(t\)$",
    ),
    case(
        "grad with a gradient of another shape",
        RuntimeError,
        lambda: (lambda leaf: autograd.grad(leaf * 2, leaf, grad_outputs=[1.0]))(x()),
        r"shape \(\), .* " + TWO_THREE,
        "grad_outputs=",
    ),
    case(
        "autograd.backward of many",
        RuntimeError,
        lambda: autograd.backward(x() * 2),
        r"^backward\(t\) for a Tensor",
        "grad_tensors=",
    ),
    case("grad of many", RuntimeError, lambda: mg.autograd.grad(x() * 2, x()), TWO_THREE, "sum"),
    case(
        "gradient shape", RuntimeError, lambda: x().backward(np.ones(3)), TWO_THREE, r"\(3,\)", "pass|gradient of shape"
    ),
    case("gradient of a number", RuntimeError, lambda: x().sum().backward(np.ones(3)), r"\(3,\)", r"\(\)"),
    case("gradient text", TypeError, lambda: x().backward("abc"), "numbers"),
    case(
        "nothing requires grad", RuntimeError, lambda: plain().sum().backward(), "requires? grad", "requires_grad=True"
    ),
    case("second backward", RuntimeError, lambda: used_twice((x() * x()).sum()), "sum|multiply", r"retain_graph=True"),
    case("unused input", RuntimeError, lambda: mg.autograd.grad(x().sum(), x()), "input 0", "allow_unused=True"),
    case(
        "input without grad",
        RuntimeError,
        lambda: mg.autograd.grad(x().sum(), [plain()]),
        "input 0",
        "requires_grad=True",
    ),
    case(
        "grad_outputs", ValueError, lambda: mg.autograd.grad([x().sum()], x(), [1.0, 2.0]), "1 output", "2 grad_outputs"
    ),
    case(
        "requires_grad of a result",
        RuntimeError,
        lambda: setattr(x() * 2, "requires_grad", False),
        "multiply",
        r"detach\(\)",
    ),
    case("hook", RuntimeError, lambda: plain().register_hook(print), "hook", "requires grad"),
    case(
        "assignment to a leaf",
        RuntimeError,
        lambda: assign(x(), 0, 1.0),
        "leaf that requires grad",
        TWO_THREE,
        "no_grad",
    ),
    case(
        "assignment to what a detached Tensor shares",
        RuntimeError,
        lambda: assign_beside_an_alias(x() * 2),
        "assignment inside a graph",
        r"\(3,\)",
        "clone",
    ),
    case(
        "+= on a leaf",
        RuntimeError,
        lambda: add_to(x(), 1),
        "leaf that requires grad",
        TWO_THREE,
        "w = w - step",
        "no_grad",
    ),
    case("sizes", TypeError, lambda: Tensor(2, 3), "got 3", r"write minigrad\.empty\(2, 3\)$"),
    case("three sizes", TypeError, lambda: Tensor(2, 3, 4), r"write minigrad\.empty\(2, 3, 4\)$"),
    case(
        "two numbers", TypeError, lambda: Tensor(2.0, 3), "requires_grad must be True or False, got 3", "one array or"
    ),
    case(
        "flag of a Parameter", TypeError, lambda: mg.nn.Parameter([1.0], [2.0]), "requires_grad must be True or False"
    ),
    case(
        "flag of zeros", TypeError, lambda: mg.zeros(2, requires_grad=1), "requires_grad must be True or False, got 1"
    ),
    case("flag set later", TypeError, lambda: plain().requires_grad_("yes"), "must be True or False, got 'yes'"),
    case("deepcopy of a result", RuntimeError, lambda: copy.deepcopy(x() * 2), "multiply", "detach", "clone"),
    case("pickle of a result", RuntimeError, lambda: pickle.dumps(x() * 2), "multiply", "detach"),
]

NUMPY = [
    case(
        "interp",
        TypeError,
        lambda: np.interp(x(), [0.0, 1.0], [0.0, 1.0]),
        r"np\.interp",
        r"detach\(\)\.numpy\(\)",
        r"dir\(minigrad\)",
    ),
    case("spacing", TypeError, lambda: np.spacing(x()), r"np\.spacing", r"detach\(\)\.numpy\(\)", r"dir\(minigrad\)"),
    case("sin where", TypeError, lambda: np.sin(x(), where=True), r"np\.sin", "derivative|where"),
    case("linalg.inv", TypeError, lambda: np.linalg.inv(x()), r"^np\.linalg\.inv", "detach"),
    case(
        "keywords of what has no rule", TypeError, lambda: np.partition(x(), kth=1), r"np\.partition", "derivative rule"
    ),
    case("plain too", TypeError, lambda: np.spacing(plain()), r"np\.spacing", "detach"),
    case("out", TypeError, lambda: np.exp(x(), out=np.ones((2, 3))), r"np\.exp", "out=", "value that it returns"),
    case(
        "out tensor", TypeError, lambda: np.exp(np.ones((2, 3)), out=x()), r"np\.exp", "out=", "value that it returns"
    ),
    case("sum out", TypeError, lambda: np.sum(x(), out=np.ones(())), r"np\.sum", "out=", "value that it returns"),
    case("clip out", TypeError, lambda: np.clip(x(), 0, 1, out=np.ones((2, 3))), r"np\.clip", "out="),
    case("concatenate out", TypeError, lambda: np.concatenate([x()], out=np.ones((2, 3))), r"np\.concatenate", "out="),
    case("comparison out", TypeError, lambda: np.less(x(), 1, out=np.ones((2, 3), bool)), r"np\.less", "out="),
    case("argmax out", TypeError, lambda: np.argmax(x(), out=np.array(0)), r"np\.argmax", "out="),
    case("where", TypeError, lambda: np.add(x(), x(), where=np.ones((2, 3), bool)), r"np\.add", "where"),
    case("dtype", TypeError, lambda: np.add(x(), x(), dtype=float), r"np\.add", "dtype"),
    case("sum where", TypeError, lambda: np.sum(x(), where=np.ones((2, 3), bool)), r"np\.sum", "where"),
    case("max initial", TypeError, lambda: np.max(x(), initial=3), r"np\.max", "initial"),
    case("mean where", TypeError, lambda: np.mean(x(), where=True), r"np\.mean", "where"),
    case("reduce", TypeError, lambda: np.add.reduce(x()), r"np\.add\.reduce", "detach|np.sum"),
    case("outer", TypeError, lambda: np.multiply.outer(x(), x()), r"np\.multiply\.outer", "detach"),
    case("at", TypeError, lambda: np.add.at(x(), 0, 1), r"np\.add\.at", "detach"),
    case("accumulate", TypeError, lambda: np.add.accumulate(x()), r"np\.add\.accumulate", "detach"),
    case("order", (TypeError, ValueError), lambda: np.reshape(x(), (3, 2), order="F"), "reshape", "order"),
    case("own out", TypeError, lambda: mg.exp(x(), out=np.ones((2, 3))), "exp", "out"),
    case("own where", TypeError, lambda: mg.exp(x(), where=True), "exp", "where"),
    case("asarray", TypeError, lambda: np.asarray(x()), "requires grad", r"detach\(\)\.numpy\(\)"),
    case("array of one", TypeError, lambda: np.asarray(x().sum()), "requires grad", r"detach\(\)\.numpy\(\)"),
    case("array of a list", TypeError, lambda: np.asarray([x().sum(), x().sum()]), "requires grad", "detach"),
    case(
        "into an array", TypeError, lambda: assign(np.ones((2, 3)), ..., x()), "requires grad", r"detach\(\)\.numpy\(\)"
    ),
    case("numpy()", RuntimeError, lambda: x().numpy(), "requires grad", r"detach\(\)\.numpy\(\)"),
]

PYTHON = [
    case("item", ValueError, lambda: x().item(), "item", TWO_THREE, "tolist"),
    case("item of nothing", ValueError, lambda: x(0).item(), "item", r"\(0,\)"),
    case("len", TypeError, lambda: len(Tensor(1.0)), "len", "0-d"),
    case("iteration", TypeError, lambda: list(Tensor(1.0)), "iteration", "0-d", r"item\(\)"),
    case("truth", ValueError, lambda: bool(x()), "truth value", TWO_THREE, r"\.all\(\)", r"\.any\(\)"),
    case("if", ValueError, lambda: 1 if x() > 0 else 2, "truth value", TWO_THREE, r"\.all\(\)"),
    case("truth of nothing", ValueError, lambda: bool(x(0)), "truth value", r"\(0,\)"),
    case("float of many", ValueError, lambda: float(plain()), "item|float", TWO_THREE),
]


@pytest.mark.parametrize(
    ("call", "error", "mentions"), [*SHAPES, *DIMENSIONS, *NOTHING, *INDICES, *DATA, *GRADIENTS, *NUMPY, *PYTHON]
)
def test_the_message_says_what_where_and_the_cure(call, error, mentions):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error) as caught:
            call()
    message = str(caught.value)
    for mention in mentions:
        assert re.search(mention, message), f"{mention!r} is not in: {message}"
    assert "_(" not in message and "<lambda>" not in message and "<locals>" not in message, f"internal names: {message}"


def test_a_refused_call_leaves_everything_as_it_was():
    w, target = x(), np.ones((2, 3), np.float32)
    y = w * w
    for call in (
        lambda: np.exp(w, out=target),
        lambda: mg.exp(w, Tensor(target)),
        lambda: mg.add(w, w, w),
        lambda: w @ x(4, 2),
    ):
        with pytest.raises((TypeError, ValueError)):
            call()
    assert (target == 1).all() and (w.detach().numpy() == 1).all()
    y.sum().backward()
    assert (w.grad.numpy() == 2).all()


# --- every operation along a dimension --------------------------------------------------------------------------------
def _takes_dim(name):
    try:
        parameters = inspect.signature(getattr(mg, name)).parameters
    except (TypeError, ValueError):
        return False
    return "dim" in parameters and next(iter(parameters)) in ("input", "tensors", "x")


@pytest.mark.parametrize("name", sorted(n for n in mg.__all__ if _takes_dim(n)))
def test_a_dimension_that_does_not_exist_is_named(name):
    function, tensor = getattr(mg, name), Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    first = next(iter(inspect.signature(function).parameters))
    others = {
        "index": np.array([0]), "indices": np.array([[0]]), "source": tensor, "value": 1.0, "src": tensor, "k": 1,
        "q": 0.5, "start": 0, "length": 1, "reduce": "sum", "sizes": (1, 3), "split_size_or_sections": 1, "chunks": 2,
        "indices_or_sections": 2, "other": tensor, "split_size": 1, "mask": tensor > 1,
        "repeats": 2, "y": tensor,
    }  # fmt: skip
    required = {
        n: others[n]
        for n, p in inspect.signature(function).parameters.items()
        if n not in (first, "dim") and p.default is p.empty and p.kind is not p.VAR_POSITIONAL and n in others
    }
    if name == "scatter":
        required["src"] = tensor
    with pytest.raises((IndexError, TypeError, ValueError)) as caught:
        function([tensor, tensor] if first == "tensors" else tensor, dim=7, **required)
    message = str(caught.value)
    assert "7" in message and re.search(r"\(2, 3\)|\(2, 2, 3\)|shape", message), message


@pytest.mark.parametrize("make", [Tensor, mg.tensor, mg.asarray, mg.zeros_like])
def test_a_function_in_place_of_numbers(make) -> None:
    with pytest.raises(TypeError, match=r"numbers are needed, got ReLU; if it is a layer, call it: layer\(x\)"):
        make(nn.ReLU())


def test_an_operation_within_another_explains_once() -> None:
    outer = Primitive(lambda x, y: mg.matmul(x, y), name="outer")
    try:
        with pytest.raises(ValueError, match=r"^matmul\(") as caught:
            outer(Tensor(np.ones((2, 3))), Tensor(np.ones((2, 3))))
        assert "outer" not in str(caught.value)
    finally:
        del REGISTRY["outer"]
