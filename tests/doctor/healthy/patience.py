"""Rates as everybody sets them, with which a hundred and fifty steps are too few to see much."""

from __future__ import annotations

import numpy as np

from minigrad import Tensor, nn, optim
from minigrad.nn import functional as F
from tests.doctor.healthy.declared import healthy, trained_with
from tests.doctor.patient import Patient, digits
from tests.doctor.students import text


@healthy
def a_table_of_pairs_of_characters() -> Patient:
    x, y, known = text()
    model = nn.Embedding(known, known)

    def loss_fn(scores, labels):
        return F.cross_entropy(scores.reshape(-1, known), labels.reshape(-1))

    return Patient(model, loss_fn, (x, y), lambda: 0.0, optim.Adam(model.parameters(), lr=1e-3))


def xor() -> tuple[nn.Module, Tensor, Tensor]:
    """The four cases, and a network for them."""
    x, y = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), Tensor([[0.0], [1.0], [1.0], [0.0]])
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)), x, y


@healthy
def exclusive_or_before_training() -> Patient:
    model, x, y = xor()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    return Patient(model, nn.BCEWithLogitsLoss(), (x, y), lambda: 0.0, optimizer)


@healthy
def exclusive_or_with_its_loop() -> Patient:
    model, x, y = xor()
    return trained_with(model, nn.BCEWithLogitsLoss(), (x, y), optim.Adam(model.parameters(), lr=1e-3))


@healthy
def a_fast_sine() -> Patient:
    x = np.linspace(-3, 3, 128, dtype="f")[:, None]
    model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    return Patient(model, F.mse_loss, (Tensor(x), Tensor(np.sin(3 * x))), lambda: 0.0, optimizer)


@healthy
def factors_of_a_table_of_ratings() -> Patient:
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, 40, 256), rng.integers(0, 30, 256)
    ratings = (rng.normal(size=(40, 3))[users] * rng.normal(size=(30, 3))[items]).sum(axis=1).astype("f")

    class Factors(nn.Module):
        def __init__(self):
            super().__init__()
            self.users, self.items = nn.Embedding(40, 8), nn.Embedding(30, 8)

        def forward(self, user, item):
            return (self.users(user) * self.items(item)).sum(dim=1)

    model = Factors()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    return Patient(model, F.mse_loss, ((Tensor(users), Tensor(items)), Tensor(ratings)), lambda: 0.0, optimizer)


@healthy
def images_through_a_narrow_convolution() -> Patient:
    x = digits(64)[0].reshape(-1, 1, 8, 8)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(), nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1)
    )
    return Patient(model, F.mse_loss, (x, x), lambda: 0.0, optim.Adam(model.parameters(), lr=1e-3))
