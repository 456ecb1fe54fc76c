"""The graph: depth, lifetime, freeing, hooks, in-place safety, modes, threads."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import Parameter, Tensor
from minigrad.autograd import detect_anomaly, enable_grad, grad, is_grad_enabled, no_grad
from minigrad.core import graph as engine
from minigrad.core import writes
from minigrad.core.primitive import REGISTRY, Primitive
from minigrad.core.tensor import raw, wrap
from minigrad.core.views import views_on


def leaf(*values: float, dtype: type = np.float64) -> Tensor:
    return Tensor(np.array(values, dtype), requires_grad=True)


# --- depth and lifetime -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("nodes", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_long_chain(nodes: int) -> None:
    x = leaf(1.0)
    y = x
    for _ in range(nodes):
        y = y * 1.0
    y.backward()
    assert x.grad.item() == 1
    del y  # nor may the release of the chain recurse


def test_the_graph_dies_with_its_output_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        x, w = leaf(1.0, 2.0), Parameter([3.0, 4.0])
        y = (x * w).tanh()
        y.retain_grad()
        y.register_hook(lambda g: None)
        z = mg.concatenate([y, y]).sum()
        z.backward(retain_graph=True)
        nodes = [weakref.ref(n) for n in engine.reachable([z._node])]
        tensors = [weakref.ref(t) for t in (x, y, z, w)]
        arrays = [weakref.ref(t._array) for t in (x, y, w)]
        assert len(nodes) == 6
        del x, y, z, w
        assert not any(reference() for reference in nodes + tensors + arrays)
        # and with a differentiable gradient
        x = leaf(1.0, 2.0)
        (g,) = grad((x * x * x).sum(), x, create_graph=True)
        nodes = [weakref.ref(n) for n in engine.reachable([g._node])]
        del x, g
        assert not any(reference() for reference in nodes)
    finally:
        gc.enable()


def test_backward_frees_as_it_goes() -> None:
    def growth(retain: bool) -> int:
        tracemalloc.start()
        x = Tensor(np.ones(100_000), requires_grad=True)
        y = x
        for _ in range(30):
            y = y.tanh()
        loss = y.sum()
        del y
        before = tracemalloc.get_traced_memory()[0]
        loss.backward(retain_graph=retain)
        kept = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert (loss._node.saved is None) is not retain
        return kept - before

    array = 100_000 * 8
    assert growth(retain=False) < -25 * array  # thirty outputs go, one gradient comes
    assert growth(retain=True) > 0


def test_only_what_a_rule_names_is_kept() -> None:
    x = leaf(1.0, 2.0)
    assert (x + 1)._node.saved == ()
    (kept,) = mg.exp(x)._node.saved
    assert kept.tolist() == np.exp([1.0, 2.0]).tolist()


def test_what_only_the_rule_of_a_constant_names_is_not_kept() -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    for y, kept in ((x * 2.0, [None, 2.0]), (x * w.detach(), [None, w.detach()]), (w.detach() * x, [w.detach(), None])):
        for saved, expected in zip(y._node.saved, kept, strict=True):
            assert (saved is None) if expected is None else np.array_equal(saved, raw(expected))
    total = (x * 3).sum()
    with no_grad():
        x.zero_()
    total.backward()  # nor does anybody mind if it is overwritten
    assert x.grad.tolist() == [3.0, 3.0]


def test_rules_of_inputs_that_need_no_gradient_do_not_run() -> None:
    x, y = leaf(2.0), Tensor([0.0])
    with np.errstate(all="raise"):
        z = x * mg.sqrt(y)  # the derivative of sqrt at 0 would divide by zero
        z.backward()
    assert x.grad.item() == 0


# --- backward and grad ------------------------------------------------------------------------------------------------
def test_what_requires_grad_already_can_be_asked_to() -> None:
    y = leaf(1.0) * 2.0
    assert y.requires_grad_() is y and not y.is_leaf
    with pytest.raises(RuntimeError, match="only on leaves.*output of multiply"):
        y.requires_grad_(False)


def test_the_same_input_twice_counts_twice() -> None:
    x = leaf(3.0)
    (x * x).backward()
    assert x.grad.item() == 6


def test_gradients_accumulate_and_share_no_memory() -> None:
    x, y, seed = leaf(1.0, 2.0), leaf(1.0, 2.0), np.array([1.0, 1.0])
    z = x + y
    z.retain_grad()
    z.backward(Tensor(seed))
    grads = [x.grad, y.grad, z.grad]
    for i, a in enumerate(grads):
        for b in grads[i + 1 :]:
            assert not np.shares_memory(a.numpy(), b.numpy())
    x.grad.numpy()[...] = 7
    assert y.grad.tolist() == [1.0, 1.0] == seed.tolist()
    x.grad = None
    x.sum().backward()
    assert x.grad.numpy().flags.writeable and x.grad.numpy().flags.owndata
    x.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_gradients_that_leaves_have_copies_of_are_let_go_one_by_one() -> None:
    leaves = [leaf(1.0, 2.0) for _ in range(4)]
    computed: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []

    def view(g: np.ndarray) -> np.ndarray:
        whole = np.stack([g, g])
        computed.append(weakref.ref(whole))
        return whole[0]

    for x in leaves:
        x.register_hook(lambda g: wrap(view(raw(g)), None))
        x.register_post_accumulate_grad_hook(lambda x: alive.append(sum(array() is not None for array in computed)))
    sum((x * x).sum() for x in leaves).backward()
    assert alive == [4, 3, 2, 1] and [x.grad.tolist() for x in leaves] == [[2.0, 4.0]] * 4


def test_leaves_that_get_the_same_array_share_no_memory() -> None:
    x, y, w = leaf(1.0, 2.0), leaf(1.0, 2.0), leaf(3.0, 4.0)
    ((x + y) * w).sum().backward()  # add hands one array to both
    assert not np.shares_memory(x.grad.numpy(), y.grad.numpy())
    seed = wrap(np.ones(2), None)
    x.grad = None
    x.backward(seed)
    assert not np.shares_memory(x.grad.numpy(), seed.numpy())


def test_hooks_get_and_give_arrays_of_their_own() -> None:
    x, y, w = leaf(1.0, 2.0, dtype=np.float32), leaf(1.0, 2.0, dtype=np.float32), leaf(3.0, 4.0, dtype=np.float32)
    seen = []

    def spoil(g: Tensor) -> None:
        seen.append(g)
        g *= 0

    handle = x.register_hook(spoil)
    ((x + y) * w).sum().backward()
    assert x.grad.tolist() == y.grad.tolist() == [3.0, 4.0]
    handle.remove()
    for returned in ([1, 2], np.array([1, 2]), np.array([1.0, 2.0]), Tensor([1, 2])):
        x.grad = None
        handle = x.register_hook(lambda g, returned=returned: returned)
        (x * w).sum().backward()
        handle.remove()
        assert x.grad.dtype == np.float32 and x.grad.tolist() == [1.0, 2.0]


def test_create_graph_gradients_share_no_memory_either() -> None:
    x, y = leaf(1.0), leaf(2.0)
    (x + y).backward(create_graph=True)
    assert not np.shares_memory(x.grad._array, y.grad._array)


def test_backward_needs_one_number_or_a_gradient_of_the_right_shape() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"shape \(2,\) needs the gradient"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match=r"shape \(3,\).*\(2,\)"):
        (x * 2).backward(np.ones(3))
    (x * 2).backward([1.0, 10.0])
    assert x.grad.tolist() == [2.0, 20.0]


def test_grad_touches_no_leaf_and_walks_only_what_is_needed() -> None:
    x, w = leaf(2.0), leaf(0.0)
    z = (x * x) * mg.sqrt(w)  # the rule of sqrt at 0 would divide by zero
    with np.errstate(all="raise"):
        (g,) = grad(z, x)
    assert g.item() == 0 and x.grad is None and w.grad is None


def test_grad_of_intermediate_several_unused_and_repeated() -> None:
    x, unused = leaf(2.0), leaf(1.0)
    y = x * x
    z = y * y
    gy, gx, again = grad([z, y], [y, x, x], retain_graph=True)
    assert (gy.item(), gx.item(), again.item()) == (9.0, 36.0, 36.0)
    with pytest.raises(RuntimeError, match="allow_unused=True"):
        grad(z, unused, retain_graph=True)
    assert grad(z, [x, unused], allow_unused=True)[1] is None
    with pytest.raises(RuntimeError, match="input 0 of grad does not require grad"):
        grad(z, Tensor([1.0]))
    with pytest.raises(ValueError, match="1 outputs and 2 grad_outputs"):
        grad(z, x, grad_outputs=[1.0, 2.0])


def test_what_lies_below_the_inputs_is_neither_run_nor_used_up() -> None:
    x = leaf(2.0)
    y = x * x
    z = y * 3.0
    assert grad([y, z], y, [raw(leaf(1.0)), raw(leaf(1.0))])[0].tolist() == [4]
    assert y._node.saved is not None
    with no_grad():
        x.fill_(7.0)  # which the square would miss
    assert grad(y, y, raw(leaf(5.0)))[0].tolist() == [5]


def test_orders_one_to_five() -> None:
    x = leaf(2.0)
    y = x**5
    for expected in (80.0, 160.0, 240.0, 240.0, 120.0):
        (y,) = grad(y, x, create_graph=True)
        assert y.item() == expected


def test_create_graph_inside_no_grad() -> None:
    x = leaf(2.0)
    y = x**3
    with no_grad():
        (g,) = grad(y, x, create_graph=True)
        assert not is_grad_enabled()
    assert grad(g, x)[0].item() == 12


def test_a_mixed_precision_graph_gives_every_leaf_its_own_dtype() -> None:
    a, b = leaf(1.0, dtype=np.float32), leaf(2.0)
    (a * b).backward()
    assert a.grad.dtype == np.float32 and b.grad.dtype == np.float64


# --- hooks ------------------------------------------------------------------------------------------------------------
def test_hooks_see_and_replace_gradients() -> None:
    x = leaf(1.0)
    y = x * 3
    seen = []
    handle = y.register_hook(lambda g: seen.append(g.item()))
    y.register_hook(lambda g: g * 10)
    (y * 2).backward(retain_graph=True)
    assert seen == [2.0] and x.grad.item() == 60
    handle.remove()
    handle.remove()
    (y * 2).backward()
    assert seen == [2.0] and x.grad.item() == 120
    x.register_hook(lambda g: np.ones(3))
    with pytest.raises(RuntimeError, match=r"returned shape \(3,\).*\(1,\)"):
        (x * 2).backward()


def test_a_hook_for_the_length_of_a_block() -> None:
    x = Tensor(2.0, requires_grad=True)
    with x.register_hook(lambda g: g * 10):
        (3 * x).backward()
    (3 * x).backward()
    assert x.grad.item() == 33.0


def test_a_hook_takes_part_in_a_differentiable_gradient() -> None:
    x = leaf(3.0)
    y = x * x
    handle = y.register_hook(lambda g: g * y)
    (g,) = grad(y, x, create_graph=True)  # 2x · x²
    handle.remove()  # or it would act on the second pass as well
    assert g.item() == 54 and grad(g, x)[0].item() == 54  # 6x²


# --- in-place safety --------------------------------------------------------------------------------------------------
def test_an_overwritten_leaf_is_refused_by_name() -> None:
    w, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = (w * x).sum()
    with no_grad():
        w -= 0.1
    with pytest.raises(RuntimeError, match=r"multiply needs its x, of shape \(2,\), which was overwritten in place"):
        y.backward()
    assert w.grad is None and x.grad is None
    (w * x).sum().backward()
    assert x.grad.tolist() == w.tolist()


@pytest.mark.parametrize("write", ["detach", "view", "constant", "data"])
def test_every_way_to_overwrite_is_seen(write: str) -> None:
    w, x = leaf(1.0, 2.0), Tensor(np.array([3.0, 4.0]))
    y = (w * x).sum() + (w * w).sum()
    target = {"detach": w.detach(), "view": x[:1], "constant": x, "data": w.data}[write]
    target[...] = 5.0
    with pytest.raises(RuntimeError, match="overwritten in place"):
        y.backward()


def test_a_write_that_no_rule_minds_is_fine() -> None:
    w = leaf(1.0)
    y = w + 1
    with no_grad():
        w += 1
    y.backward()
    assert w.grad.item() == 1


def test_a_residual_in_the_memory_of_the_output_is_rebuilt_once_that_is_overwritten() -> None:
    times = []

    def forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        out = np.exp(x)
        return out, out

    def again(x: np.ndarray) -> np.ndarray:
        times.append(x)
        return np.exp(x)

    op = Primitive(forward, name="exp_for_a_test", residuals={"e": again})
    op.rule(x=lambda g, e: g * e)
    try:
        x = leaf(1.0, 2.0)
        out = op(x)
        assert out._node.saved[1] is out._array  # one array, not two
        out.backward(Tensor([1.0, 1.0]), retain_graph=True)
        assert not times
        out.detach()[...] = 0.0
        out.backward(Tensor([1.0, 1.0]), retain_graph=True)
        assert len(times) == 1 and x.grad.tolist() == (2 * np.exp([1.0, 2.0])).tolist()
        with no_grad():
            x.zero_()
        with pytest.raises(RuntimeError, match="exp_for_a_test needs its x, .* overwritten in place"):
            out.backward(Tensor([1.0, 1.0]))
    finally:
        del REGISTRY["exp_for_a_test"]


def test_a_residual_without_a_derivative_needs_no_inputs() -> None:
    op = Primitive(lambda x: (np.abs(x), np.sign(x)), name="abs_for_a_test", residuals={"sign": None})
    op.rule(x=lambda g, sign: g * sign)
    try:
        x = leaf(1.0, -2.0)
        out = op(x * x * x)
        assert [part.tolist() for part in out._node.saved] == [[1.0, -1.0]]
        (first,) = grad(out.sum(), x, create_graph=True)
        (second,) = grad(first.sum(), x)
        assert first.tolist() == [3.0, -12.0] and second.tolist() == [6.0, 12.0]
    finally:
        del REGISTRY["abs_for_a_test"]


def test_the_teaching_idiom() -> None:
    w = leaf(4.0)
    for _ in range(3):
        loss = (w * w).sum()
        loss.backward()
        with no_grad():
            w -= 0.25 * w.grad
        w.grad = None
    assert w.item() == 0.5 and w.is_leaf and w.requires_grad


def test_plus_equals_moves_the_handle_inside_a_graph_and_refuses_a_leaf() -> None:
    x = leaf(2.0)
    y = same = x * 1
    earlier = y * y
    y += x
    assert y is same and earlier.item() == 4
    total = Tensor(0.0)
    total += y.sum()
    total.backward()
    assert x.grad.item() == 2
    with pytest.raises(RuntimeError, match=r"no_grad.*w = w - step"):
        x += 1


def test_stamps_of_dead_arrays_are_forgotten() -> None:
    gc.collect()  # what earlier tests left in cycles has stamps too
    before = len(writes._written)
    for _ in range(50):
        t = Tensor([1.0])
        t += 1
    del t
    assert len(writes._written) == before


# --- modes ------------------------------------------------------------------------------------------------------------
def test_no_grad_as_block_and_decorator() -> None:
    x = leaf(1.0)

    @no_grad()
    def first() -> Tensor:
        return x * 2

    @no_grad
    def second() -> Tensor:
        with enable_grad():
            assert (x * 2).requires_grad
        return x * 2

    assert not first().requires_grad and not second().requires_grad and (x * 2).requires_grad
    with pytest.raises(ValueError, match="x"), no_grad():
        raise ValueError("x")
    assert is_grad_enabled()


def test_no_grad_on_a_generator_function_holds_in_its_body_only() -> None:
    @no_grad()
    def steps(n: int) -> object:
        for i in range(n):
            got = yield i, is_grad_enabled()
            assert got is None or got == "sent"
        return "end"

    generator = steps(2)
    assert next(generator) == (0, False) and is_grad_enabled()
    assert generator.send("sent") == (1, False) and is_grad_enabled()
    with pytest.raises(StopIteration, match="end"):
        next(generator)


def test_an_error_thrown_into_a_decorated_generator_reaches_its_body_in_that_mode() -> None:
    seen: list[object] = []

    @no_grad()
    def steps() -> object:
        try:
            yield "first"
        except KeyError as error:
            seen.append((error.args, is_grad_enabled()))
        seen.append((yield "caught"))
        yield "last"

    generator = steps()
    next(generator)
    assert generator.throw(KeyError("k")) == "caught" and seen == [(("k",), False)] and is_grad_enabled()
    assert generator.send("sent") == "last" and seen[1] == "sent" and is_grad_enabled()
    with pytest.raises(ValueError, match="not caught"):
        generator.throw(ValueError("not caught"))
    assert is_grad_enabled()


def test_a_decorated_generator_that_is_closed_ends_in_that_mode() -> None:
    seen: list[object] = []

    @no_grad()
    def steps() -> object:
        try:
            yield 1
        finally:
            seen.append(is_grad_enabled())

    generator = steps()
    next(generator)
    generator.close()
    assert seen == [False] and is_grad_enabled()


def test_many_views_of_one_tensor_take_linear_time() -> None:
    rows = list(Tensor(np.zeros((20_000, 2))))
    assert len(views_on(rows[0]._array)[1]) == 20_000  # the whole is gone, its rows are not


def test_anomaly_mode_names_the_operation_and_the_line() -> None:
    x = leaf(0.0)
    with detect_anomaly(), np.errstate(all="ignore"):
        with pytest.raises(FloatingPointError, match=r"log produced a non-finite value at .*test_graph.py:\d+"):
            mg.log(x)
        y = mg.sqrt(x)
        with pytest.raises(FloatingPointError, match=r"derivative of sqrt, called at .*test_graph.py:\d+"):
            y.backward()


def test_two_threads_train_at_once_as_if_alone() -> None:
    def train(seed: int, results: dict[int, list[float]]) -> None:
        rng = np.random.default_rng(seed)
        w = Tensor(rng.standard_normal((5, 5)), requires_grad=True)
        x = Tensor(rng.standard_normal((20, 5)))
        history = []
        for _ in range(200):
            loss = ((x @ w).tanh() ** 2).mean()
            loss.backward()
            with no_grad():
                w -= 0.5 * w.grad
            w.grad = None
            history.append(loss.item())
        results[seed] = history

    alone: dict[int, list[float]] = {}
    for seed in (1, 2):
        train(seed, alone)
    together: dict[int, list[float]] = {}
    threads = [threading.Thread(target=train, args=(seed, together)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


# --- copies -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, lambda t: pickle.loads(pickle.dumps(t))])
def test_a_copied_leaf_has_its_own_place_in_the_graph(duplicate: object) -> None:
    w = Parameter([1.0, 2.0])
    other = duplicate(w)
    assert type(other) is Parameter and other.requires_grad and other._node is not w._node
    (other * 2).sum().backward()
    assert w.grad is None and other.grad.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="output of multiply"):
        duplicate(w * 2)


def test_deepcopy_keeps_ties_and_gradients() -> None:
    w = leaf(1.0)
    (w * 3).backward()
    a, b = copy.deepcopy([w, w])
    assert a is b and a.grad.item() == 3 and not np.shares_memory(a._array, w._array)
