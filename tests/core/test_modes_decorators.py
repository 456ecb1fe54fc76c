"""What the modes of recording can decorate, and how else they can be written."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn

enabled = mg.is_grad_enabled


# --- written without parentheses --------------------------------------------------------------------------------------
def test_a_block_without_parentheses() -> None:
    x = Tensor(1.0, requires_grad=True)
    with mg.no_grad:
        assert not (x * 2).requires_grad
        with mg.enable_grad:
            assert (x * 2).requires_grad
            with mg.inference_mode, mg.no_grad:
                assert not enabled()
            assert enabled()
        assert not enabled()
    assert enabled()
    with pytest.raises(FloatingPointError), mg.detect_anomaly, np.errstate(all="ignore"):
        Tensor(-1.0, requires_grad=True).log()


@pytest.mark.parametrize("mode", [mg.no_grad, mg.enable_grad, mg.inference_mode, mg.detect_anomaly])
def test_what_a_reader_sees(mode: Any) -> None:
    assert mode.__name__ in repr(mode) and mode.__doc__
    assert list(inspect.signature(mode).parameters) == ["mode" if mode is mg.inference_mode else "function"]
    assert copy.deepcopy(mode) is mode and pickle.loads(pickle.dumps(mode)) is mode


def test_a_mode_within_itself() -> None:
    for mode in (mg.no_grad(), mg.no_grad, mg.set_grad_enabled(False), mg.inference_mode(True)):
        mg.set_grad_enabled(True)
        for _ in range(2):
            with mode:
                with mode, mode:
                    assert not enabled()
                assert not enabled()
            assert enabled()


def test_a_mode_that_decorates_what_calls_itself() -> None:
    @mg.no_grad()
    def countdown(n: int) -> list[bool]:
        return [enabled(), *countdown(n - 1)] if n else []

    assert countdown(3) == [False] * 3 and enabled()


def test_a_mode_ends_with_an_error() -> None:
    with pytest.raises(ZeroDivisionError), mg.no_grad(), mg.enable_grad():
        raise ZeroDivisionError
    assert enabled()


# --- generators -------------------------------------------------------------------------------------------------------
def test_a_generator_is_resumed_in_its_mode_however_that_is_done() -> None:
    seen: list[Any] = []

    @mg.no_grad()
    def numbers(start: int) -> Iterator[Any]:
        """Docs."""
        try:
            while True:
                try:
                    sent = yield start
                    seen.append(("sent", sent, enabled()))
                    start += 1
                except ValueError as error:
                    seen.append(("caught", str(error), enabled()))
                    start = 100
        finally:
            seen.append(("closed", enabled()))

    assert numbers.__doc__ == "Docs." and inspect.isgeneratorfunction(numbers)
    generator: Any = numbers(1)
    assert next(generator) == 1 and enabled()
    assert generator.send("x") == 2 and enabled()
    assert generator.throw(ValueError("v")) == 100 and enabled()
    generator.close()
    assert enabled()
    assert seen == [("sent", "x", False), ("caught", "v", False), ("closed", False)]


def test_a_generator_that_ends_fails_or_returns() -> None:
    @mg.no_grad
    def fails() -> Iterator[int]:
        yield 1
        raise KeyError("inside")

    @mg.no_grad
    def ends() -> Iterator[int]:
        try:
            yield 1
        except ValueError:
            return "result"  # noqa: B901 - what `yield from` hands on

    generator = fails()
    next(generator)
    with pytest.raises(KeyError, match="inside"):
        next(generator)
    other: Any = ends()
    next(other)
    with pytest.raises(StopIteration) as stop:
        other.throw(ValueError())
    assert stop.value.value == "result" and enabled()
    third: Any = ends()
    next(third)
    with pytest.raises(TypeError, match="not caught"):
        third.throw(TypeError("not caught"))
    assert enabled()


def test_generators_of_two_modes_take_turns() -> None:
    def states() -> Iterator[bool]:
        while True:
            yield enabled()

    off, on = mg.no_grad(states)(), mg.enable_grad(states)()
    for around in (True, False, True):
        with mg.set_grad_enabled(around):
            assert [next(off), next(on), enabled(), next(off)] == [False, True, around, False]


# --- coroutines -------------------------------------------------------------------------------------------------------
def test_coroutines_have_the_mode_across_their_pauses() -> None:
    @mg.no_grad()
    async def inside() -> bool:
        await asyncio.sleep(0)
        return enabled()

    async def outside() -> bool:
        await asyncio.sleep(0)
        return enabled()

    async def main() -> list[bool]:
        return [await inside(), enabled(), *await asyncio.gather(inside(), outside(), inside(), outside())]

    assert inspect.iscoroutinefunction(inside)
    assert asyncio.run(main()) == [False, True, False, True, False, True]


def test_asynchronous_generators() -> None:
    seen: list[Any] = []

    @mg.no_grad()
    async def numbers() -> AsyncIterator[Any]:
        try:
            while True:
                try:
                    await asyncio.sleep(0)
                    seen.append(("sent", (yield enabled()), enabled()))
                except ValueError:
                    seen.append(("caught", enabled()))
        finally:
            await asyncio.sleep(0)
            seen.append(("closed", enabled()))

    async def main() -> None:
        generator: Any = numbers()
        assert await anext(generator) is False and enabled()
        assert await generator.asend("x") is False and enabled()
        assert await generator.athrow(ValueError()) is False and enabled()
        await generator.aclose()
        assert enabled()

    async def finite() -> list[bool]:
        @mg.no_grad
        async def two() -> AsyncIterator[bool]:
            yield enabled()
            yield enabled()

        return [item async for item in two()]

    asyncio.run(main())
    assert seen == [("sent", "x", False), ("caught", False), ("closed", False)]
    assert asyncio.run(finite()) == [False, False]


# --- methods, and what cannot be decorated ----------------------------------------------------------------------------
def test_methods_of_every_kind() -> None:
    class Holder:
        @mg.no_grad()
        def method(self) -> bool:
            return enabled()

        @classmethod
        @mg.no_grad
        def of_class(cls) -> bool:
            return enabled()

        @staticmethod
        @mg.no_grad()
        def static(value: int) -> bool:
            return enabled()

        @property
        @mg.no_grad()
        def value(self) -> bool:
            return enabled()

    holder = Holder()
    assert not any((holder.method(), holder.of_class(), holder.static(3), holder.value)) and enabled()


@pytest.mark.parametrize("mode", [mg.no_grad, mg.no_grad(), mg.set_grad_enabled(True), mg.detect_anomaly])
def test_what_cannot_be_decorated(mode: Callable[[Any], Any]) -> None:
    class Net(nn.Module):
        pass

    with pytest.raises(TypeError, match="a mode decorates functions, not classes such as Net"):
        mode(Net)
    for wrong in (3, Tensor(1.0), classmethod(lambda cls: 1), property(lambda self: 1)):
        with pytest.raises(TypeError, match="a mode decorates functions, got"):
            mode(wrong)


def test_a_model_can_be_decorated() -> None:
    model = nn.Linear(2, 1)
    assert not mg.no_grad()(model)(Tensor([[1.0, 2.0]])).requires_grad
