"""How operations are declared, become methods of Tensor, and answer for NumPy's functions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .arrays import refuse_foreign
from .caller import given_by_caller
from .dispatch import NUMPY, full_name, refuse, refuse_second
from .graph import Array
from .operators import labelled
from .primitive import Primitive, Rule
from .tensor import Tensor, raw, wrap

F = TypeVar("F", bound=Callable[..., Any])


# --- tables -----------------------------------------------------------------------------------------------------------
def register(*functions: Any, method: str | None = None) -> Callable[[F], F]:
    """Make what is decorated answer for NumPy's ``functions``, and be a method of Tensor.

    The method's name is the function's own; the underscore of names such as ``sum_``, which keeps a module from hiding
    Python's ``sum`` from itself, is dropped.
    """

    def register(function: F) -> F:
        NUMPY.update(dict.fromkeys(functions, function))
        add_method(method or function.__name__.rstrip("_"), function)
        return function

    return register


def add_method(name: str, function: Callable[..., Any]) -> None:
    """Make ``function`` a method of Tensor."""
    refuse_second("method of Tensor", name, vars(Tensor).get(name, function), function)
    setattr(Tensor, name, function)


def constant(function: Any) -> Callable[..., Any]:
    """Declare that a NumPy function has no derivative, or derivative 0 everywhere: it runs on the values alone."""

    @functools.wraps(function)
    def on_values(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            refuse(full_name(function), kwargs)
        if not any(isinstance(a, Tensor) for a in (*args, *kwargs.values())):
            return function(*args, **kwargs)
        try:
            out = function(*raw(args), **raw(kwargs))
        except RuntimeWarning as warning:
            out = given_by_caller(warning, function, *raw(args), **raw(kwargs))
        except Exception:
            refuse_foreign(args)
            raise
        if type(out) is not np.ndarray:
            if any(labelled(type(a)) for a in args):
                return NotImplemented
            refuse_foreign(args)
        return wrap(np.asarray(out) if isinstance(out, np.generic) else out, None) if hasattr(out, "dtype") else out

    on_values.constant = True  # type: ignore[attr-defined]
    NUMPY[function] = on_values
    return on_values


def ufunc(function: Any, doc: str, *, cure: str = "", registered: bool = True, **rules: Rule) -> Primitive:
    """Declare a NumPy ufunc differentiable; its inputs are called x (and y).

    Args:
        function: the ufunc.
        doc: what it computes.
        cure: what to tell someone whose arguments do not fit.
        registered: whether it is a method of Tensor and answers for NumPy's function; else another function will.
        rules: a rule for each input.
    """
    inputs = ("x", "y")[: function.nin]
    if len(inputs) == 2 and not cure:
        cure = "shapes must be equal or 1 along every dimension, counted from the right"
    name = "abs" if function is np.absolute else function.__name__
    op = Primitive(function, name=name, inputs=inputs, broadcasts=len(inputs) > 1, doc=doc, cure=cure).rule(**rules)
    return register(function)(op) if registered else op


def primitive(**options: Any) -> Callable[[Callable[..., Array]], Primitive]:
    """Decorator form of ``Primitive`` for functions that are not a single ufunc."""
    return lambda forward: Primitive(forward, **options)
