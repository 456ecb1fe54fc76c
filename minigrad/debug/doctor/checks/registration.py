"""Which Parameters the model knows of, and which the loss was computed from."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from ....autograd.trees import leaves
from ....core.graph import Leaf, reachable
from ....core.tensor import Tensor
from ..examination import Examination
from ..finding import Finding
from ..task import modules_in_the_loss


def not_registered(exam: Examination) -> Iterator[Finding]:
    """Leaves that require grad and are no Parameters of the model."""
    known = {id(p._node) for p in exam.parameters.values()}
    known |= {id(t._node) for t in leaves((exam.x, exam.y)) if isinstance(t, Tensor)}
    known |= {id(p._node) for module in modules_in_the_loss(exam) for p in module.parameters()}
    nodes = [node for node in sorted(exam.graph, key=attrgetter("born")) if isinstance(node, Leaf)]
    found = []
    for node in nodes:
        tensor = node.tensor()
        if id(node) not in known and (tensor is None or id(tensor) not in exam.optimized):
            found.append(node)
    if not found:
        return
    if _replaced(exam, found):
        yield Finding(
            "parameter-unreachable",
            "error",
            "the loss",
            f"its gradient ends at a {found[0].shape} Tensor made in the loss, before any Parameter",
            "a loss that is computed from the model's output itself",
            "Tensor(output.numpy(), requires_grad=True) or .detach(): the same numbers without their history",
            "compute the loss from model(x) as it is; requires_grad=True is for Parameters",
            "docs/losses.md",
            likelihood=0.96,
        )
        return
    again = exam.run(backward=False).loss if exam.first.error is None else None
    inside = set() if again is None or again._node is None else {id(node) for node in reachable([again._node])}
    anew = bool(inside) and not any(id(node) in inside for node in found)
    shapes = ", ".join(str(node.shape) for node in found[:3])
    yield Finding(
        "module-not-registered",
        "error",
        "the model",
        f"{len(found)} trainable leaves, {shapes}, are not in model.parameters()"
        + ("; new ones each time" if anew else ""),
        "everything trainable in model.parameters(): the optimizer moves nothing else",
        "a layer that is made anew in every forward()" if anew
        else "a plain Tensor for a Parameter, or a layer in a set, a global or a closure",
        "make the layer in __init__: self.head = nn.Linear(...)" if anew
        else "self.w = nn.Parameter(values), self.layers = nn.ModuleList([...])",
        "docs/layers.md",
        likelihood=0.94,
    )  # fmt: skip


def _replaced(exam: Examination, strangers: list[Leaf]) -> bool:
    """Whether the loss was computed from a Tensor made in it, and not from what the model returned."""
    outputs = [t._node for t in leaves(exam.first.output) if isinstance(t, Tensor) and t._node is not None]
    if not outputs or any(node in exam.graph for node in outputs):
        return False
    last = max(node.born for node in outputs)
    return all(node.born > last for node in strangers) and not any(
        p._node in exam.graph for p in exam.parameters.values()
    )


def duplicates(exam: Examination) -> Iterator[Finding]:
    """One layer that stands several times in one list."""
    places: dict[int, list[str]] = {}
    for path, module in exam.model.named_modules(remove_duplicate=False):
        if path and any(True for _ in module.parameters()):
            places.setdefault(id(module), []).append(path)
    for paths in places.values():
        lists: dict[str, list[str]] = {}
        for path in paths:
            head, _, last = path.rpartition(".")
            if last.isdigit():
                lists.setdefault(head, []).append(path)
        for same in lists.values():
            if len(same) < 2:
                continue
            module = exam.modules.get(same[0]) or exam.model.get_submodule(same[0])
            number = sum(p.numel() for p in module.parameters())
            yield Finding(
                "duplicate-parameters",
                "warning",
                ", ".join(same[:4]) + (", …" if len(same) > 4 else ""),
                f"{len(same)} places hold the same {type(module).__name__}: {number} numbers where "
                f"{number * len(same)} look meant",
                "a layer of its own in every place",
                "[layer] * n repeats one object n times, and so does appending it again",
                f"[nn.{type(module).__name__}(...) for _ in range({len(same)})]",
                "docs/layers.md",
                likelihood=0.6,
            )
            return


CHECKS = (not_registered, duplicates)
