"""What is said where a primitive cannot go on; apart from it, so that its steps stay in sight."""

from __future__ import annotations

from typing import Any, NoReturn

from .writes import overwritten


def explained(
    error: Exception, name: str, inputs: tuple[str, ...], values: list[Any], static: dict[str, Any], cure: str
) -> Exception:
    """The same kind of error, saying which primitive and which shapes.

    Args:
        error: what its forward raised.
        name: of the primitive.
        inputs: their names; none where there can be any number.
        values: the inputs.
        static: the static arguments.
        cure: what to tell someone whose arguments do not fit.
    """
    if getattr(error, "explained", False):  # by a primitive that this one called
        return error
    names = inputs or tuple(f"input {i}" for i in range(len(values)))
    shown = [f"{n}: {_brief(v)}" for n, v in zip(names, values, strict=False)]
    shown += [f"{n}={_brief(v)}" for n, v in static.items()]
    kind = next((k for k in (IndexError, TypeError) if isinstance(error, k)), ValueError)
    misfit = any(word in str(error) for word in ("broadcast", "shape", "size", "dimension", "must"))
    if isinstance(error, OverflowError):
        cure, misfit = "convert the Tensor to a larger dtype first, such as t.to(np.int64)", True
    new: Any = kind(f"{name}({', '.join(shown)}): {str(error).strip()}" + (f"; {cure}" if cure and misfit else ""))
    new.explained = True
    return new  # type: ignore[no-any-return]


def _brief(value: Any) -> str:
    return f"{value.dtype} {value.shape}" if hasattr(value, "dtype") else repr(value)


def refuse_output(name: str, computed: Any, outputs: int, residuals: int) -> NoReturn:
    """Say what the forward of a primitive should have returned.

    Args:
        name: of the primitive.
        computed: what it returned.
        outputs: how many were declared.
        residuals: likewise.
    """
    got = f"a tuple of {len(computed)}" if isinstance(computed, tuple) else f"an object of {type(computed)}"
    if outputs > 1 or residuals:
        needed = f"a tuple of {outputs} output(s) and {residuals} residual(s)"
    else:
        needed = "one array; primitive(outputs=...) names several, primitive(residuals=...) what only rules need"
    raise TypeError(f"the forward of {name} returned {got}, and must return {needed}")


def refuse_overwritten(name: str, saved: dict[str, Any], outputs: tuple[str, ...], born: int) -> None:
    """Raise if one of the values that a primitive saved for backward was overwritten since.

    Args:
        name: of the primitive.
        saved: the values, by name.
        outputs: which of them are outputs.
        born: when they were saved.
    """
    for what, value in saved.items():
        if hasattr(value, "dtype") and overwritten(value, born):
            raise RuntimeError(
                f"backward through {name} needs its {'output' if what in outputs else what}, of shape {value.shape}, "
                f"which was overwritten in place after {name} used it; call backward before the update, or use a copy: "
                ".clone(); if a value is kept from one step to the next, such as a hidden state, cut it off: "
                "h = h.detach()"
            )
