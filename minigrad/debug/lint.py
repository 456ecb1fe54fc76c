"""lint: mistakes that the recorded graph alone gives away, without running anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from ..core.graph import Leaf, Node, Output, reachable
from ..core.tensor import Tensor
from ..core.writes import overwritten
from ..nn.module.module import Module
from .doctor.finding import Finding, Report

MOVES = {
    "reshape",
    "transpose",
    "broadcast_to",
    "clone",
    "astype",
    "pad",
    "getitem",
}  # what leaves every number as it is
WEIGHTED = {"linear", "matmul", "convolve"}
STEPS = {"sign", "round", "floor", "ceil", "trunc", "heaviside", "floor_divide"}  # derivative 0 wherever there is one
OF_LOGITS = {"cross_entropy_of_labels", "cross_entropy_of_probabilities", "linear_cross_entropy_of_labels"}


def lint(loss: Tensor, model: Module | None = None) -> Report:
    """Look for mistakes in the graph that recorded a loss: a static check that runs nothing and changes nothing.

    It finds softmax before cross-entropy and sigmoid before its logits form, probabilities where logarithms are
    expected, logarithms of softmax, sigmoid or sums of exponentials that overflow, layers without anything nonlinear
    between, (N, 1) against (N,), leaves that no gradient can reach, and values that were overwritten since.

    Args:
        loss: the Tensor that ``backward()`` will be called on.
        model: for the names of Parameters, and to find those that the loss does not depend on.

    Raises:
        TypeError: for what is no Tensor.
        RuntimeError: for a Tensor without a graph.

    Example:
        >>> from minigrad import nn, randn
        >>> scores = randn(4, 3, requires_grad=True)
        >>> print(lint(nn.CrossEntropyLoss()(scores.softmax(dim=1), Tensor([0, 1, 2, 0]))))
        1 error. Looked at the graph.
        <BLANKLINE>
        error: double-softmax in cross_entropy, of shape ()
          found:    its logits are the output of softmax
          ...
    """
    if not isinstance(loss, Tensor):
        raise TypeError(f"lint looks at the graph of a Tensor, got {type(loss).__name__}: lint(loss)")
    if loss._node is None:
        raise RuntimeError("this loss has no graph: nothing that it was computed from requires grad")
    nodes = sorted(reachable([loss._node]), key=attrgetter("born"))
    users: dict[Node, list[Node]] = {node: [] for node in nodes}
    for node in nodes:
        for parent in node.parents:
            if parent is not None:
                users[parent].append(node)
    names = {} if model is None else {id(p): name for name, p in model.named_parameters()}
    findings = [finding for check in CHECKS for finding in check(nodes, users)]
    findings += _unreached(loss._node, nodes, names)
    if model is not None:
        findings += _unreachable(nodes, model)
    return Report(findings, ["the graph"])


# --- walking ----------------------------------------------------------------------------------------------------------
def _source(node: Node | None) -> Node | None:
    """The operation that computed these numbers, whatever only moved them afterwards."""
    while node is not None and (node.name in MOVES or isinstance(node, Output)):
        node = node.parents[0]
    return node


def _parent(node: Node, i: int = 0) -> Node | None:
    return _source(node.parents[i]) if len(node.parents) > i else None


def _is(node: Node | None, *names: str) -> bool:
    return node is not None and node.name in names


def _where(node: Node) -> str:
    return f"{node.shown}, of shape {node.shape}"


Users = dict[Node, list[Node]]


# --- what the loss is given -------------------------------------------------------------------------------------------
def _double_softmax(nodes: Iterable[Node], users: Users) -> Iterator[Finding]:
    for node in nodes:
        if node.name in OF_LOGITS and _is(_parent(node), "softmax"):
            yield Finding(
                "double-softmax",
                "error",
                _where(node),
                "its logits are the output of softmax",
                "any numbers: cross-entropy applies softmax itself",
                "softmax is applied twice; after it the loss cannot come near 0, and gradients are small",
                "remove the softmax before the loss: F.cross_entropy(logits, labels)",
                "docs/losses.md",
                0.95,
            )
        if node.name == "binary_cross_entropy_of_logits" and _is(_parent(node), "sigmoid"):
            yield Finding(
                "double-sigmoid",
                "error",
                f"binary_cross_entropy_with_logits, of shape {node.shape}",
                "its logits are the output of sigmoid",
                "any numbers: the loss applies sigmoid itself",
                "sigmoid is applied twice; every probability then lies between 0.5 and 0.73",
                "remove the sigmoid before the loss: F.binary_cross_entropy_with_logits(logits, targets)",
                "docs/losses.md",
                0.95,
            )


def _logarithms_expected(nodes: Iterable[Node], users: Users) -> Iterator[Finding]:
    for node in nodes:
        picked = node.name == "getitem" and _picks_labels(node) and any(_is(u, "negative") for u in users[node])
        if (picked or node.name == "divergence_terms") and _is(_parent(node), "softmax"):
            loss = "kl_div" if node.name == "divergence_terms" else "nll_loss"
            yield Finding(
                "expects-log-probabilities",
                "error" if loss == "kl_div" else "warning",
                f"{loss}, of shape {node.shape}",
                "it is given the output of softmax: probabilities",
                "logarithms of probabilities, as log_softmax returns them",
                "minus a probability is no likelihood: its gradient vanishes where the network is wrong",
                "F.nll_loss(F.log_softmax(logits, dim=1), labels), or F.cross_entropy(logits, labels)",
                "docs/losses.md",
                0.9,
            )


def _picks_labels(node: Node) -> bool:
    """Whether an index picks one number of every row, as the likelihood of labels does."""
    index = node.static.get("index")
    if not (isinstance(index, tuple) and len(index) == 2 and all(isinstance(i, np.ndarray) for i in index)):
        return False
    return bool(np.array_equal(index[0], np.arange(len(index[0]))))


# --- numbers that overflow --------------------------------------------------------------------------------------------
def _unstable(nodes: Iterable[Node], users: Users) -> Iterator[Finding]:
    for node in nodes:
        if node.name != "log":
            continue
        inside = _parent(node)
        if _is(inside, "softmax"):
            what, cure = "the logarithm of softmax", "F.log_softmax(logits, dim=1), or F.cross_entropy(logits, labels)"
        elif _is(inside, "sigmoid"):
            what, cure = "the logarithm of sigmoid", "F.logsigmoid(x), or F.binary_cross_entropy_with_logits"
        elif inside is not None and _is(inside, "sum") and _is(_parent(inside), "exp"):
            what, cure = "the logarithm of a sum of exponentials", "x.logsumexp(dim=1)"
        elif inside is not None and _is(inside, "divide") and _naive_softmax(inside):
            what, cure = "the logarithm of a softmax written by hand", "F.log_softmax(logits, dim=1)"
        else:
            continue
        yield Finding(
            "overflow-risk",
            "warning",
            f"log, of shape {node.shape}",
            f"{what}, in {node.dtype}",
            "one function for both: it is exact for any number",
            f"exp of more than {math.log(float(np.finfo(node.dtype).max)):.0f} is infinite, and what is smaller than "
            f"{float(np.finfo(node.dtype).tiny):.0e} becomes 0, whose logarithm is -inf",
            cure,
            "docs/losses.md",
            0.4,
        )


def _naive_softmax(node: Node) -> bool:
    above, below = _parent(node, 0), _parent(node, 1)
    return _is(above, "exp") and below is not None and below.name == "sum" and _is(_parent(below), "exp")


# --- structure --------------------------------------------------------------------------------------------------------
def _no_nonlinearity(nodes: Iterable[Node], users: Users) -> Iterator[Finding]:
    """Two weighted sums in a row; a narrow middle, as of a low-rank factor, is a reason to have both."""
    for node in nodes:
        if node.name != "linear":
            continue
        below = node.parents[0]
        while below is not None and below.name == "add" and _only_bias(below) and len(users[below]) == 1:
            below = below.parents[0]
        if below is None or below.name != "linear" or len(users[below]) > 1:
            continue
        weight, first = node.parents[1], below.parents[1]
        if weight is None or first is None or len(weight.shape) != 2 or len(first.shape) != 2:
            continue
        middle, ends = first.shape[0], (first.shape[1], weight.shape[0])
        if middle >= min(ends):
            yield Finding(
                "no-nonlinearity",
                "warning",
                f"linear layers {ends[0]} → {middle} → {ends[1]}",
                "the output of one linear layer goes straight into the next",
                "an activation function between them",
                f"two linear layers in a row can do no more than one of {ends[0]} → {ends[1]}",
                f"nn.Sequential(nn.Linear({ends[0]}, {middle}), nn.ReLU(), nn.Linear({middle}, {ends[1]}))",
                "docs/layers.md",
                0.6,
            )


def _only_bias(node: Node) -> bool:
    other = node.parents[1] if len(node.parents) == 2 else None
    return isinstance(other, Leaf) and len(other.shape) < 2


def _outer_difference(nodes: Iterable[Node], users: Users) -> Iterator[Finding]:
    """(N, 1) against (N,): every prediction meets every target."""
    for node in nodes:
        if node.name not in ("subtract", "multiply") or len(node.shape) != 2 or node.shape[0] != node.shape[1]:
            continue
        number = node.shape[0]
        shapes = [parent.shape for parent in node.parents if parent is not None]
        if number < 2 or len(shapes) != 1 or shapes[0] not in ((number, 1), (number,)):
            continue
        squared = [user for user in users[node] if user.name in ("square", "abs", "power", "multiply", "huber")]
        if node.name == "subtract" and any(_reduced_to_one_number(user, users) for user in squared):
            yield Finding(
                "target-broadcast",
                "error",
                f"subtract, of shape {node.shape}",
                f"{number} rows meet one row of {number}: {number * number} differences, each with all",
                f"one difference for each of {number} samples",
                "one of the two has a dimension of size 1 that the other lacks; the best fit is then the mean target",
                "compare equal shapes: prediction.squeeze(1) - target, or target.unsqueeze(1)",
                "docs/losses.md",
                0.95,
            )


def _reduced_to_one_number(node: Node, users: Users) -> bool:
    return any(user.name in ("mean", "sum") and user.shape == () for user in users[node])


# --- gradients that do not arrive -------------------------------------------------------------------------------------
def _unreached(top: Node, nodes: Iterable[Node], names: dict[int, str]) -> Iterator[Finding]:
    """Leaves all of whose paths lead through steps."""
    blocked = [node for node in nodes if node.name in STEPS]
    if not blocked:
        return
    seen, stack = {top}, [top]
    while stack:
        node = stack.pop()
        for parent in () if node.name in STEPS else node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    cut = [node for node in nodes if isinstance(node, Leaf) and node not in seen]
    if cut:
        yield Finding(
            "nondifferentiable-op",
            "error",
            f"{blocked[0].shown}, of shape {blocked[0].shape}",
            f"the gradient of {_named(cut, names)} is always 0: it comes through "
            f"{', '.join(sorted({node.shown for node in blocked}))}",
            "a path along which the derivative is not 0",
            f"{blocked[0].shown} is flat between its jumps",
            "a smooth stand-in (tanh, softmax), or straight through: x + (x.round() - x).detach()",
            likelihood=0.9,
        )


def _unreachable(nodes: Iterable[Node], model: Module) -> Iterator[Finding]:
    """Parameters that the loss does not depend on."""
    inside = {id(node) for node in nodes}
    missing = [name for name, p in model.named_parameters() if p.requires_grad and id(p._node) not in inside]
    if missing:
        number = sum(1 for _ in model.parameters())
        yield Finding(
            "parameter-unreachable",
            "error" if len(missing) == number else "warning",
            ", ".join(missing[:3]) + (", …" if len(missing) > 3 else ""),
            f"the loss does not depend on {len(missing)} of {number} Parameters",
            "every Parameter that requires grad takes part in the loss",
            "a layer that forward() does not call, or a value cut off by detach(), numpy(), no_grad()",
            "call the layer in forward(), or delete it",
            "docs/layers.md",
            0.8,
        )


def _named(leaves: Sequence[Node], names: dict[int, str]) -> str:
    found = [names.get(id(leaf.tensor()), f"a leaf of shape {leaf.shape}") for leaf in leaves if isinstance(leaf, Leaf)]
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def _overwritten(nodes: Iterable[Node], users: Users) -> Iterator[Finding]:
    for node in nodes:
        op: Any = node.op
        for name, value in zip(getattr(op, "saved_names", ()), node.saved or (), strict=False):
            if hasattr(value, "dtype") and overwritten(value, node.born):
                yield Finding(
                    "in-place-damage",
                    "error",
                    f"{node.shown}, of shape {node.shape}",
                    f"its {name}, of shape {value.shape}, was overwritten after {node.shown} used it",
                    "the values that the derivative needs, as they were",
                    "an in-place operation, or optimizer.step() before backward()",
                    "use a copy, x = x.clone(), or a new Tensor: x = x + 1 instead of x += 1",
                    likelihood=0.95,
                )
                return


CHECKS: tuple[Callable[[Iterable[Node], Users], Iterator[Finding]], ...] = (
    _double_softmax,
    _logarithms_expected,
    _unstable,
    _no_nonlinearity,
    _outer_difference,
    _overwritten,
)
