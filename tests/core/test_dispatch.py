"""NumPy's call: every callable of ``np`` is differentiable, constant, a conversion that refuses, or refused by name.

The table below is frozen: a new NumPy function, or a new operation here, must be put into its row on purpose.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.core.dispatch import NUMPY, full_name

NOT_ABOUT_ARRAYS = {"test", "info", "show_config", "show_runtime", "get_include", "load", "loadtxt", "genfromtxt"}
# What the page lists, and NumPy has not had since 2.0: from 2.1, and from 2.2, on.
NEWER = {"cumulative_prod", "cumulative_sum", "unstack", "matvec", "vecmat"}
PAGE = Path(__file__).parents[2] / "docs" / "numpy.md"


def kind(function: Any) -> str:
    """What happens when NumPy's ``function`` is called with a Tensor, by the table that answers."""
    answer = NUMPY.get(function)
    if answer is not None:
        return "constant" if getattr(answer, "constant", False) else "differentiable"
    dispatched = isinstance(function, np.ufunc) or hasattr(function, "__wrapped__") or "dispatcher" in repr(function)
    return "refused" if dispatched else "not dispatched"


def callables() -> dict[str, Any]:
    """Every public function of ``np``, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            name: value
            for name in sorted(dir(np))
            if not name.startswith("_")
            and name not in NOT_ABOUT_ARRAYS
            and callable(value := getattr(np, name))
            and not isinstance(value, type)
        }


def listed(section: str) -> set[str]:
    """The names that the page lists under a heading."""
    text = PAGE.read_text().split(f"### {section}\n", 1)[1].split("\n#", 1)[0]
    return set(re.findall(r"`(\w+)`", text))


@pytest.mark.parametrize("section", ["differentiable", "constant"])
def test_the_page_lists_what_is_so(section: str) -> None:
    actual = {name for name, function in callables().items() if kind(function) == section}
    missing = {name for name in NEWER if not hasattr(np, name)}
    assert listed(section.capitalize()) - missing == actual


def arguments(what: str, x: Tensor) -> list[tuple[Any, ...]]:
    """Argument lists with a recorded Tensor in the places where NumPy's functions take arrays."""
    lists: list[tuple[Any, ...]] = [(x,), ([x, x],)]
    if what != "not dispatched":  # there, and in zeros_like and its kin, the second argument is a dtype
        lists += [(x, x), (x, 1), (1, x), (x > 1, x, x), (x, x, x), ((x, x), (0, 1)), (x.detach(), x)]
    return lists


# For functions that take something else besides arrays: arguments of their own.
FITTING: dict[str, Callable[[Tensor], tuple[Any, ...]]] = {
    "broadcast_to": lambda x: (x, (3, 2, 2)),
    "cross": lambda x: (x.reshape(4)[:3], x.reshape(4)[1:]),
    "cumulative_prod": lambda x: (x[0],),
    "cumulative_sum": lambda x: (x[0],),
    "dsplit": lambda x: (x.reshape(1, 2, 2), 2),
    "einsum": lambda x: ("ij,jk->ik", x, x),
    "meshgrid": lambda x: (x[0], x[1]),
    "moveaxis": lambda x: (x, 0, 1),
    "reshape": lambda x: (x, (4,)),
    "swapaxes": lambda x: (x, 0, 1),
    "take_along_axis": lambda x: (x, np.array([[1, 0]]), 0),
}


@pytest.mark.parametrize("name", callables())
def test_no_call_drops_a_gradient_silently(name: str) -> None:
    """Whatever one argument list or another does, no plain floating-point array comes out of a recorded Tensor."""
    function = callables()[name]
    what = kind(function)
    x = Tensor(np.array([[1.5, 2.5], [0.5, 3.5]]), requires_grad=True)
    answered = False
    fitting = [FITTING[name](x)] if name in FITTING else []
    for args in fitting + arguments("not dispatched" if name.endswith("_like") else what, x):
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("error")
                out = function(*args)
        except Exception as error:  # noqa: BLE001 - any refusal is fine, silence is not
            if what == "refused" and str(error).startswith("np."):
                assert re.search(r"detach\(\)|call it without|use the value that it returns", str(error))
            continue
        for part in out if isinstance(out, (tuple, list)) else (out,):
            silent = isinstance(part, (np.ndarray, np.floating, float)) and np.asarray(part).dtype.kind == "f"
            assert not silent, f"np.{name} gave {type(part).__name__}: no gradient flows through it"
            if isinstance(part, Tensor) and part.dtype.kind == "f" and what != "constant" and args[0] is x:
                assert part.requires_grad, f"np.{name} gave a Tensor without a graph"
            answered |= isinstance(part, Tensor) and part.requires_grad
    assert answered or what != "differentiable"


def test_refusals_name_the_function_and_the_cure() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    for name, function in callables().items():
        if kind(function) == "refused" and isinstance(function, np.ufunc) and function.nin == 1:
            with pytest.raises(TypeError, match=rf"np\.{function.__name__} .*detach"):
                function(x)
                pytest.fail(name)


@pytest.mark.parametrize("package", [np, np.linalg, np.fft, np.lib.stride_tricks], ids=lambda p: p.__name__)
def test_refusals_call_a_function_by_the_name_that_finds_it(package: Any) -> None:
    found = [
        function
        for name, function in vars(package).items()
        if not name.startswith("_")
        and callable(function)
        and not isinstance(function, type)
        and kind(function) != "not dispatched"
    ]
    assert found
    assert all(eval(full_name(function)) is function for function in found)


def test_functions_outside_numpy_and_methods_of_ufuncs_have_their_names() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match=r"^np\.add\.reduce has no derivative rule"):
        np.add.reduce(x)
    custom = np.frompyfunc(lambda v: v, 1, 1)
    with pytest.raises(TypeError) as caught:
        custom(x)
    assert not str(caught.value).startswith("np.")


def test_both_doors_keep_their_own_meaning() -> None:
    x = Tensor([[1.0, 2.0], [3.0, 5.0]])
    assert np.var(x).item() == np.var(x.numpy()) and x.var().item() == np.float32(np.var(x.numpy(), ddof=1))
    assert np.max(x, axis=0).tolist() == x.max(0).values.tolist() == mg.amax(x, 0).tolist()
    assert np.transpose(x).tolist() == x.T.tolist() == x.transpose(0, 1).tolist()


PIECES = [
    (np.split, ([1.0, 2.0, 3.0, 4.0], 2)),
    (np.split, ([1.0, 2.0, 3.0, 4.0], [1, 3])),
    (np.array_split, ([1.0, 2.0, 3.0, 4.0], 3)),
    (np.hsplit, ([1.0, 2.0, 3.0, 4.0], 2)),
    (np.vsplit, ([[1.0, 2.0], [3.0, 4.0]], 2)),
    (np.dsplit, ([[[1.0, 2.0]]], 2)),
]


@pytest.mark.parametrize(("function", "arguments"), PIECES, ids=lambda x: getattr(x, "__name__", ""))
def test_pieces_come_in_what_numpy_gives(function, arguments) -> None:
    values, where = arguments
    expected = function(np.array(values), where)
    got = function(Tensor(values), where)
    assert type(got) is type(expected) is list
    assert all(isinstance(piece, Tensor) for piece in got)
    assert [piece.tolist() for piece in got] == [piece.tolist() for piece in expected]
    assert type(mg.hsplit(Tensor([1.0, 2.0]), 2)) is tuple


@pytest.mark.parametrize(
    "call",
    [
        lambda t: np.vstack([t, t], dtype=None, casting="same_kind"),
        lambda t: np.hstack([t, t], casting="same_kind"),
        lambda t: np.concatenate([t, t], casting="same_kind"),
        lambda t: np.concatenate((t, t), 0, None, dtype=None, casting="same_kind"),
        lambda t: np.stack([t, t], 0, None, casting="same_kind"),
        lambda t: np.cumsum(t, None, None, None),
        lambda t: np.cumsum(t, axis=0, dtype=None, out=None),
        lambda t: np.cumprod(t, 0, None, None),
        lambda t: np.cumsum(t, axis=0, dtype=np.float64),
        lambda t: np.sum(t, 0, None, None),
        lambda t: np.sum(t, 0, None, None, True),
        lambda t: np.max(t, 0, None, True),
        lambda t: np.mean(t, 0, None, None, True),
        lambda t: np.take(t, [5], 0, None, "wrap"),
        lambda t: np.median(t, overwrite_input=False),
        lambda t: np.array_split(t, 2, 0)[0],
        lambda t: np.broadcast_arrays(t, [[1], [2]], subok=False)[0],
        lambda t: np.nan_to_num(t, copy=True),
        lambda t: np.pad(t, (1, 1), "constant"),
        lambda t: np.allclose(t, t, 1e-5, 1e-8, False),
        lambda t: np.tril(np.stack([t, t]), 0),
        lambda t: np.unique(t, equal_nan=True),
        lambda t: np.ravel(t, "C"),
        lambda t: np.count_nonzero(t, None, keepdims=False),
    ],
)
def test_numpys_defaults_may_be_spoken_out(call) -> None:
    values = np.array([1.0, 0.5, 3.0])
    got, expected = call(Tensor(values)), call(values)
    np.testing.assert_allclose(np.asarray(got), np.asarray(expected))
    assert np.asarray(got).dtype == np.asarray(expected).dtype


def test_what_differs_from_a_default_is_refused_by_name() -> None:
    t = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"np.concatenate of a Tensor: .*casting"):
        np.concatenate([t, t], casting="unsafe")
    with pytest.raises(TypeError, match="write behind autograd's back"):
        np.cumsum(t, out=np.zeros(2))
    for call in (
        lambda out: np.cumsum(t, None, None, out),
        lambda out: np.sum(t, None, None, out),
        lambda out: np.mean(t, 0, None, out),
        lambda out: np.max(t, 0, out),
        lambda out: np.take(t, [0], 0, out),
        lambda out: np.clip(t, 0, 1, out),
        lambda out: np.concatenate([t, t], 0, out),
    ):
        assert isinstance(call(None), Tensor)
        with pytest.raises(TypeError, match="write behind autograd's back"):
            call(np.zeros(2))
    with pytest.raises(TypeError, match=r"np.sum of a Tensor: .*initial"):
        np.sum(t, initial=3.0)


def test_what_stands_beside_a_tensor_is_broadcast_as_it_is() -> None:
    x, none, word, number = np.broadcast_arrays(Tensor([1.0, 2.0], requires_grad=True), None, "a", [1])
    assert x.requires_grad
    assert (none.tolist(), word.tolist(), number.tolist()) == ([None, None], ["a", "a"], [1, 1])
