"""How the model is built, and which parts of it the loss depends on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np

from ....autograd.trees import leaves
from ....core.graph import Leaf, Node
from ....core.tensor import Tensor
from ....nn.module.module import Module
from ...lint import lint
from ..examination import Examination
from ..finding import Finding
from ..numbers import Array, norm
from ..state import restored
from ..task import WEIGHTED, constant_loss, learned, modules_in_the_loss, place, source

ACTIVATIONS = {"relu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu", "elu", "softmax"}
ACTIVATIONS |= {"layer_norm", "batch_norm", "group_norm"}
SAID_WITH_NUMBERS = {"double-softmax", "double-sigmoid", "target-broadcast"}  # by outputs.py and labels.py
DEEP = 16


def from_lint(exam: Examination) -> Iterator[Finding]:
    """What the recorded graph alone gives away."""
    with restored(exam.model):  # looked at before it is put back, which overwrites Parameters
        exam.model.train()
        done = exam.run()
        loss = done.loss
        if not isinstance(loss, Tensor) or loss._node is None:
            return
        report = lint(loss, exam.model)
    beyond = any(True for module in modules_in_the_loss(exam) for _ in module.parameters())
    for finding in report.findings:
        if finding.code == "no-nonlinearity" and beyond:
            continue  # the second layer may be that of a discriminator
        if finding.code not in SAID_WITH_NUMBERS:
            damaged = finding.code == "in-place-damage" and done.error is not None
            evidence = (
                f"{finding.evidence}; backward raised {type(done.error).__name__}" if damaged else finding.evidence
            )
            yield replace(finding, evidence=evidence)


def cut_off(exam: Examination) -> Iterator[Finding]:
    """A loss without a graph."""
    loss, output = exam.first.loss, exam.first.output
    if loss is None or getattr(loss, "_node", None) is not None or not exam.parameters:
        return
    if not any(p.requires_grad for p in exam.parameters.values()):
        return
    graph = any(isinstance(leaf, Tensor) and leaf._node is not None for leaf in leaves(output))
    whole = exam.output is not None and (exam.output.dtype.kind != "f" or _steps(exam.output))
    yield Finding(
        "nondifferentiable-op" if graph or whole else "parameter-unreachable",
        "error",
        "the loss" if graph else "the model's output",
        f"the loss, {exam.first.value:.4g}, has no graph"
        + (", but the model's output has one" if graph else f", and neither has the output, of {_dtype(exam)}")
        + f" (Parameters: {len(exam.parameters)})",
        "a loss that is computed from the Parameters by operations with a derivative",
        "argmax, a comparison, .item(), .numpy() or .detach() in the loss: a count has no slope"
        if graph
        else "argmax, a comparison, .detach(), .numpy() or no_grad() in forward",
        "loss = F.cross_entropy(scores, y); count right answers apart from it"
        if graph or whole
        else "remove .detach(), .numpy() and no_grad() from forward",
        "docs/losses.md",
        likelihood=0.97,
    )


def _steps(output: Any) -> bool:
    return bool(np.isin(output, (0.0, 1.0)).all() and output.size > 1)


def _dtype(exam: Examination) -> str:
    return str(exam.output.dtype) if exam.output is not None else type(exam.first.output).__name__


def unused_output(exam: Examination) -> Iterator[Finding]:
    """Layers that are called, and whose result is thrown away."""
    if not exam.graph or exam.first.error is not None:
        return
    returned = {id(leaf) for leaf in leaves(exam.first.output)}
    alive, memory = _alive(exam)
    for call in exam.first.trace.calls:
        tensors = [leaf for leaf in leaves(call.output) if isinstance(leaf, Tensor) and leaf._node is not None]
        if not tensors or not call.path or not type(call.module).__module__.startswith("minigrad."):
            continue
        if any(id(t) in returned or t._node in alive or _owner(t._array) in memory for t in tensors):
            continue
        where = f"{call.path}, a {type(call.module).__name__}"
        moved = _moved_by(exam, call.module, 1.0)
        if moved > 0:  # its numbers are used, and only their graph is not
            if _moved_by(exam, call.module, 1e-4) < 0.5 * moved:
                yield _cut_by_steps(where, moved, tensors[0].shape)
            return
        yield _unused(exam, where, tensors[0].shape, call.path.split(".")[-1])
        return
    kept = {getattr(leaf, "_node", None) for leaf in leaves(exam.first.output)}
    library = {path for path, m in exam.modules.items() if type(m).__module__.startswith("minigrad.")}
    users = {parent for step in exam.first.trace.steps for parent in step.node.parents}
    for step in exam.first.model_steps:
        if step.name in ACTIVATIONS and step.path not in library and step.node not in alive:
            if step.node not in users and step.node not in kept:
                yield _unused(exam, f"{step.name}, {place(step)}", step.out.shape, f"F.{step.name}")
                return


def _moved_by(exam: Examination, module: Module, size: float) -> float:
    """The share of samples whose output changes when that of one layer does, by a share of its spread."""
    generator = np.random.default_rng(0)

    def nudge(layer: Module, inputs: Any, output: Any) -> Any:
        if not isinstance(output, Tensor):
            return output
        array = output._array
        return Tensor(array + size * array.std() * generator.standard_normal(array.shape).astype(array.dtype))

    before = exam.outputs_for(exam.x)
    handle = module.register_forward_hook(nudge)
    try:
        after = exam.outputs_for(exam.x)
    finally:
        handle.remove()
    if before is None or after is None or before.shape != after.shape or before.ndim == 0:
        return 0.0
    return float((np.abs(after - before).reshape(len(before), -1).max(axis=1) > 0).mean())


def _cut_by_steps(where: str, moved: float, shape: tuple[int, ...]) -> Finding:
    return Finding(
        "nondifferentiable-op",
        "error",
        where,
        f"its output {shape} has no way to the loss: large changes of it matter, to {100 * moved:.0f} % of the samples",
        "a path along which the derivative is not 0: small changes matter too",
        "a comparison, argmax or rounding after it: flat between its jumps",
        "a smooth stand-in, h.sigmoid() for h > 0, or straight through: s + ((h > 0).float() - s).detach()",
        "docs/layers.md",
        likelihood=0.9,
    )


def _alive(exam: Examination) -> tuple[set[Node], set[int]]:
    """The operations whose numbers the loss was made of, with a graph or without, and the memory that they read."""
    alive, memory = set(exam.graph), set[int]()
    for step in reversed(exam.first.trace.steps):
        if step.node in alive or _owner(step.out) in memory:
            alive |= {step.node, *(parent for parent in step.node.parents if parent is not None)}
            memory |= {_owner(value) for value in step.inputs if isinstance(value, np.ndarray)}
    return alive, memory


def _owner(array: Array) -> int:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return id(array)


def _unused(exam: Examination, where: str, shape: tuple[int, ...], name: str) -> Finding:
    call = name if name.startswith("F.") else f"self.{name}"
    return Finding(
        "unused-output",
        "warning",
        where,
        f"it was called and returned shape {shape}, and the loss does not depend on that",
        "what a layer returns is used: it does not change its input",
        "the result was not assigned, or a later line goes on from the value before it",
        f"h = {call}(h)",
        "docs/layers.md",
        likelihood=0.7,
    )


# --- what the layers add up to ----------------------------------------------------------------------------------------
def straight_model(exam: Examination) -> Iterator[Finding]:
    """Several layers with weights that together compute no more than one."""
    if exam.first.error is not None or len(exam.inputs) != 1 or exam.inputs[0].dtype.kind != "f":
        return
    weighted = [s for s in exam.first.model_steps if s.name in WEIGHTED and _own_weight(s.node)]
    layers = [s for s in weighted if s.name in ("linear", "matmul", "convolve")]
    if len(layers) < 2 or len(layers) != len(weighted) or isinstance(exam.x, (tuple, list, dict)):
        return
    if min(math.prod(s.out.shape[1:]) for s in layers[:-1]) < min(exam.inputs[0][0].size, layers[-1].out[0].size):
        return  # a narrow middle, as of principal components or a matrix of low rank
    x = exam.inputs[0]
    change = np.random.default_rng(0).permutation(x)
    parts = [exam.outputs_for(Tensor(v.astype(x.dtype))) for v in (x, x + change, x - change)]
    if any(part is None for part in parts):
        return
    here, above, below = parts
    assert here is not None and above is not None and below is not None
    if here.shape != above.shape or norm(above - below) == 0:
        return
    bend = norm(above + below - 2 * here) / norm(above - below)
    if not bend < 1e-4:
        return
    yield Finding(
        "no-nonlinearity",
        "warning",
        f"the model, with its {len(layers)} layers",
        f"f(x + d) + f(x - d) - 2 f(x) is {bend:.1g} of what d changes: a straight function",
        "a bend: an activation function between two layers with weights",
        f"{len(layers)} linear layers in a row can do no more than one",
        "h = F.relu(self.first(x)); return self.second(h)",
        "docs/layers.md",
        likelihood=0.65,
    )


def _own_weight(node: Node) -> bool:
    return any(isinstance(source(parent), Leaf) for parent in node.parents[1:2])


def no_skip_path(exam: Examination) -> Iterator[Finding]:
    """A long way from the loss to the first layer, along which a model with sound gradients does not learn."""
    top = getattr(exam.first.loss, "_node", None)
    if top is None or exam.first.error is not None:
        return
    depth = _shortest(top, exam.graph)
    deepest = max(depth.values(), default=0)
    if deepest < DEEP:
        return
    sizes = [norm(g) for name, g in exam.first.gradients.items() if g is not None and g.ndim > 1]
    if len(sizes) < 2 or not sizes[-1] > 0 or not 1e-4 < sizes[0] / sizes[-1] < 1e4:
        return  # gradients that vanish or explode are another cause
    chance = constant_loss(exam)
    if learned(exam.reference, chance, 0.5) or learned(exam.trained(steps=40, lr=1e-3)[1], chance, 0.5):
        return
    yield Finding(
        "no-skip-path",
        "error",
        "the model",
        f"{deepest} layers on the shortest way to the input; 150 steps of Adam: "
        f"{exam.reference[0]:.3g} to {min(exam.reference):.3g}"
        + (f" (a constant: {chance:.3g})" if math.isfinite(chance) else ""),
        f"a way around every two or three layers; without it more than {DEEP} are hard to train",
        "in deep plain networks early layers see little of the input and get gradients like noise",
        "x = x + block(x), or nn.Residual(block)",
        "docs/layers.md",
        likelihood=0.6,
    )


def _shortest(top: Node, graph: Iterable[Node]) -> dict[Node, int]:
    """For every leaf, how many layers with weights are on the shortest way to it."""
    distance = {top: 0}
    for node in sorted(graph, key=attrgetter("born"), reverse=True):
        if node not in distance:
            continue
        beyond = distance[node] + (node.name in WEIGHTED and _own_weight(node))
        for parent in node.parents:
            if parent is not None:
                distance[parent] = min(beyond, distance.get(parent, beyond))
    return {node: number for node, number in distance.items() if isinstance(node, Leaf)}


def bias_before_norm(exam: Examination) -> Iterator[Finding]:
    """A bias that the normalisation after it takes away again."""
    names = {id(p._node): name for name, p in exam.parameters.items()}
    for step in exam.first.model_steps:
        before = source(step.node.parents[0]) if step.name == "batch_norm" and step.node.parents else None
        if before is None or before.name not in ("linear", "convolve") or len(before.parents) < 3:
            continue
        bias = before.parents[2]
        if bias is None or id(source(bias)) not in names or len(step.node.shape) in step.node.static.get("axis", ()):
            continue
        name = names[id(source(bias))]
        gradient = exam.first.gradients.get(name)
        if gradient is None or 0 not in step.node.static.get("axis", ()):
            continue
        yield Finding(
            "bias-before-norm",
            "note",
            name,
            f"{gradient.size} numbers whose gradient is {norm(gradient):.1g}: rounding errors",
            "no bias: batch normalisation subtracts the mean, and with it every constant",
            "a bias just before BatchNorm, which has one of its own; harmless, but for nothing",
            "bias=False in the layer before BatchNorm",
            "docs/layers.md",
            likelihood=0.05,
        )
        return


CHECKS = (
    from_lint,
    cut_off,
    unused_output,
    straight_model,
    no_skip_path,
    bias_before_norm,
)
