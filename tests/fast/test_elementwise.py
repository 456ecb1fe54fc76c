"""Elementwise primitives and rules compile themselves: against the plain ones, and which do."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.core.primitive import REGISTRY
from tests.samples import SAMPLES

pytest.importorskip("numba")
pytest.importorskip("scipy")

from minigrad.fast import elementwise, pool, texts  # noqa: E402 - after the skips
from minigrad.fast.install import _parts  # noqa: E402
from minigrad.fast.symbols import NotElementwiseError  # noqa: E402

pytestmark = pytest.mark.usefixtures("enabled")

# What training spends its time in, and must not fall back to NumPy unnoticed.
COMPILED = {
    "add": ["forward"],
    "subtract": ["forward", "y"],
    "multiply": ["forward", "x", "y"],
    "divide": ["forward", "x", "y"],
    "negative": ["forward", "x"],
    "square": ["forward", "x"],
    "sqrt": ["forward", "x"],
    "exp": ["forward", "x"],
    "log": ["forward", "x"],
    "log1p": ["forward", "x"],
    "expm1": ["forward", "x"],
    "tanh": ["forward", "x"],
    "sigmoid": ["forward", "x"],
    "erf": ["forward", "x"],
    "abs": ["forward", "x"],
    "maximum": ["forward", "x", "y"],
    "minimum": ["forward", "x", "y"],
    "clip": ["forward", "x"],
    "relu": ["forward", "x"],
    "gelu": ["forward", "x"],
    "gelu_tanh": ["forward", "x"],
    "silu": ["forward", "x"],
    "mish": ["forward", "x"],
    "softplus": ["forward", "x"],
    "logsigmoid": ["forward", "x"],
    "elu": ["forward", "x"],
    "leaky_relu": ["forward", "x"],
    "hardswish": ["forward", "x"],
    "binary_cross_entropy_of_logits": ["forward", "logits"],
}
STATIC = {"elu": {"alpha": 1.0, "scale": 1.0, "rate": 1.0}, "softplus": {"beta": 1.0, "threshold": 20.0},
          "leaky_relu": {"negative_slope": 0.01}}  # fmt: skip


def arguments(function: Callable[..., Any], static: dict[str, Any], x: Any) -> tuple[list[Any], dict[str, Any]]:
    """An array for every argument that is none of the static ones, which a forward takes by name."""
    if isinstance(function, np.ufunc):
        return [x] * function.nin, {}
    positional, named = [], {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            named[parameter.name] = static[parameter.name]
        else:
            positional.append(static.get(parameter.name, x))
    return positional, named


@pytest.mark.parametrize("name", COMPILED)
def test_it_compiles_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "from_source", lambda title, source: source)
    op = REGISTRY[name]
    for of in COMPILED[name]:
        function = _parts(op)[of]
        positional, named = arguments(function, STATIC.get(name, {}), np.ones(3, np.float32))
        constants = [i for i, value in enumerate(positional) if type(value) is float]
        source = texts.loop(f"{name}-{of}", function, positional, named, constants).kernel
        assert "prange" in source and "float64" not in source


EXTREMES = np.array([np.nan, np.inf, -np.inf, 100, -100, 1e-40, -1e-40, 0, -0.0, 1, -1, 0.5, 3.4e38], np.float32)


@pytest.mark.parametrize("name", COMPILED)
def test_values_and_gradients_are_those_of_the_plain_rule(name: str) -> None:
    op, static = REGISTRY[name], STATIC.get(name, {})
    x = np.concatenate([EXTREMES, np.random.default_rng(0).standard_normal(1001).astype(np.float32) * 3])
    inputs = [np.roll(x, i) for i in range(len(op.inputs))]
    known = [a.copy() for a in inputs]

    def run() -> list[Any]:
        leaves = [mg.tensor(a, requires_grad=True) for a in inputs]
        with np.errstate(all="ignore"):
            out = op(*leaves, **static)
            out.backward(mg.tensor(np.roll(x, 7)))
        return [out.detach().numpy(), *[leaf.grad.numpy() for leaf in leaves if leaf.grad is not None]]

    fast = run()
    with mg.fast.disabled():
        plain = run()
    scales = [np.float32(1), *[np.nan_to_num(np.abs(np.roll(x, 7)))] * len(inputs)]  # a slope's error grows with g
    for a, b, scale in zip(fast, plain, scales, strict=False):
        assert a.dtype == b.dtype == np.float32
        with np.errstate(invalid="ignore"):  # inf - inf
            close = np.abs(a.astype(np.float64) - b) <= 3e-6 * np.abs(b) + 1e-6 * scale
        np.testing.assert_array_equal(np.where(close, b, a), b)
    for a, b in zip(inputs, known, strict=True):
        np.testing.assert_array_equal(a, b)


def compilable() -> list[Any]:
    """Every sample of a primitive of which at least one part can be compiled."""
    cases = []
    for name in sorted(SAMPLES):
        for i, (args, static) in enumerate(SAMPLES[name]):
            if len(REGISTRY[name].outputs) == 1 and len({a.shape for a in args if isinstance(a, np.ndarray)}) == 1:
                cases.append(pytest.param(name, args, static, id=f"{name}-{i}"))
    return cases


@pytest.mark.slow  # for the time that compiling takes
@pytest.mark.parametrize(("name", "args", "static"), compilable())
def test_every_sample_gives_what_the_plain_rules_give(name: str, args: Any, static: dict[str, Any]) -> None:
    op = REGISTRY[name]
    args = [a.astype(np.float32) if isinstance(a, np.ndarray) else a for a in args]

    def run() -> list[Any]:
        leaves = [mg.tensor(a, requires_grad=True) if isinstance(a, np.ndarray) else a for a in args]
        out = op(*leaves, **static)
        if not out.requires_grad:
            return [out.numpy()]
        g = np.random.default_rng(1).standard_normal(out.shape).astype(np.float32)
        out.backward(mg.tensor(g))
        return [out.detach().numpy(), *[a.grad.numpy() for a in leaves if isinstance(a, mg.Tensor)]]

    fast = run()
    with mg.fast.disabled():
        plain = run()
    for a, b in zip(fast, plain, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5)


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "transposed": lambda x: x.reshape(6, 4, 5).transpose(2, 0, 1),
    "reversed": lambda x: x[::-1],
    "with gaps": lambda x: x.reshape(20, 6)[:, ::2],
    "repeated": lambda x: np.broadcast_to(x[:5], (4, 5)),
    "a single one": lambda x: x[:1],
    "none": lambda x: x[:0],
    "no dimension": lambda x: x[3, ...],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_in_any_layout(layout: str) -> None:
    rng = np.random.default_rng(0)
    x, g = (LAYOUTS[layout](rng.standard_normal(120).astype(np.float32)) for _ in range(2))
    for a, b in ((x, x), (x, np.array(x, order="C")), (np.array(x, order="C"), x)):
        leaf = mg.tensor(0.0) + mg.from_numpy(np.array(a)) if not a.flags.writeable else mg.from_numpy(a)
        leaf = leaf.detach().requires_grad_()
        other = mg.from_numpy(np.array(b)) if not b.flags.writeable else mg.from_numpy(b)
        out = mg.tanh(leaf) * other
        out.backward(mg.from_numpy(np.array(g)))
        np.testing.assert_allclose(out.detach().numpy(), np.tanh(a) * b, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(leaf.grad.numpy(), g * b * (1 - np.tanh(a) ** 2), rtol=1e-5, atol=1e-6)


def test_other_dtypes_take_the_plain_function() -> None:
    for dtype in (np.float64, np.float16, np.int32, np.uint8, bool):
        x = np.arange(6).astype(dtype)
        assert np.array_equal(mg.add(mg.tensor(x), mg.tensor(x)).numpy(), x + x)
        assert mg.exp(mg.tensor(x)).dtype == (np.float32 if np.dtype(dtype).kind in "iub" else dtype)
    mixed = mg.tensor([1.0, 2.0]) * mg.tensor(np.array([0.1, 0.2]))
    assert mixed.dtype == np.float64


def test_numbers_beside_arrays() -> None:
    x = np.linspace(-2, 2, 9, dtype=np.float32)
    t = mg.tensor(x)
    for number in (0.3, 2, True, np.float32(0.7), np.int64(3)):
        np.testing.assert_allclose((t * number).numpy(), x * np.float32(number), rtol=1e-6)
        np.testing.assert_allclose((number - t).numpy(), np.float32(number) - x, rtol=1e-6)
    np.testing.assert_allclose((t**3).numpy(), x**3, rtol=1e-6)
    np.testing.assert_allclose((t * mg.tensor(0.3)).numpy(), x * np.float32(0.3), rtol=1e-6)


def test_single_numbers_and_arrays_of_one_shape_take_the_same_loop() -> None:
    """An array of no dimensions is an array where all are such, and a number beside others."""
    for shape in ((), (3,), (1,), ()):
        x = np.full(shape, 2, np.float32)
        condition = np.ones(shape, bool)
        np.testing.assert_array_equal(mg.where(condition, mg.tensor(x), 3).numpy(), x)
        np.testing.assert_array_equal((mg.tensor(x) * np.float32(2)).numpy(), x * 2)
        np.testing.assert_array_equal((mg.tensor(x) * mg.tensor(2.0)).numpy(), x * 2)


def test_a_loop_waits_until_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []
    launch = pool.settings.launch
    monkeypatch.setattr(pool.settings, "launch", lambda kernel, *rest: ran.append(1) or launch(kernel, *rest))
    monkeypatch.setattr(pool.settings, "minimum", 10)
    for size, light, heavy in ((9, 0, 0), (10_000, 0, 1), (200_000, 1, 1)):
        x = mg.tensor(np.ones(size, np.float32))
        for function, expected in ((lambda x: x + x, light), (mg.nn.functional.gelu, heavy)):
            ran.clear()
            function(x)
            assert len(ran) == expected, (size, function)


def test_a_number_that_changes_needs_no_new_kernel_and_options_that_do_end_in_the_plain_rule() -> None:
    x = mg.tensor(np.linspace(-2, 2, 9, dtype=np.float32))
    made = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elementwise, "loop", lambda *args: made.append(args) or texts.loop(*args))
        for i in range(20):
            assert np.allclose((x * (i / 7)).numpy(), x.numpy() * np.float32(i / 7), atol=1e-6)
            np.testing.assert_array_equal((x * i).numpy(), x.numpy() * i)
        np.testing.assert_array_equal((x + (1 << 60)).numpy(), x.numpy() + (1 << 60))
    assert len(made) <= 2
    for i in range(20):
        slope = i / 30
        want = np.where(x.numpy() > 0, x.numpy(), slope * x.numpy())
        np.testing.assert_allclose(mg.nn.functional.leaky_relu(x, slope).numpy(), want, rtol=1e-6)


def test_higher_orders_are_those_of_the_plain_rule() -> None:
    x = mg.tensor(np.linspace(-1, 1, 7, dtype=np.float32), requires_grad=True)
    (g,) = mg.autograd.grad(mg.tanh(x).sum(), x, create_graph=True)
    (second,) = mg.autograd.grad(g.sum(), x)
    t = np.tanh(x.detach().numpy())
    np.testing.assert_allclose(second.numpy(), -2 * t * (1 - t * t), rtol=1e-5, atol=1e-6)


def test_an_array_that_is_returned_twice_is_written_once() -> None:
    def twice(x: Any) -> Any:
        out = np.exp(x)
        return out, None, out, out + 1, out.copy()  # a copy is another array

    x = np.ones(3, np.float32)
    made = texts.loop("twice", twice, [x], {})
    assert (made.results, made.places) == (3, (0, None, 0, 1, 2))
    out = mg.nn.functional.gelu(mg.tensor(x, requires_grad=True))
    assert out._node.saved[1] is out._array


def test_several_threads_at_once() -> None:
    x = np.random.default_rng(0).standard_normal(20011).astype(np.float32)
    want, wrong = np.tanh(x) * x, []

    def work() -> None:
        for _ in range(20):
            t = mg.tensor(x)
            if not np.allclose((mg.tanh(t) * t).numpy(), want, atol=1e-6):
                wrong.append(True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_is_refused_says_why() -> None:
    with pytest.raises(NotElementwiseError, match="no function of single numbers"):
        texts.loop("sum", lambda x: np.sum(x), [np.ones(3, np.float32)], {})
    with pytest.raises(NotElementwiseError, match="nothing is computed"):
        texts.loop("same", lambda x: x, [np.ones(3, np.float32)], {})
    with pytest.raises(NotElementwiseError, match="writes into what it was given"):
        texts.loop("writer", lambda x: np.negative(x, out=x), [np.ones(3, np.float32)], {})
