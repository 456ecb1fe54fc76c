"""Compiling ahead of time, by running what people train at a small size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .. import nn, optim
from ..core.arrays import get_default_dtype, set_default_dtype
from ..core.modes import enable_grad, no_grad
from ..nn import functional as F
from ..ops.creation import arange, ones
from ..ops.sampling import randn
from ..random import get_rng_state, set_rng_state
from .pool import settings


def run(progress: bool) -> None:
    """Train every kind of network for two steps, all of it in kernels; nothing of it is left but what was compiled."""
    dtype, generator, minimum = get_default_dtype(), get_rng_state(), settings.minimum
    set_default_dtype("float32")
    settings.minimum = 0
    try:
        with enable_grad():
            for _, step in _bar(_STEPS, progress):
                step()
    finally:
        settings.minimum = minimum
        set_default_dtype(dtype)
        set_rng_state(generator)


def _bar(steps: dict[str, Callable[[], None]], progress: bool) -> Iterable[Any]:
    try:
        from tqdm import tqdm
    except ImportError:
        return steps.items()
    return tqdm(steps.items(), desc="Compiling", unit="group", disable=not progress)  # type: ignore[no-any-return]


def _train(model: Any, x: Any, loss: Callable[[Any], Any], optimizer: Callable[..., Any] = optim.Adam) -> None:
    """Two steps, so that what only a second one runs is compiled too, and an evaluation."""
    own = optimizer(model.parameters(), lr=1e-3)
    for _ in range(2):
        own.zero_grad()
        loss(model(x)).backward()
        own.step()
    model.eval()
    with no_grad():  # what is kept for backward is left out of loops then
        model(x)


def _labels(z: Any) -> Any:
    return F.cross_entropy(z, arange(len(z)) % z.shape[1])


def _multilayer() -> None:
    for activation in (nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.SiLU, nn.LeakyReLU, nn.ELU):
        _train(nn.Sequential(nn.Linear(8, 16), activation(), nn.Linear(16, 4)), randn(8, 8), _labels)


def _normalised() -> None:
    for norm in (nn.LayerNorm(16), nn.RMSNorm(16), nn.BatchNorm1d(16)):
        _train(nn.Sequential(nn.Linear(8, 16), norm, nn.Dropout(0.1), nn.Linear(16, 4)), randn(8, 8), _labels)


def _convolutional() -> None:
    for pool in (nn.MaxPool2d(2), nn.AvgPool2d(2)):
        first = [nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8), nn.ReLU()]
        second = [nn.Conv2d(8, 16, 1), nn.ReLU(), nn.Conv2d(16, 8, 3, stride=2), nn.ReLU(), nn.Flatten()]
        _train(nn.Sequential(*first, pool, *second, nn.Linear(8 * 3 * 3, 4)), randn(4, 1, 16, 16), _labels)


def _embedded() -> None:
    _train(
        nn.Sequential(nn.Embedding(16, 8), nn.Flatten(0, 1), nn.Linear(8, 16)), arange(32).reshape(4, 8) % 16, _labels
    )


def _recurrent() -> None:
    for layer in (nn.LSTM, nn.GRU, nn.RNN):
        _train(layer(4, 8, num_layers=2, batch_first=True), randn(4, 5, 4), lambda out: out[0].sum())


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 4)

    def forward(self, x: Any) -> Any:
        q, k, v = (z.unflatten(-1, (2, 8)).transpose(1, 2) for z in self.qkv(x).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(x + y.transpose(1, 2).flatten(2)).flatten(0, 1)


def _attentive() -> None:
    _train(_Attention(), randn(2, 6, 16), _labels, optim.AdamW)


def _losses() -> None:
    for loss in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.binary_cross_entropy_with_logits):
        _train(nn.Linear(4, 4), randn(8, 4), lambda z, loss=loss: loss(z, ones(8, 4)))  # type: ignore[misc]


def _optimizers() -> None:
    def momentum(params: Any, lr: float) -> optim.SGD:
        return optim.SGD(params, lr=lr, momentum=0.9)

    for optimizer in (optim.SGD, momentum, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad):
        _train(nn.Linear(4, 4), randn(8, 4), _labels, optimizer)


_STEPS: dict[str, Callable[[], None]] = {
    "activations": _multilayer,
    "normalisation": _normalised,
    "convolution": _convolutional,
    "embedding": _embedded,
    "recurrence": _recurrent,
    "attention": _attentive,
    "losses": _losses,
    "optimizers": _optimizers,
}
