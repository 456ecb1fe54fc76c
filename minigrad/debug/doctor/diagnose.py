"""diagnose: why a network does not learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...nn.module.module import Module
from .checks import CHECKS
from .consequences import without_consequences
from .examination import Examination, quietly
from .finding import Finding, Report


def diagnose(
    model: Module,
    loss_fn: Callable[[Any, Any], Any],
    batch: tuple[Any, Any],
    optimizer: Any = None,
    step: Callable[..., Any] | None = None,
    *,
    evaluate: Callable[[], Any] | None = None,
) -> Report:
    """Examine a model, its loss and a batch, and say what keeps it from learning, the likeliest cause first.

    Everything is as before afterwards: Parameters, gradients, buffers, modes, random numbers, the optimizer, and the
    variables, lists, dicts and objects with a ``state_dict`` that the functions use, those in functions that they
    call included. What no one can copy stays where it got to: a generator or the iterator of a loader from which
    ``step`` takes its batches has given some hundred of them away, and is to be made anew after the diagnosis
    (``step`` may also take ``(x, y)``). One that runs out ends the trial: that is no finding, and the report says that
    it looked no further. Objects inside other objects, files and plots are not looked after.

    A check that fails itself is left out and named in ``report.skipped``; the others go on.

    Args:
        model: the model, in the state in which its training starts or has got stuck.
        loss_fn: how the loss is computed: ``loss_fn(model(x), y)``.
        batch: ``(x, y)``, some twenty samples or more; a tuple ``x`` becomes several arguments.
        optimizer: the optimizer, so that what it was given is checked.
        step: a function that does one training step, as the user's loop does, without arguments or with ``(x, y)``;
            mistakes of the loop show only in it.
        evaluate: the user's evaluation, without arguments; mistakes of the test show only in it.

    Raises:
        TypeError: for what is not a Module, a function, or a pair.

    Example:
        >>> from minigrad import debug, nn
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
        >>> x, y = np.random.default_rng(0).normal(size=(32, 4)).astype("f"), np.arange(32) % 3
        >>> debug.diagnose(model, nn.CrossEntropyLoss(), (Tensor(x), Tensor(y))).codes[0]
        'double-softmax'
    """
    if not isinstance(model, Module):
        raise TypeError(f"diagnose examines a Module, got {type(model).__name__}: diagnose(model, loss_fn, (x, y))")
    for name, function in (("loss_fn", loss_fn), ("step", step), ("evaluate", evaluate)):
        if not callable(function) and (name == "loss_fn" or function is not None):
            raise TypeError(f"{name} is a function, got {type(function).__name__}; pass it without calling it")
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise TypeError("the batch is a pair of inputs and targets: diagnose(model, loss_fn, (x, y))")
    exam = Examination(model, loss_fn, (batch[0], batch[1]), optimizer, step, evaluate)
    findings: list[Finding] = []
    skipped: list[str] = []
    with exam.kept(), quietly():
        for check in CHECKS:
            try:
                findings += check(exam)
            except Exception as error:  # a model that no one thought of: what the other checks find is still worth it
                skipped.append(f"{check.__name__} ({type(error).__name__}: {error})")
    looked_at = ["the model", "the loss", "one batch"]
    looked_at += ["the optimizer"] if optimizer is not None else []
    ran_out = exam.training.ran_out or any(isinstance(seen.error, StopIteration) for seen in exam.steps)
    few = " until its batches ran out (for rates and schedules, let next() begin a new epoch)" if ran_out else ""
    looked_at += [f"the training step{few}"] if step is not None else []
    looked_at += ["the evaluation"] if evaluate is not None else []
    return Report(without_consequences(findings), looked_at, skipped)
