"""Numbers that get where they should not: from sample to sample, from the future, or into a scrambled order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ....autograd.trees import leaves, rebuilt
from ....core.tensor import Tensor
from ..examination import Examination
from ..finding import Finding
from ..numbers import Array
from ..task import place

Groups = list[tuple[list[int], list[int]]]


def scrambled_reshape(exam: Examination) -> Iterator[Finding]:
    """A reshape that puts dimensions in another order, which only a permutation can do."""
    library = {path for path, m in exam.modules.items() if type(m).__module__.startswith("minigrad.") and path}
    for step in exam.from_input.model_steps:
        if step.name != "reshape" or step.path in library or step.node.parents[0] is None:
            continue
        old, new = step.node.parents[0].shape, step.out.shape
        moved = _moved(old, new)
        if moved is None:
            continue
        yield Finding(
            "scrambled-reshape",
            "error",
            place(step),
            f"{old} is reshaped to {new}: size {moved} moves, the numbers keep their order",
            "a permutation where dimensions change places; reshape only joins or splits neighbours",
            "view or reshape where transpose or permute was meant: samples, steps or channels get mixed",
            _cure(old, new),
            "docs/numpy.md",
            likelihood=0.9,
        )
        return


def _groups(old: Sequence[int], new: Sequence[int]) -> Groups:
    """The smallest runs of dimensions of the two shapes that have as many numbers as each other; without ones."""
    left, right = [n for n in old if n != 1], [n for n in new if n != 1]
    groups: Groups = []
    while left and right:
        a, b = [left.pop(0)], [right.pop(0)]
        while (x := int(np.prod(a))) != (y := int(np.prod(b))):
            if x < y and left:
                a.append(left.pop(0))
            elif y < x and right:
                b.append(right.pop(0))
            else:
                return groups
        groups.append((a, b))
    return groups


def _moved(old: Sequence[int], new: Sequence[int]) -> int | None:
    """The size of a dimension that stands elsewhere in the new shape, while what was around it is joined or split."""
    for a, b in _groups(old, new):
        if len(a) < 2 or len(b) < 2:
            continue
        for i, size in sorted(enumerate(a), key=lambda pair: a.count(pair[1])):  # what is there once is told apart
            before = int(np.prod(a[:i]))
            for j, other in enumerate(b):
                if other == size and int(np.prod(b[:j])) != before and a != b:
                    return size
        tails = [int(np.prod(b[j:])) for j in range(len(b))]
        heads = {int(np.prod(a[i:k])) for i in range(len(a)) for k in range(i + 2, len(a) + 1)} - {int(np.prod(a))}
        if a[0] == b[-1] and tails[0] // b[-1] in heads:  # (C, H, W) -> (H * W, C)
            return a[0]
    return None


def _cure(old: Sequence[int], new: Sequence[int]) -> str:
    if sorted(old) == sorted(new) and len(set(old)) == len(old):
        return f"x.permute{tuple(list(old).index(n) for n in new)}"
    if len(new) == 4 and len(old) == 3 and old[:1] == new[:1] and old[1] == new[2]:
        return f"x.reshape{(old[0], old[1], new[1], new[3])}.transpose(1, 2)"
    return "x.permute(...) to the order that is wanted, and reshape after it"


# --- between samples --------------------------------------------------------------------------------------------------
def batch_leak(exam: Examination) -> Iterator[Finding]:
    """Answers to some samples that change when another sample does, in eval mode."""
    y = exam.target
    if y is None or y.ndim == 0 or len(y) < 4 or exam.first.failed_in == "model" or _shares_by_design(exam):
        return
    rows = len(y)
    arrays = exam.inputs
    if not arrays or any(a.ndim == 0 or len(a) != rows for a in arrays) or exam.output is None or not exam.output.ndim:
        return
    if len(exam.output) != rows or exam.output.shape[1:2] == (rows,):  # a table of all against all
        return
    before, again = exam.outputs_for(exam.x), exam.outputs_for(exam.x)
    if before is None or again is None or not np.array_equal(before, again):
        return  # random numbers that are drawn elsewhere
    for victim in (0, rows - 1):
        after = exam.outputs_for(_with_other(exam.x, victim))
        if after is None or after.shape != before.shape or len(before) != rows:
            return
        size = np.abs(after - before).reshape(rows, -1).max(axis=1)
        scale = max(float(np.abs(before).max()), 1e-12)
        others = [i for i in range(rows) if i != victim and size[i] > 1e-4 * scale]
        if not others:
            continue
        recurrent = [path for path, m in exam.modules.items() if getattr(m, "batch_first", None) is False]
        if recurrent and y.ndim > 1 and victim == 0:
            continue  # time may stand first, as it does by default; then the past moves the future, not the reverse
        yield Finding(
            "batch-leak",
            "error",
            f"the layer {recurrent[0]}" if recurrent else "the model",
            f"only sample {victim} of {rows} changed, and {len(others)} other outputs changed by up to "
            f"{float(size[others].max()):.2g} (its own {float(size[victim]):.2g})",
            "an output depends on its own sample only, in eval mode",
            "dimension 0 is taken for time: the layer expects (steps, samples, features)"
            if recurrent
            else "a view for a transpose, softmax or a mean over dimension 0, or attention among the samples",
            "batch_first=True"
            if recurrent
            else "use dim=1 or dim=-1 where dim=0 was written, and permute before reshape",
            "docs/layers.md",
            likelihood=0.85,
        )
        return


def _shares_by_design(exam: Examination) -> bool:
    """Whether samples are meant to see each other: the nodes of a graph, statistics of the batch in eval mode."""
    for module in exam.modules.values():
        where = type(module).__module__
        if where.startswith("minigrad.nn.graph") or getattr(module, "track_running_stats", True) is False:
            return True
    rows = len(exam.target) if exam.target is not None and exam.target.ndim else 0
    for step in exam.first.model_steps:
        for parent, value in zip(step.node.parents, step.inputs, strict=False):
            if (
                parent is None
                and isinstance(value, np.ndarray)
                and value.shape == (rows, rows)
                and step.name == "matmul"
            ):
                return True  # an adjacency matrix
        if step.name == "propagate":
            return True
    return False


def _with_other(x: Any, victim: int) -> Any:
    """The inputs with another sample in one place: its neighbour's values, moved."""
    return rebuilt(x, iter([_replaced(leaf, victim) for leaf in leaves(x)]))


def _replaced(leaf: Any, victim: int) -> Any:
    array: Array = leaf._array if isinstance(leaf, Tensor) else leaf
    if not isinstance(array, np.ndarray):
        return leaf
    changed = array.copy()
    other = changed[victim - 1 if victim else 1]
    changed[victim] = other + array.std() if array.dtype.kind == "f" else other
    return Tensor(changed)


# --- from the future --------------------------------------------------------------------------------------------------
def future_leak(exam: Examination) -> Iterator[Finding]:
    """Predictions of what comes next that change with what comes next; targets that stand in the input."""
    y = exam.target
    if y is None or len(exam.inputs) != 1 or exam.first.error is not None:
        return
    x = exam.inputs[0]
    if x.ndim < 2 or x.shape[:2] != y.shape[:2] or min(y.shape[:2]) < 3:
        return
    if x.dtype.kind in "iu" and x.shape == y.shape and np.array_equal(x, y) and exam.output is not None:
        yield Finding(
            "future-leak",
            "error",
            "the targets",
            f"the targets, of shape {y.shape}, are equal to the inputs",
            "targets one step ahead of the inputs: what is to be predicted must not stand there already",
            "the shift by one was forgotten: the model learns to copy",
            "x, y = text[:, :-1], text[:, 1:]",
            "docs/layers.md",
            likelihood=0.93,
        )
        return
    time = next((axis for axis in (1, 0) if _next(x, y, axis)), None)
    if time is None:
        return
    steps = x.shape[time]
    cut = steps // 2
    changed = x.copy()
    later = (slice(None),) * time + (slice(cut, None),)
    changed[later] = np.flip(np.roll(x, 1, axis=1 - time), axis=time)[later]
    before, again, after = (exam.outputs_for(Tensor(a)) for a in (x, x, changed))
    if before is None or again is None or after is None or not np.array_equal(before, again):
        return
    axis = next((i for i in (time, 1, 2) if i < before.ndim and before.shape[i] == steps), None)
    if axis is None or before.shape != after.shape:
        return
    past = (slice(None),) * axis + (slice(0, cut),)
    difference = np.abs(before - after)[past]
    most = float(difference.max(initial=0))
    if most <= 1e-4 * max(float(np.abs(before).max()), 1e-12):
        return
    moments = int((difference.max(axis=tuple(i for i in range(difference.ndim) if i != axis)) > 0).sum())
    yield Finding(
        "future-leak",
        "error",
        "the model",
        f"inputs at steps {cut} to {steps - 1} changed, and predictions at {moments} earlier steps did, by up to "
        f"{most:.2g}",
        "the targets are the inputs one step ahead: step t may depend on steps 0 to t only",
        "attention without a causal mask, a bidirectional layer, or padding on both sides",
        "is_causal=True; for layers (True hides): attn_mask = ~mg.ones(T, T).tril().bool()",
        "docs/layers.md",
        likelihood=0.94,
    )


def _next(x: Array, y: Array, time: int) -> bool:
    """Whether the targets are the inputs one step later."""
    late, early = [slice(None)] * x.ndim, [slice(None)] * y.ndim
    late[time], early[time] = slice(1, None), slice(None, -1)
    ahead, wanted = x[tuple(late)], y[tuple(early)]
    if ahead.shape != wanted.shape:
        if ahead.ndim != wanted.ndim + 1 or ahead.shape[-1] != 1:
            return False
        ahead = ahead[..., 0]
    return bool(np.array_equal(ahead, wanted)) and bool((x != x.reshape(-1)[0]).any())


CHECKS = (scrambled_reshape, batch_leak, future_leak)
