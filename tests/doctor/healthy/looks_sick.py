"""What looks sick and is healthy."""

from __future__ import annotations

import minigrad as mg
from minigrad import Tensor, nn, optim
from minigrad.nn import functional as F
from tests.doctor.healthy.declared import healthy, trained_with
from tests.doctor.healthy.networks import LETTERS, letters
from tests.doctor.patient import Patient, digits
from tests.doctor.tables import diabetes


@healthy
def language_model_at_a_rate_of_twenty() -> Patient:
    x, y = letters()

    class Letters(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(len(LETTERS), 16)
            self.cells = nn.LSTM(16, 32, batch_first=True)
            self.head = nn.Linear(32, len(LETTERS))
            nn.init.uniform_(self.table.weight, -0.1, 0.1)
            nn.init.uniform_(self.head.weight, -0.1, 0.1)

        def forward(self, x):
            return self.head(self.cells(self.table(x))[0]).reshape(-1, len(LETTERS))

    model = Letters()
    optimizer = optim.SGD(model.parameters(), lr=20)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), lambda: 0.0, optimizer, step)


@healthy
def bigram_table_of_zeros() -> Patient:
    x, y = letters()

    class Bigram(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(len(LETTERS), len(LETTERS))
            nn.init.zeros_(self.table.weight)

        def forward(self, x):
            return self.table(x).reshape(-1, len(LETTERS))

    model = Bigram()
    return trained_with(model, F.cross_entropy, (x, y), optim.Adam(model.parameters(), lr=0.1))


@healthy
def words_as_vectors_with_an_output_of_zeros() -> Patient:
    x, y = letters()
    centres, contexts = x.reshape(-1), y

    class SkipGram(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Embedding(len(LETTERS), 8)
            self.outer = nn.Parameter(mg.zeros(8, len(LETTERS)))

        def forward(self, x):
            return self.inner(x) @ self.outer

    model = SkipGram()
    return trained_with(model, F.cross_entropy, (centres, contexts), optim.SGD(model.parameters(), lr=1.0))


class LoRA(nn.Module):
    """A frozen layer and a correction of low rank, which starts at zero."""

    def __init__(self, layer: nn.Linear, rank: int = 4) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.a = nn.Parameter(mg.randn(rank, layer.in_features) / layer.in_features**0.5)
        self.b = nn.Parameter(mg.zeros(layer.out_features, rank))

    def forward(self, x):
        return self.layer(x) + x @ self.a.T @ self.b.T


def _pretrained() -> tuple[nn.Sequential, Tensor, Tensor]:
    """A network that knows the digits by the names of 0 to 9."""
    x, y = digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model, x, y


@healthy
def low_rank_adaptation() -> Patient:
    model, x, y = _pretrained()
    model[0], model[2] = LoRA(model[0]), LoRA(model[2])
    other = Tensor((y.numpy() + 3) % 10)  # the same digits by other names
    trainable = [p for p in model.parameters() if p.requires_grad]
    return trained_with(model, F.cross_entropy, (x, other), optim.Adam(trainable, lr=0.01))


@healthy
def a_new_head_on_a_frozen_base() -> Patient:
    model, x, y = _pretrained()
    model.requires_grad_(False)
    model[2] = nn.Linear(32, 2)
    even = Tensor(y.numpy() % 2)
    return trained_with(model, F.cross_entropy, (x, even), optim.Adam(model[2].parameters(), lr=0.01))


@healthy
def a_base_that_the_optimizer_does_not_have() -> Patient:
    model, x, y = _pretrained()
    model[2] = nn.Linear(32, 2)
    even = Tensor(y.numpy() % 2)
    optimizer = optim.Adam(model[2].parameters(), lr=0.03)

    def step():
        model.zero_grad()
        F.cross_entropy(model(x), even).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, even), lambda: 0.0, optimizer, step)


@healthy
def a_frozen_base_in_eval_mode() -> Patient:
    x, y = digits()
    base = nn.Sequential(nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2))
    head = nn.Linear(32, 10)
    model = nn.Sequential(base, head)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    base.requires_grad_(False)
    model[1] = nn.Linear(32, 10)
    optimizer = optim.Adam(model[1].parameters(), lr=0.01)

    def step():
        model.train()
        base.eval()
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return Patient(model, F.cross_entropy, (x, y), lambda: 0.0, optimizer, step)


@healthy
def a_sum_over_pixels_and_samples() -> Patient:
    x, _ = digits()
    model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 64))
    return trained_with(
        model, nn.MSELoss(reduction="sum"), (x, x), optim.SGD(model.parameters(), lr=3e-5, momentum=0.9)
    )


@healthy
def targets_in_the_hundreds_that_fit() -> Patient:
    x, y = diabetes()
    y = y * 77 + 152
    model = nn.Linear(10, 1)
    nn.init.constant_(model.bias, 152.0)
    return trained_with(model, F.mse_loss, (x, y), optim.SGD(model.parameters(), lr=0.05))


@healthy
def factors_that_start_at_one() -> Patient:
    x, y = diabetes()

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(mg.ones(10))
            self.layers = [nn.Linear(10, 16), nn.Linear(16, 1)]  # a plain list is registered here

        def forward(self, x):
            return self.layers[1](F.elu(self.layers[0](x * self.scale)))

    model = Scaled()
    return trained_with(model, F.mse_loss, (x, y), optim.Adam(model.parameters(), lr=0.01))


@healthy
def a_network_that_has_learned_already() -> Patient:
    model, x, y = _pretrained()
    return trained_with(model, F.cross_entropy, (x, y), optim.Adam(model.parameters(), lr=1e-3))


@healthy
def rare_letters_and_their_small_gradients() -> Patient:
    x, y = letters()

    class Sparse(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(1000, 8)
            self.hidden = nn.Linear(8, 64)
            self.head = nn.Linear(64, len(LETTERS))

        def forward(self, x):
            return self.head(mg.tanh(self.hidden(self.table(x)))).reshape(-1, len(LETTERS))

    model = Sparse()
    return trained_with(model, F.cross_entropy, (x, y), optim.Adagrad(model.parameters(), lr=0.1))
