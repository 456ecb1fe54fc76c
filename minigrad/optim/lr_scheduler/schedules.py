"""Learning-rate schedules as plain functions of the step, counted from 0: the classes of this package are their faces.

Each returns the factor by which the rate is multiplied, or goes from one given rate to another. None has a memory, so
that any of them can be drawn, tested, or passed to ``LambdaLR``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "constant",
    "cosine",
    "cosine_restarts",
    "cyclic",
    "exponential",
    "linear",
    "multi_step",
    "one_cycle",
    "polynomial",
    "step_decay",
    "warmup",
    "warmup_cosine",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show


# --- factors ----------------------------------------------------------------------------------------------------------
def constant(step: float, factor: float = 1 / 3, total_iters: float = 5) -> float:
    """``factor`` for the first ``total_iters`` steps, then 1.

    Example:
        >>> [constant(step, factor=0.5, total_iters=2) for step in range(4)]
        [0.5, 0.5, 1.0, 1.0]
    """
    return factor if step < total_iters else 1.0


def linear(step: float, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: float = 5) -> float:
    """From ``start_factor`` to ``end_factor`` in ``total_iters`` equal steps; without any, the end at once.

    Example:
        >>> [linear(step, start_factor=0.5, total_iters=2) for step in range(4)]
        [0.5, 0.75, 1.0, 1.0]
    """
    share = min(step / total_iters, 1.0) if total_iters > 0 else 1.0
    return start_factor * (1 - share) + end_factor * share


def warmup(step: float, warmup_steps: int) -> float:
    """Rises over ``warmup_steps`` steps in equal parts, never from 0, and is 1 from then on.

    Example:
        >>> [warmup(step, warmup_steps=3) for step in range(5)]
        [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    return linear(step, 1 / (warmup_steps + 1), 1.0, warmup_steps)


def step_decay(step: float, step_size: float, gamma: float = 0.1) -> float:
    """``gamma`` times less after every ``step_size`` steps.

    Example:
        >>> [step_decay(step, step_size=2, gamma=0.5) for step in range(5)]
        [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    check_positive("step_size", step_size)
    return float(gamma ** (step // step_size))


def multi_step(step: float, milestones: Iterable[float], gamma: float = 0.1) -> float:
    """``gamma`` times less at each of the milestones.

    Example:
        >>> [multi_step(step, milestones=[1, 3], gamma=0.5) for step in range(5)]
        [1.0, 0.5, 0.5, 0.25, 0.25]
    """
    return float(gamma) ** sum(milestone <= step for milestone in milestones)


def exponential(step: float, gamma: float) -> float:
    """``gamma`` times less at every step.

    Example:
        >>> [exponential(step, gamma=0.5) for step in range(4)]
        [1.0, 0.5, 0.25, 0.125]
    """
    return float(gamma**step)


def polynomial(step: float, total_iters: float = 5, power: float = 1.0) -> float:
    """(1 - step / total_iters) to the given power, and 0 at the end; power 1 is a straight line.

    Example:
        >>> [polynomial(step, total_iters=4, power=2.0) for step in range(6)]
        [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]
    """
    check_positive("total_iters", total_iters)
    if power < 0:
        raise ValueError(f"power must be at least 0, or the rate would grow without end; got {power}")
    return float((1 - min(total_iters, step) / total_iters) ** power)


def warmup_cosine(step: float, warmup_steps: int, total_steps: int, min_ratio: float = 0.0) -> float:
    """``warmup``, then half a cosine down to ``min_ratio``, which is reached at ``total_steps`` and kept.

    Example:
        >>> [round(warmup_cosine(step, warmup_steps=1, total_steps=5), 3) for step in range(7)]
        [0.5, 1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    if step < warmup_steps:
        return warmup(step, warmup_steps)
    if step >= total_steps:
        return min_ratio
    return cosine(step - warmup_steps, total_steps - warmup_steps, 1.0, min_ratio)


# --- between two rates ------------------------------------------------------------------------------------------------
def cosine(step: float, T_max: float, start: float = 1.0, end: float = 0.0) -> float:
    """Half a cosine from ``start`` to ``end`` within ``T_max`` steps, and back again within as many.

    Source:
        Loshchilov & Hutter 2017, equation 5.

    Example:
        >>> [round(cosine(step, T_max=4), 3) for step in range(7)]
        [1.0, 0.854, 0.5, 0.146, 0.0, 0.146, 0.5]
    """
    check_positive("T_max", T_max)
    return end + (start - end) * (1 + math.cos(math.pi * step / T_max)) / 2


def cosine_restarts(step: float, T_0: int, T_mult: int = 1, start: float = 1.0, end: float = 0.0) -> float:
    """Half cosines from ``start`` to ``end``: the first takes ``T_0`` steps, each ``T_mult`` times as many as the last.

    Source:
        Loshchilov & Hutter 2017, equation 5.

    Example:
        >>> [round(cosine_restarts(step, T_0=2, T_mult=2), 3) for step in range(7)]
        [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """
    within, length = since_restart(step, T_0, T_mult)
    return cosine(within, length, start, end)


def one_cycle(
    step: float,
    total_steps: int,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> float:
    """Up from 1 / ``div_factor`` to 1 within the share ``pct_start`` of the steps, and then down to almost nothing.

    Args:
        step: the number of the step, from 0.
        total_steps: the length of the cycle; the last is the step ``total_steps - 1``.
        pct_start: the share of the steps in which the rate rises.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        div_factor: how many times less than the highest the first rate is.
        final_div_factor: how many times less than the first the last one is.
        three_phase: fall to the first rate in as many steps as it rose, and then to the last.

    Source:
        Smith & Topin 2018.

    Example:
        >>> [round(one_cycle(step, total_steps=8, pct_start=0.5, anneal_strategy="linear"), 3) for step in range(8)]
        [0.04, 0.36, 0.68, 1.0, 0.75, 0.5, 0.25, 0.0]
    """
    low = 1 / div_factor
    levels = [low, 1.0, low, low / final_div_factor] if three_phase else [low, 1.0, low / final_div_factor]
    phase, share = phase_at(step, ends_of_phases(total_steps, pct_start, three_phase))
    return ANNEALING[anneal_strategy](levels[phase], levels[phase + 1], share)


def cyclic(
    step: float,
    base: float,
    maximum: float,
    step_size_up: float = 2000,
    step_size_down: float | None = None,
    mode: str = "triangular",
    gamma: float = 1.0,
) -> float:
    """Up from ``base`` to ``maximum`` and down again, over and over.

    Args:
        step: the number of the step, from 0.
        base: the lowest rate.
        maximum: the highest.
        step_size_up: how many steps go up.
        step_size_down: how many go down; as many if None.
        mode: ``"triangular"``; ``"triangular2"`` halves the height after every cycle; ``"exp_range"`` multiplies it by
            ``gamma`` at every step.
        gamma: for ``"exp_range"``.

    Source:
        Smith 2017.

    Example:
        >>> [cyclic(step, 0.0, 1.0, step_size_up=2) for step in range(6)]
        [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]
    """
    cycle, height = triangle(step, step_size_up, step_size_up if step_size_down is None else step_size_down)
    return base + (maximum - base) * height * scale(mode, cycle, step, gamma)


# --- parts ------------------------------------------------------------------------------------------------------------
def check_positive(name: str, value: float) -> None:
    """Refuse a number of steps that is not above 0."""
    if not value > 0:
        raise ValueError(f"{name} is a number of steps and must be above 0, got {value}")


def since_restart(step: float, T_0: int, T_mult: int = 1) -> tuple[float, int]:
    """How many steps ago the last restart was, and how many this cycle takes.

    Example:
        >>> since_restart(25, T_0=10, T_mult=2)
        (15, 20)
    """
    if T_mult == 1:
        return step % T_0, T_0
    length = T_0
    while step >= length:
        step -= length
        length *= T_mult
    return step, length


def triangle(step: float, up: float, down: float) -> tuple[int, float]:
    """The number of the cycle, from 1, and how high in it a step is, from 0 to 1.

    Example:
        >>> triangle(5, up=2, down=2)
        (2, 0.5)
    """
    total, peak = up + down, up / (up + down)
    cycle = math.floor(1 + step / total)
    share = 1.0 + step / total - cycle
    return cycle, share / peak if share <= peak else (share - 1) / (peak - 1)


def scale(mode: str, cycle: float, step: float, gamma: float) -> float:
    """By which factor a mode of ``cyclic`` lowers the height of a cycle."""
    if mode == "exp_range":
        return float(gamma**step)
    return {"triangular": 1.0, "triangular2": float(2.0 ** (1 - cycle))}[mode]


def ends_of_phases(total_steps: int, pct_start: float, three_phase: bool) -> list[float]:
    """The last step of each phase of ``one_cycle``."""
    first = float(pct_start * total_steps) - 1
    return [first, float(2 * pct_start * total_steps) - 2, total_steps - 1] if three_phase else [first, total_steps - 1]


def phase_at(step: float, ends: Sequence[float]) -> tuple[int, float]:
    """In which phase a step is, from 0, and which share of that phase is over."""
    phase = next((number for number, end in enumerate(ends) if step <= end), len(ends) - 1)
    start = ends[phase - 1] if phase else 0.0
    return phase, (step - start) / (ends[phase] - start) if ends[phase] != start else 1.0


def anneal_cosine(start: float, end: float, share: float) -> float:
    """Between two numbers along half a cosine."""
    return cosine(share, 1, start, end)


def anneal_linear(start: float, end: float, share: float) -> float:
    """Between two numbers along a straight line."""
    return (end - start) * share + start


ANNEALING: dict[str, Callable[[float, float, float], float]] = {"cos": anneal_cosine, "linear": anneal_linear}
