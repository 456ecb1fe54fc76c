"""What every optimizer must do, without a reference: skipping, resuming, memory, and what it says about bad input."""

from __future__ import annotations

import copy
import itertools
import pickle
import threading

import numpy as np
import pytest

import minigrad
from minigrad import Parameter, Tensor, nn, optim
from minigrad.nn import functional as F
from minigrad.nn.module.convert import replace
from minigrad.optim import block as blocks
from minigrad.optim.optimizer import required

KINDS = {
    "SGD": lambda params, **options: optim.SGD(params, lr=0.1, **options),
    "momentum": lambda params, **options: optim.SGD(params, lr=0.1, momentum=0.9, dampening=0.2, **options),
    "Adam": lambda params, **options: optim.Adam(params, lr=0.1, **options),
    "AdamW": lambda params, **options: optim.AdamW(params, lr=0.1, **options),
    "amsgrad": lambda params, **options: optim.Adam(params, lr=0.1, amsgrad=True, **options),
    "RMSprop": lambda params, **options: optim.RMSprop(params, lr=0.01, momentum=0.9, centered=True, **options),
    "Adagrad": lambda params, **options: optim.Adagrad(params, lr=0.1, initial_accumulator_value=0.1, **options),
    "Adadelta": lambda params, **options: optim.Adadelta(params, lr=5.0, **options),
    "Adamax": lambda params, **options: optim.Adamax(params, lr=0.1, **options),
    "NAdam": lambda params, **options: optim.NAdam(params, lr=0.1, **options),
    "RAdam": lambda params, **options: optim.RAdam(params, lr=0.1, **options),
    "ASGD": lambda params, **options: optim.ASGD(params, lr=0.3, t0=3, **options),
    "Lion": lambda params, **options: optim.Lion(params, lr=0.01, **options),
}
HIDDEN = ("SGD", "momentum", "Lion")  # whose state has no count of steps
EVERY = pytest.mark.parametrize("kind", KINDS)
BLOCKS = pytest.mark.parametrize("block", [65536, 7])


def parameters(dtype=np.float64, shapes=((3, 2), (2,), (), (4, 1))):
    rng = np.random.default_rng(0)
    return [Parameter(rng.standard_normal(shape), dtype=dtype) for shape in shapes]


def push(params, step, without=()):
    rng = np.random.default_rng([1, step])
    for i, parameter in enumerate(params):
        gradient = rng.standard_normal(parameter.shape)
        parameter.grad = None if i in without else Tensor(gradient, dtype=parameter.dtype)


def values(params):
    return [p.detach().numpy().copy() for p in params]


def same(a, b):
    return all(x.tobytes() == y.tobytes() for x, y in zip(values(a), values(b), strict=True))


# --- the step ---------------------------------------------------------------------------------------------------------
@EVERY
def test_training_works(kind):
    minigrad.manual_seed(0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 5)).astype(np.float32)
    y = (x[:, :1] * x[:, 1:2] > 0).astype(int)[:, 0]
    net = nn.Sequential(nn.Linear(5, 32), nn.Tanh(), nn.Linear(32, 2))
    optimizer = KINDS[kind](net.parameters())
    losses = []
    for _ in range(200):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        assert optimizer.step() is None
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


@EVERY
@BLOCKS
def test_blocks_change_nothing(kind, block, monkeypatch):
    """Bit for bit the same as parameter by parameter."""
    together, alone = parameters(), parameters()
    optimizer = KINDS[kind](together, weight_decay=0.1)
    separate = [KINDS[kind]([p], weight_decay=0.1) for p in alone]
    for step in range(10):
        push(together, step)
        push(alone, step)
        monkeypatch.setattr(blocks, "BLOCK", block)
        optimizer.step()
        monkeypatch.setattr(blocks, "BLOCK", 65536)
        for one in separate:
            one.step()
    assert same(together, alone)


@EVERY
@BLOCKS
def test_a_parameter_without_gradient_is_passed_over(kind, block, monkeypatch):
    """As if it had not been given at all, in every pattern of gaps."""
    monkeypatch.setattr(blocks, "BLOCK", block)
    params, alone = parameters(), parameters()
    optimizer = KINDS[kind](params)
    separate = [KINDS[kind]([p]) for p in alone]
    for step, gaps in enumerate(itertools.product([False, True], repeat=4)):
        without = np.flatnonzero(gaps)
        before = values(params)
        push(params, step, without)
        push(alone, step, without)
        optimizer.step()
        for i, one in enumerate(separate):
            if i not in without:
                one.step()
            else:
                assert (before[i] == params[i].detach().numpy()).all()
        assert same(params, alone)
    if kind == "Adam":
        assert [entry["step"] for entry in optimizer.state_dict()["state"].values()] == [8] * 4


def test_a_frozen_parameter_between_others():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1))
    net[1].requires_grad_(False)
    before = values(net[1].parameters())
    optimizer = optim.Adam(net.parameters(), weight_decay=0.1)
    for _ in range(3):
        net(Tensor([[1.0, 2.0]])).sum().backward()
        optimizer.step()
    assert all((a == b).all() for a, b in zip(before, values(net[1].parameters()), strict=True))
    assert set(optimizer.state_dict()["state"]) == {0, 1, 4, 5}


@EVERY
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes_stay_what_they_are(kind, dtype):
    params, others = parameters(dtype), parameters(dtype)
    optimizer, other = KINDS[kind](params, weight_decay=0.1), KINDS[kind](others, weight_decay=0.1)
    for name in ("lr", "weight_decay"):  # as a schedule computed with NumPy gives them
        optimizer.param_groups[0][name] = np.float64(optimizer.param_groups[0][name])
    for step in range(3):
        push(params, step)
        push(others, step)
        optimizer.step()
        other.step()
    assert all(p.dtype == dtype for p in params) and same(params, others)
    state = optimizer.state_dict()["state"]
    kept = np.float32 if dtype == np.float16 else dtype  # squares of half precision would be 0
    assert all(v.dtype == kept for entry in state.values() for v in entry.values() if isinstance(v, Tensor))


@EVERY
def test_parameters_of_several_dtypes(kind):
    mixed = [p for pair in zip(parameters(np.float32), parameters(np.float64), strict=True) for p in pair]
    single, double = parameters(np.float32), parameters(np.float64)
    optimizers = [KINDS[kind](mixed), KINDS[kind](single), KINDS[kind](double)]
    for step in range(5):
        for i in range(4):
            rng = np.random.default_rng([step, i])
            for p, q in ((mixed[2 * i], single[i]), (mixed[2 * i + 1], double[i])):
                gradient = rng.standard_normal(p.shape)
                p.grad, q.grad = Tensor(gradient, dtype=p.dtype), Tensor(gradient, dtype=p.dtype)
        for optimizer in optimizers:
            optimizer.step()
    assert same(mixed[::2], single) and same(mixed[1::2], double)
    state = optimizers[0].state_dict()["state"]
    assert list(state) == (list(range(8)) if kind != "SGD" else [])


@EVERY
@BLOCKS
def test_memory_order_does_not_matter(kind, block, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", block)
    plain, turned = parameters(shapes=((6, 4), (3, 5))), []
    for p in plain:
        turned.append(Parameter(np.asfortranarray(p.detach().numpy())))
        assert not turned[-1].detach().numpy().flags.c_contiguous
    optimizers = [KINDS[kind](plain), KINDS[kind](turned)]
    for step in range(5):
        push(plain, step)
        push(turned, step)
        for p in turned:
            p.grad = Tensor(np.asfortranarray(p.grad.numpy()))
        for optimizer in optimizers:
            optimizer.step()
    assert same(plain, turned)


@EVERY
def test_parameters_keep_their_memory_and_gradients_their_values(kind):
    params = parameters()
    aliases = [p.detach() for p in params]
    push(params, 0)
    gradients = [p.grad for p in params]
    before = values(gradients)
    KINDS[kind](params, weight_decay=0.1, maximize=True).step()
    assert same(params, aliases)
    assert all(a is p.grad for a, p in zip(gradients, params, strict=True))
    assert all((a == b).all() for a, b in zip(before, values(gradients), strict=True))


@EVERY
def test_a_graph_that_used_the_old_values_refuses(kind):
    weight = Parameter([2.0])
    loss = (weight * weight).sum()
    weight.grad = Tensor([1.0])
    KINDS[kind]([weight]).step()
    with pytest.raises(RuntimeError, match="overwritten in place"):
        loss.backward()


@EVERY
def test_parameters_without_gradient_are_not_marked_as_overwritten(kind):
    weight, other = Parameter([2.0]), Parameter([1.0])
    loss = (weight * weight).sum()
    other.grad = Tensor([1.0])
    KINDS[kind]([weight, other]).step()
    loss.backward()
    assert weight.grad.tolist() == [4]


def test_no_elements():
    empty, other = Parameter(np.zeros((0, 3))), Parameter([1.0], dtype=np.float64)
    optimizer = optim.Adam([empty, other], lr=0.1)
    empty.grad, other.grad = Tensor(np.zeros((0, 3))), Tensor([1.0], dtype=np.float64)
    optimizer.step()
    assert other.tolist() == pytest.approx([0.9])
    alone = optim.SGD([empty], momentum=0.9)
    alone.step()


def test_a_large_parameter_is_updated_as_its_parts():
    rng = np.random.default_rng(0)
    value, gradient = rng.standard_normal((3, 700, 200)), rng.standard_normal((3, 700, 200))
    whole, parts = Parameter(value), [Parameter(v) for v in value]
    assert np.size(whole) > 2 * blocks.BLOCK
    optimizers = [optim.Adam([whole]), optim.Adam(parts)]
    for _ in range(3):
        whole.grad = Tensor(gradient)
        for p, g in zip(parts, gradient, strict=True):
            p.grad = Tensor(g)
        for optimizer in optimizers:
            optimizer.step()
    assert (whole.detach().numpy() == np.stack(values(parts))).all()


def test_closure():
    weight = Parameter([3.0])
    optimizer = optim.SGD([weight], lr=0.1)
    calls = []

    def closure():
        calls.append(minigrad.is_grad_enabled())
        optimizer.zero_grad()
        loss = (weight * weight).sum()
        loss.backward()
        return loss

    with minigrad.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 9 and calls == [True] and weight.item() == pytest.approx(2.4)


def test_zero_grad():
    params = parameters()
    optimizer = optim.SGD(params)
    push(params, 0, without=[1])
    optimizer.zero_grad(set_to_none=False)
    assert params[1].grad is None and not params[0].grad.any() and params[0].grad.dtype == np.float64
    optimizer.zero_grad()
    assert all(p.grad is None for p in params)


@EVERY
def test_two_threads_do_not_disturb_each_other(kind):
    def train(params, steps=200):
        optimizer = KINDS[kind](params)
        for step in range(steps):
            push(params, step)
            optimizer.step()

    expected = parameters()
    train(expected)
    several = [parameters() for _ in range(3)]
    threads = [threading.Thread(target=train, args=(params,)) for params in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(params, expected) for params in several)


# --- state ------------------------------------------------------------------------------------------------------------
@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("through", ["memory", "pickle"])
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(kind, dtype, through):
    def gaps(step):
        return [1] if step % 3 == 0 else []

    straight, resumed = parameters(dtype), parameters(dtype)
    optimizer = KINDS[kind](straight, weight_decay=0.01)
    first = KINDS[kind](resumed, weight_decay=0.01)
    for step in range(20):
        push(resumed, step, gaps(step))
        first.step()
    saved, weights = first.state_dict(), values(resumed)
    if through == "pickle":
        saved = pickle.loads(pickle.dumps(saved))
    for step in range(20, 25):  # going on does not change what was saved
        push(resumed, step)
        first.step()
    again = parameters(dtype)
    second = KINDS[kind](again)
    push(again, 100)
    second.step()  # what it did before is forgotten
    for parameter, weight in zip(again, weights, strict=True):
        parameter.data = weight
    second.load_state_dict(saved)
    for step in range(20, 40):
        push(again, step, gaps(step))
        second.step()
    for step in range(40):
        push(straight, step, gaps(step))
        optimizer.step()
    assert same(straight, again)


@EVERY
def test_state_dict_has_pytorchs_layout(kind):
    params = parameters()
    optimizer = KINDS[kind](params[:1], weight_decay=0.1)
    optimizer.add_param_group({"params": params[1:], "lr": 3.0})
    assert optimizer.state_dict()["state"] == {}
    push(params, 0, without=[2])
    optimizer.step()
    state = optimizer.state_dict()
    names = list(optimizer.buffers(optimizer.param_groups[0]))
    numbers = [] if kind in HIDDEN else list(optimizer.numbers(optimizer.param_groups[0]))
    assert list(state["state"]) == ([0, 1, 3] if names else [])
    for number, entry in state["state"].items():
        assert list(entry) == [*numbers, *names] and entry.get("step", 1) == 1
        assert all(entry[name].shape == params[number].shape for name in names)
    first, second = state["param_groups"]
    assert first["params"] == [0] and second["params"] == [1, 2, 3]
    assert first["lr"] == optimizer.defaults["lr"] and second["lr"] == 3.0 and second["weight_decay"] == 0.1


@EVERY
def test_loading_a_state_that_a_parameter_is_not_part_of(kind):
    params, others = parameters(), parameters()
    used, fresh = KINDS[kind](params), KINDS[kind](others)
    push(params, 0)
    used.step()
    used.load_state_dict(fresh.state_dict())
    for parameter, value in zip(params, values(others), strict=True):
        parameter.data = value
    for step in range(1, 4):
        push(params, step)
        push(others, step)
        used.step()
        fresh.step()
    assert same(params, others)


def test_loading_checks_everything_first():
    params = parameters()
    optimizer = optim.Adam(params, lr=0.1)
    push(params, 0)
    optimizer.step()
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=r"groups of \[3\] parameters, this Adam has groups of \[4\]"):
        optimizer.load_state_dict(optim.Adam(params[:3]).state_dict())
    bad = optimizer.state_dict()
    bad["param_groups"][0]["lr"] = 5.0
    bad["state"][3]["exp_avg"] = np.zeros(3)
    with pytest.raises(ValueError, match=r"exp_avg of parameter 3 has shape \(3,\), the parameter \(4, 1\)"):
        optimizer.load_state_dict(bad)
    sgd = optim.SGD(params, momentum=0.9)
    sgd.step()
    with pytest.raises(ValueError, match=r"\['momentum_buffer'\], and should be \['exp_avg', 'exp_avg_sq'\]"):
        optimizer.load_state_dict(sgd.state_dict())
    with pytest.raises(ValueError, match="lr must be at least 0, got -1"):
        optimizer.load_state_dict({**before, "param_groups": [{**before["param_groups"][0], "lr": -1}]})
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"]
    for number, entry in before["state"].items():
        for name in ("exp_avg", "exp_avg_sq"):
            np.testing.assert_array_equal(after["state"][number][name].numpy(), entry[name].numpy())


@EVERY
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_of_model_and_optimizer_train_on_their_own(kind, copied):
    params = parameters()
    optimizer = KINDS[kind](params)
    for step in range(3):
        push(params, step)
        optimizer.step()
    others, other = copied((params, optimizer))
    before = values(params)
    for step in range(3, 6):
        push(others, step)
        other.step()
    assert all((a == b).all() for a, b in zip(before, values(params), strict=True))
    for step in range(3, 6):
        push(params, step)
        optimizer.step()
    assert same(params, others)


def test_a_pickle_holds_only_parameters_and_state():
    params = [Parameter(np.zeros((1000, 10)))]
    optimizer = optim.Adam(params)
    params[0].grad = Tensor(np.ones((1000, 10)))
    optimizer.step()
    params[0].grad = None
    assert len(pickle.dumps(optimizer)) < 3.1 * 80_000


def test_loading_into_the_memory_of_a_model_in_training():
    net = nn.Linear(3, 2)
    optimizer = optim.Adam(net.parameters(), lr=0.1)
    saved = copy.deepcopy(net.state_dict())
    for _ in range(2):
        net(Tensor([1.0, 2.0, 3.0])).sum().backward()
        optimizer.step()
        net.load_state_dict(saved)
        optimizer.zero_grad()
    net(Tensor([1.0, 2.0, 3.0])).sum().backward()
    optimizer.step()
    assert not np.array_equal(net.weight.detach().numpy(), saved["weight"].numpy())


# --- what it shows ----------------------------------------------------------------------------------------------------
def test_repr():
    optimizer = optim.SGD(parameters(), lr=0.5, momentum=0.9)
    assert repr(optimizer) == (
        "SGD(\n  group 0: 4 Tensors of 13 numbers, lr=0.5, momentum=0.9, dampening=0, weight_decay=0, nesterov=False, "
        "maximize=False\n)"
    )


# --- bad input --------------------------------------------------------------------------------------------------------
W = Parameter([1.0])
USED_UP = iter([W])
list(USED_UP)
BAD = [
    (lambda: optim.SGD([]), ValueError, r"SGD got no parameters; a generator such as model\.parameters\(\)"),
    (lambda: optim.SGD(USED_UP), ValueError, "can be used only once"),
    (lambda: optim.SGD(W), TypeError, r"one Parameter; write \[it\]"),
    (lambda: optim.SGD({"params": [W]}), TypeError, r"one dict; write \[it\]"),
    (lambda: optim.SGD([np.zeros(3)]), TypeError, "parameter 0 of group 0 is no Tensor but ndarray; pass model.param"),
    (lambda: optim.SGD([("w", np.zeros(3))]), TypeError, "parameter 0 of group 0 is no Tensor but ndarray"),
    (lambda: optim.SGD([(W, "w")]), TypeError, "no Tensor but tuple"),
    (lambda: optim.SGD([("w", W), Parameter([1.0])]), ValueError, "names for 1 of 2 parameters; name all, or none"),
    (lambda: optim.SGD({W}), TypeError, "params must be in an order .* a set has none; pass a list"),
    (lambda: optim.SGD([{"params": {W}}]), TypeError, "params of group 0 must be in an order"),
    (lambda: optim.SGD([W, Tensor([1])]), TypeError, "parameter 1 of group 0 is int64, which has no gradient"),
    (lambda: optim.SGD([W * 2]), ValueError, r"shape \(1,\), is inside a graph, .*no effect; pass the leaf"),
    (lambda: optim.SGD([W, W]), ValueError, "parameter 1 of group 0 was given before"),
    (lambda: optim.SGD([{"params": [W]}, {"params": W}]), ValueError, "parameter 0 of group 1 was given before"),
    (
        lambda: optim.SGD([{"params": [W], "learning_rate": 1}]),
        TypeError,
        r"no option \['learning_rate'\], only .*'lr'",
    ),
    (lambda: optim.SGD([{"lr": 1}]), TypeError, r'group 0 must be a dict like \{"params"'),
    (lambda: optim.SGD([{"params": [W]}, [W]]), TypeError, "group 1 must be a dict .* got list"),
    (lambda: optim.SGD([W], lr=-1), ValueError, "lr must be at least 0, got -1"),
    (lambda: optim.SGD([W], lr=float("nan")), ValueError, "lr must be at least 0, got nan"),
    (lambda: optim.SGD([{"params": [W], "lr": -2}]), ValueError, "lr must be at least 0, got -2"),
    (lambda: optim.SGD([W], momentum=-0.1), ValueError, "momentum must be at least 0"),
    (lambda: optim.SGD([W], weight_decay=-0.1), ValueError, "weight_decay must be at least 0"),
    (lambda: optim.SGD([W], nesterov=True), ValueError, "nesterov needs momentum and no dampening"),
    (lambda: optim.SGD([W], momentum=0.9, dampening=0.1, nesterov=True), ValueError, "got momentum=0.9, dampening=0.1"),
    (lambda: optim.Adam([W], lr=-1), ValueError, "lr must be at least 0"),
    (lambda: optim.Adam([W], lr="1e-3"), TypeError, "lr must be a number, got '1e-3'"),
    (lambda: optim.Adam([W], betas=0.9), TypeError, r"betas must be two numbers such as \(0.9, 0.999\), got 0.9"),
    (lambda: optim.Adam([W], betas=(0.9,)), TypeError, "betas must be two numbers"),
    (lambda: optim.Adam([W], eps=-1), ValueError, "eps must be at least 0"),
    (lambda: optim.Adam([W], betas=(1.0, 0.9)), ValueError, r"betas\[0\] must be at least 0 and below 1, got 1.0"),
    (lambda: optim.Adam([W], betas=(0.9, -0.1)), ValueError, r"betas\[1\] must be at least 0 and below 1, got -0.1"),
    (lambda: optim.Adam([W], betas=(0.9, 0.99, 0.999)), TypeError, "betas must be two numbers"),
    (lambda: optim.Adam([W], differentiable=True), ValueError, "Adam has no differentiable=True"),
    (lambda: optim.SGD([{"params": [W], "momentun": 1}]), TypeError, r"no option \['momentun'\].*mean 'momentum'"),
    (lambda: optim.SGD([{"params": [W], "wd": 1}]), TypeError, "did you mean 'weight_decay'"),
    (lambda: optim.RMSprop([W], alpha=1.1), ValueError, "alpha must be at least 0 and below 1"),
    (lambda: optim.RMSprop([W], eps=-1), ValueError, "eps must be at least 0, got -1"),
    (lambda: optim.Adagrad([W], lr_decay=-1), ValueError, "lr_decay must be at least 0, got -1"),
    (lambda: optim.Adagrad([W], initial_accumulator_value=-1), ValueError, "initial_accumulator_value must be at lea"),
    (lambda: optim.Adadelta([W], rho=1.5), ValueError, "rho must be at least 0 and below 1"),
    (lambda: optim.NAdam([W], momentum_decay=-1), ValueError, "momentum_decay must be at least 0, got -1"),
    (
        lambda: optim.Rprop([W], etas=(1.2, 0.5)),
        ValueError,
        r"a number between 0 and 1 and one above 1, got \(1.2, 0.5",
    ),
    (lambda: optim.Rprop([W], etas=0.5), TypeError, r"etas must be two numbers such as \(0.5, 1.2\), got 0.5"),
    (lambda: optim.Rprop([W], step_sizes=(50, 1)), ValueError, "the shortest and the longest step"),
    (lambda: optim.ASGD([W], lambd="a"), TypeError, "lambd must be a number, got 'a'"),
    (lambda: optim.Lion([W], betas=(0.9, 1)), ValueError, r"betas\[1\] must be at least 0 and below 1, got 1"),
    (lambda: optim.Muon([W]), ValueError, r"parameter 0 of its group has shape \(1,\); give it to another optimizer"),
    (lambda: optim.Muon([Parameter([[1.0]])], adjust_lr_fn="x"), ValueError, "adjust_lr_fn must be one of .* got 'x'"),
    (lambda: optim.Muon([Parameter([[1.0]])], ns_steps=100), ValueError, "ns_steps must be at least 0 and below 100"),
    (lambda: optim.Muon([Parameter([[1.0]])], ns_coefficients=(1, 2)), ValueError, "ns_coefficients must be three"),
    (lambda: optim.Adafactor([W], d=0.5), ValueError, "d must be at least 1, got 0.5"),
    (lambda: optim.Adafactor([W], beta2_decay=0.8), ValueError, "beta2_decay must be at most 0, got 0.8"),
    (lambda: optim.Adafactor([W], eps=(None, -1)), ValueError, r"eps\[1\] must be at least 0"),
    (
        lambda: optim.LBFGS([W], line_search_fn="x"),
        ValueError,
        "line_search_fn must be None or 'strong_wolfe', got 'x'",
    ),
    (lambda: optim.LBFGS([{"params": [W]}, {"params": [Parameter([1.0])]}]), ValueError, "one parameter group"),
    (lambda: optim.LBFGS([W], history_size=0), ValueError, "history_size must be at least 1, got 0"),
    (lambda: optim.LBFGS([W]).step(), TypeError, "needs a closure: optimizer.step"),
    (lambda: optim.LBFGS([W]).step(lambda: None), TypeError, "closure of LBFGS returned None; end it with `return"),
    (lambda: optim.Optimizer([W], {}).step(), NotImplementedError, "Optimizer has no step; define step"),
    (lambda: optim.Optimizer([W], {"lr": required}), ValueError, "group 0 of Optimizer needs lr"),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


@EVERY
@pytest.mark.parametrize("gradient", [Tensor([1.0]), Tensor(1.0), np.zeros((4, 1))])
def test_a_gradient_that_does_not_fit_changes_nothing(kind, gradient):
    params = parameters()
    optimizer = KINDS[kind](params)
    push(params, 0)
    before = values(params)
    with pytest.raises((TypeError, RuntimeError), match=r"\.grad .*must (be a Tensor or None|have that shape), got"):
        params[3].grad = gradient
        optimizer.step()
    assert all((a == b).all() for a, b in zip(before, values(params), strict=True))
    assert optimizer.state_dict()["state"] == {}


def test_a_state_of_another_kind_is_refused() -> None:
    w = Parameter([1.0])
    adam = optim.Adam([w])
    for wrong, message in (({}, "state_dict"), (None, "state_dict"), (optim.SGD([w]).state_dict(), "betas")):
        with pytest.raises((TypeError, ValueError), match=message):
            adam.load_state_dict(wrong)


def test_a_model_in_place_of_its_parameters_gets_the_cure() -> None:
    model = nn.Linear(2, 2)
    with pytest.raises(TypeError, match=r"pass model.parameters\(\)|call it: model.parameters\(\)"):
        optim.SGD(model.parameters)
    with pytest.raises(TypeError, match=r"model.parameters\(\)"):
        optim.SGD(model)


def test_a_part_of_the_parameters_converted_afterwards_is_refused() -> None:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    optimizer = optim.Adam([*first.parameters(), *second.parameters()])
    first.half()
    for parameter in [*first.parameters(), *second.parameters()]:
        parameter.grad = parameter.detach() * 1
    before = values([*second.parameters()])
    with pytest.raises(RuntimeError, match="float16 and float32 since the optimizer was made"):
        optimizer.step()
    assert all(np.array_equal(a, b) for a, b in zip(before, values([*second.parameters()]), strict=True))


def test_a_parameter_that_got_new_memory_twice_between_steps() -> None:
    """The memory of the step before is gone then, and its address may have been given to the new one."""
    rows, changed = 100_000, []
    memory = [np.ones(2 * rows, np.float32) for _ in range(20)]
    parameter = Parameter(np.ones(rows, np.float32))
    parameter.grad = minigrad.ones(rows)
    optimizer = optim.SGD([parameter], lr=1.0)
    for first, second in zip(memory[::2], memory[1::2], strict=True):
        for owner in (first, second):
            replace(parameter, owner[:rows])
        optimizer.step()
        changed.append(float(parameter[0].item()))
    assert changed == [0.0] * 10
