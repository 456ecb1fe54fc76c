"""Every primitive, walked: samples exist, derivatives are right to second order, and the contracts of rules hold."""

from __future__ import annotations

import doctest
import itertools
import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.autograd import backward, grad
from minigrad.core.primitive import REGISTRY, Primitive
from minigrad.core.tensor import Tensor, raw, wrap
from tests.fake_device import DeviceArray, to_device
from tests.samples import SAMPLES, Sample


def used_outputs(name: str) -> list[tuple[int, ...]]:
    """Which outputs are pushed back from: of several, all together and each alone."""
    every = tuple(range(len(REGISTRY[name].outputs)))
    return [every] if len(every) == 1 else [every, *[(i,) for i in every]]


def label(name: str, number: int, used: tuple[int, ...]) -> str:
    outputs = REGISTRY[name].outputs
    return f"{name}-{number}" + ("" if len(used) == len(outputs) else f"-{outputs[used[0]]}")


CASES = [
    pytest.param(name, sample, used, id=label(name, i, used))
    for name in sorted(SAMPLES)
    for i, sample in enumerate(SAMPLES[name])
    for used in used_outputs(name)
]
each_sample = pytest.mark.parametrize(("name", "sample", "used"), CASES)


def tensors(args: tuple[Any, ...], dtype: Any = np.float64) -> list[Any]:
    """The array inputs as Tensors that require grad; numbers and None as they are."""
    return [Tensor(a, requires_grad=True, dtype=dtype) if isinstance(a, np.ndarray) else a for a in args]


def cotangent(shape: tuple[int, ...], seed: int = 5) -> np.ndarray:
    """A fixed direction to push back."""
    return np.asarray(np.random.default_rng([seed, *shape]).standard_normal(shape))


def numeric(f: Any, arrays: list[np.ndarray], i: int, step: float = 1e-5) -> np.ndarray:
    """Central differences of the number ``f(arrays)`` by every entry of ``arrays[i]``."""
    result = np.zeros_like(arrays[i])
    for place in np.ndindex(arrays[i].shape):
        moved = [a.copy() for a in arrays]
        moved[i][place] += step
        up = f(moved)
        moved[i][place] -= 2 * step
        result[place] = (up - f(moved)) / (2 * step)
    return result


def merge(args: tuple[Any, ...], arrays: list[Any]) -> list[Any]:
    """``args`` with its arrays replaced by ``arrays``."""
    replacements = iter(arrays)
    return [next(replacements) if isinstance(a, np.ndarray) else a for a in args]


def only_arrays(args: tuple[Any, ...]) -> list[np.ndarray]:
    return [a for a in args if isinstance(a, np.ndarray)]


def chosen(name: str, inputs: list[Any], static: Any, used: tuple[int, ...]) -> list[Any]:
    """Those outputs of a primitive that are ``used``."""
    out = REGISTRY[name](*inputs, **static)
    return [(out if isinstance(out, tuple) else (out,))[i] for i in used]


def cotangents(outputs: list[Any]) -> list[np.ndarray]:
    return [cotangent(np.shape(out), 50 + i) for i, out in enumerate(outputs)]


def first_order(
    name: str, args: tuple[Any, ...], static: Any, used: tuple[int, ...], create_graph: bool = False
) -> tuple[list[Any], list]:
    inputs = tensors(args)
    live = [x for x in inputs if isinstance(x, Tensor)]
    outputs = chosen(name, inputs, static, used)
    return live, list(grad(outputs, live, list(map(Tensor, cotangents(outputs))), create_graph=create_graph))


def test_every_primitive_has_samples_and_every_sample_a_primitive() -> None:
    assert set(REGISTRY) == set(SAMPLES)
    assert all(SAMPLES.values())


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_input_has_a_rule(name: str) -> None:
    op = REGISTRY[name]
    assert op.joint_rule is not None or set(op.rules) == set(op.inputs)
    live = [isinstance(a, np.ndarray) for args, _ in SAMPLES[name] for a in args]
    assert any(live), "no sample exercises a rule"
    for i, _ in enumerate(op.inputs):
        assert any(isinstance(args[i], np.ndarray) for args, _ in SAMPLES[name]), f"no sample for input {i}"


@each_sample
def test_first_derivative_by_finite_differences(name: str, sample: Sample, used: tuple[int, ...]) -> None:
    args, static = sample

    def value(arrays: list[np.ndarray]) -> float:
        outputs = raw(chosen(name, merge(args, arrays), static, used))
        return float(sum(np.sum(out * c) for out, c in zip(outputs, cotangents(outputs), strict=True)))

    _, grads = first_order(name, args, static, used)
    arrays = only_arrays(args)
    for i, g in enumerate(grads):
        np.testing.assert_allclose(g.numpy(), numeric(value, arrays, i), rtol=1e-6, atol=1e-7)


@each_sample
def test_second_derivative_by_finite_differences(name: str, sample: Sample, used: tuple[int, ...]) -> None:
    args, static = sample

    def pushed(arrays: list[np.ndarray]) -> float:
        """The first derivative, along a fixed direction of the inputs."""
        _, grads = first_order(name, tuple(merge(args, arrays)), static, used)
        return float(sum(np.sum(g.numpy() * cotangent(g.shape, 7)) for g in grads))

    live, grads = first_order(name, args, static, used, create_graph=True)
    total = sum((g * Tensor(cotangent(g.shape, 7))).sum() for g in grads)
    if total.requires_grad:
        seconds = grad(total, live, allow_unused=True)
    else:
        seconds = (None,) * len(live)
    arrays = only_arrays(args)
    for i, second in enumerate(seconds):
        expected = numeric(pushed, arrays, i)
        got = np.zeros_like(expected) if second is None else second.numpy()
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


@each_sample
@pytest.mark.plain
def test_raw_mode_and_tensor_mode_agree_bit_for_bit(name: str, sample: Sample, used: tuple[int, ...]) -> None:
    _, plain = first_order(name, *sample, used)
    _, recorded = first_order(name, *sample, used, create_graph=True)
    for a, b in zip(plain, recorded, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.detach().numpy())


def assert_same(got: Tensor, expected: Tensor) -> None:
    """Bit for bit; but where kernels ran for one of them, their sums have another order."""
    tolerance = 20 * np.finfo(expected.dtype).eps if mg.fast.is_enabled() and expected.dtype.kind == "f" else 0
    scale = tolerance * np.max(np.abs(expected.numpy()), initial=1, where=np.isfinite(expected.numpy()))
    np.testing.assert_allclose(got.detach().numpy(), expected.numpy(), rtol=tolerance, atol=scale)


@each_sample
def test_each_input_alone(name: str, sample: Sample, used: tuple[int, ...]) -> None:
    """With the other inputs constant less is saved; the gradients must not notice."""
    args, static = sample
    _, together = first_order(name, args, static, used)
    places = [i for i, a in enumerate(args) if isinstance(a, np.ndarray)]
    for place, expected in zip(places, together, strict=True):
        for constant in (lambda a: Tensor(a), lambda a: a):
            x = Tensor(args[place], requires_grad=True)
            others = [constant(a) if isinstance(a, np.ndarray) else a for a in args]
            outputs = chosen(name, [*others[:place], x, *others[place + 1 :]], static, used)
            pushed = list(map(Tensor, cotangents(outputs)))
            for create_graph in (False, True):
                (g,) = grad(outputs, x, pushed, create_graph=create_graph, retain_graph=True)
                assert_same(g, expected)


@pytest.mark.parametrize(
    ("name", "sample", "used"), [case for case in CASES if REGISTRY[case.values[0]].joint_rule is not None]
)
def test_a_joint_rule_gives_the_same_whichever_gradients_are_needed(
    name: str, sample: Sample, used: tuple[int, ...]
) -> None:
    args, static = sample
    live, together = first_order(name, args, static, used)
    outputs = chosen(name, merge(args, live), static, used)
    pushed = list(map(Tensor, cotangents(outputs)))
    for count in range(1, len(live)):
        for places in itertools.combinations(range(len(live)), count):
            for create_graph in (False, True):
                wanted = [live[place] for place in places]
                got = grad(outputs, wanted, pushed, create_graph=create_graph, retain_graph=True)
                for g, place in zip(got, places, strict=True):
                    assert_same(g, together[place])


@each_sample
def test_float32_stays_float32(name: str, sample: Sample, used: tuple[int, ...]) -> None:
    args, static = sample
    if name == "astype":
        static = {"dtype": np.float32}
    inputs = tensors(args, np.float32)
    live = [x for x in inputs if isinstance(x, Tensor)]
    outputs = chosen(name, inputs, static, used)
    assert all(out.dtype == np.float32 for out in outputs)
    op = REGISTRY[name]
    pushed = [np.ones_like(out._array) for out in outputs]
    if op.joint_rule is None and len(op.outputs) == 1:  # what rules return, before the engine would convert it
        node = outputs[0]._node
        for parent, (rule, pick) in zip(node.parents, op._rules, strict=True):
            if parent is not None:
                assert rule(pushed[0], *pick(node.saved)).dtype == np.float32
    for x in grad(outputs, live, list(map(Tensor, pushed))):
        assert x.dtype == np.float32


@each_sample
def test_runs_on_another_array_type_without_touching_the_host(name: str, sample: Sample, used: tuple[int, ...]) -> None:
    args, static = sample
    inputs = [Tensor(DeviceArray(a), requires_grad=True) if isinstance(a, np.ndarray) else a for a in args]
    live = [x for x in inputs if isinstance(x, Tensor)]
    outputs = chosen(name, inputs, to_device(static), used)
    assert all(isinstance(out._array, DeviceArray) for out in outputs)
    pushed = [wrap(DeviceArray(c), None) for c in cotangents(outputs)]
    _, expected = first_order(name, args, static, used)
    for create_graph in (False, True):
        grads = grad(outputs, live, pushed, create_graph=create_graph, retain_graph=True)
        for g, e in zip(grads, expected, strict=True):
            assert isinstance(g._array, DeviceArray)
            # NumPy 2.0 takes x ** 0.5 for a square root only where an operator of its own arrays is used.
            np.testing.assert_allclose(g._array.get(), e.numpy(), rtol=1e-13, atol=1e-15)


@each_sample
def test_output_is_new_and_inputs_are_untouched(name: str, sample: Sample, used: tuple[int, ...]) -> None:
    args, static = sample
    inputs = tensors(args)
    before = [x._array.copy() if isinstance(x, Tensor) else x for x in inputs]
    outputs = chosen(name, inputs, static, used)
    given = cotangents(outputs)
    pushed = [g.copy() for g in given]
    results = [out._array.copy() for out in outputs]
    backward(outputs, list(map(Tensor, given)), retain_graph=True)
    backward(outputs, [wrap(g, None) for g in pushed])
    for out, result, g, original in zip(outputs, results, pushed, given, strict=True):
        np.testing.assert_array_equal(g, original)
        np.testing.assert_array_equal(out._array, result)
        assert not any(isinstance(x, Tensor) and out._array is x._array for x in inputs)
        assert not any(out is not other and np.may_share_memory(out._array, other._array) for other in outputs)
    for x, b in zip(inputs, before, strict=True):
        assert not isinstance(x, Tensor) or np.array_equal(x._array, b)


def test_a_rule_may_not_name_what_does_not_exist() -> None:
    broken = Primitive(lambda x: x + 1, name="broken")
    try:
        with pytest.raises(TypeError, match=r"names \['y'\]"):
            broken.rule(x=lambda g, y: g * y)
        with pytest.raises(TypeError, match="one rule for each"):
            broken.rule()
    finally:
        del REGISTRY["broken"]


@pytest.mark.parametrize(
    ("forward", "options", "message"),
    [
        (lambda x: (x, x), {}, r"returned a tuple of 2, and must return one array; primitive\(outputs="),
        (lambda x: [x], {}, "returned an object of <class 'list'>, and must return one array"),
        (lambda x: None, {}, "returned an object of <class 'NoneType'>, and must return one array"),
        (lambda x: 1.5, {}, "returned an object of <class 'float'>, and must return one array"),
        (lambda x: x, {"outputs": ("a", "b")}, r"must return a tuple of 2 output\(s\) and 0 residual\(s\)"),
        (lambda x: (x, x, x), {"outputs": ("a", "b")}, r"returned a tuple of 3, and must return a tuple of 2 output"),
        (lambda x: x, {"residuals": {"e": lambda x: x}}, r"must return a tuple of 1 output\(s\) and 1 residual\(s\)"),
    ],
)
def test_a_forward_that_returns_something_else_is_told_so(forward: Any, options: Any, message: str) -> None:
    broken = Primitive(forward, name="broken", **options)
    try:
        for x in (Tensor([1.0, 2.0]), Tensor([1.0, 2.0], requires_grad=True)):
            with pytest.raises(TypeError, match=f"^the forward of broken .*{message}"):
                broken(x)
    finally:
        del REGISTRY["broken"]


@pytest.mark.parametrize("name", sorted(mg.__all__))
def test_public_names_are_documented_and_examples_of_primitives_run(name: str) -> None:
    """Pytest collects doctests of functions and classes only; primitives are instances."""
    thing = getattr(mg, name)
    assert thing.__doc__ or isinstance(thing, np.dtype), f"minigrad.{name} has no docstring"
    if isinstance(thing, Primitive):
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
        names = {**vars(mg), "np": np, "math": math, "minigrad": mg}
        for test in doctest.DocTestFinder(recurse=False).find(thing, name, globs=names):
            assert runner.run(test).failed == 0
