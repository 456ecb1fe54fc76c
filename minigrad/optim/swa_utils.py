"""Averages of weights over training, under PyTorch's names, and ``EMA``, the short way to an exponential one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import nn
from ..core.modes import Mode, grad_enabled
from ..core.tensor import Tensor, overwrite
from .ema import EMA
from .lr_scheduler import LRScheduler, schedules
from .lr_scheduler.groups import check_optimizer, for_each, spread
from .optimizer import Optimizer

__all__ = [
    "EMA",
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]
__dir__ = __all__.copy  # what dir() and the completion of editors and shells show

Average = Callable[[Tensor, Tensor, Tensor], Any]
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Tensor], None]


# --- averages ---------------------------------------------------------------------------------------------------------
def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The exponential moving average, for ``AveragedModel(avg_fn=...)``: the share ``decay`` of the old is kept.

    Example:
        >>> get_ema_avg_fn(0.75)(Tensor([0.0]), Tensor([4.0]), Tensor(1))
        Tensor([1.])
    """
    _check_decay(decay)

    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with Mode(grad_enabled, False):
            average: Tensor = decay * ema_param + (1 - decay) * current_param
        return average

    return ema_update


def get_swa_avg_fn() -> Average:
    """The mean of all so far, for ``AveragedModel(avg_fn=...)``; what it takes if nothing is given.

    Example:
        >>> get_swa_avg_fn()(Tensor([0.0]), Tensor([4.0]), 3)
        Tensor([1.])
    """

    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with Mode(grad_enabled, False):
            average: Tensor = averaged_param + (current_param - averaged_param) / (int(num_averaged) + 1)
        return average

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """``get_ema_avg_fn`` for ``AveragedModel(multi_avg_fn=...)``, which takes lists and writes into the first."""
    _check_decay(decay)

    def ema_update(ema_param_list: Sequence[Tensor], current_param_list: Sequence[Tensor], _: Any) -> None:
        for average, current in zip(ema_param_list, current_param_list, strict=True):
            _move(average, current, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn() -> MultiAverage:
    """``get_swa_avg_fn`` for ``AveragedModel(multi_avg_fn=...)``, which takes lists and writes into the first."""

    def swa_update(
        averaged_param_list: Sequence[Tensor], current_param_list: Sequence[Tensor], num_averaged: Any
    ) -> None:
        for average, current in zip(averaged_param_list, current_param_list, strict=True):
            _move(average, current, 1 / (int(num_averaged) + 1))

    return swa_update


def _move(average: Tensor, current: Tensor, share: float) -> None:
    """Move an average towards a value by a share of the way; an integer, such as a count of batches, is cut."""
    overwrite(average, average._array + (current._array - average._array) * share)


def _check_decay(decay: float) -> None:
    if not 0 <= decay <= 1:
        raise ValueError(f"decay is the share of the old average that is kept, between 0 and 1; got {decay}")


class AveragedModel(nn.Module):
    """A copy of a model whose weights are an average of those that the model had: ``update_parameters`` adds to it.

    Made for stochastic weight averaging: train with ``SWALR`` at the end, update after every epoch, and then call
    ``update_bn`` if there is batch normalisation.

    Args:
        model: what is copied; its weights of this moment count only if they are those of the first update.
        device: as in PyTorch; there is "cpu" alone.
        avg_fn: (average, current, number of averages so far) -> new average; the mean of all if None.
        multi_avg_fn: the same for lists of Tensors of one dtype; writes into the first list.
        use_buffers: average the buffers too, instead of copying the last ones.

    Attributes:
        module: the model that computes with the averages.
        n_averaged: how many there were.

    Source:
        Izmailov et al. 2018.

    Example:
        >>> from minigrad import nn
        >>> model = nn.Linear(1, 1, bias=False)
        >>> averaged = AveragedModel(model)
        >>> for value in (1.0, 2.0, 6.0):
        ...     model.load_state_dict({"weight": [[value]]})
        ...     averaged.update_parameters(model)
        <All keys matched successfully>
        <All keys matched successfully>
        <All keys matched successfully>
        >>> averaged(Tensor([1.0])).detach()
        Tensor([3.])
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: nn.Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("AveragedModel takes avg_fn or multi_avg_fn, and got both; leave one out")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", Tensor(np.zeros((), np.int64)))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the model computes with the averages."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: nn.Module) -> None:
        """Add the weights that ``model`` has now to the averages."""
        pairs = _pairs(self.module.parameters(), model.parameters(), "Parameters")
        buffers = _pairs(self.module.buffers(), model.buffers(), "buffers")
        if self.use_buffers:
            pairs, buffers = [*pairs, *buffers], []
        if not self.n_averaged.item():
            for average, current in pairs:
                overwrite(average, current)
        elif self.avg_fn is not None:
            for average, current in pairs:
                overwrite(average, self.avg_fn(average.detach(), current, self.n_averaged))
        else:
            update = get_swa_multi_avg_fn() if self.multi_avg_fn is None else self.multi_avg_fn
            for group in _by_dtype(pairs):
                with Mode(grad_enabled, False):
                    update(
                        [average.detach() for average, _ in group], [current for _, current in group], self.n_averaged
                    )
        for average, current in buffers:
            overwrite(average, current)
        overwrite(self.n_averaged, self.n_averaged.item() + 1)


def _pairs(averages: Iterable[Tensor], current: Iterable[Tensor], kind: str) -> list[tuple[Tensor, Tensor]]:
    mine, other = list(averages), [tensor.detach() for tensor in current]
    if [tensor.shape for tensor in mine] != [tensor.shape for tensor in other]:
        raise ValueError(
            f"the model has {len(other)} {kind}, and the average is of {len(mine)}, or their shapes differ; pass the "
            "model that AveragedModel was made from"
        )
    return list(zip(mine, other, strict=True))


def _by_dtype(pairs: list[tuple[Tensor, Tensor]]) -> Iterable[list[tuple[Tensor, Tensor]]]:
    groups: dict[Any, list[tuple[Tensor, Tensor]]] = {}
    for pair in pairs:
        groups.setdefault(pair[0].dtype, []).append(pair)
    return groups.values()


def update_bn(loader: Iterable[Any], model: nn.Module, device: Any = None) -> None:
    """Compute the running statistics of batch normalisation anew, as means over all batches of the loader.

    Averaged weights lead to other means and variances than those that were recorded while the model was trained.

    Args:
        loader: batches: inputs, or lists and tuples that begin with them.
        model: run on every batch, in training mode; returned to the mode that it had.
        device: as in PyTorch; there is "cpu" alone.
    """
    layers = [part for part in model.modules() if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d))]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    training = model.training
    try:
        model.train()
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # a mean over all batches
        with Mode(grad_enabled, False):
            for batch in loader:
                inputs = batch[0] if isinstance(batch, (list, tuple)) else batch
                model(inputs if device is None else inputs.to(device))
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        model.train(training)


# --- the schedule -----------------------------------------------------------------------------------------------------
class SWALR(LRScheduler):
    """From the rate that it finds to ``swa_lr`` within ``anneal_epochs`` steps, which then stays.

    Args:
        optimizer: whose rates are set.
        swa_lr: the rate to go to, or one for each group.
        anneal_epochs: how many steps it takes.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        last_epoch: -1 to begin; see ``LRScheduler``.

    Source:
        Izmailov et al. 2018.

    Example:
        >>> from minigrad import optim
        >>> from minigrad.optim.lr_scheduler import preview
        >>> optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> preview(SWALR(optimizer, swa_lr=0.0, anneal_epochs=4, anneal_strategy="linear"), 6)
        [[1.0, 0.75, 0.5, 0.25, 0.0, 0.0]]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("SWALR", optimizer)
        if anneal_strategy not in schedules.ANNEALING:
            raise ValueError(f"anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be an integer of at least 0, got {anneal_epochs!r}")
        for group, rate in zip(optimizer.param_groups, spread("swa_lr", optimizer, swa_lr), strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How much of the way to ``swa_lr`` is done, from 0 to 1."""
        share = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return schedules.ANNEALING[self._anneal_strategy](0.0, 1.0, share)

    def get_lr(self) -> list[Any]:
        """The rates of the groups, one step further."""
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group, target in for_each(self, "swa_lr", [group["swa_lr"] for group in self.optimizer.param_groups]):
            first = target if before == 1 else (group["lr"] - before * target) / (1 - before)
            rates.append(target * now + first * (1 - now))
        return rates

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict()`` returned."""
        super().load_state_dict({name: state_dict[name] for name in state_dict if name != "anneal_func"})
