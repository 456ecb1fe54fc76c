"""Threads that share leaves, parts of a graph, memory and modes."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, autograd, nn


@pytest.fixture(autouse=True)
def _threads_that_change_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def run(work: Callable[[int], object], count: int = 8) -> None:
    """Run ``work(0)``, ``work(1)``, ... at once, and raise what one of them raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def body(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


# --- gradients --------------------------------------------------------------------------------------------------------
def test_threads_that_share_a_leaf_lose_no_gradient() -> None:
    w = Tensor(np.zeros(3), requires_grad=True)
    run(lambda number: [(w * float(number)).sum().backward() for _ in range(500)])
    assert w.grad.tolist() == [500.0 * sum(range(8))] * 3


def test_threads_that_share_a_part_of_the_graph() -> None:
    w = Tensor(np.ones(3), requires_grad=True)
    shared = (w * w).exp()
    shared.retain_grad()
    ends = [(shared * float(number + 1)).sum() for number in range(8)]
    run(lambda number: [ends[number].backward(retain_graph=True) for _ in range(100)])
    total = 100.0 * sum(range(1, 9))
    assert shared.grad.tolist() == [total] * 3
    np.testing.assert_allclose(w.grad.numpy(), total * 2 * np.e, rtol=1e-12)


def test_threads_that_name_the_leaf() -> None:
    w = Tensor(np.zeros(3), requires_grad=True)
    run(lambda number: [autograd.backward((w * 2.0).sum(), inputs=[w]) for _ in range(300)])
    assert w.grad.tolist() == [4800.0] * 3


def test_threads_that_differentiate_the_gradient() -> None:
    w = Tensor(np.full(2, 3.0), requires_grad=True)
    run(lambda number: [(w**3).sum().backward(create_graph=True) for _ in range(50)])
    total = w.grad
    w.grad = None
    total.sum().backward()
    assert total.tolist() == [400 * 27.0] * 2 and w.grad.tolist() == [400 * 18.0] * 2


def test_threads_that_share_a_checkpointed_part() -> None:
    def stretch(x: Tensor) -> Tensor:
        y = (x * x).exp()
        time.sleep(0)  # gives way to another thread, also when backward computes it again
        return (y * x).tanh()

    w, alone = (Tensor(np.full(3, 0.5), requires_grad=True) for _ in range(2))
    shared = autograd.checkpoint(lambda x: autograd.checkpoint(stretch, x) * 2.0, w)
    ends = [(shared * float(number + 1)).sum() for number in range(4)]
    run(lambda number: [ends[number].backward(retain_graph=True) for _ in range(50)], 4)
    (stretch(alone) * 2.0 * 500.0).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), alone.grad.numpy(), rtol=1e-12)


def test_threads_that_train_one_model_by_their_own_batches() -> None:
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    batches = [np.random.default_rng(i).standard_normal((5, 4)).astype(np.float32) for i in range(8)]
    for batch in batches:
        model(Tensor(batch)).sum().backward()
    alone = [parameter.grad.numpy().copy() for parameter in model.parameters()]
    model.zero_grad()
    run(lambda number: model(Tensor(batches[number])).sum().backward())
    for parameter, expected in zip(model.parameters(), alone, strict=True):
        np.testing.assert_allclose(parameter.grad.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_hook_that_runs_backward_inside_backward() -> None:
    w, inner = Tensor([1.0], requires_grad=True), Tensor([2.0], requires_grad=True)
    w.register_post_accumulate_grad_hook(lambda _: (inner * 3.0).sum().backward())
    run(lambda number: [(w * 1.0).sum().backward() for _ in range(100)], 4)
    assert w.grad.tolist() == [400.0] and inner.grad.tolist() == [1200.0]


# --- in-place writes --------------------------------------------------------------------------------------------------
def test_no_write_is_forgotten_while_others_write() -> None:
    def work(number: int) -> None:
        x, scratch = Tensor(np.ones(2), requires_grad=True), Tensor(np.zeros(2))
        for _ in range(300):
            kept = x.detach().clone()
            end = (x * kept).sum()
            scratch.fill_(1.0)
            kept.fill_(5.0)
            with pytest.raises(RuntimeError, match="overwritten in place"):
                end.backward()

    run(work, 4)


def test_views_made_by_many_threads_all_follow_an_update() -> None:
    for _ in range(50):
        x = Tensor(np.ones((8, 2)), requires_grad=True)
        h = x * 1.0
        views: dict[int, Tensor] = {}
        run(lambda number, h=h, views=views: views.update({number: h[number : number + 1]}))
        h.add_(1.0)
        assert all(views[number].tolist() == [[2.0, 2.0]] for number in range(8))
        sum(views.values()).sum().backward()
        assert x.grad.tolist() == [[1.0, 1.0]] * 8


# --- modes ------------------------------------------------------------------------------------------------------------
MODES = {"no_grad": (mg.no_grad, False), "enable_grad": (mg.enable_grad, True), "inference": (mg.inference_mode, False)}


@pytest.mark.parametrize("name", MODES)
def test_one_mode_in_many_threads(name: str) -> None:
    make, inside = MODES[name]
    mode = make()

    def work(number: int) -> None:
        around = number % 2 == 0
        mg.set_grad_enabled(around)
        for _ in range(200):
            assert mg.is_grad_enabled() is around
            with mode:
                assert mg.is_grad_enabled() is inside
                with mode, mg.set_grad_enabled(around):
                    assert mg.is_grad_enabled() is around
                assert mg.is_grad_enabled() is inside
            assert mg.is_grad_enabled() is around

    run(work)
    assert mg.is_grad_enabled()


def test_one_decorated_function_in_many_threads() -> None:
    inside = mg.no_grad()(mg.is_grad_enabled)

    def work(number: int) -> None:
        for _ in range(300):
            assert not inside() and mg.is_grad_enabled()

    run(work)


def test_a_mode_that_is_set_at_once_ends_in_the_thread_that_uses_it() -> None:
    mode = mg.set_grad_enabled(False)

    def work(_: int) -> None:
        assert mg.is_grad_enabled()
        with mode:
            assert not mg.is_grad_enabled()
        assert mg.is_grad_enabled()

    run(work, 3)
    assert not mg.is_grad_enabled()
    mg.set_grad_enabled(True)


def test_one_mode_in_tasks_that_take_turns() -> None:
    mode = mg.no_grad()

    async def task(around: bool) -> None:
        mg.set_grad_enabled(around)
        for _ in range(20):
            with mode:
                await asyncio.sleep(0)
                assert not mg.is_grad_enabled()
            await asyncio.sleep(0)
            assert mg.is_grad_enabled() is around

    async def main() -> None:
        await asyncio.gather(*(task(i % 2 == 0) for i in range(5)))

    asyncio.run(main())


def test_a_block_that_another_thread_leaves_changes_nothing_there() -> None:
    def numbers() -> Iterator[int]:
        with mg.no_grad():
            yield 1

    generator = numbers()

    def work(_: int) -> None:
        next(generator)

    run(work, 1)
    assert mg.is_grad_enabled()
    generator.close()
    assert mg.is_grad_enabled()
