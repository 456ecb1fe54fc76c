"""``optimizer.state``, groups that are changed by hand, hooks, and what is saved."""

from __future__ import annotations

import copy
import pickle
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Parameter, Tensor, nn, no_grad, optim

FLAT = ["SGD", "Adam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop", "ASGD", "Lion"]
ALL = [*FLAT, "AdamW", "Adafactor", "Muon"]
EVERY = pytest.mark.parametrize("name", ALL)


def made(name: str, params: Any, **options: Any) -> Any:
    return getattr(optim, name)(params, **{**({"momentum": 0.9} if name == "SGD" else {}), **options})


def pushed(*shapes: tuple[int, ...], seed: int = 0) -> list[Parameter]:
    rng = np.random.default_rng(seed)
    params = [Parameter(rng.standard_normal(shape)) for shape in shapes]
    for parameter in params:
        parameter.grad = Tensor(rng.standard_normal(parameter.shape))
    return params


# --- what the state shows ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", FLAT)
def test_state_is_a_view_of_what_the_steps_use(name: str) -> None:
    one, other = pushed((3, 2), (2,)), pushed((3, 2), (2,))
    seen, unseen = made(name, one), made(name, other)
    assert len(seen.state) == 0 and dict(seen.state[one[0]]) == {} and seen.state.get(one[0]) is None
    for _ in range(3):
        seen.step()
        unseen.step()
    assert [p is q for p, q in zip(seen.state, one, strict=True)] == [True, True] and one[0] in seen.state
    assert repr(seen.state[one[0]]) == repr(dict(seen.state[one[0]]))
    for parameter, twin in zip(one, other, strict=True):
        for key, value in seen.state[parameter].items():
            if isinstance(value, Tensor):
                value.mul_(0.5)  # written into the buffers
                unseen.state[twin][key] = value  # copied into them
    for a, b in zip(one, other, strict=True):
        seen.step()
        unseen.step()
        np.testing.assert_array_equal(a.tolist(), b.tolist())


@pytest.mark.parametrize("forget", ["clear", "del", "new", "assign"])
def test_state_that_is_forgotten_begins_anew(forget: str) -> None:
    params = pushed((3,), (2,))
    optimizer = optim.Adam(params, lr=0.1)
    for _ in range(3):
        optimizer.step()
    if forget == "clear":
        optimizer.state.clear()
    elif forget == "assign":
        optimizer.state = defaultdict(dict)
    elif forget == "del":
        for parameter in params:
            del optimizer.state[parameter]
    else:
        optimizer.load_state_dict(optim.Adam(params, lr=0.1).state_dict())
    assert len(optimizer.state) == 0 and optimizer.state_dict()["state"] == {}
    before = [p.tolist() for p in params]
    optimizer.step()
    for parameter, old in zip(params, before, strict=True):
        np.testing.assert_allclose(np.abs(np.subtract(parameter.tolist(), old)), 0.1, rtol=1e-6)


def test_the_count_of_steps_can_be_set() -> None:
    (w,) = pushed((2,))
    optimizer = optim.Adam([w], lr=0.1)
    optimizer.step()
    optimizer.state[w]["step"] = 7
    optimizer.step()
    assert optimizer.state[w]["step"] == 8 and optimizer.state_dict()["state"][0]["step"] == 8


def test_users_keep_their_own_beside_it() -> None:
    (w,) = pushed((2,))
    optimizer = optim.Adam([w])
    optimizer.state[w]["note"] = "mine"
    optimizer.step()
    optimizer.state[w]["slow"] = w.detach().clone()
    assert list(optimizer.state[w]) == ["step", "exp_avg", "exp_avg_sq", "note", "slow"]
    again = optim.Adam([w])
    again.load_state_dict(optimizer.state_dict())
    assert again.state[w]["note"] == "mine" and again.state[w]["slow"].tolist() == w.tolist()
    del optimizer.state[w]["note"]
    with pytest.raises(KeyError, match="forget the whole state of a parameter"):
        del optimizer.state[w]["exp_avg"]
    with pytest.raises(KeyError):
        optimizer.state[w]["note"]


def test_a_state_of_another_shape_is_refused_by_the_next_step() -> None:
    (w,) = pushed((2,))
    optimizer = optim.Adam([w])
    optimizer.step()
    optimizer.state[w]["exp_avg"] = minigrad.zeros(3)
    with pytest.raises(ValueError, match=r"'exp_avg'\] was set to a Tensor of shape \(3,\), its parameter \(2,\)"):
        optimizer.step()
    optimizer.state[w]["exp_avg"] = minigrad.zeros(2)
    optimizer.step()


# --- groups that are changed by hand ----------------------------------------------------------------------------------
def test_a_parameter_is_replaced_by_a_longer_one_with_its_state() -> None:
    """As programs that grow a scene do: Gaussian splatting."""
    means, scales = pushed((2, 3), (2,))
    groups = [{"params": [means], "lr": 0.1, "name": "means"}, {"params": [scales], "lr": 0.1, "name": "scales"}]
    optimizer = optim.Adam(groups, lr=0.0, eps=1e-15)
    optimizer.step()
    kept = optimizer.state[means]["exp_avg"].tolist()
    for group in optimizer.param_groups:
        if group["name"] == "means":
            stored = optimizer.state.get(group["params"][0], None)
            more = minigrad.zeros(1, 3)
            stored["exp_avg"] = minigrad.cat((stored["exp_avg"], minigrad.zeros_like(more)), dim=0)
            stored["exp_avg_sq"] = minigrad.cat((stored["exp_avg_sq"], minigrad.zeros_like(more)), dim=0)
            del optimizer.state[group["params"][0]]
            group["params"][0] = Parameter(minigrad.cat((group["params"][0].detach(), more), dim=0))
            optimizer.state[group["params"][0]] = stored
    longer = optimizer.param_groups[0]["params"][0]
    longer.grad = minigrad.ones(3, 3, dtype=np.float64)
    optimizer.step()
    assert optimizer.state[longer]["step"] == 2 and optimizer.state[scales]["step"] == 2
    np.testing.assert_allclose(optimizer.state[longer]["exp_avg"].tolist()[:2], 0.9 * np.array(kept) + 0.1)
    assert means not in optimizer.state and len(optimizer.state) == 2


def test_parameters_and_groups_that_are_added_and_taken_away_by_hand() -> None:
    params, others = pushed((2,), (3,), (1,)), pushed((2,), (3,), (1,))
    by_hand, fresh = optim.Adam(params[:2], lr=0.1), optim.Adam(others[:2], lr=0.1)

    def step(seed: int) -> None:
        for p, q in zip(params, others, strict=True):
            p.grad, q.grad = (Tensor(np.random.default_rng([seed, *p.shape]).standard_normal(p.shape)) for _ in "ab")
        others[0].grad = None if seed > 5 else others[0].grad
        by_hand.step()
        fresh.step()

    step(1)
    step(2)
    by_hand.param_groups.append({**by_hand.param_groups[0], "params": [params[2]]})
    fresh.add_param_group({"params": [others[2]]})
    step(3)
    step(4)
    by_hand.param_groups[0]["params"].pop(0)
    step(6)
    step(7)
    assert [p.tolist() for p in params] == [p.tolist() for p in others]
    by_hand.param_groups[0]["params"].append(params[2])
    with pytest.raises(ValueError, match="parameter 0 of group 1 is in the groups twice"):
        by_hand.step()
    by_hand.param_groups[0]["params"][-1] = np.zeros(2)
    with pytest.raises(TypeError, match="parameter 1 of group 0 is no Tensor but ndarray"):
        by_hand.step()


def test_named_parameters() -> None:
    model = nn.Linear(2, 1)
    optimizer = optim.Adam(model.named_parameters())
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert [p is q for p, q in zip(optimizer.param_groups[0]["params"], model.parameters(), strict=True)] == [True] * 2
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    optimizer.load_state_dict(optim.Adam(model.parameters()).state_dict())
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"] and "param_names" not in repr(optimizer)


def test_a_rate_that_is_a_tensor() -> None:
    for name in ALL:
        params = pushed((2, 2), seed=3), pushed((2, 2), seed=3)
        made(name, params[0], lr=Tensor(0.05)).step()
        made(name, params[1], lr=float(np.float32(0.05))).step()
        assert params[0][0].tolist() == params[1][0].tolist(), name


# --- hooks ------------------------------------------------------------------------------------------------------------
def test_hooks_around_steps_states_and_loads() -> None:
    (w,) = pushed((2,))
    optimizer = optim.SGD([w], lr=1.0)
    calls: list[str] = []
    handles = [
        optimizer.register_step_pre_hook(lambda o, args, kwargs: calls.append(f"pre {args} {sorted(kwargs)}")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: calls.append("post")),
        optimizer.register_state_dict_pre_hook(lambda o: calls.append("state")),
        optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 1}),
        optimizer.register_load_state_dict_pre_hook(lambda o, state: calls.append("second")),
        optimizer.register_load_state_dict_pre_hook(lambda o, state: calls.append("first"), prepend=True),
        optimizer.register_load_state_dict_post_hook(lambda o: calls.append("loaded")),
    ]
    optimizer.step(closure=None)
    state = optimizer.state_dict()
    optimizer.load_state_dict(state)
    assert state["extra"] == 1 and calls == ["pre () ['closure']", "post", "state", "first", "second", "loaded"]
    pickle.loads(pickle.dumps(optimizer)).step()
    copy.deepcopy(optimizer).step()
    assert len(calls) == 6
    for handle in handles:
        handle.remove()
    optimizer.step()
    optimizer.state_dict()
    assert len(calls) == 6


def test_hooks_of_all_optimizers() -> None:
    calls: list[str] = []
    first, second = (optim.SGD([Tensor([1.0], requires_grad=True)], lr=0.1) for _ in range(2))
    for optimizer in (first, second):
        optimizer.param_groups[0]["params"][0].grad = Tensor([1.0])
    handles = [
        optim.optimizer.register_optimizer_step_pre_hook(lambda optimizer, args, kwargs: calls.append("before all")),
        optim.optimizer.register_optimizer_step_post_hook(lambda optimizer, args, kwargs: calls.append("after all")),
        first.register_step_pre_hook(lambda optimizer, args, kwargs: calls.append("before")),
        first.register_step_post_hook(lambda optimizer, args, kwargs: calls.append("after")),
    ]
    first.step()
    second.step()
    assert calls == ["before all", "before", "after", "after all", "before all", "after all"]
    for handle in handles:
        handle.remove()
    first.step()
    assert len(calls) == 6


def test_a_hook_changes_the_arguments_of_a_step() -> None:
    (w,) = pushed((2,))
    optimizer = optim.SGD([w], lr=1.0)
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: 5.0,), {}))
    assert optimizer.step() == 5.0
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match=r"returns None or \(args, kwargs\), got 3"):
        optimizer.step()


# --- saved ------------------------------------------------------------------------------------------------------------
class Own(optim.Optimizer):
    """Keeps Tensors, numbers and lists."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr})

    @no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["step"], state["history"], state["mean"] = 0, [], minigrad.zeros_like(p)
                state["step"] += 1
                state["mean"].lerp_(p.grad, 0.5)
                state["history"].append(p.grad.clone())
                p.add_(state["mean"] + state["history"][0], alpha=-group["lr"] / state["step"])


@pytest.mark.parametrize("name", [*ALL, "Own"])
@pytest.mark.parametrize("through", ["memory", "pickle", "file", "deepcopy"])
def test_a_run_that_is_interrupted_equals_one_that_is_not(name: str, through: str, tmp_path: Any) -> None:
    make = Own if name == "Own" else lambda params: made(name, params)
    shapes = ((3, 2), (2, 2)) if name == "Muon" else ((3, 2), (2,), ())
    straight, stopped = pushed(*shapes), pushed(*shapes)
    one, other = make(straight), make(stopped)
    for step in range(6):
        for p, q in zip(straight, stopped, strict=True):
            gradient = np.random.default_rng([step, *p.shape]).standard_normal(p.shape)
            p.grad = None if step % 3 == 1 and p is straight[0] else Tensor(gradient)
            q.grad = None if p.grad is None else Tensor(gradient)
        if step == 3:
            state = other.state_dict()
            if through == "pickle":
                state = pickle.loads(pickle.dumps(state))
            elif through == "file":
                pytest.importorskip("safetensors", reason="files need safetensors")
                minigrad.save(state, tmp_path / "state.safetensors")
                state = minigrad.load(tmp_path / "state.safetensors")
            if through == "deepcopy":
                gradients = [q.grad for q in stopped]
                stopped, other = copy.deepcopy((stopped, other))
                for q, gradient in zip(stopped, gradients, strict=True):
                    q.grad = gradient
            else:
                other = make(stopped)
                other.load_state_dict(state)
        one.step()
        other.step()
    assert [p.tolist() for p in straight] == [q.tolist() for q in stopped]


def test_a_state_is_a_copy() -> None:
    (w,) = pushed((2,))
    for optimizer in (optim.Adam([w]), Own([w])):
        optimizer.step()
        state = optimizer.state_dict()
        before = repr(state)
        optimizer.step()
        optimizer.param_groups[0]["lr"] = 7.0
        assert repr(state) == before


def test_a_state_without_flags_of_later_versions_is_loaded() -> None:
    (w,) = pushed((2,))
    optimizer = optim.Adam([w])
    optimizer.step()
    state = optimizer.state_dict()
    del state["param_groups"][0]["decoupled_weight_decay"], state["param_groups"][0]["maximize"]
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["maximize"] is False
    del state["param_groups"][0]["lr"]
    with pytest.raises(ValueError, match=r"has not the options \['lr'\] of Adam"):
        optimizer.load_state_dict(state)
