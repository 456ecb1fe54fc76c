"""How an operation and its derivative are declared."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

import numpy as np
from numpy import generic, ndarray

from . import writes
from .arrays import listed, promoted, refuse_foreign, settled
from .broadcasting import unbroadcast
from .caller import declaring_module, despite, given_by_caller
from .dispatch import Table
from .graph import Fork, Node
from .inputs import completed, signature
from .modes import grad_enabled
from .operators import labelled
from .refusals import explained, refuse_output
from .saving import Saving
from .tensor import Tensor, raw, wrap
from .views import UNKNOWN, share_with

REGISTRY: Table[str, Primitive] = Table("primitive")  # every primitive, by name: the tests walk it
Rule = Callable[..., Any]


class Primitive:
    """A differentiable function of arrays.

    Array inputs are positional, everything static (axis, shape, labels) is keyword-only. Each input has a rule: a
    function of ``g``, the gradient of the output, and of whatever else it names: an input (``x``), its shape
    (``x_shape``), the output (``out``), a residual or a static argument. Only what some rule names is kept.

    Args:
        forward: the function on raw arrays; with residuals it returns ``(out, *residuals)``.
        name: by default that of ``forward``; what code that looks at a graph goes by.
        shown: what people read where it stands for a function of another name, such as "cross_entropy".
        inputs: names of the array inputs, by default those in the signature of ``forward``.
        outputs: names of the outputs. With several, ``forward`` returns ``(*outputs, *residuals)``, and ``g`` is a
            tuple with the gradient of each, or None.
        broadcasts: whether inputs broadcast, so that gradients are summed down to the shape of their input.
        residuals: name -> how to rebuild it, differentiably, from inputs and static arguments, which are kept for that;
            None for a choice, such as which element is the largest, that has no derivative. A residual is a value
            that is expensive to compute again; a rule has no other access to what ``forward`` had in hand.
        cure: what to tell someone whose arguments do not fit.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        name: str | None = None,
        shown: str | None = None,
        inputs: tuple[str, ...] | None = None,
        outputs: tuple[str, ...] = ("out",),
        broadcasts: bool = False,
        residuals: dict[str, Rule | None] | None = None,
        doc: str | None = None,
        cure: str = "",
    ) -> None:
        self.forward = self.plain = forward
        self.name = self.__name__ = self.__qualname__ = name or forward.__name__
        self.shown = shown or self.name
        self.__module__ = declaring_module()
        self._is_ufunc = isinstance(forward, np.ufunc)
        parameters = {} if self._is_ufunc else inspect.signature(forward).parameters
        kinds = {p.kind for p in parameters.values()}
        self.variadic = inspect.Parameter.VAR_POSITIONAL in kinds
        if inputs is None:
            inputs = tuple(p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD)
        self.inputs, self.outputs = inputs, outputs
        self._arity = -1 if self.variadic else len(inputs)
        self.defaults = {p.name: p.default for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD}
        self.static = {p.name: p.default for p in parameters.values() if p.kind is p.KEYWORD_ONLY}
        self.__signature__ = signature(inputs, parameters)
        self.broadcasts, self.residuals, self.cure = broadcasts, residuals or {}, cure
        self.kernels: dict[str, Rule] = {}  # "forward", an input or "joint" -> what minigrad.fast may run instead
        self.rules: dict[str, Rule] = {}  # name of an input -> its rule
        self.joint_rule: Rule | None = None  # or one for all inputs at once
        self._several = len(outputs) > 1
        self._packed = self._several or bool(self.residuals)
        self._plan([])
        self.__doc__ = doc or forward.__doc__
        REGISTRY[self.name] = self

    def rule(self, **rules: Rule) -> Primitive:
        """Register a derivative rule for every input; returns the primitive."""
        if set(rules) != set(self.inputs):
            raise TypeError(f"{self.name} needs one rule for each of {self.inputs}, got {tuple(rules)}")
        self.rules = rules
        self._plan([rules[name] for name in self.inputs])
        return self

    def joint(self, rule: Rule) -> Primitive:
        """Register one rule that returns the gradients of all inputs, where they share work; returns the primitive.

        It may name ``needed`` too: for each input, whether its gradient is wanted; where not, it may return None.
        """
        self.joint_rule = rule
        self._plan([rule])
        return self

    def fast(self, of: str = "forward") -> Callable[[Rule], Rule]:
        """Decorator: declare what ``minigrad.fast`` may run in place of ``forward``, or of the rule of an input.

        It takes the same arguments, raw arrays among them, and returns NotImplemented where it cannot serve.

        Args:
            of: ``"forward"``, the name of an input, or ``"joint"``.
        """

        def declare(kernel: Rule) -> Rule:
            self.kernels[of] = kernel
            return kernel

        return declare

    def running(self) -> dict[str, Rule]:
        """What runs as ``"forward"``, and as the rule of each input or as ``"joint"``."""
        names = self.inputs if self.joint_rule is None else ("joint",)
        return {"forward": self.forward, **dict(zip(names, [rule for rule, _ in self._rules], strict=False))}

    def run(self, of: str, function: Rule | None) -> None:
        """Run ``function`` from now on in place of ``forward`` or of a rule; None brings back what was declared."""
        if of == "forward":
            self.forward = function or self.plain
            return
        place = 0 if of == "joint" else self.inputs.index(of)
        declared: Any = self.joint_rule if of == "joint" else self.rules[of]
        self._rules[place] = (function or declared, self._rules[place][1])

    def _plan(self, rules: Sequence[Rule]) -> None:
        """Work out, once, what has to be saved and where each rule finds what it names."""
        saving = self._saving = Saving(self, rules)
        self.saved_names, self._rules, self._picks, self._simple = (
            saving.names, saving.rules, saving.picks, saving.simple
        )  # fmt: skip

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Bind like a function, so that a primitive can be a method of Tensor."""
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join((*self.inputs, *self.static))})>"

    @staticmethod
    def named(name: str) -> Primitive:
        """The primitive of that name."""
        return REGISTRY[name]

    def __reduce__(self) -> Any:
        return Primitive.named, (self.name,)  # copied and pickled by name, as functions are

    # --- forward ------------------------------------------------------------------------------------------------------
    def __call__(self, *args: Any, **static: Any) -> Any:
        """Apply to arrays, numbers and Tensors; the result is a Tensor iff one of the inputs is."""
        if len(args) != self._arity or (static and self._is_ufunc):
            args = completed(self, args, static)
        values: list[Any] = []
        parents: list[Node | None] = []
        like = None  # the array of the last Tensor
        live, bit = 0, 1  # one bit for each input that needs a gradient
        foreign = False  # whether there is an array of the caller's own
        for a in args:
            if isinstance(a, Tensor):
                like, node = a._array, a._node
                if node is not None:
                    live += bit
                values.append(like)
                parents.append(node)
            else:
                kind = type(a)
                if kind is ndarray:
                    foreign = True
                elif kind is list or kind is tuple:
                    a = listed(a, args)
                values.append(a)
                parents.append(None)
            bit += bit
        try:
            out = self.forward(*values, **static)
        except (IndexError, OverflowError, TypeError, ValueError) as error:
            raise self._explained(error, values, static) from error
        except AttributeError:
            if not any(labelled(type(a)) for a in args):
                raise
            return self(
                *[np.asarray(a) if labelled(type(a)) else a for a in args], **static
            )  # data frames, for example
        except RuntimeWarning as warning:  # of an overflow, say: a filter makes it an exception
            out = despite(warning, self.forward, values, static, on_tensors=like is not None)
        except (DeprecationWarning, RuntimeError):  # of NumPy and PyTorch, where a Tensor of PyTorch's is among them
            refuse_foreign(values)
            raise
        residuals: Sequence[Any] = ()
        if self._packed or type(out) is not ndarray:
            if self._several:
                return self._forked(args, values, parents, live, static, out, foreign, like)
            if self.residuals:
                out, residuals = self._unpacked(out)
            if like is not None and type(out) is not ndarray:
                if not isinstance(out, generic) and any(labelled(type(a)) for a in args):
                    return self(*map(_plain, args), **static)
                out = np.asarray(out) if isinstance(out, generic) else self._an_array(out)
        if like is None:
            return out
        # See that neither integers nor a single number decided the precision.
        if out.dtype is not like.dtype or (not like.ndim and out.ndim and _outranked(values, out)):
            fair = promoted(values, out.dtype)
            if fair is not values:
                return self._again(args, fair, parents, static)
            out = self._settled(out, values, static)
        node = None
        if live and grad_enabled.get():
            if self._simple and not foreign:
                pick = self._picks.get(live) or self._saving.pick_for(live)
                saved = pick([*values, out, None])
            else:
                saved = self._saved(values, parents, live, foreign, static, (out,), residuals)
            node = Node(self, parents, saved, static, out)
            if node.detector is not None:
                node.detector.value(node, values, out)
        return wrap(out, node) if out.base is None else share_with(args, wrap(out, node), ((self, static),))

    def _forked(
        self,
        args: tuple[Any, ...],
        values: list[Any],
        parents: list[Node | None],
        live: int,
        static: dict[str, Any],
        computed: Any,
        foreign: bool,
        like: Any,
    ) -> tuple[Any, ...]:
        """The rest of ``__call__`` for several outputs."""
        count = len(self.outputs)
        if type(computed) is not tuple or len(computed) != count + len(self.residuals):
            refuse_output(self.name, computed, count, len(self.residuals))
        outputs, residuals = computed[:count], computed[count:]
        if like is None:
            return outputs
        outputs = tuple([np.asarray(out) if isinstance(out, generic) else out for out in outputs])
        if not all([hasattr(out, "dtype") for out in outputs]):
            refuse_output(self.name, computed, count, len(self.residuals))
        if not like.ndim or any([out.dtype is not like.dtype for out in outputs]):
            fair = promoted(values, next((out.dtype for out in outputs if out.dtype.kind == "f"), outputs[0].dtype))
            if fair is not values:
                return self._again(args, fair, parents, static)  # type: ignore[no-any-return]
            outputs = tuple([self._settled(out, values, static) for out in outputs])
        node: Any = None
        if live and grad_enabled.get():
            saved = self._saved(values, parents, live, foreign, static, outputs, residuals)
            node = Fork(self, parents, saved, static, outputs[0])
            if node.detector is not None:
                for out in outputs:
                    node.detector.value(node, values, out)
        tensors = tuple([wrap(out, node and node.output(i, out)) for i, out in enumerate(outputs)])
        whole = [tensor for tensor in tensors if tensor._array.base is None]
        for i, tensor in enumerate(tensors):
            if tensor._array.base is not None:
                share_with((*args, *whole, *tensors[:i]), tensor, UNKNOWN)
        return tensors

    def _again(self, args: tuple[Any, ...], values: list[Any], parents: list[Node | None], static: Any) -> Any:
        """The same application to other values."""
        again = zip(args, values, parents, strict=True)
        return self(*[wrap(v, node) if isinstance(a, Tensor) else v for a, v, node in again], **static)

    def _unpacked(self, computed: Any) -> tuple[Any, Sequence[Any]]:
        """The output and the residuals."""
        if type(computed) is not tuple or len(computed) != 1 + len(self.residuals):
            refuse_output(self.name, computed, 1, len(self.residuals))
        return computed[0], computed[1:]

    def _an_array(self, out: Any) -> Any:
        """The output, if it is an array of any kind."""
        return out if hasattr(out, "dtype") else refuse_output(self.name, out, len(self.outputs), 0)

    def _settled(self, out: Any, values: list[Any], static: dict[str, Any]) -> Any:
        try:
            return settled(out, values)
        except TypeError as error:
            raise self._explained(error, values, static) from None

    def _saved(
        self,
        values: list[Any],
        parents: list[Node | None],
        live: int,
        foreign: bool,
        static: dict[str, Any],
        outputs: tuple[Any, ...],
        residuals: Sequence[Any],
    ) -> tuple[Any, ...]:
        """What the rules of the inputs that need a gradient will ask for."""
        if foreign:  # the caller may write into that array before backward reads it
            for i, name in enumerate(self.inputs):
                if parents[i] is None and name in self.saved_names and type(values[i]) is ndarray:
                    values[i] = values[i].copy()
        pick = self._picks.get(live) or self._saving.pick_for(live)
        return pick(self._saving.everything(values, outputs, residuals, static))

    # --- backward -----------------------------------------------------------------------------------------------------
    def pull(self, node: Node, g: Any, differentiable: bool, needed: set[Node] | None) -> list[tuple[Node, Any]]:
        """The gradients of the parents of ``node``; rules see Tensors iff ``differentiable``."""
        saved = node.saved
        if saved is None:
            raise RuntimeError(
                f"the graph through {self.shown} was already used by a backward pass, which frees what it saved; "
                "if a value is kept from one step to the next, such as a hidden state, cut it off: "
                "h = h.detach(); to go through one graph twice, call the first pass as backward(retain_graph=True)"
            )
        if writes.last_write > node.born:
            saved = self._saving.intact(node, saved)
        if differentiable:
            if node.detector is not None:  # look at the values first: else an operation inside the rule is blamed
                self.pull(node, raw(g), False, needed)
            saved = self._saving.lifted(node, saved)
        received = g
        if self._several:
            g = tuple(map(g.get, range(len(self.outputs))))
        try:
            if self.joint_rule is not None:
                return self._pull_jointly(node, g, saved, needed)
            parts = []
            for (rule, pick), parent in zip(self._rules, node.parents):  # noqa: B905 - checked when the node was made
                if parent is not None and (needed is None or parent in needed):
                    part = rule(g, *pick(saved))
                    if part.shape != parent.shape or part.dtype is not parent.dtype or node.detector:
                        part = self._fitted(node, parent, part, g)
                    parts.append((parent, part))
        except RuntimeWarning as warning:
            again: Any = given_by_caller(warning, self.pull, node, received, differentiable, needed)
            return again  # type: ignore[no-any-return]
        return parts

    def _pull_jointly(
        self, node: Node, g: Any, saved: tuple[Any, ...], needed: set[Node] | None
    ) -> list[tuple[Node, Any]]:
        """The same by one rule for all inputs, which is told, where it asks, whose gradients are needed."""
        (rule, pick), parents = self._rules[0], node.parents
        wanted = tuple([parent is not None and (needed is None or parent in needed) for parent in parents])
        parts = rule(g, *pick(saved), needed=wanted) if self._saving.selects else rule(g, *pick(saved))
        return [
            (parent, self._fitted(node, parent, part, g))
            for parent, part, want in zip(parents, parts, wanted, strict=True)
            if want and parent is not None
        ]

    def _fitted(self, node: Node, parent: Node, part: Any, g: Any) -> Any:
        """What a rule returned, brought to the shape and dtype of the input that it belongs to."""
        if part.shape != parent.shape:
            if not self.broadcasts:
                raise RuntimeError(f"a rule of {self.name} gave shape {part.shape} for an input of {parent.shape}")
            part = unbroadcast(part, parent.shape)
        if part.dtype != parent.dtype:
            part = part.astype(parent.dtype)
        if node.detector is not None:
            node.detector.gradient(node, parent, part, g)
        return part

    def _explained(self, error: Exception, values: list[Any], static: dict[str, Any]) -> Exception:
        refuse_foreign(values)
        return explained(error, self.shown, self.inputs, values, static, self.cure)


def _plain(value: Any) -> Any:
    """The array of a data frame and its kin; anything else as it is."""
    return np.asarray(value) if labelled(type(value)) else value


def _outranked(values: list[Any], out: Any) -> bool:
    """Whether single numbers, among them the last Tensor, decided the precision of an array."""
    return not any(getattr(v, "ndim", 0) and v.dtype is out.dtype for v in values)
