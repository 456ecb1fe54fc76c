"""Gradient checkpointing: keep the inputs of a stretch of the graph, and compute its inside again in backward."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import random
from ..core.graph import Node, anomaly, tick
from ..core.modes import Mode, grad_enabled
from ..core.tensor import Tensor, wrap


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool = False,
    preserve_rng_state: bool = True,
    determinism_check: str = "default",
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)``, keeping no intermediate value: backward runs the function again to get them.

    The gradients are those without it, bit for bit, by the arguments and by whatever else the function uses, such as
    the Parameters of a Module. Second derivatives work, and a checkpoint inside a checkpoint.

    What the function changes as a side effect, such as running means, is changed twice.

    Args:
        function: any function; when it runs again it must do the same.
        *args: its arguments.
        use_reentrant: only False, PyTorch's recommended form, exists.
        preserve_rng_state: give the second run the random numbers of the first one, where they come from
            ``minigrad.random.default_generator()``.
        determinism_check: "none" trusts that both runs do the same.
        **kwargs: its keyword arguments.

    Raises:
        RuntimeError: in backward, if the second run was another computation than the first.

    Example:
        >>> x = Tensor([0.0, 1.0], requires_grad=True)
        >>> y = checkpoint(lambda x: (x.exp() * x).tanh(), x)
        >>> y.sum().backward()
        >>> x.grad
        Tensor([1.        , 0.0938...])
    """
    if use_reentrant:
        raise ValueError("checkpoint knows use_reentrant=False only; leave the argument out")
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check must be 'default' or 'none', got {determinism_check!r}")
    if not grad_enabled.get():
        return function(*args, **kwargs)
    stretch = _Stretch(function, _handles(args), _handles(kwargs))
    if preserve_rng_state:
        stretch.random_state = random.default_generator().bit_generator.state
    start = tick()
    out = function(*args, **kwargs)
    stretch.drop(_made_since(start, out))
    if determinism_check == "default":
        stretch.fingerprint = _fingerprint(out)
    return out


class _Stretch:
    """A part of the graph whose saved values are dropped, and what is needed to compute them again."""

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self._call: tuple[Callable[..., Any], Any, Any] | None = (function, args, kwargs)
        self._inside = False  # another checkpoint, whose run then renews the call
        self._nodes: list[weakref.ref[Node]] = []  # weak: the nodes refer to the stretch
        self._described: list[tuple[Any, ...]] = []
        self.random_state: Any = None
        self.fingerprint: list[tuple[float, float]] | None = None
        self.lock = threading.RLock()  # else one thread drops again what another has just computed again

    def drop(self, nodes: list[Node]) -> None:
        """Drop what the nodes saved; from now on their pull asks for it."""
        self._described = [_description(node) for node in nodes]
        self._nodes = [weakref.ref(node) for node in nodes]
        for node in nodes:
            if isinstance(node.op, _Recomputed):  # of a checkpoint inside this one, whose inputs are in here too
                node.op.stretch._call, node.op.stretch._inside = None, True
            if node.saved:
                node.op = _Recomputed(node.op, self, node)

    def refill(self) -> None:
        """Run the function again and hand what the new nodes saved to the old ones."""
        assert self._call is not None  # a checkpoint around this one is pulled first, and calls take_over
        function, args, kwargs = self._call
        generator = random.default_generator().bit_generator
        now = generator.state
        if self.random_state is not None:
            generator.state = self.random_state
        start = tick()
        try:
            with Mode(grad_enabled, True), Mode(anomaly, None):
                out = function(*args, **kwargs)
        finally:
            if self.random_state is not None:
                generator.state = now
        nodes = _made_since(start, out)
        self._refuse_difference(nodes, out)
        for reference, new in zip(self._nodes, nodes, strict=True):
            old = reference()
            layer: Any = None if old is None else old.op
            while isinstance(layer, _Recomputed) and layer.stretch is not self:  # those of checkpoints around this one
                layer = layer.op
            if isinstance(layer, _Recomputed):
                layer.take_over(old, new)
            new.saved = None  # the old node owns it, and frees it
        if self._inside:  # the one around it is asked first when the values are needed again
            self._call = None

    def renew(self, again: _Stretch) -> None:
        """Take the call from the same stretch of a later run; every one of its nodes asks for it."""
        if again._call is not None:
            self._call, again._call = again._call, None

    def _refuse_difference(self, nodes: list[Node], out: Any) -> None:
        """Raise if the second run was another computation."""
        again = [_description(node) for node in nodes]
        problem = ""
        if len(again) != len(self._described):
            problem = f"recorded {len(again)} operations instead of {len(self._described)}"
        elif again != self._described:
            i = next(i for i, pair in enumerate(zip(again, self._described, strict=True)) if pair[0] != pair[1])
            problem = f"recorded {_words(again[i])} as operation {i} instead of {_words(self._described[i])}"
        elif self.fingerprint is not None:
            for i, (old, new) in enumerate(zip(self.fingerprint, _fingerprint(out), strict=True)):
                if not np.allclose(old, new, rtol=0, atol=1e-6 * old[1], equal_nan=True):
                    problem = f"gave other values: output {i} now sums to {new[0]:.7g}, before to {old[0]:.7g}"
                    break
        if problem:
            name = getattr(self._call[0], "__name__", type(self._call[0]).__name__) if self._call else "the function"
            raise RuntimeError(
                f"checkpoint ran {name} again in backward, and it {problem}. It must do the same twice: has a "
                "Parameter or input been overwritten since (call backward before optimizer.step()), does it draw "
                "from a generator of its own (use minigrad.random.default_generator()), count its calls, or stand "
                "inside a functional_call, whose values are gone by then?"
            )


class _Recomputed:
    """Stands in for the operation of a node whose saved values were dropped."""

    def __init__(self, op: Any, stretch: _Stretch, node: Node) -> None:
        self.op, self.stretch = op, stretch
        self.name: str = op.name
        self._dropped = node.saved = tuple([None for _ in node.saved or ()])  # a new one: it is known by identity

    def __getattr__(self, name: str) -> Any:
        return getattr(self.op, name)

    def pull(self, node: Node, g: Any, differentiable: bool, needed: set[Node] | None) -> list[tuple[Node, Any]]:
        """The gradients of the parents, after the saved values have been computed again."""
        with self.stretch.lock:
            if node.saved is self._dropped:
                self.stretch.refill()
            parts: list[tuple[Node, Any]] = self.op.pull(node, g, differentiable, needed)
            if node.saved is not None:
                node.saved = self._dropped  # with retain_graph, the next pass computes it again
            return parts

    def take_over(self, node: Any, new: Node) -> None:
        """Receive what the ``new`` node saved when the function ran again."""
        if isinstance(self.op, _Recomputed):  # a checkpoint inside: it dropped its values once more, but can be run
            assert isinstance(new.op, _Recomputed)
            self.op.stretch.renew(new.op.stretch)
            node.saved = self.op._dropped
        elif node.saved is self._dropped:
            node.saved = new.saved


def _made_since(start: int, out: Any) -> list[Node]:
    """The nodes that the Tensors in ``out`` were computed from and that are younger than ``start``, oldest first."""
    stack = [t._node for t in _tensors(out) if t._node is not None and t._node.born > start]
    seen = set(stack)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent.born > start and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=lambda node: node.born)


def _description(node: Node) -> tuple[Any, ...]:
    return node.name, node.shape, node.dtype, tuple(parent is not None for parent in node.parents)


def _words(description: tuple[Any, ...]) -> str:
    name, shape, dtype, _ = description
    return f"{name} ({dtype} {shape})"


def _fingerprint(out: Any) -> list[tuple[float, float]]:
    """Two sums over each output: enough to notice that it was computed from other values."""
    with np.errstate(over="ignore", invalid="ignore"):
        return [(float(t._array.sum()), float(abs(t._array).sum())) for t in _tensors(out)]


def _tensors(tree: Any) -> list[Tensor]:
    """The Tensors in nested lists, tuples and dicts."""
    if isinstance(tree, Tensor):
        return [tree]
    if isinstance(tree, dict):
        tree = tree.values()
    elif not isinstance(tree, (list, tuple)):
        return []
    return [tensor for part in tree for tensor in _tensors(part)]


def _handles(tree: Any) -> Any:
    """The same arguments with handles of their own on the Tensors: the caller may point his elsewhere."""
    if type(tree) is Tensor:
        return wrap(tree._array, tree._node)
    if isinstance(tree, np.ndarray):
        return tree.copy()  # the caller may write into it
    if isinstance(tree, dict):
        return {key: _handles(value) for key, value in tree.items()}
    return type(tree)(map(_handles, tree)) if type(tree) in (list, tuple) else tree
