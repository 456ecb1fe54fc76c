"""Examination: one look at a model, a loss, a batch and, where given, a training step; the checks read from it.

Every part is found out when a check first asks for it, and kept. All state is put back by ``diagnose``, around it.
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from ...autograd.trees import leaves, rebuilt
from ...core.graph import Leaf, Node, reachable
from ...core.modes import is_grad_enabled, no_grad
from ...core.tensor import Tensor
from ...nn.module.module import Module
from ...optim import Adam
from ..trace import Step, Trace
from .numbers import Array, arrays_in, norm, number
from .records import Pass, UserStep
from .signal import Signal
from .state import quietly, restored, used_by
from .training import Training

__all__ = ["Array", "Examination", "Pass", "UserStep", "norm", "number", "quietly"]


class Examination:
    """What there is to examine.

    Args:
        model: the model, in the state and mode in which its user has it.
        loss_fn: how the loss is computed from what the model returns and the targets.
        batch: inputs and targets; inputs that are a tuple become several arguments.
        optimizer: the optimizer, if any.
        step: does one training step, with no arguments or with inputs and targets.
        evaluate: evaluates the model, without arguments.
    """

    def __init__(
        self,
        model: Module,
        loss_fn: Callable[[Any, Any], Any],
        batch: tuple[Any, Any],
        optimizer: Any = None,
        step: Callable[..., Any] | None = None,
        evaluate: Callable[[], Any] | None = None,
    ) -> None:
        self.model, self.loss_fn, self.optimizer = model, loss_fn, optimizer
        self.x, self.y = batch
        self.step_function, self.evaluate = step, evaluate
        self.parameters = dict(model.named_parameters())
        self.modules = dict(model.named_modules())

    # --- the batch ----------------------------------------------------------------------------------------------------
    @cached_property
    def inputs(self) -> list[Array]:
        """The arrays among the inputs."""
        return arrays_in(self.x)

    @cached_property
    def targets(self) -> list[Array]:
        """The arrays among the targets."""
        return arrays_in(self.y)

    @property
    def target(self) -> Array | None:
        """The targets, where they are one array."""
        return self.targets[0] if len(self.targets) == 1 else None

    # --- one pass -----------------------------------------------------------------------------------------------------
    @cached_property
    def first(self) -> Pass:
        """The first pass, in training mode: forward, loss, backward."""
        with restored(self.model):
            self.model.train()
            return self.run()

    @cached_property
    def output(self) -> Array | None:
        """What the model returned in the first pass, where that is one array."""
        found = arrays_in(self.first.output)
        return found[0] if found else None

    def run(self, model: Module | None = None, x: Any = None, y: Any = None, backward: bool = True) -> Pass:
        """A recorded pass on the batch, or on another one."""
        model = self.model if model is None else model
        done = Pass(trace=Trace(model))
        with quietly(), done.trace:
            try:
                done.failed_in = "model"
                model.zero_grad()
                done.output = self.forward(model, x)
                done.forward_steps = len(done.trace.steps)
                done.failed_in = "loss"
                done.loss = self.loss_fn(done.output, self.y if y is None else y)
                done.failed_in = "backward"
                if backward:
                    done.loss.backward(retain_graph=True)
                done.failed_in = ""
            except Exception as error:  # whatever it is, it is what the user would see
                done.error = error
        done.gradients = {
            name: None if p.grad is None else p.grad._array.copy() for name, p in model.named_parameters()
        }
        model.zero_grad()
        return done

    def forward(self, model: Module, x: Any = None) -> Any:
        """The model's output for the inputs, or for others."""
        x = self.x if x is None else x
        return model(*x) if isinstance(x, tuple) else model(x)

    def outputs_for(self, x: Any) -> Array | None:
        """The model's output in eval mode, for other inputs; None where it fails."""
        with restored(self.model), quietly(), no_grad():
            self.model.eval()
            try:
                found = arrays_in(self.forward(self.model, x))
            except Exception:  # other inputs may not suit the model, and that says nothing about it
                return None
            return found[0].copy() if found else None

    @cached_property
    def from_input(self) -> Pass:
        """A forward pass whose inputs require grad, so that what happens to them before any Parameter shows too."""
        x = rebuilt(self.x, iter([_differentiable(leaf) for leaf in leaves(self.x)]))
        with restored(self.model):
            self.model.train()
            return self.run(x=x, backward=False)

    @cached_property
    def graph(self) -> set[Node]:
        """Every node that the loss was computed from."""
        node = getattr(self.first.loss, "_node", None)
        return set() if node is None else reachable([node])

    @cached_property
    def strangers(self) -> list[Tensor]:
        """Leaves of the graph that require grad and are neither Parameters of the model nor inputs or targets."""
        known = {id(t) for t in (*self.parameters.values(), *leaves((self.x, self.y)))}
        found = [node.tensor() for node in sorted(self.graph, key=lambda n: n.born) if isinstance(node, Leaf)]
        return [tensor for tensor in found if tensor is not None and id(tensor) not in known]

    # --- does it learn? -----------------------------------------------------------------------------------------------
    @cached_property
    def reference(self) -> list[float]:
        """Losses of a copy of the model, trained as it should be: Adam, every Parameter, train mode."""
        return self.trained()[1]

    def trained(
        self, steps: int | None = None, lr: float = 1e-2, y: Any = None, x: Any = None, thaw: bool = True
    ) -> tuple[Module | None, list[float]]:
        """A copy of the model trained on the batch, frozen Parameters too, and the loss before every step."""
        with restored(self.model), quietly():
            try:
                model = copy.deepcopy(self.model)
            except Exception:  # a model that cannot be copied cannot be trained beside the user's
                return None, []
            model.train()
            if thaw:
                model.requires_grad_(True)
            optimizer, losses = Adam(model.parameters(), lr=lr), []
            for _ in range(self.training.patience if steps is None else steps):
                try:
                    loss = self.loss_fn(self.forward(model, x), self.y if y is None else y)
                    losses.append(number(loss))
                    if not math.isfinite(losses[-1]):
                        break
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                except Exception:  # the first pass tells what is wrong; here there is no more to learn
                    break
            return model, losses

    # --- the user's loop ----------------------------------------------------------------------------------------------
    @cached_property
    def steps(self) -> list[UserStep]:
        """What the first four of the user's steps did, one by one."""
        if self.step_function is None:
            return []
        done: list[UserStep] = []
        with self.kept(), quietly():
            for _ in range(4):
                done.append(self._observed())
                if done[-1].error is not None:
                    break
        return done

    @cached_property
    def training(self) -> Training:
        """Trials with the user's steps."""
        return Training(self)

    @property
    def course(self) -> list[float]:
        """The loss on the batch in the course of 150 of the user's steps, after every tenth, with the first before."""
        return self.training.course().losses if self.step_function is not None else []

    def take_step(self) -> None:
        """One of the user's steps."""
        assert self.step_function is not None
        try:
            required = [
                p
                for p in inspect.signature(self.step_function).parameters.values()
                if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
            ]
        except (TypeError, ValueError):
            required = []
        self.step_function(self.x, self.y) if len(required) == 2 else self.step_function()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """All that the user's functions use is as before afterwards."""
        functions = [f for f in (self.step_function, self.evaluate, self.loss_fn) if f is not None]
        others = used_by(*functions)
        with restored(self.model, others if self.optimizer is None else [self.optimizer, *others], functions):
            yield

    def _observed(self) -> UserStep:
        """One of the user's steps, watched."""
        seen = UserStep()
        before = {name: p._array.copy() for name, p in self.parameters.items()}
        seen.sizes = {name: norm(array) for name, array in before.items()}
        handles: list[Any] = []
        fresh: dict[str, Array] = {}

        def note(name: str) -> Callable[[Tensor], None]:
            def keep(gradient: Tensor) -> None:
                fresh[name] = gradient._array.copy()

            return keep

        def total(name: str) -> Callable[[Tensor], None]:
            def keep(tensor: Tensor) -> None:
                if name in fresh and tensor.grad is not None:
                    seen.arrived.setdefault(name, []).append((fresh.pop(name), tensor.grad._array.copy()))

            return keep

        for name, p in self.parameters.items():
            if p.requires_grad:
                handles += [p.register_hook(note(name)), p.register_post_accumulate_grad_hook(total(name))]
        for path, module in self.modules.items():
            handles.append(module.register_forward_pre_hook(self._mode(path, seen)))
        for optimizer in self.training.optimizers:
            if hasattr(optimizer, "register_step_pre_hook"):
                handles.append(optimizer.register_step_pre_hook(self._stepping(seen)))
        seen.rates = [float(group.get("lr", math.nan)) for group in getattr(self.optimizer, "param_groups", [])]
        try:
            self.take_step()
        except Exception as error:
            seen.error = error
        finally:
            for handle in handles:
                handle.remove()
        seen.moved = {name: norm(p._array - before[name]) for name, p in self.parameters.items()}
        return seen

    @staticmethod
    def _mode(path: str, seen: UserStep, learning: bool = True) -> Callable[..., None]:
        def note(module: Module, inputs: Any) -> None:
            if learning and not is_grad_enabled():  # an evaluation inside the training step
                return
            seen.training.setdefault(path, module.training)
            if inputs and isinstance(inputs[0], Tensor):
                seen.shapes.setdefault(path, inputs[0].shape)

        return note

    @staticmethod
    def _stepping(seen: UserStep) -> Callable[..., None]:
        def note(optimizer: Any, *_: Any) -> None:
            seen.stepped += 1
            given = [p.grad for group in optimizer.param_groups for p in group["params"]]
            seen.gradients_at_step += sum(bool(g is not None and g._array.any()) for g in given)
            arrived = math.hypot(*(norm(pairs[-1][1]) for pairs in seen.arrived.values()))
            if arrived > 0:
                seen.shortened = math.hypot(*(norm(g._array) for g in given if g is not None)) / arrived

        return note

    def loss_now(self) -> float:
        """The loss on the batch, as the model stands and in its mode, changing nothing."""
        with restored(self.model), no_grad():
            try:
                return number(self.loss_fn(self.forward(self.model), self.y))
            except Exception:
                return math.nan

    @cached_property
    def evaluation(self) -> dict[str, bool]:
        """The mode of every Module that the user's evaluation called, by path."""
        seen = UserStep()
        if self.evaluate is None:
            return {}
        with self.kept(), quietly():
            handles = [m.register_forward_pre_hook(self._mode(path, seen, False)) for path, m in self.modules.items()]
            try:
                self.model.train()
                self.evaluate()
            except Exception:  # what is wrong with it is for its user to see
                pass
            finally:
                for handle in handles:
                    handle.remove()
        return seen.training

    @cached_property
    def mode_after_evaluation(self) -> dict[str, bool] | None:
        """The mode of every Module in a training step that follows the user's evaluation; None if it cannot be run."""
        if self.step_function is None or self.evaluate is None:
            return None
        with self.kept(), quietly():
            try:
                self.model.train()
                self.evaluate()
            except Exception:  # what is wrong with it is for its user to see
                return None
            return self._observed().training

    @cached_property
    def calm_steps(self) -> list[Step]:
        """The operations of a pass after ``eval()``."""
        with restored(self.model):
            self.model.eval()
            return self.run(backward=False).model_steps

    @cached_property
    def signal(self) -> Signal:
        """The layers and activations of the first pass."""
        return Signal(self)

    # --- words --------------------------------------------------------------------------------------------------------
    @property
    def optimized(self) -> set[int]:
        """The identities of the Tensors that the optimizer has."""
        groups: Sequence[dict[str, Any]] = getattr(self.optimizer, "param_groups", [])
        return {id(p) for group in groups for p in group["params"]}

    @property
    def has_optimizer(self) -> bool:
        """Whether an optimizer was given."""
        return hasattr(self.optimizer, "param_groups")


def _differentiable(leaf: Any) -> Any:
    """The same numbers in a Tensor that requires grad, where they are floating-point."""
    array = leaf._array if isinstance(leaf, Tensor) else leaf
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        return leaf
    return Tensor(array, requires_grad=True)
