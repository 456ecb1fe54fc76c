"""The operations of both libraries: how each is written, and what arguments it takes."""

from __future__ import annotations

from typing import Any

from tests.fuzz.catalogue import elementwise, functional, gradients, indexing, making, products, reductions, shapes
from tests.fuzz.draw import Draw

FAMILIES: tuple[tuple[dict[str, Any], int], ...] = (
    (elementwise.ARGUMENTS, 10),
    (reductions.ARGUMENTS, 7),
    (shapes.ARGUMENTS, 9),
    (indexing.ARGUMENTS, 4),
    (products.ARGUMENTS, 3),
    (making.ARGUMENTS, 3),
)
BINARY = ("+", "-", "*", "/", "//", "%", "**", "@", "==", "!=", "<", "<=", ">", ">=", "&", "|", "^")
UPDATES = ("+=", "-=", "*=", "/=", "//=", "%=", "**=")

ATTRIBUTES = ("T", "mT", "data", "shape", "ndim", "nbytes")

# What both libraries have and programs do not use, by the reason why.
NOT_DRAWN = {
    "is random": "alpha_dropout bernoulli bernoulli_ dropout dropout1d dropout2d dropout3d feature_alpha_dropout "
    "gumbel_softmax multinomial normal normal_ rand rand_like randint randint_like randn randn_like randperm rrelu "
    "rrelu_ uniform_",
    "has, in PyTorch, a slope at NaN that depends on the number of elements": "softshrink",
    "leaves the values open": "empty empty_like new_empty",
    "needs files, other libraries or functions": "from_dlpack from_numpy load numpy register_hook "
    "register_post_accumulate_grad_hook save",
    "changes the library, or tells something of it": "device finfo get_default_dtype get_rng_state iinfo "
    "initial_seed is_grad_enabled manual_seed seed set_default_dtype set_rng_state",
    "is a mode, of which one will do": "enable_grad inference_mode set_grad_enabled",
    "is a type": "Generator Tensor dtype",
    "has a gradient in PyTorch that is right behind a log_softmax only": "ctc_loss",
    "needs the result of another function": "max_unpool1d max_unpool2d",
    "takes its arguments in another order as a method": "polygamma polygamma_",
    "takes a layer's worth of arguments, and is tested with the layer": "multi_head_attention_forward",
    "stands in statements of their own": "backward grad is_leaf no_grad requires_grad requires_grad_ retain_grad",
}


class Catalogue:
    """Draws statements that both libraries understand.

    Args:
        ours: minigrad.
        theirs: PyTorch.
    """

    def __init__(self, ours: Any, theirs: Any) -> None:
        self._theirs = theirs

        def shared(a: Any, b: Any, names: Any) -> list[str]:
            return [name for name in names if hasattr(a, name) and hasattr(b, name)]

        names = [name for arguments, _ in FAMILIES for name in arguments]
        self._functions = set(shared(ours, theirs, names))
        self._methods = set(shared(ours.Tensor, theirs.Tensor, [*names, *(f"{name}_" for name in names)]))
        networks = (ours.nn.functional, theirs.nn.functional)
        self._of_networks = shared(*networks, functional.ARGUMENTS)
        self._in_place = set(shared(*networks, (f"{name}_" for name in functional.ARGUMENTS)))
        self._families = [
            [(name, arguments[name], self._forms(name)) for name in arguments if self._forms(name)]
            for arguments, _ in FAMILIES
        ]

    def _forms(self, name: str) -> list[str]:
        """The ways to write an operation: as a function, as a method, in place."""
        forms = ["function"] if name in self._functions else []
        forms += ["method"] if name in self._methods else []
        return [*forms, *(["in place"] if f"{name}_" in self._methods else [])]

    def statement(self, d: Draw) -> str:
        """One step of a program."""
        kinds = (self._operation, self._network, self._operator, self._item, self._assignment, self._graph)
        while True:
            d.recording = not d.chance(0.06)
            text = d.rng.choices(kinds, (50, 12, 10, 8, 6, 10))[0](d)
            if text is not None:
                return text if d.recording else f"with lib.no_grad(): {text}"

    def _operation(self, d: Draw) -> str:
        family = d.rng.choices(self._families, [weight for _, weight in FAMILIES])[0]
        name, arguments, forms = d.rng.choice(family)
        form = d.rng.choice(forms)
        d.writing = form == "in place"
        given = arguments(d)
        d.writing = False
        if form == "function":
            return f"{d.name()} = lib.{name}({', '.join(given)})"
        call = f"{given[0]}.{name}{'_' if form == 'in place' else ''}({', '.join(given[1:])})"
        return call if form == "in place" else f"{d.name()} = {call}"

    def _network(self, d: Draw) -> str:
        name = d.rng.choice(self._of_networks)
        writes = f"{name}_" in self._in_place and d.chance(0.4)
        d.writing = writes
        given = ", ".join(functional.ARGUMENTS[name](d))
        d.writing = False
        return f"F.{name}_({given})" if writes else f"{d.name()} = F.{name}({given})"

    def _operator(self, d: Draw) -> str:
        if d.chance(0.25):
            d.writing = True
            x = d.tensor()
            d.writing = False
            return f"{x} {d.pick(*UPDATES)} {d.other(x)}" if x.isidentifier() else f"{x}.add_({d.other(x)})"
        if d.chance(0.1):
            return f"{d.name()} = {d.pick('-', '+', '~', 'abs')}({d.tensor()})"
        x, symbol = d.tensor(), d.pick(*BINARY)
        if symbol == "@":
            left, right = products.ARGUMENTS["matmul"](d)
            return f"{d.name()} = {left} @ {right}"
        y = d.other(x)
        return f"{d.name()} = {y} {symbol} {x}" if d.chance(0.3) else f"{d.name()} = {x} {symbol} {y}"

    def _item(self, d: Draw) -> str:
        x = d.tensor()
        place = f".{d.pick(*ATTRIBUTES)}" if d.chance(0.15) else f"[{indexing.index(d, x)}]"
        return f"{d.name()} = {x}{place}"

    def _assignment(self, d: Draw) -> str:
        d.writing = True
        x = d.tensor()
        d.writing = False
        place = indexing.index(d, x, once=True)  # of several values for one element PyTorch may keep any
        return f"{x}[{place}] = {d.number() if d.chance(0.5) else self._value(d, x, place)}"

    def _value(self, d: Draw, x: str, place: str) -> str:
        """Something of the shape that the index picks, where it picks anything."""
        try:
            shape = eval(f"x[{place}]", {"x": d.look(x), "lib": self._theirs}).shape
        except Exception:
            shape = d.look(x).shape
        fitting = [name for name, value in d.pool.items() if value.shape == shape]
        return d.pick(*fitting) if fitting and d.chance(0.5) else d.new(shape[d.whole(0, 1) * len(shape) :], None)

    def _graph(self, d: Draw) -> str | None:
        functions, shares = zip(*gradients.STATEMENTS, strict=True)
        return d.rng.choices(functions, shares)[0](d)

    def closing(self, d: Draw) -> list[str]:
        """What looks at the gradients of all that a program holds, by its leaves and by what lies between."""
        recorded = [name for name, value in d.pool.items() if value.requires_grad]
        inputs = f"[{', '.join(recorded)}]"
        return [
            f"{d.name()} = gradients({out}, {inputs}, {gradients.weights(d, out)}, retain_graph=True, "
            f"create_graph={d.chance(0.2)})"
            for out in recorded
        ]
