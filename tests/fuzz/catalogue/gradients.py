"""Statements about the graph: gradients of every order, and whether anything is recorded."""

from __future__ import annotations

from tests.fuzz.draw import Draw


def backward(d: Draw) -> str | None:
    recorded = [name for name, value in d.pool.items() if value.requires_grad]
    if not recorded:
        return None
    out = d.pick(*recorded)
    single = d.look(out).numel() == 1 and d.chance(0.5)
    return f"{out}.backward({', '.join([*([] if single else [weights(d, out)]), *retained(d)])})"


def grad(d: Draw) -> str | None:
    """The gradient of one value by several others: leaves and what was computed from them."""
    recorded = [name for name, value in d.pool.items() if value.requires_grad]
    if not recorded:
        return None
    out = d.pick(*recorded)
    inputs = d.rng.sample(recorded, min(len(recorded), d.whole(1, 3)))
    options = [weights(d, out), *retained(d)]
    return f"{d.name()} = gradients({out}, [{', '.join(inputs)}], {', '.join(options)})"


def weights(d: Draw, out: str) -> str:
    """What is pushed back: of the shape and dtype of ``out``, now and then a part of the graph itself."""
    known = d.same(out)
    if d.chance(0.3) and bool(d.look(known).isfinite().all()):
        return known
    return d.new(d.look(out).shape, str(d.look(out).dtype)[6:], grad=False)


def retained(d: Draw) -> list[str]:
    return [d.often("retain_graph=True", "create_graph=True")] if d.chance(0.9) else []


def toggle(d: Draw) -> str | None:
    leaves = [name for name, value in d.pool.items() if value.is_leaf or d.chance(0.05)]
    return f"{d.pick(*leaves)}.requires_grad_({d.often('', 'False')})" if leaves else None


def forget(d: Draw) -> str | None:
    """Let go of a gradient, so that the next one is not added to it."""
    with_gradient = [name for name, value in d.pool.items() if value.is_leaf and value.grad is not None]
    return f"{d.pick(*with_gradient)}.grad = None" if with_gradient else None


def retain(d: Draw) -> str | None:
    recorded = [name for name, value in d.pool.items() if value.requires_grad]
    return f"{d.pick(*recorded)}.retain_grad()" if recorded else None


STATEMENTS = ((grad, 5), (backward, 3), (toggle, 2), (forget, 1), (retain, 1))
