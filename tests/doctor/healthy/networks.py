"""Networks of all kinds in which nothing is wrong."""

from __future__ import annotations

import numpy as np

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.nn import functional as F
from tests.doctor.healthy.declared import healthy, trained_with
from tests.doctor.patient import Patient, digits
from tests.doctor.tables import adding, cancer, diabetes, wine

TEXT = (
    "the network learns what the loss asks for and not what its author meant. a gradient says which way is down, and "
    "nothing about how far. whoever wants to know why a network does not learn looks at the numbers first. "
) * 2
LETTERS = sorted(set(TEXT))


def letters(length: int = 16, number: int = 24) -> tuple[Tensor, Tensor]:
    """Pieces of a text, and the letters that come next: (N, T) and (N * T,)."""
    codes = np.array([LETTERS.index(letter) for letter in TEXT])
    starts = np.arange(number) * 7
    x = np.stack([codes[s : s + length] for s in starts])
    y = np.stack([codes[s + 1 : s + length + 1] for s in starts])
    return Tensor(x), Tensor(y.reshape(-1))


@healthy
def logistic_regression() -> Patient:
    model = nn.Linear(30, 1)
    return trained_with(model, nn.BCEWithLogitsLoss(), cancer(), optim.SGD(model.parameters(), lr=0.1))


@healthy
def linear_regression() -> Patient:
    model = nn.Linear(10, 1)
    return trained_with(model, nn.MSELoss(), diabetes(), optim.SGD(model.parameters(), lr=0.1))


@healthy
def softmax_regression_from_zeros() -> Patient:
    model = nn.Linear(13, 3)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    return trained_with(model, F.cross_entropy, wine(), optim.SGD(model.parameters(), lr=0.1))


@healthy
def multilayer_perceptron() -> Patient:
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    return trained_with(model, F.cross_entropy, digits(), optim.Adam(model.parameters(), lr=1e-3))


@healthy
def perceptron_with_sigmoids() -> Patient:
    model = nn.Sequential(nn.Linear(13, 24), nn.Sigmoid(), nn.Linear(24, 3))
    return trained_with(model, F.cross_entropy, wine(), optim.SGD(model.parameters(), lr=1.0))


@healthy
def deep_tanh_with_xavier() -> Patient:
    model = nn.Sequential(nn.Linear(64, 48), nn.Tanh())
    for _ in range(7):
        model.append(nn.Linear(48, 48))
        model.append(nn.Tanh())
    model.append(nn.Linear(48, 10))
    for module in model:
        if isinstance(module, nn.Linear):
            nn.init.xavier_normal_(module.weight)
            nn.init.zeros_(module.bias)
    return trained_with(model, F.cross_entropy, digits(), optim.SGD(model.parameters(), lr=0.05, momentum=0.9))


@healthy
def deep_relu_with_kaiming() -> Patient:
    model = nn.Sequential(nn.Linear(64, 48), nn.ReLU())
    for _ in range(8):
        model.append(nn.Linear(48, 48))
        model.append(nn.ReLU())
    model.append(nn.Linear(48, 10))
    for module in model:
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    return trained_with(model, F.cross_entropy, digits(), optim.Adam(model.parameters(), lr=1e-3))


@healthy
def six_layers_as_they_come() -> Patient:
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU())
    for _ in range(4):
        model.append(nn.Linear(64, 64))
        model.append(nn.ReLU())
    model.append(nn.Linear(64, 10))
    return trained_with(model, F.cross_entropy, digits(), optim.Adam(model.parameters(), lr=1e-3))


@healthy
def convolutions() -> Patient:
    model = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.25), nn.Linear(64, 10),
    )  # fmt: skip
    return trained_with(model, F.cross_entropy, digits(128), optim.Adam(model.parameters(), lr=3e-3))


@healthy
def convolutions_with_batch_norm() -> Patient:
    model = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip
    return trained_with(model, F.cross_entropy, digits(128), optim.SGD(model.parameters(), lr=0.05, momentum=0.9))


class Block(nn.Module):
    """A residual block whose last norm starts at zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm2.weight)

    def forward(self, x):
        out = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        out += x
        return F.relu(out)


@healthy
def residual_network() -> Patient:
    model = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3, padding=1), Block(8), Block(8),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip
    return trained_with(model, F.cross_entropy, digits(64), optim.Adam(model.parameters(), lr=1e-2))


class Recurrent(nn.Module):
    """The last state of a recurrent network, and a head."""

    def __init__(self, kind: type[nn.Module]) -> None:
        super().__init__()
        self.cells = kind(2, 16, batch_first=True)
        self.head = nn.Linear(16, 1)

    def forward(self, x):
        states, _ = self.cells(x)
        return self.head(states[:, -1])


@healthy
def long_short_term_memory() -> Patient:
    model = Recurrent(nn.LSTM)
    return trained_with(model, F.mse_loss, adding(), optim.Adam(model.parameters(), lr=1e-2))


@healthy
def gated_recurrent_units() -> Patient:
    model = Recurrent(nn.GRU)
    return trained_with(model, nn.SmoothL1Loss(), adding(), optim.RMSprop(model.parameters(), lr=1e-2))


class GPT(nn.Module):
    """A small language model with tied embeddings."""

    def __init__(self, letters: int, length: int, width: int = 24) -> None:
        super().__init__()
        self.tokens = nn.Embedding(letters, width)
        self.places = nn.Embedding(length, width)
        self.blocks = nn.ModuleList(
            [
                nn.TransformerEncoderLayer(
                    width, 2, 48, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
                )
                for _ in range(2)
            ]
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, letters, bias=False)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)
        self.head.weight = self.tokens.weight

    def forward(self, x):
        length = x.shape[1]
        h = self.tokens(x) + self.places(mg.arange(length))
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        for block in self.blocks:
            h = block(h, src_mask=mask, is_causal=True)
        return self.head(self.norm(h)).reshape(-1, self.head.weight.shape[0])


@healthy
def gpt() -> Patient:
    model = GPT(len(LETTERS), 16)
    return trained_with(model, F.cross_entropy, letters(), optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1))


@healthy
def masked_language_model() -> Patient:
    x, _ = letters()
    hidden = np.random.default_rng(0).random(x.shape) < 0.15
    inputs = Tensor(np.where(hidden, len(LETTERS), x.numpy()))
    targets = Tensor(np.where(hidden, x.numpy(), -100).reshape(-1))

    class Bert(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = nn.Embedding(len(LETTERS) + 1, 24)
            self.places = nn.Parameter(mg.randn(16, 24) * 0.02)
            layer = nn.TransformerEncoderLayer(24, 2, 48, dropout=0.0, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2)
            self.head = nn.Linear(24, len(LETTERS))

        def forward(self, x):
            return self.head(self.encoder(self.tokens(x) + self.places)).reshape(-1, len(LETTERS))

    model = Bert()
    loss_fn = nn.CrossEntropyLoss(ignore_index=-100)
    return trained_with(model, loss_fn, (inputs, targets), optim.AdamW(model.parameters(), lr=2e-3))


@healthy
def variational_autoencoder() -> Patient:
    x, _ = digits(128)
    x = (x - x.min()) / (x.max() - x.min())

    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(64, 48), nn.ReLU())
            self.mean = nn.Linear(48, 4)
            self.log_variance = nn.Linear(48, 4)
            self.decoder = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 64))

        def forward(self, x):
            h = self.encoder(x)
            mean, log_variance = self.mean(h), self.log_variance(h)
            z = mean + mg.randn(*mean.shape) * (log_variance / 2).exp()
            return self.decoder(z), mean, log_variance

    def loss_fn(output, x):
        logits, mean, log_variance = output
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
        return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + divergence

    model = VAE()
    return trained_with(model, loss_fn, (x, x), optim.Adam(model.parameters(), lr=3e-3))


@healthy
def autoencoder() -> Patient:
    x, _ = digits()
    model = nn.Sequential(
        nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 8), nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 64)
    )
    return trained_with(model, F.mse_loss, (x, x), optim.Adam(model.parameters(), lr=3e-3))


@healthy
def graph_convolutions() -> Patient:
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2], 16)
    links = rng.random((48, 48)) < np.where(groups[:, None] == groups, 0.3, 0.02)
    adjacency = (links | links.T | np.eye(48, dtype=bool)).astype(np.float32)
    degrees = adjacency.sum(axis=1)
    adjacency = Tensor(adjacency / np.sqrt(degrees[:, None] * degrees))

    class GCN(nn.Module):
        def __init__(self):
            super().__init__()
            self.w1 = nn.Parameter(mg.randn(48, 16) / 48**0.5)
            self.w2 = nn.Parameter(mg.randn(16, 3) / 4)

        def forward(self, x):
            return adjacency @ (F.relu(adjacency @ (x @ self.w1)) @ self.w2)

    model = GCN()
    return trained_with(
        model, F.cross_entropy, (mg.eye(48), Tensor(groups)), optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    )
