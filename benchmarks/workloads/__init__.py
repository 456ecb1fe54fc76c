"""What is raced: a file for each family."""

from __future__ import annotations

from . import (
    attention,
    convolutional,
    deep_tanh,
    language_model,
    normalized,
    optimizers,
    overhead,
    perceptron,
    recurrent,
    scalar,
    vocabulary,
)
from .workload import Workload

ALL: list[Workload] = [
    *scalar.WORKLOADS,
    *perceptron.WORKLOADS,
    *deep_tanh.WORKLOADS,
    *convolutional.WORKLOADS,
    *language_model.WORKLOADS,
    *recurrent.WORKLOADS,
    *normalized.WORKLOADS,
    *vocabulary.WORKLOADS,
    *attention.WORKLOADS,
    *overhead.WORKLOADS,
    *optimizers.WORKLOADS,
]
ORDER = ("scalar", "mlp_small", "mlp_big", "tanh", "cnn", "gpt", "lstm")
ALL.sort(key=lambda one: ORDER.index(one.name) if one.name in ORDER else len(ORDER))
